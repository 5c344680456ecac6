"""What callers send about places: their entries, their calendars, their rooms, and the way between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.scheduling.domain.calendar import CLOSURES, WINDOW_NAMES, Blackout, Window, read_window, refuse_overlaps
from services.scheduling.domain.clearances import LEVELS
from services.scheduling.domain.establishments import UNDER_18_REASONS
from services.scheduling.domain.words import WEEKDAYS
from services.scheduling.schemas import DATE, one_of
from shared.errors import Refused
from shared.nations import Nation

LONGEST_ID = 6
LONGEST_NAME = 200
NORTH, EAST = (49.0, 61.0), (-9.0, 2.5)
"""Degrees north and east between which the United Kingdom and the islands about it lie."""

SETTINGS = (
    *("name", "town", "active", "required_level", "ctc_required", "under_18", "memo_lead_days", "kit_lead_days"),
    *("report_minutes", "exit_minutes", "latitude", "longitude"),
)
"""What an operator can set of an establishment."""

_ONE_LINE = r"^\S[^\r\n\t\x00-\x1f\x7f]*$"


def _name(longest: int, **more: Any) -> fields.String:
    rules = [
        validate.Length(1, longest, error=f"Give a name of up to {longest} characters."),
        validate.Regexp(_ONE_LINE, error="Give a name on one line, without a space before it."),
    ]
    return fields.String(validate=rules, error_messages={"required": "Give a name."}, **more)


def _whole(least: int, most: int, what: str, **more: Any) -> fields.Integer:
    why = f"Give {what} as a whole number from {least} to {most}."
    messages: dict[str, Any] = {"invalid": why, "required": why, "null": why}
    return fields.Integer(strict=True, validate=validate.Range(least, most, error=why), error_messages=messages, **more)


def _degrees(between: tuple[float, float], direction: str, other: str) -> fields.Float:
    least, most = between
    why = f"Give degrees {direction} from {least:g} to {most:g}, where the UK lies; is this perhaps the {other}?"
    messages: dict[str, Any] = {"invalid": why, "special": why}
    return fields.Float(validate=validate.Range(least, most, error=why), error_messages=messages)


def _yes_or_no() -> fields.Boolean:
    return fields.Boolean(error_messages={"invalid": "Write true or false."})


class SettingsSchema(Schema):
    """What can be set of an establishment: each is left as it is where it is not given."""

    name = _name(LONGEST_NAME)
    town = _name(100)
    active = _yes_or_no()
    required_level = fields.String(validate=one_of(LEVELS))
    ctc_required = _yes_or_no()
    under_18 = _yes_or_no()
    memo_lead_days = _whole(0, 60, "working days")
    kit_lead_days = _whole(0, 60, "working days")
    report_minutes = _whole(0, 240, "minutes")
    exit_minutes = _whole(0, 240, "minutes")
    latitude = _degrees(NORTH, "north", "longitude")
    longitude = _degrees(EAST, "east", "latitude")

    error_messages = {  # noqa: RUF012 - marshmallow declares it so
        "unknown": f"This cannot be set here. What can: {', '.join(SETTINGS)}."
    }

    @validates_schema
    def both_degrees(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse one of latitude and longitude without the other."""
        if ("latitude" in data) != ("longitude" in data):
            missing = "longitude" if "latitude" in data else "latitude"
            raise ValidationError("Give both latitude and longitude, such as 53.44 and -2.53.", missing)


class EstablishmentSchema(SettingsSchema):
    """The arguments of `add_establishment`."""

    id = fields.String(
        required=True,
        validate=validate.Regexp(
            rf"^[A-Za-z0-9]{{1,{LONGEST_ID}}}\Z",
            error=f"Give an id of 1 to {LONGEST_ID} letters and digits, such as RSI.",
        ),
        error_messages={"required": "Give an id, such as RSI."},
    )
    name = _name(LONGEST_NAME, required=True)
    town = _name(100, required=True)
    nation = fields.String(required=True, validate=one_of(get_args(Nation)))
    other_names = fields.List(_name(LONGEST_NAME), load_default=list)


class WhichSchema(Schema):
    """Which establishments are listed, and whether by name alone."""

    nation = fields.String(load_default=None, allow_none=True, validate=one_of(get_args(Nation)))
    active = fields.Boolean(load_default=None, allow_none=True, error_messages={"invalid": "Write true or false."})
    brief = fields.Boolean(load_default=False, error_messages={"invalid": "Write true or false."})


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows for some weekdays (0 is Monday), from a date on and until one, where they are given."""

    weekdays: tuple[int, ...]
    windows: Mapping[str, Window]
    valid_from: dt.date | None
    valid_until: dt.date | None


class WindowsSchema(Schema):
    """The arguments of `set_windows`."""

    weekdays = fields.List(
        fields.String(), required=True, validate=validate.Length(1, error="Give a weekday, such as monday.")
    )
    windows = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=None,
        allow_none=True,
        error_messages={"invalid": "Give each window by its name, such as am: 08:30-11:30."},
    )
    valid_from = fields.Date(load_default=None, allow_none=True, error_messages=DATE)
    valid_until = fields.Date(load_default=None, allow_none=True, error_messages=DATE)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Windows:
        """Give the windows, or say which cannot be."""
        named = data["windows"] or {}
        with _said_of_fields():
            weekdays = sorted({read_weekday(each) for each in data["weekdays"]})
            windows = {name: _window(name, text) for name, text in named.items()}
            refuse_overlaps(windows)
        return Windows(tuple(weekdays), windows, data["valid_from"], data["valid_until"])


class RemovedWindowsSchema(Schema):
    """The arguments of `remove_windows`."""

    weekdays = fields.List(
        fields.String(), required=True, validate=validate.Length(1, error="Give a weekday, such as monday.")
    )
    valid_from = fields.Date(required=True, error_messages=DATE)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give the weekdays by their numbers, and the date."""
        with _said_of_fields():
            weekdays = sorted({read_weekday(each) for each in data["weekdays"]})
        return {"weekdays": weekdays, "valid_from": data["valid_from"]}


class BlackoutSchema(Schema):
    """The arguments of `add_blackout`; without `last` it is the one day."""

    first = fields.Date(required=True, error_messages=DATE)
    last = fields.Date(load_default=None, allow_none=True, error_messages=DATE)
    why = fields.String(load_default="other", validate=one_of(CLOSURES))
    yearly = fields.Boolean(load_default=False, error_messages={"invalid": "Write true or false."})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Blackout:
        """Give the blackout, or say why it cannot be."""
        with _said_of_fields():
            return Blackout(data["first"], data["last"] or data["first"], CLOSURES[data["why"]], yearly=data["yearly"])


class BlackoutChangesSchema(Schema):
    """What can be changed of a blackout: each is left as it is where it is not given."""

    first = fields.Date(allow_none=True, error_messages=DATE)
    last = fields.Date(allow_none=True, error_messages=DATE)
    why = fields.String(allow_none=True, validate=one_of(CLOSURES))
    yearly = fields.Boolean(allow_none=True, error_messages={"invalid": "Write true or false."})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give what changes, by the names of a blackout's fields."""
        changes = {name: value for name, value in data.items() if value is not None}
        return {**changes, "why": CLOSURES[changes["why"]]} if "why" in changes else changes


class ReasonSchema(Schema):
    """The arguments of `approve_under_18`."""

    reason = fields.String(
        required=True, validate=one_of(UNDER_18_REASONS), error_messages={"required": "Give a reason."}
    )


class RoomSchema(Schema):
    """The arguments of `add_room`."""

    name = _name(100, required=True)
    capacity = _whole(1, 500, "how many people it holds, facilitators too,", required=True)


class RoomChangesSchema(Schema):
    """What can be changed of a room."""

    name = _name(100)
    capacity = _whole(1, 500, "how many people it holds, facilitators too,")
    active = _yes_or_no()


class MinutesSchema(Schema):
    """The arguments of `set_travel_time`; no minutes means: reckon it again."""

    minutes = _whole(0, 1440, "how long the way takes in minutes,", required=True, allow_none=True)


def read_weekday(text: str) -> int:
    """Read a weekday by its name or its first three letters, in any case. Raises ValueError with the choices."""
    word = text.strip().lower()
    for number, name in enumerate(WEEKDAYS):
        if word in {name.lower(), name.lower()[:3]}:
            return number
    raise ValueError(f"weekdays: '{text}' is no weekday. Write one of {', '.join(WEEKDAYS)}, or mon, tue and so on.")


def _window(name: str, text: str) -> Window:
    if name not in WINDOW_NAMES:
        words = ", ".join(f"{each} ({of_day})" for each, of_day in WINDOW_NAMES.items())
        raise ValueError(f"windows: '{name}' is no window. Name each by one of: {words}.")
    start, _dash, end = text.partition("-")
    try:
        return read_window(start.strip(), end.strip())
    except ValueError as error:
        raise ValueError(f"{name}: {str(error).partition(': ')[2]}") from None


@contextmanager
def _said_of_fields() -> Iterator[None]:
    """Let what a domain value says of a field be said by the schema."""
    try:
        yield
    except ValueError as error:
        field, _colon, sentence = str(error).partition(": ")
        raise ValidationError(sentence, field) from None


@contextmanager
def refusing() -> Iterator[None]:
    """Let what a domain value says of a field (`field: sentence`) be refused as "invalid"."""
    try:
        yield
    except ValueError as error:
        field, _colon, sentence = str(error).partition(": ")
        raise Refused("invalid", "Some of this needs a change.", {field: [sentence]}) from None
