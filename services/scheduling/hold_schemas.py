"""What callers send about holds."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.scheduling.domain.holds import EXTENSION_REASONS, HOLD_DAYS

_DAYS: dict[str, Any] = {"invalid": "Give working days as a whole number.", "required": "Give how many working days."}
_UP_TO_TEN = validate.Range(1, HOLD_DAYS, error=f"Give working days from 1 to {HOLD_DAYS}.")
STATES = ("active", "released", "expired", "converted")


class DaysSchema(Schema):
    """How long a hold lasts."""

    working_days = fields.Integer(required=True, strict=True, validate=_UP_TO_TEN, error_messages=_DAYS)


class ExtensionSchema(DaysSchema):
    """The arguments of `extend_hold`."""

    force = fields.Boolean(load_default=False, error_messages={"invalid": "Say true or false."})
    reason = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(EXTENSION_REASONS, error=f"Choose one of: {', '.join(EXTENSION_REASONS)}."),
    )


class ListSchema(Schema):
    """Which holds to list."""

    state = fields.String(
        load_default="active",
        validate=validate.OneOf((*STATES, "all"), error=f"Choose one of: {', '.join((*STATES, 'all'))}."),
    )
