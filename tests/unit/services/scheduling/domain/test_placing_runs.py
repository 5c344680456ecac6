"""Where a new run could go: nothing is offered that breaks a rule, nothing that keeps them is missed, and why not."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheduling_cast import (
    ANA,
    LEE,
    MANY_FACES,
    PEOPLE,
    RISLEY,
    TOM,
    TUESDAY,
    UNLOCKING,
    booking,
    cleared,
    facts,
    hours,
)

from services.scheduling.domain.facilitators import Accreditation, Leave
from services.scheduling.domain.placing import Wanted, in_words, options, why_not
from services.scheduling.domain.planner import draft_run, review
from services.scheduling.domain.runs import Slot
from shared.errors import Refused

DRAKE_HALL = replace(RISLEY, id="DHI", name="Drake Hall (HMP & YOI)")
SHORT = replace(MANY_FACES, sessions=4, minimum_dose=3)
NADA = Accreditation("NADA", dt.date(2026, 1, 1))


def wanted(earliest: str = "2027-01-11", latest: str = "2027-01-31", weekday=None, window=None) -> Wanted:
    return Wanted(dt.date.fromisoformat(earliest), dt.date.fromisoformat(latest), weekday, window)


def planned_anew(option, known):
    """The run as it would be planned by hand from what an option says."""
    numbers = iter(range(1000, 9000))
    return draft_run(
        run_id=UUID(int=1),
        enquiry="KT-7F3K-92",
        slot=option.slot,
        facilitator_ids=option.team,
        facts=known,
        new_id=lambda: UUID(int=next(numbers)),
    )


def test_a_run_is_offered_on_every_day_that_has_two_people_and_the_day_they_like_comes_first():
    found = options(wanted(weekday=TUESDAY, window="pm"), facts(), most=10)

    first = found[0]
    assert (first.slot.weekday, first.slot.window, first.sessions[0].date) == (TUESDAY, "pm", dt.date(2027, 1, 12))
    assert first.team == (TOM, ANA)
    assert {each.slot.weekday for each in found[:10]} == {0, 1, 2, 3, 4}


def test_what_is_offered_is_what_planning_gives_and_keeps_every_rule():
    known = facts(clearances=(cleared(TOM), cleared(ANA), cleared(LEE)))

    for option in options(wanted(), known, most=20):
        run = planned_anew(option, known)
        assert [each.date for each in run.sessions] == [each.date for each in option.sessions]
        assert run.skipped == option.skipped
        assert not any(review(run, known).values())


def test_no_afternoon_is_offered_that_holds_no_three_hours():
    known = facts(regime=hours(am="", pm="13:45-16:30"))

    assert options(wanted(), known) == ()
    assert [each.rule for each in why_not(wanted(), known).obstacles] == ["H1"]


def test_three_days_of_training_are_offered_on_days_that_follow_one_another():
    known = facts(programme=UNLOCKING, regime=hours(am="08:30-11:30", pm="13:00-16:30"))

    first = options(wanted(), known)[0]

    assert [each.date for each in first.sessions] == [dt.date(2027, 1, day) for day in (11, 12, 13)]


def test_nobody_is_offered_while_they_are_on_leave_or_elsewhere():
    away = replace(PEOPLE[TOM], leave=(Leave(dt.date(2027, 2, 2), dt.date(2027, 2, 2)),))
    busy = booking(ANA, "2027-01-13T09:00+00:00", "2027-01-13T10:00+00:00")
    known = replace(facts(programme=SHORT, bookings=(busy,)), facilitators={**PEOPLE, TOM: away})

    slots = {(each.slot.weekday, each.slot.start) for each in options(wanted(latest="2027-01-17"), known, most=50)}

    assert {weekday for weekday, _ in slots} == {0, 2, 3, 4}
    mornings = [each for each in options(wanted(latest="2027-01-17"), known, most=50) if each.slot.weekday == 2]
    assert {each.slot.window for each in mornings} == {"pm"}


def test_a_whole_search_without_anyone_cleared_names_the_one_fact_and_the_day_it_ends():
    people = {who: replace(person, accreditations=(NADA,)) for who, person in PEOPLE.items()}
    held = tuple(cleared(who, "DHI", since="2027-03-03") for who in PEOPLE)
    known = replace(
        facts(establishment=DRAKE_HALL, programme=replace(SHORT, one_needs=("NADA",)), clearances=held),
        facilitators=people,
    )

    found = why_not(wanted(), known)

    assert {each.rule for each in found.obstacles} == {"H3"}
    assert found.first_start == dt.date(2027, 3, 3)
    assert in_words(found, known).startswith(
        "No NADA facilitator is cleared for Drake Hall (HMP & YOI) before 3 March 2027."
    )
    assert found.levers["H3"] > 0


def test_one_person_short_is_one_fact():
    found = why_not(wanted(), facts(programme=SHORT, clearances=(cleared(TOM), cleared(ANA, until="2027-01-20"))))

    assert [(each.rule, each.facilitator_id) for each in found.obstacles] == [("H3", ANA)]
    assert found.team == (TOM, ANA)


def test_with_too_few_people_on_file_that_is_what_is_said():
    known = replace(facts(programme=SHORT), facilitators={TOM: PEOPLE[TOM]})

    assert [each.rule for each in why_not(wanted(), known).obstacles] == ["H4"]


def test_a_place_that_is_closed_for_good_is_said_to_be_closed():
    shut = replace(
        facts().calendar, bank_holidays={dt.date(2027, 1, 1) + dt.timedelta(each): "Closed" for each in range(900)}
    )
    known = replace(facts(programme=SHORT), calendar=shut)

    found = why_not(wanted(), known)

    assert ([each.rule for each in found.obstacles], found.first_start) == (["H2"], None)


def test_the_latest_start_cannot_be_before_the_earliest():
    with pytest.raises(ValueError, match="latest: "):
        wanted("2027-02-01", "2027-01-01")


_DAYS = st.integers(0, 80).map(lambda days: dt.date(2027, 1, 1) + dt.timedelta(days))


@st.composite
def _situations(draw):
    """A few people with clearances that begin and end, leave, bookings, and a place with windows on some days."""
    regime = hours(days=draw(st.sets(st.integers(0, 4), min_size=1)), pm=draw(st.sampled_from(["", "13:45-16:45"])))
    held = tuple(
        cleared(who, since=draw(_DAYS).isoformat(), until=draw(_DAYS.map(lambda on: on + dt.timedelta(90))).isoformat())
        for who in draw(st.sets(st.sampled_from([TOM, ANA, LEE])))
    )
    off = {who: (Leave(on := draw(_DAYS), on + dt.timedelta(draw(st.integers(0, 9)))),) for who in (TOM, ANA, LEE)}
    people = {who: replace(person, leave=off[who]) for who, person in PEOPLE.items()}
    busy = tuple(
        booking(draw(st.sampled_from([TOM, ANA])), f"{on}T08:00+00:00", f"{on}T12:00+00:00")
        for on in draw(st.lists(_DAYS, max_size=3))
    )
    programme = replace(SHORT, sessions=draw(st.integers(1, 3)), minimum_dose=1)
    return replace(facts(programme=programme, regime=regime, clearances=held, bookings=busy), facilitators=people)


def _by_trying(known, asked: Wanted) -> set[tuple[int, str, dt.date, tuple[UUID, ...]]]:
    """Every slot, start and pair that keeps all rules, found the slow way: by planning and reviewing each."""
    found = set()
    for weekday in range(5):
        for window in ("am", "pm"):
            for day in range((asked.latest - asked.earliest).days + 1):
                start = asked.earliest + dt.timedelta(day)
                if start.weekday() == weekday:
                    found |= {(weekday, window, start, pair) for pair in _pairs(known, Slot(start, weekday, window))}
    return found


def _pairs(known, slot: Slot) -> set[tuple[UUID, ...]]:
    kept = set()
    for pair in combinations(known.facilitators, 2):
        numbers = iter(range(1000, 9000))
        try:
            run = draft_run(
                run_id=UUID(int=1),
                enquiry="KT",
                slot=slot,
                facilitator_ids=pair,
                facts=known,
                new_id=lambda numbers=numbers: UUID(int=next(numbers)),
            )
        except Refused:
            continue
        if run.sessions[0].date == slot.start and not any(review(run, known).values()):
            kept.add(pair)
    return kept


@given(_situations())
def test_nothing_that_keeps_every_rule_is_missed_and_nothing_else_is_offered(known):
    asked = wanted(latest="2027-01-17")

    offered = {
        (each.slot.weekday, each.slot.window, each.slot.start, each.team) for each in options(asked, known, most=500)
    }

    assert offered == _by_trying(known, asked)


@given(_situations())
def test_without_the_facts_that_are_named_the_nearest_plan_keeps_every_rule(known):
    asked = wanted(latest="2027-01-17")
    found = why_not(asked, known)
    if not found.sessions:
        return
    named = {(each.rule, each.facilitator_id) for each in found.obstacles}
    run = replace(planned_anew(replace_slot(found), known))

    left = {
        (each.rule, each.facilitator_id)
        for breaches in review(run, known).values()
        for each in breaches
        if (each.rule, each.facilitator_id) not in named and (each.rule, None) not in named
    }

    assert left == set()


def replace_slot(found):
    """The nearest plan as something that can be planned by hand."""
    return type("Plan", (), {"slot": replace(found.slot, start=found.sessions[0].date), "team": found.team})
