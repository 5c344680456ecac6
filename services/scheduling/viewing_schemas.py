"""What callers ask the calendar and the reports for: two dates, and what is to be seen between them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.scheduling.domain.calendar import refuse_far_dates
from services.scheduling.domain.viewing import View
from services.scheduling.domain.words import counted, in_words
from services.scheduling.schemas import DATE, ID, one_of

MOST_CHOSEN = 500

_FEW = validate.Length(1, MOST_CHOSEN, error=f"Choose from 1 to {MOST_CHOSEN}, or leave it out for all.")
_LIST: dict[str, Any] = {"invalid": "Give a list, or leave it out for all."}
_YES_OR_NO: dict[str, Any] = dict.fromkeys(("invalid", "null"), "Say true or false.")
_A_PART = "Parts are counted from 1, in whole numbers. Leave it out to see all rows."
_DATE = {**DATE, "null": "Give a date."}


def _words(longest: int) -> fields.String:
    return fields.String(validate=validate.Length(1, longest), error_messages={"invalid": "Give text."})


def _once(those: list[Any] | None) -> tuple[Any, ...] | None:
    return None if those is None else tuple(dict.fromkeys(those))


class PeriodSchema(Schema):
    """Two dates in London, both included, no more than so many days apart; gives them as a `View`."""

    start = fields.Date(required=True, error_messages=_DATE)
    end = fields.Date(required=True, error_messages=_DATE)

    def __init__(self, today: dt.date, longest: int) -> None:
        super().__init__()
        self.today, self.longest = today, longest

    @validates_schema
    def check_order(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse an end before its start, and what is too long to be looked at at once."""
        start, end = data["start"], data["end"]
        if end < start:
            raise ValidationError(f"Give {in_words(start)}, the first day, or a later one.", "end")
        days = (end - start).days + 1
        if days > self.longest:
            last = in_words(start + dt.timedelta(days=self.longest - 1))
            why = f"These are {counted(days, 'day')}, and up to {self.longest} can be shown at once."
            raise ValidationError(f"{why} Give {last} or an earlier day.", "end")
        try:
            refuse_far_dates(self.today, start=start, end=end)
        except ValueError as error:
            field, _colon, sentence = str(error).partition(": ")
            raise ValidationError(sentence.capitalize(), field) from None

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> View:
        """Give the view."""
        return View(data["start"], data["end"])


class ViewSchema(PeriodSchema):
    """A period of the calendar, and which establishments, facilitators and programmes of it."""

    establishments = fields.List(_words(10), load_default=None, allow_none=True, validate=_FEW, error_messages=_LIST)
    facilitators = fields.List(
        fields.UUID(error_messages=ID), load_default=None, allow_none=True, validate=_FEW, error_messages=_LIST
    )
    programmes = fields.List(_words(60), load_default=None, allow_none=True, validate=_FEW, error_messages=_LIST)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> View:
        """Give the view, each thing once, with the ids of establishments as they are on file."""
        places = data["establishments"]
        return View(
            data["start"],
            data["end"],
            _once(None if places is None else [place.upper() for place in places]),
            _once(data["facilitators"]),
            _once(data["programmes"]),
        )


class CalendarSchema(Schema):
    """Whether the clashes of a calendar are wanted: to find them takes longer than all else."""

    clashes = fields.Boolean(load_default=True, error_messages=_YES_OR_NO)


class GanttSchema(Schema):
    """By what the rows of a Gantt are, and which part of them is wanted, where not all are."""

    by = fields.String(load_default="establishment", validate=one_of(("establishment", "facilitator")))
    part = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=1, error=_A_PART),
        error_messages={"invalid": _A_PART},
    )
