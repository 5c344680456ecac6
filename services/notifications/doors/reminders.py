"""The rules of reminders, and what a change of them, or of a run, would send."""

from __future__ import annotations

from services.notifications.doors.post_room import Post
from shared.persistence.work import Store


class ReminderDoors:
    """The rules of reminders, and what a change of them, or of a run, would send."""

    store: Store
    post_room: Post
