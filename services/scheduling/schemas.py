"""What callers send to scheduling: shape is checked here, once, with a sentence for each argument at fault."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from marshmallow import Schema, ValidationError, fields, post_load, validate

from services.scheduling.domain.commands import WEEKDAYS, PlanRun
from shared.errors import Refused

DATE: dict[str, Any] = {"invalid": "Write a date as year-month-day, such as 2027-01-12.", "required": "Give a date."}
TIME: dict[str, Any] = {"invalid": "Write a time as hours and minutes, such as 10:00."}
ID: dict[str, Any] = {"invalid_uuid": "Give an id as the lists show it.", "required": "Give an id."}


def address(value: str) -> None:
    """Refuse what is no full email address."""
    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        raise ValidationError("Give one full email address, such as ana@example.org.") from None


def one_of(choices: Any) -> validate.OneOf:
    """Take one of some words only."""
    return validate.OneOf(tuple(choices), error=f"Choose one of: {', '.join(choices)}.")


def group_size() -> fields.Integer:
    """Make the field for how many people come; left out, nothing is said of it."""
    return fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(1, 100, error="Give how many people, from 1 to 100."),
        error_messages={"invalid": "Give how many people, as a whole number."},
    )


class PlanRunSchema(Schema):
    """The arguments of `plan_run`."""

    start = fields.Date(required=True, error_messages=DATE)
    weekday = fields.String(load_default=None, allow_none=True, validate=one_of(WEEKDAYS))
    window = fields.String(load_default=None, allow_none=True, validate=one_of(("am", "pm", "day")))
    facilitators = fields.List(fields.UUID(error_messages=ID), load_default=list)
    establishment = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    time = fields.Time(load_default=None, allow_none=True, error_messages=TIME)
    mode = fields.String(load_default="in_person", validate=one_of(("in_person", "remote")))
    room = fields.UUID(load_default=None, allow_none=True, error_messages=ID)
    programme = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    group_size = group_size()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> PlanRun:
        """Give the command."""
        return PlanRun(**{**data, "facilitators": tuple(data["facilitators"])})


def read(schema: Schema, **arguments: Any) -> Any:
    """Load arguments through a schema, or raise `Refused("invalid")` with each one's sentences."""
    try:
        return schema.load(arguments)
    except ValidationError as error:
        raise Refused("invalid", "Some of this needs a change.", _sentences(error.messages_dict)) from None


def _sentences(messages: Any) -> dict[str, list[str]]:
    return {str(name): _flat(said) for name, said in messages.items()}


def _flat(said: Any) -> list[str]:
    if isinstance(said, dict):
        return [sentence for each in said.values() for sentence in _flat(each)]
    return [str(each) for each in said]


def read_id(text: Any, argument: str) -> UUID:
    """Read an id, or raise `Refused("invalid")`."""
    try:
        return UUID(str(text))
    except ValueError:
        why = f"'{text}' is not an id. Copy it as the lists show it."
        raise Refused("invalid", why, {argument: [why]}) from None


def read_whose(facilitator: Any) -> UUID | None:
    """Read whose something must be: the id of a facilitator, or None for anybody's. Raises `Refused("invalid")`."""
    return None if facilitator is None else read_id(facilitator, "facilitator")
