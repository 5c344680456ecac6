"""What callers say of sessions that were held: shape is checked here, once, with a sentence for each argument at fault.

There is no field for words of one's own anywhere: people in prison are counted, and nothing else is said of them.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from services.scheduling.domain.attendance import (
    ABSENCES,
    AUDIENCES,
    QUESTIONS,
    SCORES,
    SEAT_MARKS,
    SEATS,
    Attendance,
    Feedback,
)
from services.scheduling.domain.outcomes import CAUSES, PARTIES
from services.scheduling.schemas import one_of

MOST_PEOPLE = 200


def _count(**more: Any) -> fields.Integer:
    why = f"Give a whole number from 0 to {MOST_PEOPLE}."
    messages: dict[str, Any] = {"invalid": why, "required": "Give a number.", "null": why}
    return fields.Integer(
        strict=True, validate=validate.Range(0, MOST_PEOPLE, error=why), error_messages=messages, **more
    )


def _numbered(numbers: range) -> fields.Integer:
    why = f"These go by number, from {numbers.start} to {numbers.stop - 1}."
    return fields.Integer(
        validate=validate.Range(numbers.start, numbers.stop - 1, error=why), error_messages={"invalid": why}
    )


class PartSchema(Schema):
    """The arguments of `record_part_delivered`."""

    cause = fields.String(required=True, validate=one_of(CAUSES))
    party = fields.String(required=True, validate=one_of(PARTIES))
    minutes = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, 600, error="Give how many minutes it was held, from 1 up."),
        error_messages={"invalid": "Give whole minutes.", "required": "Give how many minutes it was held."},
    )


class AttendanceSchema(Schema):
    """The arguments of `submit_attendance`."""

    expected = _count(required=True)
    attended = _count(required=True)
    late = _count(load_default=0)
    left_early = _count(load_default=0)
    absent = fields.Dict(keys=fields.String(validate=one_of(ABSENCES)), values=_count(), load_default=dict)
    seats = fields.Dict(
        keys=_numbered(SEATS), values=fields.String(validate=one_of(SEAT_MARKS)), load_default=None, allow_none=True
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Attendance:
        """Give the counts."""
        return Attendance(**data)


class FeedbackSchema(Schema):
    """The arguments of `record_feedback`."""

    audience = fields.String(required=True, validate=one_of(AUDIENCES))
    answers = _count(required=True)
    scores = fields.Dict(
        keys=fields.String(validate=one_of(QUESTIONS)),
        values=fields.Dict(keys=_numbered(SCORES), values=_count()),
        required=True,
        validate=validate.Length(1, error="Give the scores of one question at least."),
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Feedback:
        """Give the counts."""
        return Feedback(**data)
