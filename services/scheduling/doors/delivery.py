"""What became of sessions: delivered, who came, how it was."""

from __future__ import annotations

from shared.persistence.work import Store


class DeliveryDoors:
    """What became of sessions: delivered, who came, how it was."""

    store: Store
