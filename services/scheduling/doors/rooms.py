"""Rooms of establishments, and the way from one place to another."""

from __future__ import annotations

from typing import Any

from services.scheduling.handlers import rooms
from services.scheduling.place_schemas import MinutesSchema, RoomChangesSchema, RoomSchema
from services.scheduling.queries import places
from services.scheduling.queries.standing import consequences
from services.scheduling.schemas import read, read_id
from shared.clock import day_in_london
from shared.doors.rpc import change, operation
from shared.persistence.work import Store


class RoomDoors:
    """Rooms with their capacity, and travel times."""

    store: Store

    @operation
    def list_rooms(self, establishment: str) -> list[dict[str, Any]]:
        """List an establishment's rooms, those that are retired too."""
        with self.store.database.reading() as connection:
            return places.list_rooms(connection, str(establishment))

    @change
    def add_room(self, establishment: str, name: str, capacity: int, actor: str | None = None) -> dict[str, Any]:
        """Put a room on file; its capacity counts everybody in it, facilitators too."""
        room = read(RoomSchema(), name=name, capacity=capacity)
        with self.store.work() as work:
            added = rooms.add_room(work, str(establishment), **room)
            return work.answer(places.get_room(work.connection, added))

    @change
    def change_room(self, room: str, changes: dict[str, Any], actor: str | None = None) -> dict[str, Any]:
        """Change a room's name or capacity, or take it into use again."""
        return self._change(room, read(RoomChangesSchema(), **changes))

    @change
    def retire_room(self, room: str, actor: str | None = None) -> dict[str, Any]:
        """Take a room out of use. `sessions` are those planned in it: they stay until they are given another."""
        return self._change(room, {"active": False})

    def _change(self, room: str, changes: dict[str, Any]) -> dict[str, Any]:
        room_id = read_id(room, "room")
        with self.store.work() as work:
            known = rooms.room_row(work, room_id)
            with consequences(work.connection, known.establishment_id, day_in_london(work.now)) as breaches:
                rooms.change_room(work, room_id, changes)
            planned = places.sessions_in_room(work.connection, room_id, day_in_london(work.now))
            shown = places.get_room(work.connection, room_id)
            return work.answer({**shown, "sessions": planned, "breaches": breaches})

    @operation
    def get_travel(self, here: str, there: str) -> dict[str, Any]:
        """Give the minutes between two places: ids of establishments, or of facilitators for where they start from."""
        with self.store.database.reading() as connection:
            return places.get_travel(connection, str(here), str(there))

    @change
    def set_travel_time(self, here: str, there: str, minutes: int | None, actor: str | None = None) -> dict[str, Any]:
        """Set the minutes between two places, both ways; none forgets them, and the way is reckoned again."""
        wanted = read(MinutesSchema(), minutes=minutes)
        with self.store.work() as work:
            ends = rooms.set_travel_time(work, str(here), str(there), **wanted)
            return work.answer(places.get_travel(work.connection, *ends))
