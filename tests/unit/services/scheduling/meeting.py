"""Two acts that meet on PostgreSQL: the second begins before what the first wrote is committed."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from shared.errors import Refused
from shared.persistence.work import Store, UnitOfWork

Act = Callable[[UnitOfWork], Any]
_WAITING = text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def meeting(store: Store, first: Act, second: Act) -> Refused | None:
    """Commit the first act once the second waits for it, or is done; give the refusal that the second met, or None."""
    if store.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time.")

    def act() -> Refused | None:
        try:
            with store.work() as work:
                second(work)
        except Refused as refused:
            return refused
        return None

    with ThreadPoolExecutor(1) as pool:
        with store.work() as work:
            first(work)
            other = pool.submit(act)
            while not (other.done() or _waits(store)):
                time.sleep(0.01)
        return other.result()


def _waits(store: Store) -> bool:
    with store.database.reading() as connection:
        return connection.scalar(_WAITING) is not None
