"""When somebody may be written to, by the clock on their wall and the holidays of their nation."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from services.notifications.domain.preferences import DEFAULT
from services.notifications.domain.quiet_hours import next_open
from shared.holidays import bank_holidays_in

ENGLAND, SCOTLAND, ULSTER = map(bank_holidays_in, ("england", "scotland", "northern-ireland"))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-12-07T09:30+00:00", "2026-12-07T09:30+00:00"),
        ("2026-12-07T08:00+00:00", "2026-12-07T08:00+00:00"),
        ("2026-12-07T07:59+00:00", "2026-12-07T08:00+00:00"),
        ("2026-12-07T17:59+00:00", "2026-12-07T17:59+00:00"),
        ("2026-12-07T18:00+00:00", "2026-12-08T08:00+00:00"),
        ("2026-12-04T18:00+00:00", "2026-12-07T08:00+00:00"),  # a Friday evening
        ("2026-12-05T11:00+00:00", "2026-12-07T08:00+00:00"),  # a Saturday
        ("2026-12-24T20:00+00:00", "2026-12-29T08:00+00:00"),  # Christmas, a weekend, and the Monday in lieu
        ("2026-07-03T22:00+01:00", "2026-07-06T08:00+01:00"),  # in summer time
    ],
)
def test_quiet_hours_are_the_evening_the_night_weekends_and_bank_holidays(now, opens):
    assert next_open(at(now), DEFAULT, ENGLAND) == at(opens)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        # The clocks go forward on Sunday 28 March 2027, and back on Sunday 31 October 2027.
        ("2027-03-26T18:00+00:00", "2027-03-30T08:00+01:00"),  # Good Friday; Easter Monday is the 29th
        ("2027-03-30T07:30+01:00", "2027-03-30T08:00+01:00"),
        ("2027-03-30T07:30+00:00", "2027-03-30T07:30+00:00"),  # half past eight on the wall
        ("2027-10-29T18:00+01:00", "2027-11-01T08:00+00:00"),
        ("2027-11-01T07:30+00:00", "2027-11-01T08:00+00:00"),
        ("2027-10-31T01:30+00:00", "2027-11-01T08:00+00:00"),  # in the hour that comes twice
    ],
)
def test_eight_o_clock_stays_eight_o_clock_when_the_clocks_change(now, opens):
    assert next_open(at(now), DEFAULT, ENGLAND) == at(opens)


@pytest.mark.parametrize(
    ("now", "nation", "opens"),
    [
        ("2027-03-29T10:00+01:00", SCOTLAND, "2027-03-29T10:00+01:00"),  # Easter Monday is a working day in Scotland
        ("2027-03-29T10:00+01:00", ENGLAND, "2027-03-30T08:00+01:00"),
        ("2027-01-04T10:00+00:00", SCOTLAND, "2027-01-05T08:00+00:00"),  # 2 January in lieu is Scotland's alone
        ("2027-01-04T10:00+00:00", ENGLAND, "2027-01-04T10:00+00:00"),
        ("2026-11-30T10:00+00:00", SCOTLAND, "2026-12-01T08:00+00:00"),  # St Andrew's Day
        ("2027-03-17T10:00+00:00", ULSTER, "2027-03-18T08:00+00:00"),  # St Patrick's Day
        ("2027-03-17T10:00+00:00", ENGLAND, "2027-03-17T10:00+00:00"),
    ],
)
def test_each_nation_keeps_its_own_holidays(now, nation, opens):
    assert next_open(at(now), DEFAULT, nation) == at(opens)


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "now", "opens"),
    [
        ("16:00", "10:30", "2026-12-07T16:00+00:00", "2026-12-08T10:30+00:00"),
        ("16:00", "10:30", "2026-12-07T10:29+00:00", "2026-12-07T10:30+00:00"),
        ("12:00", "14:00", "2026-12-07T11:59+00:00", "2026-12-07T11:59+00:00"),
        ("12:00", "14:00", "2026-12-07T12:00+00:00", "2026-12-07T14:00+00:00"),
        ("12:00", "14:00", "2026-12-07T23:00+00:00", "2026-12-07T23:00+00:00"),
        ("12:00", "14:00", "2026-12-06T23:00+00:00", "2026-12-07T00:00+00:00"),  # a Sunday night
        ("00:00", "08:00", "2026-12-07T23:59+00:00", "2026-12-07T23:59+00:00"),
        ("00:00", "08:00", "2026-12-08T00:00+00:00", "2026-12-08T08:00+00:00"),
        ("18:00", "00:00", "2026-12-07T18:00+00:00", "2026-12-08T00:00+00:00"),
        ("08:00", "08:00", "2026-12-07T08:00+00:00", "2026-12-07T08:00+00:00"),  # no hours at all
    ],
)
def test_hours_of_ones_own_count_over_midnight_and_within_a_day(quiet_from, quiet_until, now, opens):
    theirs = replace(
        DEFAULT, quiet_from=dt.time.fromisoformat(quiet_from), quiet_until=dt.time.fromisoformat(quiet_until)
    )
    assert next_open(at(now), theirs, ENGLAND) == at(opens)


@pytest.mark.parametrize("now", ["2026-12-07T23:00+00:00", "2026-12-05T11:00+00:00", "2026-12-25T11:00+00:00"])
def test_whoever_has_no_quiet_hours_may_be_written_to_at_any_time(now):
    assert next_open(at(now), replace(DEFAULT, quiet=False), ENGLAND) == at(now)
