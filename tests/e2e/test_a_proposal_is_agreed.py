"""From an enquiry to an agreement, in both modes: proposed, sent, accepted by its link, signed, drawn to the limit."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import requests
from pypdf import PdfReader

from tests.examples import risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

SIAN = {"name": "Siân Ŵyn ap Ŷnyr", "role": "Pennaeth lleihau aildroseddu", "agreed": "yes"}


def ask(keytalk: Keytalk, method: str, **arguments: Any) -> Any:
    """Call an operation through the gateway, as notifications would by RPC."""
    token = (keytalk.home / "ops-token").read_text().strip()
    answer = requests.post(
        f"{keytalk.ops_url}/rpc/enquiries/{method}",
        json=arguments,
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    answer.raise_for_status()
    return answer.json()["result"]


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.fixture(scope="module")
def reference(keytalk: Keytalk) -> str:
    return keytalk.post(risley_enquiry(contact_name="Ffion Môn", establishment="Risley (HMP)")).json()["reference"]


@pytest.fixture(scope="module")
def link(keytalk: Keytalk, reference: str) -> str:
    keytalk.cli("proposals", "make", reference, "--extra", "Travel=16x18.50", "--notes", "Croeso i bawb.")
    sent = keytalk.cli("proposals", "send", reference)
    assert (sent["state"], sent["total_pence"]) == ("sent", 4_296_00)
    return ask(keytalk, "get_proposal_letter", proposal_id=sent["id"])["link"]


def test_what_a_message_needs_is_given(keytalk, reference, link):
    letter = ask(keytalk, "get_proposal_letter", proposal_id=reference)

    assert (letter["programme"], letter["total"]) == ("The Many Faces of Trauma", "£4,296.00")
    assert letter["contact"]["name"] == "Ffion Môn"
    assert letter["establishment"] == "Risley (HMP)"
    assert link.startswith(f"{keytalk.public_url}/proposals/")


def test_the_link_shows_the_proposal_and_gives_its_paper(link):
    page = requests.get(link, timeout=30)
    paper = requests.get(f"{link}/proposal.pdf", timeout=60)

    assert page.status_code == 200
    for said in ("The Many Faces of Trauma", "Risley (HMP)", "Ffion Môn", "£4,296.00", "Croeso i bawb."):
        assert said in page.text
        assert said in text_of(paper.content)


def test_a_yes_needs_a_tick_and_a_name(keytalk, reference, link):
    answer = requests.post(link, data={"name": "Siân"}, timeout=30)

    assert answer.status_code == 422
    assert 'value="Siân"' in answer.text
    assert keytalk.cli("agreements", "list", "--enquiry", reference) == []


def test_a_yes_with_a_welsh_name_is_kept_letter_by_letter_and_once(keytalk, reference, link):
    pages = [requests.post(link, data=SIAN, timeout=30) for _ in range(2)]

    assert [page.status_code for page in pages] == [200, 200]
    assert all("Thank you, you have said yes" in page.text for page in pages)
    [listed] = keytalk.cli("agreements", "list", "--enquiry", reference)
    agreement = keytalk.cli("agreements", "show", listed["id"])
    assert [(each["name"], each["role"], each["how"]) for each in agreement["signatures"]] == [
        ("Siân Ŵyn ap Ŷnyr", "Pennaeth lleihau aildroseddu", "link")
    ]
    assert agreement["state"] == "awaiting_signature"


def test_signed_by_us_it_stands_and_its_paper_says_so(keytalk, reference, link):
    keytalk.cli("agreements", "purchase-order", reference, "4500012345")
    signed = keytalk.cli("agreements", "sign", reference, "--name", "Priya Nair", "--role", "Ops coordinator")

    assert signed["state"] == "signed"
    assert "This is agreed and signed" in requests.get(link, timeout=30).text
    text = text_of(requests.get(f"{link}/proposal.pdf", timeout=60).content)
    for said in ("Siân Ŵyn ap Ŷnyr", "Priya Nair", "given electronically", "4500012345"):
        assert said in text


def test_the_sessions_are_drawn_to_the_limit_and_not_beyond(keytalk, reference):
    keytalk.cli("agreements", "draw", reference, "15", "--for", "sessions 1 to 15")
    with pytest.raises(CommandRefused, match="1 is left, so 2 cannot be taken up"):
        keytalk.cli("agreements", "draw", reference, "2", "--for", "two more")
    drawn = keytalk.cli("agreements", "draw", reference, "1", "--for", "session 16")

    assert drawn["balance"] == 0
    with pytest.raises(CommandRefused, match="0 are left"):
        keytalk.cli("agreements", "draw", reference, "1", "--for", "one more")
    back = keytalk.cli("agreements", "draw", reference, "1", "--back", "--for", "session 16 fell out")
    assert back["balance"] == 1


def test_the_enquiry_tells_the_whole_story(keytalk, reference):
    shown = keytalk.cli("enquiries", "show", reference)

    assert [each["state"] for each in shown["proposals"]] == ["accepted"]
    assert (shown["agreement"]["state"], shown["agreement"]["balance"]) == ("signed", 1)
    kinds = [step["kind"] for step in shown["timeline"]]
    ours = [kind for kind in kinds if kind in {"proposed", "settled", "signed", "drawn"}]
    assert ours == ["proposed", "proposed", "settled", "signed", "signed", "drawn", "drawn", "drawn"]


def test_a_new_version_closes_the_link_to_the_former_one(keytalk):
    reference = keytalk.post(risley_enquiry()).json()["reference"]
    keytalk.cli("proposals", "make", reference)
    first = ask(keytalk, "get_proposal_letter", proposal_id=keytalk.cli("proposals", "send", reference)["id"])["link"]
    keytalk.cli("proposals", "make", reference, "--sessions", "8")

    page, late = requests.get(first, timeout=30), requests.post(first, data=SIAN, timeout=30)

    assert "There is a newer version" in page.text
    assert late.status_code == 409
    assert "There is a newer version" in late.text
    keytalk.cli("proposals", "send", reference)
    second = ask(keytalk, "get_proposal_letter", proposal_id=reference)["link"]
    assert "8 sessions" in requests.get(second, timeout=30).text


def test_a_no_through_the_link_is_heard(keytalk):
    reference = keytalk.post(risley_enquiry()).json()["reference"]
    keytalk.cli("proposals", "make", reference)
    keytalk.cli("proposals", "send", reference)
    link = ask(keytalk, "get_proposal_letter", proposal_id=reference)["link"]

    page = requests.post(f"{link}/no", data={"reason": "Mae'r ystafell yn rhy fach."}, timeout=30)

    assert "Thank you for telling us" in page.text
    assert keytalk.cli("proposals", "show", reference)["state"] == "declined"
    steps = keytalk.cli("enquiries", "show", reference)["timeline"]
    assert steps[-1]["reason"] == "Mae'r ystafell yn rhy fach."


def test_a_training_that_came_back_on_paper_is_agreed_in_places(keytalk, tmp_path):
    reference = keytalk.post(risley_enquiry(programme="unlocking-the-key-to-compassion")).json()["reference"]
    with pytest.raises(CommandRefused, match="8 people or more"):
        keytalk.cli("proposals", "make", reference, "--people", "7")
    keytalk.cli("proposals", "make", reference, "--people", "12")
    keytalk.cli("proposals", "send", reference)
    paper = tmp_path / "paper.pdf"
    keytalk.cli("proposals", "pdf", reference, "-o", str(paper), json=False)
    assert "£3,600.00" in text_of(paper.read_bytes())
    keytalk.cli("proposals", "accept", reference, "--name", "Siân Ŵyn", "--role", "Governor")

    signed = keytalk.cli("agreements", "sign", reference, "--name", "Priya Nair", "--on-paper")

    assert [each["how"] for each in signed["signatures"]] == ["paper", "paper"]
    assert (signed["unit"], signed["balance"]) == ("place", 12)


def test_the_link_stays_out_of_the_log(keytalk, link):
    log = (keytalk.home / "keytalk.log").read_text()

    assert re.search("enquiries.send_proposal", log)
    assert link.rpartition("/")[2] not in log
    assert "Ŵyn" not in log
    assert "\\u0174yn" not in log


def test_the_contact_is_sent_the_link(embedded):
    reference = embedded.post(risley_enquiry(contact_email="mon@risley.example")).json()["reference"]
    embedded.cli("proposals", "make", reference)
    embedded.cli("proposals", "send", reference)
    link = ask(embedded, "get_proposal_letter", proposal_id=reference)["link"]

    mails = eventually(
        lambda: [m for m in embedded.cli("mail", "list") if reference in m["subject"] and "proposal" in m["subject"]]
    )

    assert link in embedded.cli("mail", "show", mails[0]["message_id"])["text"].replace("=\n", "")
