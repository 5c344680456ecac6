"""A service in miniature for the tests of the backbone: a real SQLite database, an outbox, an inbox, and effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, String, Table, select
from sqlalchemy.engine import URL

from shared.contracts.enquiries import StageChanged
from shared.messaging.envelope import Envelope
from shared.messaging.inbox import Inbox
from shared.messaging.retry import RetryPolicy
from shared.messaging.tables import messaging_tables
from shared.persistence.database import Database
from shared.persistence.types import new_metadata
from shared.persistence.work import Store, UnitOfWork, new_id

NINE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class SettableClock:
    """Stands still until told to move."""

    def __init__(self, at: datetime = NINE) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Office:
    """One service: its store, its inbox, and what its handler did."""

    service: str
    folder: Path
    clock: SettableClock
    in_trouble: set[str] = field(default_factory=set)
    """References whose events the handler cannot take just now."""

    def __post_init__(self) -> None:
        metadata = new_metadata()
        self.messaging = messaging_tables(metadata)
        self.effects = Table(
            "effects",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("what", String(100), nullable=False),
        )
        self.database = Database(URL.create("sqlite", database=str(self.folder / f"{self.service}.sqlite3")))
        metadata.create_all(self.database.engine)
        self.store = Store(self.database, self.messaging, self.clock, self.service)

    def inbox(self, **handlers: Any) -> Inbox:
        """An inbox that retries after one second and after five more, then gives up."""
        policy = RetryPolicy((timedelta(seconds=1), timedelta(seconds=5)))
        chosen = handlers or {"stage_changed": self.when_stage_changed}
        return Inbox(self.store, chosen, policy, chance=lambda: 0.0)

    def when_stage_changed(self, work: UnitOfWork, event: StageChanged) -> None:
        """Note the move and pass the news on; for a reference in trouble, only then raise."""
        work.connection.execute(self.effects.insert().values(what=f"{event.reference} {event.now}"))
        work.record(event, subject=event.reference, sequence=1)
        if event.reference in self.in_trouble:
            raise RuntimeError("the diary cannot be read")

    def done(self) -> list[str]:
        """What the handler has done, in order."""
        return self._column(select(self.effects.c.what).order_by(self.effects.c.id))

    def news(self, *, published: bool | None = None) -> list[Envelope]:
        """What lies in the outbox, in order."""
        outbox = self.messaging.outbox
        query = select(outbox.c.envelope).order_by(outbox.c.seq)
        if published is not None:
            is_there = outbox.c.published_at.is_not(None)
            query = query.where(is_there if published else ~is_there)
        return [Envelope.from_json(text) for text in self._column(query)]

    def rows(self, *, published: bool) -> list[Any]:
        """The outbox's rows that were, or were not, published, in order."""
        outbox = self.messaging.outbox
        is_there = outbox.c.published_at.is_not(None)
        with self.database.reading() as connection:
            query = select(outbox).where(is_there if published else ~is_there).order_by(outbox.c.seq)
            return list(connection.execute(query))

    def received(self) -> list[Any]:
        """The inbox's rows, in order."""
        with self.database.reading() as connection:
            return list(connection.execute(select(self.messaging.inbox).order_by(self.messaging.inbox.c.seq)))

    def jobs(self) -> list[tuple[str, datetime]]:
        """What is to be done and when, the next first."""
        jobs = self.messaging.jobs
        with self.database.reading() as connection:
            rows = connection.execute(select(jobs).order_by(jobs.c.next_attempt_at, jobs.c.id))
            return [(row.kind, row.next_attempt_at) for row in rows]

    def states(self) -> list[tuple[str, str]]:
        """Each event in the inbox, by what it would do, and how it stands."""
        return [(row.subject, row.state) for row in self.received()]

    def tell(self, *moves: str) -> None:
        """Commit a piece of work that records moves such as "KT-1 won", each in its own words."""
        with self.store.work() as work:
            for move in moves:
                reference, stage = move.split()
                work.connection.execute(self.effects.insert().values(what=move))
                work.record(StageChanged(reference, "new", stage), subject=reference, sequence=1)

    def _column(self, query: Any) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.scalars(query))


def moved(move: str, **changes: Any) -> Envelope:
    """The envelope of a move such as "KT-1 won"; `data` given in `changes` may break its shape."""
    reference, stage = move.split()
    data = changes.pop("data", {"reference": reference, "was": "new", "now": stage})
    attributes = {
        "id": new_id(),
        "source": "enquiries",
        "type": "stage_changed",
        "subject": reference,
        "sequence": 1,
        "time": NINE,
        "dataschema": "urn:keytalk:enquiries:stage_changed:1",
        "correlation_id": "the-first-call",
    }
    return Envelope(**{**attributes, **changes}, data=data)
