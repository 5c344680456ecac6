"""What needs a person now, the pipeline as a board, and the reports on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from services.enquiries import queries
from services.enquiries.domain.board import MOST_PER_STAGE, PER_STAGE
from services.enquiries.domain.filters import Filter, parse_cursor, parse_filter, parse_name
from services.enquiries.domain.reporting import GROUPS, MONTH, SOURCE, SOURCES, Period, parse_group, parse_period
from services.enquiries.queries import board, reports, today
from services.enquiries.schemas import PROGRAMMES
from shared.config import Settings
from shared.doors.rpc import operation
from shared.doors.settings import SettingsProvider
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store


class ReportDoors:
    """The doors to what is looked at before anything is done: today, the board, and the reports."""

    store: Store
    settings: Settings = SettingsProvider()

    @operation
    def count_today(self, actor: str | None = None) -> dict[str, Any]:
        """Give what needs a person now: each group with its count and its first ten; `mine` are those of who asks."""
        every = timedelta(minutes=self.settings.canary_every) if self.settings.canary else None
        with self.store.database.reading() as connection:
            return today.count_today(connection, actor or "unnamed", now=self.store.clock(), canary_every=every)

    @operation
    def get_board(
        self, per_stage: int = PER_STAGE, saved: str | None = None, actor: str | None = None, **fields: Any
    ) -> dict[str, Any]:
        """Give the pipeline as a board, through the filters of `list_enquiries` other than words.

        `per_stage` cards of each stage come with its count, and the moves that lead from it with what each asks.
        """
        if type(per_stage) is not int or not 1 <= per_stage <= MOST_PER_STAGE:
            why = f"per_stage must be a whole number from 1 to {MOST_PER_STAGE}."
            raise Refused("invalid", why, {"per_stage": [why]})
        with self.store.database.reading() as connection:
            wanted = _wanted(connection, saved, actor, fields)
            return board.get_board(connection, wanted, now=self.store.clock(), per_stage=per_stage)

    @operation
    def list_cards(
        self,
        stage: str,
        after: str | None = None,
        limit: int = PER_STAGE,
        saved: str | None = None,
        actor: str | None = None,
        **fields: Any,
    ) -> list[dict[str, Any]]:
        """Give more cards of one stage of the board: those `after` the cursor of the last that was shown."""
        with self.store.database.reading() as connection:
            return board.list_cards(
                connection,
                _wanted(connection, saved, actor, {**fields, "stage": stage}),
                now=self.store.clock(),
                limit=page_size(limit),
                after=parse_cursor(after) if after else None,
            )

    @operation
    def report_funnel(self, start: str, until: str, by: str = MONTH) -> dict[str, Any]:
        """Count how far the enquiries came that were received from the day `start` to before the day `until`.

        `by` month, source or all. See `queries.reports.report_funnel`.
        """
        period, group = parse_period(start, until), parse_group(by, GROUPS)
        return self._report(period, group, lambda connection: reports.report_funnel(connection, period, group))

    @operation
    def report_times(self, start: str, until: str, by: str = MONTH) -> dict[str, Any]:
        """Say how long those enquiries waited for a first reply, a proposal and an agreement, by the same groups."""
        period, group = parse_period(start, until), parse_group(by, GROUPS)
        now = self.store.clock()
        return self._report(period, group, lambda connection: reports.report_times(connection, period, group, now))

    @operation
    def report_sources(self, start: str, until: str, by: str = SOURCE) -> dict[str, Any]:
        """Say where those enquiries came from, and what became of them, `by` source, programme or establishment."""
        period, group = parse_period(start, until), parse_group(by, SOURCES)
        return self._report(period, group, lambda connection: reports.report_sources(connection, period, group))

    def _report(self, period: Period, by: str, ask: Callable[[Connection], dict[str, Any]]) -> dict[str, Any]:
        """Give a report with what it is about: start and until (days), by, and as_of (ISO)."""
        about = {"start": period.start.isoformat(), "until": period.until.isoformat(), "by": by}
        with self.store.database.reading() as connection:
            return {**about, "as_of": self.store.clock().isoformat(), **ask(connection)}


def _wanted(connection: Connection, saved: str | None, actor: str | None, fields: dict[str, Any]) -> Filter:
    kept = queries.get_filter(connection, actor or "unnamed", parse_name(saved)) if saved else {}
    given = {name: value for name, value in fields.items() if value is not None}
    return parse_filter({**kept, **given}, PROGRAMMES)
