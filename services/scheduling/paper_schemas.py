"""What callers say of memos and kit: shape is checked here, once, with a sentence for each argument at fault."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.scheduling.schemas import DATE

# One letter, four digits, two letters: what numbers of people in prison look like. None is ever stored.
_PRISON_NUMBER = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]\s?\d{4}\s?[A-Za-z]{2}(?![A-Za-z0-9])", re.ASCII)
_LINE = re.compile(r"\S[^\r\n\t\x00-\x1f\x7f-\x9f]*")
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_#-]*", re.ASCII)
MOST_COUNTED = 10_000


class Line(fields.String):
    """Some words on one line, up to a length, with no number of a person in prison in them."""

    def __init__(self, most: int, **more: Any) -> None:
        super().__init__(validate=self._check, **more)
        self.most = most

    def _check(self, value: str) -> None:
        if len(value) > self.most or not _LINE.fullmatch(value):
            raise ValidationError(f"Write this on one line, up to {self.most} characters.")
        if _PRISON_NUMBER.search(value):
            raise ValidationError("This looks like the number of a person in prison. Please leave it out.")


def _number(value: str) -> None:
    if len(value) > 100 or not _NUMBER.fullmatch(value) or _PRISON_NUMBER.search(value):
        raise ValidationError("Give the prison's own number for this: letters and digits, such as SEC-2027/14.")


def _item(**more: Any) -> Line:
    return Line(100, error_messages={"required": "Say which item."}, **more)


class MemoSchema(Schema):
    """The words of `make_memo`. The host is a post or a place, such as the activities hub."""

    purpose = Line(200, load_default=None, allow_none=True)
    host = Line(200, load_default=None, allow_none=True)


class ApprovalSchema(Schema):
    """The arguments of an approval: the prison's own number for it."""

    approval = fields.String(load_default=None, allow_none=True, validate=_number)


class KitApprovalSchema(ApprovalSchema):
    """The arguments of `approve_kit`."""

    item = _item(required=True)
    until = fields.Date(load_default=None, allow_none=True, error_messages=DATE)


class ItemSchema(Schema):
    """One item."""

    item = _item(required=True)


class ItemsSchema(Schema):
    """Some items."""

    items = fields.List(_item(), required=True, validate=validate.Length(1, 50, error="Name 1 to 50 items."))


class LeaveOutSchema(ItemSchema):
    """The arguments of `leave_out_kit`."""

    instead = _item(load_default=None, allow_none=True)


class CountsSchema(Schema):
    """Counts by item."""

    counts = fields.Dict(
        keys=_item(),
        values=fields.Integer(
            strict=True,
            validate=validate.Range(0, MOST_COUNTED, error="Count from 0 up, in whole numbers."),
            error_messages={"invalid": "Count from 0 up, in whole numbers."},
        ),
        required=True,
        validate=validate.Length(1, 50, error="Count 1 to 50 items."),
    )
