"""A run: one programme at one establishment, its sessions, and the one way it becomes confirmed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.words import listed
from shared.errors import Refused

RunState = Literal["draft", "confirmed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Session:
    """One meeting of a run. The local date, times and zone are the truth; the instants follow from them.

    Raises ValueError when it does not end after it starts.
    """

    id: UUID
    number: int
    date: dt.date
    start: dt.time
    end: dt.time
    zone: str = "Europe/London"
    facilitator_ids: tuple[UUID, ...] = ()

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"end: a session has to end after it starts at {self.start:%H:%M}.")

    def starts_at(self) -> dt.datetime:
        """Give the instant it starts, in UTC: 10:00 stays 10:00 when the clocks change."""
        return self._instant(self.start)

    def ends_at(self) -> dt.datetime:
        """Give the instant it ends, in UTC."""
        return self._instant(self.end)

    def _instant(self, at: dt.time) -> dt.datetime:
        return dt.datetime.combine(self.date, at, ZoneInfo(self.zone)).astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A date a run would have used and did not, and why in plain words."""

    date: dt.date
    why: str


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule a session does not keep: its code ("H3"), its name, and a sentence with the mend.

    The sentence may name a facilitator: it is for the operator's eyes, never for an event or a log.
    """

    rule: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Run:
    """A programme's sessions at one establishment, for one enquiry. `version` rises with every change."""

    id: UUID
    enquiry: str
    establishment_id: str
    programme: str
    state: RunState
    facilitator_ids: tuple[UUID, ...]
    sessions: tuple[Session, ...]
    skipped: tuple[Skipped, ...] = ()
    version: int = 1

    def confirm(self, breaches: Mapping[int, tuple[Breach, ...]]) -> Run:
        """Give the confirmed run, one version on. `breaches` is what `planner.review` says.

        They come by session number, an empty tuple for a session with none. Raises Refused ("refused") when
        it is not a draft, has no sessions, or any breach stands: the reason names each rule and its sessions,
        and no person. Raises ValueError when a session was not reviewed.
        """
        self._refuse_unless_draft()
        unreviewed = {session.number for session in self.sessions} - set(breaches)
        if unreviewed:
            raise ValueError(f"breaches: review sessions {sorted(unreviewed)} before confirming the run.")
        _refuse_what_stands(breaches)
        return replace(self, state="confirmed", version=self.version + 1)

    def _refuse_unless_draft(self) -> None:
        if self.state != "draft":
            raise Refused("refused", f"Only a draft run can be confirmed, and this one is {self.state}.")
        if not self.sessions:
            raise Refused("refused", "This run has no sessions yet. Plan its dates first, then confirm it.")


def _refuse_what_stands(breaches: Mapping[int, tuple[Breach, ...]]) -> None:
    broken = sorted({(breach.rule, breach.name) for found in breaches.values() for breach in found})
    if not broken:
        return
    said = {rule: _not_yet(name, _sessions_breaking(rule, breaches)) for rule, name in broken}
    raise Refused(
        "refused",
        f"This run cannot be confirmed yet. {'; '.join(f'{rule} {why}' for rule, why in said.items())}. "
        "Open the run to see what would mend each session.",
        {rule: [why] for rule, why in said.items()},
    )


def _sessions_breaking(rule: str, breaches: Mapping[int, tuple[Breach, ...]]) -> list[str]:
    return [str(each) for each in sorted(breaches) if any(breach.rule == rule for breach in breaches[each])]


def _not_yet(name: str, numbers: list[str]) -> str:
    word = "session" if len(numbers) == 1 else "sessions"
    return f"{name.replace('_', ' ')}: not yet for {word} {listed(numbers)}"
