"""A run: one programme at one establishment, its sessions, and the one way it becomes confirmed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.programmes import Mode
from services.scheduling.domain.words import listed
from shared.errors import Refused

RunState = Literal["draft", "held", "confirmed", "completed", "ended_early", "cancelled"]
SessionState = Literal["planned", "delivered", "part_delivered", "cancelled", "superseded"]
SessionKind = Literal["planned", "make_up", "extra"]

NOT_HELD: frozenset[str] = frozenset({"cancelled", "superseded"})
"""States of a session that takes nobody's time."""
DONE: frozenset[str] = frozenset({"delivered", "part_delivered"})
"""States of a session that was held: its date and its people are history."""


@lru_cache(maxsize=4096)
def _instant(on: dt.date, at: dt.time, zone: str) -> dt.datetime:
    return dt.datetime.combine(on, at, ZoneInfo(zone)).astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class Session:
    """One meeting of a run. The local date, times and zone are the truth; the instants follow from them.

    `revision` counts the changes of its time, place or people: calendars call it SEQUENCE. `supersedes` is the
    cancelled session in whose place it stands. Raises ValueError when it does not end after it starts.
    """

    id: UUID
    number: int
    date: dt.date
    start: dt.time
    end: dt.time
    zone: str = "Europe/London"
    facilitator_ids: tuple[UUID, ...] = ()
    kind: SessionKind = "planned"
    state: SessionState = "planned"
    room_id: UUID | None = None
    revision: int = 0
    supersedes: UUID | None = None

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"end: a session has to end after it starts at {self.start:%H:%M}.")

    @property
    def is_live(self) -> bool:
        """Say whether it takes anybody's time: it was held, or is to be."""
        return self.state not in NOT_HELD

    def starts_at(self) -> dt.datetime:
        """Give the instant it starts, in UTC: 10:00 stays 10:00 when the clocks change."""
        return self._instant(self.start)

    def ends_at(self) -> dt.datetime:
        """Give the instant it ends, in UTC."""
        return self._instant(self.end)

    def _instant(self, at: dt.time) -> dt.datetime:
        return _instant(self.date, at, self.zone)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A date a run would have used and did not, and why in plain words."""

    date: dt.date
    why: str


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule a session does not keep: its code ("H3"), its name, and a sentence with the mend.

    `facilitator_id` is whom it is about, where it is about somebody. The sentence may name them: it is for the
    operator's eyes, never for an event or a log.
    """

    rule: str
    name: str
    why: str
    facilitator_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """When a run was asked to be: the first day to look at, the weekday (0 is Monday), the part of the day.

    `time` is a start by the clock; without one a session begins with its window. Dates are always made anew from this
    and the calendar, never shifted by adding days.
    """

    start: dt.date
    weekday: int | None = None
    window: str | None = None
    time: dt.time | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A programme's sessions at one establishment, for one enquiry. `version` rises with every change.

    `sessions` has all of them, those that were cancelled or superseded too. `facilitator_ids` are its regular team.
    """

    id: UUID
    enquiry: str
    establishment_id: str
    programme: str
    state: RunState
    facilitator_ids: tuple[UUID, ...]
    sessions: tuple[Session, ...]
    skipped: tuple[Skipped, ...] = ()
    version: int = 1
    programme_version: int = 1
    slot: Slot | None = None
    mode: Mode = "in_person"
    group_size: int | None = None
    room_id: UUID | None = None
    zone: str = "Europe/London"
    told: int = 0

    @property
    def live(self) -> tuple[Session, ...]:
        """Give the sessions that were held or are to be, by number."""
        return tuple(sorted((each for each in self.sessions if each.is_live), key=lambda each: each.number))

    def confirm(self, breaches: Mapping[int, tuple[Breach, ...]]) -> Run:
        """Give the confirmed run, one version on. `breaches` is what `planner.review` says.

        They come by session number, an empty tuple for a session with none. Raises Refused ("refused") when
        it is not a draft, has no sessions, or any breach stands: the reason names each rule and its sessions,
        and no person. Raises ValueError when a session was not reviewed.
        """
        self._refuse_unless_draft()
        unreviewed = {session.number for session in self.live} - set(breaches)
        if unreviewed:
            raise ValueError(f"breaches: review sessions {sorted(unreviewed)} before confirming the run.")
        _refuse_what_stands(breaches)
        return replace(self, state="confirmed", version=self.version + 1)

    def _refuse_unless_draft(self) -> None:
        if self.state not in {"draft", "held"}:
            raise Refused("refused", f"Only a draft run can be confirmed, and this one is {self.state}.")
        if not self.live:
            raise Refused("refused", "This run has no sessions yet. Plan its dates first, then confirm it.")


def _refuse_what_stands(breaches: Mapping[int, tuple[Breach, ...]]) -> None:
    broken = sorted({(breach.rule, breach.name) for found in breaches.values() for breach in found})
    if not broken:
        return
    said: dict[str, list[str]] = {}
    for rule, name in broken:
        said.setdefault(rule, []).append(_not_yet(name, _sessions_breaking(name, breaches)))
    raise Refused(
        "refused",
        f"This run cannot be confirmed yet. {'; '.join(f'{rule} {why}' for rule in said for why in said[rule])}. "
        "Open the run to see what would mend each session.",
        said,
    )


def _sessions_breaking(name: str, breaches: Mapping[int, tuple[Breach, ...]]) -> list[str]:
    return [str(each) for each in sorted(breaches) if any(breach.name == name for breach in breaches[each])]


def _not_yet(name: str, numbers: list[str]) -> str:
    word = "session" if len(numbers) == 1 else "sessions"
    return f"{name.replace('_', ' ')}: not yet for {word} {listed(numbers)}"
