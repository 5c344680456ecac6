"""What a session that falls out costs: by its cause, on whose side it lies, and how long before it was told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from scheduling_cast import MANY_FACES, UNLOCKING

from services.scheduling.domain.outcomes import CAUSES, PARTIES, is_chargeable, notice_minutes, price_of_session

TWO_DAYS = 48 * 60


@pytest.mark.parametrize(
    ("cause", "party", "notice", "charged"),
    [
        ("no_escort", "prison", 0, True),
        ("no_escort", "prison", TWO_DAYS - 1, True),
        ("no_escort", "prison", TWO_DAYS, False),
        ("lockdown_or_incident", "prison", 0, False),
        ("facilitator_unavailable", "provider", 0, False),
        ("travel_or_weather", "external", 0, False),
        ("commissioner_request", "commissioner", 0, False),
    ],
)
def test_only_what_a_prison_tells_late_is_charged_and_never_an_incident(cause, party, notice, charged):
    assert is_chargeable(cause, party, notice) is charged


@pytest.mark.parametrize("cause", CAUSES)
def test_nothing_on_our_own_side_is_ever_charged(cause):
    assert not is_chargeable(cause, "provider", 0)
    assert set(PARTIES) == {"prison", "provider", "commissioner", "external"}


def test_notice_is_counted_in_whole_minutes_and_is_none_once_it_has_begun():
    starts = dt.datetime(2027, 3, 9, 13, 45, tzinfo=dt.UTC)

    assert notice_minutes(starts, dt.datetime(2027, 3, 9, 8, 20, 30, tzinfo=dt.UTC)) == 324
    assert notice_minutes(starts, dt.datetime(2027, 3, 7, 13, 45, tzinfo=dt.UTC)) == TWO_DAYS
    assert notice_minutes(starts, starts) == 0
    assert notice_minutes(starts, starts + dt.timedelta(hours=1)) == 0


def test_across_the_change_of_clocks_notice_is_real_time():
    # 30 March 2027 13:45 in London is 12:45 UTC: 48 hours before is 28 March 13:45 there, and one hour less is late.
    starts = dt.datetime(2027, 3, 30, 12, 45, tzinfo=dt.UTC)

    assert notice_minutes(starts, dt.datetime(2027, 3, 28, 12, 45, tzinfo=dt.UTC)) == TWO_DAYS


def test_the_price_of_a_session_comes_from_the_programme():
    assert price_of_session(MANY_FACES, None) == 250_00
    assert price_of_session(UNLOCKING, 8) == 8 * 300_00 // 3
    assert price_of_session(UNLOCKING, None) is None
    assert price_of_session(replace(UNLOCKING, sessions=7), 1) == 42_85
