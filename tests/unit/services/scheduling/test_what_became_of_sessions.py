"""Sessions that were held, on both databases: put down, corrected, taken back, counted, and reported."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from services.scheduling.domain.attendance import Attendance, Feedback
from services.scheduling.handlers import delivery
from services.scheduling.queries import delivery as reading
from services.scheduling.tables import attendance, bookings, feedback, outcomes, runs
from shared.contracts.scheduling import SessionRecorded
from shared.errors import Refused
from tests.unit.services.scheduling.papers_cast import (
    RUN,
    TUESDAYS,
    at,
    change_session,
    furnished,
    loaded,
    new_database,
    rows,
    session_id,
    told,
    told_with_sequence,
)

NINE_CAME = Attendance(12, 9, late=2, left_early=1, absent={"not_unlocked": 2, "unwell": 1})


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("held"), request)
    yield database
    database.close()


@pytest.fixture
def store(database):
    return furnished(database)


def after(store, number, hour="17:00", days=0):
    on = dt.date.fromisoformat(TUESDAYS[number - 1]) + dt.timedelta(days=days)
    return at(store, f"{on}T{hour}")


def held(store, number, **when):
    with after(store, number, **when).work() as work:
        delivery.record_delivered(work, session_id(number), actor="tom")


def part_held(store, number, cause="late_unlock", party="prison", minutes=90, **when):
    with after(store, number, **when).work() as work:
        delivery.record_part_delivered(work, session_id(number), cause=cause, party=party, minutes=minutes, actor="tom")


def undone(store, number, **when):
    with after(store, number, **when).work() as work:
        delivery.undo_outcome(work, session_id(number), actor="priya")


def counted(store, number, counts=NINE_CAME, **when):
    with after(store, number, **when).work() as work:
        delivery.submit_attendance(work, session_id(number), counts, actor="tom")


def state_of(store, number):
    return next(each.state for each in loaded(store).sessions if each.id == session_id(number))


def shown(store, number):
    with store.database.reading() as connection:
        return reading.get_delivery(connection, session_id(number))


def report(store, **more):
    with store.database.reading() as connection:
        return reading.run_report(connection, RUN, **{"external": False, **more})


def test_a_session_that_was_held_is_put_down_charged_and_told(store):
    held(store, 1)

    assert state_of(store, 1) == "delivered"
    assert shown(store, 1)["outcome"]["recorded_by"] == "tom"
    [event] = told(store, SessionRecorded)
    assert (event.session_id, event.reference, event.number) == (session_id(1), "KT-7F3K-92", 1)
    assert (event.date, event.state, event.chargeable, event.attended) == (
        dt.date(2027, 1, 12),
        "delivered",
        True,
        None,
    )


@pytest.mark.parametrize("hour", ["09:00", "13:44"])
def test_nothing_is_put_down_before_a_session_has_started(store, hour):
    with pytest.raises(Refused, match="starts on 12 January 2027 at 13:45"):
        held(store, 1, hour=hour)

    assert (state_of(store, 1), rows(store, outcomes), told(store, SessionRecorded)) == ("planned", [], [])


def test_from_its_start_on_it_can_be_put_down_by_london_s_clock(store):
    # Session 12, on 30 March, is in summer time: 13:45 in London is 12:45 UTC.
    with pytest.raises(Refused, match="starts on"):
        held(store, 12, hour="13:44")
    held(store, 12, hour="13:45")

    assert state_of(store, 12) == "delivered"


@pytest.mark.parametrize(
    ("cause", "party", "charged"),
    [
        ("late_unlock", "prison", True),
        ("lockdown_or_incident", "prison", False),
        ("facilitator_unavailable", "provider", False),
        ("travel_or_weather", "external", False),
    ],
)
def test_a_part_is_charged_by_the_rule(store, cause, party, charged):
    part_held(store, 1, cause, party)

    outcome = shown(store, 1)["outcome"]
    assert (outcome["cause"], outcome["party"], outcome["minutes"], outcome["chargeable"]) == (
        cause,
        party,
        90,
        charged,
    )
    [event] = told(store, SessionRecorded)
    assert (event.state, event.cause, event.party, event.chargeable) == ("part_delivered", cause, party, charged)


@pytest.mark.parametrize("minutes", [180, 181])
def test_a_part_that_is_the_whole_is_none(store, minutes):
    with pytest.raises(Refused, match="180 minutes") as caught:
        part_held(store, 1, minutes=minutes)

    assert caught.value.fields["minutes"]
    assert state_of(store, 1) == "planned"


def test_within_the_day_it_can_be_put_down_otherwise_and_the_counts_stay(store):
    held(store, 1)
    counted(store, 1)
    part_held(store, 1, hour="23:59")

    assert state_of(store, 1) == "part_delivered"
    assert shown(store, 1)["attendance"]["attended"] == 9
    kept = sorted((row.state, row.undone_by) for row in rows(store, outcomes))
    assert kept == [("delivered", "tom"), ("part_delivered", None)]
    assert [(event.state, event.attended, n) for event, n in told_with_sequence(store, SessionRecorded)] == [
        ("delivered", None, 1),
        ("delivered", 9, 2),
        ("part_delivered", 9, 3),
    ]


@pytest.mark.parametrize("act", [undone, part_held, held])
def test_on_the_next_day_it_is_history(store, act):
    held(store, 1)
    with pytest.raises(Refused, match="on that day only"):
        act(store, 1, days=1, hour="00:01")

    assert state_of(store, 1) == "delivered"


def test_what_was_put_down_late_can_be_taken_back_on_the_day_it_was_put_down(store):
    held(store, 1, days=2)
    undone(store, 1, days=2)

    assert state_of(store, 1) == "planned"


def test_taken_back_a_session_is_planned_again_without_counts_and_with_its_people_s_time(store):
    before = len(rows(store, bookings))
    held(store, 1)
    counted(store, 1)
    undone(store, 1)

    assert (state_of(store, 1), rows(store, attendance)) == ("planned", [])
    assert shown(store, 1)["outcome"] is None
    last = told(store, SessionRecorded)[-1]
    assert (last.state, last.chargeable, last.attended) == ("planned", False, None)
    assert len(rows(store, bookings)) == before == 32


def test_nothing_to_take_back_is_said_so(store):
    with pytest.raises(Refused, match="Nothing has been put down"):
        undone(store, 1)
    with store.work() as work:
        change_session(work, 1, state="cancelled")
    with pytest.raises(Refused, match="was cancelled"):
        undone(store, 1)


def test_a_session_that_fell_out_is_not_held(store):
    with store.work() as work:
        change_session(work, 1, state="cancelled")
    with pytest.raises(Refused, match="does not take place"):
        held(store, 1)


@pytest.mark.parametrize("state", ["draft", "held", "cancelled", "ended_early"])
def test_only_a_run_that_stands_is_delivered(store, state):
    with store.work() as work:
        work.connection.execute(update(runs).values(state=state))
    with pytest.raises(Refused, match="only a confirmed one"):
        held(store, 1)


def test_with_its_last_session_a_run_is_completed_and_with_a_slip_taken_back_it_goes_on(store):
    with store.work() as work:
        change_session(work, 9, state="cancelled")
    for number in range(1, 16):
        if number != 9:
            held(store, number)
    assert loaded(store).state == "confirmed"
    held(store, 16)
    assert loaded(store).state == "completed"

    undone(store, 16)

    assert loaded(store).state == "confirmed"
    held(store, 16)
    assert loaded(store).state == "completed"


def test_unknown_sessions_and_runs_are_said_to_be_unknown(store):
    for act in (held, undone, counted):
        with pytest.raises(Refused, match="no session") as caught:
            act_on_unknown(store, act)
        assert caught.value.code == "not_found"
    with pytest.raises(Refused, match="no run"), store.work() as work:
        delivery.record_feedback(work, UUID(int=5), Feedback("host", 1, {"felt_safe": {5: 1}}), actor="priya")


def act_on_unknown(store, act):
    with store.work() as work:
        if act is held:
            delivery.record_delivered(work, UUID(int=5), actor="tom")
        elif act is undone:
            delivery.undo_outcome(work, UUID(int=5), actor="tom")
        else:
            delivery.submit_attendance(work, UUID(int=5), NINE_CAME, actor="tom")


def test_how_many_came_is_kept_as_counts_and_told(store):
    held(store, 1)
    counted(store, 1)

    came = shown(store, 1)["attendance"]
    assert (came["expected"], came["attended"], came["late"], came["left_early"]) == (12, 9, 2, 1)
    assert (came["absent"], came["seats"], came["corrected_at"]) == ({"not_unlocked": 2, "unwell": 1}, None, None)
    assert told(store, SessionRecorded)[-1].attended == 9


def test_a_correction_keeps_its_moment_and_the_same_again_is_none(store):
    held(store, 1)
    counted(store, 1)
    counted(store, 1, days=3)
    assert shown(store, 1)["attendance"]["corrected_at"] is None
    assert len(told(store, SessionRecorded)) == 2

    counted(store, 1, Attendance(12, 10, absent={"unwell": 2}), days=3)

    came = shown(store, 1)["attendance"]
    assert (came["attended"], came["submitted_at"][:10], came["corrected_at"][:10]) == (10, "2027-01-12", "2027-01-15")
    assert told(store, SessionRecorded)[-1].attended == 10


@pytest.mark.parametrize(
    ("counts", "field", "why"),
    [
        (Attendance(12, 9), "expected", "9 who came and 0 who did not make 9"),
        (Attendance(9, 9, absent={"unwell": 1}), "expected", "make 10"),
        (Attendance(9, 9, late=10), "late", "more than the 9 who came"),
        (Attendance(9, 9, left_early=10), "left_early", "more than the 9"),
        (Attendance(2, 1, absent={"unwell": 1}, seats={1: "attended"}), "seats", "1 seats are marked"),
        (Attendance(2, 1, absent={"unwell": 1}, seats={1: "attended", 2: "partly"}), "seats", "0 of them absent"),
    ],
)
def test_counts_that_disagree_are_refused_by_the_name_of_the_count(store, counts, field, why):
    held(store, 1)
    with pytest.raises(Refused) as caught:
        counted(store, 1, counts)

    assert list(caught.value.fields) == [field]
    assert why in caught.value.fields[field][0]
    assert rows(store, attendance) == []


def test_seats_are_marked_by_number_where_a_group_keeps_them(store):
    held(store, 1)
    counted(store, 1, Attendance(3, 2, absent={"unwell": 1}, seats={1: "attended", 16: "partly", 2: "absent"}))

    assert shown(store, 1)["attendance"]["seats"] == {"1": "attended", "2": "absent", "16": "partly"}


def test_nobody_is_counted_at_a_session_that_was_not_put_down_as_held(store):
    with pytest.raises(Refused, match="has not been put down as held"):
        counted(store, 1)


def test_feedback_is_counts_by_question(store):
    with pytest.raises(Refused, match="No session"), store.work() as work:
        delivery.record_feedback(work, RUN, Feedback("participants", 5, {"felt_safe": {5: 5}}), actor="priya")
    held(store, 1)
    with store.work() as work:
        delivery.record_feedback(work, RUN, Feedback("participants", 7, {"felt_safe": {4: 2, 5: 5}}), actor="priya")
        delivery.record_feedback(work, RUN, Feedback("participants", 3, {"felt_safe": {5: 3}}), actor="priya")
        delivery.record_feedback(work, RUN, Feedback("host", 1, {"well_led": {5: 1}}), actor="priya")

    assert report(store)["feedback"] == [
        {"audience": "host", "answers": 1, "scores": {"well_led": {"5": 1}}},
        {"audience": "participants", "answers": 10, "scores": {"felt_safe": {"4": 2, "5": 8}}},
    ]


def test_more_scores_than_people_are_refused(store):
    held(store, 1)
    with pytest.raises(Refused) as caught, store.work() as work:
        delivery.record_feedback(work, RUN, Feedback("participants", 4, {"felt_safe": {5: 5}}), actor="priya")

    assert caught.value.fields["scores"] == ["felt_safe has 5 scores from 4 people."]
    assert rows(store, feedback) == []


def cancelled(store, number, cause, party):
    with store.work() as work:
        change_session(work, number, state="cancelled")
        row = {"id": work.new_id(), "session_id": session_id(number), "state": "cancelled", "reason": cause}
        more = {"party": party, "chargeable": False, "recorded_at": work.now, "recorded_by": "priya"}
        work.connection.execute(insert(outcomes), {**row, **more})


def test_a_report_says_what_was_planned_and_what_became_of_it(store):
    held(store, 1)
    counted(store, 1)
    part_held(store, 2)
    counted(store, 2, Attendance(12, 12))
    cancelled(store, 9, "lockdown_or_incident", "prison")
    cancelled(store, 10, "lockdown_or_incident", "prison")
    cancelled(store, 11, "facilitator_unavailable", "provider")

    told_us = report(store)

    numbers = [told_us[name] for name in ("planned", "delivered", "part_delivered", "to_come")]
    assert numbers == [16, 1, 1, 11]
    assert told_us["cancelled"] == [
        {"cause": "lockdown_or_incident", "party": "prison", "sessions": 2},
        {"cause": "facilitator_unavailable", "party": "provider", "sessions": 1},
    ]
    assert told_us["attendance"] == {
        "sessions_counted": 2,
        "expected": 24,
        "attended": 21,
        "late": 2,
        "left_early": 1,
        "absent": {"not_unlocked": 2, "unwell": 1},
    }


def test_what_another_session_stands_for_again_did_not_fall_out(store):
    cancelled(store, 9, "lockdown_or_incident", "prison")
    with store.work() as work:
        change_session(work, 10, state="superseded")

    assert [each["sessions"] for each in report(store)["cancelled"]] == [1]


def test_what_leaves_the_house_hides_small_counts_and_what_would_tell_them(store):
    held(store, 1)
    counted(store, 1)
    with store.work() as work:
        delivery.record_feedback(work, RUN, Feedback("host", 1, {"well_led": {5: 1}}), actor="priya")

    outside = report(store, external=True)

    # Three did not come: from 12 and 9 that could be worked out, so 12 is hidden too.
    assert outside["attendance"] == {
        "sessions_counted": 1,
        "expected": None,
        "attended": 9,
        "late": None,
        "left_early": None,
        "absent": {"not_unlocked": None, "unwell": None},
    }
    assert outside["feedback"] == [{"audience": "host", "answers": None, "scores": {}}]
    assert (outside["planned"], outside["delivered"]) == (16, 1)
    assert report(store)["attendance"]["late"] == 2
