from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config import BadSettings, read_settings
from shared.messaging.jobs import each

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, st.integers(1, 1440))
def test_a_recurring_clock_strikes_within_its_interval_and_at_the_same_moments_for_everyone(moment, minutes):
    interval = timedelta(minutes=minutes)
    strikes = each(interval)

    first = strikes(moment)

    assert timedelta() < first - moment <= interval
    assert strikes(first) - first == interval
    assert strikes(first - timedelta(microseconds=1)) == first


def test_a_canary_is_sent_only_where_it_is_asked_for(tmp_path):
    usual = read_settings({"KEYTALK_HOME": str(tmp_path)})
    asked = read_settings({"KEYTALK_HOME": str(tmp_path), "KEYTALK_CANARY": "on", "KEYTALK_CANARY_EVERY": "15"})

    assert (usual.canary, usual.canary_every) == (False, 60)
    assert (asked.canary, asked.canary_every) == (True, 15)


@pytest.mark.parametrize(
    ("name", "value"), [("KEYTALK_CANARY", "yes"), ("KEYTALK_CANARY_EVERY", "0"), ("KEYTALK_CANARY_EVERY", "often")]
)
def test_a_canary_that_cannot_be_sent_so_is_named_at_the_start(tmp_path, name, value):
    with pytest.raises(BadSettings, match=name):
        read_settings({"KEYTALK_HOME": str(tmp_path), name: value})
