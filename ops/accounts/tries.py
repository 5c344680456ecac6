"""How often somebody may try to come in, counted in the database: several replicas let in no more than one does.

A window slides as in `shared.web.limits`. Names and addresses are kept as a keyed hash alone.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from limits import RateLimitItem
from sqlalchemy import Connection, select, update

from ops.tables import tries
from shared.clock import Clock
from shared.persistence.database import Database
from shared.persistence.upsert import insert_or_leave
from shared.web.limits import TooMany, Window

KEPT = timedelta(hours=1)
"""How long a count is kept after its window began; no window lasts half of it."""
FORGET_EVERY = timedelta(minutes=10)
MOST_FORGOTTEN = 5000
"""Counts that are dropped at once."""

Limit = tuple[RateLimitItem, str]
"""A rate, and whose tries it bounds."""


class Tries:
    """Counts tries for all replicas that share a database. `key` keeps who tried from being read there."""

    def __init__(self, database: Database, clock: Clock, key: str) -> None:
        self._database = database
        self._clock = clock
        self._key = key.encode()
        self._forgot_at: datetime | None = None

    def admit(self, limits: list[Limit], says: str) -> None:
        """Count one try against each limit, up to the first that has no room: then raise `TooMany` in the words `says`.

        Give the limits in the same order always: their rows are locked one after the other.
        """
        self._forget_old()
        with self._database.writing() as connection:
            wait = self._first_wait(connection, limits)
        if wait is not None:
            raise TooMany(says, wait)

    def _first_wait(self, connection: Connection, limits: list[Limit]) -> int | None:
        for rate, who in limits:
            wait = self._count(connection, rate, who)
            if wait is not None:
                return wait
        return None

    def _count(self, connection: Connection, rate: RateLimitItem, who: str) -> int | None:
        """Count one, or give the seconds until there is room."""
        now, expiry = self._clock().timestamp(), rate.get_expiry()
        key = self._hashed(rate.key_for(who))
        insert_or_leave(connection, tries, {"key_hash": key, "start": 0, "count": 0, "before": 0})
        here = tries.c.key_hash == key
        columns = (tries.c.start, tries.c.count, tries.c.before)
        window = Window(*connection.execute(select(*columns).where(here).with_for_update()).one())
        part_before = window.move_on(now, expiry)
        if not window.has_room(rate.amount, part_before):
            return window.seconds_until_room(rate.amount, expiry, part_before)
        kept = {"start": int(window.start), "count": window.count + 1, "before": window.before}
        connection.execute(update(tries).where(here).values(kept))
        return None

    def _forget_old(self) -> None:
        """Drop counts that matter no more, now and then; those that somebody counts in now wait for the next time."""
        now = self._clock()
        if self._forgot_at is not None and now - self._forgot_at < FORGET_EVERY:
            return
        self._forgot_at = now
        old = select(tries.c.key_hash).where(tries.c.start < (now - KEPT).timestamp()).limit(MOST_FORGOTTEN)
        with self._database.writing() as connection:
            connection.execute(tries.delete().where(tries.c.key_hash.in_(old.with_for_update(skip_locked=True))))

    def _hashed(self, key: str) -> str:
        return hmac.new(self._key, key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
