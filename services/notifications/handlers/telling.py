"""Noting that an operator told somebody in another way than by mail: on the phone, on paper, or face to face.

A row of the ledger stands for it, as for a letter, so that the proof has it. Nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.notifications.domain.messages import SENT_AGAIN, Message, MessageState
from services.notifications.domain.occasions import Drafting, draft
from services.notifications.domain.proof import RunProof
from services.notifications.domain.statements import TELLS_DATES, TOLD_BY_HAND
from services.notifications.handlers.entering import enter
from services.notifications.handlers.settling import about_of, session_of, tell_accepted
from services.notifications.queries.lost_digests import WHOLE_RUN, left_to, session_ids
from services.notifications.queries.proof import letters_not_through, proof_if_told, proof_of
from services.notifications.tables import message_of, messages
from shared.errors import Refused
from shared.persistence.work import UnitOfWork

WAYS = {"phone": "by phone", "paper": "on paper", "in_person": "face to face"}
LETTERS_OF = timedelta(days=366)
"""How far back letters to an enquirer count that did not get through."""


def note_told(
    work: UnitOfWork, recipient: str, run: UUID | None, session: int | None, way: str, *, actor: str, mail_domain: str
) -> list[Message]:
    """Note that somebody was told, and give the rows that stand for it.

    With a `run`, of what is true now of its sessions, or of those with one number; without, an enquirer of what their
    letters said that did not get through, and the reader of digests of what these told in vain.

    Raises `Refused`: "invalid", "not_found", or "refused" where nothing is left to be told.
    """
    if way not in WAYS:
        why = f"Say how they were told: {', '.join(WAYS)}."
        raise Refused("invalid", why, {"way": [why]})
    drafting = Drafting(work.new_id, mail_domain)
    if run is None:
        told = _enter(work, _instead_of_letters(work, recipient, drafting), _how(way, actor))
        told += _enter(work, _instead_of_digests(work, recipient, drafting), _how(way, actor))
    else:
        told = _enter(work, [_of_sessions(work, recipient, str(run), session, drafting)], _how(way, actor))
    if not told:
        raise Refused(
            "refused", f"Every letter to {recipient} got through or is still to go out: nothing is to be noted."
        )
    unsettled = [] if run is None else _not_through(work, recipient, str(run), session)
    for each in told:
        tell_accepted(work, each, unsettled)
    return told


def _enter(work: UnitOfWork, rows: Iterable[Message], how: str) -> list[Message]:
    told = [replace(row, state=MessageState.ACCEPTED, accepted_at=work.now, why=how) for row in rows]
    enter(work, told)
    return told


def _not_through(work: UnitOfWork, recipient: str, run: str, session: int | None) -> list[UUID]:
    """Give the messages to somebody about a run, or about its sessions with one number, that did not get through."""
    theirs = (messages.c.recipient == recipient) & (messages.c.subject_ref == f"run:{run}")
    lost = messages.c.state.in_([state.value for state in SENT_AGAIN])
    found = map(message_of, work.connection.execute(select(messages).where(theirs, lost)))
    return [each.id for each in found if session in {None, session_of(each)[0]}]


def _of_sessions(work: UnitOfWork, recipient: str, run: str, session: int | None, drafting: Drafting) -> Message:
    proof = proof_of(work.connection, run, session)
    says = _true_for(recipient, proof)
    if not says:
        why = f"{recipient} has no part in it. `keytalk messages proof {run} --json` has everyone who has."
        raise Refused("not_found", why, {"recipient": [why]})
    return draft(
        drafting,
        recipient=recipient,
        occasion=f"{TOLD_BY_HAND}:{work.new_id()}",
        version=proof.run.version,
        template=TOLD_BY_HAND,
        subject_ref=f"run:{run}",
        due_at=work.now,
        facts={**proof.run.summary(), "says": says, WHOLE_RUN: session is None},
    )


def _true_for(recipient: str, proof: RunProof) -> dict[str, Any]:
    """Give what is true now of each session for one who takes part: None where it is not theirs, or not at all."""
    return {
        each.session.id: person.expected.session.to_plain() if person.expected.session else None
        for each in proof.sessions
        for person in each.people
        if person.recipient == recipient
    }


def _instead_of_letters(work: UnitOfWork, recipient: str, drafting: Drafting) -> Iterator[Message]:
    for each in letters_not_through(work.connection, work.now - LETTERS_OF, recipient):
        yield replace(
            draft(
                drafting,
                recipient=recipient,
                occasion=f"{TOLD_BY_HAND}:{work.new_id()}",
                template=TOLD_BY_HAND,
                subject_ref=each.message.subject_ref,
                due_at=work.now,
                facts={},
            ),
            resend_of=each.last.id,
        )


def _instead_of_digests(work: UnitOfWork, recipient: str, drafting: Drafting) -> Iterator[Message]:
    """Stand for each message that somebody's lost digests told: of dates for what is true of them now."""
    for part in left_to(work.connection, recipient):
        proof = proof_if_told(work.connection, part.subject_ref.partition(":")[2])
        said = session_ids(part) if part.template in TELLS_DATES else frozenset()
        true = _true_for(part.recipient, proof) if proof else {}
        row = draft(
            drafting,
            recipient=part.recipient,
            occasion=f"{TOLD_BY_HAND}:{work.new_id()}",
            version=proof.run.version if proof else 1,
            template=TOLD_BY_HAND,
            subject_ref=part.subject_ref,
            due_at=work.now,
            facts={"enquiry": about_of(part), "says": {id_: now for id_, now in true.items() if id_ in said}},
        )
        yield replace(row, resend_of=part.id)


def _how(way: str, actor: str) -> str:
    return f"Told {WAYS[way]}, {actor} says."
