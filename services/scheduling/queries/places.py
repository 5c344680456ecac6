"""Reading establishments and when they are open."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, or_, select

from services.scheduling.domain.words import WEEKDAYS
from services.scheduling.records import load_blackouts, load_timetables, names_in
from services.scheduling.tables import establishments

_FOUND_BY = (establishments.c.id, establishments.c.name, establishments.c.town, establishments.c.other_names)


def list_establishments(connection: Connection, *, search: str | None, limit: int) -> list[dict[str, Any]]:
    """List establishments by name, those whose id, name, town or other names hold `search`."""
    table = establishments.c
    query = select(establishments).order_by(table.name, table.id).limit(limit)
    if search:
        words = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        fits = [column.ilike(f"%{words}%", escape="\\") for column in _FOUND_BY]
        query = query.where(or_(*fits))
    return [
        {
            "id": row.id,
            "name": row.name,
            "active": row.active,
            "nation": row.nation,
            "town": row.town,
            "other_names": list(names_in(row.other_names)),
            "windows": _windows(connection, row.id),
            "blackouts": _blackouts(connection, row.id),
        }
        for row in connection.execute(query).all()
    ]


def _windows(connection: Connection, establishment_id: str) -> dict[str, dict[str, str]]:
    """Give what holds without an end, by weekday: of several timetables the one that began last."""
    days: dict[str, dict[str, str]] = {}
    for timetable in load_timetables(connection, establishment_id):
        if timetable.valid_until is not None:
            continue
        for weekday in timetable.weekdays:
            named = sorted(timetable.regime.windows.items())
            days[WEEKDAYS[weekday].lower()] = {
                name: f"{window.start:%H:%M}-{window.end:%H:%M}" for (_day, name), window in named
            }
    return {day: windows for day, windows in days.items() if windows}


def _blackouts(connection: Connection, establishment_id: str) -> list[dict[str, Any]]:
    return [
        {
            "first": each.first.strftime("%d %B") if each.yearly else each.first.isoformat(),
            "last": each.last.strftime("%d %B") if each.yearly else each.last.isoformat(),
            "why": each.why,
            "yearly": each.yearly,
        }
        for each in load_blackouts(connection, establishment_id)
    ]
