"""What people and machines hear when too much comes at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.enquiries.web import create_app
from services.enquiries.web.limits import ENQUIRIES, OF_A_SENDER, PAGES, Limits

LEAST = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Siân Ŵyn-Jones",
    "contact_email": "sian@risley.example",
    "message": "We have a quiet room.",
}
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Receipt:
    reference: str = "KT-7F3K-92"
    received_at: datetime = NOW
    repeated: bool = False


@dataclass
class Intake:
    """Counts what it is given."""

    org_name: str = "Open Gate"
    public_url: str = "https://keys.example"
    allowed_origins: tuple[str, ...] = ()
    secret_keys: tuple[str, ...] = ("a key of some length",)
    received: list[dict[str, Any]] = field(default_factory=list)

    def today(self) -> date:
        return NOW.date()

    def receive(self, answers: dict[str, Any], *_: Any) -> Receipt:
        self.received.append(answers)
        return Receipt()

    def establishments(self) -> list[Any]:
        return []


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
def client(intake: Intake) -> FlaskClient:
    return create_app(intake, gate=Limits((), lambda: NOW)).test_client()


def senders(count: int) -> list[dict[str, str]]:
    return [LEAST | {"contact_email": f"s{number}@risley.example"} for number in range(count)]


def test_a_machine_is_told_as_a_problem_and_nothing_more_is_stored(client: FlaskClient, intake: Intake) -> None:
    answers = [client.post("/api/enquiries", json=each) for each in senders(ENQUIRIES.amount + 1)]

    assert [answer.status_code for answer in answers[:-1]] == [201] * ENQUIRIES.amount
    refused = answers[-1]
    assert refused.status_code == 429
    assert refused.content_type == "application/problem+json"
    assert refused.headers["Retry-After"] == "61"
    told = refused.get_json(force=True)
    assert (told["type"], told["status"]) == ("urn:keytalk:problem:too-many-requests", 429)
    assert "Nothing is lost" in told["detail"]
    assert len(intake.received) == ENQUIRIES.amount


def test_one_sender_is_asked_to_wait_while_another_is_served(client: FlaskClient) -> None:
    codes = [client.post("/api/enquiries", json=LEAST).status_code for _ in range(OF_A_SENDER.amount + 1)]

    assert codes == [201] * OF_A_SENDER.amount + [429]
    assert client.post("/api/enquiries", json=senders(1)[0]).status_code == 201


def test_what_is_not_understood_counts_for_no_sender(client: FlaskClient) -> None:
    for _ in range(OF_A_SENDER.amount + 1):
        client.post("/api/enquiries", json=LEAST | {"group_size": "many"})

    assert client.post("/api/enquiries", json=LEAST).status_code == 201


def test_a_person_sees_the_form_with_the_answers_kept_and_when_to_send_it_again(
    client: FlaskClient, intake: Intake
) -> None:
    for each in senders(ENQUIRIES.amount):
        client.post("/enquire/send", data=each)

    page = client.post("/enquire/send", data=LEAST)

    assert page.status_code == 429
    assert page.headers["Retry-After"] == "61"
    assert page.content_type.startswith("text/html")
    assert "Nothing is lost" in page.text
    for name, value in LEAST.items():
        assert re.search(rf'name="{name}" value="{value}"', page.text)
    assert len(intake.received) == ENQUIRIES.amount


def test_a_page_on_the_way_keeps_what_was_typed_too(client: FlaskClient) -> None:
    for _ in range(PAGES.amount):
        client.post("/enquire", data={"step": "you", "contact_name": ""})

    page = client.post("/enquire", data=LEAST | {"step": "you"})

    assert page.status_code == 429
    assert page.headers["Retry-After"] == "61"
    assert 'value="Siân Ŵyn-Jones"' in page.text
    assert 'name="contact_email" value="sian@risley.example"' in page.text
    assert "wait about a minute" in page.text


def test_other_posts_are_counted_with_the_pages(client: FlaskClient) -> None:
    codes = {client.post("/nothing-here").status_code for _ in range(PAGES.amount)}

    answer = client.post("/nothing-here")

    assert codes == {404, 405} & codes
    assert answer.status_code == 429
    assert "wait about a minute" in answer.text
    assert client.get("/enquire").status_code == 200
