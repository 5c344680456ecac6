"""Who could lead a session, and offers to them."""

from __future__ import annotations

from shared.persistence.work import Store


class CoverDoors:
    """Who could lead a session, and offers to them."""

    store: Store
