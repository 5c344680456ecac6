"""Changes of runs: shown first, then applied, and taken back."""

from __future__ import annotations

from shared.persistence.work import Store


class ChangingDoors:
    """Changes of runs: shown first, then applied, and taken back."""

    store: Store
