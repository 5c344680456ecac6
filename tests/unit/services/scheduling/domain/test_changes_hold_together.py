"""Whatever is changed, in whatever order: numbers, order, the past, and the way back. Properties, by hypothesis."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace
from itertools import count, pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as some
from scheduling_cast import ANA, LEE, TOM, calendar, facts, hours

from services.scheduling.domain.calendar import Blackout
from services.scheduling.domain.changes import (
    Cancel,
    Cascade,
    ChangeSlot,
    Close,
    MakeUp,
    Move,
    MoveOn,
    MoveRun,
    Swap,
)
from services.scheduling.domain.changing import changed
from services.scheduling.domain.making_anew import is_over
from services.scheduling.domain.planner import draft_run
from services.scheduling.domain.reversing import reversed_run
from services.scheduling.domain.runs import Slot
from shared.errors import Refused

NOW = dt.datetime(2027, 2, 3, 9, tzinfo=dt.UTC)
DAYS = some.dates(dt.date(2027, 1, 20), dt.date(2027, 7, 30))
NUMBERS = some.integers(1, 16)
PEOPLE = some.sampled_from([TOM, ANA, LEE, None])
TIMES = some.sampled_from([None, dt.time(8, 30), dt.time(13, 45)])

CHANGES = some.one_of(
    some.tuples(some.just("cancel"), some.lists(NUMBERS, min_size=1, max_size=3)),
    some.tuples(some.just("cascade"), NUMBERS),
    some.tuples(some.just("make_up"), NUMBERS, DAYS, TIMES),
    some.tuples(some.just("move"), NUMBERS, DAYS, TIMES),
    some.tuples(some.just("move_on"), NUMBERS, DAYS),
    some.tuples(some.just("move_run"), DAYS),
    some.tuples(some.just("slot"), some.integers(0, 4), some.sampled_from([None, "am", "pm"]), NUMBERS),
    some.tuples(some.just("swap"), some.lists(NUMBERS, max_size=3), PEOPLE, PEOPLE),
    some.tuples(some.just("close"), DAYS, some.integers(0, 15), some.sampled_from(["cascade", "make_up", "drop"])),
)


def planned(closures, held):
    known = replace(facts(), calendar=calendar(hours(), closures))
    ids = count(1001)
    run = draft_run(
        run_id=UUID(int=9),
        enquiry="KT-7F3K-92",
        slot=Slot(dt.date(2027, 1, 12), 1, "pm"),
        facilitator_ids=(TOM, ANA),
        facts=known,
        new_id=lambda: UUID(int=next(ids)),
    )
    done = [
        replace(each, state="delivered") if each.number <= held and each.date < NOW.date() else each
        for each in run.sessions
    ]
    return replace(run, sessions=tuple(done)), known


def asked(run, drawn):
    """Turn what was drawn into a change, naming sessions by what the run has under a number now."""
    kind, *rest = drawn
    by_number = {each.number: each.id for each in (*run.sessions, *run.live)}

    def named(number):
        return by_number.get(number, UUID(int=number))

    made = {
        "cancel": lambda: Cancel(tuple(named(each) for each in rest[0]), "other", "prison"),
        "cascade": lambda: Cascade(named(rest[0]), "other", "prison"),
        "make_up": lambda: MakeUp(named(rest[0]), rest[1], rest[2], "other", "prison"),
        "move": lambda: Move(named(rest[0]), rest[1], rest[2]),
        "move_on": lambda: MoveOn(named(rest[0]), rest[1]),
        "move_run": lambda: MoveRun(rest[0]),
        "slot": lambda: ChangeSlot(weekday=rest[0], window=rest[1], from_session_id=named(rest[2])),
        "swap": lambda: Swap(tuple(named(each) for each in rest[0]), rest[1], rest[2]),
        "close": lambda: Close("RSI", rest[0], rest[0] + dt.timedelta(days=rest[1]), "other", rest[2]),
    }
    return made[kind]()


def after(run, change, known, ids):
    return changed(run, change, known, NOW, lambda: UUID(int=next(ids)))


def closed_days(days):
    return tuple(Blackout(day, day, "closed") for day in days)


def without_revision(session):
    return replace(session, revision=0)


@settings(max_examples=200, deadline=None)
@given(some.lists(CHANGES, max_size=6), some.lists(DAYS, max_size=6), some.integers(0, 3))
def test_any_row_of_changes_keeps_numbers_order_and_the_past(drawn, closures, held):
    run, known = planned(closed_days(closures), held)
    past = [each for each in run.live if is_over(each, NOW)]
    ids, done = count(5000), 0

    for each in drawn:
        with suppress(Refused):
            run = after(run, asked(run, each), known, ids)
            done += 1

    numbers = [each.number for each in run.live]
    assert len(numbers) == len(set(numbers))
    row = [each for each in run.live if each.kind == "planned"]
    assert all(one.date < other.date for one, other in pairwise(row))
    days = [each.date for each in run.live]
    assert len(days) == len(set(days))
    for was in past:
        [now] = [each for each in run.sessions if each.id == was.id]
        assert now == was or (now.state == "cancelled" and was.state == "planned" and now.date == was.date)
    assert run.version == 1 + done


@settings(max_examples=200, deadline=None)
@given(some.lists(CHANGES, max_size=3), CHANGES, some.lists(DAYS, max_size=4))
def test_what_is_taken_back_is_as_it_was_before(earlier, last, closures):
    run, known = planned(closed_days(closures), 3)
    ids = count(5000)
    for each in earlier:
        with suppress(Refused):
            run = after(run, asked(run, each), known, ids)
    try:
        became = after(run, asked(run, last), known, ids)
    except Refused:
        return
    # A cancellation of an earlier day's session is not taken back any more; that is another test.
    touched = {each.id for each in became.sessions if each not in run.sessions}
    if any(each.date < NOW.date() for each in (*run.sessions, *became.sessions) if each.id in touched):
        return

    back = reversed_run(became, run, became, NOW)

    known_before = {each.id: without_revision(each) for each in run.sessions}
    assert {each.id: without_revision(each) for each in back.sessions if each.id in known_before} == known_before
    assert {each.state for each in back.sessions if each.id not in known_before} <= {"superseded"}
    assert [each.id for each in back.live] == [each.id for each in run.live]
    assert (back.facilitator_ids, back.slot, back.skipped) == (run.facilitator_ids, run.slot, run.skipped)
    assert back.version == became.version + 1
    assert all(new.revision > old.revision for new in back.sessions for old in became.sessions
               if new.id == old.id and new != old)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(some.lists(CHANGES, min_size=1, max_size=5))
def test_no_new_session_is_put_on_a_closed_day_unless_somebody_names_that_day(drawn):
    shut = closed_days([dt.date(2027, 3, 16), dt.date(2027, 3, 30), dt.date(2027, 4, 22), dt.date(2027, 5, 5)])
    run, known = planned(shut, 2)
    ids = count(5000)

    for kind, *rest in drawn:
        if kind in {"move", "make_up"}:
            continue
        with suppress(Refused):
            run = after(run, asked(run, (kind, *rest)), known, ids)

    assert all(known.calendar.closed_on(each.date) is None for each in run.live)
