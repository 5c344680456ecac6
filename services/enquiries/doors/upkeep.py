"""The daily balance of the intake, its silences, and its canaries."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from services.enquiries import queries
from services.enquiries.canary import Canary
from services.enquiries.domain.canaries import how_canaries_are
from services.enquiries.doors.canary import CanaryProvider
from services.enquiries.handlers import filing, upkeep
from shared.clock import day_in_london
from shared.config import Settings
from shared.doors.jobs import runs
from shared.doors.rpc import change_at_once, operation
from shared.doors.settings import SettingsProvider
from shared.errors import Refused
from shared.holidays import bank_holidays_of
from shared.messaging.jobs import NotFinished, daily
from shared.paging import page_size
from shared.persistence.work import Store

_log = logging.getLogger(__name__)

CLOSE_DAYS = "close_days"
"""The kind of the job that draws the daily balance."""
AFTER_MIDNIGHT = 1
"""The hour of UTC at which a day is closed: past midnight in London all year round, by an hour at least."""
CLOSING_LEASE = timedelta(minutes=5)
MOST_DAYS = 92
MOST_A_NIGHT = 5000
"""Enquiries filed late in one night; the rest waits for the next."""


class UpkeepDoors:
    """The doors to the upkeep of the intake."""

    store: Store
    canary: Canary = CanaryProvider()
    settings: Settings = SettingsProvider()

    def more_health(self, connection: Connection) -> dict[str, Any]:
        """Add to the service's health how its canaries are."""
        every = timedelta(minutes=self.settings.canary_every) if self.settings.canary else None
        return {"canary": how_canaries_are(queries.last_canary(connection), every, self.store.clock())}

    @runs(CLOSE_DAYS, lease=CLOSING_LEASE, every=daily(AFTER_MIDNIGHT))
    def close_days(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """File what was missed, draw the balance of the day that has ended, and see whether it is unusually quiet."""
        with self.store.work() as work:
            missed = filing.left_over(work, MOST_A_NIGHT)
        for reference in missed:
            if stopping():
                raise NotFinished
            self._file(reference)
        with self.store.work() as work:
            upkeep.close_days(work, bank_holidays_of("england-and-wales"))

    def _file(self, reference: str) -> None:
        """File one that was missed. Where that cannot be done, the balance names it, and the others go on."""
        try:
            with self.store.work() as work:
                filing.file_enquiry(work, reference)
        except Exception as error:
            # Its kind only: a database's own words may hold the row's.
            _log.error("an enquiry could not be filed", extra={"reference": reference, "error": type(error).__name__})

    @operation
    def get_ledger(self, day: str | None = None, days: int = 1) -> list[dict[str, Any]]:
        """Give the balance of days in London up to `day` (today), the last first, as things stand now."""
        now = self.store.clock()
        last = _day(day) if day else day_in_london(now)
        if not 1 <= days <= MOST_DAYS:
            why = f"Ask for 1 to {MOST_DAYS} days."
            raise Refused("invalid", why, {"days": [why]})
        with self.store.database.reading() as connection:
            return queries.list_ledger(connection, last, days, now)

    @operation
    def list_canaries(self, limit: int = 50) -> list[dict[str, Any]]:
        """List our own test enquiries, the newest first."""
        with self.store.database.reading() as connection:
            return queries.list_canaries(connection, limit=page_size(limit))

    @change_at_once
    def send_canary(self, actor: str | None = None) -> dict[str, Any]:
        """Send a test enquiry through the public address now, and say what came of it."""
        self.canary.send()
        with self.store.work() as work:
            return work.answer(queries.list_canaries(work.connection, limit=1)[0])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        why = "Write a day such as 2026-12-05."
        raise Refused("invalid", why, {"day": [why]}) from None
