"""What a letter says of the sessions of a run to its reader: when each takes place, or that it does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import Message
from services.notifications.domain.reminder_rules import SESSION_REMINDER

TELLS_ALL = ("run_confirmed_contact", "run_changed_contact")
"""The letters from which the run is known: their facts have all its sessions."""
CONFIRMATIONS = ("run_confirmed_contact", "run_confirmed_facilitator")
CHANGES = ("run_changed_contact", "run_changed_facilitator")
REMINDERS = (*SESSION_REMINDER.templates.values(), *SESSION_REMINDER.nearest.values())
"""The messages that say when a session takes place."""
TELLS_DATES = (*CONFIRMATIONS, *CHANGES, *REMINDERS)
"""All that says when a session takes place, or that it does not."""
TOLD_BY_HAND = "told_by_hand"
"""What stands for a template where an operator told somebody, by phone or on paper: no mail goes out."""
_TAKES_PLACE, _DOES_NOT = ("moved", "new", "regrouped"), ("cancelled", "lost")


@dataclass(frozen=True)
class Said:
    """What somebody hears of a session: `session` is None where it does not take place, or is not theirs to lead.

    A letter that says nothing of who leads, such as a reminder, has `tells_who` false.
    """

    session: SessionFacts | None
    tells_who: bool = True

    def agrees_with(self, other: Said) -> bool:
        """Say whether both have the same time, or none; and the same people to lead, where both tell who."""
        if self.session is None or other.session is None:
            return self.session is other.session
        return self.session.when == other.session.when and self._same_people(other)

    def _same_people(self, other: Said) -> bool:
        ours, theirs = (each.session.facilitators if each.session else None for each in (self, other))
        if not (self.tells_who and other.tells_who) or ours is None or theirs is None:
            return True
        return set(ours) == set(theirs)

    def starts_at(self) -> dt.datetime | None:
        """Give the moment it starts, in UTC; None where it does not take place."""
        return None if self.session is None else self.session.starts_at


GONE = Said(None)
"""It does not take place, or is not the reader's to lead."""


def said_by(message: Message) -> dict[str, Said]:
    """Give what a message says to its reader, by the ids of the sessions. A letter about something else says nothing.

    A confirmation to a facilitator says of those sessions that they lead. A letter about a change says only what it
    names, although its facts have the whole run.
    """
    if message.template in CONFIRMATIONS:
        return _takes_place(message.facts["sessions"], _leader(message.recipient))
    if message.template in CHANGES:
        told = (each for group in _TAKES_PLACE for each in message.facts[group])
        gone = (each for group in _DOES_NOT for each in message.facts[group])
        return _takes_place(told) | {str(each["id"]): GONE for each in gone}
    if message.template == TOLD_BY_HAND:
        said = ((id_, each and SessionFacts.from_plain(each)) for id_, each in message.facts["says"].items())
        return {id_: Said(session) if session else GONE for id_, session in said}
    if message.template in REMINDERS:
        session = SessionFacts.from_plain(message.facts["session"])
        return {session.id: Said(session, tells_who=False)}
    return {}


def newest_run(letters: Iterable[Message]) -> RunFacts | None:
    """Give the run as the newest letter to its contact has it; None where no letter is there.

    Counted is the version that is told of, whatever the number of the row: a letter that is sent again says no more
    than it did.
    """
    runs = (RunFacts.from_plain(letter.facts) for letter in letters if letter.template in TELLS_ALL)
    return max(runs, key=lambda run: run.version, default=None)


def sessions_ever(letters: Iterable[Message]) -> dict[str, SessionFacts]:
    """Give every session that any letter to the contact knew, each as the newest of them has it."""
    found: dict[str, SessionFacts] = {}
    knowing = (each for each in letters if each.template in TELLS_ALL)
    for letter in sorted(knowing, key=lambda each: int(each.facts["version"])):
        told = (*letter.facts["sessions"], *letter.facts.get("cancelled", ()))
        found |= {session.id: session for session in map(SessionFacts.from_plain, told)}
    return found


def _takes_place(sessions: Iterable[Mapping[str, Any]], person: str | None = None) -> dict[str, Said]:
    found = map(SessionFacts.from_plain, sessions)
    return {each.id: Said(each) for each in found if person is None or each.is_led_by(person)}


def _leader(recipient: str) -> str | None:
    kind, _colon, person = recipient.partition(":")
    return person if kind == "facilitator" else None
