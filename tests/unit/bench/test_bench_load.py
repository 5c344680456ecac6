import json

import pytest

from bench.lab import TooManyLost, read_load
from bench.load import Tally, answer_end, read_plan, requests_to

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{  }"
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{  }\r\n0\r\n\r\n"
URL = "http://127.0.0.1:8000/api/enquiries"


@pytest.mark.parametrize("answer", [ANSWER, CHUNKED, ANSWER.replace(b"Content-Length", b"content-length")])
def test_an_answer_ends_where_its_head_says_and_not_before(answer):
    assert answer_end(answer) == len(answer)
    assert answer_end(answer + b"HTTP/1.1 200") == len(answer)
    assert all(answer_end(answer[:size]) is None for size in range(len(answer)))


def test_an_answer_without_a_body_ends_with_its_head():
    answer = b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"

    assert answer_end(answer) == len(answer)


def test_every_request_is_whole_and_no_two_bodies_are_alike():
    request = requests_to(URL, first=7_000_000_000)
    bodies = []
    for number in range(50):
        head, body = request(number).split(b"\r\n\r\n")
        assert head.startswith(b"POST /api/enquiries HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        bodies.append(json.loads(body))

    assert len({body["contact_email"] for body in bodies}) == 50
    assert len({body["message"] for body in bodies}) == 50
    assert bodies[3]["message"].endswith("aahaaaaaaaad.")


def test_only_accepted_answers_within_the_counted_seconds_make_the_rate():
    tally = Tally(opens=10, closes=12)
    tally.answered(201, since=9.0, now=9.5)
    tally.answered(201, since=10.0, now=10.25)
    tally.answered(503, since=10.0, now=10.5)
    tally.answered(201, since=11.0, now=11.75)
    tally.answered(201, since=11.9, now=12.5)

    seen = tally.summary(ended=12.0)

    assert seen["rate"] == 1.0
    assert (seen["p50_ms"], seen["p99_ms"]) == (250, 750)
    assert (seen["accepted"], seen["accepted_in_all"], seen["refused"]) == (2, 4, 1)
    assert seen["statuses"] == {"201": 2, "503": 1}


def test_nothing_accepted_has_no_latency():
    assert Tally(opens=0, closes=1).summary(ended=1)["p99_ms"] is None


def test_a_plan_is_closed_at_32_connections_unless_told_otherwise():
    assert (read_plan([URL]).connections, read_plan([URL]).rate) == (32, None)
    assert read_plan([URL, "--rate", "100", "--count", "5"]).rate == 100


def test_a_load_with_refused_answers_is_no_figure():
    seen = {"rate": 10.0, "p50_ms": 1.0, "p99_ms": 2.0, "accepted": 1000, "accepted_in_all": 1200, "broken": 0}

    assert read_load(seen | {"refused": 1}).accepted_in_all == 1200
    with pytest.raises(TooManyLost, match="2 of the requests"):
        read_load(seen | {"refused": 2})
    with pytest.raises(TooManyLost):
        read_load(seen | {"accepted": 0, "refused": 0})
