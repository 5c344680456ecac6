"""What is held on a person, and what is forgotten in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.notifications.doors.post_room import Post
from services.notifications.handlers import answers, erasing
from shared.doors.jobs import runs
from shared.doors.rpc import Caller, operation
from shared.messaging.jobs import daily
from shared.persistence.work import Store


class UpkeepDoors:
    """Privacy and upkeep."""

    store: Store
    post_room: Post
    others: Caller

    @operation
    def export_person(
        self, references: list[str], person_ids: list[str] | None = None, emails: list[str] | None = None
    ) -> dict[str, Any]:
        """Give what is held on the sender of enquiries: messages, mail kept here, preferences, suppressions."""
        with self.store.database.reading() as connection:
            return erasing.held_on(connection, self.post_room.sender.channel, references, person_ids or ())

    @runs(erasing.FORGET_FACILITATORS, every=daily(2))
    def forget_erased_facilitators(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Let go of what is kept of facilitators who were erased."""
        erasing.forget_erased_facilitators(self.store, self.others.call)

    @runs(erasing.REMOVE_MAIL)
    def remove_mail(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Remove the mail of erased people."""
        erasing.remove_mail(self.store, self.post_room.sender.channel, subjects)

    @runs(erasing.FORGET_OLD_MAIL, every=daily(2))
    def forget_old_mail(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Remove mail that has had its time, and what is known of mail that came back long ago."""
        answers.forget_old(self.store)
        erasing.forget_old_mail(self.store, self.post_room.sender.channel)
