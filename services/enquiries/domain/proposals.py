"""Proposals: what is offered at which price, until when, and how an offer comes to its end.

Every version of a proposal stays as it was made; a change is a new version. Source: domain notes, sections 0.1, 5.1,
5.3 and 5.4 (H9).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from services.enquiries.domain.catalogue import Programme, pounds
from shared.errors import Refused

VALID_DAYS = 30
MOST_VALID_DAYS = 365
MOST_PENCE = 1_000_000_00
"""A million pounds: a price beyond it is a slip of the keyboard."""

CANCELLATION_TERMS = (
    "If you cancel a date less than 48 hours before it begins, we charge for it. If you cancel earlier, we do not. "
    "If we have to cancel, we never charge for it. If a date cannot go ahead because of an incident or a lockdown, "
    "nothing is charged, and we look for another date together."
)


class ProposalState(StrEnum):
    """Where a proposal stands. Those from `accepted` on are its ends."""

    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


OPEN = (ProposalState.DRAFT, ProposalState.SENT)
"""States in which a proposal may still come to something."""

_MOVES: Mapping[ProposalState, frozenset[ProposalState]] = {
    ProposalState.DRAFT: frozenset({ProposalState.SENT, ProposalState.SUPERSEDED, ProposalState.WITHDRAWN}),
    ProposalState.SENT: frozenset(ProposalState) - set(OPEN),
}

_ENDED: Mapping[ProposalState, str] = {
    ProposalState.ACCEPTED: "It was accepted already.",
    ProposalState.DECLINED: "It was declined.",
    ProposalState.EXPIRED: "The time it was open for is over.",
    ProposalState.SUPERSEDED: "A newer version has taken its place.",
    ProposalState.WITHDRAWN: "It was withdrawn.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a proposal: so many units at so many pence each. A reduction has a negative price."""

    what: str
    quantity: int
    unit: str
    unit_pence: int

    @property
    def pence(self) -> int:
        """What the line comes to."""
        return self.quantity * self.unit_pence


def price(
    programme: Programme,
    *,
    people: int | None,
    sessions: int | None,
    extra: Iterable[Line] = (),
    reason: str | None = None,
) -> tuple[Line, ...]:
    """Give the lines of a proposal, the programme's own first. Raises `Refused("invalid")` with the rule and the mend.

    `people` are those in the group; they may be fewer than the programme's least where a `reason` is given. `sessions`
    are those of a programme that is priced by them, all of them where not said.
    """
    own = (
        _places(programme, people, sessions, reason) if programme.unit == "place" else _run(programme, people, sessions)
    )
    lines = (own, *extra)
    total_of(lines)
    return lines


def _places(programme: Programme, people: int | None, sessions: int | None, reason: str | None) -> Line:
    if sessions is not None:
        raise _refused("sessions", f"{programme.name} is priced by the person. Leave the number of sessions out.")
    if people is None:
        raise _refused("people", f"{programme.name} is priced by the person. Say how many people it is for.")
    _check_most(programme, people)
    if people < programme.least and not reason:
        raise _refused(
            "people",
            f"{programme.name} is for {programme.least} people or more, and this is for {people}. Find more people, "
            "or give a reason for the smaller group.",
        )
    return Line(f"{programme.name}: {programme.what}", people, programme.each, programme.unit_pence)


def _run(programme: Programme, people: int | None, sessions: int | None) -> Line:
    if people is not None:
        _check_most(programme, people)
    number = programme.sessions if sessions is None else sessions
    if not 1 <= number <= programme.sessions:
        raise _refused(
            "sessions",
            f"{programme.name} has {programme.sessions} sessions, so a proposal can have 1 to {programme.sessions} of "
            "them. Put anything beyond that into a line of its own.",
        )
    return Line(f"{programme.name}: {programme.what}", number, programme.each, programme.unit_pence)


def _check_most(programme: Programme, people: int) -> None:
    if people > programme.most:
        raise _refused(
            "people",
            f"One group of {programme.name} takes up to {programme.most} people, and this is for {people}. Propose a "
            "second group, with an enquiry of its own, for the others.",
        )


def total_of(lines: Sequence[Line]) -> int:
    """Add up the lines, in pence. Raises `Refused("invalid")` where that is below nothing or beyond `MOST_PENCE`."""
    total = sum(line.pence for line in lines)
    if not 0 <= total <= MOST_PENCE:
        raise _refused(
            "extra_lines",
            f"The proposal comes to {pounds(total)}, and it must be from {pounds(0)} to {pounds(MOST_PENCE)}. Look at "
            "the prices of the extra lines.",
        )
    return total


def valid_until(sent_on: date, days: int) -> date:
    """Give the last day on which a proposal can be accepted."""
    return sent_on + timedelta(days=days)


def reminder_on(sent_on: date, until: date) -> date | None:
    """Give the day to remind of a proposal, after two thirds of its time; None where that leaves nothing to wait for.

    Of 30 days that is day 20. Source: domain notes, section 5.3.
    """
    after = timedelta(days=(until - sent_on).days * 2 // 3)
    return sent_on + after if after else None


def check_move(state: ProposalState, to: ProposalState, version: int) -> None:
    """Raise `Refused("refused")` unless a proposal in `state` may become `to`."""
    if to in _MOVES.get(state, frozenset()):
        return
    if state is ProposalState.DRAFT:
        raise Refused("refused", f"Version {version} is a draft and was not sent yet. Send it first.")
    if state is ProposalState.SENT:
        raise Refused("refused", f"Version {version} was sent already. To change something, make a new version.")
    raise Refused("refused", f"Version {version} of the proposal is closed: {ended_because(state)} Make a new version.")


def ended_because(state: ProposalState) -> str:
    """Say in one sentence how a proposal ended."""
    return _ENDED[state]


def is_over(until: date, today: date) -> bool:
    """Say whether the last day on which a proposal could be accepted has passed."""
    return today > until


def _refused(field: str, why: str) -> Refused:
    return Refused("invalid", why, {field: [why]})
