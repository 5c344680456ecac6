"""What somebody does about a message that did not reach its reader for certain."""

from __future__ import annotations

from datetime import date

KIND = "message"
"""The kind of the tasks about messages."""

_WHO = {"contact": "the contact", "facilitator": "the facilitator", "ops": "our own mailbox"}
_WHAT = {
    "failed": "Tell {who}: a message could not be sent ({template})",
    "bounced": "Find another way to {who}: a message came back ({template})",
    "missed": "Tell {who} if it still helps: a message came too late ({template})",
    "unknown": "Ask {who} whether a message arrived: nobody can say ({template})",
    "unread": "Read in the mailbox what {who} wrote: it could not be filed",
    "to_call": "Ring {who}, who prefers a call: {template}",
}


def title_of(template: str, kind: str, state: str, session: int | None = None, on: date | None = None) -> str:
    """Say what is to be done, in plain words and without any person in it; `session` and `on` are what it is about."""
    who, what = _WHO.get(kind, "them"), template.replace("_", " ")
    if session is not None and on is not None:
        what = f"{what}, session {session} on {on:%a} {on.day} {on:%b %Y}"
    return _WHAT.get(state, "See whether {who} knows: {template}").format(who=who, template=what)
