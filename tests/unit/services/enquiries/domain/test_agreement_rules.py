"""What is left of an agreement, and when it stands."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.agreements import (
    AgreementState,
    Side,
    balance_after,
    check_carries_over,
    check_in_force,
    is_signed_by_both,
)
from shared.errors import Refused

SIGNED = AgreementState.SIGNED


@given(st.integers(1, 50), st.lists(st.integers(-60, 60).filter(bool), max_size=30))
def test_the_balance_never_leaves_nothing_to_all(agreed, asked):
    drawn = 0
    for units in asked:
        fits = 0 <= drawn + units <= agreed
        with nullcontext() if fits else pytest.raises(Refused, match="cannot be"):
            assert (
                balance_after(SIGNED, agreed=agreed, drawn=drawn, units=units, unit="place") == agreed - drawn - units
            )
        drawn += units if fits else 0


def test_taking_up_nothing_is_a_slip():
    with pytest.raises(Refused) as caught:
        balance_after(SIGNED, agreed=1, drawn=0, units=0, unit="place")
    assert caught.value.code == "invalid"


@pytest.mark.parametrize("state", [state for state in AgreementState if state is not SIGNED])
def test_nothing_is_drawn_from_what_does_not_stand(state):
    with pytest.raises(Refused, match="Nothing can be drawn"):
        balance_after(state, agreed=16, drawn=0, units=1, unit="session")


def test_an_agreement_stands_once_both_have_signed():
    assert not is_signed_by_both([Side.PRISON])
    assert not is_signed_by_both([Side.US, Side.US])
    assert is_signed_by_both([Side.US, Side.PRISON])


def test_what_was_taken_up_must_fit_into_the_version_that_follows():
    check_carries_over(agreed=12, drawn=12, unit="session")
    with pytest.raises(Refused, match="13 sessions of the former version are taken up"):
        check_carries_over(agreed=12, drawn=13, unit="session")


@pytest.mark.parametrize("state", [AgreementState.AMENDED, AgreementState.ENDED])
def test_what_is_over_cannot_be_changed(state):
    with pytest.raises(Refused):
        check_in_force(state)
