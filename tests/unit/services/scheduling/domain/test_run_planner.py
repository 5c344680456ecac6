"""Whole runs: planned, reviewed, and confirmed or not."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from scheduling_cast import (
    ANA,
    LEE,
    NAMES,
    PEOPLE,
    RISLEY,
    TOM,
    TUESDAY,
    UNLOCKING,
    booking,
    cleared,
    facts,
    ids,
    run,
    session,
)

from services.scheduling.domain.facilitators import Facilitator
from services.scheduling.domain.planner import choose_facilitators, draft_run, review
from services.scheduling.domain.programmes import CATALOGUE
from services.scheduling.domain.runs import Breach, Session, Slot
from shared.errors import Refused

LAPSES = (cleared(TOM), cleared(ANA, until="2027-03-19"))


def plan(known, start="2027-01-12", weekday=TUESDAY, window="pm", people=()):
    return draft_run(
        run_id=UUID(int=9),
        enquiry="KT-7F3K-92",
        slot=Slot(dt.date.fromisoformat(start), weekday, window),
        facilitator_ids=people,
        facts=known,
        new_id=ids(),
    )


def rules_by_session(planned, known):
    return {number: [each.rule for each in found] for number, found in review(planned, known).items()}


def test_a_clearance_that_lapses_midway_breaks_the_sessions_after_it_and_no_other():
    known = facts(clearances=LAPSES)
    planned = plan(known, people=(TOM, ANA))

    assert planned.sessions[0].date == dt.date(2027, 1, 12)
    assert planned.sessions[-1].date == dt.date(2027, 4, 27)
    assert {(each.start, each.end) for each in planned.sessions} == {(dt.time(13, 45), dt.time(16, 45))}
    assert rules_by_session(planned, known) == {n: [] if n <= 10 else ["H3"] for n in range(1, 17)}


def test_granting_a_renewal_clears_all_six():
    known = facts(clearances=LAPSES)
    planned = plan(known, people=(TOM, ANA))
    renewed = facts(clearances=(*LAPSES, cleared(ANA, since="2027-03-15")))

    assert not any(review(planned, renewed).values())


def test_a_plan_is_a_draft_whose_every_session_has_its_own_id_and_the_team():
    planned = plan(facts())

    assert (planned.state, planned.version, planned.establishment_id) == ("draft", 1, "RSI")
    assert planned.programme == "many-faces-of-trauma"
    assert [each.number for each in planned.sessions] == list(range(1, 17))
    assert len({each.id for each in planned.sessions}) == 16
    assert {each.facilitator_ids for each in planned.sessions} == {(ANA, TOM)}


def test_with_nobody_cleared_the_dates_stand_with_their_breaches():
    known = facts(clearances=())
    planned = plan(known)

    assert planned.facilitator_ids == ()
    assert set(map(tuple, rules_by_session(planned, known).values())) == {("H4",)}


def test_the_facilitators_named_are_kept_once_each_in_their_order():
    assert plan(facts(), people=(LEE, TOM, LEE)).facilitator_ids == (LEE, TOM)


def test_a_facilitator_not_on_file_is_refused_by_id():
    with pytest.raises(Refused, match=str(UUID(int=77))) as refused:
        plan(facts(), people=(TOM, UUID(int=77)))

    assert refused.value.code == "not_found"


def test_skipped_dates_come_with_the_plan():
    planned = plan(facts(), "2027-02-15", weekday=None)

    assert [each.why for each in planned.skipped] == [
        "Easter Monday",
        "Early May bank holiday",
        "Spring bank holiday",
    ]


def test_an_inactive_establishment_can_be_planned_at_and_every_session_says_so():
    known = facts(establishment=replace(RISLEY, active=False))

    assert set(map(tuple, rules_by_session(plan(known), known).values())) == {("active",)}


def test_staff_training_is_planned_on_three_whole_days():
    known = facts(programme=UNLOCKING)
    planned = plan(known, "2027-01-15", weekday=None, window=None)

    assert [(each.date.day, each.start, each.end) for each in planned.sessions] == [
        (day, dt.time(8, 30), dt.time(16, 45)) for day in (15, 18, 19)
    ]
    assert not any(review(planned, known).values())


def test_those_cleared_and_free_for_most_sessions_are_chosen_first():
    known = facts(clearances=(*LAPSES, cleared(LEE, until="2027-02-01")))
    sessions = plan(known).sessions

    assert choose_facilitators(sessions, known, 2) == (TOM, ANA)
    assert choose_facilitators(sessions, known, 3) == (TOM, ANA, LEE)


def test_a_clash_makes_a_facilitator_second_choice():
    busy = booking(TOM, "2027-01-12T13:00+00:00", "2027-01-12T16:00+00:00")
    known = facts(clearances=(cleared(TOM), cleared(ANA), cleared(LEE)), bookings=(busy,))

    assert choose_facilitators(plan(known).sessions, known, 2) == (ANA, LEE)


def test_equals_are_chosen_by_name_and_then_by_id():
    twin = UUID(int=0)
    known = replace(
        facts(),
        facilitators={**PEOPLE, twin: Facilitator(twin, NAMES[ANA])},
        clearances=(cleared(ANA), cleared(twin), cleared(TOM)),
    )

    assert choose_facilitators((session(),), known, 3) == (twin, ANA, TOM)


def test_someone_who_can_take_no_session_is_not_chosen():
    assert LEE not in choose_facilitators((session(),), facts(), 3)


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        ("2026-10-20", "2026-10-20T09:00:00+00:00"),
        ("2026-10-27", "2026-10-27T10:00:00+00:00"),
        ("2027-03-23", "2027-03-23T10:00:00+00:00"),
        ("2027-03-30", "2027-03-30T09:00:00+00:00"),
    ],
)
def test_ten_o_clock_stays_ten_o_clock_when_the_clocks_change(day, utc):
    one = session(day, "10:00", "13:00")

    assert one.starts_at().isoformat() == utc
    assert one.ends_at() - one.starts_at() == dt.timedelta(hours=3)


def test_a_session_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match=r"end: .*13:45"):
        session(start="13:45", end="13:45")


def test_review_looks_at_sessions_in_their_numbers_order():
    out_of_order = run(session("2027-01-19", number=2), session("2027-01-26", number=1))

    assert rules_by_session(out_of_order, facts()) == {1: [], 2: ["H10"]}


def test_confirming_gives_the_next_version():
    confirmed = run(session()).confirm({1: ()})

    assert (confirmed.state, confirmed.version) == ("confirmed", 2)


def test_a_run_with_breaches_is_refused_naming_rules_and_sessions_and_no_person():
    known = facts(clearances=LAPSES)
    planned = plan(known, people=(TOM, ANA))

    with pytest.raises(Refused) as refused:
        planned.confirm(review(planned, known))

    assert refused.value.code == "refused"
    assert refused.value.fields == {
        "H3": ["clearance covers every session: not yet for sessions 11, 12, 13, 14, 15 and 16"]
    }
    assert refused.value.fields["H3"][0] in refused.value.detail
    assert "Ana" not in str(refused.value.args)


def test_each_rule_is_named_once_with_all_its_sessions():
    twice = Breach("H3", "clearance_covers_every_session", "...")
    late = Breach("H1", "session_fits_the_regime_window", "...")

    with pytest.raises(Refused) as refused:
        run(session()).confirm({1: (twice, twice), 2: (late,)})

    assert [why[0].rpartition(" for ")[2] for why in refused.value.fields.values()] == [
        "session 2",
        "session 1",
    ]


@pytest.mark.parametrize("state", ["confirmed", "cancelled"])
def test_only_a_draft_can_be_confirmed(state):
    with pytest.raises(Refused, match=f"this one is {state}"):
        run(session(), state=state).confirm({1: ()})


def test_a_run_without_sessions_cannot_be_confirmed():
    with pytest.raises(Refused, match="no sessions yet"):
        run().confirm({})


def test_a_session_nobody_reviewed_stops_the_confirmation():
    with pytest.raises(ValueError, match=r"review sessions \[2\]"):
        run(session(number=1), session("2027-01-19", number=2)).confirm({1: ()})


def test_the_catalogue_has_the_public_figures():
    figures = {p.slug: (p.sessions, p.minutes, p.max_group, p.price_pence, p.price_unit) for p in CATALOGUE.values()}

    assert figures == {
        "many-faces-of-trauma": (16, 180, 12, 25000, "session"),
        "unlocking-the-key-to-compassion": (3, 360, 16, 30000, "person"),
    }


def test_a_session_keeps_its_zone_by_name():
    assert Session(UUID(int=5), 1, dt.date(2027, 1, 12), dt.time(9), dt.time(12)).zone == "Europe/London"
