"""Private calendar feeds: whose they are, their addresses, and what a session looks like in each."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from services.scheduling.domain.ical import Entry, Status
from services.scheduling.domain.runs import NOT_HELD
from services.scheduling.domain.words import listed

FeedKind = Literal["facilitator", "establishment", "ops"]
KINDS: tuple[str, ...] = get_args(FeedKind)

CANCELLED_FOR = dt.timedelta(days=60)
"""How long after its date a session that does not take place is still shown as cancelled."""
SHOWN_FOR = dt.timedelta(days=365)
"""How long after its date a session that took place is shown."""

_PREFIX: dict[Status, str] = {"CONFIRMED": "", "TENTATIVE": "Held: ", "CANCELLED": "Cancelled: "}


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that is open. `owner` is an id, `owner_name` whose that is; the ops team's has neither."""

    id: UUID
    kind: FeedKind
    owner: str | None
    owner_name: str | None
    made_at: dt.datetime

    @property
    def name(self) -> str:
        """What a calendar program calls it. A facilitator's does not name them: screens are seen by others."""
        names = {"facilitator": "My sessions", "establishment": f"Sessions at {self.owner_name}", "ops": "All sessions"}
        return names[self.kind]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the tables say about one session that a feed shows. `of` is how many sessions its run was planned with."""

    id: UUID
    number: int
    of: int
    revision: int
    state: str
    is_held: bool
    date: dt.date
    start: dt.time
    end: dt.time
    mode: str
    programme: str
    establishment: str
    town: str
    room: str | None
    report_minutes: int
    reference: str
    names: tuple[str, ...]
    changed_at: dt.datetime


def token_hash(token: str) -> str:
    """Give what is kept of a feed's token. It holds 32 random bytes, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


def entry_of(shown: Shown, kind: FeedKind) -> Entry:
    """Give a session as a feed of that kind shows it: full names for the ops team, forenames for everyone else."""
    status = _status(shown)
    number = f"{shown.number} of {max(shown.of, shown.number)}"
    remote = shown.mode == "remote"
    where = "online" if remote else shown.establishment
    return Entry(
        id=shown.id,
        revision=shown.revision,
        status=status,
        date=shown.date,
        start=shown.start,
        end=shown.end,
        title=f"{_PREFIX[status]}{shown.programme}, {where}, {number}",
        place="Online" if remote else ", ".join(filter(None, (shown.room, shown.establishment, shown.town))),
        words=tuple(_words(shown, status, kind)),
        changed_at=shown.changed_at,
    )


def _status(shown: Shown) -> Status:
    if shown.state in NOT_HELD:
        return "CANCELLED"
    return "TENTATIVE" if shown.is_held else "CONFIRMED"


def _words(shown: Shown, status: Status, kind: FeedKind) -> list[str]:
    names = shown.names if kind == "ops" else tuple(name.split()[0] for name in shown.names)
    said = {
        "CONFIRMED": [],
        "TENTATIVE": ["These dates are held and not confirmed yet."],
        "CANCELLED": ["This session does not take place on this date."],
    }[status]
    if shown.mode != "remote" and status != "CANCELLED":
        said.append(f"At the gate by {_arrive_by(shown):%H:%M}.")
    if names:
        said.append(f"With {listed(names)}.")
    return [*said, f"Reference {shown.reference}"]


def _arrive_by(shown: Shown) -> dt.datetime:
    return dt.datetime.combine(shown.date, shown.start) - dt.timedelta(minutes=shown.report_minutes)
