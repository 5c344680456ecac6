"""What callers send about facilitators and clearances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validate, validates_schema

from services.scheduling.domain.clearances import LEVELS, Clearance
from services.scheduling.domain.clearances import STATES as CLEARANCE_STATES
from services.scheduling.domain.commands import WEEKDAYS
from services.scheduling.domain.facilitators import STATES, Accreditation, Leave, WorkingHours, refuse_overlapping
from services.scheduling.schemas import DATE, ID, TIME, address, one_of

_Made = TypeVar("_Made")

MAY_BE_EMPTIED = ("insured_until", "base", "travel_limit_minutes", "vehicle")
"""What can be taken away from a facilitator's entry; `base` is latitude and longitude."""

_PLACES = 2
"""Decimal places that are kept of where somebody sets out from: about a kilometre, which is enough for a journey."""


def _line(longest: int, what: str) -> validate.Regexp:
    """Allow one line that no spreadsheet takes for a formula."""
    return validate.Regexp(
        rf"^[^\s=+\-@\uff1d\uff0b\uff0d\uff20][^\r\n\t\x00-\x1f]{{0,{longest - 1}}}$",
        error=f"Give {what} on one line, up to {longest} characters, that does not begin with = + - or @.",
    )


def _whole(least: int, most: int, what: str) -> fields.Integer:
    why = f"Give {what} as a whole number from {least} to {most}."
    return fields.Integer(validate=validate.Range(least, most, error=why), error_messages={"invalid": why, "null": why})


def _between(least: float, most: float, what: str) -> fields.Float:
    why = f"Give {what} in the British Isles, from {least:g} to {most:g}: latitude first, then longitude."
    return fields.Float(validate=validate.Range(least, most, error=why), error_messages={"invalid": why})


class PartSchema(Schema):
    """A part of the establishments of a clearance matrix; what is None is left out."""

    after = fields.String(validate=validate.Length(max=10), error_messages={"invalid": "Give an establishment's id."})
    limit = _whole(1, 500, "how many establishments")

    @pre_load
    def leave_out(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Take what is None for what is not said."""
        return {name: value for name, value in data.items() if value is not None}


class WhoSchema(Schema):
    """Which facilitators are listed, and whether by name alone."""

    state = fields.String(load_default=None, allow_none=True, validate=one_of(STATES))
    brief = fields.Boolean(load_default=False, error_messages={"invalid": "Write true or false."})


class AheadSchema(Schema):
    """How far somebody looks ahead."""

    days = _whole(1, 400, "days")


class FacilitatorSchema(Schema):
    """The arguments of `add_facilitator`."""

    name = fields.String(required=True, validate=_line(120, "a name"))
    email = fields.String(required=True, validate=[validate.Length(max=254), address])


class FacilitatorChangeSchema(Schema):
    """The arguments of `change_facilitator`: only what is given changes; `empty` names what is taken away."""

    name = fields.String(validate=_line(120, "a name"))
    email = fields.String(validate=[validate.Length(max=254), address])
    state = fields.String(validate=one_of(STATES))
    insured_until = fields.Date(error_messages=DATE)
    latitude = _between(49.0, 61.0, "a latitude")
    longitude = _between(-11.0, 2.0, "a longitude")
    travel_limit_minutes = _whole(0, 600, "minutes one way")
    max_sessions_a_week = _whole(0, 14, "sessions a week")
    max_groups_a_day = _whole(0, 4, "groups a day")
    vehicle = fields.String(validate=_line(40, "a vehicle"))
    empty = fields.List(fields.String(validate=one_of(MAY_BE_EMPTIED)))

    @validates_schema
    def _base_is_a_pair(self, data: dict[str, Any], **_: Any) -> None:
        if ("latitude" in data) != ("longitude" in data):
            raise ValidationError("Give latitude and longitude together.", "latitude")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give the columns to change."""
        emptied = data.pop("empty", [])
        for name in ("latitude", "longitude"):
            if name in data:
                data[name] = round(data[name], _PLACES)
        gone = [each for name in emptied for each in (("latitude", "longitude") if name == "base" else (name,))]
        return {**dict.fromkeys(gone), **data}


class AccreditationSchema(Schema):
    """The arguments of `add_accreditation`, but for whose it is."""

    kind = fields.String(required=True, validate=validate.Length(1, 60))
    valid_from = fields.Date(required=True, error_messages=DATE)
    valid_until = fields.Date(load_default=None, allow_none=True, error_messages=DATE)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Accreditation:
        """Give the accreditation, or say why its dates cannot be."""
        return _made(Accreditation, **data)


class LeaveSchema(Schema):
    """The arguments of `add_leave`, but for whose it is. Why somebody is away is asked nowhere."""

    first = fields.Date(required=True, error_messages=DATE)
    last = fields.Date(required=True, error_messages=DATE)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Leave:
        """Give the leave, or say why its dates cannot be."""
        return _made(Leave, **data)


class _StretchSchema(Schema):
    weekday = fields.String(required=True, validate=one_of(WEEKDAYS))
    start = fields.Time(required=True, error_messages={**TIME, "required": "Give a time."})
    end = fields.Time(required=True, error_messages={**TIME, "required": "Give a time."})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> WorkingHours:
        return _made(WorkingHours, WEEKDAYS.index(data["weekday"]), data["start"], data["end"])


class HoursSchema(Schema):
    """The weekly pattern of `set_working_hours`: stretches of weekdays, none of which overlap."""

    hours = fields.List(fields.Nested(_StretchSchema), required=True, validate=validate.Length(max=50))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> tuple[WorkingHours, ...]:
        """Give the stretches."""
        hours = tuple(data["hours"])
        try:
            refuse_overlapping(hours)
        except ValueError as error:
            raise _at_its_field(error) from None
        return hours


class ClearanceSchema(Schema):
    """The arguments of `grant_clearance`."""

    facilitator_id = fields.UUID(required=True, data_key="facilitator", error_messages=ID)
    establishment_id = fields.String(required=True, data_key="establishment", validate=validate.Length(1, 10))
    level = fields.String(load_default="standard", validate=one_of(LEVELS))
    valid_from = fields.Date(required=True, error_messages=DATE)
    valid_until = fields.Date(required=True, error_messages=DATE)
    state = fields.String(load_default="granted", validate=one_of(CLEARANCE_STATES))
    site_access = fields.Boolean(load_default=True)
    ctc = fields.Boolean(load_default=False)
    keys_until = fields.Date(load_default=None, allow_none=True, error_messages=DATE)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Clearance:
        """Give the clearance, or say why its dates cannot be."""
        data["establishment_id"] = data["establishment_id"].upper()
        return _made(Clearance, **data)


class ClearanceChangeSchema(Schema):
    """The arguments of `change_clearance`: only what is given changes."""

    level = fields.String(validate=one_of(LEVELS))
    valid_from = fields.Date(error_messages=DATE)
    valid_until = fields.Date(error_messages=DATE)
    state = fields.String(validate=one_of(CLEARANCE_STATES))
    site_access = fields.Boolean()
    ctc = fields.Boolean()
    keys_until = fields.Date(error_messages=DATE)
    no_keys = fields.Boolean()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give what changes."""
        return {**data, "keys_until": None} if data.pop("no_keys", False) else data


class DateSchema(Schema):
    """One date, under the name of its argument."""

    date = fields.Date(required=True, error_messages=DATE)


def _made(kind: Callable[..., _Made], /, *args: Any, **values: Any) -> _Made:
    try:
        return kind(*args, **values)
    except ValueError as error:
        raise _at_its_field(error) from None


def _at_its_field(error: ValueError) -> ValidationError:
    field, _colon, sentence = str(error).partition(": ")
    return ValidationError(sentence, field)
