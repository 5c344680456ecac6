"""Why a message is not sent after all, as things stand at the moment of sending."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_GONE = {
    "left": "The contact has left. Once somebody else is named as the contact, messages go to them.",
    "bounced": "The contact's address turned a message down for good. Put the address right first (keytalk contacts "
    "change), or say that it is right after all (keytalk contacts back): then messages go out again.",
    "erased": "What was held on the contact was erased at their request.",
}
_CLOSED = frozenset({"declined", "withdrawn", "lapsed", "duplicate", "spam"})
"""The stages at which an enquiry has come to its end without a programme."""
_ASKS = ("first_reply_due_", "answer_awaited_", "call_to_offer", "proposal_reminder")
"""How the templates begin of what keeps an open enquiry going."""
_NO_ADDRESS = "The contact gave no email address: tell them by phone or on paper."


ERASED = "What was held on the facilitator was erased at their request."


def is_nobodys(address: str) -> bool:
    """Say whether an address stands where an erased person's was: no mail can reach it (RFC 2606)."""
    return address.lower().endswith(".invalid")


def unreachable(status: str) -> str:
    """Say why nobody writes to a contact of this status. Source: domain notes, section 5.3."""
    return _GONE.get(status, "The contact can no longer be reached.")


def why_not_written_to(enquiry: Mapping[str, Any]) -> str | None:
    """Say why the enquirer is not to be written to, or give None where they may be.

    `enquiry` is as `enquiries.get_enquiry` gives it. A contact without a status is an active one.
    """
    contact = enquiry["contact"]
    status = contact.get("status") or "active"
    if status != "active":
        return unreachable(status)
    if enquiry.get("standing") == "quarantined":
        return "The enquiry is held as suspected spam: nobody is written to until it is released."
    return None if contact.get("email") else _NO_ADDRESS


def why_no_longer_needed(template: str, enquiry: Mapping[str, Any]) -> str | None:
    """Say what has made a message needless since it was entered, or give None."""
    if template.startswith(_ASKS) and enquiry.get("stage") in _CLOSED:
        return "The enquiry has come to its end meanwhile."
    if template.startswith("first_reply_due_") and enquiry.get("first_reply_at"):
        return "Somebody has answered the enquirer meanwhile."
    if template.startswith(("answer_awaited_", "call_to_offer")) and enquiry.get("waiting_on", "prison") == "us":
        return "The answer has come meanwhile: it is our turn now."
    return None
