"""Who may lead a session: rules H3, H5 and H7, each kept, broken at its edge, and mended."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from scheduling_cast import ANA, LEE, MANY_FACES, PEOPLE, RISLEY, TOM, UNLOCKING, at, cleared, facts, session

from services.scheduling.domain.facilitators import Accreditation, Leave, WorkingHours
from services.scheduling.domain.rules import breaches_of, breaches_of_assignment
from services.scheduling.domain.travel import Travel, pair

THE_DAY = dt.date(2027, 1, 12)  # a Tuesday
NADA = replace(MANY_FACES, accreditations=("safeguarding",), one_needs=("NADA",))
REMOTE = {"mode": "remote", "programme": replace(UNLOCKING, modes=("in_person", "remote"))}


def known_as(who=ANA, **changes):
    """Give the usual facts, with someone changed."""
    return replace(facts(), facilitators={**PEOPLE, who: replace(PEOPLE[who], **changes)})


def broken(known, who=ANA, one=None):
    return [(each.rule, each.name) for each in breaches_of_assignment(one or session(), who, known)]


def why(known, who=ANA, one=None):
    (breach,) = breaches_of_assignment(one or session(), who, known)
    assert breach.facilitator_id == who
    return breach.why


def held(kind, since="2026-01-01", until=None):
    return Accreditation(kind, dt.date.fromisoformat(since), dt.date.fromisoformat(until) if until else None)


# H3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"state": "applied"},
            "is applied for and not yet granted, and the session is on 12 January 2027. The prison's",
        ),
        ({"state": "suspended"}, "is suspended, and the session is on 12 January 2027. The prison lifting that"),
        (
            {"state": "refused"},
            "was refused, and the session is on 12 January 2027. Another facilitator would mend it.",
        ),
        ({"site_access": False}, "is granted but not yet on the gate's list"),
    ],
)
def test_a_clearance_opens_the_gate_only_once_granted_and_on_its_list(changes, said):
    known = replace(facts(), clearances=(replace(cleared(ANA), **changes),))

    assert said in why(known)


def test_where_a_ctc_check_is_asked_for_the_clearance_has_one():
    asked = replace(facts(), establishment=replace(RISLEY, ctc_required=True), clearances=(cleared(ANA),))
    checked = replace(asked, clearances=(replace(cleared(ANA), ctc=True),))

    assert "lacks the CTC check that it asks for" in why(asked)
    assert broken(checked) == []


@pytest.mark.parametrize(
    "held_already", [(), (cleared(ANA, level="escorted_visitor"),), (cleared(ANA, until="2026-12-31"),)]
)
def test_an_agreed_escort_lets_someone_in_on_that_date_and_no_other(held_already):
    known = replace(facts(), clearances=held_already, escorts=frozenset({(ANA, THE_DAY)}))

    assert broken(known) == []
    assert broken(known, one=session("2027-01-19")) == [("H3", "clearance_covers_every_session")]
    assert broken(known, LEE) == [("H3", "clearance_covers_every_session")]


@pytest.mark.parametrize("state", ["suspended", "refused"])
def test_no_escort_makes_up_for_a_clearance_that_was_taken_away(state):
    known = replace(facts(), clearances=(replace(cleared(ANA), state=state),), escorts=frozenset({(ANA, THE_DAY)}))

    assert broken(known) == [("H3", "clearance_covers_every_session")]


def test_an_escorted_visitor_is_escorted_even_where_nothing_more_is_asked_for():
    open_place = replace(RISLEY, required_level="escorted_visitor")
    known = replace(facts(), establishment=open_place, clearances=(cleared(ANA, level="escorted_visitor"),))

    assert "no escort is agreed for 12 January 2027" in why(known)


def test_a_remote_session_needs_no_clearance():
    assert broken(replace(facts(), clearances=(), **REMOTE)) == []


# H5


@pytest.mark.parametrize(
    ("until", "rules"), [("2027-01-12", []), ("2027-01-11", [("H5", "accreditations_are_valid")]), (None, [])]
)
def test_an_accreditation_holds_through_its_last_day(until, rules):
    known = replace(known_as(accreditations=(held("safeguarding", until=until),)), programme=NADA)

    assert broken(known) == rules


def test_a_missing_accreditation_is_named_with_the_mend():
    assert why(replace(facts(), programme=NADA)) == (
        "Ana Reyes has no safeguarding accreditation that is valid on 12 January 2027, and The Many Faces of Trauma "
        "asks it of each facilitator. Recording a renewal, or another facilitator, would mend it."
    )


def test_an_accreditation_that_begins_the_day_after_is_none_yet():
    known = replace(known_as(accreditations=(held("safeguarding", since="2027-01-13"),)), programme=NADA)

    assert broken(known) == [("H5", "accreditations_are_valid")]
    assert broken(known, one=session("2027-01-13")) == []


def test_one_person_on_the_session_holds_what_one_needs():
    only_nada = replace(MANY_FACES, one_needs=("NADA",))
    nobody = replace(facts(), programme=only_nada)
    one = replace(known_as(TOM, accreditations=(held("NADA", until="2027-01-12"),)), programme=only_nada)

    assert [(each.rule, each.name, each.facilitator_id) for each in breaches_of(session(), nobody)] == [
        ("H5", "someone_holds_what_one_needs", None)
    ]
    assert breaches_of(session(), one) == ()
    assert [each.name for each in breaches_of(session("2027-01-13"), one)] == ["someone_holds_what_one_needs"]


@pytest.mark.parametrize(
    ("until", "rules"),
    [("2027-01-12", []), ("2027-01-11", [("H5", "insurance_is_valid")])],
)
def test_insurance_lasts_through_the_day(until, rules):
    assert broken(known_as(insured_until=dt.date.fromisoformat(until))) == rules


def test_insurance_that_nobody_has_put_down_blocks_nothing():
    assert broken(known_as(insured_until=None)) == []


# H7


@pytest.mark.parametrize(
    ("day", "rules"),
    [
        ("2027-01-11", []),
        ("2027-01-12", [("H7", "facilitator_is_not_on_leave")]),
        ("2027-01-15", [("H7", "facilitator_is_not_on_leave")]),
        ("2027-01-16", []),
    ],
)
def test_leave_counts_from_its_first_day_to_its_last(day, rules):
    known = known_as(leave=(Leave(THE_DAY, dt.date(2027, 1, 15)),))

    assert broken(known, one=session(day)) == rules


def test_leave_says_until_when_and_never_why():
    assert why(known_as(leave=(Leave(THE_DAY, dt.date(2027, 1, 15)),))) == (
        "Ana Reyes is on leave on 12 January 2027, until 15 January 2027. Another facilitator for this session, or "
        "another date, would mend it."
    )


@pytest.mark.parametrize(
    ("hours", "rules"),
    [
        ((WorkingHours(1, at("13:45"), at("16:45")),), []),
        ((WorkingHours(1, at("13:46"), at("16:45")),), [("H7", "facilitator_is_at_work")]),
        ((WorkingHours(1, at("13:45"), at("16:44")),), [("H7", "facilitator_is_at_work")]),
        ((WorkingHours(2, at("08:00"), at("18:00")),), [("H7", "facilitator_is_at_work")]),
        ((WorkingHours(1, at("15:00"), at("17:00")), WorkingHours(1, at("13:00"), at("15:00"))), []),
        (
            (WorkingHours(1, at("13:00"), at("15:00")), WorkingHours(1, at("15:01"), at("17:00"))),
            [("H7", "facilitator_is_at_work")],
        ),
    ],
    ids=["to the minute", "a minute late", "a minute early", "another day", "two that meet", "two with a gap"],
)
def test_a_session_lies_in_one_stretch_of_working_hours(hours, rules):
    assert broken(known_as(hours=hours)) == rules


def test_hours_of_another_day_say_so():
    known = known_as(hours=(WorkingHours(2, at("08:00"), at("18:00")),))

    assert "Ana Reyes does not work on Tuesdays, and the session on 12 January 2027 runs 13:45 to 16:45." in why(known)


@pytest.mark.parametrize("state", ["onboarding", "resting", "left"])
def test_only_someone_active_is_asked(state):
    assert broken(known_as(state=state)) == [("H7", "facilitator_is_active")]


@pytest.mark.parametrize(("minutes", "rules"), [(60, []), (61, [("H7", "journey_is_within_the_limit")])])
def test_nobody_travels_further_than_they_said(minutes, rules):
    known = replace(known_as(travel_limit_minutes=60), travel=Travel(known={pair(str(ANA), "RSI"): minutes}))

    assert broken(known) == rules
    assert broken(replace(known, **REMOTE)) == []


def test_a_journey_nobody_knows_blocks_nothing():
    assert broken(known_as(travel_limit_minutes=1)) == []


def test_every_reason_against_someone_is_given_at_once():
    known = replace(
        known_as(state="resting", leave=(Leave(THE_DAY, THE_DAY),), insured_until=dt.date(2026, 12, 31)), clearances=()
    )

    assert [rule for rule, _name in broken(known)] == ["H3", "H5", "H7", "H7"]
