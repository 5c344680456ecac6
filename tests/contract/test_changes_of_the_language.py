"""Which changes of a published event are noticed, and which are fine."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from shared.contracts import base
from shared.contracts.base import contracts, published
from shared.contracts.record import broken_promises, record_of


@dataclass(frozen=True)
class Door:
    number: int
    label: str | None


@dataclass(frozen=True)
class DoorWithoutLabel:
    number: int


@dataclass(frozen=True)
class DoorWithColour:
    number: int
    label: str | None
    colour: str


@dataclass(frozen=True)
class DoorWithNote:
    number: int
    label: str | None
    note: str | None


FIELDS = {"id": UUID, "on": date, "guests": int, "guide": str | None, "doors": tuple[Door, ...], "last": Door}
PROMISES = {"by": "visits", "type_": "visit_planned", "subject": "id", "to": ("gate", "kitchen"), "sample": {}}


@pytest.fixture(autouse=True)
def _a_language_of_its_own(monkeypatch):
    monkeypatch.setattr(base, "_BY_TYPE", {})
    monkeypatch.setattr(base, "_BY_CLASS", {})


def _record(fields: dict[str, Any] = FIELDS, **promises: Any):
    """What a language of one event promises."""
    base._BY_TYPE.clear()
    published(**{**PROMISES, **promises})(make_dataclass("VisitPlanned", list(fields.items()), frozen=True))
    return record_of(contracts())


def _fields(**changed: Any) -> dict[str, Any]:
    """The fields with some changed or added; None takes one away."""
    return {name: hint for name, hint in {**FIELDS, **changed}.items() if hint is not None}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"guests": None}, "visit_planned.guests: this field was removed or renamed."),
        ({"guide": None}, "visit_planned.guide: this field was removed or renamed."),
        ({"guests": str}, "visit_planned.guests: its type was integer and is string."),
        ({"on": str}, "visit_planned.on: its type was string date and is string."),
        ({"last": tuple[Door, ...]}, "visit_planned.last: its type was object and is array."),
        ({"doors": tuple[str, ...]}, "visit_planned.doors[]: its type was object and is string."),
        ({"guide": str}, "visit_planned.guide: it may no longer be null, "),
        ({"guests": int | None}, "visit_planned.guests: it may now be null, "),
        ({"colour": str}, "visit_planned.colour: this field is new and may not be null, "),
        ({"last": DoorWithoutLabel}, "visit_planned.last.label: this field was removed or renamed."),
        ({"doors": tuple[DoorWithoutLabel, ...]}, "visit_planned.doors[].label: this field was removed or renamed."),
        ({"doors": tuple[DoorWithColour, ...]}, "visit_planned.doors[].colour: this field is new and may not be null"),
        ({"doors": tuple[Door | None, ...]}, "visit_planned.doors[]: it may now be null, "),
    ],
)
def test_a_field_that_breaks_its_readers_is_named(changed, told):
    [sentence] = broken_promises(_record(), _record(_fields(**changed)))

    assert sentence.startswith(told)


def test_a_renamed_field_is_one_gone_and_one_new():
    gone, new = broken_promises(_record(), _record(_fields(guests=None, visitors=int)))

    assert "guests" in gone
    assert "visitors" in new


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"by": "tours"}, "visit_planned: its publisher was visits and is tours."),
        ({"subject": "on"}, "visit_planned: its subject was id and is on."),
        ({"version": 2}, "visit_planned: its version was 1 and is 2."),
        ({"to": ("gate",)}, "visit_planned: kitchen no longer receives it."),
        ({"type_": "visit_arranged"}, "visit_planned: this event was removed."),
    ],
)
def test_a_promise_about_an_event_that_is_broken_is_named(changed, told):
    assert broken_promises(_record(), _record(**changed)) == (told,)


def test_everything_that_is_broken_is_told_at_once():
    assert len(broken_promises(_record(), _record(_fields(guests=None, on=str), version=2))) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"colour": str | None},
        {"tags": tuple[str, ...] | None},
        {"next": Door | None},
        {"last": DoorWithNote},
        {"doors": tuple[DoorWithNote, ...]},
    ],
)
def test_a_new_field_that_may_be_null_is_fine(changed):
    assert broken_promises(_record(), _record(_fields(**changed))) == ()


@pytest.mark.parametrize("to", [("gate", "kitchen", "library"), ("kitchen", "gate")])
def test_a_new_subscriber_is_fine_and_so_is_another_order(to):
    assert broken_promises(_record(), _record(to=to)) == ()


def test_fields_in_another_order_are_fine():
    assert broken_promises(_record(), _record(dict(reversed(FIELDS.items())))) == ()


def test_a_new_event_is_fine_and_so_is_a_second_version_beside_the_first():
    was = _record()

    assert broken_promises(was, {**was, **_record(_fields(guests=None), type_="visit_planned_v2", version=2)}) == ()
    assert broken_promises({}, was) == ()
