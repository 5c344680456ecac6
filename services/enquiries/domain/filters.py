"""Which enquiries a listing is to show: read from what an operator asks for, field by field."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.standing import Standing
from shared.clock import LONDON, parse_moment
from shared.errors import Refused

ANY = "any"
"""The standing to ask for where all of them are wanted."""

WAITING_ON = ("us", "prison", "funder")
LONGEST_NAME = 100
"""Characters of the name of a filter that is kept."""

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Filter:
    """What enquiries must have to be shown; None asks for nothing.

    `establishment` is an id or a name. `received_from` and `received_to` are aware moments, the second not included.
    `overdue` asks whether a first reply is due and was not given. `text` is words to be found.
    """

    stage: Stage | None = None
    standing: Standing | None = Standing.FILED
    owner: str | None = None
    waiting_on: str | None = None
    programme: str | None = None
    establishment: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    overdue: bool | None = None
    has_open_task: bool | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a listing, the newest first: what comes after it is older."""

    received_at: datetime
    reference: str


def parse_filter(asked: Mapping[str, Any], programmes: Collection[str]) -> Filter:
    """Read a filter; what is null or left out asks for nothing, and the standing is `filed` unless another is named.

    Days are whole days in London, the last one included. `programmes` are the slugs that there are. Raises
    `Refused("invalid")` with a sentence for each field that cannot be read or is not known.
    """
    read: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, value in asked.items():
        if name not in _READERS:
            wrong[name] = [f"There is no filter '{name[:60]}'. Choose from: {', '.join(_READERS)}."]
        elif value is not None:
            try:
                read[name] = _READERS[name](value)
            except ValueError as why:
                wrong[name] = [f"{name} {why}"]
    if read.get("programme") not in (None, *programmes):
        wrong["programme"] = [f"programme must be one of: {', '.join(programmes)}."]
    if wrong:
        raise Refused("invalid", " ".join(sentence for sentences in wrong.values() for sentence in sentences), wrong)
    return Filter(**read)


def parse_name(name: Any) -> str:
    """Read the name of a kept filter. Raises `Refused("invalid")` where it is empty, too long or no text."""
    plain = " ".join(name.split()) if isinstance(name, str) else ""
    if not plain or len(plain) > LONGEST_NAME:
        why = f"Give the filter a name of 1 to {LONGEST_NAME} characters."
        raise Refused("invalid", why, {"name": [why]})
    return plain


def no_such_filter(name: str) -> Refused:
    """Give the refusal for a filter that was not kept, or is somebody else's."""
    return Refused("not_found", f"You keep no filter called '{name}'. See those you keep: keytalk filters list.")


def cursor_of(place: Place) -> str:
    """Give a place as a listing hands it out: text without a meaning for anyone else."""
    written = f"{place.received_at.astimezone(UTC).isoformat()} {place.reference}"
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def parse_cursor(cursor: Any) -> Place:
    """Read a place back. Raises `Refused("invalid")` for what no listing handed out."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        moment, reference = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(" ")
        received_at = datetime.fromisoformat(moment)
        if received_at.tzinfo is None:
            raise ValueError(moment)
        return Place(received_at, reference)
    except (TypeError, ValueError):
        why = "after is not a place in a listing. Take the cursor of the last enquiry you were shown."
        raise Refused("invalid", why, {"after": [why]}) from None


def _text(value: Any) -> str:
    plain = value.strip() if isinstance(value, str) else ""
    if not plain or len(plain) > _LONGEST:
        raise ValueError(f"must be text of 1 to {_LONGEST} characters.")
    return plain


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        plain = value.strip().lower().replace("-", "_").replace(" ", "_") if isinstance(value, str) else value
        if plain not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}.")
        return str(plain)

    return read


def _stage(value: Any) -> Stage:
    return Stage(_one_of(tuple(Stage))(value))


def _standing(value: Any) -> Standing | None:
    chosen = _one_of((*Standing, ANY))(value)
    return None if chosen == ANY else Standing(chosen)


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false.")
    return value


def _beginning(value: Any) -> datetime:
    return _moment(value, day_ends=False)


def _end(value: Any) -> datetime:
    return _moment(value, day_ends=True)


def _moment(value: Any, *, day_ends: bool) -> datetime:
    try:
        if len(value) == len("2027-01-05"):
            day = date.fromisoformat(value)
            return datetime.combine(day + timedelta(days=day_ends), time(), LONDON).astimezone(UTC)
        return parse_moment(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must be a day such as 2027-01-05, or a time such as 2027-01-05T09:00.") from None


_READERS: dict[str, Callable[[Any], Any]] = {
    "stage": _stage,
    "standing": _standing,
    "owner": _text,
    "waiting_on": _one_of(WAITING_ON),
    "programme": _text,
    "establishment": _text,
    "received_from": _beginning,
    "received_to": _end,
    "overdue": _yes_or_no,
    "has_open_task": _yes_or_no,
    "text": _text,
}
"""Reads each field of a filter; raises ValueError with the rest of a sentence that begins with the field's name."""
