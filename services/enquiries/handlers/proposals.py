"""Proposals: made, sent, reminded of, and brought to their end; accepting one makes the agreement.

Whatever changes an enquiry's commitments first takes the enquiry's row, so that an acceptance, a new version and the
end of its time are decided one after another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from services.enquiries.domain.catalogue import programme_called
from services.enquiries.domain.pipeline import NEEDS_A_REASON, Stage
from services.enquiries.domain.proposals import (
    CANCELLATION_TERMS,
    OPEN,
    VALID_DAYS,
    Line,
    ProposalState,
    check_move,
    is_over,
    price,
    reminder_on,
    total_of,
    valid_until,
)
from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import CLOCK, Kind
from services.enquiries.handlers import history
from services.enquiries.handlers.waiting import locked
from services.enquiries.tables import enquiries, proposals, strikes, timeline
from shared.clock import LONDON, day_in_london
from shared.contracts.enquiries import AnswerAwaited, ProposalSent, ProposalSettled
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import Store, UnitOfWork

EXPIRE_PROPOSALS, REMIND_OF_PROPOSALS = "expire_proposals", "remind_of_proposals"
"""Kinds of job; their subjects are ids of proposals."""
MORNING = time(9)
"""When a reminder goes out, London time."""

_CLOSED = NEEDS_A_REASON


def make_proposal(work: UnitOfWork, reference: str, said: Mapping[str, Any], *, actor: str) -> UUID:
    """Make the next version of an enquiry's proposal, as a draft, and give its id; it supersedes those still open.

    `said` is clean, as `commitment_schemas.parse_proposal` gives it. Raises `Refused`.
    """
    enquiry = locked(work, reference)
    _check_may_propose(enquiry)
    reason = said.get("reason")
    lines = price(
        programme_called(enquiry.programme),
        people=said.get("people"),
        sessions=said.get("sessions"),
        extra=said.get("extra_lines", ()),
        reason=reason,
    )
    _supersede_open(work, reference, actor=actor)
    proposal_id = work.new_id()
    work.connection.execute(
        proposals.insert().values(
            id=proposal_id,
            reference=reference,
            version=_next_version(work, reference),
            state=ProposalState.DRAFT.value,
            lines=_as_json(lines),
            total_pence=total_of(lines),
            cancellation_terms=said.get("cancellation_terms", CANCELLATION_TERMS),
            notes=said.get("notes"),
            valid_until=valid_until(today(work), said.get("valid_days", VALID_DAYS)),
            created_at=work.now,
            created_by=actor,
        )
    )
    _write(work, reference, Kind.PROPOSED, proposal_id, None, ProposalState.DRAFT, actor=actor, words=reason)
    return proposal_id


def send_proposal(work: UnitOfWork, proposal_id: UUID, *, actor: str) -> None:
    """Send a draft: its time begins now, and notifications writes to the other side. It moves nothing by itself."""
    proposal = hold_proposal(work, proposal_id)
    days = (proposal.valid_until - day_in_london(proposal.created_at)).days
    sent_on = today(work)
    until = valid_until(sent_on, days)
    become(work, proposal, ProposalState.SENT, sent_at=work.now, valid_until=until)
    _write(work, proposal.reference, Kind.PROPOSED, proposal_id, ProposalState.DRAFT, ProposalState.SENT, actor=actor)
    hear_from(work, proposal.reference)
    work.record(
        ProposalSent(
            reference=proposal.reference, proposal_id=proposal_id, version=proposal.version, valid_until=until
        ),
        subject=proposal.reference,
        sequence=history.next_version(work, proposal.reference),
    )
    work.schedule(EXPIRE_PROPOSALS, str(proposal_id), _at(valid_until(until, 1), time.min))
    if remind_on := reminder_on(sent_on, until):
        work.schedule(REMIND_OF_PROPOSALS, str(proposal_id), _at(remind_on, MORNING))


def settle_proposal(work: UnitOfWork, proposal_id: UUID, to: ProposalState, *, actor: str, reason: str | None) -> None:
    """Bring a proposal to an end other than acceptance. Raises `Refused` where it has ended already."""
    _settle(work, hold_proposal(work, proposal_id), to, actor=actor, reason=reason)


def expire_proposals(store: Store, proposal_ids: Sequence[UUID]) -> None:
    """Close proposals whose time is over; those that have ended otherwise stay as they are. Safe to repeat.

    One whose enquiry is closed is withdrawn, and nobody is told. Nor is anybody of one that was open when its enquiry
    was won: until its time is over a late yes is welcome, and then it expires without a word.
    """
    for proposal_id in proposal_ids:
        with store.work() as work:
            proposal = find_held(work, proposal_id)
            if proposal and is_waiting(proposal):
                _expire(work, proposal, locked(work, proposal.reference))


def remind_of_proposals(store: Store, proposal_ids: Sequence[UUID]) -> None:
    """Have the other side reminded, once, of proposals that still wait for an answer. Safe to repeat.

    Nobody is where the enquiry was won since; one whose enquiry is closed is withdrawn, and nobody is told.
    """
    for proposal_id in proposal_ids:
        with store.work() as work:
            proposal = find_held(work, proposal_id)
            if proposal and is_waiting(proposal):
                _remind_or_end(work, proposal, locked(work, proposal.reference))


def _expire(work: UnitOfWork, proposal: AnyRow, enquiry: AnyRow) -> None:
    if Stage(enquiry.stage) in _CLOSED:
        _end_quietly(work, proposal, ProposalState.WITHDRAWN)
    elif is_over(proposal.valid_until, today(work)):
        if _was_won_since(work, proposal, enquiry):
            _end_quietly(work, proposal, ProposalState.EXPIRED)
        else:
            _settle(work, proposal, ProposalState.EXPIRED, actor=CLOCK, reason=None)


def _remind_or_end(work: UnitOfWork, proposal: AnyRow, enquiry: AnyRow) -> None:
    if Stage(enquiry.stage) in _CLOSED:
        _end_quietly(work, proposal, ProposalState.WITHDRAWN)
    elif _may_be_reminded(work, proposal, enquiry):
        _remind(work, proposal)


def _may_be_reminded(work: UnitOfWork, proposal: AnyRow, enquiry: AnyRow) -> bool:
    """Say whether there is still something to wait for, and somebody to write to."""
    gone = enquiry.erased_at is not None or is_over(proposal.valid_until, today(work))
    return not gone and not _was_won_since(work, proposal, enquiry)


def _was_won_since(work: UnitOfWork, proposal: AnyRow, enquiry: AnyRow) -> bool:
    """Say whether an enquiry was won after this proposal went out.

    What goes out to one that is won already is a change of what was agreed, which does wait for an answer.
    """
    if Stage(enquiry.stage) is not Stage.WON:
        return False
    won = (timeline.c.kind == Kind.MOVED.value) & (timeline.c.now == Stage.WON.value)
    moved_at = select(func.max(timeline.c.at)).where(timeline.c.reference == proposal.reference, won)
    won_at = work.connection.scalar(moved_at)
    return won_at is not None and won_at >= proposal.sent_at


def _end_quietly(work: UnitOfWork, proposal: AnyRow, to: ProposalState) -> None:
    """Bring a proposal to an end that is of no interest to anybody: it stands in the history only."""
    become(work, proposal, to, settled_at=work.now)
    was = ProposalState(proposal.state)
    _write(work, proposal.reference, Kind.SETTLED, proposal.id, was, to, actor=CLOCK)


def _remind(work: UnitOfWork, proposal: AnyRow) -> None:
    mark = {"clock": "proposal", "step": f"version {proposal.version}", "since": proposal.sent_at, "at": work.now}
    if not insert_or_leave(work.connection, strikes, {"reference": proposal.reference, **mark}):
        return
    about = str(proposal.id)
    history.write(work, proposal.reference, Kind.REMINDED, actor=CLOCK, now="proposal", about=about)
    work.record(
        AnswerAwaited(reference=proposal.reference, step="proposal", since=proposal.sent_at),
        subject=proposal.reference,
        sequence=history.next_version(work, proposal.reference),
    )


def is_waiting(proposal: AnyRow) -> bool:
    """Say whether a proposal was sent and has not come to an end."""
    return ProposalState(proposal.state) is ProposalState.SENT


def _settle(work: UnitOfWork, proposal: AnyRow, to: ProposalState, *, actor: str, reason: str | None) -> None:
    become(work, proposal, to, settled_at=work.now)
    tell_settled(work, proposal, to, actor=actor, words=reason)


def tell_settled(
    work: UnitOfWork, proposal: AnyRow, to: ProposalState, *, actor: str, words: str | None = None
) -> None:
    """Write down how a proposal ended, and tell the others where it had been sent: nobody else has heard of it."""
    was = ProposalState(proposal.state)
    _write(work, proposal.reference, Kind.SETTLED, proposal.id, was, to, actor=actor, words=words)
    if was is ProposalState.SENT:
        work.record(
            ProposalSettled(
                reference=proposal.reference, proposal_id=proposal.id, version=proposal.version, outcome=to.value
            ),
            subject=proposal.reference,
            sequence=history.next_version(work, proposal.reference),
        )


def become(work: UnitOfWork, proposal: AnyRow, to: ProposalState, **values: Any) -> None:
    """Change a proposal's state, which must still be as it was read. Raises `Refused`, as a rule or another asks."""
    check_move(ProposalState(proposal.state), to, proposal.version)
    unchanged = (proposals.c.id == proposal.id) & (proposals.c.state == proposal.state)
    saved = work.connection.execute(update(proposals).where(unchanged).values(state=to.value, **values))
    if saved.rowcount != 1:
        raise Refused("conflict", "This proposal was changed by someone else just now. Look at it again.")


def find_held(work: UnitOfWork, proposal_id: UUID) -> AnyRow | None:
    """Give a proposal's row with its enquiry held, or None where there is none."""
    reference = work.connection.scalar(select(proposals.c.reference).where(proposals.c.id == proposal_id))
    if reference is None:
        return None
    locked(work, reference)
    return work.connection.execute(select(proposals).where(proposals.c.id == proposal_id)).one()


def hold_proposal(work: UnitOfWork, proposal_id: UUID) -> AnyRow:
    """Give a proposal's row with its enquiry held. Raises `Refused("not_found")`."""
    row = find_held(work, proposal_id)
    if row is None:
        raise Refused("not_found", f"There is no proposal {proposal_id}. `keytalk proposals list` shows them.")
    return row


def hear_from(work: UnitOfWork, reference: str) -> None:
    """Note that one side has spoken: what is kept of an enquiry is kept from its last word on."""
    heard = update(enquiries).where(enquiries.c.reference == reference)
    work.connection.execute(heard.values(last_word_at=work.now))


def today(work: UnitOfWork) -> date:
    """Give the day in London."""
    return day_in_london(work.now)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, LONDON)


def _check_may_propose(enquiry: AnyRow) -> None:
    stage = Stage(enquiry.stage)
    if enquiry.erased_at is not None:
        raise Refused("refused", f"{enquiry.reference} was erased, so there is nobody to propose anything to.")
    if enquiry.standing != Standing.FILED.value or stage in _CLOSED:
        what = stage.value if stage in _CLOSED else enquiry.standing
        raise Refused("refused", f"{enquiry.reference} is {what}. Open it again before you propose something.")


def _supersede_open(work: UnitOfWork, reference: str, *, actor: str) -> None:
    still_open = proposals.c.state.in_([state.value for state in OPEN])
    query = select(proposals).where(proposals.c.reference == reference, still_open)
    for former in work.connection.execute(query).all():
        _settle(work, former, ProposalState.SUPERSEDED, actor=actor, reason=None)


def _next_version(work: UnitOfWork, reference: str) -> int:
    last = select(func.max(proposals.c.version)).where(proposals.c.reference == reference)
    return int(work.connection.scalar(last) or 0) + 1


def _as_json(lines: Sequence[Line]) -> str:
    return json.dumps([asdict(line) | {"pence": line.pence} for line in lines], ensure_ascii=False)


def _write(
    work: UnitOfWork,
    reference: str,
    kind: Kind,
    proposal_id: UUID,
    was: ProposalState | None,
    now: ProposalState,
    *,
    actor: str,
    words: str | None = None,
) -> None:
    before = was.value if was else None
    history.write(work, reference, kind, actor=actor, was=before, now=now.value, about=str(proposal_id), words=words)
