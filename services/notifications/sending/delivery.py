"""Sending what is due: claim, look up, render, hand over, record. Each step survives a crash after it.

A message is claimed in one transaction and its outcome recorded in another; the mail goes out between the two, in
no transaction. What was claimed and never recorded is settled by asking the channel, or marked `unknown`: it is
never sent again by itself.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

from sqlalchemy import select, update

from services.notifications.channels.base import (
    Attachment,
    Channel,
    Mail,
    OutcomeUnknown,
    PermanentFailure,
    RecipientRefused,
    TemporaryFailure,
)
from services.notifications.channels.calendar import change_calendar, run_calendar
from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import Message, MessageState, stable_message_id
from services.notifications.domain.occasions import enquirer
from services.notifications.sending.rendering import MessageNotRendered, Organisation, render
from services.notifications.tables import SEND_MESSAGES, message_of, message_row, messages
from shared.contracts.notifications import MessageAccepted, RecipientBounced
from shared.errors import Refused
from shared.messaging.jobs import NotFinished
from shared.observability.context import about
from shared.persistence.work import Store, UnitOfWork

_log = logging.getLogger(__name__)

BY_HAND = frozenset({"reply_written"})
"""The messages whose words a person wrote: an automatic answer to them is fine (RFC 3834, 5)."""

RECORD_WITHIN = 60.0
"""Seconds for which an outcome that cannot be recorded is tried again: unrecorded, nobody will know of it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a message goes to, as the owner of the person says at the moment of sending, and papers that go with it."""

    address: str
    facts: Mapping[str, Any]
    papers: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. `settle` gives the message as it is then, once the time of the record is known."""

    settle: Callable[[datetime], Message]
    bounced: bool = False
    """Whether the recipient's address was turned down for good."""


class Directory(Protocol):
    """Finds the person behind a recipient."""

    def look_up(self, message: Message) -> Person:
        """Ask the service that owns the person. Raises `Refused`: "not_found", or "unavailable"."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Everything that sending needs. `lease` is how long an attempt may take before it counts as broken off."""

    store: Store
    channel: Channel
    directory: Directory
    organisation: Organisation
    mail_from: str
    lease: timedelta

    def send_due(self, as_of: datetime | None = None, stopping: Callable[[], bool] = lambda: False) -> Counter[str]:
        """Send everything that is due, as if it were `as_of`; count the messages by the state they are in now.

        Raises `NotFinished` when `stopping` says so before that, between two messages.
        """
        self.settle_broken_off()
        outcomes: Counter[str] = Counter()
        while (message := self._claim(as_of or self.store.clock())) is not None:
            if message.state is MessageState.SENDING:
                with about(correlation_id=message.correlation_id):
                    message = self._record(message, self._attempt(message), stopping)
            outcomes[message.state] += 1
            if stopping():
                raise NotFinished
        return outcomes

    def _claim(self, now: datetime) -> Message | None:
        """Claim the next message that is due, or mark it missed when it would come too late to help.

        One at a time: a message that was claimed and not recorded is one of which nobody can say whether it went out.
        Replicas never claim the same row.
        """
        due = (messages.c.state == MessageState.SCHEDULED.value) & (messages.c.next_attempt_at <= now)
        query = select(messages).where(due).order_by(messages.c.next_attempt_at, messages.c.id).limit(1)
        with self.store.work() as work:
            row = work.connection.execute(query.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            message = message_of(row)
            if message.is_past_use(now):
                message = message.missed("Its time passed before it could be sent.")
            else:
                # The lease runs on the real clock, whatever time is played.
                message = replace(message.claim(now), claimed_at=work.now)
                work.schedule(SEND_MESSAGES, "to settle", self._after_lease(work.now))
            _save(work, message)
        return message

    def _after_lease(self, now: datetime) -> datetime:
        """Give a time at which an attempt that begins now has ended or been broken off; one serves many attempts."""
        lease = self.lease.total_seconds()
        return datetime.fromtimestamp((now.timestamp() // lease + 2) * lease, UTC)

    def _attempt(self, message: Message) -> Outcome:
        """Try to send, and give what is to be recorded."""
        try:
            self.channel.deliver(self._mail(message))
        except Refused as refused:
            return _unreachable(message, refused)
        except TemporaryFailure as failure:
            words = str(failure)
            return Outcome(lambda now: message.retry_later(now, words))
        except (PermanentFailure, MessageNotRendered) as failure:
            words = str(failure)
            return Outcome(lambda _now: message.refused(words), bounced=isinstance(failure, RecipientRefused))
        except OutcomeUnknown as failure:
            words = str(failure)
            return Outcome(lambda _now: message.in_doubt(words))
        return Outcome(message.accepted)

    def _mail(self, message: Message) -> Mail:
        person = self.directory.look_up(message)
        words = render(message.template, {**message.facts, **person.facts}, self.organisation)
        now = self.store.clock()
        return Mail(
            message_id=message.message_id,
            sender=self.mail_from,
            sender_name=self.organisation.name,
            recipient=person.address,
            reply_to=self.organisation.email,
            subject=words.subject,
            text=words.text,
            html=words.html,
            date=now,
            attachments=(*self._calendars(message, person.address, now), *person.papers),
            auto_submitted="no" if message.template in BY_HAND else "auto-generated",
            references=_thread_of(message),
        )

    def _calendars(self, message: Message, reader: str, now: datetime) -> tuple[Attachment, ...]:
        if message.template.startswith("run_changed_"):
            return tuple(self._changes(message, reader, now))
        if not message.template.startswith("run_confirmed_"):
            return ()
        calendar = run_calendar(RunFacts.from_plain(message.facts), self.organisation.email, now)
        return (Attachment("sessions.ics", "text/calendar", calendar, {"method": "PUBLISH"}),)

    def _changes(self, message: Message, reader: str, now: datetime) -> Iterator[Attachment]:
        """Give a file with what takes place otherwise, and one with what does not: each has a method of its own."""
        run = RunFacts.from_plain(message.facts)
        files: tuple[tuple[Literal["REQUEST", "CANCEL"], str, tuple[str, ...]], ...] = (
            ("REQUEST", "changed-sessions.ics", ("moved", "new", "regrouped")),
            ("CANCEL", "cancelled-sessions.ics", ("cancelled", "lost")),
        )
        for method, name, groups in files:
            sessions = [SessionFacts.from_plain(each) for group in groups for each in message.facts[group]]
            if sessions:
                calendar = change_calendar(method, run, sessions, self.organisation.email, reader, now)
                yield Attachment(name, "text/calendar", calendar, {"method": method})

    def _record(
        self,
        claimed: Message,
        outcome: Outcome,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Message:
        """Record what became of an attempt; while the database is away, again and again for `RECORD_WITHIN` seconds."""
        give_up = time.monotonic() + RECORD_WITHIN
        while True:
            try:
                return self._record_once(claimed, outcome)
            except Refused:
                if stopping() or time.monotonic() > give_up:
                    raise
                time.sleep(1)

    def _record_once(self, claimed: Message, outcome: Outcome) -> Message:
        with self.store.work() as work:
            message = outcome.settle(work.now)
            if _save(work, message, attempt=claimed.attempts):
                _follow_up(work, message, bounced=outcome.bounced)
        _log.info("message", extra={"id": str(message.id), "template": message.template, "state": message.state.value})
        return message

    def settle_broken_off(self) -> int:
        """Settle attempts that never recorded an outcome: ask the channel; where it cannot tell, say `unknown`."""
        broken = (messages.c.state == MessageState.SENDING.value) & (
            messages.c.claimed_at < self.store.clock() - self.lease
        )
        with self.store.database.reading() as connection:
            found = [message_of(row) for row in connection.execute(select(messages).where(broken))]
        for message in found:
            with about(correlation_id=message.correlation_id):
                self._record(message, _settled(message, self.channel.settle(message.message_id)))
        return len(found)


def _settled(message: Message, delivered: bool | None) -> Outcome:
    if delivered is None:
        words = "Sending was broken off, and nobody can say whether it arrived."
        return Outcome(lambda _now: message.in_doubt(words))
    if delivered:
        return Outcome(message.accepted)
    words = "Sending was broken off before it arrived."
    return Outcome(lambda now: replace(message.retry_later(now, words), retry_at=now))


def _unreachable(message: Message, refused: Refused) -> Outcome:
    if refused.code == "unavailable":
        return Outcome(lambda now: message.retry_later(now, refused.detail, soon=True))
    return Outcome(lambda _now: message.suppressed(refused.detail))


def _thread_of(message: Message) -> tuple[str, ...]:
    """Give the Message-ID of the acknowledgement, so that an enquirer's mailbox keeps later messages beside it."""
    reference = message.facts.get("reference")
    if message.recipient != enquirer(str(reference)) or message.template == "enquiry_received":
        return ()
    domain = message.message_id.rpartition("@")[2].rstrip(">")
    return (stable_message_id(message.recipient, f"enquiry_received:{reference}", 1, domain),)


def _save(work: UnitOfWork, message: Message, attempt: int | None = None) -> bool:
    """Save a message; an outcome only while its own attempt is the last one. Say whether it was saved."""
    query = update(messages).where(messages.c.id == message.id)
    if attempt is not None:
        open_states = (MessageState.SENDING.value, MessageState.UNKNOWN.value)
        query = query.where(messages.c.attempts == attempt, messages.c.state.in_(open_states))
    return work.connection.execute(query.values(message_row(message))).rowcount == 1


def _follow_up(work: UnitOfWork, message: Message, *, bounced: bool) -> None:
    if message.state is MessageState.ACCEPTED:
        _tell(work, message)
    if message.state is MessageState.SCHEDULED:
        work.schedule(SEND_MESSAGES, str(message.id), message.next_attempt_at)
    kind, _colon, reference = message.recipient.partition(":")
    if bounced and kind == "enquirer":
        event = RecipientBounced(message_id=message.id, about=reference, bounced_at=work.now)
        work.record(event, subject=str(message.id), sequence=1)


def _tell(work: UnitOfWork, message: Message) -> None:
    kind, _colon, reference = message.subject_ref.partition(":")
    event = MessageAccepted(
        message_id=message.id,
        template=message.template,
        about=reference if kind == "enquiry" else str(message.facts.get("enquiry", "")),
        accepted_at=work.now,
    )
    work.record(event, subject=str(message.id), sequence=1)
