"""What people say to each other about an enquiry: our replies and calls, their answers, and our own notes.

A word of either side sets the clocks anew. What is said about an enquiry that was merged goes to the one it lies with:
either reference reaches the thread.
"""

from __future__ import annotations

from uuid import UUID

from services.enquiries.domain.people import ContactStatus
from services.enquiries.domain.pipeline import OPEN, Side, Stage
from services.enquiries.domain.playbooks import DONE_BY_A_CALL, DONE_BY_A_REPLY, DONE_BY_AN_ANSWER, REPLY
from services.enquiries.domain.timeline import Kind
from services.enquiries.handlers import history, pipeline, waiting
from services.enquiries.handlers.merging import root_of
from services.enquiries.handlers.tasks import add_task, close_tasks
from services.enquiries.queries.threads import contact_of
from shared.contracts.enquiries import ReplyWritten
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork

REPLY_WITHIN = 2
"""Working days in which an answer of the other side gets one of ours."""


def reply(work: UnitOfWork, reference: str, words: str, *, sent: bool, actor: str) -> UUID:
    """Write to the enquirer, and wait for them from now on; give the entry's id.

    It is sent by notifications, unless it was `sent` already from somewhere else. Raises `Refused`.
    """
    row = _thread(work, reference)
    if not sent:
        _refuse_without_address(work, row)
    entry_id = history.write(work, row.reference, Kind.REPLIED, actor=actor, words=words)
    _we_spoke(work, row, Side.PRISON)
    close_tasks(work, row.reference, DONE_BY_A_REPLY, outcome="Replied.", actor=actor)
    if not sent:
        written = ReplyWritten(reference=row.reference, entry_id=entry_id)
        work.record(written, subject=row.reference, sequence=history.next_version(work, row.reference))
    return entry_id


def log_call(
    work: UnitOfWork, reference: str, words: str, *, answered: bool, waiting_on: Side | None, actor: str
) -> UUID:
    """Record a call with the other side, and whose turn it is after it where that changed; give the entry's id.

    A call that nobody answered is kept, and is no word of ours: the clocks go on.
    """
    row = _thread(work, reference)
    how = "answered" if answered else "no_answer"
    entry_id = history.write(work, row.reference, Kind.CALLED, actor=actor, now=how, words=words)
    if answered:
        _we_spoke(work, row, waiting_on or Side(row.waiting_on))
        close_tasks(work, row.reference, DONE_BY_A_CALL, outcome="Spoken with.", actor=actor)
    elif waiting_on is not None:
        pipeline.wait_on(work, row.reference, waiting_on, actor=actor, reason=None)
    return entry_id


def log_answer(work: UnitOfWork, reference: str, words: str, *, actor: str) -> UUID:
    """Record what the other side has said: it is our turn, and a reply of ours is due; give the entry's id."""
    row = _thread(work, reference)
    entry_id = history.write(work, row.reference, Kind.ANSWERED, actor=actor, words=words)
    waiting.turn_to(work, row, Side.US, last_word_at=work.now)
    close_tasks(work, row.reference, DONE_BY_AN_ANSWER, outcome="They answered.", actor=actor)
    is_open = Stage(row.stage) in OPEN
    if row.first_reply_at is not None or not is_open:
        add_task(
            work,
            key=f"{row.reference}:answer:{entry_id}",
            kind=REPLY,
            title="Reply to what they said" if is_open else "They wrote after this was closed: reply, or open it again",
            due_on=waiting.working_day_ahead(work, row, REPLY_WITHIN),
            reference=row.reference,
            actor=actor,
        )
    return entry_id


def add_note(work: UnitOfWork, reference: str, words: str, *, actor: str) -> UUID:
    """Keep a note for ourselves; give the entry's id. It is nobody's word, so no clock minds it."""
    row = _thread(work, reference)
    return history.write(work, row.reference, Kind.NOTED, actor=actor, words=words)


def _thread(work: UnitOfWork, reference: str) -> AnyRow:
    """Give the enquiry in which a reference's talk goes on. Raises `Refused`: "not_found" or "refused"."""
    row = pipeline.in_the_pipeline(work, root_of(work.connection, reference))
    if row.erased_at is not None:
        raise Refused("refused", f"The person behind {row.reference} was erased: there is nobody to talk to any more.")
    return row


def _refuse_without_address(work: UnitOfWork, row: AnyRow) -> None:
    contact = contact_of(work.connection, row)
    if contact["email"] is None or contact["status"] != ContactStatus.ACTIVE.value:
        raise Refused(
            "refused",
            f"There is no email address that reaches the contact of {row.reference}. Ring them or write on paper, and "
            f"then record it: a call with `keytalk enquiries log-call {row.reference}`, a letter with "
            f"`keytalk enquiries reply {row.reference} --sent`.",
        )


def _we_spoke(work: UnitOfWork, row: AnyRow, turn: Side) -> None:
    """Note that a person of ours has spoken: the first time, that is the first reply."""
    waiting.turn_to(work, row, turn, first_reply_at=row.first_reply_at or work.now, last_word_at=work.now)
