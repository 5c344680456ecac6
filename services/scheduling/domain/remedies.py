"""What can be done about a session that does not take place: the choices, with the dates that each would give."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from services.scheduling.domain.changes import Cascade
from services.scheduling.domain.changing import changed, next_open_date
from services.scheduling.domain.diff import Several
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.runs import Run, Session
from shared.errors import Refused


@dataclass(frozen=True, slots=True)
class Choice:
    """One remedy: the date the session would be held on then, and the run's last date.

    Where it cannot be had, `date` is None and `why_not` says why. A session that falls out has neither.
    """

    remedy: str
    date: dt.date | None
    last: dt.date | None
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A session on a date that closes, and what can be done about it."""

    run: Run
    session: Session
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    """What closing an establishment would do: the sessions it hits, with choices, and the diff of each run."""

    hits: tuple[Hit, ...]
    several: Several


def choices_for(
    run: Run, session: Session, facts: Facts, now: dt.datetime, new_id: Callable[[], UUID]
) -> tuple[Choice, ...]:
    """Give the remedies for a session that still stands: cascade, make-up, drop."""
    return (_cascade(run, session, facts, now, new_id), _make_up(run, session, facts, now), _drop(run, session))


def _cascade(run: Run, session: Session, facts: Facts, now: dt.datetime, new_id: Callable[[], UUID]) -> Choice:
    try:
        # Cause and party change no date.
        after = changed(run, Cascade(session.id, "other", "external"), facts, now, new_id)
    except Refused as refused:
        return Choice("cascade", None, None, refused.detail)
    [new] = [each for each in after.live if each.number == session.number]
    return Choice("cascade", new.date, _last(after.live))


def _make_up(run: Run, session: Session, facts: Facts, now: dt.datetime) -> Choice:
    on = next_open_date(run, session, facts, now)
    if on is None:
        return Choice("make_up", None, None, "No open day with time enough was found in the two months after it.")
    others = [each.date for each in run.live if each.id != session.id]
    return Choice("make_up", on, max([on, *others]))


def _drop(run: Run, session: Session) -> Choice:
    return Choice("drop", None, _last(tuple(each for each in run.live if each.id != session.id)))


def _last(those: tuple[Session, ...]) -> dt.date | None:
    return max((each.date for each in those), default=None)
