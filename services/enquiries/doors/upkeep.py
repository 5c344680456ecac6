"""The daily balance of the intake, and its canaries."""

from __future__ import annotations

from shared.persistence.work import Store


class UpkeepDoors:
    """The daily balance of the intake, and its canaries."""

    store: Store
