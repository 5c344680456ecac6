"""What is said when something is proposed, accepted, signed or drawn: its limits, and a sentence for each mend.

`today` tells a date of birth, which nothing may hold, from a date to come.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, cast

from marshmallow import RAISE, Schema, ValidationError

from services.enquiries.domain.proposals import MOST_VALID_DAYS, Line
from services.enquiries.domain.words import clean, prison_number_in
from services.enquiries.schemas import Answer, Words
from shared.errors import Refused

MOST_LINES = 20
MOST_PENCE_A_UNIT = 10_000_000


class Count(Answer):
    """A whole number within limits; a yes or no is none, and neither is 2.0."""

    def __init__(self, label: str, least: int, most: int, wanted: str = "") -> None:
        super().__init__(label, wanted)
        self.least = least
        self.most = most

    def _read(self, value: Any) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise ValidationError(f"{self.label} must be a whole number from {self.least:,} to {self.most:,}.")
        return value


class Lines(Answer):
    """Extra lines of a proposal: a list of `{"what", "quantity", "unit", "unit_pence"}`."""

    def _read(self, value: Any) -> tuple[Line, ...]:
        if not isinstance(value, list) or len(value) > MOST_LINES:
            raise ValidationError(f"{self.label} must be a list of up to {MOST_LINES} lines.")
        return tuple(self._line(number, each) for number, each in enumerate(value, start=1))

    def _line(self, number: int, value: Any) -> Line:
        try:
            said: dict[str, Any] = _form(_Line, cast("_Said", self.root).today).load(value)
        except ValidationError as error:
            says = " ".join(each for found in error.messages_dict.values() for each in found)
            raise ValidationError(f"Line {number}: {says}") from None
        return Line(said["what"], said.get("quantity", 1), said.get("unit", ""), said["unit_pence"])


class Agreed(Answer):
    """A box that has to be ticked."""

    def _read(self, value: Any) -> bool:
        if value not in (True, "yes"):
            raise ValidationError(self.wanted)
        return True


class OrderNumber(Answer):
    """The number of a purchase order. Ten digits are one as good as any, though they may look like another number."""

    _WRITTEN = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9 ./_#-]{0,59}", re.ASCII)

    def _read(self, value: Any) -> str:
        text = clean(self._text(value))
        if not self._WRITTEN.fullmatch(text) or prison_number_in(text):
            raise ValidationError(f"{self.label} is letters and digits, up to 60 of them, such as PO-2027/114.")
        return text


class _Said(Schema):
    class Meta:
        unknown = RAISE

    def __init__(self, today: date) -> None:
        super().__init__()
        self.today = today

    error_messages = {  # noqa: RUF012 - as marshmallow has it
        "type": "Send this as one JSON object.",
        "unknown": "Nothing of this name is asked for here. Please leave it out.",
    }


class _Line(_Said):
    what = Words("What it is for", 200, "Say what the line is for.")
    quantity = Count("How many", 1, 1000)
    unit = Words("The unit", 20)
    unit_pence = Count(
        "The price in pence", -MOST_PENCE_A_UNIT, MOST_PENCE_A_UNIT, "Give the price of one, in whole pence."
    )


class _Proposal(_Said):
    people = Count("The number of people", 1, 500)
    sessions = Count("The number of sessions", 1, 500)
    extra_lines = Lines("The extra lines")
    valid_days = Count("The days it is open for", 1, MOST_VALID_DAYS)
    notes = Words("The notes", 2000, lines=True)
    cancellation_terms = Words("The cancellation terms", 2000, lines=True)
    reason = Words("The reason", 500)


class _Signatory(_Said):
    name = Words("Your name", 120, "Tell us your full name: it stands as your signature.", header=False)
    role = Words("Your role", 120, "Tell us your role, so that we know for whom you sign.", header=False)
    purchase_order = OrderNumber("The purchase order")


class _Acceptance(_Signatory):
    agreed = Agreed("Your agreement", "Tick the box if you may agree to this. If you are not sure, ask us first.")


class _Signature(_Said):
    name = Words("The name", 120, "Give the name of who signs.", header=False)
    role = Words("The role", 120, header=False)


class _Drawing(_Said):
    units = Count("The number taken up", -1000, 1000, "Say how many are taken up; a negative number gives some back.")
    about = Words("What it is for", 100, "Say what they are taken up for, such as session 1 on 12 January.")


class _Order(_Said):
    purchase_order = OrderNumber("The purchase order", "Give the number of the purchase order.")


class _Declining(_Said):
    reason = Words("What you tell us", 500, lines=True)


class _Reason(_Said):
    reason = Words("The reason", 500, "Say why: the reason is kept with the enquiry.", lines=True)


ACCEPTANCE_QUESTIONS = tuple(_Acceptance._declared_fields)
"""What the page asks of whoever accepts, in its order."""


def parse_proposal(said: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Give what a proposal is made of; what was not said is left out, extra lines are `Line`s."""
    return _read(_Proposal, said, today)


def parse_signatory(said: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Give who accepted on paper: name, role and perhaps purchase_order."""
    return _read(_Signatory, said, today)


def parse_acceptance(said: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Give who accepts through the link, as `parse_signatory` does; the box must be ticked."""
    read = _read(_Acceptance, said, today)
    return {name: value for name, value in read.items() if name != "agreed"}


def parse_declining(said: Mapping[str, Any], today: date) -> str | None:
    """Give why a proposal does not fit, where whoever declines it says so."""
    reason = _read(_Declining, said, today).get("reason")
    return str(reason) if reason else None


def parse_signature(said: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Give who signs for us: name and perhaps role."""
    return _read(_Signature, said, today)


def parse_drawing(said: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Give what is taken up: units and about."""
    return _read(_Drawing, said, today)


def parse_purchase_order(text: Any, today: date) -> str:
    """Give the number of a purchase order."""
    return str(_read(_Order, {"purchase_order": text}, today)["purchase_order"])


def parse_reason(text: Any, today: date) -> str:
    """Give a reason that has to be there."""
    return str(_read(_Reason, {"reason": text}, today)["reason"])


@lru_cache(maxsize=16)
def _form(kind: type[_Said], today: date) -> _Said:
    return kind(today)


def _read(kind: type[_Said], said: Mapping[str, Any], today: date) -> dict[str, Any]:
    try:
        read: dict[str, Any] = _form(kind, today).load(dict(said))
    except ValidationError as error:
        found = {str(name): list(says) for name, says in error.messages_dict.items()}
        [first, *_] = found.values()
        raise Refused("invalid", first[0] if len(found) == 1 else "Some of this needs a change.", found) from None
    return read
