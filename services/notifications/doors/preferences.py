"""How people wish to be written to."""

from __future__ import annotations

from typing import Any

from services.notifications.domain.reasons import read_reason
from services.notifications.handlers import preferences as handlers
from services.notifications.queries import preferences as queries
from services.notifications.schemas import read_person, read_preferences
from services.notifications.web.preference_links import PreferenceLinks
from shared.config import Settings
from shared.doors.rpc import change, operation
from shared.doors.settings import SettingsProvider
from shared.paging import page_size
from shared.persistence.work import Store


class PreferenceDoors:
    """Read and set how people wish to be written to; they do so themselves on their page."""

    store: Store
    settings: Settings = SettingsProvider()

    @operation
    def get_preferences(self, person: str) -> dict[str, Any]:
        """Give what somebody prefers, and as `page` the address at which they can change it."""
        known = read_person(person)
        page = PreferenceLinks(self.settings.secret_keys, self.settings.public_url).page(known)
        with self.store.database.reading() as connection:
            return queries.get_preferences(connection, known) | {"page": page}

    @operation
    def list_preferences(self, limit: int = 50) -> list[dict[str, Any]]:
        """List those who have said how they wish to be written to, the last change first."""
        with self.store.database.reading() as connection:
            return queries.list_preferences(connection, page_size(limit))

    @change
    def change_preferences(
        self,
        person: str,
        channel: str | None = None,
        digest: bool | None = None,
        non_critical: bool | None = None,
        quiet: bool | None = None,
        quiet_from: str | None = None,
        quiet_until: str | None = None,
        reason: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Set for somebody how they are written to; what is left out stays. Needs a reason, such as: asked by phone."""
        known = read_person(person)
        said = {
            "channel": channel,
            "digest": digest,
            "non_critical": non_critical,
            "quiet": quiet,
            "quiet_from": quiet_from,
            "quiet_until": quiet_until,
        }
        given = {name: value for name, value in said.items() if value is not None}
        why = read_reason(reason)
        with self.store.work() as work:
            chosen = read_preferences(queries.preferences_of(work.connection, known), given)
            handlers.change(work, known, chosen, by=actor or "unnamed", reason=why)
            return work.answer(queries.get_preferences(work.connection, known))
