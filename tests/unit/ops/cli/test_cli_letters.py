"""What is written to people, shown to those who have to read it to them."""

from __future__ import annotations

import json

CONTACT = {"name": "Siân Ŵyn", "email": "sian@risley.example", "organisation": "Risley (HMP)"}
PROPOSAL = {
    "id": "p1",
    "reference": "KT-7F3K-92",
    "contact": CONTACT,
    "programme": "The Many Faces of Trauma",
    "total": "£4,000.00",
    "valid_until": "2026-12-24",
    "link": "https://keytalk.example/proposals/a-token",
    "ask": "ops@keytalk.example",
}
OFFER = {
    "offer": "o1",
    "state": "open",
    "facilitator": {"name": "Lee Marsh"},
    "establishment": {"name": "Risley (HMP)"},
    "role": "cover",
    "instead_of": None,
    "answer_by": "2027-01-19T10:00:00+00:00",
    "sessions": [{"number": 2, "date": "2027-01-19", "start": "13:45", "end": "16:45", "with": []}],
    "link": "https://keytalk.example/offers/a-token",
}
MEMO = {
    "memo": "m1",
    "run": "r1",
    "reference": "KT-7F3K-92",
    "sent_at": None,
    "people": [{"name": "Ana Reyes", "vehicle": None, "entry": "Escort needed", "dates": ["2027-01-12"]}],
    "visits": [{"number": 1, "date": "2027-01-12", "start": "13:45", "end": "16:45", "arrive_by": "12:45"}],
    "equipment": [],
    "amendment": [],
    "ask": "ops@keytalk.example",
    "name": "gate-memo-KT-7F3K-92-version-1.pdf",
    "pdf": "",
}


def test_a_proposals_letter_says_to_whom_what_and_where(keytalk, gateway):
    gateway.will_answer("enquiries.get_proposal_letter", PROPOSAL)

    lines = keytalk("proposals", "letter", "KT-7F3K-92").stdout.splitlines()

    assert lines[0] == "To: Siân Ŵyn <sian@risley.example>"
    assert "Open until: Thu 24 Dec 2026" in lines
    assert f"Link: {PROPOSAL['link']}" in lines
    assert gateway.asked == [("enquiries.get_proposal_letter", {"proposal_id": "KT-7F3K-92"})]


def test_an_offers_letter_says_which_sessions_and_where_to_answer(keytalk, gateway):
    gateway.will_answer("scheduling.get_offer_letter", OFFER)

    shown = keytalk("offers", "letter", "o1").stdout

    assert "  2  Tue 19 Jan 2027, 13:45 to 16:45, with nobody else yet" in shown
    assert shown.endswith(f"Link: {OFFER['link']}\n")
    assert json.loads(keytalk("offers", "letter", "o1", "--json").stdout) == OFFER


def test_a_memos_letter_names_the_paper_that_goes_with_it(keytalk, gateway):
    gateway.will_answer("scheduling.get_memo_letter", MEMO)

    shown = keytalk("memos", "letter", "m1").stdout

    assert "Ana Reyes" in shown
    assert "Questions to: ops@keytalk.example. With it goes gate-memo-KT-7F3K-92-version-1.pdf." in shown


def test_a_reply_is_shown_with_whom_it_goes_to_as_things_are_now(keytalk, gateway):
    told = {"reference": "KT-7F3K-92", "words": "Thank you.", "actor": "priya", "contact": CONTACT}
    gateway.will_answer("enquiries.get_reply", told)

    shown = keytalk("enquiries", "letter", "e1").stdout

    assert shown == "To: Siân Ŵyn <sian@risley.example>\nAbout: KT-7F3K-92, by priya\n\nThank you.\n"
    assert gateway.asked == [("enquiries.get_reply", {"entry_id": "e1"})]
