"""What happened to an enquiry, as sentences: one for each kind of entry that the enquiries service keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ops.telling import plain

SENTENCES = {
    "taken": "took this enquiry by {to}",
    "moved": "moved it from {from} to {to}",
    "quarantined": "kept it aside as suspected spam",
    "released": "released it: it is genuine",
    "cleared": "cleared it away as spam",
    "replied": "wrote to the enquirer",
    "called": "spoke on the phone",
    "answered": "noted an answer",
    "noted": "added a note",
    "assigned": "gave it to {to}",
    "waiting": "is waiting for {to}",
    "linked": "said who it is from",
    "merged": "made one of two enquiries",
    "unmerged": "made two of them again",
    "not_duplicate": "said that it is not the same as another",
    "task_added": "added something to do",
    "task_done": "did what was to be done",
    "task_reopened": "opened a task again",
    "checked": "answered a question of the checklist: {to}",
    "reminded": "reminded our team",
    "proposed": "made a proposal",
    "proposed_sent": "sent the proposal",
    "settled": "settled a proposal: {to}",
    "signed": "signed the agreement",
    "drawn": "drew from the agreement",
    "bounced": "could not be reached: a mail came back",
    "contact_left": "noted that the contact has left",
    "erased": "erased what was kept of a person",
    "session": "recorded a session: {to}",
}
BY_THEMSELVES = {"playbook": "Keytalk", "clock": "Keytalk", "enquirer": "The enquirer", "unnamed": "Somebody"}
"""Actors who are nobody's account."""


def told(timeline: Iterable[Mapping[str, Any]], tasks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give the entries of a timeline each with its `sentence`; `tasks` are those that may be named in one."""
    titles = {each["id"]: str(each["title"]) for each in tasks}
    return [{**entry, "sentence": sentence(entry, titles)} for entry in timeline]


def sentence(entry: Mapping[str, Any], tasks: Mapping[str, str] = MappingProxyType({})) -> str:
    """Give what an entry of the timeline says, such as "priya moved it from new to availability".

    `tasks` has the titles of tasks by their ids: those that are open are named.
    """
    actor = str(entry.get("actor") or "unnamed")
    words = {name: plain(entry.get(name)).lower() or "nobody" for name in ("from", "to")}
    kind = str(entry.get("kind"))
    said = SENTENCES.get(f"{kind}_{entry.get('to')}") or SENTENCES.get(kind, plain(kind).lower())
    title = tasks.get(str(entry.get("about")))
    return f"{BY_THEMSELVES.get(actor, actor)} {said.format_map(words)}{f': {title}' if title else ''}"
