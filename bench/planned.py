"""Fills a scheduling database with years of runs: 80 facilitators, 120 establishments, as many sessions as asked for.

What is drawn is drawn from one seed. Nobody is booked twice: the database would refuse it. However many sessions there
are, they lie in the same three years, so that more of them means more bookings about every date.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.types.json import Jsonb

from services.scheduling.domain.programmes import MANY_FACES
from services.scheduling.records.runs import programme_row

FIRST = date(2026, 1, 5)
WEEKS = 156
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
FACILITATORS, PLACES = 80, 120
CLEARED_AT = 0.2
"""The share of establishments that a facilitator is cleared for: 17 to 23 % where planning was measured."""
LONELY = 10
"""How many establishments only one person is cleared for, so that no run fits there."""
SESSIONS = 16
BUSY = 1_000
"""How many of the sessions are at the first establishment: its calendar feed is a long one at any size."""
WINDOWS = {"am": (time(8, 30), time(11, 30)), "pm": (time(13, 45), time(16, 45))}
_LONDON = ZoneInfo("Europe/London")
_ADDED = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass
class Years:
    """Three years of runs. `runs` and `sessions` are ids of those that are stored, in the order of their dates."""

    count: int
    seed: int = 1
    runs: list[tuple[UUID, int, date]] = field(default_factory=list)
    sessions: list[tuple[UUID, date]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.people = [UUID(int=1_000_000 + number) for number in range(FACILITATORS)]
        self.places = [f"P{number:03}" for number in range(PLACES)]
        self.cleared = {
            place: [person for person in self.people if self.chance.random() < CLEARED_AT] for place in self.places[1:]
        }
        self.cleared[self.places[0]] = self.people[: FACILITATORS // 2]
        for place in self.places[-LONELY:]:
            self.cleared[place] = self.cleared[place][:1]
        self._taken: set[tuple[UUID, date]] = set()
        self._ids = itertools.count(10_000_000)

    def new_id(self) -> UUID:
        """Give the next id."""
        return UUID(int=next(self._ids))

    def rows(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Give the rows of runs with all that hangs on them, each with its table."""
        stored = 0
        while stored < self.count:
            run = self._one_run()
            if run is None:
                continue
            yield from run
            stored += SESSIONS

    def _one_run(self) -> list[tuple[str, tuple[Any, ...]]] | None:
        """Draw a run that two people can take; one person takes one session a day at most. None where nobody can."""
        place = self.places[0] if len(self.runs) * SESSIONS < BUSY else self.chance.choice(self.places)
        weekday, window = self.chance.randrange(5), self.chance.choice(tuple(WINDOWS))
        first = FIRST + timedelta(days=weekday, weeks=self.chance.randrange(WEEKS - SESSIONS))
        dates = [first + timedelta(weeks=week) for week in range(SESSIONS)]
        free = [each for each in self.cleared[place] if not any((each, on) in self._taken for on in dates)]
        if len(free) < 2:
            return None
        team = self.chance.sample(free, 2)
        self._taken |= {(person, on) for person in team for on in dates}
        run = self.new_id()
        self.runs.append((run, len(self.runs), first))
        found: list[tuple[str, tuple[Any, ...]]] = [("runs", self._run(run, place, first, weekday, window))]
        found += [("run_facilitators", (run, number, person)) for number, person in enumerate(team)]
        for number, on in enumerate(dates, start=1):
            found += self._session(run, number, on, WINDOWS[window], team)
        return found

    def _run(self, run: UUID, place: str, first: date, weekday: int, window: str) -> tuple[Any, ...]:
        reference = f"KT-{len(self.runs):06}"
        programme = (MANY_FACES.slug, 1)
        return (
            run,
            reference,
            place,
            *programme,
            "confirmed",
            2,
            1,
            _ADDED,
            "in_person",
            "Europe/London",
            first,
            weekday,
            window,
        )

    def _session(
        self, run: UUID, number: int, on: date, hours: tuple[time, time], team: list[UUID]
    ) -> Iterator[tuple[str, tuple[Any, ...]]]:
        session = self.new_id()
        self.sessions.append((session, on))
        start, end = hours
        instants = tuple(datetime.combine(on, at, _LONDON).astimezone(UTC) for at in hours)
        state = "delivered" if on < TODAY else "planned"
        yield "sessions", (session, run, number, "planned", state, on, start, end, "Europe/London", *instants, 0)
        for place, person in enumerate(team):
            yield "assignments", (session, person, place, "regular")
            yield "bookings", (self.new_id(), session, person, *instants)


_COLUMNS = {
    "establishments": (
        *("id", "name", "town", "nation", "active", "required_level", "version", "latitude", "longitude"),
    ),
    "regime_windows": ("establishment_id", "weekday", "name", "valid_from", "start", "end"),
    "blackouts": ("id", "establishment_id", "first", "last", "why", "yearly"),
    "facilitators": ("id", "name", "email", "added_at", "latitude", "longitude", "insured_until"),
    "accreditations": ("id", "facilitator_id", "kind", "valid_from"),
    "clearances": ("id", "facilitator_id", "establishment_id", "level", "valid_from", "valid_until"),
    "enquiries": ("reference", "programme", "establishment_id", "group_size", "preferred_start", "stage", "version"),
    "runs": (
        *("id", "enquiry", "establishment_id", "programme", "programme_version", "state", "version", "told"),
        *("planned_at", "mode", "zone", "slot_start", "slot_weekday", "slot_window"),
    ),
    "run_facilitators": ("run_id", "place", "facilitator_id"),
    "sessions": (
        *("id", "run_id", "number", "kind", "state", "date", "start", "end", "zone", "starts_at", "ends_at"),
        "revision",
    ),
    "assignments": ("session_id", "facilitator_id", "place", "role"),
    "bookings": ("id", "session_id", "facilitator_id", "starts_at", "ends_at"),
}


def fill(url: str, count: int) -> Years:
    """Fill the empty tables of a migrated `postgresql://` database, and leave it vacuumed and analysed."""
    years = Years(count)
    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}
    for table, row in (*_around(years), *years.rows()):
        tables[table].append(row)
    with psycopg.connect(url, autocommit=True) as connection:
        _add_programme(connection)
        for name, rows in tables.items():
            _copy(connection, name, rows)
        connection.execute("VACUUM ANALYZE")
    return years


def _around(years: Years) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Give the people and the places, and who may go where."""
    chance = years.chance
    for place in years.places:
        at = chance.uniform(51, 54), chance.uniform(-3, 0)
        yield "establishments", (place, f"{place} (HMP)", f"{place}ton", "england", True, "standard", 1, *at)
        for weekday, (name, (start, end)) in itertools.product(range(5), WINDOWS.items()):
            yield "regime_windows", (place, weekday, name, date(2000, 1, 1), start, end)
        yield "blackouts", (years.new_id(), place, date(2000, 12, 21), date(2001, 1, 3), "Christmas", True)
        yield "enquiries", (f"KT-WON-{place}", MANY_FACES.slug, place, 10, date(2027, 3, 1), "won", 2)
        for person in years.cleared[place]:
            until = date(2026, 6, 1) + timedelta(days=chance.randrange(1200))
            yield "clearances", (years.new_id(), person, place, "standard", date(2025, 1, 1), until)
    for number, person in enumerate(years.people):
        at = chance.uniform(51, 54), chance.uniform(-3, 0)
        email = f"facilitator{number}@facilitators.example"
        yield "facilitators", (person, f"Facilitator {number:02}", email, _ADDED, *at, date(2030, 1, 1))
        if chance.random() < 0.6:
            yield "accreditations", (years.new_id(), person, "NADA", date(2024, 1, 1))


def _add_programme(connection: psycopg.Connection) -> None:
    row = programme_row(MANY_FACES)
    row = {name: Jsonb(value) if isinstance(value, list) else value for name, value in row.items()}
    names, marks = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    connection.execute(f"INSERT INTO programmes ({names}) VALUES ({marks})", row)  # noqa: S608


def _copy(connection: psycopg.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{name}"' for name in _COLUMNS[table])
    with connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
