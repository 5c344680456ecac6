"""How people wish to be written to."""

from __future__ import annotations

from services.notifications.doors.post_room import Post
from shared.persistence.work import Store


class PreferenceDoors:
    """How people wish to be written to."""

    store: Store
    post_room: Post
