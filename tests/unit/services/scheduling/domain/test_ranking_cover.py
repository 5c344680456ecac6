"""Who could lead a session that lost someone: ranked, with reasons, and the reasons of everybody else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from services.scheduling.domain.cover import cover_for, is_gap, why_not
from services.scheduling.domain.facilitators import Accreditation, Facilitator, Leave
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.offers import answer_by, arrive_by, first_answer_by
from services.scheduling.domain.travel import Travel
from tests.unit.services.scheduling.domain.scheduling_cast import (
    ANA,
    LEE,
    MANY_FACES,
    RISLEY,
    TOM,
    booking,
    calendar,
    cleared,
    run,
    session,
)

KIM, MAX, ZOE = UUID(int=4), UUID(int=5), UUID(int=6)
FIRST = session("2027-01-12", number=1)
SECOND = session("2027-01-19", number=2, people=(TOM,))
NADA = Accreditation("NADA", dt.date(2020, 1, 1))


def people(**changes: dict) -> dict[UUID, Facilitator]:
    names = {"Tom": TOM, "Ana": ANA, "Lee": LEE, "Kim": KIM, "Max": MAX, "Zoe": ZOE}
    return {id_: Facilitator(id_, name, **changes.get(name, {})) for name, id_ in names.items() if name in changes}


def facts_with(persons, *, bookings=(), until=None, known=None, programme=MANY_FACES) -> Facts:
    held = tuple(cleared(each, until=(until or {}).get(each, "2028-12-31")) for each in persons)
    travel = Travel(known={tuple(sorted((str(who), "RSI"))): minutes for who, minutes in (known or {}).items()})
    return Facts(RISLEY, calendar(), programme, persons, held, bookings, travel=travel)


def order(facts: Facts, sessions=(FIRST, SECOND), asked=SECOND, came_off=()) -> list[str]:
    return [each.name for each in cover_for(asked, run(*sessions), facts, came_off).can]


def test_whoever_the_group_knows_comes_first():
    led = replace(FIRST, facilitator_ids=(TOM, ZOE))
    facts = facts_with(people(Tom={}, Kim={}, Zoe={}), known={KIM: 5, ZOE: 80})

    assert order(facts, sessions=(led, SECOND)) == ["Zoe", "Kim"]


def test_a_session_that_comes_later_does_not_make_the_group_know_anybody():
    later = session("2027-01-26", number=3, people=(TOM, ZOE))

    assert order(facts_with(people(Tom={}, Kim={}, Zoe={})), sessions=(FIRST, SECOND, later)) == ["Kim", "Zoe"]


def test_what_the_programme_asks_one_of_them_to_hold_comes_before_a_short_journey():
    programme = replace(MANY_FACES, one_needs=("NADA",))
    persons = people(Tom={"accreditations": (NADA,)}, Kim={}, Zoe={"accreditations": (NADA,)})
    facts = facts_with(persons, known={KIM: 5, ZOE: 80}, programme=programme)

    assert order(facts) == ["Zoe", "Kim"]


def test_less_travel_comes_before_a_lighter_week_and_what_nobody_knows_comes_last():
    busy = booking(KIM, "2027-01-20T09:00+00:00", "2027-01-20T12:00+00:00", "STI")
    facts = facts_with(people(Tom={}, Kim={}, Max={}, Zoe={}), known={KIM: 20, ZOE: 30}, bookings=(busy,))

    assert order(facts) == ["Kim", "Zoe", "Max"]


def test_the_part_of_the_weekly_limit_that_is_taken_up_decides_between_equal_journeys():
    # Monday 18 and Sunday 24 January are of the week of Tuesday 19; the 25th is not.
    kim = booking(KIM, "2027-01-18T09:00+00:00", "2027-01-18T12:00+00:00", "STI")
    zoe = booking(ZOE, "2027-01-25T09:00+00:00", "2027-01-25T12:00+00:00", "STI")
    facts = facts_with(people(Tom={}, Kim={}, Zoe={}), bookings=(kim, zoe))
    found = cover_for(SECOND, run(FIRST, SECOND), facts)

    assert [(each.name, each.figures.sessions_that_week) for each in found.can] == [("Zoe", 0), ("Kim", 1)]


def test_the_same_load_weighs_more_on_a_smaller_limit():
    each = [booking(who, "2027-01-20T09:00+00:00", "2027-01-20T12:00+00:00", "STI") for who in (KIM, ZOE)]
    facts = facts_with(people(Tom={}, Kim={"max_sessions_a_week": 2}, Zoe={}), bookings=tuple(each))

    assert order(facts) == ["Zoe", "Kim"]


def test_a_clearance_that_lasts_longer_comes_before_fair_share_and_fair_share_before_the_name():
    kim = booking(KIM, "2027-01-26T09:00+00:00", "2027-01-26T12:00+00:00", "STI")
    facts = facts_with(people(Tom={}, Kim={}, Max={}, Zoe={}), until={ZOE: "2029-12-31"}, bookings=(kim,))

    assert order(facts) == ["Zoe", "Max", "Kim"]


def test_equals_go_by_name():
    assert order(facts_with(people(Tom={}, Zoe={}, Kim={}, Max={}))) == ["Kim", "Max", "Zoe"]


def test_figures_and_reasons_are_given_with_each():
    facts = facts_with(people(Tom={}, Lee={}), known={LEE: 35}, until={LEE: "2027-02-18"})
    [lee] = cover_for(SECOND, run(FIRST, SECOND), facts).can

    assert (lee.figures.travel_minutes, lee.figures.clearance_days, lee.figures.led_before) == (35, 30, 0)
    assert lee.reasons == (
        "35 minutes to travel",
        "0 other sessions in prisons that week, 4 at most",
        "cleared until 18 February 2027",
    )


def test_everybody_else_has_every_reason_and_the_nearest_come_first():
    away = Leave(dt.date(2027, 1, 18), dt.date(2027, 1, 22))
    elsewhere = booking(KIM, "2027-01-19T13:00+00:00", "2027-01-19T16:00+00:00", "BNI", "a session at Bullingdon")
    persons = people(Tom={}, Kim={"leave": (away,)}, Zoe={"state": "resting"})
    facts = replace(facts_with(persons, bookings=(elsewhere,)), clearances=(cleared(TOM), cleared(ZOE)))
    found = cover_for(SECOND, run(FIRST, SECOND), facts)

    assert found.can == ()
    assert [(each.name, sorted(reason.rule for reason in each.reasons)) for each in found.cannot] == [
        ("Tom", ["on_it"]),
        ("Zoe", ["H7"]),
        ("Kim", ["H3", "H6", "H7"]),
    ]


def test_whoever_came_off_the_session_is_not_asked_for_it_again():
    facts = facts_with(people(Tom={}, Ana={}, Lee={}))

    assert order(facts, came_off={ANA}) == ["Lee"]
    [reason] = why_not(SECOND, ANA, facts, {ANA})
    assert "came off this session" in reason.why
    assert order(facts) == ["Ana", "Lee"]


def test_where_nobody_else_holds_what_one_of_them_needs_whoever_comes_has_to():
    programme = replace(MANY_FACES, one_needs=("NADA",))
    facts = facts_with(people(Tom={}, Kim={}, Zoe={"accreditations": (NADA,)}), programme=programme)
    found = cover_for(SECOND, run(FIRST, SECOND), facts)

    assert [each.name for each in found.can] == ["Zoe"]
    assert {each.name: [reason.rule for reason in each.reasons] for each in found.cannot}["Kim"] == ["H5"]


def test_a_session_has_a_gap_where_it_is_short_or_still_has_whom_it_loses():
    assert is_gap(SECOND, None, MANY_FACES)
    assert is_gap(FIRST, ANA, MANY_FACES)
    assert not is_gap(FIRST, None, MANY_FACES)
    assert not is_gap(FIRST, LEE, MANY_FACES)


@pytest.mark.parametrize(
    ("on", "start", "report", "until"),
    [
        # In winter, London is at Greenwich time.
        ("2027-01-19", "13:45", 60, "2027-01-19T10:00:00+00:00"),
        # 08:30 less 3 h 45 min is in the night: the evening before.
        ("2027-01-19", "08:30", 60, "2027-01-18T18:00:00+00:00"),
        ("2027-01-19", "11:45", 60, "2027-01-19T08:00:00+00:00"),
        ("2027-01-19", "11:44", 60, "2027-01-18T18:00:00+00:00"),
        # A gate that takes four hours and a quarter comes before.
        ("2027-01-19", "13:45", 255, "2027-01-19T09:30:00+00:00"),
        # In summer, an hour ahead; and on the Sunday the clocks change, with the evening before in winter time.
        ("2027-04-06", "13:45", 60, "2027-04-06T09:00:00+00:00"),
        ("2027-03-28", "09:00", 60, "2027-03-27T18:00:00+00:00"),
    ],
)
def test_the_last_moment_to_find_somebody(on, start, report, until):
    assert answer_by(session(on, start=start, end="16:45"), report).isoformat() == until


def test_the_last_moment_for_several_sessions_is_that_of_the_first():
    those = [session("2027-01-26", number=3), session("2027-01-19", number=2)]

    assert first_answer_by(those, 60).isoformat() == "2027-01-19T10:00:00+00:00"


def test_people_are_at_the_gate_an_hour_before():
    assert arrive_by(SECOND, 60) == dt.time(12, 45)
