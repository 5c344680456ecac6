"""When establishments are open: windows by weekday and date, and dates on which they are closed."""

from __future__ import annotations

from typing import Any

from services.scheduling.handlers import timetables
from services.scheduling.place_schemas import BlackoutChangesSchema, BlackoutSchema, RemovedWindowsSchema, WindowsSchema
from services.scheduling.queries import places
from services.scheduling.queries.standing import consequences
from services.scheduling.schemas import read, read_id
from shared.clock import day_in_london
from shared.doors.rpc import change, operation
from shared.persistence.work import Store, UnitOfWork


class TimetableDoors:
    """Windows and blackouts. Each change says which sessions of standing runs break a rule by it, as `breaches`."""

    store: Store

    @operation
    def list_windows(self, establishment: str) -> list[dict[str, Any]]:
        """List an establishment's windows with the dates between which they hold."""
        with self.store.database.reading() as connection:
            return places.list_windows(connection, str(establishment))

    @change
    def set_windows(
        self,
        establishment: str,
        weekdays: list[str],
        windows: dict[str, str] | None = None,
        valid_from: str | None = None,
        valid_until: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Set the windows of some weekdays from a date on (today, where none is given); none means no sessions."""
        asked = read(
            WindowsSchema(), weekdays=weekdays, windows=windows, valid_from=valid_from, valid_until=valid_until
        )
        with self.store.work() as work:
            with consequences(work.connection, str(establishment), day_in_london(work.now)) as breaches:
                known = timetables.set_windows(work, str(establishment), asked)
            return work.answer(_calendar(work, known, breaches))

    @change
    def remove_windows(
        self,
        establishment: str,
        weekdays: list[str],
        valid_from: str,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Take back the windows that some weekdays have from a date on."""
        asked = read(RemovedWindowsSchema(), weekdays=weekdays, valid_from=valid_from)
        with self.store.work() as work:
            with consequences(work.connection, str(establishment), day_in_london(work.now)) as breaches:
                known = timetables.remove_windows(work, str(establishment), **asked)
            return work.answer(_calendar(work, known, breaches))

    @operation
    def list_blackouts(self, establishment: str) -> list[dict[str, Any]]:
        """List the dates on which an establishment is closed."""
        with self.store.database.reading() as connection:
            return places.list_blackouts(connection, str(establishment))

    @change
    def add_blackout(
        self,
        establishment: str,
        first: str,
        last: str | None = None,
        why: str = "other",
        yearly: bool = False,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Close an establishment on some dates, both included, every year if wanted."""
        blackout = read(BlackoutSchema(), first=first, last=last, why=why, yearly=yearly)
        with self.store.work() as work:
            with consequences(work.connection, str(establishment), day_in_london(work.now)) as breaches:
                known = timetables.add_blackout(work, str(establishment), blackout)
            return work.answer(_calendar(work, known, breaches))

    @change
    def change_blackout(
        self,
        blackout: str,
        first: str | None = None,
        last: str | None = None,
        why: str | None = None,
        yearly: bool | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Change the dates or the reason of a blackout, such as those of the Christmas closure."""
        blackout_id = read_id(blackout, "blackout")
        changes = read(BlackoutChangesSchema(), first=first, last=last, why=why, yearly=yearly)
        with self.store.work() as work:
            known = timetables.establishment_of_blackout(work, blackout_id)
            with consequences(work.connection, known, day_in_london(work.now)) as breaches:
                timetables.change_blackout(work, blackout_id, changes)
            return work.answer(_calendar(work, known, breaches))

    @change
    def remove_blackout(self, blackout: str, actor: str | None = None) -> dict[str, Any]:
        """Open an establishment again on the dates of a blackout."""
        blackout_id = read_id(blackout, "blackout")
        with self.store.work() as work:
            known = timetables.establishment_of_blackout(work, blackout_id)
            with consequences(work.connection, known, day_in_london(work.now)) as breaches:
                timetables.remove_blackout(work, blackout_id)
            return work.answer(_calendar(work, known, breaches))


def _calendar(work: UnitOfWork, establishment_id: str, breaches: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "establishment": establishment_id,
        "timetables": places.list_windows(work.connection, establishment_id),
        "blackouts": places.list_blackouts(work.connection, establishment_id),
        "breaches": breaches,
    }
