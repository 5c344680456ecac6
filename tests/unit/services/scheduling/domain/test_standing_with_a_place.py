"""How somebody stands with an establishment: one word, and what it rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from uuid import UUID

import pytest

from services.scheduling.domain.clearances import Clearance, standing
from services.scheduling.domain.facilitators import WorkingHours, refuse_overlapping

TODAY = date(2026, 12, 1)
RUNS = Clearance(UUID(int=1), "RSI", "standard", date(2026, 3, 20), date(2027, 3, 19))
"""108 days are left of it today."""


def word(*held, on=TODAY, needed="standard"):
    return standing(held, on, needed).word


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "valid"),
        ({"valid_until": date(2027, 3, 2)}, "valid"),  # 91 days
        ({"valid_until": date(2027, 3, 1)}, "expiring"),  # 90 days
        ({"valid_until": date(2026, 12, 1)}, "expiring"),  # today is its last
        ({"valid_until": date(2026, 11, 30)}, "expired"),
        ({"valid_from": date(2026, 12, 2)}, "not_yet"),
        ({"site_access": False}, "not_yet"),
        ({"level": "baseline"}, "below_level"),
        ({"state": "applied"}, "applied"),
        ({"state": "suspended"}, "suspended"),
        ({"state": "suspended", "valid_until": date(2026, 11, 30)}, "expired"),
        ({"state": "refused"}, "refused"),
    ],
)
def test_one_clearance_is_one_word(changes, expected):
    assert word(replace(RUNS, **changes)) == expected


def test_nothing_held_is_none():
    assert standing((), TODAY, "standard").clearance is None
    assert word() == "none"


def test_a_renewal_that_is_granted_makes_what_would_expire_valid_to_its_end():
    ending = replace(RUNS, valid_until=date(2026, 12, 31))
    renewal = replace(RUNS, valid_from=date(2027, 1, 1), valid_until=date(2029, 12, 31))

    found = standing((ending, renewal), TODAY, "standard")

    assert (found.word, found.until, found.renewal) == ("valid", date(2029, 12, 31), None)
    assert standing((ending,), TODAY, "standard").word == "expiring"


def test_a_renewal_that_does_not_carry_on_yet_is_told_of_beside_it():
    ending = replace(RUNS, valid_until=date(2026, 12, 31))
    later = {"valid_from": date(2027, 1, 5), "valid_until": date(2029, 12, 31)}

    applied = standing((ending, replace(RUNS, state="applied", **later)), TODAY, "standard")
    after_a_gap = standing((ending, replace(RUNS, **later)), TODAY, "standard")

    assert (applied.word, applied.until, applied.renewal) == ("expiring", date(2026, 12, 31), "applied")
    assert (after_a_gap.word, after_a_gap.until, after_a_gap.renewal) == ("expiring", date(2026, 12, 31), "granted")


def test_what_opens_the_gate_is_told_of_before_what_does_not():
    beside = [replace(RUNS, valid_from=date(2026, 4, 1), state=state) for state in ("suspended", "applied", "refused")]

    assert word(*beside, RUNS) == "valid"
    assert word(*beside) == "suspended"


def test_keys_cannot_end_before_the_clearance_starts():
    with pytest.raises(ValueError, match=r"keys_until: .* 20 March 2026"):
        replace(RUNS, keys_until=date(2026, 3, 19))


def test_hours_of_one_day_may_touch_and_not_overlap():
    morning = WorkingHours(1, time(9), time(12))

    refuse_overlapping((WorkingHours(1, time(12), time(17)), morning, WorkingHours(2, time(9), time(12))))
    with pytest.raises(ValueError, match="on Tuesday, 09:00 to 12:00 and 11:59 to 17:00 overlap"):
        refuse_overlapping((WorkingHours(1, time(11, 59), time(17)), morning))
