"""What the pages of preferences need of the service behind them."""

from __future__ import annotations

from limits import RateLimitItemPerMinute

from services.notifications.domain.preferences import Preferences
from services.notifications.handlers import preferences as handlers
from services.notifications.queries import preferences as queries
from services.notifications.web.preference_links import PreferenceLinks
from shared.config import Settings
from shared.persistence.work import Store
from shared.web.limits import Limiter

BY_PAGE = "the reader, by their link"
BY_ONE_CLICK = "the reader, by one click in their mail program"
"""Who is written down for a change that a link's holder made."""

CHANGES = RateLimitItemPerMinute(30)
"""Changes by one person's links. It is their links that are counted: mail programs post for many from one address."""

_TOO_MANY = "This was changed many times in the last minute. What you see is kept: please wait about a minute."


class PreferenceDesk:
    """Reads and keeps preferences for whoever holds a link. `ask` is whom to write to with a question."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._limiter = Limiter(store.clock)
        self.links = PreferenceLinks(settings.secret_keys, settings.public_url)
        self.ask = settings.ops_mailbox

    def preferences_of(self, person: str) -> Preferences:
        """Give what somebody prefers."""
        with self._store.database.reading() as connection:
            return queries.preferences_of(connection, person)

    def change(self, person: str, chosen: Preferences, *, by: str) -> None:
        """Keep what somebody chose. Raises `TooMany`."""
        self._limiter.admit(CHANGES, person, _TOO_MANY)
        with self._store.work() as work:
            handlers.change(work, person, chosen, by=by)
