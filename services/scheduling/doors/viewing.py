"""What is looked at of the whole: the calendar, a Gantt of its runs, what needs somebody today, and reports."""

from __future__ import annotations

import datetime as dt
from typing import Any

from services.scheduling.domain.viewing import LONGEST_GANTT, LONGEST_REPORT, LONGEST_VIEW, View
from services.scheduling.queries import calendar_view, gantt, reports, today
from services.scheduling.schemas import read
from services.scheduling.viewing_schemas import CalendarSchema, GanttSchema, PeriodSchema, ViewSchema
from shared.clock import day_in_london
from shared.doors.rpc import operation
from shared.persistence.work import Store


class ViewingDoors:
    """What is looked at of the whole: the calendar, a Gantt of its runs, what needs somebody today, and reports."""

    store: Store

    @operation
    def get_calendar(
        self,
        start: str,
        end: str,
        establishments: list[str] | None = None,
        facilitators: list[str] | None = None,
        programmes: list[str] | None = None,
        clashes: bool = True,
    ) -> dict[str, Any]:
        """Give all that is drawn between two dates of up to 100 days: sessions, clashes, holds, closures, leave."""
        wanted: bool = read(CalendarSchema(), clashes=clashes)["clashes"]
        view = self._view(LONGEST_VIEW, start, end, establishments, facilitators, programmes)
        with self.store.database.reading() as connection:
            return calendar_view.get_calendar(connection, view, self.store.clock(), with_clashes=wanted)

    @operation
    def list_clashes(
        self,
        start: str,
        end: str,
        establishments: list[str] | None = None,
        facilitators: list[str] | None = None,
        programmes: list[str] | None = None,
    ) -> dict[str, Any]:
        """Give which sessions to come between two dates do not keep which rule, as `get_calendar` has them."""
        view = self._view(LONGEST_VIEW, start, end, establishments, facilitators, programmes)
        with self.store.database.reading() as connection:
            return calendar_view.list_clashes(connection, view, self.store.clock())

    @operation
    def get_gantt(
        self,
        start: str,
        end: str,
        by: str = "establishment",
        establishments: list[str] | None = None,
        facilitators: list[str] | None = None,
        programmes: list[str] | None = None,
        part: int | None = None,
    ) -> dict[str, Any]:
        """Give the runs of up to a year as bars with marks, a row an establishment or a facilitator.

        All rows, or those of one `part`, from 1, with where each part begins and ends.
        """
        chosen = read(GanttSchema(), by=by, part=part)
        view = self._view(LONGEST_GANTT, start, end, establishments, facilitators, programmes)
        with self.store.database.reading() as connection:
            return gantt.get_gantt(connection, view, **chosen)

    @operation
    def count_today(self, actor: str | None = None) -> dict[str, Any]:
        """Count what needs somebody now, with the first ten of each kind; `mine` is what the actor has begun."""
        with self.store.database.reading() as connection:
            return today.count_today(connection, self.store.clock(), actor)

    @operation
    def report_sessions(self, start: str, end: str) -> dict[str, Any]:
        """Count the sessions of a period: planned, delivered, cancelled by reason and party, chargeable."""
        period = self._period(start, end)
        with self.store.database.reading() as connection:
            return reports.report_sessions(connection, period)

    @operation
    def report_load(self, start: str, end: str) -> dict[str, Any]:
        """Say what each facilitator led in a period: sessions, hours, weeks over their limit, time on the road."""
        period = self._period(start, end)
        with self.store.database.reading() as connection:
            return reports.report_load(connection, period)

    @operation
    def report_reach(self, start: str, end: str) -> dict[str, Any]:
        """Say what each establishment had in a period: runs, sessions, attendances; small counts are not shown."""
        period = self._period(start, end)
        with self.store.database.reading() as connection:
            return reports.report_reach(connection, period)

    def _view(
        self,
        longest: int,
        start: str,
        end: str,
        establishments: list[str] | None,
        facilitators: list[str] | None,
        programmes: list[str] | None,
    ) -> View:
        asked = ViewSchema(self._today(), longest)
        chosen = {"establishments": establishments, "facilitators": facilitators, "programmes": programmes}
        view: View = read(asked, start=start, end=end, **chosen)
        return view

    def _period(self, start: str, end: str) -> View:
        period: View = read(PeriodSchema(self._today(), LONGEST_REPORT), start=start, end=end)
        return period

    def _today(self) -> dt.date:
        return day_in_london(self.store.clock())
