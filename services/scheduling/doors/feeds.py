"""Private calendar feeds."""

from __future__ import annotations

from shared.persistence.work import Store


class FeedDoors:
    """Private calendar feeds."""

    store: Store
