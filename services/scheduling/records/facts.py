"""Loading what the rules ask about, for one establishment and one programme, as far as it can matter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.commands import WEEKDAYS
from services.scheduling.domain.establishments import Establishment, KitApproval
from services.scheduling.domain.facts import Booking, Facts, Override, RoomBooking, Wish
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import Run
from services.scheduling.domain.words import in_words
from services.scheduling.records.papers import load_approved
from services.scheduling.records.people import load_clearances, load_escorts, load_facilitators
from services.scheduling.records.places import load_calendar, load_gates, load_rooms, load_travel
from services.scheduling.tables import (
    bookings,
    enquiries,
    establishments,
    kit_approvals,
    left_out_kit,
    overrides,
    runs,
    sessions,
)

UNCONFIRMED = frozenset({"draft", "held"})
"""States of a run for which nobody has to have any paper yet."""

AROUND = dt.timedelta(days=8)
"""How far before and after a run's dates other bookings can matter: weekly limits go from Monday to Sunday."""

_EVER, _NEVER = dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)


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
    bookings about those dates: what is asked for stays quick however much is on file. Memos and kit are loaded once the
    run is confirmed: until then nobody asks about them.
    """
    persons = load_facilitators(connection, people)
    here = load_rooms(connection, establishment.id)
    stage, wish, decided = _asked_and_decided(connection, run)
    confirmed = run if run is not None and run.state not in UNCONFIRMED else None
    taken = load_bookings(connection, people=people, between=between, but_for=run.id if run else None)
    others = {each.establishment_id for each in taken} - {establishment.id}
    return Facts(
        establishment=establishment,
        calendar=load_calendar(connection, establishment),
        programme=programme,
        facilitators=persons,
        clearances=load_clearances(connection, establishment.id, people),
        bookings=taken,
        rooms=here,
        room_bookings=_room_bookings(connection, here, between, run.id if run else None),
        travel=load_travel(connection, {establishment.id, *others}, persons),
        gates=load_gates(connection, others) if others else {},
        escorts=load_escorts(connection, establishment.id),
        kit_approvals=load_kit_approvals(connection, establishment.id) if confirmed and programme.kit else {},
        left_out_kit=_left_out(connection, confirmed) if confirmed and programme.kit else frozenset(),
        memo_approved=load_approved(connection, confirmed, establishment, programme) if confirmed else frozenset(),
        overrides=decided,
        mode=run.mode if run else "in_person",
        group_size=run.group_size if run else None,
        is_won=run is None or stage == "won",
        wish=wish,
    )


def facts_about(connection: Connection, run: Run, establishment: Establishment, programme: Programme) -> Facts:
    """Load what the rules ask about a run as it stands: its people, and other bookings about its dates."""
    people = {*run.facilitator_ids, *(person for session in run.sessions for person in session.facilitator_ids)}
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
    # Thousands of rows: unpacked, since to ask a row for its columns by name takes longer than all the rest.
    return tuple(
        Booking(who, place, starts, ends, f"a session at {name} on {in_words(on)}", run_id, mode == "in_person")
        for who, starts, ends, run_id, place, mode, name, on in connection.execute(query)
    )


def _room_bookings(
    connection: Connection, those: Collection[UUID], between: tuple[dt.date, dt.date] | None, but_for: UUID | None
) -> tuple[RoomBooking, ...]:
    if not those:
        return ()
    query = (
        select(bookings.c.room_id, bookings.c.starts_at, bookings.c.ends_at, sessions.c.date, sessions.c.run_id)
        .join_from(bookings, sessions, sessions.c.id == bookings.c.session_id)
        .where(bookings.c.room_id.in_(those))
    )
    if between is not None:
        first, last = _instants(between)
        query = query.where(bookings.c.starts_at >= first, bookings.c.starts_at <= last)
    if but_for is not None:
        query = query.where(sessions.c.run_id != but_for)
    return tuple(
        RoomBooking(row.room_id, row.starts_at, row.ends_at, f"another session on {in_words(row.date)}", row.run_id)
        for row in connection.execute(query)
    )


def _instants(between: tuple[dt.date, dt.date]) -> tuple[dt.datetime, dt.datetime]:
    first, last = (dt.datetime.combine(on, dt.time(), dt.UTC) for on in between)
    return max(first, _EVER + AROUND) - AROUND, min(last, _NEVER - AROUND) + AROUND


def load_kit_approvals(connection: Connection, establishment_id: str) -> dict[str, KitApproval]:
    """Load what an establishment says to items of kit, by item."""
    rows = connection.execute(select(kit_approvals).where(kit_approvals.c.establishment_id == establishment_id))
    return {row.item: KitApproval(row.item, row.state, row.valid_until) for row in rows}


def _left_out(connection: Connection, run: Run) -> frozenset[str]:
    return frozenset(connection.scalars(select(left_out_kit.c.item).where(left_out_kit.c.run_id == run.id)))


def _asked_and_decided(connection: Connection, run: Run | None) -> tuple[str | None, Wish, tuple[Override, ...]]:
    """Give the stage of the enquiry that a run is for, when it asked to meet, and the rules that are kept open."""
    if run is None:
        return None, Wish(), ()
    asked = (enquiries.c.stage, enquiries.c.preferred_weekday, enquiries.c.preferred_window)
    decided = (overrides.c.id, overrides.c.rule, overrides.c.session_id, overrides.c.reason, overrides.c.actor)
    query = (
        select(*asked, *decided)
        .select_from(runs)
        .outerjoin(enquiries, enquiries.c.reference == runs.c.enquiry)
        .outerjoin(overrides, overrides.c.run_id == runs.c.id)
        .where(runs.c.id == run.id)
        .order_by(overrides.c.at, overrides.c.id)
    )
    rows = connection.execute(query).all()
    kept = tuple(Override(each.rule, each.session_id, each.reason, each.actor, each.id) for each in rows if each.id)
    if not rows:
        return None, Wish(), ()
    first = rows[0]
    weekday = WEEKDAYS.index(first.preferred_weekday) if first.preferred_weekday in WEEKDAYS else None
    return first.stage, Wish(weekday, first.preferred_window), kept
