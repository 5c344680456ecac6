"""What comes in from spreadsheets."""

from __future__ import annotations

from shared.persistence.work import Store


class ImportDoors:
    """What comes in from spreadsheets."""

    store: Store
