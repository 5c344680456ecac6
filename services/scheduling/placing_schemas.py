"""The shape of what is asked when a place for a run is looked for."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from services.scheduling.domain.commands import WEEKDAYS, FindSlots
from services.scheduling.schemas import DATE, group_size, one_of

_COUNT: dict[str, Any] = {"invalid": "Give a whole number."}


class FindSlotsSchema(Schema):
    """The arguments of `find_slots`."""

    enquiry = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 20))
    establishment = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 10))
    programme = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 60))
    earliest = fields.Date(load_default=None, allow_none=True, error_messages=DATE)
    latest = fields.Date(load_default=None, allow_none=True, error_messages=DATE)
    weekday = fields.String(load_default=None, allow_none=True, validate=one_of(WEEKDAYS))
    window = fields.String(load_default=None, allow_none=True, validate=one_of(("am", "pm", "day")))
    mode = fields.String(load_default="in_person", validate=one_of(("in_person", "remote")))
    group_size = group_size()
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
