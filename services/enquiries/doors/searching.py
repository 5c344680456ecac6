"""Finding enquiries by words, by filters, and by filters that were kept."""

from __future__ import annotations

from shared.persistence.work import Store


class SearchDoors:
    """Finding enquiries by words, by filters, and by filters that were kept."""

    store: Store
