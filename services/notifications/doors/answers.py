"""Answers from mail: bounces, delivery reports and replies, read from a mailbox."""

from __future__ import annotations

from services.notifications.doors.post_room import Post
from shared.persistence.work import Store


class AnswerDoors:
    """Answers from mail: bounces, delivery reports and replies, read from a mailbox."""

    store: Store
    post_room: Post
