"""What reached whom: the letters to each person about each session, in the order of time, and what they believe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from services.notifications.domain.messages import SENT_AGAIN, Message, MessageState
from services.notifications.domain.statements import REMINDERS, Said, said_by

S = MessageState

REACHED = frozenset({S.ACCEPTED, S.DELIVERED})
PERHAPS = frozenset({S.UNKNOWN, S.SENDING})
"""States in which it may be out already."""
WAITS = frozenset({S.SCHEDULED, S.SENDING})
"""States in which it is still to come, or on its way."""


@dataclass(frozen=True)
class Letter:
    """A message as it bears on one session: what it says of it, and what took it to its reader.

    `carrier` is the message itself, or the digest that told what it would have told.
    `for_another` is true where it went to somebody who was the contact then and is not now.
    """

    message: Message
    said: Said
    carrier: Message
    for_another: bool = False

    @property
    def reached(self) -> bool:
        """Whether a mail server took it, for whoever is its reader now."""
        return self.carrier.state in REACHED and not self.for_another

    @property
    def perhaps(self) -> bool:
        """Whether it may have reached its reader, and nobody can say."""
        return self.carrier.state in PERHAPS or (self.carrier.state in REACHED and self.for_another)

    @property
    def waits(self) -> bool:
        """Whether it is still to go out."""
        return self.carrier.state in WAITS

    @property
    def can_be_resent(self) -> bool:
        """Whether its state, or that of the digest which told it, lets an operator have it sent again."""
        return self.carrier.state in SENT_AGAIN and (self.carrier is self.message or self.carrier.state is not S.MISSED)

    @property
    def at(self) -> dt.datetime:
        """When it went out, or was tried, or is to be tried next."""
        return self.carrier.accepted_at or self.carrier.claimed_at or self.carrier.next_attempt_at

    @property
    def is_reminder(self) -> bool:
        """Whether it comes a few days before, and is no letter about the dates as such."""
        return self.message.template in REMINDERS

    def heard_after(self, believed: Sequence[Said | None]) -> tuple[Said | None, ...]:
        """Give what its reader believes after it: one that does not tell who leads leaves what was known of that."""
        same = tuple(each for each in believed if each is not None and each.agrees_with(self.said))
        return same if same and not self.said.tells_who else (self.said,)


class About(NamedTuple):
    """Whom letters are to, and which session they are about."""

    recipient: str
    session: str


def heard(letters: Iterable[Message], digests: Mapping[UUID, Message]) -> Mapping[About, tuple[Letter, ...]]:
    """Give all that was said, or is to be said, to each person of each session, in the order of time."""
    messages = list(letters)
    contacts = _contacts_now(messages)
    found: dict[About, list[Letter]] = {}
    for message in messages:
        carrier = _carrier(message, digests)
        moved_on = (message.person or carrier.person) in contacts.get(message.recipient, frozenset())
        for session, said in said_by(message).items():
            letter = Letter(message, said, carrier, for_another=moved_on)
            found.setdefault(About(message.recipient, session), []).append(letter)
    return {key: tuple(sorted(each, key=lambda one: (one.at, one.message.version))) for key, each in found.items()}


def believed_after(letters: Iterable[Letter]) -> tuple[Said | None, ...]:
    """Give what somebody may believe once all of it has come; None stands for having heard nothing."""
    believed: tuple[Said | None, ...] = (None,)
    for letter in letters:
        if letter.reached:
            believed = letter.heard_after(believed)
        elif letter.perhaps:
            believed = (*believed, *letter.heard_after(believed))
    return believed


def _contacts_now(messages: Iterable[Message]) -> dict[str, frozenset[str]]:
    """Give, by recipient, those who were the contact and are not any more: somebody else had a later message."""
    people: dict[str, list[str]] = {}
    for each in sorted(messages, key=lambda one: one.claimed_at or one.next_attempt_at):
        if each.person is not None and each.person.startswith("contact:"):
            people.setdefault(each.recipient, []).append(each.person)
    return {recipient: frozenset(known) - {known[-1]} for recipient, known in people.items()}


def _carrier(message: Message, digests: Mapping[UUID, Message]) -> Message:
    """Give what took a message to its reader: itself, or the digest that told it.

    Until the digest has come to its end, the message has its own state, and may yet be sent by itself.
    """
    if message.told_in is None or message.state is not S.SUPERSEDED:
        return message
    return digests.get(message.told_in, message)
