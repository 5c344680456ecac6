"""The public web side over an intake made for the test."""

from __future__ import annotations

import html
import io
import json
import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.enquiries.web import create_app
from shared.errors import Refused

LEAST = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Jo Hargreaves",
    "contact_email": "jo.hargreaves@risley.example",
}
PARTNER = "https://partner.example"


@dataclass(frozen=True)
class Receipt:
    reference: str
    received_at: datetime
    repeated: bool


@dataclass
class Intake:
    """Keeps what it is given, one enquiry for each key."""

    org_name: str = "Open Gate <Trust>"
    public_url: str = "https://keys.example"
    allowed_origins: tuple[str, ...] = ()
    secret_keys: tuple[str, ...] = ("new key", "old key")
    status: str = "ready"
    trouble: Exception | None = None
    received: list[tuple[dict[str, Any], str | None, str]] = field(default_factory=list)
    by_key: dict[str, Receipt] = field(default_factory=dict)

    def receive(self, answers: dict[str, Any], idempotency_key: str | None, channel: str) -> Receipt:
        if self.trouble:
            raise self.trouble
        if idempotency_key in self.by_key:
            return self.by_key[idempotency_key]
        self.received.append((answers, idempotency_key, channel))
        receipt = Receipt(f"KT-7F3K-9{len(self.received) + 1}", datetime(2026, 11, 2, 9, tzinfo=UTC), False)
        self.by_key[idempotency_key or str(len(self.received))] = receipt
        return receipt

    def establishments(self) -> list[tuple[str, str]]:
        if self.trouble:
            raise self.trouble
        return [("RSI", "HMP Risley"), ("ISI", 'Isle "of" <Sheppey>')]


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


def token_in(page: TestResponse) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found
    return html.unescape(found[1])


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


# The pages


def test_the_form_asks_every_question_with_a_label(client: FlaskClient) -> None:
    page = client.get("/enquire")

    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert '<html lang="en-GB">' in page.text
    boxes = re.findall(r'<(?:input|textarea) [^>]*?id="([^"]+)"', page.text)
    assert len(boxes) == 13  # eleven questions, one of them with two choices, and the box apart
    for box in boxes:
        assert f'<label for="{box}">' in page.text
    described = " ".join(re.findall(r'aria-describedby="([^"]+)"', page.text)).split()
    for target in described:
        assert f'id="{target}"' in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_the_list_of_establishments_is_escaped_and_does_without_the_database(
    client: FlaskClient, intake: Intake
) -> None:
    assert "Isle &#34;of&#34; &lt;Sheppey&gt;" in client.get("/enquire").text

    intake.trouble = RuntimeError("away")

    page = client.get("/enquire")
    assert page.status_code == 200
    assert "<option" not in page.text


def test_a_form_leads_to_the_reference(client: FlaskClient, intake: Intake) -> None:
    token = token_in(client.get("/enquire"))

    answer = client.post("/enquire", data=LEAST | {"form_token": token, "website": "", "group_size": "10"})
    page = client.get(answer.headers["Location"])

    assert answer.status_code == 303
    assert "KT-7F3K-92" in page.text
    assert "two working days" in page.text
    ((answers, key, channel),) = intake.received
    assert (answers, channel) == (LEAST | {"group_size": 10}, "form")
    assert re.fullmatch(r"form-[\x21-\x7e]{1,190}", key or "")


def test_pressing_the_button_twice_is_one_enquiry(client: FlaskClient, intake: Intake) -> None:
    form = LEAST | {"form_token": token_in(client.get("/enquire"))}

    first, second = (client.post("/enquire", data=form) for _ in range(2))

    assert first.headers["Location"] == second.headers["Location"]
    assert len(intake.received) == 1


def test_going_back_and_changing_an_answer_is_another_enquiry(client: FlaskClient, intake: Intake) -> None:
    form = LEAST | {"form_token": token_in(client.get("/enquire"))}

    client.post("/enquire", data=form)
    client.post("/enquire", data=form | {"establishment": "HMP Styal"})

    assert len(intake.received) == 2


@pytest.mark.parametrize("token", [None, "", "forged", "ImFiYyI.aaaa.bbbb"])
def test_a_form_without_our_token_is_taken_all_the_same(client: FlaskClient, intake: Intake, token: str | None) -> None:
    answer = client.post("/enquire", data=LEAST if token is None else LEAST | {"form_token": token})

    assert answer.status_code == 303
    assert [received[1] for received in intake.received] == [None]


def test_a_token_signed_with_the_older_key_still_counts(intake: Intake, client: FlaskClient) -> None:
    older = create_app(Intake(secret_keys=("old key",))).test_client()
    form = LEAST | {"form_token": token_in(older.get("/enquire"))}

    client.post("/enquire", data=form)

    assert intake.received[0][1] is not None


def test_a_form_to_mend_keeps_the_answers_and_says_what_to_change(client: FlaskClient, intake: Intake) -> None:
    token = token_in(client.get("/enquire"))
    page = client.post(
        "/enquire",
        data=LEAST
        | {
            "form_token": token,
            "contact_name": '"><script>alert(1)</script>',
            "contact_email": "jo@risley",
            "group_size": "a dozen",
            "message": "\nfirst line kept\n</textarea><b>about A1234BC",
        },
    )

    assert page.status_code == 422
    assert "<title>Error: " in page.text
    assert "There is a problem" in page.text
    for name in ("contact_email", "group_size", "message"):
        (linked,) = re.findall(rf'<a href="#{name}">([^<]+)</a>', page.text)
        beside = re.search(rf'id="{name}-problem"><span class="quiet">Problem: </span>([^<]+)</p>', page.text)
        assert beside
        assert beside[1] == linked
        assert re.search(rf'id="{name}"[^>]*aria-describedby="[^"]*{name}-problem"[^>]*aria-invalid="true"', page.text)
    assert 'value="jo@risley"' in page.text
    assert 'value="a dozen"' in page.text
    assert re.search(r'value="many-faces-of-trauma"[^>]* checked>', page.text)
    assert "<script" not in page.text
    assert "</textarea><b>" not in page.text
    assert "\n\nfirst line kept" in page.text.replace("\r\n", "\n")
    assert token_in(page) == token
    assert not intake.received


def test_the_mends_stand_in_the_order_of_the_page(client: FlaskClient) -> None:
    page = client.post("/enquire", data={"nickname": "x"})

    listed = re.findall(r'<li>(?:<a href="#(\w+)">)?', page.text)
    assert listed == ["programme", "establishment", "contact_name", "contact_email", ""]
    assert 'id="programme"' in page.text


@pytest.mark.parametrize("name", [b"J%f6", b"J\xf6"])
def test_a_form_that_is_not_utf_8_is_shown_again(client: FlaskClient, intake: Intake, name: bytes) -> None:
    body = urlencode(LEAST).encode().replace(b"Jo+Hargreaves", name)

    page = client.post("/enquire", data=body, content_type="application/x-www-form-urlencoded")

    assert page.status_code == 422
    assert 'href="#contact_name"' in page.text
    assert not intake.received


@pytest.mark.parametrize("name", ["Si%C3%A2n", "Siân"])
def test_a_form_may_write_utf_8_either_way(client: FlaskClient, intake: Intake, name: str) -> None:
    body = urlencode(LEAST).replace("Jo+Hargreaves", name).encode()

    client.post("/enquire", data=body, content_type="application/x-www-form-urlencoded")

    assert intake.received[0][0]["contact_name"] == "Siân"


def test_a_form_may_come_in_parts_and_in_chunks(client: FlaskClient, intake: Intake) -> None:
    in_parts = client.post("/enquire", data=LEAST, content_type="multipart/form-data")
    media_type = "application/x-www-form-urlencoded"
    in_chunks = client.open("/enquire", content_type=media_type, **chunked(urlencode(LEAST).encode()))

    assert (in_parts.status_code, in_chunks.status_code) == (303, 303)
    assert [received[0] for received in intake.received] == [LEAST, LEAST]


def test_a_form_of_a_thousand_boxes_is_a_bad_request(client: FlaskClient) -> None:
    assert client.post("/enquire", data={f"q{number}": "" for number in range(1000)}).status_code == 400


def test_a_form_met_by_an_absent_database_is_kept_on_the_page(client: FlaskClient, intake: Intake) -> None:
    intake.trouble = Refused("unavailable", "We cannot save it just now. Please send it again in a minute.")

    page = client.post("/enquire", data=LEAST)

    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert "We cannot save it just now." in page.text
    assert 'value="Jo Hargreaves"' in page.text


@pytest.mark.parametrize("signed", ["", "KT-7F3K-92", "IktULTdGM0stOTIi.forged"])
def test_the_thanks_repeat_only_what_we_signed(client: FlaskClient, signed: str) -> None:
    page = client.get("/enquire/thank-you", query_string={"r": signed})

    assert page.status_code == 404
    assert "KT-7F3K-92" not in page.text


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


def test_answers_on_a_page_are_never_cached(client: FlaskClient) -> None:
    assert client.post("/enquire", data=LEAST | {"contact_email": "x"}).headers["Cache-Control"] == "no-store"
    assert "no-cache" in client.get("/enquire").headers["Cache-Control"]


def test_a_partner_may_show_the_form_in_a_frame() -> None:
    client = create_app(Intake(allowed_origins=(PARTNER, "https://b.example"))).test_client()

    policy = client.get("/enquire").headers["Content-Security-Policy"]

    assert policy.endswith(f"frame-ancestors {PARTNER} https://b.example")


def test_no_posted_form_or_json_sets_a_cookie(client: FlaskClient) -> None:
    for answer in (client.post("/enquire", data=LEAST), client.post("/api/enquiries", json=LEAST)):
        assert "Set-Cookie" not in answer.headers


def test_the_style_is_served(client: FlaskClient) -> None:
    with client.get("/enquire/style.css") as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "text/css"
        assert "prefers-reduced-motion" in answer.text
