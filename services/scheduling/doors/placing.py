"""Where a new run could go, and why it could not."""

from __future__ import annotations

from shared.persistence.work import Store


class PlacingDoors:
    """Where a new run could go, and why it could not."""

    store: Store
