"""What can be asked of a run that is planned: plain requests. What comes of them is in `changing`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Cancel:
    """Some sessions do not take place, and nothing is put in their place. `cause` and `party` as in `outcomes`."""

    session_ids: tuple[UUID, ...]
    cause: str
    party: str
    remedy: str = "drop"


@dataclass(frozen=True, slots=True)
class Cascade:
    """A session does not take place; its number and all later ones move on along the slot."""

    session_id: UUID
    cause: str
    party: str


@dataclass(frozen=True, slots=True)
class MakeUp:
    """A session more, with the number of one that is cancelled, on another date.

    For a session that still stands, `cause` and `party` are needed: it is cancelled first. Without `start` the session
    keeps its time where the windows of that date allow it, else it begins with the window.
    """

    session_id: UUID
    date: dt.date
    start: dt.time | None = None
    cause: str | None = None
    party: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One session is held on another date, or at another time."""

    session_id: UUID
    date: dt.date
    start: dt.time | None = None


@dataclass(frozen=True, slots=True)
class MoveOn:
    """A session and all later ones are made anew from a date on."""

    session_id: UUID
    date: dt.date


@dataclass(frozen=True, slots=True)
class MoveRun:
    """All that has not been held is made anew from another start."""

    start: dt.date


@dataclass(frozen=True, slots=True)
class ChangeSlot:
    """The run meets on another weekday (0 is Monday), in another window, or at another time.

    What is None stays as it is, but for another window, which brings its own start where no `time` is given. It begins
    with one session, or with the first that has not been held.
    """

    weekday: int | None = None
    window: str | None = None
    time: dt.time | None = None
    from_session_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Swap:
    """Somebody leaves some sessions, somebody comes; either may be None.

    With ids of sessions it is cover, and the regular team stays as it is. Without any it is all that is still to be
    held, and the team changes with it.
    """

    session_ids: tuple[UUID, ...]
    out: UUID | None = None
    into: UUID | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """An establishment takes no session on some dates, both included: what becomes of those planned on them.

    `remedy` is what is done for each session, cascade, make_up or drop; `remedies` names other ones by id of session.
    """

    establishment_id: str
    first: dt.date
    last: dt.date
    cause: str
    remedy: str = "cascade"
    party: str = "prison"
    remedies: tuple[tuple[UUID, str], ...] = ()


Change = Cancel | Cascade | MakeUp | Move | MoveOn | MoveRun | ChangeSlot | Swap | Close


KINDS: Final[dict[type, str]] = {
    Cancel: "cancel",
    Cascade: "cascade",
    MakeUp: "make_up",
    Move: "move",
    MoveOn: "move_on",
    MoveRun: "move_run",
    ChangeSlot: "change_slot",
    Swap: "swap",
    Close: "close",
}
"""Each change by the word that events and the table of changes have for it."""
