"""What a proposal costs, how long it is open, and how it may end."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.catalogue import CATALOGUE, pounds, programme_called
from services.enquiries.domain.proposals import (
    MOST_PENCE,
    Line,
    ProposalState,
    check_move,
    ended_because,
    is_over,
    price,
    reminder_on,
    total_of,
    valid_until,
)
from services.enquiries.schemas import PROGRAMMES
from shared.errors import Refused

TRAUMA = programme_called("many-faces-of-trauma")
COMPASSION = programme_called("unlocking-the-key-to-compassion")
LINES = st.builds(
    Line, what=st.just("Travel"), quantity=st.integers(1, 1000), unit=st.just(""), unit_pence=st.integers(-9_999, 9_999)
)


def refusal(**asked) -> Refused:
    with pytest.raises(Refused) as caught:
        price(**({"people": None, "sessions": None} | asked))
    return caught.value


def test_the_programmes_that_can_be_asked_for_are_those_of_the_catalogue():
    assert {slug: programme.name for slug, programme in CATALOGUE.items()} == PROGRAMMES


def test_sixteen_sessions_cost_four_thousand_pounds():
    [line] = price(TRAUMA, people=10, sessions=None)

    assert (line.quantity, line.unit, line.unit_pence, line.pence) == (16, "session", 250_00, 4_000_00)


def test_a_staff_training_costs_three_hundred_pounds_a_person():
    [line] = price(COMPASSION, people=12, sessions=None)

    assert (line.quantity, line.unit, line.pence) == (12, "person", 3_600_00)


@pytest.mark.parametrize("people", [1, 7])
def test_fewer_than_eight_people_need_a_reason(people):
    refused = refusal(programme=COMPASSION, people=people)

    assert "8 people or more" in refused.detail
    assert "give a reason" in refused.fields["people"][0]
    [line] = price(COMPASSION, people=people, sessions=None, reason="A small training unit.")
    assert line.quantity == people


def test_more_people_than_a_group_takes_are_refused_whatever_the_reason():
    assert "up to 16" in refusal(programme=COMPASSION, people=17, reason="They asked.").fields["people"][0]
    assert "up to 12" in refusal(programme=TRAUMA, people=13, reason="They asked.").fields["people"][0]


def test_what_a_programme_is_not_priced_by_is_refused():
    assert "sessions" in refusal(programme=COMPASSION, people=8, sessions=3).fields
    assert "people" in refusal(programme=COMPASSION).fields
    assert "sessions" in refusal(programme=TRAUMA, sessions=17).fields


@given(extra=st.lists(LINES, max_size=20), sessions=st.integers(1, 16))
def test_the_total_is_the_sum_of_its_lines_in_whole_pence_or_refused(extra, sessions):
    expected = sessions * 250_00 + sum(line.quantity * line.unit_pence for line in extra)
    if not 0 <= expected <= MOST_PENCE:
        assert "extra_lines" in refusal(programme=TRAUMA, sessions=sessions, extra=extra).fields
        return

    lines = price(TRAUMA, people=None, sessions=sessions, extra=extra)

    assert total_of(lines) == expected
    assert all(type(line.pence) is int for line in lines)
    assert lines[1:] == tuple(extra)


@given(st.integers(-MOST_PENCE, MOST_PENCE))
def test_money_in_words_loses_no_penny(pence):
    said = pounds(pence)

    bare = said.replace("£", "").replace(",", "").replace(".", "")
    assert int(bare) == pence
    assert said[-3] == "."


@given(sent=st.dates(date(2026, 1, 1), date(2035, 1, 1)), days=st.integers(1, 365))
def test_a_reminder_comes_between_the_sending_and_the_last_day(sent, days):
    until = valid_until(sent, days)
    remind = reminder_on(sent, until)

    assert remind is None or sent < remind < until
    assert not is_over(until, until)
    assert is_over(until, valid_until(until, 1))


def test_of_thirty_days_the_reminder_comes_on_day_twenty():
    assert reminder_on(date(2026, 11, 24), date(2026, 12, 24)) == date(2026, 12, 14)


@pytest.mark.parametrize("ended", list(ProposalState)[2:])
def test_what_has_ended_stays_ended_and_says_how(ended):
    for to in ProposalState:
        with pytest.raises(Refused, match="closed") as caught:
            check_move(ended, to, 3)
        assert ended_because(ended) in caught.value.detail


def test_a_draft_cannot_be_accepted_and_what_was_sent_is_not_sent_again():
    with pytest.raises(Refused, match="Send it first"):
        check_move(ProposalState.DRAFT, ProposalState.ACCEPTED, 1)
    with pytest.raises(Refused, match="make a new version"):
        check_move(ProposalState.SENT, ProposalState.SENT, 1)
