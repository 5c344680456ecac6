"""When a message that could not be handled is tried again."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from shared.messaging.retry import RetryPolicy

TWO_TRIES = RetryPolicy((timedelta(seconds=10), timedelta(minutes=1)))


def _least() -> float:
    return 0.0


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 10), (2, 60)])
def test_each_attempt_has_its_own_delay(attempts, seconds):
    assert TWO_TRIES.delay(attempts, _least) == timedelta(seconds=seconds)


def test_after_the_last_delay_there_is_none():
    assert TWO_TRIES.delay(3, _least) is None


def test_chance_adds_up_to_a_fifth():
    assert TWO_TRIES.delay(1, lambda: 0.5) == timedelta(seconds=11)
    assert TWO_TRIES.delay(1, lambda: 1.0) == timedelta(seconds=12)


def test_left_to_itself_the_delays_grow_from_a_second_to_hours():
    delays = RetryPolicy().delays

    assert delays[0] == timedelta(seconds=1)
    assert all(earlier < later for earlier, later in pairwise(delays))
    assert timedelta(hours=4) < sum(delays, timedelta()) < timedelta(days=1)
