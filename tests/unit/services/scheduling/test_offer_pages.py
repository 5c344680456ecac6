"""The page behind an offer's signed link: what it shows in each state, and that only a person's post answers it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.scheduling.web.app import create_app
from services.scheduling.web.offer_links import OfferLinks
from services.scheduling.web.offer_pages import OfferPages
from shared.errors import Refused

KEYS = ("the-first-key-of-two", "the-second-key-of-two")
OFFER = UUID("0192f0c8-0000-7000-8000-0000000000d1")
TOKEN = "the-token"
PAGE = f"/calendar/offers/{TOKEN}"
SESSION = {
    "id": "0192f0c8-0000-7000-8000-000000000002",
    "number": 2,
    "date": "2027-01-19",
    "start": "13:45",
    "end": "16:45",
    "arrive_by": "12:45",
    "with": ["Tom O'Ŵyn"],
    "state": "planned",
}
LETTER = {
    "offer": str(OFFER),
    "enquiry": "KT-7F3K-92",
    "state": "open",
    "facilitator": {"id": "1", "name": "Lee <Llŷr>"},
    "programme": "The Many Faces of Trauma",
    "mode": "in_person",
    "zone": "Europe/London",
    "establishment": {"id": "RSI", "name": "Risley (HMP)", "town": "Warrington"},
    "sessions": [SESSION],
    "answer_by": "2027-01-19T10:00:00+00:00",
    "org_name": "Open Gate <Trust>",
    "ask": "ops@opengate.example",
    "link": f"https://keys.example{PAGE}",
}


class Desk:
    """Knows one offer, and keeps what it was told about it."""

    def __init__(self) -> None:
        self.now: dict[str, Any] = dict(LETTER)
        self.taken: list[str] = []
        self.trouble: Refused | None = None

    def letter(self, token: str) -> dict[str, Any] | None:
        return self.now if token == TOKEN else None

    def accept(self, token: str) -> None:
        self._take("accepted")

    def decline(self, token: str) -> None:
        self._take("declined")

    def _take(self, state: str) -> None:
        if self.trouble:
            raise self.trouble
        self.taken.append(state)
        self.now["state"] = state


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def client(desk):
    return create_app("Open Gate <Trust>", (OfferPages(desk).mount,)).test_client()


def test_the_page_says_where_when_with_whom_by_when_and_whom_to_ask(client):
    page = client.get(PAGE)

    assert page.status_code == 200
    for said in (
        "Risley (HMP), Warrington",
        "Tuesday 19 January 2027, 13:45 to 16:45",
        "Session 2 of the programme. Please be at the gate by 12:45. You lead it with Tom O&#39;Ŵyn.",
        "10:00 on Tuesday 19 January 2027",
        "mailto:ops@opengate.example?subject=KT-7F3K-92",
        "Hello Lee &lt;Llŷr&gt;",
        "The Many Faces of Trauma",
    ):
        assert said in " ".join(page.text.split())


def test_reading_changes_nothing_sets_no_cookie_and_is_kept_by_nobody(client, desk):
    for _again in range(2):
        page = client.get(PAGE)

    assert desk.taken == []
    assert "Set-Cookie" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "script-src" not in page.headers["Content-Security-Policy"]


def test_there_are_two_buttons_and_neither_needs_script(client):
    page = client.get(PAGE).text

    assert f'<form action="{PAGE}/accept" method="post">' in page
    assert f'<form action="{PAGE}/decline" method="post">' in page
    assert "<script" not in page


def test_several_sessions_are_each_shown(client, desk):
    desk.now["sessions"] = [SESSION, {**SESSION, "number": 3, "date": "2027-01-26", "with": []}]
    page = client.get(PAGE).text

    assert "When, 2 sessions" in page
    assert "Tuesday 26 January 2027" in page
    assert "Nobody else is set for it yet." in page
    assert "all of these sessions" in page


def test_a_remote_session_has_no_gate(client, desk):
    desk.now.update(mode="remote", sessions=[{**SESSION, "arrive_by": None}])
    page = client.get(PAGE).text

    assert "Online, for Risley (HMP)" in page
    assert "at the gate" not in page


@pytest.mark.parametrize(("answer", "said"), [("accept", "you have said yes"), ("decline", "Thank you for telling us")])
def test_an_answer_is_taken_by_post_and_shown(client, desk, answer, said):
    posted = client.post(f"{PAGE}/{answer}")

    assert (posted.status_code, posted.headers["Location"]) == (303, PAGE)
    assert said in client.get(PAGE).text
    assert client.get(f"{PAGE}/{answer}").status_code == 405
    assert len(desk.taken) == 1


def test_an_answer_may_be_posted_again(client):
    assert [client.post(f"{PAGE}/accept").status_code for _again in range(2)] == [303, 303]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("withdrawn", "It is covered already, or is not needed any more."),
        ("lapsed", "We asked for an answer by 10:00 on Tuesday 19 January 2027"),
        ("accepted", "You lead this session now."),
        ("declined", "You have said no this time, and that is fine."),
    ],
)
def test_what_became_of_it_is_said_kindly_and_nothing_can_be_answered(client, desk, state, said):
    desk.now["state"] = state
    page = client.get(PAGE)

    assert page.status_code == 200
    assert said in page.text.replace("\n", " ")
    assert "<form" not in page.text


@pytest.mark.parametrize(("method", "path"), [("get", ""), ("post", "/accept"), ("post", "/decline")])
def test_a_link_that_is_not_whole_is_said_to_be_so(client, method, path):
    page = getattr(client, method)(f"/calendar/offers/the-tok{path}")

    assert page.status_code == 404
    assert "This link is not complete" in page.text


def test_a_yes_that_comes_too_late_is_told_kindly(client, desk):
    desk.trouble = Refused("conflict", "Thank you. This is covered already, and nothing more is needed.")
    page = client.post(f"{PAGE}/accept")

    assert page.status_code == 409
    assert "Thank you. This is covered already" in page.text
    assert "ops@opengate.example" in page.text


def test_the_rules_own_reasons_stay_with_the_operators(client, desk):
    desk.trouble = Refused("refused", "Lee's clearance was refused.", {"facilitator": ["Lee's clearance was refused."]})
    page = client.post(f"{PAGE}/accept")

    assert page.status_code == 409
    assert "clearance" not in page.text
    assert "Something has changed since we asked you" in page.text


def test_a_busy_store_asks_for_a_little_patience(client, desk):
    desk.trouble = Refused("unavailable", "Please try again in a moment.")
    page = client.post(f"{PAGE}/accept")

    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}]
)
def test_a_post_from_another_website_answers_nothing(client, desk, headers):
    page = client.post(f"{PAGE}/accept", headers=headers)

    assert page.status_code == 403
    assert "Nothing was answered" in page.text
    assert desk.taken == []


def test_a_post_from_our_own_page_counts_whatever_name_the_server_has(client, desk):
    client.post(f"{PAGE}/accept", headers={"Origin": "https://keys.example", "Sec-Fetch-Site": "same-origin"})

    assert desk.taken == ["accepted"]


def test_a_link_names_its_offer_and_nothing_that_was_changed_does():
    links = OfferLinks(KEYS, "https://keys.example")
    token = links.token(OFFER)

    assert links.link(OFFER) == f"https://keys.example/calendar/offers/{token}"
    assert links.read(token) == OFFER
    for wrong in ("", "x", token[:-1], f"{token}x", f"x{token}", "ŵ.ŵ", token.partition(".")[0]):
        assert links.read(wrong) is None


def test_a_link_signed_with_the_former_key_still_opens_and_one_with_no_key_of_ours_does_not():
    assert OfferLinks(KEYS, "").read(OfferLinks(KEYS[1:], "").token(OFFER)) == OFFER
    assert OfferLinks(KEYS, "").read(OfferLinks(("a-key-of-somebody-else",), "").token(OFFER)) is None
