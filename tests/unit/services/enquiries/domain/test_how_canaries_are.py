"""Whether the canaries are late, or do not come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.enquiries.domain.canaries import GRACE, how_canaries_are

NOW = datetime(2026, 12, 4, 12, tzinfo=UTC)
HOURLY = timedelta(hours=1)


@pytest.mark.parametrize(
    ("age", "state", "late", "failing"),
    [
        (timedelta(minutes=3), "arrived", False, False),
        (HOURLY + GRACE, "arrived", False, False),
        (HOURLY + GRACE + timedelta(seconds=1), "arrived", True, False),
        (timedelta(minutes=3), "lost", False, True),
        (timedelta(minutes=3), "refused", False, True),
        (timedelta(minutes=1), "sent", False, False),
        (GRACE + timedelta(seconds=1), "sent", False, True),
    ],
)
def test_a_canary_is_late_after_its_time_and_fails_when_it_does_not_come_in(age, state, late, failing):
    how = how_canaries_are({"sent_at": NOW - age, "state": state}, HOURLY, NOW)

    assert (how["late"], how["failing"], how["age_seconds"]) == (late, failing, age.total_seconds())
    assert (how["on"], how["every_minutes"], how["state"]) == (True, 60, state)


def test_none_are_late_where_none_are_to_be_sent():
    how = how_canaries_are({"sent_at": NOW - timedelta(days=9), "state": "arrived"}, None, NOW)

    assert (how["on"], how["late"]) == (False, False)


def test_before_the_first_there_is_nothing_to_tell():
    how = how_canaries_are(None, HOURLY, NOW)

    assert (how["state"], how["sent_at"], how["late"], how["failing"]) == (None, None, False, False)
