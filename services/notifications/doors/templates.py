"""The words of messages: versions, preview, lint."""

from __future__ import annotations

from services.notifications.doors.post_room import Post
from shared.persistence.work import Store


class TemplateDoors:
    """The words of messages: versions, preview, lint."""

    store: Store
    post_room: Post
