"""What is held on a person: to give, to erase, and to let go of in time."""

from __future__ import annotations

from shared.persistence.work import Store


class PrivacyDoors:
    """What is held on a person: to give, to erase, and to let go of in time."""

    store: Store
