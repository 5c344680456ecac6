"""What a run is after a change: dates made anew from the calendar, and all that has to stay, staying."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from scheduling_cast import ANA, LEE, TOM, UNLOCKING, at, calendar, facts, hours, ids

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
from services.scheduling.domain.changing import changed, next_open_date
from services.scheduling.domain.planner import draft_run
from services.scheduling.domain.runs import Slot
from shared.errors import Refused

NINTH_OF_MARCH = dt.datetime(2027, 3, 9, 8, 20, tzinfo=dt.UTC)
BEFORE_CHRISTMAS = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)

TUESDAYS = (
    *("2027-01-12", "2027-01-19", "2027-01-26", "2027-02-02", "2027-02-09", "2027-02-16", "2027-02-23", "2027-03-02"),
    *("2027-03-09", "2027-03-16", "2027-03-23", "2027-03-30", "2027-04-06", "2027-04-13", "2027-04-20", "2027-04-27"),
)
CASCADED = (*TUESDAYS[:8], *TUESDAYS[9:], "2027-05-04")
FROM_15_FEBRUARY = (
    *("2027-02-15", "2027-02-22", "2027-03-01", "2027-03-08", "2027-03-15", "2027-03-22"),
    *("2027-04-05", "2027-04-12", "2027-04-19", "2027-04-26"),
    *("2027-05-10", "2027-05-17", "2027-05-24", "2027-06-07", "2027-06-14", "2027-06-21"),
)
FROM_1_MARCH = (
    *("2027-03-01", "2027-03-08", "2027-03-15", "2027-03-22", "2027-04-05", "2027-04-12", "2027-04-19", "2027-04-26"),
    *("2027-05-10", "2027-05-17", "2027-05-24", "2027-06-07", "2027-06-14", "2027-06-21", "2027-06-28", "2027-07-05"),
)


def planned(start="2027-01-12", weekday=1, window="pm", time=None, known=None):
    slot = Slot(dt.date.fromisoformat(start), weekday, window, time)
    new_id = iter(range(1001, 2000))
    return draft_run(
        run_id=UUID(int=9),
        enquiry="KT-7F3K-92",
        slot=slot,
        facilitator_ids=(TOM, ANA),
        facts=known or facts(),
        new_id=lambda: UUID(int=next(new_id)),
    )


def after(run, change, now=BEFORE_CHRISTMAS, known=None):
    return changed(run, change, known or facts(), now, ids())


def dates(run):
    return tuple(each.date.isoformat() for each in run.live)


def numbered(run, number):
    return next(each for each in run.live if each.number == number)


def delivered(run, *numbers):
    done = [replace(each, state="delivered") if each.number in numbers else each for each in run.sessions]
    return replace(run, sessions=tuple(done))


def test_the_run_that_all_this_is_about_meets_on_sixteen_tuesdays():
    assert dates(planned()) == TUESDAYS


def test_a_cascade_moves_the_number_and_all_later_ones_on_along_the_slot():
    run = planned()
    nine = numbered(run, 9)

    moved = after(run, Cascade(nine.id, "lockdown_or_incident", "prison"), NINTH_OF_MARCH)

    assert dates(moved) == CASCADED
    assert [each.number for each in moved.live] == list(range(1, 17))
    [original] = [each for each in moved.sessions if each.id == nine.id]
    assert (original.state, original.date.isoformat(), original.revision) == ("cancelled", "2027-03-09", 1)
    new = numbered(moved, 9)
    assert (new.supersedes, new.revision, new.kind, new.facilitator_ids) == (nine.id, 0, "planned", (TOM, ANA))
    assert moved.version == run.version + 1


def test_a_cascade_leaves_earlier_sessions_alone_and_keeps_the_ids_of_those_that_move():
    run = planned()

    moved = after(run, Cascade(numbered(run, 9).id, "lockdown_or_incident", "prison"), NINTH_OF_MARCH)

    assert moved.live[:8] == run.live[:8]
    assert [each.id for each in moved.live[9:]] == [each.id for each in run.live[9:]]
    assert {each.revision for each in moved.live[9:]} == {1}


def test_moving_the_whole_run_makes_dates_anew_and_does_not_add_days():
    run = planned("2027-02-15", weekday=0, window="am")
    assert dates(run) == FROM_15_FEBRUARY

    moved = after(run, MoveRun(dt.date(2027, 3, 1)))

    assert dates(moved) == FROM_1_MARCH
    assert [each.id for each in moved.live] == [each.id for each in run.live]
    assert [each.date.isoformat() for each in moved.skipped] == ["2027-03-29", "2027-05-03", "2027-05-31"]
    assert (moved.slot.start, moved.slot.weekday) == (dt.date(2027, 3, 1), 0)


def test_moving_a_run_that_has_begun_leaves_what_was_held():
    run = delivered(planned(), 1, 2)

    moved = after(run, MoveRun(dt.date(2027, 2, 9)), dt.datetime(2027, 1, 20, 9, tzinfo=dt.UTC))

    assert dates(moved)[:4] == ("2027-01-12", "2027-01-19", "2027-02-09", "2027-02-16")
    assert dates(moved)[-1] == "2027-05-11"
    assert moved.live[:2] == run.live[:2]


def test_moving_on_from_a_session_takes_all_later_ones_along():
    run = planned()

    moved = after(run, MoveOn(numbered(run, 15).id, dt.date(2027, 5, 1)))

    assert dates(moved) == (*TUESDAYS[:14], "2027-05-04", "2027-05-11")


def test_moving_one_session_moves_that_one():
    run = planned()

    moved = after(run, Move(numbered(run, 5).id, dt.date(2027, 2, 11)))

    assert dates(moved) == (*TUESDAYS[:4], "2027-02-11", *TUESDAYS[5:])
    assert (numbered(moved, 5).id, numbered(moved, 5).revision) == (numbered(run, 5).id, 1)


def test_a_moved_session_keeps_its_time_by_the_clock_where_a_window_holds_it():
    wide = replace(facts(), calendar=calendar(hours(pm="13:30-17:00")))
    run = planned(time=at("13:45"), known=wide)
    plain = replace(run, slot=replace(run.slot, time=None))

    moved = after(plain, Move(numbered(run, 5).id, dt.date(2027, 2, 11)), known=wide)

    assert (numbered(moved, 5).start, numbered(moved, 5).end) == (at("13:45"), at("16:45"))


def test_a_moved_session_begins_with_the_window_where_its_time_would_not_fit():
    run = planned()
    later = replace(facts(), calendar=calendar(hours(pm="14:00-17:30")))

    moved = after(run, Move(numbered(run, 5).id, dt.date(2027, 2, 11)), known=later)

    assert (numbered(moved, 5).start, numbered(moved, 5).end) == (at("14:00"), at("17:00"))


def test_a_session_can_move_to_another_time_of_its_own_day():
    run = planned()

    moved = after(run, Move(numbered(run, 5).id, dt.date(2027, 2, 9), at("08:30")))

    assert dates(moved) == TUESDAYS
    assert (numbered(moved, 5).start, numbered(moved, 5).end) == (at("08:30"), at("11:30"))


def test_ten_o_clock_stays_ten_o_clock_when_the_clocks_change():
    run = planned("2027-03-16", window=None, time=at("08:30"))

    moved = after(run, MoveRun(dt.date(2027, 3, 23)))

    assert [each.starts_at().isoformat() for each in moved.live[:2]] == [
        "2027-03-23T08:30:00+00:00",
        "2027-03-30T07:30:00+00:00",
    ]


def test_a_change_of_slot_begins_in_the_week_of_the_first_session_it_changes():
    run = planned()

    thursdays = after(run, ChangeSlot(weekday=3, from_session_id=numbered(run, 15).id))
    mondays = after(run, ChangeSlot(weekday=0, from_session_id=numbered(run, 15).id))

    assert dates(thursdays)[13:] == ("2027-04-13", "2027-04-22", "2027-04-29")
    assert dates(mondays)[13:] == ("2027-04-13", "2027-04-19", "2027-04-26")
    assert {each.start for each in thursdays.live} == {at("13:45")}


def test_another_window_brings_its_own_start():
    moved = after(planned(time=at("13:45")), ChangeSlot(window="am"))

    assert dates(moved) == TUESDAYS
    assert {(each.start, each.end) for each in moved.live} == {(at("08:30"), at("11:30"))}


def test_another_time_stays_within_the_weekday():
    moved = after(planned(), ChangeSlot(time=at("14:00")))

    assert dates(moved) == TUESDAYS
    assert {each.start for each in moved.live} == {at("14:00")}


def test_a_make_up_stands_in_the_place_of_the_one_that_falls_out():
    run = planned()
    nine = numbered(run, 9)

    made_up = after(run, MakeUp(nine.id, dt.date(2027, 3, 11), None, "no_escort", "prison"), NINTH_OF_MARCH)

    assert dates(made_up) == (*TUESDAYS[:8], "2027-03-11", *TUESDAYS[9:])
    assert (numbered(made_up, 9).kind, numbered(made_up, 9).supersedes) == ("make_up", nine.id)


def test_a_make_up_may_come_after_sessions_with_higher_numbers():
    run = planned()
    without = after(run, Cancel((numbered(run, 9).id,), "no_escort", "prison"), NINTH_OF_MARCH)

    made_up = after(without, MakeUp(numbered(run, 9).id, dt.date(2027, 3, 25)), NINTH_OF_MARCH)

    assert numbered(made_up, 9).date == dt.date(2027, 3, 25)
    assert len(made_up.live) == 16


def test_a_make_up_keeps_its_day_when_others_are_moved_and_nothing_is_put_on_it():
    run = planned()
    without = after(run, Cancel((numbered(run, 9).id,), "no_escort", "prison"), NINTH_OF_MARCH)
    made_up = after(without, MakeUp(numbered(run, 9).id, dt.date(2027, 5, 4)), NINTH_OF_MARCH)

    moved = after(made_up, MoveOn(numbered(run, 16).id, dt.date(2027, 4, 28)), NINTH_OF_MARCH)

    assert numbered(moved, 9).date == dt.date(2027, 5, 4)
    assert numbered(moved, 16).date == dt.date(2027, 5, 11)


def test_the_next_open_date_goes_round_weekends_closures_and_other_sessions():
    run = planned()
    closed = tuple(Blackout(day, day, "closed") for day in (dt.date(2027, 3, 10), dt.date(2027, 3, 11)))
    known = replace(facts(), calendar=calendar(hours(), closed))

    assert next_open_date(run, numbered(run, 9), known, NINTH_OF_MARCH) == dt.date(2027, 3, 12)
    friday = replace(known, calendar=calendar(hours(days=(0, 1, 2, 3)), closed))
    assert next_open_date(run, numbered(run, 9), friday, NINTH_OF_MARCH) == dt.date(2027, 3, 15)
    nothing = replace(known, calendar=calendar(hours(days=(1,)), closed))
    assert next_open_date(run, numbered(run, 16), nothing, NINTH_OF_MARCH) == dt.date(2027, 5, 4)


def test_a_swap_for_some_sessions_is_cover_and_leaves_the_team():
    run = planned()

    swapped = after(run, Swap((numbered(run, 2).id,), out=ANA, into=LEE))

    assert numbered(swapped, 2).facilitator_ids == (TOM, LEE)
    assert (numbered(swapped, 2).revision, numbered(swapped, 3).revision) == (1, 0)
    assert swapped.facilitator_ids == (TOM, ANA)


def test_a_swap_for_all_that_is_to_come_changes_the_team():
    run = delivered(planned(), 1)

    swapped = after(run, Swap((), out=ANA, into=LEE), dt.datetime(2027, 1, 13, 9, tzinfo=dt.UTC))

    assert numbered(swapped, 1).facilitator_ids == (TOM, ANA)
    assert {each.facilitator_ids for each in swapped.live[1:]} == {(TOM, LEE)}
    assert swapped.facilitator_ids == (TOM, LEE)


def test_somebody_can_leave_without_anybody_in_their_place_and_come_without_anybody_leaving():
    run = planned()

    alone = after(run, Swap((numbered(run, 2).id,), out=ANA))
    three = after(run, Swap((), into=LEE))

    assert numbered(alone, 2).facilitator_ids == (TOM,)
    assert {each.facilitator_ids for each in three.live} == {(TOM, ANA, LEE)}


def test_a_closure_goes_by_the_remedy_of_each_session():
    run = planned()
    shut = Blackout(dt.date(2027, 3, 9), dt.date(2027, 3, 17), "lockdown or incident")
    known = replace(facts(), calendar=calendar(hours(), (shut,)))
    ten = numbered(run, 10)
    close = Close("RSI", shut.first, shut.last, "lockdown_or_incident", "make_up", remedies=((ten.id, "drop"),))

    closed = after(run, close, NINTH_OF_MARCH, known)

    assert dates(closed) == (*TUESDAYS[:8], "2027-03-18", *TUESDAYS[10:])
    assert [each.number for each in closed.live] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16]


def test_a_closure_that_cascades_goes_round_itself():
    run = planned()
    shut = Blackout(dt.date(2027, 3, 9), dt.date(2027, 3, 17), "lockdown or incident")
    known = replace(facts(), calendar=calendar(hours(), (shut,)))

    closed = after(run, Close("RSI", shut.first, shut.last, "lockdown_or_incident"), NINTH_OF_MARCH, known)

    assert dates(closed) == (*TUESDAYS[:8], *TUESDAYS[10:], "2027-05-04", "2027-05-11")
    assert [each.number for each in closed.sessions if each.state == "cancelled"] == [9, 10]


def test_a_course_of_three_days_cascades_by_days():
    known = facts(programme=UNLOCKING)
    run = planned("2027-02-03", weekday=2, window=None, known=known)
    assert dates(run) == ("2027-02-03", "2027-02-04", "2027-02-05")

    moved = after(run, Cascade(run.live[1].id, "room_unavailable", "prison"), known=known)

    assert dates(moved) == ("2027-02-03", "2027-02-05", "2027-02-08")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda _: Move(UUID(int=7), dt.date(2027, 5, 1)), "not_found", "no session"),
        (lambda _: Cancel((UUID(int=7),), "other", "prison"), "not_found", "no session"),
        (lambda _: Cancel((), "other", "prison"), "invalid", "which sessions"),
        (lambda run: Move(run.live[9].id, dt.date(2027, 3, 8)), "invalid", "8 March 2027 has passed"),
        (lambda _: MoveRun(dt.date(2027, 3, 8)), "invalid", "has passed"),
        (lambda run: MoveOn(run.live[9].id, dt.date(2027, 3, 8)), "invalid", "has passed"),
        (lambda run: Move(run.live[8].id, dt.date(2027, 3, 9), dt.time(8, 0)), "refused", "H11: 08:00 on 9 March 2027"),
        (lambda run: Move(run.live[7].id, dt.date(2027, 3, 10)), "refused", "H11: session 8 was held"),
        (lambda run: Move(run.live[6].id, dt.date(2027, 3, 10)), "refused", "H11: session 7 began"),
        (lambda run: MoveOn(run.live[6].id, dt.date(2027, 3, 10)), "refused", "H11"),
        (lambda run: Cascade(run.live[6].id, "other", "prison"), "refused", "H11: session 8 was held"),
        (lambda run: Cancel((run.live[7].id,), "other", "prison"), "refused", "H11: session 8 was held"),
        (lambda run: MakeUp(run.live[7].id, dt.date(2027, 3, 10), None, "other", "prison"), "refused", "H11"),
        (lambda run: MakeUp(run.live[9].id, dt.date(2027, 3, 10)), "invalid", "still stands"),
        (lambda run: MakeUp(run.sessions[-1].id, dt.date(2027, 3, 10)), "refused", "made up already"),
        (lambda run: Cancel((run.sessions[-1].id,), "other", "prison"), "refused", "cancelled already"),
        (lambda run: Move(run.live[9].id, dt.date(2027, 3, 24)), "refused", "H10: session 11"),
        (lambda run: Move(run.live[9].id, dt.date(2027, 3, 23)), "refused", "on the same day as"),
        (lambda run: Move(run.live[9].id, run.live[9].date), "refused", "Nothing would change"),
        (lambda _: ChangeSlot(), "invalid", "what changes"),
        (lambda _: ChangeSlot(weekday=9), "invalid", "Monday to Sunday"),
        (lambda run: Swap((run.live[9].id,)), "invalid", "who leaves"),
        (lambda run: Swap((run.live[9].id,), TOM, TOM), "invalid", "same person"),
        (lambda run: Swap((run.live[9].id,), LEE, None), "refused", "Lee Marsh does not lead session 10"),
        (lambda run: Swap((run.live[9].id,), TOM, ANA), "refused", "Ana Reyes leads session 10"),
        (lambda run: Swap((run.live[9].id,), TOM, UUID(int=77)), "not_found", "no facilitator"),
        (lambda run: Swap((run.live[7].id,), TOM, LEE), "refused", "H11"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_and_the_mend(change, code, words):
    run = delivered(planned(), 1, 2, 3, 4, 5, 6, 8)
    twin = replace(run.live[10], id=UUID(int=5000), state="cancelled")
    run = replace(run, sessions=(*run.sessions, twin))

    with pytest.raises(Refused) as refusal:
        after(run, change(run), NINTH_OF_MARCH)

    assert refusal.value.code == code
    assert words in f"{refusal.value.detail} {refusal.value.fields}"


@pytest.mark.parametrize("state", ["completed", "ended_early", "cancelled"])
def test_a_run_that_is_over_is_not_changed(state):
    run = replace(planned(), state=state)

    with pytest.raises(Refused, match="nothing of it can be changed"):
        after(run, MoveRun(dt.date(2027, 3, 1)))


def test_a_cascade_beyond_the_end_of_the_calendar_is_refused():
    run = planned()
    shut = Blackout(dt.date(2027, 4, 1), dt.date(9999, 12, 31), "closed for good")

    with pytest.raises(Refused, match="only 3 could be found"):
        after(
            run,
            Cascade(numbered(run, 9).id, "other", "prison"),
            NINTH_OF_MARCH,
            replace(facts(), calendar=calendar(hours(), (shut,))),
        )
    last_day = planned("9999-08-31", weekday=None)
    assert last_day.live[-1].date == dt.date(9999, 12, 14)
    with pytest.raises(Refused, match="open date"):
        after(last_day, Cascade(last_day.live[-1].id, "other", "prison"))


def test_a_remote_run_keeps_its_hour_whatever_the_windows_say():
    known = replace(facts(regime=hours(am="09:30-11:45")), mode="remote")
    run = replace(planned(time=at("10:00")), mode="remote")

    moved = after(run, Move(numbered(run, 5).id, dt.date(2027, 2, 10)), known=known)

    assert numbered(moved, 5).start == at("10:00")


def test_a_session_nobody_put_down_can_still_be_cancelled_after_its_hour():
    run = planned()

    told_late = after(
        run, Cancel((numbered(run, 9).id,), "other", "prison"), dt.datetime(2027, 3, 9, 18, tzinfo=dt.UTC)
    )

    assert [each.number for each in told_late.sessions if each.state == "cancelled"] == [9]
