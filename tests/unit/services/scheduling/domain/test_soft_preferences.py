"""The soft preferences, each met and not met, at its edge."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from scheduling_cast import (
    ANA,
    LEE,
    MANY_FACES,
    PEOPLE,
    THURSDAY,
    TOM,
    TUESDAY,
    UNLOCKING,
    booking,
    cleared,
    facts,
    hours,
    ids,
    run,
    session,
)

from services.scheduling.domain.facilitators import Accreditation
from services.scheduling.domain.facts import Wish
from services.scheduling.domain.planner import choose_facilitators, draft_run
from services.scheduling.domain.preferences import (
    clearance_outlasts_the_run,
    day_between_heavy_sessions,
    days_are_not_full,
    ends_lie_clear_of_closures,
    gaps_are_short,
    insurance_is_on_file,
    journeys_are_short,
    long_gaps,
    no_friday_afternoon,
    not_the_first_monday_after_christmas,
    of_member,
    of_slot,
    prison_has_its_wish,
    same_people_throughout,
    same_slot_throughout,
    starts_soon,
    warnings_of,
    weeks_are_not_full,
    window_leaves_slack,
    work_is_shared_fairly,
)
from services.scheduling.domain.runs import Slot
from services.scheduling.domain.travel import Travel, pair

REMOTE = {"mode": "remote", "programme": replace(UNLOCKING, modes=("in_person", "remote"))}


def planned(known, start="2027-01-12", weekday=TUESDAY, window="pm"):
    return draft_run(
        run_id=UUID(int=9),
        enquiry="KT-7F3K-92",
        slot=Slot(dt.date.fromisoformat(start), weekday, window),
        facilitator_ids=(TOM, ANA),
        facts=known,
        new_id=ids(),
    )


def codes(one, known):
    return [each.code for each in warnings_of(one, known)]


def insured(known):
    until = dt.date(2030, 1, 1)
    return replace(known, facilitators={who: replace(each, insured_until=until) for who, each in PEOPLE.items()})


def test_a_window_that_is_used_to_the_last_minute_is_worth_a_warning():
    known = insured(facts())
    (warning,) = warnings_of(planned(known), known)

    assert (warning.code, warning.why) == (
        "slack",
        "16 sessions of 16 use 180 of the window's 180 minutes, which leaves no time to spare. A shorter session or a "
        "longer window would ease it.",
    )


@pytest.mark.parametrize(("pm", "left"), [("13:45-16:59", "14 minutes"), ("13:45-17:00", None)])
def test_a_quarter_of_an_hour_to_spare_is_enough(pm, left):
    found = window_leaves_slack((session(),), facts(regime=hours(pm=pm)))

    assert (found.points > 0) == (left is not None)
    assert left is None or f"leaves {left} to spare" in found.why


def test_only_the_sessions_that_are_tight_are_counted():
    roomy, tight = session(start="13:45", end="16:30"), session("2027-01-19", number=2)
    known = facts(regime=hours(pm="13:45-16:45"), programme=replace(MANY_FACES, minutes=180))

    assert window_leaves_slack((roomy, tight), known).why.startswith("1 session of 2 uses 180 of")


def test_a_training_day_is_measured_by_its_teaching_and_a_remote_session_by_nothing():
    day = session(start="08:30", end="16:45")

    assert window_leaves_slack((day,), facts(programme=UNLOCKING)).points == 0
    assert window_leaves_slack((session(),), replace(facts(), **REMOTE)).points == 0


def test_fourteen_days_are_no_gap_and_fifteen_are():
    fortnight = (session("2027-01-12"), session("2027-01-26", number=2))
    assert (gaps_are_short(fortnight).points, long_gaps(fortnight)) == (0, ())
    assert gaps_are_short((session("2027-01-12"), session("2027-01-27", number=2))).points > 0


def test_a_christmas_gap_says_from_when_to_when_and_why():
    one = planned(facts(), "2026-10-01", THURSDAY)
    found = gaps_are_short(one.sessions, one.skipped)

    assert found.why == (
        "There is no session for 21 days from 17 December 2026 to 7 January 2027 (Christmas and New Year closure)."
    )
    assert [(a.number, b.number) for a, b in long_gaps(one.sessions)] == [(12, 13)]


@pytest.mark.parametrize(
    ("day", "start", "hit"), [("2027-01-15", "12:00", 1), ("2027-01-15", "11:59", 0), ("2027-01-14", "13:45", 0)]
)
def test_friday_is_quiet_from_noon(day, start, hit):
    found = no_friday_afternoon((session(day, start, "15:00"),), facts())

    assert (found.points > 0) == bool(hit)


@pytest.mark.parametrize(
    ("day", "hit"),
    [
        ("2027-01-04", True),  # closed until Sunday 3 January
        ("2027-01-11", False),
        ("2027-01-05", False),
        ("2029-01-08", True),  # Monday 1 January lies in the closure
        ("2029-01-15", False),
        ("2027-02-01", False),
    ],
)
def test_the_first_monday_after_christmas_is_the_first_that_is_open(day, hit):
    assert (not_the_first_monday_after_christmas((session(day),), facts()).points > 0) == hit


@pytest.mark.parametrize(
    ("first", "last", "times"),
    [
        ("2027-01-07", "2027-04-22", 0),  # four days after the closure
        ("2027-01-06", "2027-04-22", 1),
        ("2027-01-07", "2027-03-25", 1),  # the day before Good Friday
        ("2027-01-06", "2027-03-25", 2),
    ],
)
def test_a_run_begins_and_ends_clear_of_closures(first, last, times):
    ends = (session(first), session("2027-03-27", number=2), session(last, number=3))

    assert ends_lie_clear_of_closures(ends, facts()).points == 2.0 * times


def test_a_start_is_weighed_by_full_weeks_after_the_earliest():
    day = dt.date(2027, 1, 6)

    assert starts_soon((session("2027-01-12"),), day).points == 0
    assert starts_soon((session("2027-01-13"),), day).points == 1
    assert starts_soon((session("2027-01-20"),), day).points == 2


@pytest.mark.parametrize(
    ("weekday", "window", "points"), [(None, None, 0), (1, "pm", 0), (2, "pm", 4), (1, "am", 2), (2, "am", 6)]
)
def test_the_prisons_wish_counts_by_day_and_by_part_of_the_day(weekday, window, points):
    assert prison_has_its_wish((session(),), weekday, window, facts()).points == points


def test_the_wish_of_an_enquiry_shows_among_the_warnings():
    known = replace(insured(facts(regime=hours(pm="13:30-17:00"))), wish=Wish(2, "pm"))

    (warning,) = warnings_of(planned(known), known)
    assert warning.why == "The prison would rather have Wednesdays."


# One person


def busy(*days, who=ANA, start="09:00", end="12:00", where="RSI"):
    return tuple(booking(who, f"{day}T{start}+00:00", f"{day}T{end}+00:00", where) for day in days)


def test_four_sessions_inside_prisons_in_a_week_are_enough():
    three = busy("2027-01-11", "2027-01-13", "2027-01-14")

    assert weeks_are_not_full(ANA, (session(),), facts(bookings=three)).points == 0
    over = weeks_are_not_full(ANA, (session(),), facts(bookings=(*three, *busy("2027-01-15"))))
    assert "Ana Reyes would have 5 sessions inside prisons in the week of 11 January 2027, and 4 are their" in over.why
    assert weeks_are_not_full(ANA, (session(),), facts(bookings=(*three, *busy("2027-01-18")))).points == 0
    remote = tuple(replace(each, in_prison=False) for each in busy("2027-01-15"))
    assert weeks_are_not_full(ANA, (session(),), facts(bookings=(*three, *remote))).points == 0


def test_two_groups_a_day_are_enough():
    one = busy("2027-01-12")

    assert days_are_not_full(ANA, (session(),), facts(bookings=one)).points == 0
    two = facts(bookings=(*one, *busy("2027-01-12", start="18:00", end="19:00")))
    assert "3 groups on 12 January 2027, and 2 are their limit" in days_are_not_full(ANA, (session(),), two).why
    assert days_are_not_full(TOM, (session(),), two).points == 0


@pytest.mark.parametrize(
    ("day", "end", "tired"),
    [
        ("2027-01-11", "11:30", True),
        ("2027-01-13", "11:30", True),
        ("2027-01-13", "11:29", False),
        ("2027-01-14", "12:00", False),
    ],
)
def test_a_day_lies_between_two_heavy_sessions(day, end, tired):
    known = facts(bookings=busy(day, end=end))

    assert (day_between_heavy_sessions(ANA, (session(),), known).points > 0) == tired


@pytest.mark.parametrize(("until", "points"), [("2027-02-11", 0.0), ("2027-02-10", 0.1), ("2027-01-12", 3.0)])
def test_a_clearance_lasts_a_month_beyond_the_run(until, points):
    known = facts(clearances=(cleared(ANA, until=until),))

    assert clearance_outlasts_the_run(ANA, (session(),), known).points == pytest.approx(points)


@pytest.mark.parametrize(("minutes", "points"), [(60, 0), (74, 0), (75, 1), (120, 4)])
def test_an_hour_of_travel_is_nothing_to_think_about(minutes, points):
    known = replace(facts(), travel=Travel(known={pair(str(ANA), "RSI"): minutes}))

    assert journeys_are_short(ANA, (session(),), known).points == points
    assert journeys_are_short(ANA, (session(),), replace(known, **REMOTE)).points == 0


def test_a_day_on_which_someone_is_near_already_costs_no_journey():
    travel = Travel(known={pair(str(ANA), "RSI"): 120, pair("FSI", "RSI"): 30})
    known = replace(facts(bookings=busy("2027-01-12", where="FSI")), travel=travel)
    further = replace(known, travel=Travel(known={**travel.known, pair("FSI", "RSI"): 31}))

    assert journeys_are_short(ANA, (session(),), known).points == 0
    assert journeys_are_short(ANA, (session(),), further).points == 4


def test_whoever_has_more_than_the_average_comes_later():
    known = facts(bookings=busy("2027-01-11", "2027-01-13", "2027-01-14"))

    assert work_is_shared_fairly(ANA, known).points == pytest.approx(0.25 * (3 - 1))
    assert work_is_shared_fairly(TOM, known).points == 0


def test_insurance_nobody_has_put_down_is_worth_a_warning():
    assert "Nobody has put down until when Ana Reyes is insured." in insurance_is_on_file(ANA, facts()).why
    assert insurance_is_on_file(ANA, insured(facts())).points == 0


# A run as it stands


def test_three_of_sixteen_sessions_may_have_cover():
    one = planned(facts())

    def covered(count):
        sessions = tuple(
            replace(each, facilitator_ids=(TOM, LEE)) if each.number <= count else each for each in one.sessions
        )
        return same_people_throughout(replace(one, sessions=sessions))

    assert covered(0).points == 0
    assert (covered(3).points, "more than" in covered(3).why) == (1.5, False)
    short = replace(one, sessions=tuple(replace(each, facilitator_ids=(TOM, LEE)) for each in one.sessions[:6]))
    assert same_people_throughout(short).points == 6 * 0.5 + 5 * 2.0  # one of six may have cover
    assert (
        covered(4).points,
        "more than 3 of 16, are not led by the regular team as it is: number 1, 2, 3 and 4" in covered(4).why,
    ) == (4.0, True)


def test_a_session_apart_in_day_time_or_room_is_named():
    usual = [session(f"2027-01-{day}", number=n) for n, day in enumerate(("05", "12", "19"), start=1)]
    apart = [
        session("2027-01-27", number=4),
        session("2027-02-02", "09:00", "12:00", number=5),
        replace(session("2027-02-09", number=6), room_id=UUID(int=50)),
    ]

    assert same_slot_throughout(run(*usual), facts()).points == 0
    found = same_slot_throughout(run(*usual, *usual_later(), *apart), facts())
    assert (found.points, found.why.endswith(": 4, 5 and 6.")) == (1.5, True)


def usual_later():
    return [session(f"2027-02-{day}", number=n) for n, day in enumerate(("16", "23"), start=7)]


def test_a_training_on_three_days_has_one_slot():
    known = insured(facts(programme=UNLOCKING))
    three = planned(known, "2027-01-12", None, None)

    assert codes(three, known) == []


def test_what_placing_asks_for_comes_by_slot_and_by_person():
    one = planned(facts())

    first, *_others = of_slot(one.sessions, (), None, None, dt.date(2027, 1, 1), facts())
    assert first.code == "later_start"
    assert {each.facilitator_id for each in of_member(ANA, one.sessions, facts())} == {ANA}
    assert of_slot((), (), None, None, None, facts()) == ()
    assert of_member(ANA, (), facts()) == ()


def test_a_run_without_sessions_has_no_warnings():
    assert warnings_of(run(), facts()) == ()


def test_warnings_come_heaviest_first():
    known = replace(facts(), wish=Wish(2, "am"))
    found = warnings_of(planned(known), known)

    assert [each.points for each in found] == sorted((each.points for each in found), reverse=True)
    assert found[0].code == "wish"


# Choosing a team


def everyone_cleared(**more):
    return replace(facts(clearances=(cleared(TOM), cleared(ANA), cleared(LEE))), **more)


def test_of_equals_the_nearer_are_chosen():
    travel = Travel(known={pair(str(who), "RSI"): minutes for who, minutes in ((TOM, 200), (ANA, 150), (LEE, 30))})
    sessions = planned(everyone_cleared()).sessions

    assert choose_facilitators(sessions, everyone_cleared(travel=travel), 2) == (LEE, ANA)


def test_of_equals_those_with_less_work_are_chosen():
    tired = everyone_cleared(bookings=busy("2027-01-04", "2027-01-06", "2027-01-08"))

    assert choose_facilitators((session(),), tired, 2) == (LEE, TOM)


def test_somebody_who_holds_what_one_needs_is_among_them():
    nada = Accreditation("NADA", dt.date(2026, 1, 1))
    people = {**PEOPLE, TOM: replace(PEOPLE[TOM], accreditations=(nada,))}
    known = everyone_cleared(programme=replace(MANY_FACES, one_needs=("NADA",)), facilitators=people)

    assert choose_facilitators((session(),), everyone_cleared(), 2) == (ANA, LEE)
    assert choose_facilitators((session(),), known, 2) == (ANA, TOM)


def test_where_nobody_holds_it_the_team_is_chosen_all_the_same():
    known = everyone_cleared(programme=replace(MANY_FACES, one_needs=("NADA",)))

    assert choose_facilitators((session(),), known, 2) == (ANA, LEE)
