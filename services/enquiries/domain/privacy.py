"""Whom a request about personal data is for, by when it is to be met, and what is left of them afterwards."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from services.enquiries.domain.retention import months_after
from shared.working_days import add_working_days, is_working_day

ERASED = "(erased)"
"""Stands where a name or a title must stand and the real one was erased."""

LEGAL_MONTHS = 1
"""A request is met within a month of its day. Source: domain notes, section 4, "UK GDPR"."""
INTERNAL_WORKING_DAYS = 20
"""The day that we set ourselves. Source: domain notes, section 5.3, "data request"."""

KEPT_WHY = "An agreement needs the names of those who signed it, for legal claims (UK GDPR, article 17(3)(e))."
KEPT_UNTIL = "the end of the sixth year after the one in which the agreement ends"

_SHORTEST_PHONE = 7
"""Digits below which a number may be anything, and is not looked for in other people's words."""


@dataclass(frozen=True, slots=True)
class Person:
    """What one person is known under here.

    `emails` are theirs alone, normalised; `shared` are those of mailboxes that another contact uses too. `references`
    are the enquiries they sent, `names` and `phones` as they were given.
    """

    emails: frozenset[str]
    shared: frozenset[str]
    contact_ids: tuple[UUID, ...]
    references: tuple[str, ...]
    names: frozenset[str]
    phones: frozenset[str]

    @classmethod
    def of(cls, *, references: Sequence[str] = (), contact_ids: Sequence[UUID] = ()) -> Person:
        """Give somebody of whom only ids are known, or several of them: all that is under these ids is meant."""
        none = frozenset[str]()
        return cls(none, none, tuple(contact_ids), tuple(references), none, none)

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells this person and nobody else wherever it is written: addresses and numbers, the longest first."""
        numbers = {phone for phone in self.phones if sum(map(str.isdigit, phone)) >= _SHORTEST_PHONE}
        return tuple(sorted(self.emails | numbers, key=lambda mark: (-len(mark), mark)))

    @property
    def full_names(self) -> tuple[str, ...]:
        """Names of two words or more: one word alone may be anything."""
        return tuple(sorted({name for name in self.names if len(name.split()) > 1}))

    @property
    def key(self) -> str:
        """What the hash of this person is made of: their address, or their contact id where they have none."""
        if self.emails:
            return min(self.emails)
        return f"contact:{self.contact_ids[0]}" if self.contact_ids else f"enquiry:{min(self.references)}"


@dataclass(frozen=True, slots=True)
class DueDates:
    """By when a request is to be met: `legal` by law, `internal` by our own rule."""

    legal: date
    internal: date


def due_dates(received: date, holidays: Container[date]) -> DueDates:
    """Give the days by which a request of that day is to be met; one that is no working day moves to the next.

    >>> due_dates(date(2027, 1, 5), ()).legal
    datetime.date(2027, 2, 5)
    """
    legal = months_after(received, LEGAL_MONTHS)
    while not is_working_day(legal, holidays):
        legal += timedelta(days=1)
    # Over Christmas twenty working days may be longer than a month.
    return DueDates(legal, min(legal, add_working_days(received, INTERNAL_WORKING_DAYS, holidays)))


def normalise_email(text: str) -> str:
    """Give an address in the one form in which it is compared: composed, without space around it, in small letters.

    >>> normalise_email(" Alex.Morgan@Risley.example ")
    'alex.morgan@risley.example'
    """
    return unicodedata.normalize("NFC", text).strip().lower()


def person_hash(key: str, email: str) -> str:
    """Give the keyed hash under which an erased address is remembered (HMAC-SHA256, hexadecimal).

    Without the key nobody can try addresses out against it.
    """
    said = b"keytalk person\x1f" + normalise_email(email).encode()
    return hmac.new(key.encode(), said, sha256).hexdigest()


def person_hashes(keys: Sequence[str], email: str) -> list[str]:
    """Give the hashes of an address under each of the keys, the newest first."""
    return [person_hash(key, email) for key in keys]


def without(text: str, marks: Iterable[str]) -> str:
    """Give a text with every mark of a person taken out of it, in whatever case.

    >>> without("Ring Alex@Risley.example back", ["alex@risley.example"])
    'Ring (erased) back'
    """
    found = sorted({mark for mark in marks if mark}, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, found)), ERASED, text, flags=re.IGNORECASE) if found else text
