"""Whatever strangers send, the running Keytalk answers with a clear refusal, and honest people are served meanwhile."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.waiting import eventually

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NO_TRACE = re.compile(r"Traceback|File \"|\.py\b|sqlalchemy|psycopg|werkzeug|eventlet", re.IGNORECASE)
BOXES = [
    "programme",
    "establishment",
    "contact_name",
    "contact_email",
    "message",
    "step",
    "go",
    "form_token",
    "website",
]

few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def open_house() -> Iterator[Keytalk]:
    """Keytalk as it stands on the internet: with its limits."""
    with Keytalk(env={"KEYTALK_INTAKE_LIMITS": "on", "KEYTALK_TRUSTED_PROXIES": "127.0.0.0/8"}) as keytalk:
        yield keytalk


def _is_clear(answer: requests.Response) -> None:
    """Hold an answer to what every stranger may see: no accident, no trace of the inside."""
    assert answer.status_code < 500, (answer.status_code, answer.text[:500])
    assert not NO_TRACE.search(answer.text), answer.text[:500]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def _post(keytalk: Keytalk, path: str, body: bytes, headers: dict[str, str]) -> requests.Response:
    return requests.post(f"{keytalk.public_url}{path}", data=body, headers=headers, timeout=30, allow_redirects=False)


@few
@given(st.binary(max_size=2000), st.sampled_from(["/enquire", "/enquire/send", "/enquire/from-website"]))
def test_any_bytes_as_a_form_are_answered_clearly(embedded: Keytalk, body: bytes, path: str) -> None:
    _is_clear(_post(embedded, path, body, FORM))


@few
@given(st.binary(max_size=2000))
def test_any_bytes_as_json_are_answered_clearly(embedded: Keytalk, body: bytes) -> None:
    answer = _post(embedded, "/api/enquiries", body, JSON)

    _is_clear(answer)
    assert answer.headers["Content-Type"] == "application/problem+json"


texts = st.text(max_size=200) | st.sampled_from(
    ["\x00", "\ufffd", "\u202e", "\u200b", "{{7*7}}", "%s%n", "a\r\nBcc: x"]
)


@few
@given(st.lists(st.tuples(st.sampled_from(BOXES) | st.text(max_size=20), texts), max_size=30))
def test_any_boxes_twice_unknown_or_strange_are_answered_clearly(embedded: Keytalk, boxes: list) -> None:
    body = urlencode(boxes, errors="surrogatepass").encode()

    for path in ("/enquire", "/enquire/send"):
        _is_clear(_post(embedded, path, body, FORM))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=8,
)


@few
@given(st.dictionaries(st.sampled_from([*BOXES, "group_size", "preferred_start"]) | texts, json_values, max_size=12))
def test_any_json_is_answered_clearly(embedded: Keytalk, answers: dict) -> None:
    _is_clear(_post(embedded, "/api/enquiries", json.dumps(answers).encode("utf-8", "replace"), JSON))
    _is_clear(_post(embedded, "/api/enquiries", json.dumps(risley_enquiry(**answers)).encode(), JSON))


@few
@given(st.binary(min_size=1, max_size=300), st.sampled_from(["multipart/form-data", "multipart/form-data; boundary=x"]))
def test_any_bytes_in_parts_are_answered_clearly(embedded: Keytalk, body: bytes, media_type: str) -> None:
    for raw in (body, b'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\n' + body + b"\r\n--x--\r\n"):
        _is_clear(_post(embedded, "/enquire/send", raw, {"Content-Type": media_type}))


@pytest.mark.parametrize(
    "body",
    [
        b"&".join(b"box%d=1" % number for number in range(5000)),
        b"contact_name=" + b"%00" * 50,
        b"contact_name=%ED%A0%80&message=%ff%fe",
        b"&&&&====%%%%",
        b"message=" + b"%0d%0a" * 3000,
        b"step=" + b"../" * 1000,
    ],
)
def test_hundreds_of_boxes_nulls_and_surrogates_are_answered_clearly(embedded: Keytalk, body: bytes) -> None:
    for path in ("/enquire", "/enquire/send", "/enquire/from-website"):
        answer = _post(embedded, path, body, FORM)
        _is_clear(answer)
        assert answer.status_code != 303


def test_a_lone_surrogate_in_json_is_named_and_not_stored(embedded: Keytalk) -> None:
    body = json.dumps(risley_enquiry()).replace("Alex Morgan", "Alex \\ud800 Morgan").encode()

    answer = _post(embedded, "/api/enquiries", body, JSON)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["contact_name"]


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ config }} {% raw %} ${7*7} #{7*7} <%= 7*7 %>",
    "Robert'); DROP TABLE enquiries;--",
    "%s %(name)s {0} {contact_name!r}",
    '=HYPERLINK("http://x.example";"click")',
    "می\u200cخواهم 👩🏽\u200d🏫",
    "../../etc/passwd",
    "`id` $(id) ;id",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_strange_name_is_kept_word_for_word_and_shown_as_words(embedded: Keytalk, name: str) -> None:
    answer = embedded.post(risley_enquiry(contact_name=name, message=f"From {name}"))

    assert answer.status_code == 201, answer.text
    shown = embedded.cli("enquiries", "show", answer.json()["reference"])
    assert name in json.dumps(shown, ensure_ascii=False).replace('\\"', '"')
    page = _post(embedded, "/enquire/send", urlencode({"contact_name": name, "step": "you"}).encode(), FORM)
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text


@pytest.mark.parametrize(
    "name", ["Jo\r\nBcc: evil@example.org", "Jo\nSubject: x", "Bcc: evil@example.org", "a\u202eb", "a\u2066b", "\u200b"]
)
def test_headers_marks_of_direction_and_names_that_show_nothing_are_refused(embedded: Keytalk, name: str) -> None:
    before = len(embedded.cli("enquiries", "list", "--limit", "1000"))

    answer = embedded.post(risley_enquiry(contact_name=name))

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["contact_name"]
    assert len(embedded.cli("enquiries", "list", "--limit", "1000")) == before


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Idempotency-Key": "a b"}, None),
        ({"Idempotency-Key": "x" * 2000}, None),
        ({"Origin": "https://evil.example\u00ff".encode().decode("latin-1")}, None),
        ({"X-Forwarded-For": "'; DROP TABLE--, 1.2.3.4" * 20}, None),
        ({"Content-Type": "application/json; charset=utf-7"}, None),
        ({"Content-Type": "text/html"}, None),
        ({"Host": "evil.example"}, None),
    ],
)
def test_strange_headers_are_answered_clearly(embedded: Keytalk, headers: dict[str, str], body: None) -> None:
    raw = json.dumps(risley_enquiry()).encode()
    for path in ("/api/enquiries", "/enquire"):
        answer = _post(embedded, path, raw, {**JSON, **headers})
        _is_clear(answer)
        assert "evil.example" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("path", ["/api/enquiries", "/enquire", "/enquire/send"])
def test_ten_megabytes_are_refused_and_the_next_post_is_served(embedded: Keytalk, path: str) -> None:
    media_type = JSON if path.startswith("/api") else FORM
    for chunked in (False, True):
        body = b"message=" + b"x" * 10_000_000
        try:
            answer = requests.post(
                f"{embedded.public_url}{path}", data=iter([body]) if chunked else body, headers=media_type, timeout=30
            )
            assert answer.status_code == 413
            assert "64 KiB" in answer.text
        except requests.ConnectionError:
            pass  # the refusal came, and the line was closed, while it was still sending

    assert embedded.post(risley_enquiry()).status_code == 201


def _slow(keytalk: Keytalk, sent: bytes) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", keytalk.public_port), timeout=60)
    line.sendall(sent)
    return line


def test_senders_that_never_finish_hold_nobody_up(embedded: Keytalk) -> None:
    heads = (
        b"POST /api/enquiries HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
        b"POST /enquire/send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"POST /api/enquiries HTTP/1.1\r\nHost: ",
    )
    lines = [_slow(embedded, heads[number % 3]) for number in range(150)]
    try:
        assert [embedded.post(risley_enquiry()).status_code for _ in range(5)] == [201] * 5
    finally:
        for line in lines:
            line.close()
    assert embedded.post(risley_enquiry()).status_code == 201


def _resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1])


def _flood(keytalk: Keytalk, posts: int, codes: list[int], address: str) -> None:
    with requests.Session() as session:
        for number in range(posts):
            shot = risley_enquiry(
                message=f"Bitcoin casino {number} https://x{number}.example", contact_email=f"f{number}@x.example"
            )
            answer = session.post(
                f"{keytalk.public_url}/api/enquiries", json=shot, headers={"X-Forwarded-For": address}, timeout=60
            )
            codes.append(answer.status_code)


def test_thousands_of_posts_from_one_address_leave_honest_people_served_and_memory_flat(open_house: Keytalk) -> None:
    codes: list[int] = []
    _flood(open_house, 500, codes, "203.0.113.9")  # what a process takes once, it takes now
    eventually(lambda: open_house.post(risley_enquiry()).status_code == 201)
    before = _resident_kib(open_house.pid)
    floods = [threading.Thread(target=_flood, args=(open_house, 1000, codes, "203.0.113.9")) for _ in range(3)]
    for flood in floods:
        flood.start()

    honest = []
    for number in range(10):
        answer = requests.post(
            f"{open_house.public_url}/api/enquiries",
            json=risley_enquiry(contact_email=f"jo{number}@risley.example"),
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
            timeout=60,
        )
        honest.append(answer.status_code)
    for flood in floods:
        flood.join()

    assert honest == [201] * 10
    assert len(codes) == 3500
    assert set(codes) == {201, 429}
    assert codes.count(429) > 3000
    assert _resident_kib(open_house.pid) - before < 30_000
    assert "Traceback" not in open_house.output


def test_posts_from_thousands_of_addresses_leave_memory_flat(open_house: Keytalk) -> None:
    with requests.Session() as session:

        def knock(number: int) -> int:
            headers = {**JSON, "X-Forwarded-For": f"2001:db8:{number // 5000:x}:{number % 5000:x}::1"}
            return session.post(f"{open_house.public_url}/api/enquiries", data=b"{}", headers=headers).status_code

        codes = {knock(number) for number in range(500)}
        before = _resident_kib(open_house.pid)
        codes |= {knock(number) for number in range(500, 5000)}

    assert codes == {422}
    assert _resident_kib(open_house.pid) - before < 20_000
