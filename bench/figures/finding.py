"""Finding: what it takes to list, filter and search enquiries, with 1,000,000 stored and with 10,000.

Each kind of question is asked many times, in the ways of an operator, of the queries as the service has them. The p95
of a figure is over all ways of its kind; that of each way is printed.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from bench import stored
from bench.lab import Lab
from bench.rows import Goal, Row, command_for
from bench.stats import percentile
from services.enquiries import queries
from services.enquiries.domain.filters import Filter, Place, parse_filter
from shared.persistence.database import Database
from shared.persistence.migrations import migrate

MANY, FEW = 1_000_000, 10_000
KINDS = ("list", "filter", "search")
HARDEST = "hardest"
"""What is printed and in no figure: a word of every third of the oldest, and of none since, so that all are fetched."""
NAMES = tuple(f"enquiry_{kind}_p95{of}" for kind in KINDS for of in ("", "_10k"))
ASKED = 60
"""Times that each way of asking is timed, after a few that are not."""
WARMUP = 10
MOST_MS = 50
TIMES_FEW = 2

Way = Callable[[], Mapping[str, Any]]
Ways = dict[str, dict[str, Way]]
Took = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Shelf:
    """A filled database and what it was filled with."""

    database: Database
    years: stored.Years


def run(lab: Lab) -> list[Row]:
    """Measure both sizes, on a server with a quarter of a small machine's memory, as PostgreSQL's manual advises."""
    with psycopg.connect(lab.postgres.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET shared_buffers = '1GB'")
    lab.postgres.restart()
    with shelf(lab, FEW) as few, shelf(lab, MANY) as many:
        took_few, took_many = measure(few), measure(many)
    for kind in (*KINDS, HARDEST):
        print(f"  {kind}: {told(took_many[kind])}\n  {kind} of {FEW:,}: {told(took_few[kind])}")
    return rows_of(p95s(took_many), p95s(took_few))


@contextmanager
def shelf(lab: Lab, count: int) -> Iterator[Shelf]:
    """A database with `count` enquiries."""
    begin = time.monotonic()
    url = lab.postgres.new_database(f"stored_{count}")
    address = make_url(url).set(drivername="postgresql+psycopg")
    migrate("enquiries", address)
    years = stored.fill(url, count)
    print(f"  filled {count:,} in {time.monotonic() - begin:.0f} s", flush=True)
    database = Database(address)
    try:
        yield Shelf(database, years)
    finally:
        database.close()


def measure(shelf: Shelf, asked: int = ASKED) -> Took:
    """The milliseconds of each way of asking, by kind."""
    return {
        kind: {name: [ask(shelf, way()) for _ in range(WARMUP + asked)][WARMUP:] for name, way in ways.items()}
        for kind, ways in ways_of(shelf.years).items()
    }


def ask(shelf: Shelf, question: Mapping[str, Any]) -> float:
    """Ask once, and give the milliseconds it took."""
    wanted, after = read(question)
    begin = time.perf_counter()
    with shelf.database.reading() as connection:
        queries.list_enquiries(connection, wanted, now=stored.NOW, limit=50, after=after)
    return (time.perf_counter() - begin) * 1000


def read(question: Mapping[str, Any]) -> tuple[Filter, Place | None]:
    """What a question asks for, and from where on."""
    fields = {name: value for name, value in question.items() if name != "after"}
    return parse_filter(fields, stored.PROGRAMMES), question.get("after")


def ways_of(years: stored.Years) -> Ways:
    """The ways of asking, by kind and name; each gives another question of its way whenever it is called."""
    chance = random.Random(2)

    def anywhere() -> Place:
        number = chance.randrange(years.count)
        return Place(years.received_at(number), years.reference(number))

    def one(of: Any) -> Any:
        return chance.choice(of)

    def recent(percent: float) -> str:
        return years.received_at(int(years.count * (1 - percent / 100))).isoformat()

    return {
        "list": {
            "the first page": dict,
            "a page somewhere": lambda: {"after": anywhere()},
        },
        "filter": {
            "stage": lambda: {"stage": one(("new", "availability", "agreement", "won", "lapsed"))},
            "standing": lambda: {"standing": one(("quarantined", "merged", "any"))},
            "owner": lambda: {"owner": one(stored.OWNERS)},
            "owner and stage": lambda: {"owner": one(stored.OWNERS), "stage": one(("new", "agreement", "won"))},
            "waiting on": lambda: {"waiting_on": one(("us", "prison", "funder"))},
            "programme": lambda: {"programme": one(stored.PROGRAMMES)},
            "establishment": lambda: {"establishment": one(years.places)[1]},
            "establishment and stage": lambda: {"establishment": one(years.places)[0], "stage": "new"},
            "received": lambda: {"received_from": recent(30), "received_to": recent(chance.uniform(0, 29))},
            "overdue": lambda: {"overdue": True},
            "overdue for an owner": lambda: {"overdue": True, "owner": one(stored.OWNERS)},
            "open task": lambda: {"has_open_task": True},
            "open task for an owner": lambda: {"has_open_task": True, "owner": one(stored.OWNERS)},
            "no open task": lambda: {"has_open_task": False, "stage": "new"},
        },
        "search": {
            "reference": lambda: _said(years.reference(chance.randrange(years.count)).replace("-", " ").lower()),
            "surname": lambda: _said(one(years.surnames)),
            "full name": lambda: _said(f"{one(years.first_names)} {one(years.surnames)}"),
            "beginning of a name": lambda: _said(one(years.surnames)[:4]),
            "establishment": lambda: _said(one(years.places)[1]),
            "town and programme": lambda: _said(f"{one(years.places)[3]} compassion"),
            "a word of a few": lambda: _said(one(years.words[100:500])),
            "a word of hardly any": lambda: _said(one(years.words[-500:])),
            "two words": lambda: _said(f"{one(years.words[:50])} {one(years.words[500:1500])}"),
            "a word of all": lambda: _said("programme"),
            "two letters": lambda: _said("ba"),
            "a word of nobody": lambda: _said("zzyzx"),
            "words and an owner": lambda: _said(one(years.words[:500])) | {"owner": one(stored.OWNERS)},
        },
        HARDEST: {"a word that was common once": lambda: _said("lockdown")},
    }


def _said(words: str) -> dict[str, str]:
    return {"text": words, "standing": "any"}


def p95s(took: Took) -> dict[str, float]:
    """The p95 of each kind, over all its ways."""
    return {kind: percentile([each for times in took[kind].values() for each in times], 95) for kind in KINDS}


def told(ways: Mapping[str, list[float]]) -> str:
    """Each way with its p95."""
    return ", ".join(f"{name} {percentile(times, 95):.1f}" for name, times in ways.items()) + " ms"


def rows_of(many: Mapping[str, float], few: Mapping[str, float]) -> list[Row]:
    """The rows: those of many stored carry the goals."""
    rows = []
    for kind in KINDS:
        met = many[kind] < MOST_MS and many[kind] <= TIMES_FEW * few[kind]
        goal = Goal(f"under {MOST_MS} ms and {TIMES_FEW} times that of {FEW:,}", met)
        name, small = f"enquiry_{kind}_p95", f"enquiry_{kind}_p95_10k"
        rows.append(Row(name, "ms", many[kind], command=command_for(name), goal=goal))
        rows.append(Row(small, "ms", few[kind], command=command_for(small)))
    return rows
