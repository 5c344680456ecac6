"""Moments as people write them, and clocks for those who need one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import fixed_clock, machine_clock, parse_moment


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2027-01-07T15:00", 15),
        ("2027-07-07T15:00", 14),
        ("2027-07-07T15:00+00:00", 15),
        ("2027-07-07T15:00Z", 15),
        ("2027-07-07T15:00-04:00", 19),
    ],
)
def test_a_moment_without_an_offset_is_local_time_in_london(text, hour):
    moment = parse_moment(text)

    assert (moment.hour, moment.tzinfo) == (hour, UTC)


def test_a_day_alone_begins_at_midnight_in_london():
    assert parse_moment("2027-07-07") == datetime(2027, 7, 6, 23, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "07/01/2027", "2027-02-30T10:00"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match=r"isoformat|month"):
        parse_moment(text)


def test_a_fixed_clock_stands_still_at_an_aware_moment():
    at = datetime(2027, 1, 7, 15, tzinfo=UTC)

    assert fixed_clock(at)() == at
    with pytest.raises(ValueError, match="add a time zone"):
        fixed_clock(at.replace(tzinfo=None))


def test_the_machines_clock_is_aware():
    assert machine_clock().utcoffset() == timedelta(0)
