"""A proposal as a PDF: what it says is found back in it."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from services.enquiries.documents import print_proposal
from services.enquiries.documents.proposal_paper import make_pdf
from services.enquiries.documents.wording import day_in_words, how_many
from services.enquiries.domain.proposals import CANCELLATION_TERMS
from shared.documents import printing
from shared.errors import Refused

LINK = "https://keys.example/proposals/AZLwyAAAcACAAAAAAAAAQA~2.abcdefghijklmnopqrstuvwxyz"


def letter(**changes: Any) -> dict[str, Any]:
    return {
        "reference": "KT-7F3K-92",
        "version": 2,
        "programme_name": "The Many Faces of Trauma",
        "establishment": "Carchar Llŷn",
        "contact": {"name": "Siân Ŵyn ap Ŷnyr", "role": "Pennaeth Addysg", "organisation": None},
        "lines": [
            {"what": "Sixteen sessions", "quantity": 16, "unit": "session", "unit_pence": 250_00, "pence": 4_000_00},
            {"what": "Reduction", "quantity": 1, "unit": "", "unit_pence": -45_05, "pence": -45_05},
        ],
        "total_pence": 3_954_95,
        "cancellation_terms": CANCELLATION_TERMS,
        "notes": "Mae gennym ystafell dawel.",
        "valid_until": "2026-12-24",
        "created_at": "2026-11-24T09:30:00+00:00",
        "sent_at": "2026-11-24T09:31:00+00:00",
        "org_name": "Open Gate Trust",
        "ask": "ops@opengate.example",
        "link": LINK,
        "signatures": [],
        "purchase_order": None,
    } | changes


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(pdf).pages).split())


def test_everything_a_prison_has_to_know_is_in_it():
    text = text_of(make_pdf(letter()))

    for said in (
        *("Open Gate Trust", "The Many Faces of Trauma", "Carchar Llŷn", "Siân Ŵyn ap Ŷnyr", "Pennaeth Addysg"),
        *("KT-7F3K-92, version 2", "24 November 2026", "24 December 2026", "16 sessions", "£250.00", "£4,000.00"),
        *("-£45.05", "£3,954.95", "Mae gennym ystafell dawel.", CANCELLATION_TERMS, "ops@opengate.example"),
        *("How to say yes", "Signature", "Order no.", "page 1 of 2", "page 2 of 2"),
    ):
        assert said in text
    assert LINK in text.replace(" ", "")


def test_it_has_a_title_a_language_headings_and_a_link_to_press():
    paper = read(make_pdf(letter()))

    assert paper.metadata.title == "Proposal KT-7F3K-92, version 2: The Many Faces of Trauma"
    assert paper.metadata.author == "Open Gate Trust"
    root = paper.trailer["/Root"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    first, rest = paper.outline
    assert (first["/Title"], [each["/Title"] for each in rest]) == (
        "Proposal",
        [
            "What it is and what it costs",
            "Notes",
            "If a date has to be cancelled",
            "How to say yes",
            "Signatures",
        ],
    )
    links = [note.get_object().get("/A", {}).get("/URI") for note in paper.pages[0].get("/Annots", [])]
    assert LINK in links


def test_the_same_proposal_makes_the_same_file():
    assert make_pdf(letter()) == make_pdf(letter())


def test_what_was_signed_stands_in_its_place_and_nobody_is_asked_to_sign_again():
    signed_at = "2026-11-30T23:30:00+00:00"
    signatures = [
        {"side": "prison", "name": "Ffion Ŷ", "role": "Rheolwr", "signed_at": signed_at, "how": "link"},
        {"side": "us", "name": "Priya Nair", "role": None, "signed_at": signed_at, "how": "paper"},
    ]

    text = text_of(make_pdf(letter(signatures=signatures, purchase_order="PO-2027/114", link=None)))

    for said in ("Ffion Ŷ", "Rheolwr", "given electronically", "Priya Nair", "on paper", "30 November 2026", "PO-2027"):
        assert said in text
    assert "How to say yes" not in text


def test_the_places_to_sign_are_never_cut_by_the_end_of_a_page():
    for lines in range(0, 40, 3):
        paper = read(make_pdf(letter(notes="\n".join(["Another line."] * lines))))
        last = paper.pages[-1].extract_text()
        assert last.index("Signatures") < last.index("Order no.")
        assert last.count("Name") == last.count("Role") == 2


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=200))
def test_no_words_break_it_whatever_letters_the_font_lacks(words):
    contact = {"name": words, "role": words[:50], "organisation": words}
    signature = {"side": "prison", "name": words or "x", "role": words, "signed_at": "2026-11-30", "how": "link"}

    pdf = make_pdf(letter(notes=words, establishment=words, contact=contact, signatures=[signature]))

    assert read(pdf).pages


def test_letters_the_font_lacks_are_marked_and_the_others_stay():
    text = text_of(make_pdf(letter(notes="Siân 你好 ŵ ŷ \u200bend")))

    assert "Siân \ufffd\ufffd ŵ ŷ end" in text


def test_it_is_made_in_a_process_of_its_own():
    assert text_of(print_proposal(letter())) == text_of(make_pdf(letter()))


@pytest.mark.parametrize("trouble", ["a paper that cannot be made", "no process", "no end"])
def test_a_paper_that_cannot_be_made_is_refused_in_plain_words_and_logged_without_any_of_its_own(
    monkeypatch, caplog, trouble
):
    asked = letter()
    if trouble == "no process":
        monkeypatch.setattr(printing.sys, "executable", "/nowhere/python")
    elif trouble == "no end":
        monkeypatch.setattr(printing, "PATIENCE", 0.0)
        monkeypatch.setattr(printing, "_presses", type(printing._presses)(1))
    else:
        del asked["lines"]

    with pytest.raises(Refused, match="cannot be made just now") as caught:
        print_proposal(asked)

    assert caught.value.code == "unavailable"
    assert "a paper was not made" in caplog.text
    assert "Siân" not in caplog.text


def test_the_paper_needs_nothing_of_the_service_around_it():
    code = "import sys, services.enquiries.documents.proposal_paper; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"nameko", "eventlet", "sqlalchemy", "flask"} & set(done.stdout.split())


def test_days_are_those_of_london_and_units_are_counted():
    assert day_in_words("2026-06-30T23:30:00+00:00") == "1 July 2026"
    assert how_many({"quantity": 12, "unit": "person"}) == "12 people"
    assert how_many({"quantity": 1, "unit": "session"}) == "1 session"
    assert how_many({"quantity": 3, "unit": ""}) == "3"
