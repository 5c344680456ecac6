"""The public web side over an intake made for the test."""

from __future__ import annotations

import io
import json
import logging
import re
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from web_cast import LEAST, PARTNER, Intake
from werkzeug.test import TestResponse

from services.enquiries.web import create_app
from shared.errors import Refused


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
def client(intake: Intake) -> FlaskClient:
    return create_app(intake).test_client(use_cookies=False)


def problem_of(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    told: dict[str, Any] = json.loads(answer.data)
    assert told["status"] == status
    assert told["title"]
    assert told["detail"].endswith(".")
    return told


# The API


def test_an_enquiry_in_json_is_answered_with_its_reference(client: FlaskClient, intake: Intake) -> None:
    answer = client.post("/api/enquiries", json=LEAST | {"preferred_start": "2027-01-12", "group_size": 10})

    assert answer.status_code == 201
    assert answer.content_type == "application/json"
    told = answer.get_json()
    assert (told["reference"], told["received_at"]) == ("KT-7F3K-92", "2026-11-02T09:00:00+00:00")
    assert "two working days" in told["next"]
    assert intake.received == [(LEAST | {"preferred_start": date(2027, 1, 12), "group_size": 10}, None, "api")]


def test_a_repeat_under_the_same_key_gives_the_same_reference(client: FlaskClient, intake: Intake) -> None:
    key = {"Idempotency-Key": "k" * 200}

    first, second = (client.post("/api/enquiries", json=LEAST, headers=key) for _ in range(2))

    assert first.get_json()["reference"] == second.get_json()["reference"]
    assert [received[1] for received in intake.received] == ["k" * 200]


@pytest.mark.parametrize("key", ["", " ", "two words", "k" * 201, "ké", "a\tb"])
def test_a_key_that_is_no_key_is_named(client: FlaskClient, intake: Intake, key: str) -> None:
    answer = client.post(
        "/api/enquiries", json=LEAST, environ_overrides={"HTTP_IDEMPOTENCY_KEY": key.encode().decode("latin-1")}
    )

    assert "Idempotency-Key" in problem_of(answer, 422)["errors"]
    assert not intake.received


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"programme": None}, "programme"),
        ({"programme": "karate"}, "programme"),
        ({"contact_name": 7}, "contact_name"),
        ({"contact_name": "Jo\r\nBcc: evil@example.org"}, "contact_name"),
        ({"contact_name": "Subject: hello"}, "contact_name"),
        ({"contact_email": "jo@risley"}, "contact_email"),
        ({"group_size": "12"}, "group_size"),
        ({"group_size": True}, "group_size"),
        ({"preferred_start": "soon"}, "preferred_start"),
        ({"message": "about A1234BC"}, "message"),
        ({"message": "x" * 10_001}, "message"),
        ({"nickname": "x"}, "nickname"),
    ],
)
def test_each_bad_answer_is_named_and_nothing_is_stored(
    client: FlaskClient, intake: Intake, changed: dict[str, Any], named: str
) -> None:
    told = problem_of(client.post("/api/enquiries", json=LEAST | changed), 422)

    assert list(told["errors"]) == [named]
    assert told["type"] == "urn:keytalk:problem:invalid"
    assert not intake.received


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"programme=x",
        b'{"contact_name": "J\xf6"}',
        json.dumps(LEAST).encode("utf-16"),
        b"[" * 50_000,
        b'{"group_size": ' + b"9" * 5000 + b"}",
        b"[]",
        b"null",
        b'"text"',
    ],
)
def test_what_is_no_json_object_in_utf_8_is_a_bad_request(client: FlaskClient, intake: Intake, body: bytes) -> None:
    problem_of(client.post("/api/enquiries", data=body, content_type="application/json"), 400)

    assert not intake.received


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_only_json_is_taken(client: FlaskClient, media_type: str) -> None:
    problem_of(client.post("/api/enquiries", data=json.dumps(LEAST), content_type=media_type), 415)


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_name_its_charset(client: FlaskClient, media_type: str) -> None:
    answer = client.post("/api/enquiries", data=json.dumps(LEAST), content_type=media_type)

    assert answer.status_code == 201


def chunked(body: bytes) -> dict[str, Any]:
    """Give a request as a server passes it on that undoes the chunks itself."""
    return {
        "method": "POST",
        "input_stream": io.BytesIO(body),
        "headers": {"Transfer-Encoding": "chunked"},
        "environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    }


def padded(size: int) -> bytes:
    body = json.dumps(LEAST).encode()
    return body + b" " * (size - len(body))


@pytest.mark.parametrize("path", ["/api/enquiries", "/enquire"])
def test_more_than_64_kib_is_too_much_when_its_length_is_told(client: FlaskClient, intake: Intake, path: str) -> None:
    media_type = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
    answer = client.post(path, data=b"message=" + b"x" * 65_536, content_type=media_type)

    assert answer.status_code == 413
    assert "64 KiB" in answer.text
    assert not intake.received


@pytest.mark.parametrize("path", ["/api/enquiries", "/enquire"])
def test_more_than_64_kib_is_too_much_when_it_comes_in_chunks(client: FlaskClient, intake: Intake, path: str) -> None:
    media_type = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
    answer = client.open(path, content_type=media_type, **chunked(b"message=" + b"x" * 65_536))

    assert answer.status_code == 413
    assert "64 KiB" in answer.text
    assert not intake.received


def test_exactly_64_kib_is_taken_both_ways(client: FlaskClient) -> None:
    told = client.post("/api/enquiries", data=padded(65_536), content_type="application/json")
    in_chunks = client.open("/api/enquiries", content_type="application/json", **chunked(padded(65_536)))

    assert (told.status_code, in_chunks.status_code) == (201, 201)
    problem_of(client.post("/api/enquiries", data=padded(65_537), content_type="application/json"), 413)


def test_a_stated_length_far_too_large_is_refused_unread(client: FlaskClient) -> None:
    answer = client.post(
        "/api/enquiries", content_type="application/json", environ_overrides={"CONTENT_LENGTH": "9" * 30}
    )

    problem_of(answer, 413)


def test_a_client_that_leaves_early_is_a_bad_request(client: FlaskClient, intake: Intake) -> None:
    class Cut(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise OSError("unexpected end of file")

    answer = client.post(
        "/api/enquiries",
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": "100", "wsgi.input": Cut()},
    )

    problem_of(answer, 400)
    assert not intake.received


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "BREW"])
def test_another_method_is_not_allowed(client: FlaskClient, method: str) -> None:
    answer = client.open("/api/enquiries", method=method, json=LEAST)

    problem_of(answer, 405)
    assert answer.headers["Allow"] == "POST, OPTIONS"


def test_an_unknown_address_below_api_is_a_problem_in_json(client: FlaskClient) -> None:
    problem_of(client.get("/api/nothing"), 404)


@pytest.mark.parametrize(
    ("code", "status"), [("unavailable", 503), ("conflict", 409), ("invalid", 422), ("refused", 409)]
)
def test_a_refusal_of_the_intake_keeps_its_words(client: FlaskClient, intake: Intake, code: Any, status: int) -> None:
    intake.trouble = Refused(code, "Please try again in a minute.")

    answer = client.post("/api/enquiries", json=LEAST)

    assert problem_of(answer, status)["detail"] == "Please try again in a minute."
    assert ("Retry-After" in answer.headers) == (code == "unavailable")


@pytest.mark.parametrize("path", ["/api/enquiries", "/enquire"])
def test_an_accident_is_told_by_its_number_alone(
    client: FlaskClient, intake: Intake, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    intake.trouble = RuntimeError("could not insert jo.hargreaves@risley.example")

    with caplog.at_level(logging.ERROR):
        answer = client.post(path, **({"json": LEAST} if path.startswith("/api") else {"data": LEAST}))

    assert answer.status_code == 500
    assert "could not insert" not in answer.text
    found = re.search(r"number: ([0-9a-f]{8})", answer.text)
    assert found
    assert f"incident {found[1]}: RuntimeError on POST {path}" in caplog.text
    assert "in receive" in caplog.text
    assert "jo.hargreaves" not in caplog.text


def test_a_partner_website_may_call_the_api(client: FlaskClient, intake: Intake) -> None:
    intake.allowed_origins = (PARTNER,)

    asked = client.options("/api/enquiries", headers={"Origin": PARTNER})
    posted = client.post("/api/enquiries", json={}, headers={"Origin": PARTNER})

    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Methods"] == "POST"
    assert asked.headers["Access-Control-Allow-Headers"] == "Content-Type, Idempotency-Key"
    for answer in (asked, posted):
        assert answer.headers["Access-Control-Allow-Origin"] == PARTNER
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://other.example", "null", "https://partner.example.evil.example", None])
def test_no_other_website_may(client: FlaskClient, intake: Intake, origin: str | None) -> None:
    intake.allowed_origins = (PARTNER,)
    headers = {"Origin": origin} if origin else {}

    for answer in (
        client.options("/api/enquiries", headers=headers),
        client.post("/api/enquiries", json=LEAST, headers=headers),
    ):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
        assert answer.headers["Vary"] == "Origin"


# All pages


def test_home_leads_to_the_form(client: FlaskClient) -> None:
    answer = client.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/enquire")


def test_an_unknown_page_says_where_the_form_is(client: FlaskClient) -> None:
    page = client.get("/somewhere")

    assert page.status_code == 404
    assert 'href="/enquire"' in page.text
    assert client.delete("/enquire").headers["Allow"]


@pytest.mark.parametrize("path", ["/enquire", "/", "/somewhere", "/enquire/style.css"])
def test_pages_carry_their_security_headers_and_no_cookie(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    answer.close()

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "Set-Cookie" not in answer.headers


def test_a_partner_may_show_the_form_in_a_frame() -> None:
    client = create_app(Intake(allowed_origins=(PARTNER, "https://b.example"))).test_client()

    policy = client.get("/enquire").headers["Content-Security-Policy"]

    assert policy.endswith(f"frame-ancestors {PARTNER} https://b.example")


def test_the_style_is_served(client: FlaskClient) -> None:
    with client.get("/enquire/style.css") as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "text/css"
        assert "prefers-reduced-motion" in answer.text
