"""What must be known before a programme can be agreed: questions for each programme, answered by our people.

An open question holds nothing up: whoever moves an enquiry on is told what is open, and may know better. Each question
is about a place, a group as a whole or an arrangement, never about a person in prison.

Source: domain notes, sections 0 and 5.2, availability and suitability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.playbooks import COMPASSION, MANY_FACES
from shared.errors import Refused


class Answer(StrEnum):
    """What is known."""

    YES = "yes"
    NO = "no"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class Item:
    """One question, and the stage by whose end it should be answered."""

    key: str
    stage: Stage
    question: str


CHECKLISTS: Mapping[str, tuple[Item, ...]] = {
    MANY_FACES: (
        Item("window_fit", Stage.AVAILABILITY, "Do three hours fit the prison's window on that day of the week?"),
        Item("weeks", Stage.AVAILABILITY, "Is the same slot free for 16 sessions, in 16 to 19 weeks?"),
        Item("room", Stage.AVAILABILITY, "Is there a private room, the same every week?"),
        Item("numbers", Stage.SUITABILITY, "Will the group have no more than 12 people?"),
        Item("group_stability", Stage.SUITABILITY, "Can the group stay together to the end?"),
        Item("acupuncture_consent", Stage.SUITABILITY, "Has healthcare said how people consent to the acupuncture?"),
        Item("aftercare_contact", Stage.SUITABILITY, "Is there someone on the staff to turn to after a session?"),
        Item("kit", Stage.SUITABILITY, "May the kit come in, needles counted out and in?"),
    ),
    COMPASSION: (
        Item("window_fit", Stage.AVAILABILITY, "Do three training days fit the prison's day?"),
        Item("days", Stage.AVAILABILITY, "Are the three days agreed, in a row or a week apart?"),
        Item("room", Stage.AVAILABILITY, "Is there a training room for all three days?"),
        Item("numbers", Stage.SUITABILITY, "Will 8 to 16 people take part?"),
        Item("shift_cover", Stage.SUITABILITY, "Are their shifts covered?"),
        Item("kit", Stage.SUITABILITY, "May the workbooks and the equipment come in?"),
    ),
}


def items_of(programme: str) -> tuple[Item, ...]:
    """Give the questions of a programme, by its slug, in the order of the pipeline."""
    return CHECKLISTS.get(programme, ())


def item_of(programme: str, key: str) -> Item:
    """Give one question of a programme, or raise `Refused` with the known ones."""
    for item in items_of(programme):
        if item.key == key:
            return item
    why = f"The checklist of this programme has: {', '.join(item.key for item in items_of(programme))}."
    raise Refused("invalid", why, {"item": [why]})


def unsettled(programme: str, until: Stage, answers: Mapping[str, str]) -> list[str]:
    """Name what speaks against moving on from a stage: its questions and earlier ones, open or answered no.

    `answers` are by the question's key. Each is a sentence for the person who moves the enquiry.
    """
    asked = [item for item in items_of(programme) if _is_asked_by(item.stage, until)]
    says = {None: "Not answered yet", Answer.NO: "Answered no"}
    return [f"{says[said]}: {item.question}" for item in asked if (said := answers.get(item.key)) in says]  # type: ignore[index]


def parse_answer(text: str) -> Answer:
    """Read an answer, or raise `Refused` with the known ones."""
    try:
        return Answer(text.strip().lower().replace("-", "_").replace(" ", "_"))
    except (ValueError, AttributeError):
        why = f"Answer with one of: {', '.join(Answer)}."
        raise Refused("invalid", why, {"answer": [why]}) from None


def _is_asked_by(stage: Stage, until: Stage) -> bool:
    order = list(Stage)
    return order.index(stage) <= order.index(until)
