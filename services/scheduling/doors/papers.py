"""Gate memos and kit."""

from __future__ import annotations

from shared.persistence.work import Store


class PaperDoors:
    """Gate memos and kit."""

    store: Store
