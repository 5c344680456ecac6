"""What callers send about programmes: shape here, sense in `domain/programmes.py`."""

from __future__ import annotations

import re
from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, post_load, validate

from services.scheduling.domain.programmes import KitItem, Mode, Risk
from services.scheduling.schemas import read
from shared.errors import Refused

_WHOLE: dict[str, Any] = {"invalid": "Give a whole number."}
_LIST: dict[str, Any] = {"invalid": "Give a list."}
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 ,()'&/-]{0,99}", re.ASCII)
_LOOKS_LIKE_A_NUMBER_OF_A_PERSON = re.compile(r"\d{4}")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,59}", re.ASCII)

A_MILLION_PENCE = 1_000_000_00


def _item_name(value: str) -> None:
    if not _PLAIN_NAME.fullmatch(value) or _LOOKS_LIKE_A_NUMBER_OF_A_PERSON.search(value):
        raise ValidationError(
            "Name the item in plain words, up to 100 letters, without long numbers or anybody's name."
        )


def _kind(value: str) -> None:
    if not _KIND.fullmatch(value) or _LOOKS_LIKE_A_NUMBER_OF_A_PERSON.search(value):
        raise ValidationError("Name an accreditation such as NADA, safeguarding, or the short name of a programme.")


def _choice(choices: tuple[str, ...]) -> validate.OneOf:
    return validate.OneOf(choices, error=f"Choose one of: {', '.join(choices)}.")


class KitSchema(Schema):
    """One item of kit."""

    item = fields.String(required=True, validate=_item_name, error_messages={"required": "Name the item."})
    quantity = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, 10_000, error="Give a quantity from 1 to 10000."),
        error_messages={**_WHOLE, "required": "Give a quantity."},
    )
    risk = fields.String(load_default="ordinary", validate=_choice(get_args(Risk)))
    counted = fields.Boolean(load_default=False, error_messages={"invalid": "Say true or false."})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> KitItem:
        """Give the item."""
        return KitItem(**data)


class ProgrammeChangesSchema(Schema):
    """What is to be another in the next version of a programme; what is left out stays."""

    sessions = fields.Integer(strict=True, error_messages=_WHOLE)
    minutes = fields.Integer(strict=True, error_messages=_WHOLE)
    min_facilitators = fields.Integer(
        strict=True, validate=validate.Range(1, 10, error="Give 1 to 10 facilitators."), error_messages=_WHOLE
    )
    min_group = fields.Integer(strict=True, error_messages=_WHOLE)
    max_group = fields.Integer(
        strict=True, validate=validate.Range(1, 100, error="Give 1 to 100 people."), error_messages=_WHOLE
    )
    minimum_dose = fields.Integer(strict=True, error_messages=_WHOLE)
    price_pence = fields.Integer(
        strict=True,
        validate=validate.Range(0, A_MILLION_PENCE, error="Give a price in pence, from 0 to a million pounds."),
        error_messages=_WHOLE,
    )
    price_unit = fields.String(validate=_choice(("session", "person")))
    modes = fields.List(fields.String(validate=_choice(get_args(Mode))), error_messages=_LIST)
    accreditations = fields.List(fields.String(validate=_kind), error_messages=_LIST)
    one_needs = fields.List(fields.String(validate=_kind), error_messages=_LIST)
    kit = fields.List(fields.Nested(KitSchema), validate=validate.Length(max=100), error_messages=_LIST)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give the changes, with each list as a tuple; of modes and accreditations none stands twice."""
        lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
        return {
            **data,
            **{name: value if name == "kit" else tuple(dict.fromkeys(value)) for name, value in lists.items()},
        }


def read_changes(changes: Any) -> dict[str, Any]:
    """Read what is to change. Raises `Refused("invalid")` with a sentence for each field at fault."""
    known = ProgrammeChangesSchema().fields
    if not isinstance(changes, dict):
        raise Refused("invalid", f"Give what changes by its name: {', '.join(known)}.")
    unknown = sorted(str(name) for name in changes if name not in known)
    if unknown:
        why = f"This cannot be changed in a version. What can: {', '.join(known)}."
        raise Refused("invalid", "Some of this needs a change.", {name: [why] for name in unknown})
    return dict(read(ProgrammeChangesSchema(), **changes))


class VersionSchema(Schema):
    """Which programme, and which version of it."""

    slug = fields.String(
        required=True,
        validate=validate.Regexp(r"^[a-z][a-z0-9-]{0,59}$", error="Give the short name as the list shows it."),
    )
    version = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=1, error="Versions count from 1."),
        error_messages=_WHOLE,
    )
