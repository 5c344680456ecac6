"""How facilitators and what they hold lie in the tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, case, select, tuple_, union

from services.scheduling.domain.clearances import LEVELS, Clearance
from services.scheduling.domain.expiry import Held
from services.scheduling.domain.facilitators import Accreditation, Facilitator, Leave, WorkingHours
from services.scheduling.tables import (
    accreditations,
    clearances,
    escorts,
    establishments,
    facilitators,
    leave,
    working_hours,
)
from shared.persistence.types import AnyRow


def load_facilitators(
    connection: Connection, people: Collection[UUID] | None = None, between: tuple[dt.date, dt.date] | None = None
) -> dict[UUID, Facilitator]:
    """Load facilitators by id: those of `people`, or all of them but those who left.

    With `between`, of their leave only what touches those dates: that of ten years is of no use to a month.
    """
    table = facilitators.c
    chosen = table.state != "left" if people is None else table.id.in_(people)
    rows = connection.execute(select(facilitators).where(chosen).order_by(table.name, table.id)).all()
    ids = None if people is None else [row.id for row in rows]
    off = (leave.c.last >= between[0], leave.c.first <= between[1]) if between else ()
    theirs = [
        _by_person(connection, working_hours, ids),
        _by_person(connection, leave, ids, *off),
        _by_person(connection, accreditations, ids),
    ]
    return {row.id: _facilitator(row, *(each.get(row.id, []) for each in theirs)) for row in rows}


def _facilitator(row: AnyRow, hours: list[Any], off: list[Any], held: list[Any]) -> Facilitator:
    return Facilitator(
        id=row.id,
        name=row.name,
        state=row.state,
        hours=tuple(WorkingHours(each.weekday, each.start, each.end) for each in hours),
        leave=tuple(Leave(each.first, each.last) for each in off),
        accreditations=tuple(Accreditation(each.kind, each.valid_from, each.valid_until) for each in held),
        insured_until=row.insured_until,
        travel_limit_minutes=row.travel_limit_minutes,
        max_sessions_a_week=row.max_sessions_a_week,
        max_groups_a_day=row.max_groups_a_day,
    )


def _by_person(
    connection: Connection, table: Table, people: list[UUID] | None, *chosen: ColumnElement[bool]
) -> dict[UUID, list[AnyRow]]:
    query = select(table).where(*chosen)
    if people is not None:
        query = query.where(table.c.facilitator_id.in_(people))
    grouped: dict[UUID, list[AnyRow]] = {}
    for row in connection.execute(query):
        grouped.setdefault(row.facilitator_id, []).append(row)
    return grouped


def load_clearances(
    connection: Connection, establishment_id: str, people: Collection[UUID] | None = None
) -> tuple[Clearance, ...]:
    """Load the clearances for an establishment: everybody's, or those of `people`."""
    query = select(clearances).where(clearances.c.establishment_id == establishment_id)
    if people is not None:
        query = query.where(clearances.c.facilitator_id.in_(people))
    return tuple(clearance_in(row) for row in connection.execute(query))


def clearance_in(row: AnyRow) -> Clearance:
    """Give the clearance of a row."""
    return Clearance(
        row.facilitator_id,
        row.establishment_id,
        row.level,
        row.valid_from,
        row.valid_until,
        state=row.state,
        site_access=row.site_access,
        ctc=row.ctc,
        keys_until=row.keys_until,
    )


def opens_the_gate(on: ColumnElement[dt.date]) -> ColumnElement[bool]:
    """Match the clearances that by themselves let their holder in on a date, of a query that has the establishment.

    It is what `domain.rules.people` says of one clearance (H3), for where thousands of sessions are looked at.
    """
    table = clearances.c
    rank, needed = (case(LEVELS, value=level) for level in (table.level, establishments.c.required_level))
    return (
        (table.state == "granted")
        & table.site_access
        & (table.level != "escorted_visitor")
        & (rank >= needed)
        & (table.ctc | ~establishments.c.ctc_required)
        & on.between(table.valid_from, table.valid_until)
    )


def load_escorts(connection: Connection, establishment_id: str) -> frozenset[tuple[UUID, dt.date]]:
    """Load the dates on which an establishment has agreed to escort someone."""
    rows = connection.execute(select(escorts).where(escorts.c.establishment_id == establishment_id))
    return frozenset((row.facilitator_id, row.date) for row in rows)


def load_held(connection: Connection) -> Iterator[Held]:
    """Give what everybody who has not left holds: clearances that open the gate, keys, insurance, accreditations.

    A clearance that is not granted, or not of the level that its place asks for, opens nothing: it neither ends nor
    carries another on.
    """
    here = facilitators.c.state != "left"
    yield from _cleared(connection, here)
    for person in connection.execute(select(facilitators).where(here, facilitators.c.insured_until.is_not(None))):
        yield Held(person.id, "insurance", "", dt.date.min, person.insured_until)
    query = select(accreditations).join(facilitators, facilitators.c.id == accreditations.c.facilitator_id)
    for row in connection.execute(query.where(here)):
        yield Held(row.facilitator_id, "accreditation", row.kind, row.valid_from, row.valid_until)


def load_cleared(connection: Connection, first: dt.date, last: dt.date) -> Iterator[Held]:
    """Give clearances and keys, as `load_held` does: all of a person for a place where one ends between two dates."""
    ends = select(clearances.c.facilitator_id, clearances.c.establishment_id).where(
        clearances.c.valid_until.between(first, last)
    )
    pair = tuple_(clearances.c.facilitator_id, clearances.c.establishment_id)
    yield from _cleared(connection, (facilitators.c.state != "left") & pair.in_(ends))


def _cleared(connection: Connection, here: Any) -> Iterator[Held]:
    query = (
        select(clearances, establishments.c.required_level)
        .join(facilitators, facilitators.c.id == clearances.c.facilitator_id)
        .join(establishments, establishments.c.id == clearances.c.establishment_id)
    )
    for row in connection.execute(query.where(here)):
        each = clearance_in(row)
        if not each.covers(each.valid_from, row.required_level):
            continue
        yield Held(each.facilitator_id, "clearance", each.establishment_id, each.valid_from, each.valid_until)
        if each.keys_until is not None:
            yield Held(each.facilitator_id, "keys", each.establishment_id, each.valid_from, each.keys_until)


def load_who_might_enter(connection: Connection, establishment_id: str) -> set[UUID]:
    """Load who has a clearance for an establishment, of whatever date and state, or an escort that it has agreed to."""
    asked = (
        select(table.c.facilitator_id).where(table.c.establishment_id == establishment_id)
        for table in (clearances, escorts)
    )
    return set(connection.scalars(union(*asked)))
