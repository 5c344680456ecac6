"""Dates and people that are held for an enquiry.

Where a hold is named, its own id will do, or that of its run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from services.scheduling.handlers import holds
from services.scheduling.handlers.holds import EXPIRE_HOLDS, WARN_OF_HOLDS
from services.scheduling.handlers.settling_holds import PROMOTE_HOLDS
from services.scheduling.hold_schemas import DaysSchema, ExtensionSchema, ListSchema
from services.scheduling.queries.holds import find_hold, get_hold, list_holds
from services.scheduling.schemas import read, read_id
from shared.doors.jobs import runs
from shared.doors.rpc import change, operation
from shared.paging import page_size
from shared.persistence.work import Store


class HoldDoors:
    """Holds: placed, extended, released, listed; and what becomes of them in time."""

    store: Store

    @change
    def place_hold(self, run: str, working_days: int = 10, actor: str | None = None) -> dict[str, Any]:
        """Hold the time of a draft run, or put it in line behind what holds that time already."""
        run_id = read_id(run, "run")
        days = read(DaysSchema(), working_days=working_days)["working_days"]
        with self.store.work() as work:
            placed = holds.place_hold(work, run_id, days=days, actor=actor or "unnamed")
            return work.answer(get_hold(work.connection, placed))

    @change
    def extend_hold(
        self,
        hold: str,
        working_days: int = 10,
        force: bool = False,
        reason: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Let a hold last longer, once; where somebody waits for its time, only by force and with a reason."""
        named = read_id(hold, "hold")
        asked = read(ExtensionSchema(), working_days=working_days, force=force, reason=reason)
        with self.store.work() as work:
            found = find_hold(work.connection, named)
            holds.extend_hold(work, found, days=asked["working_days"], force=asked["force"], reason=asked["reason"])
            return work.answer(get_hold(work.connection, found))

    @change
    def release_hold(self, hold: str, actor: str | None = None) -> dict[str, Any]:
        """Let go of a hold: its run is a draft again, and the next in line moves up."""
        named = read_id(hold, "hold")
        with self.store.work() as work:
            found = find_hold(work.connection, named)
            holds.release_hold(work, found)
            return work.answer(get_hold(work.connection, found))

    @operation
    def get_hold(self, hold: str) -> dict[str, Any]:
        """Give one hold."""
        with self.store.database.reading() as connection:
            return get_hold(connection, find_hold(connection, read_id(hold, "hold")))

    @operation
    def list_holds(self, state: str = "active", limit: int = 50) -> list[dict[str, Any]]:
        """List holds with their rank, their last day, what they wait for and who waits behind them."""
        chosen = read(ListSchema(), state=state)["state"]
        with self.store.database.reading() as connection:
            return list_holds(connection, state=chosen, limit=page_size(limit))

    @runs(EXPIRE_HOLDS)
    def expire_holds(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """End the holds whose last day has passed."""
        holds.expire_holds(self.store, [UUID(each) for each in subjects], stopping)

    @runs(WARN_OF_HOLDS)
    def warn_of_holds(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Tell that holds end soon."""
        holds.warn_of_holds(self.store, [UUID(each) for each in subjects], stopping)

    @runs(PROMOTE_HOLDS)
    def promote_holds(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Let those in line move up, since time was given back or taken for good."""
        holds.promote_holds(self.store, stopping)
