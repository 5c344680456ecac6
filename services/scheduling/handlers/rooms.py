"""The rooms of establishments, and how long it takes from one place to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from services.scheduling.domain.travel import pair
from services.scheduling.records.places import lock_establishment, place_id
from services.scheduling.tables import rooms, travel_times
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork


def add_room(work: UnitOfWork, establishment_id: str, name: str, capacity: int) -> UUID:
    """Put a room on file and give its id. `capacity` counts everybody in it, facilitators too.

    Raises `Refused("conflict")` when the establishment has a room of that name, in use or not.
    """
    known = lock_establishment(work.connection, establishment_id)
    _refuse_taken(work, known.id, name)
    room_id = work.new_id()
    row = {"id": room_id, "establishment_id": known.id, "name": name, "capacity": capacity, "active": True}
    work.connection.execute(rooms.insert(), row)
    return room_id


def change_room(work: UnitOfWork, room_id: UUID, changes: Mapping[str, Any]) -> str:
    """Change a room's name or capacity, retire it or take it into use again; give its establishment's id.

    Sessions that are planned in it stay there: what no longer fits shows as a breach.
    """
    known = room_row(work, room_id)
    lock_establishment(work.connection, known.establishment_id)
    if "name" in changes:
        _refuse_taken(work, known.establishment_id, changes["name"], but_for=room_id)
    if changes:
        work.connection.execute(update(rooms).where(rooms.c.id == room_id).values(**changes))
    return str(known.establishment_id)


def room_row(work: UnitOfWork, room_id: UUID) -> AnyRow:
    """Give a room's row. Raises `Refused("not_found")`."""
    row = work.connection.execute(select(rooms).where(rooms.c.id == room_id)).first()
    if row is None:
        why = f"There is no room {room_id}. `keytalk establishments rooms` shows those of an establishment."
        raise Refused("not_found", why, {"room": [why]})
    return row


def _refuse_taken(work: UnitOfWork, establishment_id: str, name: str, but_for: UUID | None = None) -> None:
    found = work.connection.execute(
        select(rooms.c.id, rooms.c.name, rooms.c.active).where(rooms.c.establishment_id == establishment_id)
    )
    same = next((row for row in found if row.id != but_for and row.name.casefold() == name.casefold()), None)
    if same is not None:
        mend = "Give another name." if same.active else "It is retired: take it into use again, or give another name."
        why = f"{establishment_id} has a room called {same.name} already. {mend}"
        raise Refused("conflict", why, {"name": [why]})


def set_travel_time(work: UnitOfWork, here: str, there: str, minutes: int | None) -> tuple[str, str]:
    """Set how long it takes between two places, both ways; give the two. None forgets it: then it is reckoned.

    A place is an establishment, or a facilitator for where they start from. Raises `Refused` for one not on file, and
    for a way from a place to itself.
    """
    ends = pair(place_id(work.connection, here, "here"), place_id(work.connection, there, "there"))
    if ends[0] == ends[1]:
        why = "These are the same place: the way there takes no time. Give two places."
        raise Refused("invalid", why, {"there": [why]})
    this_way = (travel_times.c.here == ends[0]) & (travel_times.c.there == ends[1])
    if minutes is None:
        work.connection.execute(delete(travel_times).where(this_way))
        return ends
    if not insert_or_leave(work.connection, travel_times, {"here": ends[0], "there": ends[1], "minutes": minutes}):
        work.connection.execute(update(travel_times).where(this_way).values(minutes=minutes))
    return ends
