"""Programmes and their versions."""

from __future__ import annotations

from typing import Any

from services.scheduling.handlers import programmes
from services.scheduling.programme_schemas import VersionSchema, read_changes
from services.scheduling.queries.programmes import get_programme, list_programmes
from services.scheduling.schemas import read
from shared.doors.rpc import change, operation
from shared.persistence.work import Store


class ProgrammeDoors:
    """Programmes: listed, drafted, published, retired. A live version never changes, and runs keep theirs."""

    store: Store

    @operation
    def list_programmes(self, every: bool = False) -> list[dict[str, Any]]:
        """List the programmes that can be put on; with `every`, all versions."""
        with self.store.database.reading() as connection:
            return list_programmes(connection, every=bool(every))

    @operation
    def get_programme(self, slug: str, version: int | None = None) -> dict[str, Any]:
        """Give the live version of a programme, or the one asked for."""
        which = read(VersionSchema(), slug=slug, version=version)
        with self.store.database.reading() as connection:
            return get_programme(connection, which["slug"], which["version"])

    @change
    def draft_programme_version(self, slug: str, changes: dict[str, Any], actor: str | None = None) -> dict[str, Any]:
        """Draft the next version of a programme, or change its draft."""
        which = read(VersionSchema(), slug=slug)["slug"]
        wanted = read_changes(changes)
        with self.store.work() as work:
            number = programmes.draft_programme_version(work, which, wanted)
            return work.answer(get_programme(work.connection, which, number))

    @change
    def publish_programme_version(
        self, slug: str, version: int | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Make a draft the live version; the one before is retired."""
        which = read(VersionSchema(), slug=slug, version=version)
        with self.store.work() as work:
            number = programmes.publish_programme_version(work, which["slug"], which["version"])
            return work.answer(get_programme(work.connection, which["slug"], number))

    @change
    def retire_programme(self, slug: str, actor: str | None = None) -> dict[str, Any]:
        """Plan no new runs with a programme; those there are keep it."""
        which = read(VersionSchema(), slug=slug)["slug"]
        with self.store.work() as work:
            number = programmes.retire_programme(work, which)
            return work.answer(get_programme(work.connection, which, number))
