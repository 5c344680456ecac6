"""Reading programmes and their versions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from services.scheduling.domain.programmes import Programme
from services.scheduling.records.runs import programme_in, programme_row
from services.scheduling.tables import programmes, runs
from shared.errors import Refused


def list_programmes(connection: Connection, *, every: bool = False) -> list[dict[str, Any]]:
    """List programmes as they are live, or with `every` all versions, the last first; each with its number of runs."""
    query = select(programmes).order_by(programmes.c.slug, programmes.c.version.desc())
    if not every:
        query = query.where(programmes.c.state == "live")
    counts = _runs_by_version(connection)
    found = [programme_in(row) for row in connection.execute(query)]
    return [_shown(each, counts) for each in found]


def get_programme(connection: Connection, slug: str, version: int | None = None) -> dict[str, Any]:
    """Give the live version of a programme, or the one asked for; without a live one, the last.

    `versions` has the number and the state of each. Raises `Refused("not_found")`.
    """
    query = select(programmes).where(programmes.c.slug == slug).order_by(programmes.c.version)
    found = [programme_in(row) for row in connection.execute(query)]
    if version is None:
        chosen = [each for each in found if each.state == "live"] or found[-1:]
    else:
        chosen = [each for each in found if each.version == version]
    if not chosen:
        what = f"no version {version} of '{slug}'" if found else f"no programme '{slug}'"
        raise Refused("not_found", f"There is {what}. `keytalk programmes list --all` shows them.")
    versions = [{"version": each.version, "state": each.state} for each in found]
    return _shown(chosen[0], _runs_by_version(connection)) | {"versions": versions}


def _runs_by_version(connection: Connection) -> dict[tuple[str, int], int]:
    key = (runs.c.programme, runs.c.programme_version)
    rows = connection.execute(select(*key, func.count()).group_by(*key))
    return {(slug, version): count for slug, version, count in rows}


def _shown(programme: Programme, counts: dict[tuple[str, int], int]) -> dict[str, Any]:
    key = (programme.slug, programme.version)
    return programme_row(programme) | {"programme": programme.slug, "runs": counts.get(key, 0)}
