"""Jobs: what a service has to do at a time, in one table, done by one of its replicas.

A job is a row: a kind, a subject, and when it is due. `UnitOfWork.schedule` adds one in the transaction that makes it
needed. The scheduler claims what is due under a lease and commits that, so that a process which ends in the middle
costs only the lease; it then runs the kind once for all its due subjects, and removes them. What a kind does must be
safe to repeat. Where the kind has its own rows with their own times, as inbox and ledger do, jobs are its alarm clock.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select

from shared.messaging.retry import RetryPolicy
from shared.messaging.signal import Signal
from shared.messaging.tables import WAITING, MessagingTables, is_waiting
from shared.observability import context
from shared.observability.context import about
from shared.observability.tracing import span
from shared.persistence.database import JOBS
from shared.persistence.types import AnyRow
from shared.persistence.work import Store, schedule

_log = logging.getLogger(__name__)

POLL = 15.0
"""Seconds between looks when nothing is due before: the net under a twin that died, or a clock that was set."""
SHORTEST_WAIT = 0.05
BATCH = 100
FAILED, MISSED = "failed", "missed"
"""Where a job ends that is not done: it stays in the table until someone has seen to it."""


class NotFinished(Exception):
    """Raised by a kind that was asked to stop before its end: the jobs stay due, for the next one who looks."""


_PATIENT = RetryPolicy(
    tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600, 3600)),
    last_repeats=True,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job.

    `run` gets the subjects that are due, and something to ask whether it has been told to stop: a long one then raises
    `NotFinished` between two steps. `lease` is how long a run may take before another replica may begin.
    `useful_for`: a job found later than that after its time is marked missed instead of run; None means that it is run
    however late. `every` makes the kind a clock: given a moment, it gives the next time after it; a clock that was
    missed several times runs once.
    """

    name: str
    run: Callable[[Sequence[str], Callable[[], bool]], Any]
    lease: timedelta = timedelta(minutes=1)
    useful_for: timedelta | None = None
    every: Callable[[datetime], datetime] | None = None
    policy: RetryPolicy = _PATIENT


def daily(hour: int) -> Callable[[datetime], datetime]:
    """Give the clock that strikes once a day, at an hour of UTC."""

    def next_after(moment: datetime) -> datetime:
        today = moment.replace(hour=hour, minute=0, second=0, microsecond=0)
        return today if today > moment else today + timedelta(days=1)

    return next_after


def each(interval: timedelta) -> Callable[[datetime], datetime]:
    """Give the clock that strikes again and again, an interval apart; replicas strike at the same moments."""

    def next_after(moment: datetime) -> datetime:
        seconds = interval.total_seconds()
        return datetime.fromtimestamp((moment.timestamp() // seconds + 1) * seconds, UTC)

    return next_after


@dataclass(slots=True)
class Scheduler:
    """Runs one service's jobs. Every replica has one; a job is claimed by one of them.

    `spawn` runs a kind beside the others, so that slow ones hold up nobody; by itself it runs it at once.
    """

    store: Store
    kinds: Sequence[Kind]
    spawn: Callable[[Callable[[], None]], Any] = lambda run: run()
    chance: Callable[[], float] = random.random
    _running: set[str] = field(default_factory=set)
    _signal: Signal = field(default_factory=Signal)
    _stopping: bool = False

    def run(self) -> None:
        """Run what is due, again and again, until stopped; sleep until the next is due or one is added."""
        context.service.set(self.store.service)
        self.store.database.when_told(JOBS, self.wake)
        leases_are_an_earlier_lifes = self.store.database.is_sqlite
        while not self._stopping:
            try:
                if leases_are_an_earlier_lifes:
                    self._free_leases()
                    leases_are_an_earlier_lifes = False
                wait = self.run_due()
            except Exception as error:
                _log.warning("jobs will be looked at again", extra={"error": repr(error)})
                wait = 1.0
            self._signal.wait(wait)

    def _free_leases(self) -> None:
        """Take back what an earlier life of this process had claimed: nobody else writes to this file."""
        jobs = self.store.tables.jobs
        with self.store.database.writing() as connection:
            connection.execute(jobs.update().where(jobs.c.lease_until.is_not(None)).values(lease_until=None))

    def stop(self) -> None:
        """End after what is in hand."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Look now."""
        self._signal.notify()

    def run_due(self) -> float:
        """Run what is due of every kind that is not running just now; give the seconds until the next is due."""
        times = self._next_times()
        self._set_clocks(times)
        now, wait = self.store.clock(), POLL
        for kind in self.kinds:
            due_in = (times[kind.name] - now).total_seconds() if kind.name in times else POLL
            if kind.name in self._running:
                continue
            if due_in > 0:
                wait = min(wait, due_in)
                continue
            self._running.add(kind.name)
            self.spawn(partial(self._run_kind, kind))
        return max(SHORTEST_WAIT, wait)

    def _next_times(self) -> dict[str, datetime]:
        """Give for each kind when one of its jobs can next be claimed."""
        jobs = self.store.tables.jobs
        leased = and_(jobs.c.lease_until.is_not(None), jobs.c.lease_until > jobs.c.next_attempt_at)
        free_at = func.min(case((leased, jobs.c.lease_until), else_=jobs.c.next_attempt_at))
        query = select(jobs.c.kind, free_at).where(is_waiting(jobs)).group_by(jobs.c.kind)
        with self.store.database.reading() as connection:
            return dict(connection.execute(query).all())

    def _set_clocks(self, times: dict[str, datetime]) -> None:
        """See that each clock has a next time; replicas that do so at once give the same one."""
        for kind in self.kinds:
            if kind.every is not None and kind.name not in times:
                with self.store.database.writing() as connection:
                    next_at = kind.every(self.store.clock())
                    schedule(connection, self.store.tables.jobs, kind.name, "", next_at)

    def _run_kind(self, kind: Kind) -> None:
        try:
            with about(service=self.store.service):
                while not self._stopping and (claimed := self._claim(kind)):
                    self._run_claimed(kind, claimed)
        except Exception as error:
            # The database is away: the lease runs out and they are claimed again.
            _log.warning("jobs broken off", extra={"job_kind": kind.name, "error": repr(error)})
        finally:
            self._running.discard(kind.name)
            self.wake()

    def _run_claimed(self, kind: Kind, claimed: Sequence[AnyRow]) -> None:
        try:
            with span(kind.name, job_kind=kind.name, count=len(claimed)):
                kind.run([job.subject for job in claimed], lambda: self._stopping)
        except NotFinished:
            self._give_back(claimed)
        except Exception as error:
            _log.exception("jobs failed", extra={"job_kind": kind.name, "count": len(claimed)})
            self._try_again(kind, claimed, error)
        else:
            self._done(kind, claimed)

    def _is_due(self, kind: Kind) -> Any:
        jobs, now = self.store.tables.jobs, self.store.clock()
        free = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)
        return and_(jobs.c.kind == kind.name, is_waiting(jobs), jobs.c.next_attempt_at <= now, free)

    def _claim(self, kind: Kind) -> Sequence[AnyRow]:
        """Take what is due under a lease; what comes too late to be of use is marked missed."""
        jobs, now = self.store.tables.jobs, self.store.clock()
        query = select(jobs).where(self._is_due(kind)).order_by(jobs.c.next_attempt_at).limit(BATCH)
        with self.store.database.writing() as connection:
            found = connection.execute(query.with_for_update(skip_locked=True)).all()
            late = [job for job in found if kind.useful_for is not None and now - job.due_at > kind.useful_for]
            mine = [job for job in found if job not in late]
            self._update(connection, late, state=MISSED, error="Its time had passed before it could be run.")
            self._update(connection, mine, lease_until=now + kind.lease, attempts=jobs.c.attempts + 1)
        if late:
            _log.error("jobs missed", extra={"job_kind": kind.name, "count": len(late)})
        return mine

    def _done(self, kind: Kind, claimed: Sequence[AnyRow]) -> None:
        jobs = self.store.tables.jobs
        with self.store.database.writing() as connection:
            connection.execute(jobs.delete().where(jobs.c.id.in_([job.id for job in claimed])))
            if kind.every is not None:
                schedule(connection, jobs, kind.name, "", kind.every(self.store.clock()))

    def _try_again(self, kind: Kind, claimed: Sequence[AnyRow], error: Exception) -> None:
        with self.store.database.writing() as connection:
            for job in claimed:
                delay = kind.policy.delay(job.attempts + 1, self.chance)
                fate = {"state": FAILED} if delay is None else {"next_attempt_at": self.store.clock() + delay}
                self._update(connection, [job], lease_until=None, error=type(error).__name__, **fate)

    def _give_back(self, claimed: Sequence[AnyRow]) -> None:
        with self.store.database.writing() as connection:
            self._update(connection, claimed, lease_until=None, attempts=self.store.tables.jobs.c.attempts - 1)

    def _update(self, connection: Connection, claimed: Sequence[AnyRow], **values: Any) -> None:
        if claimed:
            jobs = self.store.tables.jobs
            connection.execute(jobs.update().where(jobs.c.id.in_([job.id for job in claimed])).values(**values))


def subjects_due(store: Store, kind: str) -> list[str]:
    """Give the subjects of a kind's jobs that wait and are due by the store's clock, the first due first."""
    jobs = store.tables.jobs
    mine = (jobs.c.kind == kind, is_waiting(jobs), jobs.c.due_at <= store.clock())
    with store.database.reading() as connection:
        return list(connection.scalars(select(jobs.c.subject).where(*mine).order_by(jobs.c.due_at, jobs.c.id)))


def play(store: Store, kinds: Sequence[Kind]) -> dict[str, int]:
    """Run what is due by the store's clock, and every clock once; give how many jobs were run, by kind.

    For trying another time: the jobs stay in the table, so their own time comes as well, which is one more reason for a
    kind to be safe to repeat. What a job schedules is run too, where it is due by then.
    """
    played: dict[str, set[str]] = {kind.name: set() for kind in kinds}
    more = True
    while more:
        more = False
        for kind in kinds:
            due = [""] if kind.every else subjects_due(store, kind.name)
            fresh = [subject for subject in due if subject not in played[kind.name]]
            if fresh:
                kind.run(fresh, lambda: False)
                played[kind.name].update(fresh)
                more = True
    return {name: len(subjects) for name, subjects in played.items() if subjects}


def list_jobs(connection: Connection, tables: MessagingTables, now: datetime, limit: int) -> list[dict[str, Any]]:
    """List jobs, the next one due first, then those that were given up.

    Each has kind, subject, due_at (ISO), state (waiting, failed, missed), attempts, late_by_s (whole seconds since it
    was due, 0 for one that is not due yet) and error.
    """
    jobs = tables.jobs
    query = select(jobs).order_by((jobs.c.state != WAITING), jobs.c.next_attempt_at, jobs.c.id).limit(limit)
    return [
        {
            "kind": row.kind,
            "subject": row.subject,
            "due_at": row.due_at.isoformat(),
            "state": row.state,
            "attempts": row.attempts,
            "late_by_s": max(0, int((now - row.due_at).total_seconds())),
            "error": row.error,
        }
        for row in connection.execute(query)
    ]
