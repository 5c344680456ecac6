"""Sessions made anew from the calendar: where they are put, what time they have there, and what stays as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.calendar import Blackout, EstablishmentCalendar
from services.scheduling.domain.dates import days_on, session_dates
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.planner import session_in
from services.scheduling.domain.rules.order import OUT_OF_THE_ROW
from services.scheduling.domain.runs import DONE, Run, Session, SessionKind, Skipped, Slot
from services.scheduling.domain.words import in_words
from shared.errors import Refused

A_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every change works with: the facts, the time, new ids, and the day it is where the run is held."""

    facts: Facts
    now: dt.datetime
    new_id: Callable[[], UUID]
    today: dt.date


def today(run: Run, now: dt.datetime) -> dt.date:
    """Give the date it is where a run is held."""
    return now.astimezone(ZoneInfo(run.zone)).date()


def is_over(session: Session, now: dt.datetime) -> bool:
    """Say whether a session was held or has begun: from then on it does not move."""
    return session.state in DONE or session.starts_at() <= now


def to_come(run: Run, now: dt.datetime) -> tuple[Session, ...]:
    """Give the sessions that are still to be held, by number."""
    return tuple(each for each in run.live if not is_over(each, now))


def renewed(
    run: Run,
    those: Iterable[Session],
    start: dt.date,
    desk: Desk,
    *,
    in_place: Mapping[int, Session] | None = None,
    keep_time: bool = True,
    begins: bool = False,
) -> Run:
    """Make sessions anew from a date: `those`, and new ones for the numbers `in_place`. All others stay.

    A weekly run meets on its weekday. A daily one meets on every day, and asks for a weekday only where it `begins`.
    """
    lost = in_place or {}
    kept = {each.number: each for each in those}
    numbers = sorted(kept.keys() | lost.keys())
    slot = slot_of(run)
    programme = replace(desk.facts.programme, sessions=len(numbers))
    weekday = weekday_of(slot) if programme.cadence == "weekly" else slot.weekday if begins else None
    dates, skipped = session_dates(programme, start, weekday, _open_to(run, kept, desk))
    fresh = [
        moved_to(kept[each], placed_on(run, kept[each], on, desk, keep_time=keep_time))
        if each in kept
        else in_place_of(run, lost[each], on, desk, kind=lost[each].kind)
        for each, on in zip(numbers, dates, strict=True)
    ]
    return replace(with_sessions(run, fresh), skipped=_skipped(run, start, skipped))


def from_on(run: Run, session: Session, desk: Desk) -> tuple[Session, ...]:
    """Give a session, if it stands, and all later ones of the row. Raises Refused where one of them was held."""
    later = tuple(
        each for each in run.live if each.id == session.id or (each.number > session.number and is_in_row(each))
    )
    refuse_held(later, desk)
    return later


def is_in_row(session: Session) -> bool:
    """Say whether a session has its place in the row: what is made up may be held whenever there is a day."""
    return session.kind not in OUT_OF_THE_ROW


def _open_to(run: Run, kept: Mapping[int, Session], desk: Desk) -> EstablishmentCalendar:
    """Give the calendar without the days that sessions take which stay where they are."""
    ids = {each.id for each in kept.values()}
    taken = (each for each in run.live if each.id not in ids and not is_over(each, desk.now))
    blocked = (Blackout(each.date, each.date, f"session {each.number} is on this day") for each in taken)
    calendar = desk.facts.open_calendar
    return replace(calendar, blackouts=(*calendar.blackouts, *blocked))


def placed_on(
    run: Run, session: Session, on: dt.date, desk: Desk, start: dt.time | None = None, *, keep_time: bool = True
) -> Session:
    """Give a session on a date, at the time that is asked for, that it has, or that the slot gives it there."""
    there = replace(session, date=on)
    if start is None and keep_time and (run.mode == "remote" or fits(there, desk.facts)):
        return there
    slot = slot_of(run)
    asked = session_in(replace(slot, time=start or slot.time), session.id, session.number, on, desk.facts)
    return replace(there, start=asked.start, end=asked.end)


def fits(session: Session, facts: Facts) -> bool:
    """Say whether a window of that date holds the session: for a daily programme, the whole day counts as one."""
    weekday, regime = session.date.weekday(), facts.calendar.regime_on(session.date)
    day = regime.window(weekday, "day") if facts.programme.cadence == "daily" else None
    return any(each.contains(session.start, session.end) for each in (*regime.on(weekday), day) if each)


def in_place_of(
    run: Run,
    session: Session,
    on: dt.date,
    desk: Desk,
    start: dt.time | None = None,
    kind: SessionKind = "make_up",
) -> Session:
    """Give a new session with the number and the people of one that does not take place."""
    placed = placed_on(run, session, on, desk, start)
    return replace(placed, id=desk.new_id(), kind=kind, state="planned", revision=0, supersedes=session.id)


def moved_to(session: Session, placed: Session) -> Session:
    """Give a session as it is placed, with a revision more where that is anywhere else."""
    return session if placed == session else replace(placed, revision=session.revision + 1)


def cancelled(session: Session) -> Session:
    """Give a session that does not take place, with a revision more."""
    return replace(session, state="cancelled", revision=session.revision + 1)


def with_sessions(run: Run, those: Iterable[Session]) -> Run:
    """Give the run with some sessions in place of those with their ids, or besides them."""
    by_id = {each.id: each for each in run.sessions} | {each.id: each for each in those}
    return replace(run, sessions=tuple(by_id.values()))


def _skipped(run: Run, start: dt.date, fresh: tuple[Skipped, ...]) -> tuple[Skipped, ...]:
    """Give the dates that were left out: earlier ones stay as they were, those from a date on are new."""
    return (*(each for each in run.skipped if each.date < start), *fresh)


def slot_of(run: Run) -> Slot:
    """Give the slot of a run; one that was planned without any meets as its first session does."""
    first = run.sessions[0]
    return run.slot or Slot(first.date, first.date.weekday(), None, first.start)


def weekday_of(slot: Slot) -> int:
    """Give the weekday of a slot (0 is Monday): the one of its start, where none was asked for."""
    return slot.start.weekday() if slot.weekday is None else slot.weekday


def earliest(run: Run, session: Session, desk: Desk) -> dt.date:
    """Give today, or tomorrow where the hour of such a session has passed today."""
    if placed_on(run, session, desk.today, desk).starts_at() > desk.now:
        return desk.today
    return days_on(desk.today, 1)


def day_after(session: Session) -> dt.date:
    """Give the day after a session. Raises Refused on the last day there is."""
    if session.date == dt.date.max:
        raise Refused("refused", f"The calendar ends on {in_words(session.date)}: nothing can be planned after it.")
    return session.date + A_DAY


def refuse_held(those: Iterable[Session], desk: Desk) -> None:
    """Raise Refused where one of some sessions was held or has begun (H11)."""
    for session in those:
        if is_over(session, desk.now):
            raise already_held(session)


def already_held(session: Session) -> Refused:
    """Give the refusal for a session that is past."""
    how = "was held" if session.state in DONE else "began"
    why = f"H11: session {session.number} {how} on {in_words(session.date)}, and what is past stays as it is."
    return Refused("refused", why, {"session": [why]})
