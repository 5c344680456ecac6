"""Proposals, agreements and what was drawn from them."""

from __future__ import annotations

from shared.persistence.work import Store


class CommitmentDoors:
    """Proposals, agreements and what was drawn from them."""

    store: Store
