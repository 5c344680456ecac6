"""Proposals, agreements and what was drawn from them.

Where a proposal or an agreement is named, its id will do, or its enquiry's reference: that means the newest version of
the proposal, and the newest agreement in force.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from uuid import UUID

from nameko.extensions import DependencyProvider

from services.enquiries import queries
from services.enquiries.commitment_schemas import (
    parse_drawing,
    parse_proposal,
    parse_purchase_order,
    parse_reason,
    parse_signatory,
    parse_signature,
)
from services.enquiries.domain.agreements import AgreementState, How
from services.enquiries.domain.catalogue import pounds
from services.enquiries.domain.proposals import ProposalState
from services.enquiries.domain.references import normalise_reference
from services.enquiries.doors.words import today
from services.enquiries.handlers import agreements, proposals
from services.enquiries.handlers.proposals import EXPIRE_PROPOSALS, REMIND_OF_PROPOSALS
from services.enquiries.people_schemas import parse_id
from services.enquiries.queries.commissioned import get_commissioned, refuse_others_proposal
from services.enquiries.web.proposal_desk import ProposalDesk
from shared.doors.backing import Backing
from shared.doors.jobs import runs
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store, UnitOfWork


class DeskProvider(DependencyProvider):
    """Injects a `ProposalDesk`."""

    backing = Backing()

    def get_dependency(self, worker_ctx: Any) -> ProposalDesk:
        """Give the desk to a worker."""
        return ProposalDesk(self.backing.store(), self.backing.settings)


class CommitmentDoors:
    """Proposals, agreements and what was drawn from them."""

    store: Store
    desk = DeskProvider()

    @change
    def make_proposal(
        self,
        reference: str,
        people: int | None = None,
        sessions: int | None = None,
        extra_lines: list[dict[str, Any]] | None = None,
        valid_days: int | None = None,
        notes: str | None = None,
        cancellation_terms: str | None = None,
        reason: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Make the next version of an enquiry's proposal, as a draft; it takes the place of those still open.

        An extra line is `{"what", "quantity" (1), "unit" (""), "unit_pence"}`. A group smaller than the programme's
        least needs a `reason`.
        """
        said = parse_proposal(
            {
                "people": people,
                "sessions": sessions,
                "extra_lines": extra_lines,
                "valid_days": valid_days,
                "notes": notes,
                "cancellation_terms": cancellation_terms,
                "reason": reason,
            },
            today(self.store),
        )
        with self.store.work() as work:
            made = proposals.make_proposal(work, normalise_reference(reference), said, actor=actor or "unnamed")
            return work.answer(queries.get_proposal(work.connection, made))

    @change
    def send_proposal(self, proposal_id: str, actor: str | None = None) -> dict[str, Any]:
        """Send a draft: it is open from now on, and the contact is written to."""
        with self.store.work() as work:
            found = queries.find_proposal(work.connection, proposal_id)
            proposals.send_proposal(work, found, actor=actor or "unnamed")
            return work.answer(queries.get_proposal(work.connection, found))

    @change
    def accept_proposal(
        self,
        proposal_id: str,
        name: str,
        role: str,
        purchase_order: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Record that a proposal came back signed on paper, and give the agreement it begins."""
        who = parse_signatory({"name": name, "role": role, "purchase_order": purchase_order}, today(self.store))
        with self.store.work() as work:
            found = queries.find_proposal(work.connection, proposal_id)
            begun = agreements.accept_proposal(work, found, who, how=How.PAPER, actor=actor or "unnamed")
            return work.answer(queries.get_agreement(work.connection, begun))

    @change
    def decline_proposal(self, proposal_id: str, reason: str, actor: str | None = None) -> dict[str, Any]:
        """Record that the other side said no."""
        return self._settle(proposal_id, ProposalState.DECLINED, reason, actor)

    @change
    def withdraw_proposal(self, proposal_id: str, reason: str, actor: str | None = None) -> dict[str, Any]:
        """Take a proposal back, sent or not."""
        return self._settle(proposal_id, ProposalState.WITHDRAWN, reason, actor)

    def _settle(self, named: str, to: ProposalState, reason: str, actor: str | None) -> dict[str, Any]:
        why = parse_reason(reason, today(self.store))
        with self.store.work() as work:
            found = queries.find_proposal(work.connection, named)
            proposals.settle_proposal(work, found, to, actor=actor or "unnamed", reason=why)
            return work.answer(queries.get_proposal(work.connection, found))

    @operation
    def get_proposal(self, proposal_id: str) -> dict[str, Any]:
        """Give one proposal whole."""
        with self.store.database.reading() as connection:
            return queries.get_proposal(connection, queries.find_proposal(connection, proposal_id))

    @operation
    def list_proposals(
        self, limit: int = 50, reference: str | None = None, state: str | None = None
    ) -> list[dict[str, Any]]:
        """List proposals, the newest first."""
        chosen: dict[str, Any] = {"reference": _reference(reference), "state": _one_of(ProposalState, state)}
        with self.store.database.reading() as connection:
            return queries.list_proposals(connection, limit=page_size(limit), **chosen)

    @operation
    def get_proposal_letter(self, proposal_id: str) -> dict[str, Any]:
        """Give what a message about a proposal says: to whom, what, how much, until when, and the signed link.

        Beside what `get_proposal` gives: contact (name, role, email, phone, organisation), link, total and programme in
        words, and ask (whom to write to). Raises `Refused` once it is not open: there is nothing to say about it then.
        """
        letter = self._letter(proposal_id)
        if letter["link"] is None:
            why = f"Version {letter['version']} of the proposal is {letter['state']}, so nobody can answer it now."
            raise Refused("refused", why)
        return letter | {"total": pounds(letter["total_pence"]), "programme": letter["programme_name"]}

    @operation
    def get_proposal_pdf(self, proposal_id: str, organisation: str | None = None) -> dict[str, str]:
        """Give a proposal on paper: its file name, and the PDF in base64; `organisation` says to whom it was sent."""
        letter = self._letter(proposal_id, organisation)
        name = f"proposal-{letter['reference']}-version-{letter['version']}.pdf"
        return {"name": name, "pdf": base64.b64encode(self.desk.paper(letter)).decode()}

    @operation
    def get_commissioned(self, organisation: str) -> dict[str, Any]:
        """Give what an organisation asked for, was offered and has agreed to, and what was held of it."""
        whose = parse_id(organisation, "organisation")
        with self.store.database.reading() as connection:
            return get_commissioned(connection, whose)

    def _letter(self, named: str, organisation: str | None = None) -> dict[str, Any]:
        whose = None if organisation is None else parse_id(organisation, "organisation")
        with self.store.database.reading() as connection:
            desk: ProposalDesk = self.desk
            found = queries.find_proposal(connection, named)
            refuse_others_proposal(connection, found, whose)
            return desk.letter_of(connection, found)

    @change
    def sign_agreement(
        self,
        agreement_id: str,
        name: str,
        role: str | None = None,
        on_paper: bool = False,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Sign an agreement for us, here or on paper. Signed by both, it stands."""
        who = parse_signature({"name": name, "role": role}, today(self.store))
        how = How.PAPER if on_paper else How.CONSOLE
        return self._change_agreement(
            agreement_id,
            lambda work, found: agreements.sign_agreement(work, found, who, how=how, actor=actor or "unnamed"),
        )

    @change
    def record_purchase_order(self, agreement_id: str, purchase_order: str, actor: str | None = None) -> dict[str, Any]:
        """Note the number of the prison's purchase order."""
        number = parse_purchase_order(purchase_order, today(self.store))
        return self._change_agreement(
            agreement_id,
            lambda work, found: agreements.record_purchase_order(work, found, number, actor=actor or "unnamed"),
        )

    @change
    def draw_down(self, agreement_id: str, units: int, about: str, actor: str | None = None) -> dict[str, Any]:
        """Take up some of the places or sessions agreed; a negative number gives some back."""
        said = parse_drawing({"units": units, "about": about}, today(self.store))
        return self._change_agreement(
            agreement_id, lambda work, found: agreements.draw_down(work, found, **said, actor=actor or "unnamed")
        )

    @change
    def end_agreement(self, agreement_id: str, reason: str, actor: str | None = None) -> dict[str, Any]:
        """End an agreement, with the reason."""
        why = parse_reason(reason, today(self.store))
        return self._change_agreement(
            agreement_id,
            lambda work, found: agreements.end_agreement(work, found, actor=actor or "unnamed", reason=why),
        )

    def _change_agreement(self, named: str, act: Callable[[UnitOfWork, UUID], None]) -> dict[str, Any]:
        with self.store.work() as work:
            found = queries.find_agreement(work.connection, named)
            act(work, found)
            return work.answer(queries.get_agreement(work.connection, found))

    @operation
    def get_agreement(self, agreement_id: str) -> dict[str, Any]:
        """Give one agreement with its signatures, what was drawn from it and what is left."""
        with self.store.database.reading() as connection:
            return queries.get_agreement(connection, queries.find_agreement(connection, agreement_id))

    @operation
    def list_agreements(
        self, limit: int = 50, reference: str | None = None, state: str | None = None
    ) -> list[dict[str, Any]]:
        """List agreements, the newest first."""
        chosen: dict[str, Any] = {"reference": _reference(reference), "state": _one_of(AgreementState, state)}
        with self.store.database.reading() as connection:
            return queries.list_agreements(connection, limit=page_size(limit), **chosen)

    @runs(EXPIRE_PROPOSALS)
    def expire_proposals(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Close proposals whose time is over."""
        proposals.expire_proposals(self.store, [UUID(each) for each in subjects])

    @runs(REMIND_OF_PROPOSALS)
    def remind_of_proposals(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Have the contacts of open proposals reminded, once."""
        proposals.remind_of_proposals(self.store, [UUID(each) for each in subjects])


def _reference(text: str | None) -> str | None:
    return normalise_reference(text) if text else None


def _one_of(states: type[ProposalState] | type[AgreementState], text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return states(text.strip().lower().replace("-", "_").replace(" ", "_")).value
    except ValueError:
        why = f"There is no state '{text}'. Choose from: {', '.join(states)}."
        raise Refused("invalid", why, {"state": [why]}) from None
