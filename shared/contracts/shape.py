"""The shape of an event's data as JSON Schema (draft 7), derived from its marshmallow schema."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from shared.contracts.base import Contract

Shape = dict[str, Any]
"""A JSON Schema."""

_KINDS: dict[type[fields.Field[Any]], Shape] = {
    fields.String: {"type": "string"},
    fields.Integer: {"type": "integer"},
    fields.Boolean: {"type": "boolean"},
    fields.UUID: {"type": "string", "format": "uuid"},
    fields.Date: {"type": "string", "format": "date"},
    # JSON Schema's own `time` asks for an offset, and a local time has none.
    fields.Time: {"type": "string", "pattern": r"^[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]+)?$"},
    fields.AwareDateTime: {"type": "string", "format": "date-time"},
}


def shape_of(contract: Contract) -> Shape:
    """Give the shape of an event's data. Fields beyond it are allowed, as every reader leaves them aside."""
    return _object(contract.schema)


def may_be_null(shape: Shape) -> bool:
    """Say whether a field of this shape may be null, and so may be left out too."""
    return isinstance(shape["type"], list)


def kind_of(shape: Shape) -> str:
    """Give the JSON type of a shape, null aside."""
    return str(shape["type"][0] if may_be_null(shape) else shape["type"])


def _object(schema: Schema) -> Shape:
    return {
        "type": "object",
        "properties": {name: _field(field) for name, field in schema.fields.items()},
        "required": [name for name, field in schema.fields.items() if field.required],
    }


def _field(field: fields.Field[Any]) -> Shape:
    shape = _value(field)
    return {**shape, "type": [shape["type"], "null"]} if field.allow_none else shape


def _value(field: fields.Field[Any]) -> Shape:
    if isinstance(field, fields.List):
        return {"type": "array", "items": _field(field.inner)}
    if isinstance(field, fields.Nested):
        return _object(field.schema)
    return _KINDS[type(field)]
