"""What people may write to us, and what no answer may hold.

The rules are about text alone: nothing that points to a person in prison, no control characters, no email headers.
They answer yes or no, or with what was found; the schema that asks chooses the sentence.

Zero-width characters are kept as written: Persian and Indic scripts, and emoji, need them, and they come along with
pasted text. Every rule here looks through them. Marks that turn the direction of the text round are refused.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from enum import StrEnum

from services.enquiries.domain.dates_written import long_past_date_in
from services.enquiries.domain.identifiers import nhs_number_in, pnc_number_in

_DIGIT = re.compile(r"\d")

# A prison number is a letter, four digits and two letters (A1234BC). Source: domain notes, section 4, "People
# in prison", after the shape in HMPPS's public test data. It is also written with gaps, so a few spaces and a
# hyphen may stand between the groups, but never inside the digits: that would catch postcodes and telephones.
_FOUR_DIGITS = re.compile("[0-9]{4}")
_GAP = r"[^\S\r\n]{0,3}[-_\u2010-\u2015]?[^\S\r\n]{0,3}"
_PRISON_NUMBER = re.compile(rf"(?<![A-Za-z0-9])([A-Za-z]){_GAP}([0-9]{{4}})({_GAP})([A-Za-z]{{2}})(?![A-Za-z0-9])")
# "In a 2027 or later group", "the A1234 to Leeds": small words after a space are prose, not a number's end.
_SMALL_WORDS = re.compile("a[mnst]|b[ey]|do|go|he|i[fnst]|m[ey]|no|o[fnr]|pm|so|to|u[ps]|we")

_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffd"
_NOT_ON_ONE_LINE = re.compile(f"[{_CONTROLS}]")
_NOT_IN_LINES = re.compile(f"(?![\t\n\r])[{_CONTROLS}]")

_HEADER = re.compile(
    r"(?:\A|[\r\n\v\f\x85\u2028\u2029]|%0[ad])\s*"
    r"(?:to|cc|bcc|from|sender|subject|date|reply-to|return-path|message-id|in-reply-to|references"
    r"|mime-version|content-[a-z-]+|x-[a-z-]+|list-[a-z-]+)\s*:",
    re.IGNORECASE,
)


class Detail(StrEnum):
    """What points to a person in prison. Its value is what a reader calls it."""

    PRISON_NUMBER = "prison number"
    NHS_NUMBER = "NHS number"
    PNC_NUMBER = "police (PNC) number"
    LONG_PAST_DATE = "date from more than ten years ago"


def details_in(text: str, today: date) -> tuple[Detail, ...]:
    """Give the kinds of personal details that `text` holds, and no answer or note may.

    >>> details_in("A1234BC, born 12 March 1985", date(2026, 11, 25))
    (<Detail.PRISON_NUMBER: 'prison number'>, <Detail.LONG_PAST_DATE: 'date from more than ten years ago'>)
    """
    if not _DIGIT.search(text):  # most texts end here, at a fraction of the cost
        return ()
    shown = plain(text)
    found = {
        Detail.PRISON_NUMBER: prison_number_in(shown),
        Detail.NHS_NUMBER: nhs_number_in(shown),
        Detail.PNC_NUMBER: pnc_number_in(shown),
        Detail.LONG_PAST_DATE: long_past_date_in(shown, today),
    }
    return tuple(detail for detail, is_there in found.items() if is_there)


def prison_number_in(text: str) -> bool:
    """Say whether `text` holds something shaped like a prison number, in any case, with gaps or without.

    >>> prison_number_in("about a1234-bc"), prison_number_in("WA3 6BP, 01925 763871, KT-7F3K-92")
    (True, False)
    """
    shown = plain(text)
    if not _FOUR_DIGITS.search(shown):
        return False
    return any(not _reads_as_prose(found) for found in _PRISON_NUMBER.finditer(shown))


def plain(text: str) -> str:
    """Give full-width and other compatibility forms and all digits as plain ones, without what takes no space."""
    if text.isascii():
        return text
    shown = unicodedata.normalize("NFKC", text)
    return "".join(_plain_digit(each) for each in shown if unicodedata.category(each) != "Cf")


def _plain_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def _reads_as_prose(found: re.Match[str]) -> bool:
    return found[3].isspace() and _SMALL_WORDS.fullmatch(found[4]) is not None


def control_characters_in(text: str, multiline: bool) -> bool:
    """Say whether `text` holds a character that is no writing: a control or an unreadable byte.

    Line breaks and tabs count too, unless the answer may have several lines. Marks that turn the direction of
    the text around count, because they make one name look like another.
    """
    if text.isprintable() and "\ufffd" not in text:
        return False
    return (_NOT_IN_LINES if multiline else _NOT_ON_ONE_LINE).search(text) is not None


def header_in(text: str) -> bool:
    """Say whether `text` starts like an email header ("Bcc: x"), at its beginning or after a line break."""
    return (":" in text) and _HEADER.search(text) is not None


# Fillers that Unicode counts as letters or symbols, and that show nothing.
_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def is_blank(text: str) -> bool:
    """Say whether `text` shows nothing: spaces, zero-width characters and fillers alone."""
    if text.isascii():
        return not text.strip()
    return all(each.isspace() or each in _EMPTY or unicodedata.category(each) == "Cf" for each in text)


def clean(text: str) -> str:
    """Give `text` in Unicode's composed form (NFC) and without space at its ends, otherwise as written."""
    return unicodedata.normalize("NFC", text).strip()
