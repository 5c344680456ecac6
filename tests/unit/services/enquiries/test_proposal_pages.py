"""The pages behind the signed link, over a desk made for the test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.enquiries.web import create_app
from services.enquiries.web.proposal_links import Named, ProposalLinks
from shared.errors import Refused

TOKEN = "the-token"
PAGE = f"/proposals/{TOKEN}"
YES = {"name": "Siân Ŵyn", "role": "Pennaeth Addysg", "agreed": "yes"}
BEFORE = {
    "id": "0192f0c8-0000-7000-8000-000000000040",
    "reference": "KT-7F3K-92",
    "version": 2,
    "state": "sent",
    "programme_name": "The Many Faces of Trauma",
    "establishment": "HMP <Llŷn>",
    "contact": {"name": "Alex Morgan", "role": None, "organisation": None},
    "lines": [{"what": "Sessions", "quantity": 16, "unit": "session", "unit_pence": 250_00, "pence": 4_000_00}],
    "total_pence": 4_000_00,
    "cancellation_terms": "The terms.",
    "notes": None,
    "valid_until": "2026-12-24",
    "org_name": "Open Gate <Trust>",
    "ask": "ops@opengate.example",
    "link": f"https://keys.example{PAGE}",
    "signatures": [],
    "purchase_order": None,
}


@dataclass
class Desk:
    """Knows one proposal, and keeps what it was told about it."""

    now: dict[str, Any] = field(default_factory=lambda: dict(BEFORE))
    taken: list[Any] = field(default_factory=list)
    trouble: Refused | None = None

    def letter(self, token: str) -> dict[str, Any] | None:
        return self.now if token == TOKEN else None

    def accept(self, token: str, who: Mapping[str, Any]) -> None:
        self._act("accepted", who)

    def decline(self, token: str, reason: str | None) -> None:
        self._act("declined", reason)

    def _act(self, state: str, told: Any) -> None:
        if self.trouble:
            raise self.trouble
        self.taken.append(told)
        self.now["state"] = state

    def paper(self, letter: Mapping[str, Any]) -> bytes:
        if self.trouble:
            raise self.trouble
        return b"%PDF-1.7"

    def today(self) -> date:
        return date(2026, 11, 24)


class Intake:
    """What the app asks of the form's side; no test here comes near it."""

    org_name = "Open Gate <Trust>"
    public_url = "https://keys.example"
    allowed_origins = ("https://partner.example",)
    secret_keys = ("a key",)

    def today(self) -> date:
        return date(2026, 11, 24)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def app(desk: Desk) -> Flask:
    return create_app(Intake(), desk)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client(use_cookies=False)


def test_the_page_says_what_is_offered_and_what_signing_means(client):
    page = client.get(PAGE)

    assert page.status_code == 200
    for said in (
        *("The Many Faces of Trauma", "HMP &lt;Llŷn&gt;", "Alex Morgan", "KT-7F3K-92, version 2", "24 December 2026"),
        *("16 sessions", "£250.00", "£4,000.00", "The terms.", "stands as your signature", "ops@opengate.example"),
        "Open Gate &lt;Trust&gt;",
    ):
        assert said in page.text
    assert "<script>" not in page.text


def test_the_page_stays_out_of_caches_frames_search_engines_and_other_peoples_logs(client):
    for page in (client.get(PAGE), client.get(f"{PAGE}/proposal.pdf"), client.post(PAGE, data={})):
        assert page.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert "noindex" in page.headers["X-Robots-Tag"]
    assert "frame-ancestors https://partner.example" in client.get("/enquire").headers["Content-Security-Policy"]


def test_a_yes_is_taken_and_the_page_then_says_so(client, desk):
    answer = client.post(PAGE, data=YES | {"purchase_order": "4500012345", "beside": "the point"})

    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert desk.taken == [{"name": "Siân Ŵyn", "role": "Pennaeth Addysg", "purchase_order": "4500012345"}]
    desk.now["signatures"] = [
        {"side": "prison", "name": "Siân Ŵyn", "role": None, "signed_at": "2026-11-24T12:00:00+00:00", "how": "link"}
    ]
    page = client.get(PAGE).text
    assert "Thank you, you have said yes" in page
    assert "Siân Ŵyn, on 24 November 2026" in page
    assert "We sign too" in page
    assert "<form" not in page


def test_signed_by_both_it_says_that_it_stands(client, desk):
    at = "2026-11-24T12:00:00+00:00"
    sides = (("prison", "Siân"), ("us", "Priya"))
    desk.now |= {
        "state": "accepted",
        "signatures": [{"side": s, "name": n, "role": None, "signed_at": at, "how": "link"} for s, n in sides],
    }

    page = client.get(PAGE).text

    assert "This is agreed and signed" in page
    assert "We sign too" not in page


def test_what_is_missing_is_named_and_what_was_typed_is_kept(client, desk):
    page = client.post(PAGE, data={"name": "Siân <b>Ŵyn", "role": " ", "purchase_order": "?"})

    assert page.status_code == 422
    assert "<title>Error: Our proposal" in page.text
    assert 'value="Siân &lt;b&gt;Ŵyn"' in page.text
    for name in ("role", "purchase_order", "agreed"):
        assert f'href="#{name}"' in page.text
        assert f'id="{name}-problem"' in page.text
    assert desk.taken == []


def test_a_name_that_points_to_a_person_in_prison_is_refused(client, desk):
    assert client.post(PAGE, data=YES | {"role": "for A1234BC"}).status_code == 422
    assert desk.taken == []


def test_a_no_is_taken_with_or_without_a_reason(client, desk):
    assert client.post(f"{PAGE}/no", data={"reason": "Too late\r\nin the year."}).status_code == 303
    assert client.post(f"{PAGE}/no", data={}).status_code == 303
    assert desk.taken == ["Too late\nin the year.", None]
    assert "Thank you for telling us" in client.get(PAGE).text


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("draft", "not ready yet"),
        ("declined", "it does not fit"),
        ("expired", "until 24 December 2026"),
        ("superseded", "newer version"),
        ("withdrawn", "taken it back"),
    ],
)
def test_what_is_closed_says_so_kindly_and_whom_to_ask(client, desk, state, says):
    desk.now["state"] = state

    for answer in (client.get(PAGE), client.get(f"{PAGE}/proposal.pdf")):
        assert answer.status_code == 200
        assert says in answer.text
        assert "ops@opengate.example" in answer.text
        assert "<form" not in answer.text


def test_a_proposal_that_ends_while_it_is_read_is_not_accepted_and_says_why(client, desk):
    desk.trouble = Refused("refused", "This proposal is no longer open.")
    desk.now["state"] = "superseded"

    answer = client.post(PAGE, data=YES)

    assert answer.status_code == 409
    assert "newer version" in answer.text


def test_with_the_database_away_nothing_is_lost_and_one_may_try_again(client, desk):
    desk.trouble = Refused("unavailable", "The database is busy. Please try again in a minute.")

    for answer in (client.post(PAGE, data=YES), client.get(f"{PAGE}/proposal.pdf")):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "try again in a minute" in answer.text


@pytest.mark.parametrize("path", ["/proposals/another", "/proposals/another/proposal.pdf", "/proposals/x%00~1.y"])
def test_a_link_that_is_not_ours_helps_on(client, path):
    answer = client.get(path)

    assert answer.status_code == 404
    assert "copy the whole of it" in answer.text
    assert client.post("/proposals/another", data=YES).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://partner.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_yes_or_no_from_another_website_is_not_taken(client, desk, headers):
    for path in (PAGE, f"{PAGE}/no"):
        answer = client.post(path, data=YES, headers=headers)
        assert answer.status_code == 403
        assert "Nothing was agreed" in answer.text
    assert desk.taken == []


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://localhost"}, {"Origin": "https://keys.example", "Sec-Fetch-Site": "same-origin"}],
)
def test_a_yes_from_our_own_page_is_taken_behind_a_proxy_too(client, desk, headers):
    assert client.post(PAGE, data=YES, headers=headers).status_code == 303


def test_the_paper_comes_as_a_file_with_a_name(client):
    answer = client.get(f"{PAGE}/proposal.pdf")

    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="proposal-KT-7F3K-92-version-2.pdf"'
    assert answer.data.startswith(b"%PDF")


def test_an_accident_does_not_write_the_link_into_the_log(client, desk, caplog):
    desk.trouble = RuntimeError("Siân Ŵyn")  # type: ignore[assignment]

    answer = client.post(PAGE, data=YES)

    assert answer.status_code == 500
    assert "incident" in caplog.text
    assert TOKEN not in caplog.text
    assert "Siân" not in caplog.text


def test_a_link_names_its_proposal_and_version_and_no_other_key_opens_it():
    proposal = UUID(BEFORE["id"])
    links = ProposalLinks(("a new key", "an old key"), "https://keys.example")
    link = links.link(proposal, 3)
    token = link.removeprefix("https://keys.example/proposals/")

    assert links.read(token) == Named(proposal, 3)
    assert len(link) < 90
    assert ProposalLinks(("newer", "a new key"), "").read(token) == Named(proposal, 3)
    assert ProposalLinks(("another",), "").read(token) is None


@pytest.mark.parametrize("spoil", ["{0:.20}", "{0}x", "x{0}", "", "é~1.x", "~.~"])
def test_a_spoilt_link_opens_nothing(spoil):
    links = ProposalLinks(("a key",), "")
    token = links.token(UUID(BEFORE["id"]), 3)

    assert links.read(spoil.format(token)) is None
    assert links.read(token.replace("~3", "~4")) is None
