"""Agreements: begun by an acceptance, signed by both sides, drawn from, replaced by a later version, ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from services.enquiries.domain.agreements import (
    IN_FORCE,
    AgreementState,
    How,
    Side,
    balance_after,
    check_carries_over,
    check_in_force,
    is_signed_by_both,
)
from services.enquiries.domain.catalogue import programme_called
from services.enquiries.domain.proposals import ProposalState, ended_because, is_over
from services.enquiries.domain.timeline import ENQUIRER, Kind
from services.enquiries.handlers import history
from services.enquiries.handlers import proposals as offers
from services.enquiries.handlers.waiting import locked
from services.enquiries.tables import agreements, drawdowns, enquiries, signatures
from shared.contracts.enquiries import AgreementSigned
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork


def accept_proposal(
    work: UnitOfWork, proposal_id: UUID, who: Mapping[str, Any], *, how: How, actor: str = ENQUIRER
) -> UUID:
    """Accept a proposal for the prison and give the id of the agreement; accepting again gives the same one.

    `who` has name, role and perhaps purchase_order. Raises `Refused` where the proposal is no longer open.
    """
    proposal = offers.hold_proposal(work, proposal_id)
    begun = select(agreements.c.id).where(agreements.c.proposal_id == proposal_id)
    if (known := work.connection.scalar(begun)) is not None:
        return UUID(str(known))
    _check_open(work, proposal)
    offers.become(work, proposal, ProposalState.ACCEPTED, settled_at=work.now)
    offers.tell_settled(work, proposal, ProposalState.ACCEPTED, actor=actor)
    offers.hear_from(work, proposal.reference)
    _amend_unsigned(work, proposal.reference, actor=actor)
    agreement_id = _begin(work, proposal, who.get("purchase_order"))
    _sign(work, agreement_id, proposal.reference, Side.PRISON, who, how, actor=actor)
    return agreement_id


def _check_open(work: UnitOfWork, proposal: AnyRow) -> None:
    state = ProposalState(proposal.state)
    if locked(work, proposal.reference).erased_at is not None:
        state = ProposalState.WITHDRAWN
    if state is ProposalState.SENT and is_over(proposal.valid_until, offers.today(work)):
        state = ProposalState.EXPIRED
    if state not in (ProposalState.DRAFT, ProposalState.SENT):
        raise Refused(
            "refused", f"This proposal is no longer open. {ended_because(state)} Please ask us for a new one."
        )


def _begin(work: UnitOfWork, proposal: AnyRow, purchase_order: str | None) -> UUID:
    programme = work.connection.scalar(select(enquiries.c.programme).where(enquiries.c.reference == proposal.reference))
    agreement_id = work.new_id()
    work.connection.execute(
        agreements.insert().values(
            id=agreement_id,
            proposal_id=proposal.id,
            reference=proposal.reference,
            state=AgreementState.AWAITING_SIGNATURE.value,
            purchase_order=purchase_order,
            cancellation_terms=proposal.cancellation_terms,
            unit=programme_called(str(programme)).unit,
            agreed_units=json.loads(proposal.lines)[0]["quantity"],
            created_at=work.now,
        )
    )
    return agreement_id


def sign_agreement(work: UnitOfWork, agreement_id: UUID, who: Mapping[str, Any], *, how: How, actor: str) -> None:
    """Sign for us. Signing what we have signed already changes nothing. Raises `Refused`."""
    agreement = hold_agreement(work, agreement_id)
    if Side.US in _sides(work, agreement_id):
        return
    check_in_force(AgreementState(agreement.state))
    _sign(work, agreement_id, agreement.reference, Side.US, who, how, actor=actor)
    if not is_signed_by_both(_sides(work, agreement_id)):
        return
    _replace_former(work, agreement, actor=actor)
    _set(work, agreement_id, AgreementState.SIGNED, signed_at=work.now)
    work.record(
        AgreementSigned(
            reference=agreement.reference,
            agreement_id=agreement_id,
            unit=agreement.unit,
            agreed_units=agreement.agreed_units,
        ),
        subject=agreement.reference,
        sequence=history.next_version(work, agreement.reference),
    )


def _sides(work: UnitOfWork, agreement_id: UUID) -> set[Side]:
    signed = select(signatures.c.side).where(signatures.c.agreement_id == agreement_id)
    return {Side(side) for side in work.connection.scalars(signed)}


def _sign(
    work: UnitOfWork, agreement_id: UUID, reference: str, side: Side, who: Mapping[str, Any], how: How, *, actor: str
) -> None:
    work.connection.execute(
        signatures.insert().values(
            id=work.new_id(),
            agreement_id=agreement_id,
            side=side.value,
            name=who["name"],
            role=who.get("role"),
            signed_at=work.now,
            how=how.value,
        )
    )
    history.write(work, reference, Kind.SIGNED, actor=actor, now=side.value, about=str(agreement_id))


def _amend_unsigned(work: UnitOfWork, reference: str, *, actor: str) -> None:
    """Let go of an agreement that was never signed by both, now that another version was accepted."""
    for former in _in_force(work, reference):
        if former.state == AgreementState.AWAITING_SIGNATURE.value:
            _amend(work, former, actor=actor)


def _replace_former(work: UnitOfWork, agreement: AnyRow, *, actor: str) -> None:
    """Put a signed agreement in the place of the one before it; what was taken up of that is taken up of this."""
    for former in _in_force(work, agreement.reference):
        if former.id == agreement.id:
            continue
        drawn = _drawn(work, former.id)
        check_carries_over(agreed=agreement.agreed_units, drawn=drawn, unit=agreement.unit)
        _amend(work, former, actor=actor)
        if drawn:
            _add_drawing(work, agreement.id, drawn, "carried over from the version before", actor)


def _in_force(work: UnitOfWork, reference: str) -> list[AnyRow]:
    counting = agreements.c.state.in_([state.value for state in IN_FORCE])
    return list(work.connection.execute(select(agreements).where(agreements.c.reference == reference, counting)))


def _amend(work: UnitOfWork, former: AnyRow, *, actor: str) -> None:
    _set(work, former.id, AgreementState.AMENDED, ended_at=work.now)
    _write_end(work, former, AgreementState.AMENDED, actor=actor)


def end_agreement(work: UnitOfWork, agreement_id: UUID, *, actor: str, reason: str) -> None:
    """End an agreement that is in force, with the reason. Raises `Refused`."""
    agreement = hold_agreement(work, agreement_id)
    check_in_force(AgreementState(agreement.state))
    _set(work, agreement_id, AgreementState.ENDED, ended_at=work.now)
    _write_end(work, agreement, AgreementState.ENDED, actor=actor, words=reason)


def _write_end(
    work: UnitOfWork, agreement: AnyRow, to: AgreementState, *, actor: str, words: str | None = None
) -> None:
    about = str(agreement.id)
    history.write(
        work,
        agreement.reference,
        Kind.SETTLED,
        actor=actor,
        was=agreement.state,
        now=to.value,
        about=about,
        words=words,
    )


def record_purchase_order(work: UnitOfWork, agreement_id: UUID, number: str, *, actor: str) -> None:
    """Note the number of the prison's purchase order, which often comes after the signature. Raises `Refused`."""
    agreement = hold_agreement(work, agreement_id)
    check_in_force(AgreementState(agreement.state))
    work.connection.execute(update(agreements).where(agreements.c.id == agreement_id).values(purchase_order=number))
    about = str(agreement_id)
    history.write(
        work,
        agreement.reference,
        Kind.NOTED,
        actor=actor,
        was=agreement.purchase_order,
        now=number,
        about=about,
        words="Purchase order recorded.",
    )


def draw_down(work: UnitOfWork, agreement_id: UUID, units: int, about: str, *, actor: str) -> None:
    """Take up some of what was agreed; a negative number gives some back. Raises `Refused` beyond either end."""
    agreement = hold_agreement(work, agreement_id)
    drawn = _drawn(work, agreement_id)
    left = balance_after(
        AgreementState(agreement.state),
        agreed=agreement.agreed_units,
        drawn=drawn,
        units=units,
        unit=agreement.unit,
    )
    _add_drawing(work, agreement_id, units, about, actor)
    before = str(agreement.agreed_units - drawn)
    history.write(
        work,
        agreement.reference,
        Kind.DRAWN,
        actor=actor,
        was=before,
        now=str(left),
        about=str(agreement_id),
        words=about,
    )


def _add_drawing(work: UnitOfWork, agreement_id: UUID, units: int, about: str, actor: str) -> None:
    row = {"id": work.new_id(), "agreement_id": agreement_id, "units": units}
    work.connection.execute(drawdowns.insert(), row | {"about": about, "at": work.now, "actor": actor})


def _drawn(work: UnitOfWork, agreement_id: UUID) -> int:
    taken = select(func.coalesce(func.sum(drawdowns.c.units), 0)).where(drawdowns.c.agreement_id == agreement_id)
    return int(work.connection.scalar(taken) or 0)


def hold_agreement(work: UnitOfWork, agreement_id: UUID) -> AnyRow:
    """Give an agreement's row with its enquiry held. Raises `Refused("not_found")`."""
    reference = work.connection.scalar(select(agreements.c.reference).where(agreements.c.id == agreement_id))
    if reference is None:
        raise Refused("not_found", f"There is no agreement {agreement_id}. `keytalk agreements list` shows them.")
    locked(work, reference)
    return work.connection.execute(select(agreements).where(agreements.c.id == agreement_id)).one()


def _set(work: UnitOfWork, agreement_id: UUID, state: AgreementState, **values: Any) -> None:
    work.connection.execute(
        update(agreements).where(agreements.c.id == agreement_id).values(state=state.value, **values)
    )
