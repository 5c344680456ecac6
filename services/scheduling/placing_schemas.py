"""The shape of what is asked when a place for a run is looked for."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from services.scheduling.domain.commands import WEEKDAYS, FindSlots

_DATE: dict[str, Any] = {"invalid": "Write a date as year-month-day, such as 2027-01-12."}
_COUNT: dict[str, Any] = {"invalid": "Give a whole number."}


def _one_of(choices: tuple[str, ...]) -> validate.OneOf:
    return validate.OneOf(choices, error=f"Choose one of: {', '.join(choices)}.")


class FindSlotsSchema(Schema):
    """The arguments of `find_slots`."""

    enquiry = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 20))
    establishment = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 10))
    programme = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 60))
    earliest = fields.Date(load_default=None, allow_none=True, error_messages=_DATE)
    latest = fields.Date(load_default=None, allow_none=True, error_messages=_DATE)
    weekday = fields.String(load_default=None, allow_none=True, validate=_one_of(WEEKDAYS))
    window = fields.String(load_default=None, allow_none=True, validate=_one_of(("am", "pm", "day")))
    mode = fields.String(load_default="in_person", validate=_one_of(("in_person", "remote")))
    group_size = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        error_messages=_COUNT,
        validate=validate.Range(1, 100, error="Give how many people, from 1 to 100."),
    )
    limit = fields.Integer(
        load_default=10,
        strict=True,
        error_messages=_COUNT,
        validate=validate.Range(1, 50, error="Ask for 1 to 50 options."),
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> FindSlots:
        """Give the command."""
        if data["establishment"] is not None:
            data["establishment"] = data["establishment"].upper()
        return FindSlots(**data)
