"""What ends soon, and on which days somebody is told. Dates were counted on a calendar, not by the code."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.scheduling.domain.expiry import Ending, Held, day_looked_at, endings, next_look, notice_due

ANA, TOM = UUID(int=1), UUID(int=2)
A_DAY = timedelta(days=1)


def cleared(first, last, *, who=ANA, what="clearance", of="RSI"):
    return Held(who, what, of, first, last)


def ends(*held):
    return [(each.facilitator_id, each.of, each.valid_until) for each in endings(held)]


def test_access_to_19_march_2027_is_told_of_on_these_five_days():
    ending = Ending(ANA, "clearance", "RSI", date(2027, 3, 19))

    told = {}
    for day in range((date(2027, 4, 1) - date(2026, 11, 1)).days):
        on = date(2026, 11, 1) + day * A_DAY
        notice = notice_due(ending, on)
        if notice is not None:
            told.setdefault(notice.days, on)

    assert told == {
        90: date(2026, 12, 19),
        60: date(2027, 1, 18),
        30: date(2027, 2, 17),
        14: date(2027, 3, 5),
        7: date(2027, 3, 12),
    }


def test_a_leap_day_is_a_day():
    ending = Ending(ANA, "insurance", "", date(2028, 3, 1))

    assert notice_due(ending, date(2028, 2, 22)).days == 14  # the 29th lies between: eight days are left
    assert notice_due(ending, date(2028, 2, 23)).days == 7


@pytest.mark.parametrize(
    ("on", "days"),
    [
        (date(2026, 12, 18), None),
        (date(2027, 2, 20), 30),
        (date(2027, 3, 10), 14),
        (date(2027, 3, 19), 7),
        (date(2027, 3, 20), None),
    ],
)
def test_of_several_that_were_missed_the_latest_is_due_and_none_once_it_is_over(on, days):
    found = notice_due(Ending(ANA, "clearance", "RSI", date(2027, 3, 19)), on)

    assert (found and found.days) == days


def test_what_begins_by_the_day_after_carries_on():
    running = cleared(date(2026, 3, 20), date(2027, 3, 19))
    renewal = cleared(date(2027, 3, 20), date(2028, 3, 19))

    assert ends(running, renewal) == [(ANA, "RSI", date(2028, 3, 19))]


def test_a_gap_of_one_day_is_an_end():
    running = cleared(date(2026, 3, 20), date(2027, 3, 19))
    late = cleared(date(2027, 3, 21), date(2028, 3, 19))

    assert ends(running, late) == [(ANA, "RSI", date(2027, 3, 19)), (ANA, "RSI", date(2028, 3, 19))]


def test_two_that_end_on_one_day_are_one_end_and_one_without_an_end_has_none():
    twins = [cleared(date(2026, 1, 1), date(2027, 3, 19)), cleared(date(2026, 6, 1), date(2027, 3, 19))]

    assert ends(*twins) == [(ANA, "RSI", date(2027, 3, 19))]
    assert ends(*twins, cleared(date(2026, 1, 1), None)) == []


def test_another_person_another_place_or_another_thing_carries_nothing_on():
    mine = cleared(date(2026, 1, 1), date(2027, 3, 19))
    others = [
        cleared(date(2026, 1, 1), None, who=TOM),
        cleared(date(2026, 1, 1), None, of="STI"),
        cleared(date(2026, 1, 1), None, what="keys"),
    ]

    assert ends(mine, *others) == [(ANA, "RSI", date(2027, 3, 19))]


@pytest.mark.parametrize("last", [date.max, date.min])
def test_the_ends_of_the_calendar_are_no_trouble(last):
    assert ends(cleared(date.min, last)) == [(ANA, "RSI", last)]


@pytest.mark.parametrize(
    ("now", "at"),
    [
        # Three in London is three in UTC until the clocks go forward, on 28 March 2027.
        (datetime(2027, 3, 27, 14, 59, tzinfo=UTC), datetime(2027, 3, 27, 15, 0, tzinfo=UTC)),
        (datetime(2027, 3, 27, 15, 0, tzinfo=UTC), datetime(2027, 3, 28, 14, 0, tzinfo=UTC)),
        (datetime(2027, 10, 30, 14, 0, tzinfo=UTC), datetime(2027, 10, 31, 15, 0, tzinfo=UTC)),
    ],
)
def test_the_look_is_at_three_in_london_in_summer_and_winter(now, at):
    assert next_look(now) == at


def test_before_three_it_is_still_the_day_before():
    assert day_looked_at(datetime(2026, 12, 19, 14, 59, tzinfo=UTC)) == date(2026, 12, 18)
    assert day_looked_at(datetime(2026, 12, 19, 15, 0, tzinfo=UTC)) == date(2026, 12, 19)
    # In summer: 14:00 UTC is three in London.
    assert day_looked_at(datetime(2027, 7, 1, 14, 0, tzinfo=UTC)) == date(2027, 7, 1)
