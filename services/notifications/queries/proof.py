"""Proof, read from the ledger: what each person was told of each session, and who was not told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Text, bindparam, case, cast, func, select, true

from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.heard import PERHAPS, REACHED, Letter
from services.notifications.domain.holding_back import unreachable
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import enquirer, facilitator
from services.notifications.domain.proof import (
    ENQUIRY_LETTERS,
    LetterProof,
    PersonProof,
    RunProof,
    SessionProof,
    Verdict,
    prove,
    prove_letter,
)
from services.notifications.domain.statements import CHANGES, CONFIRMATIONS, REMINDERS, TELLS_ALL, TOLD_BY_HAND, Said
from services.notifications.tables import message_of, messages
from shared.errors import Refused

LONGEST_RUN = timedelta(days=550)
"""How long before a session the last letter about its run may have been due: a run that was confirmed a year before it
begins, and lasts half a year."""
AT_ONCE = 200
"""How many runs are read at a time."""


def session_proof(connection: Connection, run: str, session: int | None) -> dict[str, Any]:
    """Give who should have been told of each session of a run, or of those with one number, and what became of it.

    Raises `Refused("not_found")` where the ledger knows no such run, or the run no such session.
    """
    proof = proof_of(connection, run, session)
    return {**_run_plain(proof.run), "sessions": [_session_plain(each) for each in proof.sessions]}


def proof_of(connection: Connection, run: str, session: int | None) -> RunProof:
    """Give the proof of a run, or of its sessions with one number. Raises as `session_proof`."""
    proof = proof_if_told(connection, run)
    if proof is None:
        why = f"Nobody was told of a run {run} yet. People are told once a run is confirmed."
        raise Refused("not_found", why, {"run": [why]})
    sessions = tuple(each for each in proof.sessions if session is None or each.session.number == session)
    if not sessions:
        why = f"This run has no session {session}. Leave it out to see them all."
        raise Refused("not_found", why, {"session": [why]})
    return replace(proof, sessions=sessions)


def proof_if_told(connection: Connection, run: str) -> RunProof | None:
    """Give the proof of a run, or None where nobody was told of it yet."""
    letters = _letters(connection, messages.c.subject_ref == f"run:{run}")
    return prove(letters, _digests(connection, letters))


def letters_not_through(connection: Connection, since: datetime, recipient: str | None = None) -> list[LetterProof]:
    """Give the letters to enquirers, or to one, that were due `since` and of which somebody has to see to it."""
    went_wrong = messages.c.state.in_([state.value for state in MessageState if state not in _SETTLED])
    # What a digest told is in the state of something withdrawn, whatever became of the digest.
    wrong = went_wrong | messages.c.told_in.is_not(None)
    theirs = messages.c.recipient == recipient if recipient else true()
    letters = _letters(connection, _one_of(ENQUIRY_LETTERS) & (messages.c.due_at >= since) & wrong & theirs)
    again, digests = _sent_again(connection, letters), _digests(connection, letters)
    proofs = (
        prove_letter(each, digests.get(each.told_in) if each.told_in else None, again.get(each.id, ()))
        for each in letters
        if each.resend_of is None
    )
    return [each for each in proofs if each is not None and each.verdict.is_a_gap]


def list_not_told(
    connection: Connection, now: datetime, days: int, limit: int, *, waiting: bool = False
) -> list[dict[str, Any]]:
    """List who was not told, or perhaps not: the soonest first.

    That is people who do not know of a session within `days` from `now` what is true of it; and enquirers whose
    acknowledgement, reply or other letter of the last `days` did not get through, by when it was due. With `waiting`,
    whoever is to be told by a letter that still waits comes after those: `next_attempt_at` says when it is tried next,
    `attempts` how often it was in vain, and `why`.
    """
    since, until = now - timedelta(days=days), now + timedelta(days=days)
    found = [
        *_sessions_not_told(connection, now, until, waiting=waiting),
        *map(_enquirer_plain, letters_not_through(connection, since)),
        *(map(_waiting_plain, _letters_waiting(connection, since)) if waiting else ()),
    ]
    to_be_told = Verdict.TO_BE_TOLD.value
    return sorted(found, key=lambda each: (each["verdict"] == to_be_told, each["at"], each["recipient"]))[:limit]


def _letters_waiting(connection: Connection, since: datetime) -> list[Message]:
    """Give the letters to enquirers that were due `since` or are due later, and still wait."""
    waits = messages.c.state == MessageState.SCHEDULED.value
    return _letters(connection, _one_of(ENQUIRY_LETTERS) & (messages.c.due_at >= since) & waits)


def _sessions_not_told(
    connection: Connection, now: datetime, until: datetime, *, waiting: bool
) -> Iterator[dict[str, Any]]:
    between = _runs_between(connection, now, until)
    told = _plainly_told(connection, between)
    runs = [run for run in between if run not in told]
    for start in range(0, len(runs), AT_ONCE):
        of_run: dict[str, list[Message]] = {}
        theirs = messages.c.subject_ref.in_(runs[start : start + AT_ONCE])
        for row in connection.execute(select(messages).where(theirs, _bears_on_proof())):
            of_run.setdefault(row.subject_ref, []).append(message_of(row))
        digests = _digests(connection, (each for letters in of_run.values() for each in letters))
        for letters in of_run.values():
            proof = prove(letters, digests)
            if proof is not None:
                yield from _gaps(proof, now, until, waiting=waiting)


def _runs_between(connection: Connection, now: datetime, until: datetime) -> dict[str, Mapping[str, Any]]:
    """Give the runs of which any letter to the contact has a session between two moments, give or take a day.

    Each comes with the facts of such a letter.
    """
    first, last = now.date().isoformat(), (until + timedelta(days=1)).date().isoformat()
    months = {(now + timedelta(days=each)).strftime("%Y-%m") for each in range((until - now).days + 2)}
    # To look for dates among facts as they are stored takes a fraction of reading all of them as JSON.
    a_date = re.compile(rf'"date"\s*:\s*"((?:{"|".join(sorted(months))})-\d\d)"')
    query = select(messages.c.subject_ref, cast(messages.c.facts, Text)).where(
        _one_of(TELLS_ALL), messages.c.due_at >= now - LONGEST_RUN
    )
    near = (
        (subject_ref, json.loads(text))
        for subject_ref, text in connection.execute(query)
        if any(first <= on <= last for on in a_date.findall(text))
    )
    return {
        subject_ref: facts
        for subject_ref, facts in near
        if any(first <= each["date"] <= last for each in (*facts["sessions"], *facts.get("cancelled", ())))
    }


def _plainly_told(connection: Connection, runs: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Give the runs that need no closer look, which takes long: there is nobody of them who does not know.

    Those are the ones of which there is nothing but one confirmation to each who takes part, which reached them; only
    reminders followed, to the same people. Reminders say of such a run what its confirmation says.
    """
    is_confirmation, is_reminder = messages.c.template.in_(CONFIRMATIONS), messages.c.template.in_(REMINDERS)
    reached = messages.c.state.in_([state.value for state in REACHED])
    good = is_confirmation & reached & messages.c.told_in.is_(None)
    # To count distinct people the database would sort each group.
    several = func.min(messages.c.person) != func.max(messages.c.person)
    counts = (_count_where(good), _count_where(~good & ~is_reminder), several)
    named = (messages.c.subject_ref, messages.c.recipient)
    told: dict[str, set[str]] = {run: set() for run in runs}
    unclear: set[str] = set()
    subjects = list(runs)
    for start in range(0, len(subjects), AT_ONCE):
        theirs = messages.c.subject_ref.in_(subjects[start : start + AT_ONCE])
        query = select(*named, *counts).where(theirs, _bears_on_proof()).group_by(*named)
        for run, recipient, confirmed, others, went_to_several in connection.execute(query):
            told[run].add(recipient)
            if confirmed != 1 or others or went_to_several:
                unclear.add(run)
    return {run for run, facts in runs.items() if run not in unclear and told[run] == _everybody(facts)}


def _count_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _everybody(facts: Mapping[str, Any]) -> set[str]:
    """Name everybody who takes part in a run, as recipients."""
    all_of_them = facts["facilitators"]
    teams = (all_of_them if each.get("facilitators") is None else each["facilitators"] for each in facts["sessions"])
    return {enquirer(facts["enquiry"]), *(facilitator(str(person)) for team in teams for person in team)}


def _bears_on_proof() -> ColumnElement[bool]:
    """Leave out what says nothing of dates, and the many reminders that nobody has had."""
    is_reminder = messages.c.template.in_(REMINDERS)
    may_be_out = messages.c.state.in_([state.value for state in REACHED | PERHAPS]) | messages.c.told_in.is_not(None)
    return messages.c.template.in_((*CONFIRMATIONS, *CHANGES, TOLD_BY_HAND)) | (is_reminder & may_be_out)


def _gaps(proof: RunProof, now: datetime, until: datetime, *, waiting: bool) -> Iterator[dict[str, Any]]:
    for session in proof.sessions:
        for person in session.people:
            ahead = [moment for moment in person.moments(session.session) if now < moment <= until]
            wanted = person.verdict.is_a_gap or (waiting and person.verdict is Verdict.TO_BE_TOLD)
            if wanted and ahead:
                yield {
                    "at": min(ahead).isoformat(),
                    **_run_plain(proof.run),
                    "session": _session_words(session),
                    **_person_plain(person),
                }


_SETTLED = REACHED | {MessageState.SCHEDULED, MessageState.SENDING, MessageState.SUPERSEDED}
"""Where nothing went wrong with the letter itself."""


def _letters(connection: Connection, which: ColumnElement[bool]) -> list[Message]:
    return [message_of(row) for row in connection.execute(select(messages).where(which))]


def _one_of(templates: Sequence[str]) -> ColumnElement[bool]:
    # Written into the statement: an index of some templates only serves a query that is seen to ask for these.
    return messages.c.template.in_(bindparam("templates", templates, expanding=True, literal_execute=True))


def _digests(connection: Connection, letters: Iterable[Message]) -> dict[UUID, Message]:
    """Give the digests that told any of these letters, by their ids."""
    ids = {each.told_in for each in letters if each.told_in is not None}
    rows = connection.execute(select(messages).where(messages.c.id.in_(ids))) if ids else ()
    return {digest.id: digest for digest in map(message_of, rows)}


def _sent_again(connection: Connection, originals: Sequence[Message]) -> dict[UUID, list[Message]]:
    """Give, by the id of each message, those that were sent again in its place, however often."""
    recipients = {each.recipient for each in originals}
    if not recipients:
        return {}
    again = messages.c.recipient.in_(recipients) & messages.c.resend_of.is_not(None)
    of_which = {each.id: each.id for each in originals}
    found: dict[UUID, list[Message]] = {}
    rows = connection.execute(select(messages).where(again).order_by(messages.c.due_at, messages.c.id))
    for message in map(message_of, rows):
        first = of_which.get(message.resend_of) if message.resend_of else None
        if first is not None:
            of_which[message.id] = first
            found.setdefault(first, []).append(message)
    return found


def _run_plain(run: RunFacts) -> dict[str, Any]:
    return {
        "run": run.run,
        "enquiry": run.enquiry,
        "establishment": run.establishment,
        "programme": run.programme,
        "version": run.version,
    }


def _session_plain(proof: SessionProof) -> dict[str, Any]:
    people = [
        {**_person_plain(each), "messages": [_letter_plain(letter) for letter in each.letters]} for each in proof.people
    ]
    return {**_session_words(proof), "people": people}


def _session_words(proof: SessionProof) -> dict[str, Any]:
    session = proof.session
    return {"id": session.id, "number": session.number, **_when(session), "takes_place": proof.takes_place}


def _person_plain(person: PersonProof) -> dict[str, Any]:
    return {
        "recipient": person.recipient,
        "is_awaited": person.expected.session is not None,
        "verdict": person.verdict.value,
        "why": person.why,
        "may_believe": [_said_plain(each) for each in person.believes],
        "message": str(person.to_say_it.id) if person.to_say_it else None,
        "can_do": _can_do(person.verdict, person.to_say_it, can_resend=person.can_resend),
        **_how_it_waits(person),
    }


def _how_it_waits(person: PersonProof) -> dict[str, Any]:
    """Say which letter is to tell somebody, when it is tried next, and what came of it so far; nothing elsewhere."""
    if person.verdict is not Verdict.TO_BE_TOLD:
        return {}
    fitting = (each for each in person.letters if each.waits and not each.is_reminder)
    letter = next((each for each in fitting if each.said.agrees_with(person.expected)), None)
    return _waits(letter.carrier) if letter is not None else {}


def _waits(message: Message) -> dict[str, Any]:
    return {
        "message": str(message.id),
        "why": message.why,
        "attempts": message.attempts,
        "next_attempt_at": _next_attempt(message),
    }


def _waiting_plain(message: Message) -> dict[str, Any]:
    return {
        "at": message.due_at.isoformat(),
        "enquiry": message.subject_ref.partition(":")[2],
        "session": None,
        "recipient": message.recipient,
        "template": message.template,
        "verdict": Verdict.TO_BE_TOLD.value,
        "can_do": [],
        **_waits(message),
    }


def _enquirer_plain(proof: LetterProof) -> dict[str, Any]:
    return {
        "at": proof.message.due_at.isoformat(),
        "enquiry": proof.message.subject_ref.partition(":")[2],
        "session": None,
        "recipient": proof.message.recipient,
        "template": proof.message.template,
        "verdict": proof.verdict.value,
        "why": proof.why,
        "message": str(proof.last.id),
        "can_do": _can_do(proof.verdict, proof.last, can_resend=True),
    }


def _letter_plain(letter: Letter) -> dict[str, Any]:
    message, carrier = letter.message, letter.carrier
    return {
        "id": str(message.id),
        "template": message.template,
        "occasion": message.occasion,
        "version": message.version,
        "says": _said_plain(letter.said),
        "state": carrier.state.value,
        "why": carrier.why,
        "at": letter.at.isoformat(),
        "next_attempt_at": _next_attempt(carrier),
        "is_reminder": letter.is_reminder,
        "sent_to": carrier.person,
        "told_in": str(message.told_in) if message.told_in else None,
        "resend_of": str(message.resend_of) if message.resend_of else None,
    }


def _next_attempt(message: Message) -> str | None:
    return message.next_attempt_at.isoformat() if message.state is MessageState.SCHEDULED else None


def _said_plain(said: Said) -> dict[str, Any] | None:
    return None if said.session is None else _when(said.session)


def _when(session: SessionFacts) -> dict[str, Any]:
    return {name: value for name, value in session.to_plain().items() if name in {"date", "start", "end", "zone"}}


PUT_RIGHT = "put the address right, then resend"
"""What may help where the address itself turned the message down."""


def _can_do(verdict: Verdict, last: Message | None, *, can_resend: bool) -> list[str]:
    """Say what may help, the likeliest first: where it may have arrived, to ask them."""
    if not verdict.is_a_gap:
        return []
    ways = [PUT_RIGHT if last is not None and _turned_down(last) else "resend", "ring"] if can_resend else ["ring"]
    return ways if verdict is Verdict.NOT_TOLD else ways[::-1]


def _turned_down(message: Message) -> bool:
    """Say whether its address is known not to take mail, so that to send it again as it is would be in vain."""
    return message.state is MessageState.BOUNCED or message.why == unreachable("bounced")
