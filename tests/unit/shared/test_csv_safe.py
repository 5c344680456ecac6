"""CSV without formulas."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.csv_safe import safe_cell, safe_csv

FORMULAS = [
    "=1+1",
    "+44 1925 763871",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\u00a0=1",
    "＝1",
    "＋1",
    "＠x",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_could_begin_a_formula_is_shown_as_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["Siân", "a=b", "KT-7F3K-92", "'=1", "", 0, -5, 2.5, None, True])
def test_all_else_stays_as_it_is(value: object) -> None:
    assert safe_cell(value) == value


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=2)))
def test_no_cell_of_any_text_begins_a_formula_and_none_is_lost(rows: list[list[str]]) -> None:
    text = safe_csv(("one", "two"), rows)

    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == ["one", "two"]
    assert len(read) == len(rows) + 1
    for row, back in zip(rows, read[1:], strict=True):
        assert [cell in (value, f"'{value}") for value, cell in zip(row, back, strict=True)] == [True] * len(row)
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in back)
