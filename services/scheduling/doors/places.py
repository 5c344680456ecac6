"""Establishments: looked up, put on file, set, and brought in from registers."""

from __future__ import annotations

from typing import Any

from services.scheduling import importer
from services.scheduling.handlers import places as entries
from services.scheduling.place_schemas import EstablishmentSchema, ReasonSchema, SettingsSchema, WhichSchema
from services.scheduling.queries import places
from services.scheduling.queries.standing import consequences
from services.scheduling.schemas import read
from shared.clock import day_in_london
from shared.doors.rpc import change, operation
from shared.paging import page_size
from shared.persistence.work import Store


class PlaceDoors:
    """Establishments: their entries and what each asks for."""

    store: Store

    @operation
    def list_establishments(
        self,
        search: str | None = None,
        limit: int = 50,
        nation: str | None = None,
        active: bool | None = None,
        brief: bool = False,
    ) -> list[dict[str, Any]]:
        """List establishments with their usual windows and their blackouts; all, or those of a nation or in use.

        `brief` gives their ids and names alone, which is much quicker.
        """
        which = read(WhichSchema(), nation=nation, active=active, brief=brief)
        today = day_in_london(self.store.clock())
        with self.store.database.reading() as connection:
            return places.list_establishments(connection, search=search, limit=page_size(limit), on=today, **which)

    @operation
    def get_establishment(self, establishment: str) -> dict[str, Any]:
        """Give everything on file of an establishment."""
        today = day_in_london(self.store.clock())
        with self.store.database.reading() as connection:
            return places.get_establishment(connection, str(establishment), today)

    @change
    def add_establishment(
        self,
        id: str,  # noqa: A002 - what an establishment's code is called everywhere
        name: str,
        nation: str,
        town: str,
        other_names: list[str] | None = None,
        settings: dict[str, Any] | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Put an establishment on file by hand, with any of the settings that `change_establishment` takes."""
        given = {"id": id, "name": name, "nation": nation, "town": town, "other_names": other_names or []}
        entry = read(EstablishmentSchema(), **{**(settings or {}), **given})
        with self.store.work() as work:
            added = entries.add_establishment(work, entry)
            return work.answer(
                {**places.get_establishment(work.connection, added, day_in_london(work.now)), "version": 1}
            )

    @change
    def change_establishment(
        self, establishment: str, settings: dict[str, Any], actor: str | None = None
    ) -> dict[str, Any]:
        """Change settings of an establishment; `breaches` are sessions of standing runs that break a rule by it."""
        wanted = read(SettingsSchema(), **settings)
        with self.store.work() as work:
            with consequences(work.connection, str(establishment), day_in_london(work.now)) as breaches:
                changed = entries.change_establishment(work, str(establishment), wanted)
            shown = places.get_establishment(work.connection, changed, day_in_london(work.now))
            return work.answer({**shown, "breaches": breaches})

    @change
    def approve_under_18(self, establishment: str, reason: str, actor: str | None = None) -> dict[str, Any]:
        """Let programmes go to a place for people under 18, for a reason from the list."""
        why = read(ReasonSchema(), reason=reason)["reason"]
        with self.store.work() as work:
            approved = entries.approve_under_18(work, str(establishment), why, actor=actor or "unknown")
            return work.answer(places.get_establishment(work.connection, approved, day_in_london(work.now)))

    @change
    def withdraw_under_18_approval(self, establishment: str, actor: str | None = None) -> dict[str, Any]:
        """Take that approval back; `breaches` are sessions of standing runs that break a rule by it."""
        with self.store.work() as work:
            with consequences(work.connection, str(establishment), day_in_london(work.now)) as breaches:
                changed = entries.withdraw_under_18_approval(work, str(establishment))
            shown = places.get_establishment(work.connection, changed, day_in_london(work.now))
            return work.answer({**shown, "breaches": breaches})

    @change
    def import_establishments(self, csv_text: str, actor: str | None = None) -> dict[str, Any]:
        """Add or change establishments from a register in CSV."""
        with self.store.work() as work:
            return work.answer(importer.import_establishments(work, csv_text).as_dict())

    @change
    def import_regimes(self, csv_text: str, actor: str | None = None) -> dict[str, Any]:
        """Set regime windows from CSV."""
        with self.store.work() as work:
            return work.answer(importer.import_regimes(work, csv_text).as_dict())

    @change
    def import_blackouts(self, csv_text: str, actor: str | None = None) -> dict[str, Any]:
        """Close establishments on the dates of a CSV."""
        with self.store.work() as work:
            return work.answer(importer.import_blackouts(work, csv_text).as_dict())
