"""Sending what is due: claim, look up, render, hand over, record. Each step survives a crash after it.

A message is claimed in one transaction and its outcome recorded in another; the mail goes out between the two, in
no transaction. What was claimed and never recorded is settled by asking the channel, or marked `unknown`: it is
never sent again by itself. A digest is a message like any other, and takes along what it tells.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, literal, select

from services.notifications.channels.alerts import AlertChannel
from services.notifications.channels.base import (
    Channel,
    OutcomeUnknown,
    PermanentFailure,
    RecipientRefused,
    TemporaryFailure,
)
from services.notifications.domain.alerts import alerts_of_failure, is_to_the_team
from services.notifications.domain.digests import DIGEST
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import Drafting
from services.notifications.domain.urgency import Urgency
from services.notifications.domain.verdicts import IN_QUIET_HOURS, Collect, HoldBack, Send, Wait
from services.notifications.handlers.digests import TOO_LATE, collect, let_follow, take_along
from services.notifications.handlers.entering import enter
from services.notifications.handlers.settling import TO_CALL, follow_up
from services.notifications.handlers.sweeping import TO_SETTLE
from services.notifications.sending.composing import Composer, Directory, Held, LeftOut, Links, Ready, Unreachable
from services.notifications.sending.rendering import MessageNotRendered, Organisation
from services.notifications.tables import SEND_MESSAGES, message_changes, message_of, messages, save_message
from shared.errors import Refused
from shared.messaging.jobs import NotFinished
from shared.observability.context import about
from shared.persistence.work import Store, UnitOfWork

_log = logging.getLogger(__name__)

RECORD_WITHIN = 60.0
"""Seconds for which an outcome that cannot be recorded is tried again: unrecorded, nobody will know of it."""
BROKEN_OFF = "Sending was broken off, and nobody can say whether it arrived."
NOT_ARRIVED = "Sending was broken off before it arrived."
NOT_PREPARED = "It could not be made, for a fault of ours. The log says more."

Settle = Callable[[UnitOfWork], Message]

_next_due = (
    select(messages)
    # Written into the statement: against a parameter, the index of open messages could not be used.
    .where(messages.c.state == literal(MessageState.SCHEDULED.value, literal_execute=True))
    .where(messages.c.next_attempt_at <= bindparam("now"))
    # Those of one moment in any order: to sort them, all of them would have to be read for each.
    .order_by(messages.c.next_attempt_at)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_save_outcome = save_message.where(
    messages.c.attempts == bindparam("attempt"),
    messages.c.claimed_at == bindparam("since"),
    messages.c.state.in_((MessageState.SENDING.value, MessageState.UNKNOWN.value)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. `settle` gives the message as it is then, in the work that records it.

    `bounced`: the recipient's address was turned down for good. `untold` is as `settling.follow_up` takes it.
    `left_out` is what a digest took along and does not tell.
    """

    settle: Settle
    bounced: bool = False
    untold: str | None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """Everything that sending needs. `lease` is how long an attempt may take before it counts as broken off.

    `keys`, `links` and `bounce_address` are as `composing.Composer` takes them.
    """

    store: Store
    channel: Channel
    directory: Directory
    organisation: Organisation
    mail_from: str
    lease: timedelta
    alerts: AlertChannel = field(default_factory=lambda: AlertChannel(()))
    """The team's own tools, such as a chat room; without addresses, where none are set."""
    keys: tuple[str, ...] = ()
    links: Links | None = None
    bounce_address: str | None = None

    def send_due(self, as_of: datetime | None = None, stopping: Callable[[], bool] = lambda: False) -> Counter[str]:
        """Send everything that is due, as if it were `as_of`; count the messages by the state they are in now.

        Raises `NotFinished` when `stopping` says so before that, between two messages.
        """
        self.settle_broken_off()
        outcomes: Counter[str] = Counter()
        alarms: set[datetime] = set()
        while True:
            now = as_of or self.store.clock()
            message = self._claim(now, alarms)
            if message is None:
                return outcomes
            if message.state is MessageState.SENDING:
                with about(correlation_id=message.correlation_id):
                    message = self._record(message, self._attempt(message, now), stopping)
            outcomes[message.state] += 1
            if stopping():
                raise NotFinished

    def goes_at(self, message: Message) -> datetime:
        """Give when a message would go out that fell due now; nothing is sent.

        Raises `Refused` where nobody would get it, or where those who own its facts cannot be asked.
        """
        now = self.store.clock()
        try:
            found = self._composer.prepare(message, now, now)
        except MessageNotRendered as failure:
            raise Refused("refused", str(failure)) from failure
        verdict = found.verdict if isinstance(found, Held) else Send()
        if isinstance(verdict, HoldBack):
            raise Refused("refused", verdict.why)
        return verdict.until if isinstance(verdict, Wait) else now

    def _claim(self, now: datetime, alarms: set[datetime]) -> Message | None:
        """Claim the next message that is due, or mark it missed when it would come too late to help.

        One at a time: a message that was claimed and not recorded is one of which nobody can say whether it went out.
        Replicas never claim the same row. `alarms` are the times at which a look at what was broken off is set already.
        """
        with self.store.work() as work:
            row = work.connection.execute(_next_due, {"now": now}).first()
            if row is None:
                return None
            message = message_of(row)
            if message.is_past_use(now):
                message = message.missed(work.now, TOO_LATE)
                follow_up(work, MessageState.SCHEDULED, message)
            else:
                # The lease runs on the real clock, whatever time is played.
                message = replace(message.claim(now), claimed_at=work.now)
                after_lease = self._after_lease(work.now)
                if after_lease not in alarms:
                    work.schedule(SEND_MESSAGES, TO_SETTLE, after_lease)
                self._take_along(work, message, now)
            _save(work, message)
        if message.state is MessageState.SENDING and message.claimed_at is not None:
            alarms.add(self._after_lease(message.claimed_at))
        return message

    def _take_along(self, work: UnitOfWork, message: Message, now: datetime) -> None:
        for part in take_along(work, message, now) if message.template == DIGEST else ():
            if part.state is MessageState.MISSED:
                follow_up(work, MessageState.SCHEDULED, part)

    def _after_lease(self, now: datetime) -> datetime:
        """Give a time at which an attempt that begins now has ended or been broken off; one serves many attempts."""
        lease = self.lease.total_seconds()
        return datetime.fromtimestamp((now.timestamp() // lease + 2) * lease, UTC)

    def _attempt(self, message: Message, now: datetime) -> Outcome:
        """Try to send, and give what is to be recorded."""
        try:
            found = self._composer.prepare(message, now, self.store.clock())
        except Refused as refused:
            return _unreachable(message, refused)
        except MessageNotRendered as failure:
            words = str(failure)
            return Outcome(lambda _work: message.refused(words))
        except Exception:
            # Nothing has gone out, so this one is no worse than a service that cannot be asked; others go on.
            _log.exception("message not prepared", extra={"id": str(message.id), "template": message.template})
            return Outcome(lambda work: message.retry_later(work.now, NOT_PREPARED, soon=True))
        return _held(found) if isinstance(found, Held) else self._deliver(found)

    def _deliver(self, ready: Ready) -> Outcome:
        message, left_out = ready.message, ready.left_out
        try:
            self._way_of(message).deliver(ready.mail)
        except TemporaryFailure as failure:
            words = str(failure)
            return Outcome(lambda work: message.retry_later(work.now, words), left_out=left_out)
        except PermanentFailure as failure:
            words, bounced = str(failure), isinstance(failure, RecipientRefused)
            return Outcome(lambda _work: message.refused(words), bounced=bounced, left_out=left_out)
        except OutcomeUnknown as failure:
            words = str(failure)
            return Outcome(lambda _work: message.in_doubt(words), left_out=left_out)
        return Outcome(lambda work: message.accepted(work.now), left_out=left_out)

    @property
    def _composer(self) -> Composer:
        return Composer(
            database=self.store.database,
            directory=self.directory,
            organisation=self.organisation,
            mail_from=self.mail_from,
            keys=self.keys,
            links=self.links,
            bounce_address=self.bounce_address,
        )

    def _way_of(self, message: Message) -> Channel:
        return self.alerts if is_to_the_team(message.recipient) else self.channel

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
            message = outcome.settle(work)
            if _save(work, message, claimed):
                follow_up(work, claimed.state, message, bounced=outcome.bounced, untold=outcome.untold)
                self._alert_of_failure(work, message)
                _record_parts(work, message, outcome.left_out)
        _log.info("message", extra={"id": str(message.id), "template": message.template, "state": message.state.value})
        return message

    def _alert_of_failure(self, work: UnitOfWork, message: Message) -> None:
        drafting = Drafting(work.new_id, self.mail_from.rpartition("@")[2])
        enter(work, alerts_of_failure(message, work.now, self.alerts.places, drafting))

    def settle_broken_off(self) -> int:
        """Settle attempts that never recorded an outcome: ask the channel; where it cannot tell, say `unknown`.

        What a digest took along is settled with it.
        """
        broken = (
            (messages.c.state == literal(MessageState.SENDING.value, literal_execute=True))
            & (messages.c.claimed_at < self.store.clock() - self.lease)
            & messages.c.told_in.is_(None)
        )
        with self.store.database.reading() as connection:
            found = [message_of(row) for row in connection.execute(select(messages).where(broken))]
        for message in found:
            with about(correlation_id=message.correlation_id):
                self._record(message, _settled(message, self._way_of(message).settle(message.message_id)))
        return len(found)


def _settled(message: Message, delivered: bool | None) -> Outcome:
    if delivered is None:
        return Outcome(lambda _work: message.in_doubt(BROKEN_OFF))
    if delivered:
        return Outcome(lambda work: message.accepted(work.now))
    return Outcome(lambda work: replace(message.retry_later(work.now, NOT_ARRIVED), retry_at=work.now))


def _unreachable(message: Message, refused: Refused) -> Outcome:
    if refused.code == "unavailable":
        return Outcome(lambda work: message.retry_later(work.now, refused.detail, soon=True))
    # What is urgent has to reach somebody, by whatever way; what is not needed any more has not.
    urgent = isinstance(refused, Unreachable) and message.urgency is Urgency.CRITICAL
    untold = MessageState.FAILED.value if urgent else None
    return Outcome(lambda _work: message.suppressed(refused.detail), untold=untold)


def _held(held: Held) -> Outcome:
    message, verdict, left_out = held.message, held.verdict, held.left_out
    if isinstance(verdict, Wait):
        until = verdict.until
        return Outcome(lambda _work: message.postponed(until, IN_QUIET_HOURS), left_out=left_out)
    if isinstance(verdict, Collect):
        digest = verdict.digest
        return Outcome(lambda work: collect(work, message, digest, held.person))
    assert isinstance(verdict, HoldBack)  # noqa: S101 - what is sent is not held
    why, untold = verdict.why, TO_CALL if verdict.to_call else None
    if untold is None and message.urgency is Urgency.CRITICAL:
        untold = MessageState.FAILED.value
    return Outcome(lambda _work: message.suppressed(why), untold=untold, left_out=left_out)


def _record_parts(work: UnitOfWork, digest: Message, left_out: tuple[LeftOut, ...]) -> None:
    """Record what became of that which a digest took along: first of what it could not tell, then of the rest."""
    if digest.template != DIGEST:
        return
    for part, becomes in left_out:
        now = becomes(work.now)
        _save(work, now)
        follow_up(work, part.state, now)
    let_follow(work, digest)


def _save(work: UnitOfWork, message: Message, claimed: Message | None = None) -> bool:
    """Save a message; an outcome only while its own attempt is the last one. Say whether it was saved."""
    values = message_changes(message)
    if claimed is None:
        return work.connection.execute(save_message, values).rowcount == 1
    values |= {"attempt": claimed.attempts, "since": claimed.claimed_at}
    return work.connection.execute(_save_outcome, values).rowcount == 1
