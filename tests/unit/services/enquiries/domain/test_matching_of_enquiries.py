"""What resembles what: the points, their reasons, and that no weak sign alone is enough."""

from __future__ import annotations

import doctest
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain import matching
from services.enquiries.domain.matching import (
    MOST_SUGGESTED,
    SUGGEST_FROM,
    Asking,
    Organisation,
    Person,
    likeness_of,
    suggest_duplicates,
    suggest_organisations,
    suggest_people,
    telling_words,
    words_shared,
)
from shared.establishment_names import bare_name

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE, THERE = UUID(int=1), UUID(int=2)
ASKING = Asking("KT-NEW", "many-faces-of-trauma", "BNI", HERE, UUID(int=9), NOW, date(2027, 1, 12), frozenset())
ALEX = Person(UUID(int=3), "Alex Morgan", "alex.morgan@risley.example", "01925 763871", HERE)


def earlier(days, **changes):
    other = replace(ASKING, reference="KT-OLD", contact_id=None, preferred_start=None)
    return replace(other, received_at=NOW - timedelta(days=days), **changes)


def points(found):
    return found[0].score if found else 0


@pytest.mark.parametrize("days", [0, 21, 60])
def test_the_same_programme_at_the_same_place_within_sixty_days_is_always_suggested(days):
    [found] = suggest_duplicates(ASKING, [earlier(days)])

    assert found.target == "KT-OLD"
    assert found.score >= SUGGEST_FROM


def test_nearer_is_likelier_and_after_sixty_days_it_is_another_ask():
    scores = [points(suggest_duplicates(ASKING, [earlier(days)])) for days in (0, 20, 40, 60, 61)]

    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 5
    assert scores[-1] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"programme": "unlocking-the-key-to-compassion"},
        {"establishment_id": "RSI", "organisation_id": THERE},
    ],
)
def test_the_place_alone_or_the_programme_alone_is_chance(changes):
    assert suggest_duplicates(ASKING, [earlier(0, **changes)]) == []


def test_the_same_person_with_the_same_words_is_suggested_for_another_place():
    words = telling_words("sixteen weeks with a quiet room on the education corridor")
    asking = replace(ASKING, words=words)
    other = earlier(1, establishment_id="RSI", organisation_id=THERE, contact_id=ASKING.contact_id, words=words)

    [found] = suggest_duplicates(asking, [other])

    assert "the same person asks" in found.reasons
    assert "the words are alike" in found.reasons


def test_one_organisation_without_an_establishment_counts_as_the_same_place():
    asking = replace(ASKING, establishment_id=None)

    [found] = suggest_duplicates(asking, [earlier(1, establishment_id=None)])

    assert found.reasons[0] == "it is from the same organisation"
    assert "they came 1 day apart" in found.reasons


def test_the_likeliest_few_come_first():
    many = [replace(earlier(day), reference=f"KT-{day:02}") for day in range(12)]

    found = suggest_duplicates(ASKING, many)

    assert [each.target for each in found] == [f"KT-{day:02}" for day in range(MOST_SUGGESTED)]


@pytest.mark.parametrize(
    ("changes", "suggested"),
    [
        ({"name": "MORGAN, Alex", "email": None, "phone": None}, True),
        ({"name": "Dr Álex Morgan", "email": None, "phone": None}, True),
        ({"name": "A Morgan", "email": "a.morgan@risley.example", "phone": "+44 (0)1925 763871"}, True),
        ({"name": "Sam Hub", "email": "alex.morgan@rissley.example", "phone": None}, True),
        ({"name": "Alex Morgan", "email": None, "phone": None, "organisation_id": THERE}, False),
        ({"name": "Sam Hub", "email": "hub@risley.example", "phone": None}, False),
        ({"name": "Sam Hub", "email": None, "phone": "01925 763871", "organisation_id": None}, False),
        ({"name": "Alex Morgan", "email": None, "phone": "01925-763871", "organisation_id": None}, True),
    ],
)
def test_who_may_be_someone_we_know(changes, suggested):
    found = suggest_people(ALEX, [replace(ALEX, id=UUID(int=4), **changes)])

    assert bool(found) is suggested


@pytest.mark.parametrize(
    ("written", "score"),
    [("HMP Risley", 90), ("Risly prison", 82), ("Risley and Warrington", 0), ("Bullingdon", 0), ("", 0)],
)
def test_a_name_that_is_nearly_right_names_its_organisation(written, score):
    risley = Organisation(HERE, "Risley (HMP)", ("risley", "former borstal"), None)

    assert points(suggest_organisations([bare_name(written)], None, [risley])) == pytest.approx(score, abs=3)


def test_a_domain_of_its_own_tells_an_organisation_and_a_shared_one_does_not():
    hub = Organisation(HERE, "Northern Hub", ("northern hub",), "hub.example")
    shared = Organisation(THERE, "Elsewhere", ("elsewhere",), "justice.gov.uk")

    [found] = suggest_organisations([], "pat@HUB.example", [hub, shared])

    assert (found.target, found.reasons) == (str(HERE), ("they write from hub.example",))
    assert suggest_organisations([], "pat@justice.gov.uk", [hub, shared]) == []


def test_everyday_words_and_very_few_words_say_nothing():
    alike = telling_words("hello we would like this for our people"), telling_words("hello we would like that for men")
    few = telling_words("Tuesdays please")

    assert words_shared(*alike) == words_shared(few, few) == 0


def test_the_examples_are_true():
    assert doctest.testmod(matching).failed == 0


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_between_nothing_and_the_same_either_way(one, other):
    one, other = bare_name(one), bare_name(other)

    assert 0 <= likeness_of(one, other) <= 1
    assert (likeness_of(one, other) == 1) is bool(one and sorted(one.split()) == sorted(other.split()))


@given(
    st.builds(
        Asking,
        st.just("KT-OLD"),
        st.sampled_from(["many-faces-of-trauma", "unlocking-the-key-to-compassion"]),
        st.none() | st.sampled_from(["BNI", "RSI"]),
        st.none() | st.sampled_from([HERE, THERE]),
        st.none() | st.just(UUID(int=9)),
        st.integers(-100_000, 100_000).map(lambda minutes: NOW + timedelta(minutes=minutes)),
        st.none() | st.dates(date(2026, 1, 1), date(2028, 1, 1)),
        st.text(max_size=200).map(telling_words),
    )
)
def test_a_suggestion_always_has_points_in_bounds_and_reasons_to_read(other):
    for found in suggest_duplicates(ASKING, [other]):
        assert SUGGEST_FROM <= found.score <= 100
        assert all(found.reasons)
