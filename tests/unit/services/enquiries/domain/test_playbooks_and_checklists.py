"""What each stage asks for, for every programme there is."""

from __future__ import annotations

import pytest

from ops.cli.talking import QUESTIONS as ASKED_ON_A_TERMINAL
from services.enquiries.domain.catalogue import CATALOGUE
from services.enquiries.domain.checklists import CHECKLISTS, items_of, parse_answer, unsettled
from services.enquiries.domain.clocks import Step
from services.enquiries.domain.pipeline import OPEN, Stage, parse_side
from services.enquiries.domain.playbooks import plays_for
from services.enquiries.domain.timeline import Kind
from services.enquiries.schemas import QUESTIONS
from services.enquiries.tables import checklists, strikes, tasks, timeline
from shared.errors import Refused

ALL_YES = {item.key: "yes" for items in CHECKLISTS.values() for item in items}


@pytest.mark.parametrize("programme", CATALOGUE)
def test_every_open_stage_of_every_programme_has_something_to_do(programme):
    assert [stage for stage in OPEN if not plays_for(stage, programme)] == []


@pytest.mark.parametrize("programme", CATALOGUE)
def test_the_questions_of_a_programme_are_about_availability_and_suitability_and_each_is_there_once(programme):
    items = items_of(programme)

    assert {item.stage for item in items} == {Stage.AVAILABILITY, Stage.SUITABILITY}
    assert len({item.key for item in items}) == len(items)


def test_the_acupuncture_is_asked_about_where_there_is_some():
    keys = {programme: {item.key for item in items} for programme, items in CHECKLISTS.items()}

    assert "acupuncture_consent" in keys["many-faces-of-trauma"]
    assert "acupuncture_consent" not in keys["unlocking-the-key-to-compassion"]
    assert "shift_cover" in keys["unlocking-the-key-to-compassion"]


def test_what_is_unknown_or_wanting_is_told_and_what_is_settled_is_not():
    known = ALL_YES | {"room": "no", "weeks": "not_needed"}
    del known["window_fit"]

    told = unsettled("many-faces-of-trauma", Stage.AVAILABILITY, known)

    assert [sentence.partition(":")[0] for sentence in told] == ["Not answered yet", "Answered no"]
    assert unsettled("many-faces-of-trauma", Stage.SUITABILITY, ALL_YES) == []
    assert unsettled("many-faces-of-trauma", Stage.NEW, {}) == []


@pytest.mark.parametrize(("text", "meant"), [("YES", "yes"), ("not needed", "not_needed"), (" no ", "no")])
def test_an_answer_is_read_as_people_write_it(text, meant):
    assert parse_answer(text) == meant


@pytest.mark.parametrize("read", [parse_answer, parse_side])
@pytest.mark.parametrize("text", ["", "maybe", None, 1])
def test_an_answer_that_is_none_of_those_there_are_is_refused_with_them(read, text):
    with pytest.raises(Refused, match="one of: "):
        read(text)


def test_what_is_written_down_has_room_in_its_column():
    plays = [play for programme in CATALOGUE for stage in Stage for play in plays_for(stage, programme)]

    assert max(len(play.title) for play in plays) <= tasks.c.title.type.length
    assert max(len(item) for item in ALL_YES) <= checklists.c.item.type.length
    assert max(len(step) for step in Step) <= strikes.c.step.type.length
    assert max(len(kind) for kind in Kind) <= timeline.c.kind.type.length


def test_on_a_terminal_the_questions_of_the_form_are_asked_in_its_order():
    assert list(ASKED_ON_A_TERMINAL) == list(QUESTIONS)
