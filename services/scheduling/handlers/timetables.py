"""When establishments are open: their windows by weekday and date, and the dates on which they are closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from services.scheduling.domain.calendar import (
    Blackout,
    Regime,
    Timetable,
    Window,
    refuse_far_dates,
    with_timetable,
)
from services.scheduling.domain.words import WEEKDAYS, in_words
from services.scheduling.place_schemas import Windows, refusing
from services.scheduling.records.places import (
    NO_SESSIONS,
    load_timetables,
    lock_establishment,
)
from services.scheduling.tables import blackouts, regime_windows
from shared.clock import day_in_london
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork


def set_windows(work: UnitOfWork, establishment_id: str, asked: Windows) -> str:
    """Set the windows of some weekdays from a date on, today where none is given; give the establishment's id.

    No windows mean no session on those weekdays. Sessions that are planned already stay as they are: what no longer
    fits shows as a breach. Raises `Refused("invalid")` for dates that cannot be.
    """
    known = lock_establishment(work.connection, establishment_id)
    today = day_in_london(work.now)
    for weekday in asked.weekdays:
        with refusing():
            wanted = timetable(weekday, asked.windows, asked.valid_from or today, asked.valid_until)
            save_timetable(work, known.id, wanted, today)
    return str(known.id)


def timetable(
    weekday: int, windows: Mapping[str, Window], valid_from: dt.date, valid_until: dt.date | None
) -> Timetable:
    """Give the timetable of one weekday. Raises ValueError naming the field."""
    regime = Regime({(weekday, name): window for name, window in windows.items()})
    return Timetable(valid_from, valid_until, frozenset({weekday}), regime)


def save_timetable(work: UnitOfWork, establishment_id: str, wanted: Timetable, today: dt.date) -> str:
    """Save the timetable of one weekday; say "added", "changed" or "unchanged".

    Raises ValueError naming the field, before anything is written.
    """
    refuse_far_dates(today, valid_from=wanted.valid_from, valid_until=wanted.valid_until)
    if wanted.valid_until is not None and wanted.valid_until < today:
        raise ValueError(f"valid_until: {in_words(wanted.valid_until)} is past. Give today or a later date, or none.")
    [weekday] = wanted.weekdays
    on_file = [each for each in load_timetables(work.connection, establishment_id) if weekday in each.weekdays]
    if wanted in on_file:
        return "unchanged"
    then = with_timetable(on_file, wanted)
    _replace(work, establishment_id, weekday, then)
    return "changed" if any(each.valid_from == wanted.valid_from for each in on_file) else "added"


def remove_windows(work: UnitOfWork, establishment_id: str, weekdays: Sequence[int], valid_from: dt.date) -> str:
    """Take back the windows that some weekdays have from a date on; what held before holds again. Give the id.

    Raises `Refused("not_found")` when one of them has none that begin on that date.
    """
    known = lock_establishment(work.connection, establishment_id)
    on_file = load_timetables(work.connection, known.id)
    for weekday in weekdays:
        here = [each for each in on_file if weekday in each.weekdays]
        then = [each for each in here if each.valid_from != valid_from]
        if len(then) == len(here):
            why = (
                f"The {WEEKDAYS[weekday]}s of {known.name} have no windows that begin on {in_words(valid_from)}. "
                f"`keytalk establishments windows {known.id}` shows the dates."
            )
            raise Refused("not_found", why, {"valid_from": [why]})
        _replace(work, known.id, weekday, then)
    return str(known.id)


def add_blackout(work: UnitOfWork, establishment_id: str, blackout: Blackout) -> str:
    """Close an establishment on some dates and give its id. Planned sessions stay as they are.

    Raises `Refused`: "invalid" for dates that are past or far off, "conflict" when it is closed on just these already.
    """
    known = lock_establishment(work.connection, establishment_id)
    with refusing():
        outcome = save_blackout(work, known.id, blackout, day_in_london(work.now))
    if outcome != "added":
        why = f"{known.name} is closed on just these dates already. `keytalk establishments blackouts` shows them."
        raise Refused("conflict", why, {"first": [why]})
    return str(known.id)


def save_blackout(work: UnitOfWork, establishment_id: str, blackout: Blackout, today: dt.date) -> str:
    """Save a blackout unless it is on file; say "added", "changed" (its reason) or "unchanged".

    Raises ValueError naming the field, before anything is written.
    """
    _refuse_dates(blackout, today)
    table = blackouts.c
    same = [table.establishment_id == establishment_id]
    same += [getattr(table, name) == getattr(blackout, name) for name in ("first", "last", "yearly")]
    known = work.connection.execute(select(blackouts).where(*same).order_by(table.id)).first()
    if known is None:
        row = {"id": work.new_id(), "establishment_id": establishment_id, **asdict(blackout)}
        work.connection.execute(blackouts.insert(), row)
        return "added"
    if known.why == blackout.why:
        return "unchanged"
    work.connection.execute(update(blackouts).where(table.id == known.id).values(why=blackout.why))
    return "changed"


def change_blackout(work: UnitOfWork, blackout_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change the dates or the reason of a blackout, such as the Christmas closure's."""
    known = _blackout(work, blackout_id)
    was = Blackout(known.first, known.last, known.why, yearly=known.yearly)
    with refusing():
        if ("first" in changes) != ("last" in changes):
            missing = "last" if "first" in changes else "first"
            raise ValueError(f"{missing}: give both the first and the last day, so that their years fit.")
        becomes = Blackout(**{**asdict(was), **changes})
        _refuse_dates(becomes, day_in_london(work.now))
    work.connection.execute(update(blackouts).where(blackouts.c.id == blackout_id).values(**asdict(becomes)))


def remove_blackout(work: UnitOfWork, blackout_id: UUID) -> None:
    """Open an establishment again on the dates of a blackout."""
    _blackout(work, blackout_id)
    work.connection.execute(delete(blackouts).where(blackouts.c.id == blackout_id))


def establishment_of_blackout(work: UnitOfWork, blackout_id: UUID) -> str:
    """Give the id of the establishment that a blackout is of. Raises `Refused("not_found")`."""
    return str(_blackout(work, blackout_id).establishment_id)


def _blackout(work: UnitOfWork, blackout_id: UUID) -> AnyRow:
    row = work.connection.execute(select(blackouts).where(blackouts.c.id == blackout_id).with_for_update()).first()
    if row is None:
        why = f"There is no blackout {blackout_id}. `keytalk establishments blackouts` shows them."
        raise Refused("not_found", why, {"blackout": [why]})
    return row


def _refuse_dates(blackout: Blackout, today: dt.date) -> None:
    refuse_far_dates(today, first=blackout.first, last=blackout.last)
    if not blackout.yearly and blackout.last < today:
        raise ValueError(f"last: {in_words(blackout.last)} is past. Give today or a later date; is the year right?")


def _replace(work: UnitOfWork, establishment_id: str, weekday: int, then: Sequence[Timetable]) -> None:
    table = regime_windows.c
    here = (table.establishment_id == establishment_id) & (table.weekday == weekday)
    work.connection.execute(delete(regime_windows).where(here))
    rows = [
        {"establishment_id": establishment_id, "weekday": weekday, **row}
        for each in then
        for row in _rows(weekday, each)
    ]
    if rows:
        work.connection.execute(regime_windows.insert(), rows)


def _rows(weekday: int, each: Timetable) -> list[dict[str, Any]]:
    dates = {"valid_from": each.valid_from, "valid_until": each.valid_until}
    rows = [
        {"name": name, "start": window.start, "end": window.end, **dates}
        for (day, name), window in each.regime.windows.items()
        if day == weekday
    ]
    return rows or [{"name": NO_SESSIONS, "start": None, "end": None, **dates}]
