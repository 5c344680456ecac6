"""Private calendar feeds."""

from __future__ import annotations

from typing import Any

from services.scheduling.feed_schemas import FeedSchema
from services.scheduling.handlers import feeds as handlers
from services.scheduling.queries import feeds as queries
from services.scheduling.schemas import read, read_id
from services.scheduling.web.feed_pages import address_of
from shared.config import Settings
from shared.doors.rpc import change, operation
from shared.doors.settings import SettingsProvider
from shared.paging import page_size
from shared.persistence.work import Store


class FeedDoors:
    """Private calendar feeds."""

    store: Store
    settings: Settings = SettingsProvider()

    @change
    def make_feed(self, kind: str, owner: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """Open a feed and give its address, this once: no copy of it is kept."""
        asked = read(FeedSchema(), kind=kind, owner=owner)
        with self.store.work() as work:
            feed_id, token = handlers.make_feed(work, asked["kind"], asked["owner"], actor=actor or "unnamed")
            address = address_of(self.settings.public_url, token)
            return work.answer_unkept({"id": str(feed_id), "kind": kind, "owner": asked["owner"], "address": address})

    @change
    def revoke_feed(self, feed: str, actor: str | None = None) -> dict[str, Any]:
        """Close a feed."""
        feed_id = read_id(feed, "feed")
        with self.store.work() as work:
            handlers.revoke_feed(work, feed_id)
            return work.answer({"id": str(feed_id), "open": False})

    @operation
    def list_feeds(self, limit: int = 50) -> list[dict[str, Any]]:
        """List feeds, the newest first, without their addresses."""
        with self.store.database.reading() as connection:
            return queries.list_feeds(connection, limit=page_size(limit))
