"""How establishments, their calendars and their rooms lie in the tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.calendar import FIRST_DATE, Blackout, EstablishmentCalendar, Regime, Timetable, Window
from services.scheduling.domain.establishments import Establishment, Room
from services.scheduling.domain.travel import Point, Travel
from services.scheduling.tables import (
    blackouts,
    establishments,
    facilitators,
    regime_windows,
    rooms,
    travel_times,
)
from shared.errors import Refused
from shared.holidays import bank_holidays_in
from shared.persistence.types import AnyRow

SINCE_EVER = FIRST_DATE
"""When windows begin for which nobody said a date."""

NO_SESSIONS = "none"
"""The name of the one row of a weekday on which there is no session."""

_PLACE = (
    *("id", "name", "active", "nation", "town", "required_level", "ctc_required", "under_18"),
    *("memo_lead_days", "kit_lead_days", "report_minutes", "exit_minutes"),
)


def load_establishment(connection: Connection, establishment_id: str) -> Establishment:
    """Load an establishment by its id, in any case. Raises `Refused("not_found")`."""
    row = connection.execute(select(establishments).where(establishments.c.id == establishment_id.upper())).first()
    if row is None:
        why = f"There is no establishment '{establishment_id}'. `keytalk establishments list` shows them."
        raise Refused("not_found", why, {"establishment": [why]})
    return establishment_in(row)


def lock_establishment(connection: Connection, establishment_id: str) -> AnyRow:
    """Give an establishment's row; nobody else changes it or its calendar until this transaction ends.

    Raises `Refused("not_found")`.
    """
    query = select(establishments).where(establishments.c.id == load_establishment(connection, establishment_id).id)
    return connection.execute(query.with_for_update()).one()


def establishment_in(row: AnyRow) -> Establishment:
    """Give the establishment of a row."""
    return Establishment(
        **{name: row._mapping[name] for name in _PLACE},
        other_names=names_in(row.other_names),
        under_18_approved=row.under_18_approved_by is not None,
    )


def names_in(lines: str | None) -> tuple[str, ...]:
    """Give the other names of an establishment as the table keeps them, a line each."""
    return tuple(lines.splitlines()) if lines else ()


def load_calendar(connection: Connection, establishment: Establishment) -> EstablishmentCalendar:
    """Load when an establishment is open: its windows, its blackouts, the bank holidays of its nation."""
    return EstablishmentCalendar(
        regime=Regime({}),
        timetables=load_timetables(connection, establishment.id),
        blackouts=load_blackouts(connection, establishment.id),
        bank_holidays=bank_holidays_in(establishment.nation),
    )


def load_timetables(connection: Connection, establishment_id: str) -> tuple[Timetable, ...]:
    """Load an establishment's windows, a timetable for each weekday and each date from which one holds."""
    return load_timetables_of(connection, [establishment_id]).get(establishment_id, ())


def load_timetables_of(connection: Connection, ids: Collection[str]) -> dict[str, tuple[Timetable, ...]]:
    """Load the windows of many establishments at once, by the id of each that has some."""
    table = regime_windows.c
    query = select(regime_windows).where(table.establishment_id.in_(ids))
    rows = connection.execute(query.order_by(table.establishment_id, table.weekday, table.valid_from))
    return {place: timetables_in(those) for place, those in groupby(rows, key=lambda row: row.establishment_id)}


def timetables_in(rows: Iterable[AnyRow]) -> tuple[Timetable, ...]:
    """Give the timetables of an establishment's rows, which come by weekday and by the date they begin on."""
    return tuple(_timetable(list(those)) for _, those in groupby(rows, key=lambda row: (row.weekday, row.valid_from)))


def _timetable(rows: list[AnyRow]) -> Timetable:
    first = rows[0]
    windows = {(row.weekday, row.name): Window(row.start, row.end) for row in rows if row.name != NO_SESSIONS}
    return Timetable(first.valid_from, first.valid_until, frozenset({first.weekday}), Regime(windows))


def load_blackouts(connection: Connection, establishment_id: str) -> tuple[Blackout, ...]:
    """Load an establishment's blackouts."""
    table = blackouts.c
    query = select(table.first, table.last, table.why, table.yearly)
    rows = connection.execute(query.where(table.establishment_id == establishment_id).order_by(table.first, table.id))
    return tuple(Blackout(row.first, row.last, row.why, yearly=row.yearly) for row in rows)


def load_rooms(connection: Connection, establishment_id: str) -> dict[UUID, Room]:
    """Load an establishment's rooms, by id."""
    rows = connection.execute(select(rooms).where(rooms.c.establishment_id == establishment_id).order_by(rooms.c.name))
    return {row.id: Room(row.id, row.establishment_id, row.name, row.capacity, row.active) for row in rows}


def load_travel(connection: Connection, establishment_ids: Iterable[str], people: Iterable[UUID]) -> Travel:
    """Load where some establishments and some facilitators are, and the times known between any of them."""
    places, persons = set(establishment_ids), set(people)
    points: dict[str, Point] = {}
    for table, wanted in ((establishments, places), (facilitators, persons)):
        at = (table.c.id, table.c.latitude, table.c.longitude)
        found = connection.execute(select(*at).where(table.c.id.in_(wanted), table.c.latitude.is_not(None)))
        points |= {str(row.id): Point(row.latitude, row.longitude) for row in found if row.longitude is not None}
    ids = places | {str(person) for person in persons}
    known = travel_times.c.here.in_(ids) & travel_times.c.there.in_(ids)
    times = connection.execute(select(travel_times).where(known)).all()
    return Travel(points, {(row.here, row.there): row.minutes for row in times})


def load_gates(connection: Connection, establishment_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Load the minutes that the gates of some establishments take: (report, exit) by id."""
    table = establishments.c
    query = select(table.id, table.report_minutes, table.exit_minutes).where(table.id.in_(set(establishment_ids)))
    return {row.id: (row.report_minutes, row.exit_minutes) for row in connection.execute(query)}


def place_id(connection: Connection, text: str, field: str) -> str:
    """Give the id under which travel times know an establishment, or a facilitator for where they start from.

    Raises `Refused("not_found")` naming the field.
    """
    try:
        person = UUID(text)
    except ValueError:
        person = None
    if person is not None:
        if connection.scalar(select(facilitators.c.id).where(facilitators.c.id == person)) is None:
            why = f"There is no facilitator {person}. `keytalk facilitators list` shows them."
            raise Refused("not_found", why, {field: [why]})
        return str(person)
    try:
        return load_establishment(connection, text).id
    except Refused as refused:
        raise Refused(refused.code, refused.detail, {field: [refused.detail]}) from None
