"""A filter is read field by field; what cannot be read is named."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.filters import (
    Filter,
    Place,
    cursor_of,
    parse_cursor,
    parse_filter,
    parse_name,
)
from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.standing import Standing
from shared.errors import Refused

PROGRAMMES = ("many-faces-of-trauma",)


def test_nothing_asked_for_shows_all_that_is_filed():
    assert parse_filter({}, PROGRAMMES) == Filter(standing=Standing.FILED)
    assert parse_filter({"stage": None, "owner": None}, PROGRAMMES) == Filter()


def test_every_field_is_read():
    asked = {
        "stage": "Next-steps",
        "standing": "any",
        "owner": " sam ",
        "waiting_on": "prison",
        "programme": "many-faces-of-trauma",
        "establishment": "RSI",
        "overdue": True,
        "has_open_task": False,
        "text": "quiet room",
    }

    read = parse_filter(asked, PROGRAMMES)

    assert (read.stage, read.standing, read.owner) == (Stage.NEXT_STEPS, None, "sam")
    assert (read.overdue, read.has_open_task, read.text) == (True, False, "quiet room")


def test_days_are_whole_days_in_london_and_the_last_one_counts():
    read = parse_filter({"received_from": "2027-06-01", "received_to": "2027-06-01"}, PROGRAMMES)

    assert read.received_from == datetime(2027, 5, 31, 23, 0, tzinfo=UTC)
    assert read.received_to == datetime(2027, 6, 1, 23, 0, tzinfo=UTC)
    to_the_hour = parse_filter({"received_to": "2027-01-05T09:00"}, PROGRAMMES)
    assert to_the_hour.received_to == datetime(2027, 1, 5, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stage", "sold"),
        ("stage", 3),
        ("standing", "lost"),
        ("owner", ""),
        ("owner", 7),
        ("waiting_on", "nobody"),
        ("programme", "basket-weaving"),
        ("received_from", "yesterday"),
        ("received_to", "2027-02-30"),
        ("received_to", "9999-12-31"),
        ("received_from", 20270105),
        ("overdue", "yes"),
        ("has_open_task", 1),
        ("text", "x" * 201),
        ("colour", "blue"),
        ("limit; DROP TABLE enquiries", "x"),
    ],
)
def test_what_cannot_be_read_is_named(field, value):
    with pytest.raises(Refused) as refused:
        parse_filter({field: value, "stage": "new"} if field != "stage" else {field: value}, PROGRAMMES)

    assert refused.value.code == "invalid"
    assert list(refused.value.fields) == [field]


def test_all_that_cannot_be_read_is_named_at_once():
    with pytest.raises(Refused) as refused:
        parse_filter({"stage": "sold", "colour": "blue"}, PROGRAMMES)

    assert set(refused.value.fields) == {"stage", "colour"}
    assert "There is no filter 'colour'" in refused.value.detail


@given(st.datetimes(timezones=st.just(UTC)), st.text("KT-23456789", min_size=1, max_size=20))
def test_a_cursor_leads_back_to_its_place(received_at, reference):
    place = Place(received_at, reference)

    assert parse_cursor(cursor_of(place)) == place


@pytest.mark.parametrize("cursor", ["", "x", "é", 7, base64.b64encode(b"2027-01-05T09:00 KT-1").decode()])
def test_a_cursor_that_no_listing_gave_is_refused(cursor):
    with pytest.raises(Refused) as refused:
        parse_cursor(cursor)

    assert list(refused.value.fields) == ["after"]


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(cursor):
    try:
        parse_cursor(cursor)
    except Refused:
        return


def test_a_filters_name_is_one_line_of_words():
    assert parse_name("  my \n prisons ") == "my prisons"
    for name in ("", "  ", "x" * 101, None, 7):
        with pytest.raises(Refused):
            parse_name(name)
