"""Posts' titles, domains and the way to reach someone."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain import people
from services.enquiries.domain.people import Channel, bare_title, channel_of
from shared.errors import Refused


def test_the_examples_are_true():
    assert doctest.testmod(people).failed == 0


@given(st.text(max_size=120))
def test_a_title_fits_its_column_and_does_not_change_when_bared_again(title):
    bare = bare_title(title)

    assert len(bare) <= 120
    assert bare_title(bare) == bare.strip() or len(bare) == 120


@pytest.mark.parametrize(
    ("chosen", "email", "phone", "channel"),
    [
        (None, "a@b.example", "1", Channel.EMAIL),
        (None, None, "1", Channel.PHONE),
        (None, None, None, Channel.POST),
        ("post", "a@b.example", None, Channel.POST),
    ],
)
def test_someone_is_reached_as_they_wish_else_by_what_there_is(chosen, email, phone, channel):
    assert channel_of(chosen, email, phone) is channel


@pytest.mark.parametrize("chosen", ["email", "phone"])
def test_a_way_that_leads_nowhere_is_refused_with_the_field(chosen):
    with pytest.raises(Refused) as refusal:
        channel_of(chosen, None, None)

    assert list(refusal.value.fields) == [chosen]
