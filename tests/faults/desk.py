"""A sender at a ledger of its own, without the service around it, and processes that send from it and can be killed.

Everything is the product's but the owners of the people: they answer in this process, as the services would.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from multiprocessing.process import BaseProcess
from typing import Any, Self

from sqlalchemy import TextClause, func, select, text
from sqlalchemy.engine import make_url

from services.notifications.channels.base import Channel, Mail
from services.notifications.channels.connections import CONNECTIONS
from services.notifications.channels.smtp import SmtpChannel, parse_smtp_url
from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import Drafting, draft, enquirer, facilitator
from services.notifications.doors.post_room import SMTP_LEASE
from services.notifications.sending.delivery import Sender
from services.notifications.sending.directory import ServiceDirectory
from services.notifications.sending.rendering import Organisation
from services.notifications.tables import SEND_MESSAGES, message_of, message_row, messages, messaging
from services.notifications.web.preference_links import PreferenceLinks
from shared.errors import Refused
from shared.messaging.tables import job_row
from shared.persistence.bulk import insert_all
from shared.persistence.database import Database
from shared.persistence.migrations import migrate
from shared.persistence.work import Store, new_id
from tests.faults.points import POINTS, arm

NOON = datetime(2027, 1, 12, 12, 0, tzinfo=UTC)
"""A Tuesday."""
PAST_THE_LEASE = SMTP_LEASE + timedelta(minutes=1)
LONGEST_LIFE = 240
"""Seconds after which a sending process ends itself, should whoever started it be gone."""
KEYS = ("a secret key of the tests, long enough",)
_AT_ONCE = 1_000
_MANY_AT_ONCE = 100_000
ENDED = {state.value for state in MessageState} - {"scheduled", "sending"}


class SetClock:
    """A clock that is set by hand and stands still."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def turn(self, by: timedelta) -> None:
        """Set it on, or back."""
        self.at += by


def running_clock(at: datetime) -> Any:
    """A clock that runs on from a moment."""
    began = datetime.now(UTC)
    return lambda: at + (datetime.now(UTC) - began)


@dataclass
class Owners:
    """The services that own the people. `away`: nobody answers. `given` are answers to put in place of the usual."""

    away: bool = False
    given: dict[str, Any] = field(default_factory=dict)
    asked: int = 0

    def __call__(self, service: str, method: str, **words: Any) -> Any:
        self.asked += 1
        if self.away:
            raise Refused("unavailable", f"{service} does not answer.")
        if method in self.given:
            return self.given[method]
        if method == "get_facilitator":
            return {"name": "Tomos Bevan", "email": f"{words['facilitator']}@facilitators.example"}
        if method == "get_enquiry":
            return an_enquiry(words["reference"])
        raise AssertionError(f"nobody answers {service}.{method}")


class Takes:
    """A channel that takes everything at once; `has_enough` says whether that is `enough` by now."""

    def __init__(self, enough: int = 0) -> None:
        self.enough = enough
        self.taken: list[str] = []

    def deliver(self, mail: Mail) -> None:
        """Take it."""
        self.taken.append(mail.message_id)

    def settle(self, message_id: str) -> bool | None:
        """Say whether it was taken."""
        return message_id in self.taken

    def has_enough(self) -> bool:
        """Whether it is time to stop."""
        return len(self.taken) >= self.enough


def an_enquiry(reference: str, **contact: Any) -> dict[str, Any]:
    """An enquiry as its owner gives it."""
    person = {"id": f"c-{reference}", "name": "Alex Mason", "email": f"{reference.lower()}@risley.example"}
    return {
        "reference": reference,
        "contact": person | {"status": "active"} | contact,
        "standing": "filed",
        "programme_name": "The Many Faces of Trauma",
        "establishment": "Risley (HMP)",
        "group_size": 12,
        "preferred_start": None,
    }


def reminders(
    count: int, due_at: datetime = NOON, *, useful_for: timedelta | None = timedelta(days=2), first: int = 1
) -> Iterator[Message]:
    """Reminders of one session, each for another person: every fourth one a prison's contact."""
    session = SessionFacts("s3", 3, date(2027, 1, 14), time(13, 45), time(16, 45))
    run = RunFacts("run-1", "KT-7F3K-92", "Risley (HMP)", "The Many Faces of Trauma", (), (session,), 1)
    facts = run.summary() | {"session": session.to_plain(), "of": 16, "days_before": 1}
    drafting = Drafting(new_id, "keytalk.example")
    for number in range(first, first + count):
        contact = number % 4 == 0
        yield draft(
            drafting,
            recipient=enquirer(f"KT-{number:06}") if contact else facilitator(f"f{number:06}"),
            occasion="session_reminder:1d:s3",
            template=f"session_reminder_{'contact' if contact else 'facilitator'}",
            subject_ref="run:run-1",
            due_at=due_at,
            useful_until=useful_for and due_at + useful_for,
            facts=facts,
        )


class Desk:
    """A ledger in a database that is migrated here, and senders at it. `clock` is theirs, where they run in here."""

    def __init__(self, address: str, smtp: str) -> None:
        self.address = make_url(address)
        if self.address.drivername == "postgresql":
            self.address = self.address.set(drivername="postgresql+psycopg")
        self.smtp = smtp
        self.clock = SetClock()
        self._channel = SmtpChannel(parse_smtp_url(smtp))
        migrate("notifications", self.address)
        self.store = Store(Database(self.address), messaging, self.clock, "notifications")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        self.store.database.close()

    def enter(self, drafts: Iterable[Message], *, alarms: bool = False) -> None:
        """Enter messages, many at once; with `alarms` also the job that each has."""
        rows = [message_row(draft) for draft in drafts]
        for at in range(0, len(rows), _AT_ONCE):
            part = rows[at : at + _AT_ONCE]
            with self.store.database.writing() as connection:
                insert_all(connection, messages, part)
                if alarms:
                    jobs = [job_row(SEND_MESSAGES, str(row["id"]), row["next_attempt_at"]) for row in part]
                    insert_all(connection, messaging.jobs, jobs)

    def enter_many(self, count: int, apart: timedelta = timedelta(0)) -> None:
        """Enter so many reminders on PostgreSQL at once, each due so much later than the one before."""
        [one] = reminders(1)
        self.enter([one])
        engine = self.store.database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            for first in range(1, count, _MANY_AT_ONCE):
                last = min(first + _MANY_AT_ONCE, count) - 1
                connection.execute(_many(), {"first": first, "last": last, "apart": apart, "one": one.id})
            connection.execute(text("ANALYZE messages"))
            connection.execute(text("RESET statement_timeout"))

    def sender(
        self, owners: Owners | None = None, channel: Channel | None = None, at_once: int = CONNECTIONS
    ) -> Sender:
        """A sender in this process, at the desk's clock."""
        return sender_at(self.store, channel or self._channel, owners or Owners(), at_once)

    @property
    def ledger(self) -> list[Message]:
        """All messages."""
        with self.store.database.reading() as connection:
            return [message_of(row) for row in connection.execute(select(messages).order_by(messages.c.recipient))]

    @property
    def states(self) -> Counter[str]:
        """How many messages are in which state."""
        query = select(messages.c.state, func.count().label("how_many")).group_by(messages.c.state)
        with self.store.database.reading() as connection:
            return Counter({row.state: row.how_many for row in connection.execute(query)})

    def events(self, type_: str) -> Counter[str]:
        """How often which message was told of by one type of event."""
        outbox = messaging.outbox
        query = select(outbox.c.subject).where(outbox.c.type == type_)
        with self.store.database.reading() as connection:
            return Counter(connection.scalars(query))

    def next_at(self) -> datetime | None:
        """When the next message is to be tried that waits."""
        query = select(messages.c.next_attempt_at).where(messages.c.state == "scheduled")
        with self.store.database.reading() as connection:
            return min(connection.scalars(query), default=None)


def _many() -> TextClause:
    """The statement that enters one message again and again, each time for another person and later."""
    later = {name: f"{name} + n * CAST(:apart AS interval)" for name in ("due_at", "next_attempt_at", "useful_until")}
    other = {
        "id": "gen_random_uuid()",
        "recipient": "recipient || '-' || n",
        "message_id": "replace(message_id, '@', '-' || n || '@')",
    }
    names = messages.c.keys()
    values = ", ".join({**later, **other}.get(name, name) for name in names)
    numbers = "generate_series(CAST(:first AS integer), CAST(:last AS integer)) AS n"
    statement = f"INSERT INTO messages ({', '.join(names)}) SELECT {values} FROM messages, {numbers} WHERE id = :one"  # noqa: S608
    return text(statement)


def sender_at(store: Store, channel: Channel, owners: Owners, at_once: int) -> Sender:
    """The one place that knows what a sender is made of."""
    return Sender(
        store=store,
        channel=channel,
        directory=ServiceDirectory(owners, "ops@keytalk.example"),
        organisation=Organisation("Keytalk", "ops@keytalk.example"),
        mail_from="keytalk@keytalk.example",
        lease=SMTP_LEASE,
        keys=KEYS,
        links=PreferenceLinks(KEYS, "https://keytalk.example"),
        bounce_address="bounces@keytalk.example",
        at_once=at_once,
    )


class SendingProcesses:
    """Starts processes that send what is due at a desk, each a fork of one clean process; ends them with the block.

    `kill` names a point of `points.py` and how often it comes by before the process ends there.
    """

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(
        self, desk: Desk, at: datetime, kill: tuple[str, int] | None = None, at_once: int = CONNECTIONS
    ) -> BaseProcess:
        """Start one whose clock runs on from `at`. It ends when nothing is due any more."""
        address = desk.address.render_as_string(hide_password=False)
        process = self._context.Process(target=_send, args=(address, desk.smtp, at, kill, at_once), daemon=True)
        process.start()
        self._stack.callback(process.join)
        self._stack.callback(process.kill)
        return process

    def send(self, desk: Desk, at: datetime, kill: tuple[str, int] | None = None, at_once: int = CONNECTIONS) -> int:
        """Have one send, and give its exit status once it has ended: `-signal.SIGKILL` where it was killed."""
        process = self.start(desk, at, kill, at_once)
        process.join()
        assert process.exitcode is not None
        return process.exitcode


def _send(address: str, smtp: str, at: datetime, kill: tuple[str, int] | None, at_once: int) -> None:
    signal.alarm(LONGEST_LIFE)
    if kill:
        point, count = kill
        arm(POINTS[point], count)
    database = Database(make_url(address), pool_size=2)
    store = Store(database, messaging, running_clock(at), "notifications")
    sender_at(store, SmtpChannel(parse_smtp_url(smtp)), Owners(), at_once).send_due()
    database.close()
