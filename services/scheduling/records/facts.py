"""Loading what the rules ask about, for one establishment and one programme, as far as it can matter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.establishments import Establishment, KitApproval
from services.scheduling.domain.facts import Booking, Facts, Override, RoomBooking
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import Run
from services.scheduling.domain.words import in_words
from services.scheduling.records.people import load_clearances, load_escorts, load_facilitators
from services.scheduling.records.places import load_calendar, load_gates, load_rooms, load_travel
from services.scheduling.tables import (
    bookings,
    enquiries,
    establishments,
    kit_approvals,
    left_out_kit,
    overrides,
    rooms,
    runs,
    sessions,
)

AROUND = dt.timedelta(days=8)
"""How far before and after a run's dates other bookings can matter: weekly limits go from Monday to Sunday."""


def load_facts(
    connection: Connection,
    establishment: Establishment,
    programme: Programme,
    *,
    run: Run | None = None,
    people: Collection[UUID] | None = None,
    between: tuple[dt.date, dt.date] | None = None,
) -> Facts:
    """Load what the rules ask about at an establishment.

    Bookings are those of other runs than `run`. With `people` only those facilitators are loaded, with `between` only
    bookings about those dates: what is asked for stays quick however much is on file.
    """
    persons = load_facilitators(connection, people)
    taken = load_bookings(connection, people=people, between=between, but_for=run.id if run else None)
    places = {establishment.id, *(each.establishment_id for each in taken)}
    return Facts(
        establishment=establishment,
        calendar=load_calendar(connection, establishment),
        programme=programme,
        facilitators=persons,
        clearances=load_clearances(connection, establishment.id, people),
        bookings=taken,
        rooms=load_rooms(connection, establishment.id),
        room_bookings=_room_bookings(connection, establishment.id, between, run.id if run else None),
        travel=load_travel(connection, places, persons),
        gates=load_gates(connection, places),
        escorts=load_escorts(connection, establishment.id),
        kit_approvals=load_kit_approvals(connection, establishment.id),
        left_out_kit=_left_out(connection, run),
        overrides=_overrides(connection, run),
        mode=run.mode if run else "in_person",
        group_size=run.group_size if run else None,
        is_won=_is_won(connection, run),
    )


def facts_about(connection: Connection, run: Run, establishment: Establishment, programme: Programme) -> Facts:
    """Load what the rules ask about a run as it stands: its people, and other bookings about its dates."""
    people = {*run.facilitator_ids, *(person for session in run.live for person in session.facilitator_ids)}
    dates = [session.date for session in run.live]
    between = (min(dates), max(dates)) if dates else None
    return load_facts(connection, establishment, programme, run=run, people=people, between=between)


def load_bookings(
    connection: Connection,
    *,
    people: Collection[UUID] | None = None,
    between: tuple[dt.date, dt.date] | None = None,
    but_for: UUID | None = None,
) -> tuple[Booking, ...]:
    """Load whose time is taken: by confirmed runs, and by holds of the first rank."""
    query = (
        select(
            bookings.c.facilitator_id,
            bookings.c.starts_at,
            bookings.c.ends_at,
            runs.c.id,
            runs.c.establishment_id,
            runs.c.mode,
            establishments.c.name,
            sessions.c.date,
        )
        .join_from(bookings, sessions, sessions.c.id == bookings.c.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .where(bookings.c.facilitator_id.is_not(None))
    )
    if people is not None:
        query = query.where(bookings.c.facilitator_id.in_(people))
    if between is not None:
        first, last = _instants(between)
        query = query.where(bookings.c.starts_at >= first, bookings.c.starts_at <= last)
    if but_for is not None:
        query = query.where(runs.c.id != but_for)
    return tuple(
        Booking(
            row.facilitator_id,
            row.establishment_id,
            row.starts_at,
            row.ends_at,
            f"a session at {row.name} on {in_words(row.date)}",
            run_id=row.id,
            in_prison=row.mode == "in_person",
        )
        for row in connection.execute(query)
    )


def _room_bookings(
    connection: Connection, establishment_id: str, between: tuple[dt.date, dt.date] | None, but_for: UUID | None
) -> tuple[RoomBooking, ...]:
    query = (
        select(bookings.c.room_id, bookings.c.starts_at, bookings.c.ends_at, sessions.c.date, sessions.c.run_id)
        .join_from(bookings, sessions, sessions.c.id == bookings.c.session_id)
        .join(rooms, rooms.c.id == bookings.c.room_id)
        .where(rooms.c.establishment_id == establishment_id)
    )
    if between is not None:
        first, last = _instants(between)
        query = query.where(bookings.c.starts_at >= first, bookings.c.starts_at <= last)
    if but_for is not None:
        query = query.where(sessions.c.run_id != but_for)
    return tuple(
        RoomBooking(row.room_id, row.starts_at, row.ends_at, f"another session on {in_words(row.date)}")
        for row in connection.execute(query)
    )


def _instants(between: tuple[dt.date, dt.date]) -> tuple[dt.datetime, dt.datetime]:
    first, last = (dt.datetime.combine(on, dt.time(), dt.UTC) for on in between)
    return first - AROUND, last + AROUND


def load_kit_approvals(connection: Connection, establishment_id: str) -> dict[str, KitApproval]:
    """Load what an establishment says to items of kit, by item."""
    rows = connection.execute(select(kit_approvals).where(kit_approvals.c.establishment_id == establishment_id))
    return {row.item: KitApproval(row.item, row.state, row.valid_until) for row in rows}


def _left_out(connection: Connection, run: Run | None) -> frozenset[str]:
    if run is None:
        return frozenset()
    return frozenset(connection.scalars(select(left_out_kit.c.item).where(left_out_kit.c.run_id == run.id)))


def _overrides(connection: Connection, run: Run | None) -> tuple[Override, ...]:
    if run is None:
        return ()
    rows = connection.execute(select(overrides).where(overrides.c.run_id == run.id))
    return tuple(Override(row.rule, row.session_id, row.reason, row.actor) for row in rows)


def _is_won(connection: Connection, run: Run | None) -> bool:
    if run is None:
        return True
    stage = connection.scalar(select(enquiries.c.stage).where(enquiries.c.reference == run.enquiry))
    return bool(stage == "won")
