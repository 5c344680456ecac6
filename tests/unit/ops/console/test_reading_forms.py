"""What a form says that is another than it was, and numbers in it."""

from __future__ import annotations

import pytest

from ops.console.forms import number, what_differs

KNOWN = {"name": "Ana Reyes", "vehicle": None, "travel_limit_minutes": 90, "latitude": 53.44}


@pytest.mark.parametrize(
    ("form", "differs"),
    [
        ({"name": "Ana Reyes ", "vehicle": "", "travel_limit_minutes": "90", "latitude": "53.44"}, {}),
        ({"name": "Ana Vale", "vehicle": ""}, {"name": "Ana Vale"}),
        ({"travel_limit_minutes": "", "vehicle": " AB12 CDE "}, {"travel_limit_minutes": "", "vehicle": "AB12 CDE"}),
        ({}, {}),
    ],
)
def test_only_what_is_another_than_it_was_is_given(form, differs):
    assert what_differs(form, KNOWN, KNOWN) == differs


def test_what_is_not_asked_for_is_not_read():
    assert what_differs({"name": "Ana Vale", "id": "x"}, KNOWN | {"id": "y"}, ("name",)) == {"name": "Ana Vale"}


@pytest.mark.parametrize(
    ("text", "read"), [("20", 20), (" 0 ", 0), ("", ""), (None, ""), ("2.5", "2.5"), ("-1", "-1"), ("٣", "٣")]
)
def test_a_whole_number_is_read_and_all_else_is_left_for_the_service_to_refuse(text, read):
    assert number(text) == read
