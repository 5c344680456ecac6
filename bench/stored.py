"""Fills a database with enquiries as years of work would leave them, by COPY, in a minute for a million.

What is drawn is drawn from one seed: two databases of the same size hold the same. The newest are where the work is;
older ones are closed. Words are as uneven as people's: a few stand in every other message, most in hardly any.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from services.enquiries.domain.references import ALPHABET
from services.enquiries.domain.searching import entry_of, plain_words

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PROGRAMMES = ("many-faces-of-trauma", "unlocking-the-key-to-compassion")
OWNERS = tuple(f"operator{number}" for number in range(12))
PLACES = 140
AT_WORK = 0.02
"""The share of enquiries, the newest, that are not closed yet; a few older ones come to them."""

_ENQUIRY = (
    *("id", "reference", "stage", "version", "channel", "programme", "establishment", "establishment_id"),
    *("contact_name", "contact_email", "contact_phone", "organisation", "group_size", "message", "received_at"),
    *("standing", "spam_score", "filed_at", "owner", "waiting_on", "first_reply_due_at", "first_reply_at"),
)
_PLACE = ("id", "name", "bare_name", "town", "nation", "active", "version")
_ENTRY = ("reference", "received_at", "words")
_TASK = ("id", "reference", "kind", "title", "due_on", "created_at", "created_by")
_OPEN = ("new", "availability", "suitability", "next_steps", "agreement")
_CLOSED = ("won", "declined", "withdrawn", "lapsed", "duplicate")
_SYLLABLES = ("ba", "cor", "den", "el", "fin", "gar", "hol", "is", "jo", "ken", "lo", "mar", "nor", "os", "pel", "ri")
_COMMON = ("we", "would", "like", "the", "programme", "for", "a", "group", "of", "people", "in", "our", "prison")


class Years:
    """The enquiries of years: `count` of them, the oldest first, half an hour between two at a million."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self.count = count
        self._random = random.Random(seed)
        self.words = tuple("".join(each) for each in itertools.product(_SYLLABLES, repeat=3))
        self.surnames = tuple(f"{''.join(each)}ley".capitalize() for each in itertools.product(_SYLLABLES, repeat=3))[
            ::2
        ]
        self.first_names = tuple("".join(each).capitalize() for each in itertools.product(_SYLLABLES, repeat=2))
        self.places = tuple(self._place(number) for number in range(PLACES))
        self._uneven = tuple(itertools.accumulate(1 / (rank + 3) for rank in range(len(self.words))))
        self._uneven_places = tuple(itertools.accumulate(1 / (rank + 20) for rank in range(PLACES)))

    def _place(self, number: int) -> tuple[Any, ...]:
        name = "".join(self._random.choices(_SYLLABLES, k=3)).capitalize() + str(number)
        return (f"P{number:03}", f"{name} (HMP)", name.lower(), f"{name}ton", "england", True, 1)

    def reference(self, number: int) -> str:
        """Give the reference of an enquiry: no two alike, in no order."""
        left, digits = number * 7_654_321 % 17**6, ""
        for _ in range(6):
            left, digit = divmod(left, 17)
            digits += ALPHABET[digit]
        return f"KT-{digits[:4]}-{digits[4:]}"

    def received_at(self, number: int) -> datetime:
        """Give the moment at which an enquiry came."""
        return NOW - timedelta(minutes=30) * ((self.count - number) * 1_000_000 / self.count / 2)

    def rows(self) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...] | None]]:
        """Give each enquiry with its entry and its open task, if it has one."""
        chance = self._random
        for number in range(self.count):
            place = chance.choices(self.places, cum_weights=self._uneven_places)[0]
            name = f"{chance.choice(self.first_names)} {chance.choice(self.surnames)}"
            email = f"{name.replace(' ', '.').lower()}@{place[2]}.example"
            message = self._message(number)
            programme = PROGRAMMES[chance.random() < 0.3]
            reference, at = self.reference(number), self.received_at(number)
            open_ = number >= self.count * (1 - AT_WORK) or chance.random() < 0.002
            standing = "filed" if open_ else chance.choices(("filed", "quarantined", "merged"), (93, 5, 2))[0]
            stage = "spam" if standing == "quarantined" else chance.choice(_OPEN if open_ else _CLOSED)
            waits = chance.choices(("us", "prison", "funder"), (60, 35, 5))[0] if open_ else "us"
            due = at + timedelta(days=2)
            replied = None if stage == "new" and chance.random() < 0.3 else at + timedelta(days=1)
            enquiry = (
                *(UUID(int=number + 1), reference, stage, 1, "api", programme, place[1], place[0], name, email),
                *(f"01632 {chance.randrange(1_000_000):06}", place[1], 10, message, at, standing, 0, at),
                *(chance.choice(OWNERS) if chance.random() < 0.9 else None, waits, due, replied),
            )
            said = plain_words(reference, programme, place[1], place[3], name, email, enquiry[10])
            entry = (reference, at, entry_of(dict.fromkeys([*said, *message.split()])))
            task = (UUID(int=number + 1), reference, "call", "Ring back", date(2026, 12, 1), at, "operator")
            yield enquiry, entry, task if open_ and chance.random() < 0.3 else None

    def _message(self, number: int) -> str:
        rare = self._random.choices(self.words, cum_weights=self._uneven, k=20)
        # Once in every third message, and never any more: the hardest word there is to look for.
        once = ["lockdown"] if number < self.count * 0.2 and self._random.random() < 0.3 else []
        return " ".join([*_COMMON, *rare, *once])


def fill(url: str, count: int) -> Years:
    """Fill the empty tables of a migrated `postgresql://` database, and leave it vacuumed and analysed."""
    years = Years(count)
    with psycopg.connect(url, autocommit=True) as connection:
        with _indexes_later(connection, ("enquiries", "search_entries", "tasks")):
            _copy(connection, "establishments", _PLACE, years.places)
            entries, tasks = [], []
            with _copying(connection, "enquiries", _ENQUIRY) as copy:
                for enquiry, entry, task in years.rows():
                    copy.write_row(enquiry)
                    entries.append(entry)
                    tasks += [task] if task else []
            _copy(connection, "search_entries", _ENTRY, entries)
            _copy(connection, "tasks", _TASK, tasks)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return years


def _copy(connection: psycopg.Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with _copying(connection, table, columns) as copy:
        for row in rows:
            copy.write_row(row)


def _copying(connection: psycopg.Connection, table: str, columns: Sequence[str]) -> Any:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    return connection.cursor().copy(query)


@contextmanager
def _indexes_later(connection: psycopg.Connection, tables: Sequence[str]) -> Iterator[None]:
    """Take the plain indexes of tables away and make them again after the block: far quicker than to grow them."""
    query = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef NOT LIKE 'CREATE UNIQUE%%'"
    )
    indexes = connection.execute(query, [list(tables)]).fetchall()
    for name, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    connection.execute("SET maintenance_work_mem = '512MB'")
    for _, definition in indexes:
        connection.execute(definition)
