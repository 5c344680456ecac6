"""The pipeline as a board: its columns, and what a move from one to another asks of whoever makes it."""

from __future__ import annotations

from dataclasses import dataclass

from services.enquiries.domain.checklists import CHECKLISTS, Item
from services.enquiries.domain.pipeline import NEEDS_A_REASON, Stage, is_step_forward, next_stages

PER_STAGE = 20
MOST_PER_STAGE = 100
"""Cards of one stage, usually and at the most: a board is looked at, and the list has the others."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One move from a stage: where to, whether it leads on towards won, and whether a reason must be given.

    A step `forward` is told about the questions that are open or answered no; they hold nothing up.
    """

    to: Stage
    forward: bool
    needs_reason: bool


def choices_from(stage: Stage) -> tuple[Choice, ...]:
    """Give the moves that an enquiry in the pipeline may make from a stage, in the order of the pipeline."""
    return tuple(Choice(to, is_step_forward(stage, to), needs_reason=to in NEEDS_A_REASON) for to in next_stages(stage))


def questions_before(stage: Stage, programme: str) -> tuple[Item, ...]:
    """Give the questions of a programme that should have an answer when an enquiry moves on from a stage."""
    order = list(Stage)
    return tuple(item for item in CHECKLISTS.get(programme, ()) if order.index(item.stage) <= order.index(stage))
