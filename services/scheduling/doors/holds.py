"""Dates and people that are held for an enquiry."""

from __future__ import annotations

from shared.persistence.work import Store


class HoldDoors:
    """Dates and people that are held for an enquiry."""

    store: Store
