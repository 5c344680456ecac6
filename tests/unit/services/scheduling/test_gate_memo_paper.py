"""A gate memo as a PDF: one page, and what it says is found back in it."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from services.scheduling.documents import print_memo
from services.scheduling.documents.memo_paper import make_pdf
from shared.errors import Refused
from tests.unit.services.scheduling.papers_cast import TUESDAYS


def letter(visits: int = 16, **changes: Any) -> dict[str, Any]:
    dates = TUESDAYS[:visits]
    return {
        "reference": "KT-7F3K-92",
        "version": 2,
        "state": "sent",
        "organisation": "Open Gate Trust",
        "establishment": "Risley (HMP)",
        "purpose": "The Many Faces of Trauma (group programme)",
        "host": "Activities hub",
        "approval": None,
        "made_at": "2026-12-01T09:00:00+00:00",
        "ask": "ops@opengate.example",
        "visits": [{"date": on, "start": "13:45", "end": "16:45", "arrive_by": "12:45"} for on in dates],
        "people": [
            {"name": "Siân Ŵyn ap Ŷnyr", "vehicle": "AB12 CDE", "entry": "Draws keys", "dates": dates},
            {"name": "Tom Okafor", "vehicle": None, "entry": "Escort needed", "dates": dates[:-1]},
            {"name": "Lee Marsh", "vehicle": None, "entry": "Escort needed", "dates": dates[-1:]},
        ],
        "equipment": [
            {"item": "personal workbooks", "quantity": 12},
            {"item": "acupuncture needles", "quantity": 120},
        ],
    } | changes


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(pdf).pages).split())


def test_everything_a_gate_has_to_know_is_on_one_page():
    paper = make_pdf(letter())
    text = text_of(paper)

    assert len(read(paper).pages) == 1
    for said in (
        *("Open Gate Trust", "Risley (HMP)", "The Many Faces of Trauma", "Activities hub", "KT-7F3K-92, version 2"),
        *("Siân Ŵyn ap Ŷnyr", "AB12 CDE", "Draws keys", "Tom Okafor", "Escort needed", "all but 27 Apr", "Lee Marsh"),
        *("Tue 12 January 2027", "Tue 27 April 2027", "13:45 to 16:45", "12:45"),
        *("12 personal workbooks", "120 acupuncture needles", "ops@opengate.example", "page 1 of 1"),
    ):
        assert said in text
    assert text.count("13:45 to 16:45") == 16


@pytest.mark.parametrize("visits", [1, 3, 12, 13, 16])
def test_however_many_visits_each_is_on_the_one_page(visits):
    paper = make_pdf(letter(visits))

    assert len(read(paper).pages) == 1
    for on in TUESDAYS[:visits]:
        day = dt.date.fromisoformat(on)
        assert f"Tue {day.day} {day:%B %Y}" in text_of(paper)


def test_long_names_and_four_people_still_fit_on_the_page():
    name = "Maximiliana Bartholomea van der Oosterhuizen-Fotheringay"
    person = {"name": name, "vehicle": "AB12 CDE", "dates": TUESDAYS}
    person["entry"] = "Draws keys until 16 March 2027; an escort on other dates"
    items = [{"item": f"sensory and grounding item {n}", "quantity": 12} for n in range(8)]

    assert len(read(make_pdf(letter(people=[person] * 4, equipment=items))).pages) == 1


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("draft", "Draft, not sent"),
        ("out_of_date", "Out of date"),
        ("replaced", "Replaced by a newer version"),
        ("refused", "Not approved"),
    ],
)
def test_a_paper_that_the_gate_should_not_go_by_says_so(state, said):
    assert said in text_of(make_pdf(letter(state=state)))
    assert said not in text_of(make_pdf(letter()))


def test_what_there_is_none_of_takes_no_line():
    text = text_of(make_pdf(letter(host=None, equipment=[])))

    assert "Host" not in text
    assert "Nothing but what everybody may carry." in text
    assert "SEC-14" in text_of(make_pdf(letter(approval="SEC-14")))


def test_it_has_a_title_a_language_and_headings_and_is_the_same_each_time():
    paper = read(make_pdf(letter()))

    assert paper.metadata.title == "Gate memo KT-7F3K-92, version 2: Risley (HMP)"
    assert paper.trailer["/Root"]["/Lang"] == "en-GB"
    assert [each["/Title"] for each in paper.outline[1]] == ["Who comes in", "When", "What they bring"]
    assert make_pdf(letter()) == make_pdf(letter())


def test_it_is_made_in_a_process_of_its_own_which_needs_nothing_of_the_service():
    assert text_of(print_memo(letter())) == text_of(make_pdf(letter()))
    code = "import sys, services.scheduling.documents.memo_paper; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"nameko", "eventlet", "sqlalchemy", "flask"} & set(done.stdout.split())


def test_a_paper_that_cannot_be_made_is_refused_in_plain_words_without_any_of_its_own(caplog):
    asked = letter()
    del asked["people"]

    with pytest.raises(Refused, match="cannot be made just now"):
        print_memo(asked)

    assert "a paper was not made" in caplog.text
    assert "Okafor" not in caplog.text


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=100))
def test_no_words_break_it_whatever_letters_the_font_lacks(words):
    person = {"name": words, "vehicle": words[:40] or None, "entry": "Escort needed", "dates": TUESDAYS}
    item = {"item": words, "quantity": 1}

    assert read(make_pdf(letter(host=words, purpose=words, people=[person], equipment=[item]))).pages
