"""What may be said when something is proposed, signed or drawn."""

from __future__ import annotations

from datetime import date

import pytest

from services.enquiries.commitment_schemas import (
    parse_acceptance,
    parse_declining,
    parse_drawing,
    parse_proposal,
    parse_purchase_order,
    parse_reason,
    parse_signature,
)
from services.enquiries.domain.proposals import Line
from shared.errors import Refused

TODAY = date(2026, 11, 24)


def mends(parse, *said) -> dict[str, list[str]]:
    with pytest.raises(Refused) as caught:
        parse(*said, TODAY)
    assert caught.value.code == "invalid"
    return caught.value.fields


def test_what_is_not_said_is_left_out():
    said = {"people": None, "sessions": 8, "extra_lines": None, "notes": "  "}

    assert parse_proposal(said, TODAY) == {"sessions": 8}


def test_an_extra_line_is_one_of_its_kind_unless_said_otherwise():
    read = parse_proposal({"extra_lines": [{"what": "Travel", "unit_pence": 45_50}]}, TODAY)

    assert read["extra_lines"] == (Line("Travel", 1, "", 45_50),)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"what": "Travel", "unit_pence": 45.5}, "whole number"),
        ({"what": "Travel", "unit_pence": True}, "whole number"),
        ({"what": "Travel", "unit_pence": "4550"}, "whole number"),
        ({"what": "Travel"}, "in whole pence"),
        ({"what": "", "unit_pence": 1}, "what the line is for"),
        ({"what": "Travel", "unit_pence": 1, "quantity": 0}, "from 1 to 1,000"),
        ({"what": "Travel", "unit_pence": 1, "vat": 20}, "leave it out"),
        ("Travel", "one JSON object"),
    ],
)
def test_a_line_with_a_fault_is_named_by_its_number(line, says):
    good = {"what": "Travel", "unit_pence": 1}

    [said] = mends(parse_proposal, {"extra_lines": [good, line]})["extra_lines"]

    assert said.startswith("Line 2: ")
    assert says in said


def test_there_are_limits_to_lines_people_and_days():
    found = mends(parse_proposal, {"people": 0, "sessions": "16", "valid_days": 366, "extra_lines": [{}] * 21})

    assert set(found) == {"people", "sessions", "valid_days", "extra_lines"}


@pytest.mark.parametrize("field", ["notes", "cancellation_terms", "reason"])
def test_nothing_about_a_person_in_prison_is_taken(field):
    assert field in mends(parse_proposal, {field: "as agreed for A1234BC"})


def test_whoever_accepts_gives_name_and_role_and_ticks_the_box():
    assert set(mends(parse_acceptance, {})) == {"name", "role", "agreed"}
    assert set(mends(parse_acceptance, {"name": "Bcc: x", "role": "a\nb", "agreed": "no"})) == {
        "name",
        "role",
        "agreed",
    }
    assert parse_acceptance({"name": "Siân", "role": "Head", "agreed": "yes"}, TODAY) == {
        "name": "Siân",
        "role": "Head",
    }


@pytest.mark.parametrize("number", ["4500012345", "9434765919", "PO-2027/114", "po 12_a#b.c"])
def test_a_purchase_order_may_look_like_any_number(number):
    assert parse_purchase_order(f" {number} ", TODAY) == number


@pytest.mark.parametrize("number", ["", None, "none yet", "PO 1\n2", "=1+1", "1" * 61, "A1234BC", 12])
def test_what_is_no_purchase_order_is_refused(number):
    assert "purchase_order" in mends(parse_purchase_order, number)


def test_a_signature_for_us_needs_a_name_a_drawing_its_purpose_and_an_end_its_reason():
    assert parse_signature({"name": "Priya", "role": None}, TODAY) == {"name": "Priya"}
    assert set(mends(parse_drawing, {"units": None, "about": " "})) == {"units", "about"}
    assert parse_drawing({"units": -2, "about": "two fell out"}, TODAY) == {"units": -2, "about": "two fell out"}
    assert "reason" in mends(parse_reason, None)
    assert parse_declining({}, TODAY) is None
