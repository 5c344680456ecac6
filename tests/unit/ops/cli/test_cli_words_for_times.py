"""How moments and dates are shown: in London, with their weekday, and so that they can be given to a command again."""

from __future__ import annotations

import json

import pytest
import typer

from ops.cli import output
from ops.cli.arguments import iso_date, iso_time
from ops.cli.output import Column, in_words, show, show_csv


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2027-01-12T15:00:00+00:00", "Tue 12 Jan 2027 15:00"),
        ("2027-07-13T14:00:00Z", "Tue 13 Jul 2027 15:00"),  # in July, London is an hour ahead
        ("2027-01-12T15:00:00.123456+00:00", "Tue 12 Jan 2027 15:00"),
        ("2027-01-05", "Tue  5 Jan 2027"),
        (["2027-01-05", "2027-01-12"], "Tue  5 Jan 2027, Tue 12 Jan 2027"),
        ({"from": "2027-01-05"}, "from: Tue  5 Jan 2027"),
        ("2027-99-99", "2027-99-99"),
        ("on 2027-01-05", "on 2027-01-05"),
        ("KT-7F3K-92", "KT-7F3K-92"),
        (3, "3"),
    ],
)
def test_times_are_in_the_operators_words_and_nothing_else_is_touched(value, words):
    assert in_words(value) == words


def test_json_and_csv_keep_times_as_programs_want_them(capsys):
    row, column = {"at": "2027-01-12T15:00:00+00:00"}, Column("at", "When")

    show([row], [column], as_json=True)
    assert json.loads(capsys.readouterr().out) == [row]
    show_csv([row], [column])
    assert capsys.readouterr().out.splitlines()[1] == "2027-01-12T15:00:00+00:00"


@pytest.mark.parametrize("text", ["2027-01-05", "Tue  5 Jan 2027", "5 Jan 2027"])
def test_a_date_is_taken_as_it_is_shown(text):
    assert iso_date(text) == "2027-01-05"


@pytest.mark.parametrize("text", ["2027-01-12T15:00", "Tue 12 Jan 2027 15:00"])
def test_a_moment_is_taken_as_it_is_shown(text):
    assert iso_time(text) == "2027-01-12T15:00:00"


@pytest.mark.parametrize("read", [iso_date, iso_time])
@pytest.mark.parametrize("text", ["5jan", "Mon 31 Feb 2027", ""])
def test_what_is_neither_is_refused_with_an_example(read, text):
    with pytest.raises(typer.BadParameter, match="Write it like 2027-01-0"):
        read(text)


def test_on_a_narrow_terminal_a_reference_stays_whole_and_a_time_gives_way(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(output, "on_a_terminal", lambda: True)
    columns = (Column("ref", "Enquiry", copyable=True), Column("at", "When", copyable=True), Column("place", "Where"))
    row = {"ref": "KT-7F3K-92", "at": "2027-01-12T15:00:00+00:00", "place": "Featherstone (HMP) near Wolverhampton"}

    show([row], columns, as_json=False)

    printed = capsys.readouterr().out
    assert "KT-7F3K-92" in printed
    assert "Tue 12 Jan" in printed
    assert "Tue 12 Jan 2027 15:00" not in printed
    assert "Featherstone" in printed
