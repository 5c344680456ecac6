"""Talking with enquirers, and taking down what they ask by phone and on paper."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.enquiries.domain.pipeline import parse_side
from services.enquiries.domain.references import normalise_reference
from services.enquiries.doors.words import MOST, today, words_wanted
from services.enquiries.handlers import taking, talking
from services.enquiries.queries.talking import get_reply, turn_of
from services.enquiries.taken_schemas import parse_taken
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.persistence.work import Store, UnitOfWork


class TalkingDoors:
    """The doors to what is said. Each answer has the reference of the thread, the entry's id and whose turn it is."""

    store: Store

    @change
    def add_enquiry(self, answers: dict[str, Any], channel: str = "phone", actor: str | None = None) -> dict[str, Any]:
        """Take an enquiry for someone, by `phone` or on `paper`; gives its reference, to be read out."""
        clean = parse_taken(answers, channel, today(self.store))
        with self.store.work() as work:
            receipt = taking.take_enquiry(work, clean, channel=channel, actor=actor or "unnamed")
            return work.answer({"reference": receipt.reference, "received_at": receipt.received_at.isoformat()})

    @change
    def reply_to_enquiry(
        self, reference: str, words: str, sent: bool = False, actor: str | None = None
    ) -> dict[str, Any]:
        """Write to the enquirer, by mail from here, or `sent` already from somewhere else."""
        said = _said(words, self.store)
        with self.store.work() as work:
            entry_id = talking.reply(work, normalise_reference(reference), said, sent=sent, actor=actor or "unnamed")
            return _answer(work, entry_id)

    @operation
    def get_reply(self, entry_id: str) -> dict[str, Any]:
        """Give the words of a reply and whom they are for, to whoever sends them."""
        try:
            which = UUID(entry_id)
        except (ValueError, AttributeError, TypeError):
            raise Refused("not_found", "There is no such reply, or it was erased.") from None
        with self.store.database.reading() as connection:
            return get_reply(connection, which)

    @change
    def log_call(
        self,
        reference: str,
        words: str,
        answered: bool = True,
        waiting_on: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Record a call; `waiting_on` says whose turn it is after it, where that changed."""
        said, turn = _said(words, self.store), parse_side(waiting_on) if waiting_on else None
        with self.store.work() as work:
            entry_id = talking.log_call(
                work,
                normalise_reference(reference),
                said,
                answered=answered,
                waiting_on=turn,
                actor=actor or "unnamed",
            )
            return _answer(work, entry_id)

    @change
    def log_answer(self, reference: str, words: str, actor: str | None = None) -> dict[str, Any]:
        """Record what the other side has said: it is our turn now."""
        said = _said(words, self.store)
        with self.store.work() as work:
            entry_id = talking.log_answer(work, normalise_reference(reference), said, actor=actor or "unnamed")
            return _answer(work, entry_id)

    @change
    def add_note(self, reference: str, words: str, actor: str | None = None) -> dict[str, Any]:
        """Keep a note for ourselves."""
        said = _said(words, self.store)
        with self.store.work() as work:
            entry_id = talking.add_note(work, normalise_reference(reference), said, actor=actor or "unnamed")
            return _answer(work, entry_id)


def _said(words: str, store: Store) -> str:
    return words_wanted(words, "words", MOST, today(store))


def _answer(work: UnitOfWork, entry_id: UUID) -> dict[str, Any]:
    return work.answer(turn_of(work.connection, entry_id))
