"""What an enquirer sends: the questions, their limits, and a plain sentence for each answer to be mended.

The JSON API and the web form ask the same questions and answer with the same sentences. Shape is checked
here, once; what an answer means is for the domain.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, cast

from email_validator import EmailNotValidError, validate_email
from marshmallow import RAISE, Schema, ValidationError, fields, missing

from services.enquiries.domain.catalogue import CATALOGUE
from services.enquiries.domain.words import Detail, clean, control_characters_in, details_in, header_in, is_blank
from shared.errors import Refused

PROGRAMMES = {programme.slug: programme.name for programme in CATALOGUE.values()}
TECHNICAL_FIELDS = frozenset({"form_token", "website"})
"""What the form carries for itself: the token against double posting, and a box that people do not see."""

_MOST_UNKNOWN = 20
_NO_ANSWERS = "Some answers need a change before we can take this enquiry. Each one is named."
_TAKE_OUT = "Please take out the {}. We never keep details of anyone in prison."
_IF_ELSE = {
    Detail.NHS_NUMBER: "If it is a telephone number, please begin it with 0 or +44.",
    Detail.LONG_PAST_DATE: "It may be a date of birth; if it is about something else, the year alone is fine.",
}
_CHOOSE = "Choose the programme you are interested in: {}."
_CHOOSE_BY_SLUG = _CHOOSE.format(" or ".join(f"{slug} ({name})" for slug, name in PROGRAMMES.items()))
_ON_THE_FORM = {
    "programme": _CHOOSE.format(" or ".join(PROGRAMMES.values())),
    "preferred_start": (
        "The start you would like must be a day that exists between 2000 and 2100, such as 12 1 2027. "
        "If you only know the month, leave the day empty."
    ),
}
"""What people read where they choose from names and write a date in three boxes."""


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
        if value is missing or value is None or (isinstance(value, str) and is_blank(value)):
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
    """Free text of up to `most` characters with nothing about people in prison; `lines` allows line breaks."""

    def __init__(self, label: str, most: int, wanted: str = "", lines: bool = False, header: bool = True) -> None:
        super().__init__(label, wanted)
        self.most = most
        self.lines = lines
        self.header = header

    def _read(self, value: Any) -> str:
        text = _readable(self._text(value), self.label, self.most, self.lines)
        if not self.header and header_in(text):
            raise ValidationError(
                f"{self.label} reads like an email header. Please take out the colon and the word before it."
            )
        _refuse_details(text, cast("EnquiryForm", self.root).today)
        return text


def _readable(text: str, label: str, most: int, lines: bool) -> str:
    """Give the text clean. Raises `ValidationError` where it is too long or holds what is no writing."""
    # Before trimming: a line break at the end is a line break too.
    if control_characters_in(text, lines):
        raise ValidationError(
            f"{label} holds a character that cannot be read. Please type that part again."
            if lines
            else f"{label} must be on one line, with no line breaks, control or unreadable characters."
        )
    text = clean(text)
    if len(text) > most:
        raise ValidationError(f"{label} can have up to {most:,} characters and has {len(text):,}. Please shorten it.")
    return text


def _refuse_details(text: str, today: date) -> None:
    """Raise `ValidationError`, naming what to take out, where the text holds what points to a person in prison."""
    found = details_in(text, today)
    if found:
        named = " and the ".join(found)
        raise ValidationError(
            " ".join([_TAKE_OUT.format(named), *(_IF_ELSE[each] for each in found if each in _IF_ELSE)])
        )


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

    def __init__(self, today: date) -> None:
        super().__init__()
        self.today = today

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


QUESTIONS = tuple(EnquiryForm._declared_fields)
"""The names of all questions, in the form's order."""


@lru_cache(maxsize=4)
def _form_of(today: date) -> EnquiryForm:
    """Give the questions as they stand on a day: making a schema takes longer than reading an enquiry with it."""
    return EnquiryForm(today)


def parse_enquiry(data: Any, today: date, unasked: Collection[str] = ()) -> dict[str, Any]:
    """Give the clean answers of a JSON object, leaving out what was not answered; `unasked` need not be there.

    `group_size` is an int, `preferred_start` a date, the rest text. `today` tells a date of birth from a date to come.
    Raises `Refused("invalid")`, whose `fields` hold a sentence for each answer that needs a change.
    """
    try:
        answers: dict[str, Any] = _form_of(today).load(data, partial=tuple(unasked))
    except ValidationError as error:
        found = error.messages_dict
        raise Refused("invalid", _NO_ANSWERS, {str(name): list(says) for name, says in found.items()}) from None
    return answers


def parse_form(form: Mapping[str, str], today: date, questions: Collection[str] = QUESTIONS) -> dict[str, Any]:
    """Give the clean answers of a browser's form post, as `parse_enquiry` does for JSON.

    Where `questions` are only some of them, as on one page of the form, the others are left for later.
    """
    unasked = [name for name in QUESTIONS if name not in questions]
    typed: dict[str, Any] = {
        name: text for name, text in form.items() if name not in TECHNICAL_FIELDS and name not in unasked
    }
    size = str(typed.get("group_size", "")).strip()
    if size.isascii() and size.isdigit() and len(size) <= 6:
        typed["group_size"] = int(size)
    if "message" in typed:
        # Browsers send every line break as two characters; the limit counts what the person typed.
        typed["message"] = typed["message"].replace("\r\n", "\n")
    try:
        return parse_enquiry(typed, today, unasked)
    except Refused as refused:
        refused.fields.update({name: [says] for name, says in _ON_THE_FORM.items() if name in refused.fields})
        raise


def operators_words(text: str, field: str, most: int, today: date) -> str:
    """Give an operator's own words clean: a reason, a note, a reply of up to `most` characters, in lines.

    They are held to the same rule as an enquirer's. Raises `Refused("invalid")` with a sentence under `field`.
    """
    try:
        if not isinstance(text, str):
            raise ValidationError("Please send it as text.")
        words = _readable(text, "This text", most, lines=True)
        _refuse_details(words, today)
    except ValidationError as error:
        says = [str(each) for each in error.messages]
        raise Refused("invalid", " ".join(says), {field: says}) from None
    return words
