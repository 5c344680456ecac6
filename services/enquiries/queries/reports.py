"""The reports on the pipeline: how far enquiries came, how long it took, and where they came from.

Rows are flat, and all of a report have the same keys. `columns` names them in the order of a table or a CSV file: on
its way as JSON, a row's own order may be lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Select,
    case,
    cast,
    exists,
    extract,
    func,
    literal,
    select,
    union_all,
)

from services.enquiries.domain.pipeline import OPEN, Stage
from services.enquiries.domain.reporting import (
    ALL,
    ESTABLISHMENT,
    MONTH,
    NOT_LISTED,
    PROGRAMME,
    SOURCE,
    DaysInLondon,
    Period,
    WorkingHours,
    month_of,
    spread_of,
)
from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import Kind
from services.enquiries.tables import agreements, enquiries, establishments, proposals, timeline
from shared.holidays import bank_holidays_of
from shared.nations import Division, division_of
from shared.persistence.types import AnyRow, Moment

ALONG = (Stage.AVAILABILITY, Stage.SUITABILITY, Stage.NEXT_STEPS, Stage.AGREEMENT, Stage.WON)
"""The stages that an enquiry comes to one after another, beyond the first; its rank is the place in this line."""

LOST = (Stage.DECLINED, Stage.WITHDRAWN, Stage.LAPSED)
"""The ways in which an enquiry is lost: what stands for a reason in a report. What people wrote stays with it."""

UNITS = {"first_reply": "working hours", "proposal": "days", "agreement": "days"}
"""What the report on times measures, and in what."""

USUAL: Division = division_of(None)
"""Where a place that nobody recognised is taken to lie."""

Rows = list[dict[str, Any]]
Parts = Sequence[tuple[str, datetime, datetime]]


def report_funnel(connection: Connection, period: Period, by: str) -> dict[str, Any]:
    """Count how far the enquiries received in a period came by now, `by` month, by source, or all in one row.

    `rows` have group; received; kept_aside (suspects of today) and screened (all others); reached_availability to
    reached_agreement (those that have ever come so far); and what the screened are now: open, won, declined,
    withdrawn, lapsed, duplicate (merged ones as well) and spam, which together are the screened. `lost` has a row for
    each way of losing and the stage to which those had come: group, outcome, came_to and count. `total` is a row of
    all.
    """
    parts = period.months if by == MONTH else ((ALL, *period.bounds),)
    label = enquiries.c.channel if by == SOURCE else None
    cells = [_Cell(row) for row in connection.execute(_cells(parts, label))]
    groups: dict[str, list[_Cell]] = {name: [] for name, *_ in parts} if by != SOURCE else {}
    for cell in sorted(cells, key=lambda each: each.group):
        groups.setdefault(cell.group, []).append(cell)
    total = _funnel_row(ALL, cells)
    return {
        "columns": list(total),
        "rows": [_funnel_row(name, of_group) for name, of_group in groups.items()],
        "lost": [row for name, of_group in groups.items() for row in _lost_rows(name, of_group)],
        "total": total,
    }


def report_times(connection: Connection, period: Period, by: str, now: datetime) -> dict[str, Any]:
    """Say how long enquiries received in a period waited, `by` month, by source, or all together.

    `rows` have group, measure, unit, count, median, p90 and not_yet, three for each group: first_reply in working
    hours (09:00 to 17:00 on the working days of the place), proposal and agreement in days of London, from the day on
    which the enquiry was received to the first that was sent, or signed by both. `count` says of how many the median
    and the p90 are, which are null where there are none; `not_yet` how many are open and have come to none.
    """
    measured = _Measured(period, now)
    month = month_of(period)
    lies_in = _divisions(connection)
    for channel, is_open, place, *moments in connection.execute(_waits(period)):
        group = channel if by == SOURCE else month(moments[0]) if by == MONTH else ALL
        measured.add(group, lies_in.get(place, USUAL), is_open, *moments)
    names = {MONTH: [name for name, *_ in period.months], ALL: [ALL]}.get(by) or measured.groups
    rows = [measured.row(group, measure) for group in names for measure in UNITS]
    return {"columns": list(measured.row(ALL, "proposal")), "rows": rows}


def report_sources(connection: Connection, period: Period, by: str) -> dict[str, Any]:
    """Count the enquiries received in a period by where they came from, and what became of them by now.

    `by` is source (the way in), programme or establishment; a place that nobody recognised counts under one name.
    `rows` have group, received, kept_aside, screened, proposals and agreements (enquiries with one that was sent, or
    signed by both), open, won, lost, duplicate, spam and won_percent (of the screened without duplicates and spam,
    null where there are none), the most received first. `total` is a row of all.
    """
    label, names = _labels(connection, by)
    cells = [_Cell(row) for row in connection.execute(_cells(((ALL, *period.bounds),), label, offers=True))]
    groups: dict[str, list[_Cell]] = defaultdict(list)
    for cell in cells:
        groups[names.get(cell.group, cell.group)].append(cell)
    rows = [_source_row(name, of_group) for name, of_group in groups.items()]
    total = _source_row(ALL, cells)
    return {
        "columns": list(total),
        "rows": sorted(rows, key=lambda row: (-row["received"], row["group"])),
        "total": total,
    }


class _Cell:
    """How many enquiries of a group have the same standing and stage, and have come as far."""

    def __init__(self, row: AnyRow) -> None:
        self.group = str(row.part)
        self.count = int(row.how_many)
        self.screened = row.standing != Standing.QUARANTINED.value
        self.stage = Stage(row.stage)
        self.furthest = int(row.furthest or 0)
        self.offered, self.agreed = bool(row.offered), bool(row.agreed)


def _cells(parts: Parts, label: ColumnElement[str] | None, *, offers: bool = False) -> Select[Any]:
    """Count the enquiries of some stretches of time in SQL, by all that the reports tell apart.

    The parts are a table of their own, joined first, so that each reads its stretch of the index alone.
    """
    spans = union_all(
        *(
            select(
                literal(name).label("name"),
                literal(begins, Moment).label("begins"),
                literal(ends, Moment).label("ends"),
            )
            for name, begins, ends in parts
        )
    ).cte("spans")
    within = (enquiries.c.received_at >= spans.c.begins) & (enquiries.c.received_at < spans.c.ends)
    sent = exists().where(proposals.c.reference == enquiries.c.reference, proposals.c.sent_at.is_not(None))
    signed = exists().where(agreements.c.reference == enquiries.c.reference, agreements.c.signed_at.is_not(None))
    each = (
        select(
            (spans.c.name if label is None else label).label("part"),
            enquiries.c.standing,
            enquiries.c.stage,
            (literal(0) if offers else _furthest()).label("furthest"),
            (sent if offers else literal(0)).label("offered"),
            (signed if offers else literal(0)).label("agreed"),
        )
        .select_from(spans)
        .join(enquiries, within)
        .subquery("each_one")
    )
    return select(*each.c, func.count().label("how_many")).group_by(*each.c)


def _furthest() -> ColumnElement[int]:
    """Give the rank of the stage that an enquiry came to at the furthest: 0 for the first. A move is one step on."""
    rank = case({stage.value: place for place, stage in enumerate(ALONG, start=1)}, value=timeline.c.now, else_=0)
    # Written out, because its index is partial and is not used against a parameter.
    moved = timeline.c.kind == literal(Kind.MOVED.value, literal_execute=True)
    return select(func.max(rank)).where(timeline.c.reference == enquiries.c.reference, moved).scalar_subquery()


def _sum(cells: Iterable[_Cell], which: Callable[[_Cell], bool] = lambda _: True) -> int:
    return sum(cell.count for cell in cells if which(cell))


def _outcomes(screened: Sequence[_Cell]) -> dict[str, int]:
    endings = (Stage.WON, *LOST, Stage.DUPLICATE, Stage.SPAM)
    ended = {stage.value: _sum(screened, lambda cell, stage=stage: cell.stage is stage) for stage in endings}  # type: ignore[misc]
    return {"open": _sum(screened, lambda cell: cell.stage in OPEN), **ended}


def _funnel_row(group: str, cells: Sequence[_Cell]) -> dict[str, Any]:
    screened = [cell for cell in cells if cell.screened]
    reached = {
        f"reached_{stage.value}": _sum(screened, lambda cell, place=place: cell.furthest >= place)  # type: ignore[misc]
        for place, stage in enumerate(ALONG[:-1], start=1)
    }
    received, passed = _sum(cells), _sum(screened)
    counted = {"received": received, "kept_aside": received - passed, "screened": passed}
    return {"group": group, **counted, **reached, **_outcomes(screened)}


def _lost_rows(group: str, cells: Sequence[_Cell]) -> Rows:
    came_to = (Stage.NEW, *ALONG[:-1])
    counts: dict[tuple[Stage, int], int] = defaultdict(int)
    for cell in cells:
        if cell.screened and cell.stage in LOST:
            counts[cell.stage, cell.furthest] += cell.count
    return [
        {"group": group, "outcome": outcome.value, "came_to": came_to[place].value, "count": counts[outcome, place]}
        for outcome in LOST
        for place in range(len(came_to))
        if counts[outcome, place]
    ]


def _source_row(group: str, cells: Sequence[_Cell]) -> dict[str, Any]:
    screened = [cell for cell in cells if cell.screened]
    received, passed, now = _sum(cells), _sum(screened), _outcomes(screened)
    asked = passed - now["duplicate"] - now["spam"]
    return {
        "group": group,
        "received": received,
        "kept_aside": received - passed,
        "screened": passed,
        "proposals": _sum(screened, lambda cell: cell.offered),
        "agreements": _sum(screened, lambda cell: cell.agreed),
        "open": now["open"],
        "won": now["won"],
        "lost": sum(now[stage.value] for stage in LOST),
        "duplicate": now["duplicate"],
        "spam": now["spam"],
        "won_percent": round(100 * now["won"] / asked, 1) if asked else None,
    }


def _labels(connection: Connection, by: str) -> tuple[ColumnElement[str], Mapping[str, str]]:
    """Give the column that a report of sources counts by, and the names that its values are shown under."""
    if by == PROGRAMME:
        return enquiries.c.programme, {}
    if by != ESTABLISHMENT:
        return enquiries.c.channel, {}
    known = connection.execute(select(establishments.c.id, establishments.c.name))
    return func.coalesce(enquiries.c.establishment_id, ""), {"": NOT_LISTED, **{row.id: row.name for row in known}}


class _Measured:
    """What was measured of each group, in lists that are cheap to fill: there may be tens of thousands of enquiries."""

    def __init__(self, period: Period, now: datetime) -> None:
        begins, ends = period.bounds
        until = max(ends, now)
        self._days = DaysInLondon(begins, until)
        self._hours = {each: WorkingHours(begins, until, bank_holidays_of(each)) for each in get_args(Division)}
        self._values: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._not_yet: dict[tuple[str, str], int] = defaultdict(int)

    def add(
        self,
        group: str,
        division: Division,
        is_open: bool,
        received: float,
        replied: float | None,
        sent: float | None,
        signed: float | None,
    ) -> None:
        """Measure one enquiry. Moments are in seconds since 1970, None where there was none."""
        if replied is not None:
            self._values[group, "first_reply"].append(self._hours[division].between(received, replied))
        elif is_open:
            self._not_yet[group, "first_reply"] += 1
        for measure, moment in (("proposal", sent), ("agreement", signed)):
            if moment is not None:
                self._values[group, measure].append(self._days.between(received, moment))
            elif is_open:
                self._not_yet[group, measure] += 1

    @property
    def groups(self) -> list[str]:
        """The groups of which there is anything, by name."""
        return sorted({group for group, _ in (*self._values, *self._not_yet)})

    def row(self, group: str, measure: str) -> dict[str, Any]:
        """Give a row of the report."""
        spread = spread_of(self._values[group, measure])
        measured = {"count": spread.count, "median": spread.median, "p90": spread.p90}
        return {
            "group": group,
            "measure": measure,
            "unit": UNITS[measure],
            **measured,
            "not_yet": self._not_yet[group, measure],
        }


def _divisions(connection: Connection) -> dict[str, Division]:
    """Give the division of bank holidays that each establishment lies in."""
    known = connection.execute(select(establishments.c.id, establishments.c.nation))
    return {row.id: division_of(row.nation) for row in known}


def _waits(period: Period) -> Select[Any]:
    """Give, of each enquiry in the pipeline that was received in a period, when what came; in seconds since 1970."""
    begins, ends = period.bounds
    moments = {
        "received": enquiries.c.received_at,
        "replied": enquiries.c.first_reply_at,
        "sent": func.min(proposals.c.sent_at),
        "signed": func.min(agreements.c.signed_at),
    }
    is_open = enquiries.c.stage.in_([stage.value for stage in sorted(OPEN)])
    return (
        select(
            enquiries.c.channel,
            is_open.label("is_open"),
            enquiries.c.establishment_id,
            *(cast(extract("epoch", moment), Float).label(name) for name, moment in moments.items()),
        )
        .outerjoin(proposals, proposals.c.reference == enquiries.c.reference)
        .outerjoin(agreements, agreements.c.reference == enquiries.c.reference)
        .where(enquiries.c.standing == Standing.FILED.value)
        .where(enquiries.c.received_at >= begins, enquiries.c.received_at < ends)
        .group_by(enquiries.c.id)
    )
