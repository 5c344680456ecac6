"""Proof: who should have been told, by which message, and what became of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.notifications.doors.post_room import Post
from services.notifications.handlers import telling
from services.notifications.queries import proof
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store

FURTHEST_AHEAD = 366
"""For how many days ahead it can be asked who was not told."""


class ProofDoors:
    """Proof: who should have been told, by which message, and what became of it."""

    store: Store
    post_room: Post

    @operation
    def session_proof(self, run: str, session: int | None = None) -> dict[str, Any]:
        """Give, for each session of a run or those of one number, who was told of it, by what, and who was not."""
        _session_number(session)
        with self.store.database.reading() as connection:
            return proof.session_proof(connection, str(_id(run)), session)

    @operation
    def list_not_told(self, days: int = 28, limit: int = 200, waiting: bool = False) -> list[dict[str, Any]]:
        """List who does not know, or perhaps not, of a session of the next days, and enquirers without an answer.

        With `waiting`, also whoever is to be told by a letter that still waits.
        """
        _whole_number(days, "days", 1, FURTHEST_AHEAD)
        with self.store.database.reading() as connection:
            return proof.list_not_told(connection, self.store.clock(), days, page_size(limit), waiting=bool(waiting))

    @change
    def note_told(
        self,
        recipient: str,
        way: str,
        run: str | None = None,
        session: int | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Note that somebody was told by phone, on paper or in person: of a run as it is now, or of their letters."""
        _session_number(session)
        of_run = None if run is None else _id(run)
        domain = self.post_room.mail_domain
        with self.store.work() as work:
            told = telling.note_told(
                work, str(recipient), of_run, session, str(way), actor=actor or "unnamed", mail_domain=domain
            )
            noted = [{"message": str(each.id), "about": each.subject_ref} for each in told]
            return work.answer({"recipient": str(recipient), "why": told[0].why, "noted": noted})


def _id(run: object) -> UUID:
    try:
        return UUID(str(run))
    except ValueError:
        why = "run must be the id of a run, as keytalk runs list shows it."
        raise Refused("invalid", why, {"run": [why]}) from None


def _session_number(given: object) -> None:
    if given is not None:
        _whole_number(given, "session", 1, 1000)


def _whole_number(given: object, name: str, least: int, most: int) -> None:
    if type(given) is not int or not least <= given <= most:
        why = f"{name} must be a whole number from {least} to {most}."
        raise Refused("invalid", why, {name: [why]})
