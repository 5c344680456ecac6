"""So many working days before a date, against a calendar."""

from __future__ import annotations

from datetime import date

import pytest

from shared.holidays import bank_holidays_of
from shared.working_days import working_day_before


@pytest.mark.parametrize(
    ("first", "count", "due"),
    [
        # Scenario 6: the Wednesday run at Styal moves to 27 January 2027, its memo is due on the 13th.
        ("2027-01-27", 10, "2027-01-13"),
        ("2027-01-12", 10, "2026-12-24"),
        ("2027-03-30", 1, "2027-03-25"),
        ("2027-03-27", 1, "2027-03-25"),
        ("2027-03-30", 0, "2027-03-30"),
    ],
)
def test_weekends_and_bank_holidays_do_not_count(first, count, due):
    holidays = bank_holidays_of("england-and-wales")

    assert working_day_before(date.fromisoformat(first), count, holidays) == date.fromisoformat(due)


def test_other_nations_keep_other_holidays():
    # 2 January is a holiday in Scotland, moved to Monday 4 January in 2027.
    assert working_day_before(date(2027, 1, 5), 1, bank_holidays_of("scotland")) == date(2026, 12, 31)
    assert working_day_before(date(2027, 1, 5), 1, bank_holidays_of("england-and-wales")) == date(2027, 1, 4)
