"""Organisations, posts and the people who hold them; what an enquiry resembles, and merging."""

from __future__ import annotations

from shared.persistence.work import Store


class PeopleDoors:
    """Organisations, posts and the people who hold them; what an enquiry resembles, and merging."""

    store: Store
