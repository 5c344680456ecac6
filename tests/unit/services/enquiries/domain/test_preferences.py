"""Days and times read from an enquirer's own words."""

from __future__ import annotations

import pytest

from services.enquiries.domain.preferences import preferred_weekday, preferred_window


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Tuesdays", "tue"),
        ("Tuesdays, from January", "tue"),
        ("every Tues pm", "tue"),
        ("Weds or another Wednesday", "wed"),
        ("THURSDAY mornings", "thu"),
        ("Sat", "sat"),
    ],
)
def test_one_named_weekday_is_the_preference(text: str, day: str) -> None:
    assert preferred_weekday(text) == day


@pytest.mark.parametrize(
    "text",
    ["", "any day", "Tue/Wed", "Monday to Friday", "weekdays", "sunny monthly", "any day but Friday", "not Fridays"],
)
def test_no_weekday_is_read_where_there_is_doubt(text: str) -> None:
    assert preferred_weekday(text) is None


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("Tuesday mornings", "am"),
        ("AM please", "am"),
        ("from 9am", "am"),
        ("10 a.m.", "am"),
        ("I am free in the afternoon", "pm"),
        ("1.45pm to 4.45pm", "pm"),
        ("Thursdays p.m.", "pm"),
    ],
)
def test_one_named_half_of_the_day_is_the_preference(text: str, window: str) -> None:
    assert preferred_window(text) == window


@pytest.mark.parametrize(
    "text", ["", "I am flexible", "am or pm", "10am to 1pm", "13.45", "never mornings", "programme"]
)
def test_no_half_of_the_day_is_read_where_there_is_doubt(text: str) -> None:
    assert preferred_window(text) is None
