"""Reports over a period, each drawn as well as listed, and each as a file for a spreadsheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from ops.console.bars import across
from ops.console.console import ask, ask_where_up, csv, may_ask, page, pages, the_gateway
from ops.console.words import month
from ops.telling import plain
from shared.clock import day_in_london

STAGES = ("received", "screened", "reached_availability", "reached_suitability", "reached_next_steps",
          "reached_agreement", "won")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a report is asked of, by which operation, and what it takes beside the period."""

    service: str
    method: str
    more: Mapping[str, str] = field(default_factory=dict)

    def of(self, first: dt.date, last: dt.date) -> dict[str, str]:
        """Give the arguments for a period: enquiries wants the day after the last one."""
        after = last + dt.timedelta(days=1)
        end = {"until": after.isoformat()} if self.service == "enquiries" else {"end": last.isoformat()}
        return {"start": first.isoformat(), **end, **self.more}


REPORTS: Mapping[str, Asked] = {
    "funnel": Asked("enquiries", "report_funnel"),
    "times": Asked("enquiries", "report_times", {"by": "all"}),
    "sources": Asked("enquiries", "report_sources"),
    "sessions": Asked("scheduling", "report_sessions"),
    "load": Asked("scheduling", "report_load"),
    "reach": Asked("scheduling", "report_reach"),
}
FILES = {name: name for name in REPORTS} | {"cancelled": "sessions"}
"""What can be had as a file, and the report that it is of."""


def _period() -> tuple[dt.date, dt.date]:
    """Read the days that are asked for, the first and the last; without any, the last twelve months."""
    today = day_in_london(the_gateway().clock())
    begun = today.replace(day=1)
    first = _day("first") or begun.replace(year=begun.year - 1)
    last = _day("last") or today
    return first, max(first, last)


def _day(name: str) -> dt.date | None:
    try:
        asked = dt.date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return asked if 2000 <= asked.year < 2200 else None  # of another age is a slip of the hand


@pages.get("/reports")
def reports() -> Response:
    """Show what the pipeline and the calendar come to over a period: each report is loaded once the page is there."""
    first, last = _period()
    file = request.args.get("file")
    if file in FILES:
        asked = REPORTS[FILES[file]]
        return _as_file(file, ask(asked.service, asked.method, **asked.of(first, last)), first, last)
    may = [name for name, asked in REPORTS.items() if may_ask(asked.service, asked.method)]
    return page("reports/reports.html", first=first, last=last, names=may)


@pages.get("/reports/<any({}):name>".format(",".join(REPORTS)))
def report(name: str) -> Response:
    """Show one of the reports."""
    first, last = _period()
    asked = REPORTS[name]
    found, away = ask_where_up(asked.service, asked.method, **asked.of(first, last))
    drawn = _drawn(name, found) if found else {}
    return page("reports/one.html", first=first, last=last, name=name, stages=STAGES, found=found, away=away, **drawn)


def _drawn(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Give the bars that are drawn: of the funnel by stage, of sessions by month and by why they were cancelled."""
    if name == "funnel":
        sums = {stage: sum(row[stage] for row in found["rows"]) for stage in STAGES}
        return {
            "funnel_bars": across([(plain(stage.removeprefix("reached_")), count) for stage, count in sums.items()])
        }
    if name == "sessions":
        held = [(month(row["month"]), row["delivered"] + row["part_delivered"]) for row in found["months"]]
        cancelled = [(_why(row), row["count"]) for row in _cancelled(found)]
        return {"month_bars": across(held), "cancelled_bars": across(cancelled)}
    return {}


def _why(row: Mapping[str, Any]) -> str:
    """Say why sessions were cancelled; of those that came in from a spreadsheet that may not be put down."""
    if row["reason"] is None:
        return "Not put down"
    return f"{plain(row['reason'])} ({plain(row['party']).lower()})"


CANCELLED = ["reason", "party", "count", "chargeable"]


def _cancelled(sessions: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"reason": row["reason"], "party": row["party"], "count": row["sessions"], "chargeable": row["chargeable"]}
        for row in sessions["cancelled"]
    ]


def _as_file(name: str, found: dict[str, Any], first: dt.date, last: dt.date) -> Response:
    rows = _cancelled(found) if name == "cancelled" else found["rows"]
    titles = CANCELLED if name == "cancelled" else found.get("columns") or (list(rows[0]) if rows else [])
    cells = (
        [row[title] if not isinstance(row[title], dict) else row[title].get("name") for title in titles] for row in rows
    )
    return csv(f"{name}-{first.isoformat()}-{last.isoformat()}", titles, cells)
