"""Proof that people know when they are awaited: for each session and person, what they were told and whether it holds.

What somebody knows of a session is the last of what reached them. A letter of which nobody can say whether it arrived
leaves two things that they may believe; both count, and what is not certain is no proof.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.heard import PERHAPS, REACHED, WAITS, About, Letter, believed_after, heard
from services.notifications.domain.holding_back import unreachable
from services.notifications.domain.messages import CAME_BACK, Message, MessageState
from services.notifications.domain.occasions import audience_of
from services.notifications.domain.statements import CHANGES, GONE, Said, newest_run, sessions_ever


class Verdict(StrEnum):
    """Whether somebody knows of a session what is true of it now.

    `to_be_told`: a letter that says so waits for its time. `in_doubt`: one may have arrived, and nobody can say.
    """

    TOLD = "told"
    TO_BE_TOLD = "to_be_told"
    IN_DOUBT = "in_doubt"
    NOT_TOLD = "not_told"

    @property
    def is_a_gap(self) -> bool:
        """Whether somebody has to see to it."""
        return self in {Verdict.IN_DOUBT, Verdict.NOT_TOLD}


S = MessageState

ENQUIRY_LETTERS = (
    "enquiry_received",
    "reply_written",
    "proposal_sent",
    "proposal_accepted",
    "proposal_declined",
    "proposal_withdrawn",
    "agreement_signed",
)
"""The letters that answer an enquirer, each of which somebody has to see to where it does not get through."""

_BECAME: Mapping[MessageState, str] = {
    S.FAILED: "could not be sent",
    S.BOUNCED: "came back",
    S.MISSED: "was not sent in time",
    S.SUPPRESSED: "was held back",
    S.SUPERSEDED: "was withdrawn",
    S.UNKNOWN: "may have arrived, and nobody can say whether it did",
}
NO_LETTER = "No letter says it to them."
ONLY_A_REMINDER = "No letter says it to them; a reminder is the first that will."
WENT_TO_ANOTHER = "The letter that says it went to somebody who is not the contact any more."
SAID_OTHERWISE_SINCE = "A later letter says otherwise."
PERHAPS_OTHERWISE = "A later letter, which says otherwise, may have arrived, and nobody can say whether it did."


@dataclass(frozen=True)
class PersonProof:
    """One person and one session: what holds for them, whether they know it, why not, and every letter about it.

    `believes` is what they may hold true instead; `to_say_it` the message that was to say it, where they do not know,
    and `can_resend` whether it can be sent again as it is.
    """

    recipient: str
    expected: Said
    verdict: Verdict
    why: str | None
    believes: tuple[Said, ...]
    letters: tuple[Letter, ...]
    to_say_it: Message | None = None
    can_resend: bool = False

    def moments(self, session: SessionFacts) -> Iterator[dt.datetime]:
        """Give when they are awaited, or would come in vain."""
        yield session.starts_at
        yield from (moment for each in self.believes if (moment := each.starts_at()) is not None)


@dataclass(frozen=True)
class SessionProof:
    """One session, as it is now or as it last was, and everyone who counts on it."""

    session: SessionFacts
    takes_place: bool
    people: tuple[PersonProof, ...]


@dataclass(frozen=True)
class RunProof:
    """A run as it is now, and its sessions with those that no longer take place: by number, then by date."""

    run: RunFacts
    sessions: tuple[SessionProof, ...]


@dataclass(frozen=True)
class LetterProof:
    """What became of one letter, whatever took it to its reader: `last` is the letter, or as it was last sent again."""

    message: Message
    last: Message
    verdict: Verdict
    why: str | None = None


@dataclass(frozen=True)
class _Known:
    """What the ledger has about a run: the run as it is now, and the letters to each person about each session.

    `changed_at` has, by recipient, the version of the newest letter about a change: an older one says too little now.
    """

    run: RunFacts
    heard: Mapping[About, tuple[Letter, ...]]
    changed_at: Mapping[str, int]


def prove(letters: Sequence[Message], digests: Mapping[UUID, Message]) -> RunProof | None:
    """Give the proof of a run; None where no letter to its contact is there.

    `letters` are all messages about the run, `digests` those that told one of them, by their ids.
    """
    run = newest_run(letters)
    if run is None:
        return None
    now = {session.id: session for session in run.sessions}
    known = _Known(run, heard(letters, digests), _changed_at(letters))
    sessions = sorted((sessions_ever(letters) | now).values(), key=lambda each: (each.number, each.date))
    proofs = (SessionProof(each, each.id in now, tuple(_people(known, each, each.id in now))) for each in sessions)
    return RunProof(run, tuple(proofs))


def prove_letter(message: Message, digest: Message | None, again: Sequence[Message]) -> LetterProof | None:
    """Give what became of a letter that stands alone, such as an acknowledgement; None where nobody is to be told.

    `digest` is that which told it, `again` what was sent again in its place. Withdrawn is what something else made
    needless; of somebody who was erased at their own request nobody is to be told anything.
    """
    tried = (message, *((digest,) if digest else ()), *again)
    # Of several that got as far, the last.
    carrier = max(reversed(tried), key=lambda each: _how_far(each.state))
    if carrier.state is S.SUPERSEDED or carrier.why == unreachable("erased"):
        return None
    last = again[-1] if again else message
    if carrier.state in REACHED:
        return LetterProof(message, last, Verdict.TOLD)
    if carrier.state in WAITS:
        return LetterProof(message, last, Verdict.TO_BE_TOLD)
    verdict = Verdict.IN_DOUBT if carrier.state in PERHAPS else Verdict.NOT_TOLD
    return LetterProof(message, last, verdict, _what_became_of("It", carrier))


def _changed_at(letters: Iterable[Message]) -> dict[str, int]:
    versions: dict[str, int] = {}
    for each in letters:
        if each.template in CHANGES:
            versions[each.recipient] = max(each.version, versions.get(each.recipient, 0))
    return versions


def _how_far(state: MessageState) -> int:
    return next((rank for rank, states in ((3, REACHED), (2, PERHAPS), (1, WAITS)) if state in states), 0)


def _people(known: _Known, session: SessionFacts, takes_place: bool) -> Iterator[PersonProof]:
    """Give everyone who is awaited at a session, then everyone who might come in vain."""
    awaited = [recipient for recipient, _audience in audience_of(known.run, session)] if takes_place else []
    for recipient in awaited:
        yield _proof(known, About(recipient, session.id), Said(session))
    others = (key for key in known.heard if key.session == session.id and key.recipient not in awaited)
    for key in others:
        letters = known.heard[key]
        if any(each.said != GONE and (each.reached or each.perhaps) for each in letters) or _counts_on_it(letters):
            yield _proof(known, key, GONE)


def _counts_on_it(letters: Iterable[Letter]) -> bool:
    """Say whether a letter was made to tell them that it is off: then they had heard of it, be it in an offer."""
    return any(each.said == GONE and each.carrier.state is not S.SUPERSEDED for each in letters)


def _proof(known: _Known, key: About, expected: Said) -> PersonProof:
    letters = known.heard.get(key, ())
    believed = believed_after(letters)
    nothing_is_right = expected == GONE and not _counts_on_it(letters)
    right = [nothing_is_right if each is None else each.agrees_with(expected) for each in believed]
    fitting = [each for each in letters if each.said.agrees_with(expected)]
    if all(right):
        verdict = Verdict.TOLD
    elif any(each.waits and not each.is_reminder for each in fitting):
        verdict = Verdict.TO_BE_TOLD
    else:
        verdict = Verdict.IN_DOUBT if any(right) else Verdict.NOT_TOLD
    wrong = tuple(each for each, fits in zip(believed, right, strict=True) if each is not None and not fits)
    proof = PersonProof(key.recipient, expected, verdict, None, wrong, letters)
    return _with_reason(proof, _last(fitting), known.changed_at.get(key.recipient, 0)) if verdict.is_a_gap else proof


def _with_reason(proof: PersonProof, last: Letter | None, changed_at: int) -> PersonProof:
    """Say why somebody does not know, and which message was to say it."""
    if last is None or last.waits:
        return replace(proof, why=NO_LETTER if last is None else ONLY_A_REMINDER)
    is_newest = last.is_reminder or last.message.version >= changed_at
    return replace(
        proof,
        why=_why(last, proof.verdict),
        to_say_it=last.message,
        can_resend=last.can_be_resent and is_newest,
    )


def _last(fitting: Sequence[Letter]) -> Letter | None:
    """Give the letter that was to say it: the newest, and a reminder only where there is nothing else."""

    def weight(letter: Letter) -> tuple[bool, bool, int, dt.datetime]:
        withdrawn = letter.carrier.state is S.SUPERSEDED
        return not letter.is_reminder, not withdrawn, letter.message.version, letter.at

    return max(fitting, key=weight, default=None)


def _why(last: Letter, verdict: Verdict) -> str:
    if last.reached:
        return PERHAPS_OTHERWISE if verdict is Verdict.IN_DOUBT else SAID_OTHERWISE_SINCE
    if last.for_another and last.carrier.state in REACHED:
        return WENT_TO_ANOTHER
    return _what_became_of("The letter that says it", last.carrier)


def _what_became_of(letter: str, carrier: Message) -> str:
    if carrier.why and carrier.why.startswith(CAME_BACK):
        return letter + carrier.why.removeprefix("It")
    became = f"{letter} {_BECAME[carrier.state]}"
    return f"{became}: {carrier.why}" if carrier.why else f"{became}."
