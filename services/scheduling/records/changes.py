"""How changes of runs lie in their table: the run before and after each, whole, so that it can be taken back."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.sql.expression import ColumnElement

from services.scheduling.domain.runs import Run, Session, Skipped, Slot
from services.scheduling.tables import changes
from shared.persistence.types import AnyRow


@dataclass(frozen=True, slots=True)
class Applied:
    """A change that was applied: what was asked, the run around it, by whom and when, and whether it was taken back.

    Changes of several runs that were applied as one share their `group_id`; a change by itself is its own group.
    """

    id: UUID
    group_id: UUID
    run_id: UUID
    kind: str
    asked: dict[str, Any]
    before: Run
    after: Run
    version: int
    applied_at: dt.datetime
    applied_by: str
    reversed_at: dt.datetime | None = None
    reversed_by: str | None = None


def save_change(connection: Connection, change: Applied) -> None:
    """Save a change that is applied now."""
    row = {each.name: getattr(change, each.name) for each in fields(change)}
    told = {"before": run_told(change.before), "after": run_told(change.after), "asked": plain(change.asked)}
    connection.execute(changes.insert(), {**row, **told})


def load_changes(connection: Connection, *chosen: ColumnElement[bool]) -> list[Applied]:
    """Load some changes, the one applied first first."""
    query = select(changes).where(*chosen).order_by(changes.c.applied_at, changes.c.version, changes.c.id)
    return [_applied(row) for row in connection.execute(query)]


def _applied(row: AnyRow) -> Applied:
    values = dict(row._mapping)
    return Applied(**{**values, "before": run_in(row.before), "after": run_in(row.after)})


def run_told(run: Run) -> dict[str, Any]:
    """Give a run as JSON."""
    told: dict[str, Any] = plain(asdict(run))
    return told


def run_in(told: dict[str, Any]) -> Run:
    """Give the run of such JSON."""
    slot = told["slot"]
    return Run(
        **{
            **told,
            "id": UUID(told["id"]),
            "facilitator_ids": _ids(told["facilitator_ids"]),
            "sessions": tuple(_session_in(each) for each in told["sessions"]),
            "skipped": tuple(Skipped(dt.date.fromisoformat(each["date"]), each["why"]) for each in told["skipped"]),
            "slot": None if slot is None else _slot_in(slot),
            "room_id": _id(told["room_id"]),
        }
    )


def _session_in(told: dict[str, Any]) -> Session:
    return Session(
        **{
            **told,
            "id": UUID(told["id"]),
            "date": dt.date.fromisoformat(told["date"]),
            "start": dt.time.fromisoformat(told["start"]),
            "end": dt.time.fromisoformat(told["end"]),
            "facilitator_ids": _ids(told["facilitator_ids"]),
            "room_id": _id(told["room_id"]),
            "supersedes": _id(told["supersedes"]),
        }
    )


def _slot_in(told: dict[str, Any]) -> Slot:
    time = told["time"]
    return Slot(
        dt.date.fromisoformat(told["start"]),
        told["weekday"],
        told["window"],
        None if time is None else dt.time.fromisoformat(time),
    )


def _ids(told: list[str]) -> tuple[UUID, ...]:
    return tuple(UUID(each) for each in told)


def _id(told: str | None) -> UUID | None:
    return None if told is None else UUID(told)


def plain(value: Any) -> Any:
    """Give a value as JSON has it: ids and dates as text, times to the minute where they are whole ones."""
    if isinstance(value, dict):
        return {str(name): plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
