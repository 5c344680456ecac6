"""What a run is after a change: pure, with dates made anew from the calendar; what cannot be is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from services.scheduling.domain.changes import (
    Cancel,
    Cascade,
    Change,
    ChangeSlot,
    Close,
    MakeUp,
    Move,
    MoveOn,
    MoveRun,
    Swap,
)
from services.scheduling.domain.dates import days_on
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.making_anew import (
    A_DAY,
    Desk,
    already_held,
    cancelled,
    day_after,
    earliest,
    fits,
    from_on,
    in_place_of,
    is_in_row,
    moved_to,
    placed_on,
    refuse_held,
    renewed,
    slot_of,
    to_come,
    today,
    weekday_of,
    with_sessions,
)
from services.scheduling.domain.runs import DONE, Run, Session
from services.scheduling.domain.words import in_words
from shared.errors import Refused

CHANGEABLE: Final[frozenset[str]] = frozenset({"draft", "held", "confirmed"})
"""States of a run in which anything can still be changed."""

ENDED: Final[frozenset[str]] = frozenset({"completed", "cancelled"})
"""States of a run with nothing to come. A session that fell out can still be made up: the run then goes on."""


LOOKED_AHEAD: Final = 60
"""How many days after a session an open date is looked for to make it up."""


def changed(run: Run, change: Change, facts: Facts, now: dt.datetime, new_id: Callable[[], UUID]) -> Run:
    """Give the run as it is after a change, one version on.

    Dates are made anew from the calendar and the slot of the run, never shifted. What was held, or has begun, stays
    where it is (H11); numbers and ids stay, and whatever is another than before has a revision more. A moved session
    keeps its time by the clock where a window of the new date holds it, else it takes what the slot gives there.
    Raises Refused: "not_found" for a session or a person there is none of, "invalid" for an answer that cannot be,
    "refused" where the run or the rules on order (H10) and on what is past (H11) do not allow it. Other rules are not
    asked here: `diff` says which of them no longer hold.
    """
    goes_on = run.state in ENDED and isinstance(change, MakeUp)
    if run.state not in CHANGEABLE and not goes_on:
        raise Refused("refused", f"This run is {run.state.replace('_', ' ')}: nothing of it can be changed any more.")
    desk = Desk(facts, now, new_id, today(run, now))
    after = _DOING[type(change)](run, change, desk)
    _refuse_what_cannot_be(run, after, now)
    after = replace(after, state="confirmed") if goes_on else after
    return replace(after, version=run.version + 1, sessions=tuple(sorted(after.sessions, key=_in_order)))


def touched(before: Run, after: Run) -> tuple[Session, ...]:
    """Give the sessions that a change made or changed, as they are after it."""
    was = {each.id: each for each in before.sessions}
    return tuple(each for each in after.sessions if was.get(each.id) != each)


def hit_by(run: Run, close: Close, now: dt.datetime) -> tuple[Session, ...]:
    """Give the sessions of a run that are to be held on dates on which its establishment closes."""
    return tuple(each for each in to_come(run, now) if close.first <= each.date <= close.last)


def remedy_for(close: Close, session: Session) -> str:
    """Give what a closure does about a session: with one that is out of the row no other moves on, so it is made up."""
    asked = dict(close.remedies).get(session.id, close.remedy)
    return "make_up" if asked == "cascade" and not is_in_row(session) else asked


def next_open_date(run: Run, session: Session, facts: Facts, now: dt.datetime) -> dt.date | None:
    """Give the first working day after a session on which it could be made up, or None: open, long enough, and free."""
    desk = Desk(facts, now, lambda: session.id, today(run, now))
    taken = {each.date for each in run.live}
    first = max(desk.today, days_on(session.date, 1))
    days = (first + A_DAY * count for count in range((days_on(first, LOOKED_AHEAD) - first).days))
    return next((on for on in days if on not in taken and _would_do(run, session, on, desk)), None)


def _would_do(run: Run, session: Session, on: dt.date, desk: Desk) -> bool:
    if on.weekday() >= 5 or desk.facts.open_calendar.no_session_on(on) is not None:
        return False
    placed = placed_on(run, session, on, desk)
    return placed.starts_at() > desk.now and (run.mode == "remote" or fits(placed, desk.facts))


def _cancel(run: Run, change: Cancel, _desk: Desk) -> Run:
    if not change.session_ids:
        raise _invalid("sessions", "Say which sessions do not take place.")
    fallen = [_standing(run, each) for each in dict.fromkeys(change.session_ids)]
    return with_sessions(run, [cancelled(each) for each in fallen])


def _cascade(run: Run, change: Cascade, desk: Desk) -> Run:
    session = _standing(run, change.session_id)
    if not is_in_row(session):
        raise Refused(
            "refused",
            f"Session {session.number} is out of the row, so no other moves on with it. Make it up on another date.",
        )
    without = with_sessions(run, [cancelled(session)])
    start = max(day_after(session), earliest(run, session, desk))
    return renewed(without, from_on(without, session, desk), start, desk, in_place={session.number: session})


def _make_up(run: Run, change: MakeUp, desk: Desk) -> Run:
    session = _session(run, change.session_id)
    _refuse_past("date", change.date, desk)
    if session.is_live:
        session = _to_be_made_up(run, session, change)
        run = with_sessions(run, [cancelled(session)])
    twin = next((each for each in run.live if each.number == session.number), None)
    if twin is not None:
        raise Refused(
            "refused",
            f"Session {session.number} is made up already, on {in_words(twin.date)}. Move that one instead.",
        )
    return with_sessions(run, [in_place_of(run, session, change.date, desk, change.start)])


def _to_be_made_up(run: Run, session: Session, change: MakeUp) -> Session:
    if change.cause is None or change.party is None:
        why = (
            f"Session {session.number} still stands. Say why it does not take place and on whose side that lies "
            "(cause and party), and it is cancelled and made up in one."
        )
        missing = [name for name in ("cause", "party") if getattr(change, name) is None]
        if session.state not in DONE:
            raise Refused("invalid", why, {name: [why] for name in missing})
    return _standing(run, session.id)


def _move(run: Run, change: Move, desk: Desk) -> Run:
    session = _movable(run, change.session_id, desk)
    _refuse_past("date", change.date, desk)
    return with_sessions(run, [moved_to(session, placed_on(run, session, change.date, desk, change.start))])


def _move_on(run: Run, change: MoveOn, desk: Desk) -> Run:
    session = _movable(run, change.session_id, desk)
    _refuse_past("date", change.date, desk)
    return renewed(run, from_on(run, session, desk), change.date, desk)


def _move_run(run: Run, change: MoveRun, desk: Desk) -> Run:
    _refuse_past("start", change.start, desk)
    coming = _some_to_come(run, desk)
    slot = slot_of(run)
    weekday = weekday_of(slot) if desk.facts.programme.cadence == "weekly" else slot.weekday
    moved = replace(run, slot=replace(slot, start=change.start, weekday=weekday))
    return renewed(moved, coming, change.start, desk, begins=coming == run.live)


def _change_slot(run: Run, change: ChangeSlot, desk: Desk) -> Run:
    if (change.weekday, change.window, change.time) == (None, None, None):
        raise _invalid("weekday", "Say what changes: the weekday, the window or the time.")
    coming = _some_to_come(run, desk)
    if change.from_session_id is not None:
        coming = from_on(run, _movable(run, change.from_session_id, desk), desk)
    first, slot = coming[0], slot_of(run)
    fresh = replace(
        slot,
        weekday=weekday_of(slot) if change.weekday is None else change.weekday,
        window=change.window or slot.window,
        time=change.time or (None if change.window else slot.time),
    )
    before = [days_on(each.date, 1) for each in run.live if each.number < first.number and is_in_row(each)]
    week = first.date - A_DAY * (first.date.weekday() if desk.facts.programme.cadence == "weekly" else 0)
    start = max([week, desk.today, *before])
    keep_time = change.window is None and change.time is None
    begins = change.weekday is not None
    return renewed(replace(run, slot=fresh), coming, start, desk, keep_time=keep_time, begins=begins)


def _swap(run: Run, change: Swap, desk: Desk) -> Run:
    _refuse_swap(change, desk.facts)
    chosen = _swapped_sessions(run, change, desk)
    after = with_sessions(run, [_swapped(each, change, desk.facts) for each in chosen])
    return after if change.session_ids else replace(after, facilitator_ids=_people(run.facilitator_ids, change))


def _close(run: Run, change: Close, desk: Desk) -> Run:
    """Cancel what is hit, renew from the first that cascades, then put in what is made up."""
    hit = hit_by(run, change, desk.now)
    remedy = {each.id: remedy_for(change, each) for each in hit}
    after = with_sessions(run, [cancelled(each) for each in hit])
    move_on = {each.number: each for each in hit if remedy[each.id] == "cascade"}
    if move_on:
        first = move_on[min(move_on)]
        start = max(day_after(first), earliest(run, first, desk))
        after = renewed(after, from_on(after, first, desk), start, desk, in_place=move_on)
    for session in hit:
        if remedy[session.id] == "make_up":
            after = with_sessions(after, [_made_up_next(after, session, desk)])
    return after


def _made_up_next(run: Run, session: Session, desk: Desk) -> Session:
    on = next_open_date(run, session, desk.facts, desk.now)
    if on is None:
        why = (
            f"Session {session.number} on {in_words(session.date)} cannot be made up: no open date with time enough "
            "lies before the session after it. Let it cascade or fall out instead."
        )
        raise Refused("refused", why, {"remedies": [why]})
    return in_place_of(run, session, on, desk)


_DOING: Final[dict[type, Callable[[Run, Any, Desk], Run]]] = {
    Cancel: _cancel,
    Cascade: _cascade,
    MakeUp: _make_up,
    Move: _move,
    MoveOn: _move_on,
    MoveRun: _move_run,
    ChangeSlot: _change_slot,
    Swap: _swap,
    Close: _close,
}


def _in_order(session: Session) -> tuple[int, str]:
    return session.number, str(session.id)


def _session(run: Run, session_id: UUID) -> Session:
    found = next((each for each in run.sessions if each.id == session_id), None)
    if found is None:
        why = f"This run has no session {session_id}. `keytalk runs show {run.id}` lists them."
        raise Refused("not_found", why, {"session": [why]})
    return found


def _standing(run: Run, session_id: UUID) -> Session:
    """Give a session that can still fall out: planned, whether or not its hour has come."""
    session = _session(run, session_id)
    if session.state in DONE:
        raise already_held(session)
    if not session.is_live:
        why = f"Session {session.number} on {in_words(session.date)} is {session.state} already."
        raise Refused("refused", f"{why} To hold it on another date, make it up.", {"session": [why]})
    return session


def _movable(run: Run, session_id: UUID, desk: Desk) -> Session:
    session = _standing(run, session_id)
    refuse_held([session], desk)
    return session


def _some_to_come(run: Run, desk: Desk) -> tuple[Session, ...]:
    coming = to_come(run, desk.now)
    if not coming:
        raise Refused("refused", "Every session of this run has been held or cancelled: there is none left to change.")
    return coming


def _swapped_sessions(run: Run, change: Swap, desk: Desk) -> list[Session]:
    if change.session_ids:
        return [_movable(run, each, desk) for each in dict.fromkeys(change.session_ids)]
    coming = _some_to_come(run, desk)
    chosen = [each for each in coming if change.out is None or change.out in each.facilitator_ids]
    return [each for each in chosen if change.out is not None or change.into not in each.facilitator_ids]


def _swapped(session: Session, change: Swap, facts: Facts) -> Session:
    people, when = session.facilitator_ids, f"session {session.number} on {in_words(session.date)}"
    if change.out is not None and change.out not in people:
        why = f"{facts.name_of(change.out)} does not lead {when}."
        raise Refused("refused", why, {"out": [why]})
    if change.into is not None and change.into in people:
        why = f"{facts.name_of(change.into)} leads {when} already."
        raise Refused("refused", why, {"into": [why]})
    return replace(session, facilitator_ids=_people(people, change), revision=session.revision + 1)


def _people(people: tuple[UUID, ...], change: Swap) -> tuple[UUID, ...]:
    """Put who comes in the place of who goes, or last."""
    swapped = [change.into if each == change.out else each for each in people]
    if change.into is not None and change.into not in swapped:
        swapped.append(change.into)
    return tuple(dict.fromkeys(each for each in swapped if each is not None))


def _refuse_swap(change: Swap, facts: Facts) -> None:
    if change.out is None and change.into is None:
        raise _invalid("into", "Say who leaves, who comes, or both.")
    if change.out == change.into:
        raise _invalid("into", "Who leaves and who comes are the same person.")
    if change.into is None:
        return
    known = facts.facilitators.get(change.into)
    if known is None:
        why = f"There is no facilitator {change.into}. `keytalk facilitators list` shows them."
        raise Refused("not_found", why, {"into": [why]})
    if known.state == "left":
        raise _invalid("into", f"{known.name} no longer leads sessions. Choose somebody else.")


def _refuse_past(field: str, on: dt.date, desk: Desk) -> None:
    if on < desk.today:
        raise _invalid(field, f"{in_words(on)} has passed. Give today's date or a later one.")


def _refuse_what_cannot_be(before: Run, after: Run, now: dt.datetime) -> None:
    new = touched(before, after)
    if not new and (before.facilitator_ids, before.slot) == (after.facilitator_ids, after.slot):
        raise Refused("refused", "Nothing would change: the run is like this already.")
    _refuse_begun(new, {each.id: each for each in before.sessions}, now)
    refuse_disorder(after, new)


def refuse_disorder(run: Run, new: Iterable[Session]) -> None:
    """Raise Refused where one of some sessions of a run is out of order, or on one day with another (H10)."""
    ids = {each.id for each in new}
    in_row = [each for each in run.live if is_in_row(each)]
    pairs = [pair for pair in pairwise(in_row) if pair[1].date <= pair[0].date]
    by_day = sorted(run.live, key=lambda each: (each.date, each.number))
    pairs += [pair for pair in pairwise(by_day) if pair[1].date == pair[0].date]
    for earlier, later in pairs:
        if {earlier.id, later.id} & ids:
            raise _out_of_order(earlier, later)


def _refuse_begun(new: Iterable[Session], was: Mapping[UUID, Session], now: dt.datetime) -> None:
    for session in new:
        stays = session.id in was and was[session.id].starts_at() == session.starts_at()
        if session.is_live and not stays and session.starts_at() <= now:
            why = (
                f"H11: {session.start:%H:%M} on {in_words(session.date)} has passed, so session {session.number} "
                "cannot be put there. A later date or time would mend it."
            )
            raise Refused("refused", why, {"date": [why]})


def _out_of_order(earlier: Session, later: Session) -> Refused:
    where = "on the same day as" if later.date == earlier.date else "before"
    why = (
        f"H10: session {later.number} on {in_words(later.date)} would be {where} session {earlier.number} on "
        f"{in_words(earlier.date)}. A date that keeps them in order would mend it, or moving all later ones on."
    )
    return Refused("refused", why, {"date": [why]})


def _invalid(field: str, why: str) -> Refused:
    return Refused("invalid", why, {field: [why]})
