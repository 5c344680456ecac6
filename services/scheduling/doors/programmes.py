"""Programmes and their versions."""

from __future__ import annotations

from shared.persistence.work import Store


class ProgrammeDoors:
    """Programmes and their versions."""

    store: Store
