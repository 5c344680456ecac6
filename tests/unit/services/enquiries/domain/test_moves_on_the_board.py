"""What a move on the board asks, against the pipeline and the checklists that decide it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.enquiries.domain.board import choices_from, questions_before
from services.enquiries.domain.checklists import CHECKLISTS, unsettled
from services.enquiries.domain.pipeline import Progress, Stage
from shared.errors import Refused

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def _can_move(here, there, reason):
    try:
        Progress("KT-7F3K-92", here, 1).move(there, at=NOW, actor="sam", reason=reason)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("here", Stage)
def test_the_moves_offered_are_those_that_are_made_and_ask_for_a_reason_where_one_is_needed(here):
    offered = {choice.to: choice for choice in choices_from(here)}

    assert set(offered) == {there for there in Stage if _can_move(here, there, "because")}
    for there, choice in offered.items():
        assert choice.needs_reason is not _can_move(here, there, None)


def test_one_move_at_most_leads_on():
    onward = {stage: [choice.to for choice in choices_from(stage) if choice.forward] for stage in Stage}

    assert onward[Stage.NEW] == [Stage.AVAILABILITY]
    assert onward[Stage.AGREEMENT] == [Stage.WON]
    assert onward[Stage.WON] == onward[Stage.LAPSED] == []


@pytest.mark.parametrize("programme", CHECKLISTS)
@pytest.mark.parametrize("here", [Stage.NEW, Stage.AVAILABILITY, Stage.SUITABILITY, Stage.AGREEMENT])
def test_the_questions_shown_before_a_move_are_those_that_it_tells_of(programme, here):
    told = unsettled(programme, here, {})

    assert [f"Not answered yet: {item.question}" for item in questions_before(here, programme)] == told
