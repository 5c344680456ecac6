"""Finds the person behind a recipient, by asking the service that owns them at the moment of sending."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from services.notifications.channels.base import Attachment
from services.notifications.domain.alerts import is_to_the_team
from services.notifications.domain.holding_back import (
    ERASED,
    is_nobodys,
    why_no_longer_needed,
    why_not_written_to,
)
from services.notifications.domain.kit_lists import kit_told, why_no_kit_list
from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import OPS
from services.notifications.domain.reminder_rules import KIT_LIST_LETTER
from services.notifications.domain.statements import REMINDERS
from services.notifications.handlers.places import REPORT_MINUTES
from services.notifications.sending.composing import Person, Unreachable
from services.notifications.sending.wording import minutes_earlier
from shared.errors import Refused

BRIEF = "session_brief_facilitator"
_STANDING_MEMOS = frozenset({"sent", "approved"})

Call = Callable[..., Any]
"""Calls another service: `call("enquiries", "get_enquiry", reference=...)`."""


NationOf = Callable[[str | None], str | None]
"""Gives the nation of an establishment by its id, or None where that is not known."""

MinutesAt = Callable[[str | None], int]
"""Gives how many minutes before a session one reports at the gate of an establishment."""


class ServiceDirectory:
    """Asks enquiries about enquirers and scheduling about facilitators. Keeps nothing."""

    def __init__(
        self,
        call: Call,
        ops_mailbox: str,
        nation_of: NationOf = lambda _establishment: None,
        report_minutes_at: MinutesAt = lambda _establishment: REPORT_MINUTES,
    ) -> None:
        self._call = call
        self._ops_mailbox = ops_mailbox
        self._nation_of = nation_of
        self._report_minutes_at = report_minutes_at

    def look_up(self, message: Message) -> Person:
        """Give the person and the facts that only their owner holds.

        Raises `Refused`: with the reason where the message is not to go out as things stand now.
        """
        kind, _colon, key = message.recipient.partition(":")
        if kind == "facilitator":
            person = self._call("scheduling", "get_facilitator", facilitator=key)
            if is_nobodys(person["email"]):
                raise Unreachable("refused", ERASED)
            facts = {"name": person["name"], **self._offered(message), **self._at_the_gate(message)}
            facts |= self._papers_of_the_brief(message)
            return Person(person["email"], facts, id=message.recipient)
        if kind == OPS:
            return Person(self._ops_mailbox, self._for_ops(message), id=OPS)
        if kind == "enquirer":
            return self._enquirer(message, self._call("enquiries", "get_enquiry", reference=key))
        if is_to_the_team(message.recipient):
            self._see_whether_needed(message)
            return Person(message.recipient, {})
        raise Refused("not_found", f"Nobody is known as {kind}.")

    def _see_whether_needed(self, message: Message) -> None:
        reference = message.facts.get("reference")
        if reference is not None:
            enquiry = self._call("enquiries", "get_enquiry", reference=reference)
            _refuse(why_no_longer_needed(message.template, enquiry))

    def _for_ops(self, message: Message) -> dict[str, Any]:
        if message.template == "quarantine_digest_ops":
            return {"waiting": self._suspects()}
        told = self._about_whom(message)
        reference = message.facts.get("reference")
        if reference is None:
            return told
        enquiry = self._call("enquiries", "get_enquiry", reference=reference)
        _refuse(why_no_longer_needed(message.template, enquiry))
        return {"owner": enquiry.get("owner"), **_asked(message, enquiry), **told}

    def _about_whom(self, message: Message) -> dict[str, Any]:
        """Name the facilitator whom a message to the ops team is about, where it is about one."""
        person = message.facts.get("facilitator")
        if person is None:
            return {}
        return {"facilitator_name": self._call("scheduling", "get_facilitator", facilitator=person)["name"]}

    def _offered(self, message: Message) -> dict[str, Any]:
        """Ask for what an offer says as it goes out, its link among it; one that is no longer open is refused there."""
        if message.template != "offer_made_facilitator":
            return {}
        letter = self._call("scheduling", "get_offer_letter", offer=message.facts["offer"])
        return {name: letter[name] for name in ("link", "sessions", "answer_by", "role")}

    def _at_the_gate(self, message: Message) -> dict[str, Any]:
        """Say when one reports at the gate, as the place asks for it now."""
        session = message.facts.get("session") if message.template in REMINDERS else None
        if session is None:
            return {}
        minutes = self._report_minutes_at(message.facts.get("place"))
        return {"report_minutes": minutes, "arrive_by": minutes_earlier(session["start"], minutes)}

    def _papers_of_the_brief(self, message: Message) -> dict[str, Any]:
        """Say whether the prison has approved a gate memo: the brief speaks of one only where there is one."""
        if message.template != BRIEF:
            return {}
        memos = self._call("scheduling", "list_memos", run=message.facts["run"], state="approved", limit=1)
        return {"has_memo": bool(memos)}

    def _suspects(self) -> int:
        waiting = int(self._call("enquiries", "count_quarantine")["waiting"])
        _refuse(None if waiting else "Nobody waits in quarantine any more.")
        return waiting

    def _enquirer(self, message: Message, enquiry: Mapping[str, Any]) -> Person:
        _refuse(why_no_longer_needed(message.template, enquiry))
        if (why := why_not_written_to(enquiry)) is not None:
            raise Unreachable("refused", why)
        contact = enquiry["contact"]
        facts = {"name": contact["name"], **_asked(message, enquiry), **self._words(message)}
        facts |= self._at_the_gate(message)
        known = contact.get("id")
        return Person(
            contact["email"],
            facts,
            self._papers(message),
            id=f"contact:{known}" if known else message.recipient,
            nation=self._nation_of(enquiry.get("establishment_id")),
        )

    def _papers(self, message: Message) -> tuple[Attachment, ...]:
        """Ask for the gate memo as it goes out: it names people. One that no longer holds by then is not sent."""
        if message.template != "gate_memo_sent_contact":
            return ()
        letter = self._call("scheduling", "get_memo_letter", memo=message.facts["memo"])
        _refuse(None if letter["state"] in _STANDING_MEMOS else "Something it says has changed meanwhile.")
        return (Attachment(letter["name"], "application/pdf", base64.b64decode(letter["pdf"])),)

    def _words(self, message: Message) -> dict[str, Any]:
        """Ask for what is only said once it goes out: an operator's reply, a proposal's link, a kit list."""
        if message.template == "reply_written":
            return {"words": self._call("enquiries", "get_reply", entry_id=message.facts["entry"])["words"]}
        if message.template == "proposal_sent":
            letter = self._call("enquiries", "get_proposal_letter", proposal_id=message.facts["proposal"])
            return {name: letter[name] for name in ("link", "valid_until", "total", "programme")}
        return self._kit(message) if message.template == KIT_LIST_LETTER else {}

    def _kit(self, message: Message) -> dict[str, Any]:
        """Ask what the run brings in, and how that stands with the prison. No list goes out that has nothing on it."""
        told = kit_told(self._call("scheduling", "get_kit_list", run=message.facts["run"])["items"])
        _refuse(why_no_kit_list(told))
        return told


def _refuse(why: str | None) -> None:
    if why is not None:
        raise Refused("refused", why)


def _asked(message: Message, enquiry: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the enquirer asked for, in words, and where as the register calls it; a run has facts of its own."""
    if "reference" not in message.facts:
        return {}
    where = enquiry.get("establishment_name") or enquiry["establishment"]
    asked = {"programme": enquiry["programme_name"], "establishment": where}
    if message.template.startswith("enquiry_received"):
        asked |= {"group_size": enquiry["group_size"], "preferred_start": enquiry["preferred_start"]}
    return asked
