"""Which counts may leave the house, so that no number is about somebody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.attendance import shown, totals_shown

GROUPS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30), max_size=6)


def test_small_counts_are_hidden_and_noughts_and_others_are_not():
    assert shown({"a": 4, "b": 1, "c": 5, "d": 0}) == {"a": None, "b": None, "c": 5, "d": 0}


def test_a_single_small_count_takes_the_next_smallest_with_it():
    assert shown({"a": 4, "b": 9, "c": 6, "d": 0}) == {"a": None, "b": 9, "c": None, "d": 0}


def test_nothing_is_hidden_where_nothing_is_small():
    assert shown({"a": 5, "b": 0}) == {"a": 5, "b": 0}
    assert totals_shown(20, 15, {"a": 5}, late=0) == {"expected": 20, "attended": 15, "late": 0}


def test_the_number_expected_goes_with_a_small_part_of_it():
    assert totals_shown(20, 16, {"a": 4}) == {"expected": None, "attended": 16}
    assert totals_shown(10, 4, {"a": 6}) == {"expected": None, "attended": None}


@given(st.integers(0, 200), GROUPS)
def test_no_small_count_is_shown_or_can_be_worked_out_from_a_sum(attended, absent):
    expected = attended + sum(absent.values())
    totals, groups = totals_shown(expected, attended, absent), shown(absent)

    for value in (totals["attended"], *groups.values()):
        assert value is None or value == 0 or value >= 5
    hidden = [name for name in absent if groups[name] is None]
    assert len(hidden) != 1 or totals["expected"] is None
    if totals["expected"] is not None and totals["attended"] is not None:
        away = totals["expected"] - totals["attended"]
        assert away == 0 or away >= 5
