"""Reports over a period, each drawn as well as listed, and each as a file for a spreadsheet."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from flask import Response, request

from ops.console.bars import across
from ops.console.console import ask_where_up, csv, may_ask, page, pages, the_gateway, together
from shared.clock import day_in_london
from shared.errors import Refused

STAGES = ("received", "screened", "reached_availability", "reached_suitability", "reached_next_steps",
          "reached_agreement", "won")  # fmt: skip
REPORTS = ("funnel", "times", "sources", "sessions", "cancelled", "load", "reach")


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
    """Show what the pipeline and the calendar come to over a period."""
    first, last = _period()
    file = request.args.get("file")
    found, away = _asked(first, last)
    if file in REPORTS:
        return _as_file(file, found, first, last)
    return page("reports/reports.html", first=first, last=last, away=away, stages=STAGES, **found, **_drawn(found))


def _asked(first: dt.date, last: dt.date) -> tuple[dict[str, Any], list[str]]:
    """Ask for each report; one whose service is away is None, and why is told beside."""
    of_enquiries = {"start": first.isoformat(), "until": (last + dt.timedelta(days=1)).isoformat()}
    of_sessions = {"start": first.isoformat(), "end": last.isoformat()}
    wanted: dict[str, tuple[str, str, dict[str, Any]]] = {
        "funnel": ("enquiries", "report_funnel", of_enquiries),
        "times": ("enquiries", "report_times", of_enquiries | {"by": "all"}),
        "sources": ("enquiries", "report_sources", of_enquiries),
        "sessions": ("scheduling", "report_sessions", of_sessions),
        "load": ("scheduling", "report_load", of_sessions),
        "reach": ("scheduling", "report_reach", of_sessions),
    }
    may = [name for name, (service, method, _) in wanted.items() if may_ask(service, method)]
    answers = together(*(partial(_where_up, *wanted[name]) for name in may))
    found: dict[str, Any] = dict.fromkeys(wanted) | {
        name: report for name, (report, _) in zip(may, answers, strict=True)
    }
    return found, sorted({refused.detail for _, refused in answers if refused})


def _where_up(service: str, method: str, arguments: dict[str, Any]) -> tuple[Any, Refused | None]:
    return ask_where_up(service, method, **arguments)


def _drawn(found: dict[str, Any]) -> dict[str, Any]:
    """Give the bars that are drawn: the funnel by stage, and sessions by month."""
    funnel, sessions = found["funnel"], found["sessions"]
    drawn: dict[str, Any] = {"funnel_bars": (), "month_bars": (), "cancelled_bars": ()}
    if funnel:
        sums = {stage: sum(row[stage] for row in funnel["rows"]) for stage in STAGES}
        drawn["funnel_bars"] = across([(stage.removeprefix("reached_"), count) for stage, count in sums.items()])
    if sessions:
        drawn["month_bars"] = across(
            [(row["month"], row["delivered"] + row["part_delivered"]) for row in sessions["months"]]
        )
        drawn["cancelled_bars"] = across(
            [(f"{row['reason']} ({row['party']})", row["count"]) for row in _cancelled(sessions)]
        )
    return drawn


def _cancelled(sessions: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"reason": row["reason"], "party": row["party"], "count": row["sessions"], "chargeable": row["chargeable"]}
        for row in sessions["cancelled"]
    ]


def _as_file(name: str, found: dict[str, Any], first: dt.date, last: dt.date) -> Response:
    if name == "cancelled":
        rows = _cancelled(found["sessions"] or {"cancelled": []})
        titles = ["reason", "party", "count", "chargeable"]
    else:
        report = found[name] or {"rows": []}
        rows = report["rows"]
        titles = report.get("columns") or (list(rows[0]) if rows else [])
    cells = (
        [row[title] if not isinstance(row[title], dict) else row[title].get("name") for title in titles] for row in rows
    )
    return csv(f"{name}-{first.isoformat()}-{last.isoformat()}", titles, cells)
