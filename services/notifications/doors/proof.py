"""Proof: who should have been told, by which message, and what became of it."""

from __future__ import annotations

from services.notifications.doors.post_room import Post
from shared.persistence.work import Store


class ProofDoors:
    """Proof: who should have been told, by which message, and what became of it."""

    store: Store
    post_room: Post
