"""What is to be done, by whom and by when."""

from __future__ import annotations

from shared.persistence.work import Store


class TaskDoors:
    """What is to be done, by whom and by when."""

    store: Store
