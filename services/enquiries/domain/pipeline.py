"""The stages of an enquiry and the moves between them.

Source: domain notes, section 5.1 (Enquiry) and 5.2 (ask, availability, suitability, next steps, agreement).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from services.enquiries.domain.standing import Standing
from shared.errors import Refused


class Stage(StrEnum):
    """Where an enquiry stands. Those from `declined` on are closed."""

    NEW = "new"
    AVAILABILITY = "availability"
    SUITABILITY = "suitability"
    NEXT_STEPS = "next_steps"
    AGREEMENT = "agreement"
    WON = "won"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    DUPLICATE = "duplicate"
    SPAM = "spam"


class Side(StrEnum):
    """Whose turn it is."""

    US = "us"
    PRISON = "prison"
    FUNDER = "funder"


_ALONG = (Stage.NEW, Stage.AVAILABILITY, Stage.SUITABILITY, Stage.NEXT_STEPS, Stage.AGREEMENT, Stage.WON)
_ENDINGS = frozenset({Stage.DECLINED, Stage.WITHDRAWN, Stage.LAPSED})
OPEN = frozenset(_ALONG[:-1])
"""Stages in which something is still to be done about an enquiry."""


def _moves() -> Mapping[Stage, frozenset[Stage]]:
    """One step forward, one step back while it is open, or to an ending; what was closed can be opened again."""
    moves: dict[Stage, set[Stage]] = {stage: set() for stage in Stage}
    for here, there in pairwise(_ALONG):
        moves[here].add(there)
        if here is not Stage.NEW and there is not Stage.WON:
            moves[there].add(here)
    for stage in _ALONG[:-1]:
        moves[stage] |= _ENDINGS
    moves[Stage.AVAILABILITY].add(Stage.DUPLICATE)
    moves[Stage.NEW] |= {Stage.DUPLICATE, Stage.SPAM}
    for closed in (*_ENDINGS, Stage.DUPLICATE, Stage.SPAM):
        moves[closed].add(Stage.NEW)
    return {stage: frozenset(targets) for stage, targets in moves.items()}


MOVES = _moves()
"""From each stage, the stages it may move to. Won is the end: from there on the run has the say."""

NEEDS_A_REASON = _ENDINGS | {Stage.DUPLICATE, Stage.SPAM}
"""Stages that close an enquiry: the reason is part of the record."""


def is_step_forward(was: Stage, now: Stage) -> bool:
    """Say whether a move leads on towards won."""
    return (was, now) in pairwise(_ALONG)


def next_stages(stage: Stage) -> tuple[Stage, ...]:
    """Give the stages an enquiry may move to, in the order of the pipeline."""
    return tuple(target for target in Stage if target in MOVES[stage])


@dataclass(frozen=True, slots=True)
class Move:
    """One step of an enquiry's history: who moved it, when, from where to where and why."""

    at: datetime
    actor: str
    was: Stage
    now: Stage
    reason: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """What the pipeline knows of one enquiry. `version` counts the events told about it, from 1."""

    reference: str
    stage: Stage
    version: int
    standing: Standing = Standing.FILED
    merged_into: str | None = None

    def move(self, to: Stage, *, at: datetime, actor: str, reason: str | None) -> tuple[Progress, Move]:
        """Move to another stage, and give the step for the history.

        Raises `Refused` when it is not in the pipeline, when the stage does not lead there, or when closing without a
        reason.
        """
        if self.standing is not Standing.FILED:
            raise Refused("refused", not_in_the_pipeline(self.reference, self.standing, self.merged_into))
        if to not in MOVES[self.stage]:
            raise Refused("refused", self._cannot(to))
        if to in NEEDS_A_REASON and not reason:
            why = f"Say why {self.reference} is {to.value}: the reason is kept with the enquiry."
            raise Refused("invalid", why, {"reason": [why]})
        moved = replace(self, stage=to, version=self.version + 1)
        return moved, Move(at, actor, self.stage, to, reason)

    def _cannot(self, to: Stage) -> str:
        if to is self.stage:
            return f"{self.reference} is in {to.value} already."
        choices = ", ".join(stage.value for stage in next_stages(self.stage))
        onward = f"From here it can move to: {choices}." if choices else "It moves no further from there."
        return f"{self.reference} is in {self.stage.value} and cannot move straight to {to.value}. {onward}"


def not_in_the_pipeline(reference: str, standing: Standing, merged_into: str | None) -> str:
    """Give the sentence for an enquiry that is kept aside or lies with another, with the mend."""
    if standing is Standing.MERGED:
        return f"{reference} was merged into {merged_into}: what is to be done is done there."
    return f"{reference} is kept aside as suspected spam. Release it first, and it goes the way of every other."


def parse_side(text: str) -> Side:
    """Read whose turn it is, or raise `Refused` with the known sides."""
    try:
        return Side(text.strip().lower())
    except (ValueError, AttributeError):
        why = f"We can wait on one of: {', '.join(Side)}."
        raise Refused("invalid", why, {"waiting_on": [why]}) from None


def parse_stage(text: str) -> Stage:
    """Read a stage, or raise `Refused` with the known ones."""
    try:
        return Stage(text.strip().lower().replace("-", "_").replace(" ", "_"))
    except ValueError:
        why = f"There is no stage '{text}'. Choose from: {', '.join(Stage)}."
        raise Refused("invalid", why, {"to": [why]}) from None
