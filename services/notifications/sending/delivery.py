"""Sending what is due: look up, render, claim, hand over, record. Each step survives a crash after it.

Some messages are prepared together, while those before them go out, and nothing is claimed for that. Then as many as
go out at once are claimed, each if it still is as it was, in the transaction that records what became of those before;
their mails go out after that, in no transaction, each over a connection of its own.
What was claimed and never recorded is settled by asking the channel, or marked `unknown`: it is never sent again by
itself. A digest is a message like any other, and takes along what it tells; it is prepared once it is claimed.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import bindparam, literal, select

from services.notifications.channels.alerts import AlertChannel
from services.notifications.channels.base import (
    Channel,
    OutcomeUnknown,
    PermanentFailure,
    RecipientRefused,
    TemporaryFailure,
)
from services.notifications.channels.connections import CONNECTIONS
from services.notifications.domain.alerts import alerts_of_failure, is_to_the_team
from services.notifications.domain.digests import DIGEST
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import OPS, Drafting
from services.notifications.domain.urgency import Urgency
from services.notifications.domain.verdicts import IN_QUIET_HOURS, Collect, HoldBack, Send, Wait
from services.notifications.handlers.digests import TOO_LATE, collect, let_follow, take_along
from services.notifications.handlers.entering import enter
from services.notifications.handlers.settling import TO_CALL, follow_up, save
from services.notifications.handlers.suppressions import suppress
from services.notifications.handlers.sweeping import TO_SETTLE
from services.notifications.sending.beside import beside, together
from services.notifications.sending.composing import Composer, Directory, Held, LeftOut, Links, Ready, Unreachable
from services.notifications.sending.rendering import MessageNotRendered, Organisation
from services.notifications.sending.saving import Change, save_claims, save_outcomes
from services.notifications.tables import SEND_MESSAGES, message_of, messages
from shared.errors import Refused
from shared.messaging.jobs import NotFinished
from shared.observability.context import about
from shared.persistence.bulk import is_any_of
from shared.persistence.work import Store, UnitOfWork

_log = logging.getLogger(__name__)

RECORD_WITHIN = 60.0
"""Seconds for which an outcome that cannot be recorded is tried again: unrecorded, nobody will know of it."""
BROKEN_OFF = "Sending was broken off, and nobody can say whether it arrived."
NOT_ARRIVED = "Sending was broken off before it arrived."
NOT_PREPARED = "It could not be made, for a fault of ours. The log says more."

Settle = Callable[[UnitOfWork], Message]

AT_ONCE = 50
"""Messages that are prepared together, at most."""
A_FEW = 5
"""Messages that are prepared together where none could be sent as it had been prepared."""
IN_VAIN = 10
"""So many times in a row others have all that was prepared before a sender leaves the rest to them."""
GOOD_FOR = 5.0
"""Seconds for which messages are sent as they were prepared. Where a mail server is slow, the rest are made anew."""
PAGES = 8
"""Among so many times `AT_ONCE` due messages a sender chooses where others are at the first of them."""

_due = (
    select(messages)
    # Written into the statement: against a parameter, the index of open messages could not be used.
    .where(messages.c.state == literal(MessageState.SCHEDULED.value, literal_execute=True))
    .where(messages.c.next_attempt_at <= bindparam("now"))
    # Those of one moment in any order: to sort them, all of them would have to be read for each.
    .order_by(messages.c.next_attempt_at)
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. `settle` gives the message as it is then, in the work that records it.

    `turned_down` is the recipient's address where that was turned down for good. `untold` is as `settling.follow_up`
    takes it. `left_out` is what a digest took along and does not tell.
    """

    settle: Settle
    turned_down: str | None = None
    untold: str | None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that is due, as the ledger has it. Nothing is claimed.

    `found` is its mail, or what is to be recorded in place of sending it; None for a digest, and for one that is late.
    """

    waiting: Message
    found: Ready | Outcome | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that were prepared together, and until when they may be sent as they are (`time.monotonic`)."""

    candidates: Sequence[Candidate]
    good_until: float

    @property
    def ids(self) -> list[UUID]:
        """The ids of the messages."""
        return [each.waiting.id for each in self.candidates]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A candidate that was to be had, and its message as it is then."""

    candidate: Candidate
    message: Message

    @property
    def found(self) -> Ready | Outcome | None:
        """What the candidate was prepared to."""
        return self.candidate.found

    @property
    def is_to_go(self) -> bool:
        """Whether its mail goes out now."""
        return self.message.state is MessageState.SENDING


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message that was claimed, and what came of that: to be recorded."""

    claimed: Message
    outcome: Outcome


@dataclass(slots=True)
class Round:
    """One round at what is due: the time that counts, who may stop it, and how it stands.

    `most` is how many messages are prepared next, `skip` how many that are due are left to other replicas. `alarms` are
    the times at which a look at what was broken off is set already; `done` are the last attempts, where those are not
    recorded yet. `outcomes` counts messages by the state they are in now.
    """

    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    most: int = AT_ONCE
    skip: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    alarms: set[datetime] = field(default_factory=set)
    done: list[Attempt] = field(default_factory=list)

    def note(self, recorded: Iterable[Message]) -> None:
        """Count messages that came to a state, and tell the log of them."""
        for message in recorded:
            self.outcomes[message.state] += 1
            _tell(message)


@dataclass(frozen=True, slots=True)
class Sender:
    """Everything that sending needs. `lease` is how long an attempt may take before it counts as broken off.

    `at_once` is how many messages go out at once: so many may be in doubt after a crash. `keys`, `links` and
    `bounce_address` are as `composing.Composer` takes them.
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
    at_once: int = CONNECTIONS

    def send_due(self, as_of: datetime | None = None, stopping: Callable[[], bool] = lambda: False) -> Counter[str]:
        """Send everything that is due, as if it were `as_of`; count the messages by the state they are in now.

        Raises `NotFinished` when `stopping` says so before that, between two messages.
        """
        self.settle_broken_off()
        this = Round(self.store.clock if as_of is None else lambda: as_of, stopping)
        in_vain, batch = 0, self._prepared(this)
        while batch.candidates and in_vain < IN_VAIN:
            ahead = beside(partial(self._prepared, this, batch.ids))
            try:
                any_had = self._send_each(this, batch)
            finally:
                ahead.exception()  # waits for it
            in_vain = 0 if any_had else in_vain + 1
            batch = ahead.result()
            if not batch.candidates:
                this.skip = 0
                batch = self._prepared(this)
        return this.outcomes

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

    def _prepared(self, this: Round, in_hand: Sequence[UUID] = ()) -> Batch:
        """Prepare the next messages that are due and not `in_hand`. Nothing of that outlives this process."""
        now = this.clock()
        with self.store.database.asking() as connection:
            others = _due.where(~is_any_of(connection, messages.c.id, in_hand))
            asked = {"now": now, "most": this.most, "skip": this.skip}
            due = [message_of(row) for row in connection.execute(others, asked)]
        to_prepare = [self._claimed(each, now) for each in due if each.template != DIGEST and not each.is_past_use(now)]
        found = self._composer.prepare_all(to_prepare, now, self.store.clock())
        prepared = {each.id: _judged(each, what) for each, what in zip(to_prepare, found, strict=False)}
        left_for_later = {each.id for each in to_prepare[len(found) :]}
        candidates = [Candidate(each, prepared.get(each.id)) for each in due if each.id not in left_for_later]
        return Batch(candidates, time.monotonic() + GOOD_FOR)

    def _claimed(self, waiting: Message, now: datetime) -> Message:
        # The lease runs on the real clock, whatever time is played.
        return replace(waiting.claim(now), claimed_at=self.store.clock())

    def _send_each(self, this: Round, batch: Batch) -> bool:
        """Send some after others while they are good; say whether any was still to be had as it had been prepared.

        Raises `NotFinished` when that is wished for, between two turns.
        """
        seen, had, stopping = 0, 0, False
        for first in range(0, len(batch.candidates), self.at_once):
            if stopping or time.monotonic() > batch.good_until:
                break
            candidates = batch.candidates[first : first + self.at_once]
            claimed = self._turn(this, candidates)
            seen, had = seen + len(candidates), had + len(claimed)
            self._attempt_each(this, claimed)
            stopping = this.stopping()
        self._record_done(this)
        if stopping:
            raise NotFinished
        # A slow mail server is to have only as many prepared as it can take; where another replica is at the same
        # messages, this one goes on at others.
        this.most = min(AT_ONCE, 2 * had or A_FEW)
        this.skip = AT_ONCE * random.randrange(PAGES) if had < seen else 0  # noqa: S311
        return had > 0 or not seen

    def _turn(self, this: Round, candidates: Sequence[Candidate]) -> list[Claimed]:
        """Record the last attempts and claim the next messages in one transaction; give those that were to be had.

        No more than go out at once: a message that was claimed and not recorded is one of which nobody can say whether
        it went out. Replicas never claim the same row.
        """
        try:
            with self.store.work() as work:
                recorded = self._record_in(work, this.done)
                claimed = self._claim(work, this, candidates)
        except Exception as fault:
            if not this.done:
                raise
            # Whatever keeps the next ones back, what was sent has to be recorded.
            self._record_done(this)
            if isinstance(fault, Refused):
                return []
            raise
        this.note(recorded)
        this.done = []
        this.outcomes.update(each.message.state for each in claimed if not each.is_to_go)
        if any(each.is_to_go for each in claimed):
            this.alarms.add(self._after_lease(work.now))
        return claimed

    def _claim(self, work: UnitOfWork, this: Round, candidates: Sequence[Candidate]) -> list[Claimed]:
        """Claim messages that still are as they were prepared; one that would come too late to help is marked missed.

        What was found to need no sending is recorded at once.
        """
        now = this.clock()
        wanted = [Change(each.waiting, _as_claimed(each, now, work.now)) for each in candidates]
        saved = save_claims(work.connection, wanted)
        claimed = [Claimed(each, now) for each, (_, now) in zip(candidates, wanted, strict=True) if now.id in saved]
        to_go = [each for each in claimed if each.is_to_go]
        held = [Attempt(each.message, each.found) for each in to_go if isinstance(each.found, Outcome)]
        settled = {each.id: each for each in self._record_in(work, held)}
        claimed = [replace(each, message=settled.get(each.message.id, each.message)) for each in claimed]
        for each in claimed:
            with about(correlation_id=each.message.correlation_id):
                if each.message.state is MessageState.MISSED:
                    follow_up(work, MessageState.SCHEDULED, each.message)
                elif each.is_to_go:
                    self._take_along(work, each.message, now)
        after_lease = self._after_lease(work.now)
        if after_lease not in this.alarms and any(each.is_to_go for each in claimed):
            work.schedule(SEND_MESSAGES, TO_SETTLE, after_lease)
        return claimed

    def _take_along(self, work: UnitOfWork, message: Message, now: datetime) -> None:
        for part in take_along(work, message, now) if message.template == DIGEST else ():
            if part.state is MessageState.MISSED:
                follow_up(work, MessageState.SCHEDULED, part)

    def _after_lease(self, now: datetime) -> datetime:
        """Give a time at which an attempt that begins now has ended or been broken off; one serves many attempts."""
        lease = self.lease.total_seconds()
        return datetime.fromtimestamp((now.timestamp() // lease + 2) * lease, UTC)

    def _attempt_each(self, this: Round, claimed: Sequence[Claimed]) -> None:
        """Try to send what was claimed, at once; what came of it is to be recorded with the next turn."""
        now = this.clock()
        found = together([partial(self._attempt, each, now) for each in claimed if each.is_to_go])
        this.done = [each for each in found if isinstance(each, Attempt)]
        for each in found:
            if isinstance(each, Exception):
                self._record_done(this)
                raise each

    def _attempt(self, claimed: Claimed, now: datetime) -> Attempt:
        """Try to send what was claimed, and give what is to be recorded."""
        message = claimed.message
        with about(correlation_id=message.correlation_id):
            found = claimed.found
            prepared = replace(found, message=message) if isinstance(found, Ready) else self._prepare(message, now)
            return Attempt(message, self._deliver(prepared) if isinstance(prepared, Ready) else prepared)

    def _prepare(self, message: Message, now: datetime) -> Ready | Outcome:
        try:
            return _judged(message, self._composer.prepare(message, now, self.store.clock()))
        except Exception as fault:
            return _judged(message, fault)

    def _deliver(self, ready: Ready) -> Outcome:
        message, left_out = ready.message, ready.left_out
        try:
            self._way_of(message).deliver(ready.mail)
        except TemporaryFailure as failure:
            words = str(failure)
            return Outcome(lambda work: message.retry_later(work.now, words), left_out=left_out)
        except PermanentFailure as failure:
            words = str(failure)
            turned_down = ready.mail.recipient if isinstance(failure, RecipientRefused) else None
            return Outcome(lambda _work: message.refused(words), turned_down=turned_down, left_out=left_out)
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

    def _record_done(self, this: Round) -> None:
        """Record the last attempts, where that is still to be done; one by one, where that of one keeps others back."""
        try:
            this.note(self._record(this.done, this.stopping))
        except Refused:
            raise
        except Exception:
            if len(this.done) == 1:
                raise
            self._record_one_by_one(this)
        this.done = []

    def _record_one_by_one(self, this: Round) -> None:
        """Record each of the last attempts by itself; raise the first fault of any once all were tried."""
        faults = list[Exception]()
        for each in this.done:
            try:
                this.note(self._record([each], this.stopping))
            except Exception as fault:
                faults.append(fault)
        if faults:
            raise faults[0]

    def _record(self, attempts: Sequence[Attempt], stopping: Callable[[], bool] = lambda: False) -> list[Message]:
        """Record what became of attempts; while the database is away, again and again for `RECORD_WITHIN` seconds."""
        if not attempts:
            return []
        give_up = time.monotonic() + RECORD_WITHIN
        while True:
            try:
                with self.store.work() as work:
                    return self._record_in(work, attempts)
            except Refused:
                if stopping() or time.monotonic() > give_up:
                    raise
                time.sleep(1)

    def _record_in(self, work: UnitOfWork, attempts: Sequence[Attempt]) -> list[Message]:
        """Record what became of attempts, where nothing else has become of a message meanwhile; give the messages."""
        changes = [Change(each.claimed, each.outcome.settle(work)) for each in attempts]
        saved = save_outcomes(work.connection, changes)
        for (claimed, message), outcome in zip(changes, (each.outcome for each in attempts), strict=True):
            if message.id in saved:
                with about(correlation_id=claimed.correlation_id):
                    self._follow_outcome(work, claimed, message, outcome)
        return [each.now for each in changes]

    def _follow_outcome(self, work: UnitOfWork, claimed: Message, message: Message, outcome: Outcome) -> None:
        # Its parts first: what follows from a digest that was taken depends on what it told.
        _record_parts(work, message, outcome.left_out)
        bounced = outcome.turned_down is not None
        follow_up(work, claimed.state, message, bounced=bounced, untold=outcome.untold)
        self._suppress(work, message, outcome.turned_down)
        self._alert_of_failure(work, message)

    def _suppress(self, work: UnitOfWork, message: Message, turned_down: str | None) -> None:
        """Write no more to an address that was turned down for good, unless it is our own team's."""
        if turned_down is not None and self.keys and message.recipient != OPS:
            suppress(work, turned_down, message.why or "", message.id, self.keys)

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
            settled = _settled(message, self._way_of(message).settle(message.message_id))
            for each in self._record([Attempt(message, settled)]):
                _tell(each)
        return len(found)


def _as_claimed(candidate: Candidate, now: datetime, at: datetime) -> Message:
    """Give a message as it is once it is claimed `at` a moment, or once it is missed."""
    if candidate.waiting.is_past_use(now):
        return candidate.waiting.missed(at, TOO_LATE)
    found = candidate.found
    message = found.message if isinstance(found, Ready) else candidate.waiting.claim(now)
    return replace(message, claimed_at=at)


def _settled(message: Message, delivered: bool | None) -> Outcome:
    if delivered is None:
        return Outcome(lambda _work: message.in_doubt(BROKEN_OFF))
    if delivered:
        return Outcome(lambda work: message.accepted(work.now))
    return Outcome(lambda work: replace(message.retry_later(work.now, NOT_ARRIVED), retry_at=work.now))


def _judged(message: Message, found: Ready | Held | Exception) -> Ready | Outcome:
    """Give a mail that can go out, or what is to be recorded of its message where none does."""
    if isinstance(found, Ready):
        return found
    if isinstance(found, Held):
        return _held(found)
    if isinstance(found, Refused):
        return _unreachable(message, found)
    if isinstance(found, MessageNotRendered):
        words = str(found)
        return Outcome(lambda _work: message.refused(words))
    # Nothing has gone out, so this one is no worse than a service that cannot be asked; others go on.
    _log.error("message not prepared", exc_info=found, extra={"id": str(message.id), "template": message.template})
    return Outcome(lambda work: message.retry_later(work.now, NOT_PREPARED, soon=True))


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
        save(work, now)
        follow_up(work, part.state, now)
    let_follow(work, digest)


def _tell(message: Message) -> None:
    with about(correlation_id=message.correlation_id):
        _log.info("message", extra={"id": str(message.id), "template": message.template, "state": message.state.value})
