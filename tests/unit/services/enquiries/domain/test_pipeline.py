"""The stages of an enquiry and the moves between them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.enquiries.domain.pipeline import Move, Progress, Stage, next_stages, parse_stage
from shared.errors import Refused

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

# Written out by hand: from each stage, the stages that may follow.
MAY_FOLLOW = {
    "new": "availability declined withdrawn lapsed duplicate spam",
    "availability": "suitability declined withdrawn lapsed duplicate",
    "suitability": "availability next_steps declined withdrawn lapsed",
    "next_steps": "suitability agreement declined withdrawn lapsed",
    "agreement": "next_steps won declined withdrawn lapsed",
    "won": "",
    "declined": "new",
    "withdrawn": "new",
    "lapsed": "new",
    "duplicate": "new",
    "spam": "new",
}
CLOSED = ("declined", "withdrawn", "lapsed", "duplicate", "spam")
EVERY_MOVE = [(here, there) for here in Stage for there in Stage]


def _at(stage: str) -> Progress:
    return Progress("KT-7F3K-92", Stage(stage), version=3)


def _move(here: str, there: str, reason: str | None = "The group has no room.") -> tuple[Progress, Move]:
    return _at(here).move(Stage(there), at=NOON, actor="sam", reason=reason)


@pytest.mark.parametrize(("here", "there"), EVERY_MOVE)
def test_an_enquiry_moves_only_where_its_stage_leads(here, there):
    if there in MAY_FOLLOW[here].split():
        assert _move(here, there)[0] == Progress("KT-7F3K-92", there, version=4)
        return
    with pytest.raises(Refused) as refusal:
        _move(here, there)
    assert refusal.value.code == "refused"


@pytest.mark.parametrize("stage", Stage)
def test_the_stages_that_may_follow_are_told_in_the_order_of_the_pipeline(stage):
    assert [there.value for there in next_stages(stage)] == MAY_FOLLOW[stage].split()


def test_a_move_is_kept_with_who_when_from_where_to_where_and_why():
    _progress, move = _move("new", "declined", reason="No room until summer.")

    assert move == Move(NOON, "sam", Stage.NEW, Stage.DECLINED, "No room until summer.")


@pytest.mark.parametrize("ending", CLOSED)
@pytest.mark.parametrize("reason", [None, ""])
def test_an_enquiry_is_not_closed_without_a_reason(ending, reason):
    with pytest.raises(Refused, match="Say why KT-7F3K-92") as refusal:
        _move("new", ending, reason=reason)

    assert (refusal.value.code, list(refusal.value.fields)) == ("invalid", ["reason"])


def test_a_step_along_the_pipeline_needs_no_reason():
    assert _move("new", "availability", reason=None)[1].reason is None


def test_a_closed_enquiry_is_opened_again_without_a_reason():
    assert _move("lapsed", "new", reason=None)[0].stage is Stage.NEW


def test_a_refused_move_says_where_the_enquiry_stands_and_where_it_can_go():
    with pytest.raises(Refused, match="KT-7F3K-92 is in new and cannot move straight to won") as refusal:
        _move("new", "won")

    assert str(refusal.value).endswith("can move to: availability, declined, withdrawn, lapsed, duplicate, spam.")


def test_a_move_to_where_it_stands_says_so():
    with pytest.raises(Refused, match="is in agreement already"):
        _move("agreement", "agreement")


def test_a_won_enquiry_moves_no_further():
    with pytest.raises(Refused, match="moves no further"):
        _move("won", "withdrawn")


def test_the_progress_it_moved_from_is_left_as_it_was():
    progress = _at("new")

    progress.move(Stage.AVAILABILITY, at=NOON, actor="sam", reason=None)

    assert progress == _at("new")


@pytest.mark.parametrize("text", ["next_steps", "next-steps", "Next steps", " NEXT_STEPS "])
def test_a_stage_is_read_however_it_is_typed(text):
    assert parse_stage(text) is Stage.NEXT_STEPS


def test_an_unknown_stage_is_refused_with_the_known_ones():
    with pytest.raises(Refused, match=r"There is no stage 'lost'\. Choose from: new, availability") as refusal:
        parse_stage("lost")

    assert (refusal.value.code, list(refusal.value.fields)) == ("invalid", ["to"])
