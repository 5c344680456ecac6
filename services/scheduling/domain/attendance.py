"""How many came, and how it was for them: counts and nothing else. Nobody in prison is ever recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

Absence = Literal["not_unlocked", "other_appointment", "unwell", "moved_on", "chose_not_to", "not_known"]
"""Why people were not there, in groups. "moved_on" is to another place or home."""
SeatMark = Literal["attended", "partly", "absent"]
Audience = Literal["participants", "prison_staff", "host", "facilitators", "commissioner"]
Question = Literal["felt_safe", "was_useful", "felt_heard", "well_led", "would_recommend"]

ABSENCES: Final[tuple[str, ...]] = get_args(Absence)
SEAT_MARKS: Final[tuple[str, ...]] = get_args(SeatMark)
AUDIENCES: Final[tuple[str, ...]] = get_args(Audience)
QUESTIONS: Final[tuple[str, ...]] = get_args(Question)
SCORES: Final = range(1, 6)
SEATS: Final = range(1, 17)

SMALL: Final = 5
"""Below so many people, a count that leaves the house is not shown: it could be about somebody."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """How many were expected at a session and what became of that. `late` and `left_early` are among those who came.

    `seats` are marks by number of seat, where a group keeps them: a seat is a chair, and never has a name.
    """

    expected: int
    attended: int
    late: int = 0
    left_early: int = 0
    absent: Mapping[str, int] = field(default_factory=dict)
    seats: Mapping[int, str] | None = None

    def contradictions(self) -> dict[str, list[str]]:
        """Say where the counts do not agree with one another, by the name of the count; nothing where they do."""
        away = sum(self.absent.values())
        said = {
            "expected": self._sum(away),
            "late": self._part("late", self.late),
            "left_early": self._part("left early", self.left_early),
            "seats": self._marks(away),
        }
        return {name: [why] for name, why in said.items() if why}

    def _sum(self, away: int) -> str | None:
        if self.attended + away == self.expected:
            return None
        return (
            f"{self.expected} were expected, and {self.attended} who came and {away} who did not make "
            f"{self.attended + away}. Put those you know nothing of under not_known."
        )

    def _part(self, what: str, count: int) -> str | None:
        if count <= self.attended:
            return None
        return f"{count} {what} are more than the {self.attended} who came."

    def _marks(self, away: int) -> str | None:
        if self.seats is None:
            return None
        marked_away = sum(mark == "absent" for mark in self.seats.values())
        if (len(self.seats), marked_away) == (self.expected, away):
            return None
        return (
            f"{len(self.seats)} seats are marked, {marked_away} of them absent, against {self.expected} expected and "
            f"{away} absent. Mark each seat that was expected to be taken."
        )


@dataclass(frozen=True, slots=True)
class Feedback:
    """What an audience answered: how many people, and how many gave each score from 1 to 5, by question."""

    audience: str
    answers: int
    scores: Mapping[str, Mapping[int, int]]

    def contradictions(self) -> dict[str, list[str]]:
        """Say which questions have more scores than people answered; nothing where none has."""
        many = {question: sum(counts.values()) for question, counts in self.scores.items()}
        said = [
            f"{question} has {count} scores from {self.answers} people."
            for question, count in many.items()
            if count > self.answers
        ]
        return {"scores": said} if said else {}


def shown(counts: Mapping[str, int], small: int = SMALL) -> dict[str, int | None]:
    """Give counts as they may leave the house: None for one that is small and not nothing.

    Where only one would be hidden, the next smallest is hidden with it: else it could be worked out from the sum.
    """
    hidden = {name for name, count in counts.items() if 0 < count < small}
    if len(hidden) == 1:
        others = sorted((count, name) for name, count in counts.items() if name not in hidden and count)
        hidden |= {name for _, name in others[:1]}
    return {name: None if name in hidden else count for name, count in counts.items()}


def totals_shown(expected: int, attended: int, absent: Mapping[str, int], **parts: int) -> dict[str, int | None]:
    """Give the totals of attendance as they may leave the house; `absent` comes apart, by `shown`.

    The number expected goes with either part of it that is small, or that part could be worked out.
    """
    away = sum(absent.values())
    totals = {name: None if 0 < count < SMALL else count for name, count in {"attended": attended, **parts}.items()}
    if 0 < away < SMALL or totals["attended"] is None:
        return {"expected": None, **totals}
    return {"expected": expected, **totals}
