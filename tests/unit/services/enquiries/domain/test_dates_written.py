"""Dates of birth in the many ways people write them, and dates that must pass."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.dates_written import long_past_date_in

TODAY = date(2026, 11, 25)
LONG_PAST = st.dates(date(1900, 1, 1), date(2016, 11, 24))
NOT_LONG_PAST = st.dates(date(2016, 11, 25), date(2099, 12, 31))


def ordinal(day: int) -> str:
    suffix = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


WAYS = [
    lambda day: f"{day:%d/%m/%Y}",
    lambda day: f"{day.day}/{day.month}/{day.year}",
    lambda day: f"{day.day}.{day.month}.{day.year}",
    lambda day: f"{day:%d-%m-%Y}",
    lambda day: f"{day:%d %m %Y}",
    lambda day: f"{day:%d / %m / %Y}",
    lambda day: f"{day:%Y-%m-%d}",
    lambda day: f"{day:%Y/%m/%d}",
    lambda day: f"{day:%Y.%m.%d}",
    lambda day: f"{day:%Y-%m-%dT00:00:00Z}",
    lambda day: f"{day:%d%m%Y}",
    lambda day: f"{day.day} {day:%B %Y}",
    lambda day: f"{day.day} {day:%b %Y}",
    lambda day: f"{day:%d-%b-%Y}",
    lambda day: f"{day:%d%b%Y}",
    lambda day: f"{ordinal(day.day)} {day:%B} {day.year}",
    lambda day: f"the {ordinal(day.day)} of {day:%B}, {day.year}",
    lambda day: f"{day:%B} {day.day}, {day.year}",
    lambda day: f"{day:%b} {ordinal(day.day)} {day.year}",
    lambda day: f"{day.year} {day:%B} {day.day}",
]


@given(LONG_PAST, st.sampled_from(WAYS), st.sampled_from(["", "born ", "DOB:", "(", "d.o.b. "]), st.booleans())
def test_a_date_long_past_is_seen_in_every_way_of_writing(day: date, way, before: str, shouted: bool) -> None:
    text = f"{before}{way(day)}"

    assert long_past_date_in(text.upper() if shouted else text, TODAY)


@given(NOT_LONG_PAST, st.sampled_from(WAYS))
def test_a_date_of_the_last_ten_years_or_to_come_is_none(day: date, way) -> None:
    assert not long_past_date_in(f"from {way(day)} on", TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "12/3/85",
        "12.3.85",
        "12-03-85",
        "3/4/99",
        "03/04/05",
        "12 Mar 85",
        "12-Mar-85",
        "12 March '85",
        "12 March ’85",
        "12 March 05",
        "March 12 '85",
        "03/25/1985",
        "12/03/1985-14/03/1985",
        "12. 3. 1985",
        "dob12/03/1985",
        "12fed o Fawrth 1985",
        "1 Ionawr 1990",
        "12 March 1985 officers say",
        "He came on the 12TH DAY OF MARCH 1985",
        "12\nMarch\n1985",
    ],
)
def test_other_ways_are_seen_too(text: str) -> None:
    assert long_past_date_in(text, TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "founded in 1985",
        "since March 1985",
        "the class of 85",
        "1985/86",
        "between 1990 and 2005",
        "12/01/27",
        "12.1.27",
        "25 November 2016",
        "10/11/12 March",
        "5/6/7 January",
        "5/6/07 January",
        "groups of 8/10/12",
        "8-10-12 men",
        "12 March 14 people",
        "on 12 March, 14 and 28 April",
        "March 12, 19, 26",
        "12 January 1930 hours",
        "12 January 1945-2045",
        "12 March 08:30",
        "room 1.2.14",
        "10.1.1.85",
        "AB-12-03-85",
        "13:45-16:45, 08.30-11.30",
        "3 days x 8-16 people x £300",
        "32/13/1985",
        "0/0/1985",
        "12345678",
        "19991399",
        "",
    ],
)
def test_years_lists_times_and_counts_are_no_date_of_birth(text: str) -> None:
    assert not long_past_date_in(text, TODAY)


def test_ten_years_are_counted_to_the_day() -> None:
    assert not long_past_date_in("25/11/2016", TODAY)
    assert long_past_date_in("24/11/2016", TODAY)
    assert not long_past_date_in("25/11/2016", TODAY - timedelta(days=1))


def test_the_29th_of_february_has_a_day_ten_years_before_it() -> None:
    assert not long_past_date_in("28/02/2018", date(2028, 2, 29))
    assert long_past_date_in("27/02/2018", date(2028, 2, 29))
