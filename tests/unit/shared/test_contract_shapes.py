"""The shape of an event is written once, as a dataclass; its schema follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest
from marshmallow import ValidationError

from shared.contracts import base
from shared.contracts.base import NotInTheLanguage, contract_for, contract_of, contracts, published
from shared.contracts.shape import shape_of

DOOR = {"number": 2, "opens": "13:45:00", "label": None}
VISIT = {
    "id": "0192f0c8-0000-7000-8000-000000000001",
    "on": "2027-01-12",
    "noted_at": "2026-11-24T09:30:00+00:00",
    "escorted": True,
    "doors": [DOOR],
    "last": DOOR,
    "tags": ["north", "wing"],
    "notes": None,
}


@dataclass(frozen=True, slots=True)
class Door:
    number: int
    opens: time
    label: str | None


@dataclass(frozen=True, slots=True)
class VisitPlanned:
    id: UUID
    on: date
    noted_at: datetime
    escorted: bool
    doors: tuple[Door, ...]
    last: Door
    tags: tuple[str, ...]
    notes: tuple[str, ...] | None


@pytest.fixture
def contract(monkeypatch):
    """The contract of `VisitPlanned`, in a language of its own."""
    monkeypatch.setattr(base, "_BY_TYPE", {})
    monkeypatch.setattr(base, "_BY_CLASS", {})
    published(by="visits", type_="visit_planned", subject="id", to=("gate",), sample=VISIT, version=3)(VisitPlanned)
    return contract_of(VisitPlanned)


def test_nested_shapes_lists_and_absent_values_load_as_the_dataclass(contract):
    door = Door(2, time(13, 45), None)

    assert contract.load(VISIT) == VisitPlanned(
        id=UUID("0192f0c8-0000-7000-8000-000000000001"),
        on=date(2027, 1, 12),
        noted_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        escorted=True,
        doors=(door,),
        last=door,
        tags=("north", "wing"),
        notes=None,
    )


def test_an_event_dumps_back_to_the_data_it_came_from(contract):
    assert contract.dump(contract.load(VISIT)) == VISIT


def test_an_optional_list_may_be_there(contract):
    assert contract.load({**VISIT, "notes": ["bring the key"]}).notes == ("bring the key",)


def test_an_optional_field_may_be_missing(contract):
    assert contract.load({name: value for name, value in VISIT.items() if name != "notes"}).notes is None


def test_unknown_fields_are_left_aside_at_every_depth(contract):
    more = {**VISIT, "colour": "blue", "doors": [{**DOOR, "handle": "brass"}], "last": {**DOOR, "handle": "brass"}}

    assert contract.load(more) == contract.load(VISIT)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "door 2"),
        ("on", "Tuesday"),
        ("noted_at", "2026-11-24T09:30:00"),
        ("escorted", "perhaps"),
        ("doors", DOOR),
        ("doors", [{**DOOR, "number": "two"}]),
        ("last", {"number": 2}),
        ("tags", "north"),
        ("tags", [7]),
        ("on", None),
    ],
)
def test_a_field_of_the_wrong_shape_is_refused_by_name(contract, name, value):
    with pytest.raises(ValidationError) as refusal:
        contract.load({**VISIT, name: value})

    assert set(refusal.value.messages) == {name}


@pytest.mark.parametrize("name", sorted(set(VISIT) - {"notes"}))
def test_a_field_that_must_be_there_is_missed_by_name(contract, name):
    with pytest.raises(ValidationError) as refusal:
        contract.load({key: value for key, value in VISIT.items() if key != name})

    assert set(refusal.value.messages) == {name}


def test_a_contract_names_its_publisher_its_subscribers_and_its_shape(contract):
    assert (contract.source, contract.type, contract.subscribers) == ("visits", "visit_planned", ("gate",))
    assert contract.subject == "id"
    assert contract.dataschema == "urn:keytalk:visits:visit_planned:3"
    assert contracts() == (contract,)
    assert contract_for("visit_planned") is contract


def test_what_is_not_in_the_language_is_named(contract):
    with pytest.raises(NotInTheLanguage, match="visit_praised"):
        contract_for("visit_praised")
    with pytest.raises(NotInTheLanguage, match="Door"):
        contract_of(Door)


def test_the_shape_says_what_the_schema_takes(contract):
    door = {
        "type": "object",
        "properties": {
            "number": {"type": "integer"},
            "opens": {"type": "string", "pattern": r"^[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]+)?$"},
            "label": {"type": ["string", "null"]},
        },
        "required": ["number", "opens"],
    }

    assert shape_of(contract) == {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "on": {"type": "string", "format": "date"},
            "noted_at": {"type": "string", "format": "date-time"},
            "escorted": {"type": "boolean"},
            "doors": {"type": "array", "items": door},
            "last": door,
            "tags": {"type": "array", "items": {"type": "string"}},
            "notes": {"type": ["array", "null"], "items": {"type": "string"}},
        },
        "required": ["id", "on", "noted_at", "escorted", "doors", "last", "tags"],
    }
