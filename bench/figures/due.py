"""The due query: how long a sender looks for the next message among 1,000,000 scheduled ones, on PostgreSQL.

Every statement is timed by which a sender reads the ledger while it sends the first ones that are due: the search for
the next one and the search for attempts that were broken off.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from bench.lab import Lab
from bench.rows import Goal, Row, command_for
from bench.stats import percentile
from shared.messaging.jobs import NotFinished
from tests.faults.desk import NOON, Desk, Takes

NAMES = ("due_query_p95",)
SCHEDULED = 1_000_000
APART = timedelta(seconds=60)
"""A million of them so far apart are two years of reminders."""
DUE = 1_440
"""So many minutes after noon it is noon again: in quiet hours nothing would go out."""
ASKED = 1_000
A_TIME = 25
"""Messages that are sent before the sender is started again, as jobs do."""
WARMUP = 20
MOST_MS = 20


class NothingDue(RuntimeError):
    """Nothing was left to send, before enough was: what was timed is not what was meant to be."""


def run(lab: Lab) -> list[Row]:
    """Fill a ledger, send from it, and give the p95 of what was read."""
    begin = time.monotonic()
    database = lab.postgres.new_database("due")
    with Desk(database, "smtp://127.0.0.1:1") as desk:
        desk.enter_many(SCHEDULED, APART)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE messages")
        lab.checkpoint()
        print(f"  filled {SCHEDULED:,} in {time.monotonic() - begin:.0f} s", flush=True)
        with timed(desk.store.database.engine) as took:
            send(desk)
    for statement, times in took.items():
        kept = times[WARMUP:] or times
        print(f"  {statement}: {len(times)} times, p50 {percentile(kept, 50):.2f}, p95 {percentile(kept, 95):.2f} ms")
    return rows_of([each for times in took.values() for each in times[WARMUP:] or times])


def rows_of(took: list[float]) -> list[Row]:
    """The row."""
    p95 = percentile(took, 95)
    return [Row(NAMES[0], "ms", p95, command=command_for(NAMES[0]), goal=Goal(f"under {MOST_MS}", p95 < MOST_MS))]


def send(desk: Desk) -> None:
    """Send `ASKED` messages, a few at a time."""
    channel = Takes()
    sender = desk.sender(channel=channel)
    while len(channel.taken) < ASKED:
        taken, channel.enough = len(channel.taken), channel.enough + A_TIME
        with suppress(NotFinished):
            sender.send_due(NOON + DUE * APART, stopping=channel.has_enough)
        if len(channel.taken) == taken:
            raise NothingDue(f"after {taken} messages of {ASKED}")


@contextmanager
def timed(engine: Engine) -> Iterator[dict[str, list[float]]]:
    """The milliseconds of each statement that reads the ledger, by what it asks for."""
    took: dict[str, list[float]] = {}
    begun = [0.0]

    def before(*_: Any) -> None:
        begun[0] = time.perf_counter()

    def after(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        milliseconds = (time.perf_counter() - begun[0]) * 1000
        if statement.lstrip().startswith(("SELECT", "WITH")) and "FROM messages" in statement:
            took.setdefault(asks_for(statement), []).append(milliseconds)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield took
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


def asks_for(statement: str) -> str:
    """The part of a statement that says which rows it wants, on one line."""
    return " ".join(statement[statement.find("WHERE") :].split())[:110]
