"""What can be written into an enquiry's history."""

from __future__ import annotations

from enum import StrEnum

CLOCK = "clock"
"""The actor of what happened by itself, at its time."""
ENQUIRER = "enquirer"
"""The actor of what the other side did, through a signed link."""
PLAYBOOK = "playbook"
"""The actor of tasks that a stage asks for."""


class Kind(StrEnum):
    """What a step of the history was. `was`, `now`, `about` and the words beside it say more."""

    TAKEN = "taken"
    MOVED = "moved"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    CLEARED = "cleared"
    REPLIED = "replied"
    CALLED = "called"
    ANSWERED = "answered"
    NOTED = "noted"
    ASSIGNED = "assigned"
    WAITING = "waiting"
    LINKED = "linked"
    MERGED = "merged"
    UNMERGED = "unmerged"
    NOT_DUPLICATE = "not_duplicate"
    TASK_ADDED = "task_added"
    TASK_DONE = "task_done"
    TASK_REOPENED = "task_reopened"
    CHECKED = "checked"
    REMINDED = "reminded"
    PROPOSED = "proposed"
    SETTLED = "settled"
    SIGNED = "signed"
    DRAWN = "drawn"
    BOUNCED = "bounced"
    CONTACT_LEFT = "contact_left"
    ERASED = "erased"
    SESSION = "session"
