"""Each hard rule, kept and not kept, and what it says to the person who plans."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from scheduling_cast import (
    ANA,
    LEE,
    PEOPLE,
    RISLEY,
    TOM,
    UNLOCKING,
    booking,
    cleared,
    facts,
    hours,
    session,
)

from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.facts import Booking
from services.scheduling.domain.rules import breaches_of


def broken(one, known, previous=None):
    return [breach.rule for breach in breaches_of(one, known, previous)]


def said(one, known, previous=None):
    (breach,) = breaches_of(one, known, previous)
    return breach.name, breach.why


def test_a_session_that_keeps_every_rule_has_no_breach():
    assert breaches_of(session(), facts(), session("2027-01-05", number=0)) == ()


def test_a_session_longer_than_its_window_says_which_hours_there_are():
    assert said(session(), facts(regime=hours(pm="13:45-16:30"))) == (
        "session_fits_the_regime_window",
        "The session on 12 January 2027 runs 13:45 to 16:45, and Risley (HMP) is open 08:30 to 11:45 and "
        "13:45 to 16:30 on Tuesdays. Another window or weekday would mend it.",
    )


def test_a_weekly_session_may_not_run_over_lunch():
    assert broken(session(start="10:30", end="13:30"), facts()) == ["H1"]


def test_a_training_day_may():
    assert broken(session(start="08:30", end="16:45"), facts(programme=UNLOCKING)) == []
    assert broken(session(start="08:30", end="16:46"), facts(programme=UNLOCKING)) == ["H1"]


def test_a_weekday_with_no_regime_on_file_says_so():
    assert said(session(), facts(regime=hours(days=[0]))) == (
        "session_fits_the_regime_window",
        "Risley (HMP) has no times on file for Tuesdays. Adding its regime would mend it.",
    )


def test_a_closed_date_gives_its_reason():
    assert said(session("2027-03-29"), facts()) == (
        "date_is_open",
        "Risley (HMP) is closed on 29 March 2027: Easter Monday. Another date would mend it.",
    )


@pytest.mark.parametrize(("day", "rules"), [("2027-03-18", []), ("2027-03-19", []), ("2027-03-20", ["H3"])])
def test_a_clearance_holds_through_its_last_day(day, rules):
    held = (cleared(TOM), cleared(ANA, until="2027-03-19"))

    assert broken(session(day), facts(clearances=held)) == rules


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (
            (),
            "Ana Reyes has no clearance on file for Risley (HMP), so cannot yet come in on 23 March 2027. "
            "A clearance from the prison would mend it.",
        ),
        (
            (cleared(ANA, where="FSI"),),
            "Ana Reyes has no clearance on file for Risley (HMP), so cannot yet come in on 23 March 2027. "
            "A clearance from the prison would mend it.",
        ),
        (
            (cleared(ANA, until="2027-02-01"), cleared(ANA, until="2027-03-19")),
            "Ana Reyes's clearance for Risley (HMP) ends on 19 March 2027, before the session on 23 March 2027. "
            "A renewal from the prison would mend it.",
        ),
        (
            (cleared(ANA, since="2027-04-01"),),
            "Ana Reyes's clearance for Risley (HMP) starts on 1 April 2027, after the session on 23 March 2027. "
            "A later start or an earlier clearance would mend it.",
        ),
        (
            (cleared(ANA, level="escorted_visitor"),),
            "Ana Reyes's clearance for Risley (HMP) is escorted visitor, and no escort is agreed for "
            "23 March 2027. The prison agreeing to escort them that day, or a clearance of standard, would mend it.",
        ),
    ],
    ids=["none", "elsewhere only", "ended", "not begun", "too low"],
)
def test_a_clearance_that_does_not_cover_the_session_says_why(held, why):
    known = facts(clearances=(cleared(TOM), *held))

    assert said(session("2027-03-23"), known) == ("clearance_covers_every_session", why)


def test_a_renewal_mends_it():
    held = (cleared(TOM), cleared(ANA, until="2027-03-19"), cleared(ANA, since="2027-03-20"))

    assert broken(session("2027-03-23"), facts(clearances=held)) == []


@pytest.mark.parametrize(
    ("level", "needed", "rules"),
    [
        ("standard_plus", "standard", []),
        ("standard", "standard_plus", []),
        ("enhanced_2", "enhanced_1", []),
        ("enhanced_1", "enhanced_2", ["H3"]),
        ("baseline", "standard", ["H3"]),
    ],
)
def test_a_higher_clearance_opens_what_a_lower_one_does(level, needed, rules):
    known = facts(
        establishment=replace(RISLEY, required_level=needed),
        clearances=(cleared(TOM, level="enhanced_2"), cleared(ANA, level=level)),
    )

    assert broken(session(), known) == rules


def test_each_facilitator_is_looked_at_alone():
    assert broken(session(people=(TOM, ANA, LEE)), facts(clearances=(cleared(TOM),))) == ["H3", "H3"]


def test_a_clearance_that_ends_before_it_starts_is_refused_naming_the_mend():
    with pytest.raises(ValueError, match=r"valid_until: .*1 March 2027\. Give that date or a later one"):
        Clearance(ANA, "RSI", "standard", dt.date(2027, 3, 1), dt.date(2027, 2, 28))


def test_a_clearance_of_an_unknown_level_is_refused_naming_the_known_ones():
    with pytest.raises(ValueError, match=r"level: .*'gold'.*escorted_visitor, baseline, standard"):
        cleared(ANA, level="gold")


@pytest.mark.parametrize(("people", "has", "more"), [((), "none", 2), ((TOM,), "1", 1), ((TOM, TOM), "1", 1)])
def test_too_few_facilitators_are_counted_as_people(people, has, more):
    assert said(session(people=people), facts()) == (
        "enough_facilitators",
        f"The Many Faces of Trauma needs 2 facilitators and the session on 12 January 2027 has {has}. "
        f"Adding {more} more with clearance for Risley (HMP) would mend it.",
    )


@pytest.mark.parametrize(
    ("start", "end", "where", "rules"),
    [
        ("16:00", "17:00", "RSI", ["H6"]),
        ("12:00", "18:00", "RSI", ["H6"]),
        ("14:00", "15:00", "RSI", ["H6"]),
        ("11:45", "13:45", "RSI", []),
        ("16:45", "18:00", "RSI", []),
        ("10:00", "12:15", "FSI", []),
        ("10:00", "12:16", "FSI", ["H6"]),
        ("18:15", "19:00", "FSI", []),
        ("18:14", "19:00", "FSI", ["H6"]),
    ],
)
def test_a_facilitator_is_in_one_place_with_time_to_leave_and_report(start, end, where, rules):
    other = booking(ANA, f"2027-01-12T{start}+00:00", f"2027-01-12T{end}+00:00", where)

    assert broken(session(), facts(bookings=(other,))) == rules


def test_a_double_booking_says_with_what():
    other = booking(ANA, "2027-01-12T14:00+00:00", "2027-01-12T15:00+00:00", what="a session at Featherstone (HMP)")

    assert said(session(), facts(bookings=(other,))) == (
        "facilitator_is_in_one_place",
        "Ana Reyes is booked for a session at Featherstone (HMP), too close to the session on "
        "12 January 2027 at 13:45. Another facilitator or another time would mend it.",
    )


def test_bookings_are_compared_as_instants_not_as_wall_times():
    summer = booking(ANA, "2027-04-06T12:45+00:00", "2027-04-06T13:00+00:00")

    assert broken(session("2027-04-06"), facts(bookings=(summer,))) == ["H6"]


def test_someone_elses_booking_is_no_clash():
    other = booking(LEE, "2027-01-12T14:00+00:00", "2027-01-12T15:00+00:00")

    assert broken(session(), facts(bookings=(other,))) == []


def test_a_booking_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        Booking(ANA, "RSI", dt.datetime(2027, 1, 12, 9), dt.datetime(2027, 1, 12, 12), "a run")  # noqa: DTZ001


@pytest.mark.parametrize(("day", "how"), [("2027-01-12", "the same day as"), ("2027-01-19", "before")])
def test_sessions_come_in_order_on_days_of_their_own(day, how):
    earlier = session(day, number=1)
    name, why = said(session("2027-01-12", number=2), facts(), earlier)

    assert name == "sessions_in_order"
    assert f"Session 2 on 12 January 2027 is {how} session 1." in why


def test_an_inactive_establishment_is_named_and_the_date_stands():
    closed = replace(RISLEY, active=False)

    assert said(session(), facts(establishment=closed)) == (
        "establishment_is_active",
        "Risley (HMP) is marked as not active, and the session on 12 January 2027 is to be there. "
        "Marking it active, or another establishment, would mend it.",
    )
    assert broken(session(), facts(establishment=closed)) == ["active"]


def test_a_facilitator_no_longer_on_file_is_a_breach_not_a_crash():
    known = replace(facts(clearances=(cleared(TOM),)), facilitators={TOM: PEOPLE[TOM]})

    assert "A facilitator not on file has no clearance" in said(session(), known)[1]
