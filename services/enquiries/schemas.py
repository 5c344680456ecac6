"""What an enquirer sends: the questions, their limits, and a plain sentence for each answer to be mended.

The JSON API and the web form ask the same questions and answer with the same sentences. Shape is checked
here, once; what an answer means is for the domain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from email_validator import EmailNotValidError, validate_email
from marshmallow import RAISE, Schema, ValidationError, fields, missing

from services.enquiries.domain.words import clean, control_characters_in, header_in, prison_number_in
from shared.errors import Refused

PROGRAMMES = {
    "many-faces-of-trauma": "The Many Faces of Trauma",
    "unlocking-the-key-to-compassion": "Unlocking the Key to Compassion",
}
TECHNICAL_FIELDS = frozenset({"form_token", "website"})
"""What the form carries for itself: the token against double posting, and a box that people do not see."""

_MOST_UNKNOWN = 20
_NO_ANSWERS = "Some answers need a change before we can take this enquiry. Each one is named."
_TAKE_OUT_NUMBER = "Please take out the prison number. We never keep details of anyone in prison."
_CHOOSE = "Choose the programme you are interested in: {}."
_CHOOSE_BY_SLUG = _CHOOSE.format(" or ".join(f"{slug} ({name})" for slug, name in PROGRAMMES.items()))
_CHOOSE_BY_NAME = _CHOOSE.format(" or ".join(PROGRAMMES.values()))


class Answer(fields.Field[Any]):
    """One question: null, blank and left out are the same.

    `wanted` is the sentence when it must be answered, or empty when it need not be; `label` opens the other
    sentences ("Your name").
    """

    def __init__(self, label: str, wanted: str = "") -> None:
        super().__init__(required=bool(wanted))
        self.label = label
        self.wanted = wanted

    def deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        """Give the clean value, or `missing` where nothing was answered."""
        if value is missing or value is None or (isinstance(value, str) and not value.strip()):
            if self.required:
                raise ValidationError(self.wanted)
            return missing
        return self._read(value)

    def _read(self, value: Any) -> Any:
        """Give the clean value of an answer that is there. Raises `ValidationError` with its sentence."""
        raise NotImplementedError

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(f"{self.label} must be text.")
        return value


class Words(Answer):
    """Free text of up to `most` characters with no prison number; `lines` allows line breaks."""

    def __init__(self, label: str, most: int, wanted: str = "", lines: bool = False, header: bool = True) -> None:
        super().__init__(label, wanted)
        self.most = most
        self.lines = lines
        self.header = header

    def _read(self, value: Any) -> str:
        text = self._text(value)
        # Before trimming: a line break at the end is a line break too.
        if control_characters_in(text, self.lines):
            raise ValidationError(self._unreadable())
        text = clean(text)
        if len(text) > self.most:
            raise ValidationError(self._too_long(len(text)))
        if not self.header and header_in(text):
            raise ValidationError(
                f"{self.label} reads like an email header. Please take out the colon and the word before it."
            )
        if prison_number_in(text):
            raise ValidationError(_TAKE_OUT_NUMBER)
        return text

    def _too_long(self, length: int) -> str:
        return f"{self.label} can have up to {self.most:,} characters and has {length:,}. Please shorten it."

    def _unreadable(self) -> str:
        if self.lines:
            return f"{self.label} holds a character that cannot be read. Please type that part again."
        return f"{self.label} must be on one line, with no line breaks, control or unreadable characters."


class Choice(Answer):
    """One of the programmes, by its slug."""

    def _read(self, value: Any) -> str:
        if not isinstance(value, str) or value.strip() not in PROGRAMMES:
            raise ValidationError(self.wanted)
        return value.strip()


class Email(Answer):
    """Exactly one address that post can reach, given back with its domain in ASCII."""

    def _read(self, value: Any) -> str:
        text = self._text(value)
        if control_characters_in(text, multiline=False):
            raise ValidationError(
                f"{self.label} must be on one line, with no line breaks, control or unreadable characters."
            )
        address = _reachable(clean(text))
        if address is None:
            raise ValidationError(
                f"{self.label} must be one full address, such as alex.morgan@example.org: one @, no spaces, "
                "a domain that can receive email, and up to 254 characters in all."
            )
        return address


class Telephone(Answer):
    """A telephone number as people write it: digits, spaces, + ( ) - and an extension."""

    _WRITTEN = re.compile(r"(?=\D*\d)[\d +()-]*(?:(?:ext\.?|x)[\d -]*)?", re.ASCII | re.IGNORECASE)

    def _read(self, value: Any) -> str:
        text = clean(self._text(value))
        if len(text) > 40 or not self._WRITTEN.fullmatch(text):
            raise ValidationError(
                f"{self.label} can have digits, spaces, + ( ) - and ext, up to 40 characters, "
                "such as 01632 960 001 ext 12."
            )
        return text


class People(Answer):
    """A number of people, as a JSON integer."""

    def _read(self, value: Any) -> int:
        if type(value) is not int or not 1 <= value <= 500:  # bool is an int to isinstance, not to us
            raise ValidationError(f"{self.label} must be a whole number from 1 to 500, such as 12.")
        return value


class Day(Answer):
    """A date, as YYYY-MM-DD and no other ISO form."""

    _WRITTEN = re.compile(r"2\d{3}-\d\d-\d\d", re.ASCII)

    def _read(self, value: Any) -> date:
        text = value.strip(" ") if isinstance(value, str) else ""
        day = _date_or_none(text) if self._WRITTEN.fullmatch(text) else None
        if day is None or day.year > 2100:
            raise ValidationError(
                f"{self.label} must be a date that exists, written as year-month-day between 2000 and 2100, "
                "such as 2027-01-12."
            )
        return day


def _date_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


# The plainest addresses need no parser once their domain is known to be sound, which halves the time a post
# takes to check. All others take the long way; both accept the same addresses, and a test compares them.
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*", re.ASCII)


def _reachable(text: str) -> str | None:
    """Give the address that mail can be sent to, with its domain in ASCII, or None where there is none."""
    local, _, domain = text.rpartition("@")
    if len(local) > 64 or not _PLAIN_LOCAL.fullmatch(local):
        return _validated(text)
    known = _ascii_domain(domain) if len(domain) < 254 else None
    return f"{local}@{known}" if known and len(local) + len(known) < 254 else None


@lru_cache(maxsize=2048)
def _ascii_domain(domain: str) -> str | None:
    address = _validated(f"a@{domain}")
    return address[2:] if address else None


def _validated(text: str) -> str | None:
    if len(text) > 254:
        return None
    try:
        # Beyond ASCII before the @, every mail server on the way would need SMTPUTF8; few offer it.
        seen = validate_email(
            text, check_deliverability=False, test_environment=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        return None
    return seen.ascii_email


class EnquiryForm(Schema):
    """The questions of an enquiry; `load` leaves out what was not answered."""

    class Meta:
        """An answer to a question that was never asked is refused: it may be a misspelt one that matters."""

        unknown = RAISE

    error_messages = {"type": "Send the answers as one JSON object."}  # noqa: RUF012 - as marshmallow has it

    programme = Choice("The programme", _CHOOSE_BY_SLUG)
    establishment = Words("The prison or organisation", 200, "Tell us which prison or organisation it is for.")
    contact_name = Words("Your name", 120, "Tell us your name, so that we know who to write to.", header=False)
    contact_role = Words("Your role", 120, header=False)
    contact_email = Email("Your email address", "Tell us your email address, so that we can reply.")
    contact_phone = Telephone("Your phone number")
    organisation = Words("Your organisation", 200, header=False)
    group_size = People("The number of people")
    preferred_start = Day("The start you would like")
    preferred_times = Words("The days and times that suit you", 500)
    message = Words("Your message", 10_000, lines=True)

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """Name each unknown question; the first few are enough to see what is wrong."""
        if not isinstance(error.messages, dict) or not isinstance(data, Mapping):
            return
        unknown = sorted(key for key in error.messages if key not in self.fields)
        for key in unknown[:_MOST_UNKNOWN]:
            error.messages[key] = [f"This form has no question called '{key[:60]}'. Please leave it out."]
        for key in unknown[_MOST_UNKNOWN:]:
            del error.messages[key]


_FORM = EnquiryForm()
QUESTIONS = tuple(_FORM.fields)
"""The names of all questions, in the form's order."""


def parse_enquiry(data: Any) -> dict[str, Any]:
    """Give the clean answers of a JSON object, leaving out what was not answered.

    `group_size` is an int, `preferred_start` a date, the rest text. Raises `Refused("invalid")`, whose
    `fields` hold a sentence for each answer that needs a change.
    """
    try:
        answers: dict[str, Any] = _FORM.load(data)
    except ValidationError as error:
        found = error.messages_dict
        raise Refused("invalid", _NO_ANSWERS, {str(name): list(says) for name, says in found.items()}) from None
    return answers


def parse_form(form: Mapping[str, str]) -> dict[str, Any]:
    """Give the clean answers of a browser's form post, as `parse_enquiry` does for JSON."""
    typed: dict[str, Any] = {name: text for name, text in form.items() if name not in TECHNICAL_FIELDS}
    size = str(typed.get("group_size", "")).strip()
    if size.isascii() and size.isdigit() and len(size) <= 6:
        typed["group_size"] = int(size)
    if "message" in typed:
        # Browsers send every line break as two characters; the limit counts what the person typed.
        typed["message"] = typed["message"].replace("\r\n", "\n")
    try:
        return parse_enquiry(typed)
    except Refused as refused:
        if "programme" in refused.fields:
            refused.fields["programme"] = [_CHOOSE_BY_NAME]
        raise
