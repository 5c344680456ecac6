"""What is to be done at each stage: the tasks that are made when an enquiry comes to it.

A stage's tasks are made once for an enquiry, even where it comes back to the stage. They stay open when it moves on,
because moving on does not do them; they are closed with it.

Source: domain notes, section 5.2 (what each step needs) and 5.3 (lead times); the working days are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.enquiries.domain.pipeline import Stage

PLAY, REPLY, CALL, FUNDER, THANKS, BY_HAND = "playbook", "reply", "call", "funder", "thanks", "by_hand"
"""The kinds of tasks of the pipeline; who adds others names their own."""

DONE_BY_A_REPLY = (REPLY, CALL)
DONE_BY_A_CALL = (REPLY, CALL, THANKS)
DONE_BY_AN_ANSWER = (CALL, FUNDER)
CLOSED_WITH_THE_ENQUIRY = (PLAY, REPLY, CALL, FUNDER)
"""Thanks are owed, and what people have set themselves is theirs to end: these stay open."""

SEND_A_PROPOSAL = "proposal"
"""The key of the task that is not made where a proposal was sent already."""

MANY_FACES = "many-faces-of-trauma"
COMPASSION = "unlocking-the-key-to-compassion"


@dataclass(frozen=True, slots=True)
class Play:
    """One task of a stage, due some working days after an enquiry has come to it."""

    key: str
    title: str
    working_days: int
    kind: str = PLAY


_FOR_ALL: Mapping[Stage, tuple[Play, ...]] = {
    Stage.NEW: (Play("first-reply", "Write the first reply", 2, REPLY),),
    Stage.NEXT_STEPS: (
        Play(SEND_A_PROPOSAL, "Send a proposal", 3),
        Play("funding", "Ask which budget pays and who signs", 5),
    ),
    Stage.AGREEMENT: (
        Play("agreement", "Send the agreement: roles, cancellation terms, safeguarding route", 3),
        Play("purchase-order", "Ask for the purchase order number", 5),
    ),
}
_FOR_ONE: Mapping[str, Mapping[Stage, tuple[Play, ...]]] = {
    MANY_FACES: {
        Stage.AVAILABILITY: (
            Play("room", "Ask for a private room at the same time every week, for 16 to 19 weeks", 2),
            Play("dates", "Offer dates that fit the regime window: three hours, slack shown", 3),
        ),
        Stage.SUITABILITY: (
            Play("group", "Ask for numbers, and whether the group can stay together for 16 weeks", 3),
            Play("healthcare", "Ask healthcare how people consent to the acupuncture", 5),
            Play("aftercare", "Ask who is there for people after the last session", 5),
        ),
        Stage.AGREEMENT: (Play("vetting", "Start vetting for everyone without clearance there", 2),),
        Stage.WON: (Play("set-up", "Plan the kit list and the gate memo: kit 15, memo 10 working days before", 5),),
    },
    COMPASSION: {
        Stage.AVAILABILITY: (
            Play("room", "Ask for a training room for three days", 2),
            Play("dates", "Offer three days, in a row or a week apart, that fit the regime window", 3),
        ),
        Stage.SUITABILITY: (Play("cover", "Ask for numbers, and how the shifts of 8 to 16 people are covered", 3),),
        Stage.WON: (Play("names", "Ask for the names of who takes part: due 10 working days before", 5),),
    },
}


def plays_for(stage: Stage, programme: str) -> tuple[Play, ...]:
    """Give the tasks that a stage asks for, for a programme's slug."""
    return _FOR_ALL.get(stage, ()) + _FOR_ONE.get(programme, {}).get(stage, ())
