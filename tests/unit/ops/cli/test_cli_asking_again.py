"""A connection that closes before the answer: the command asks once more, under the same key."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ops.cli.client import Gateway, GatewayOutOfReach


class Flaky:
    """A gateway that hangs up on the first `hangs_up` requests, in the middle of an answer where `midway` is set."""

    def __init__(self) -> None:
        self.hangs_up = 0
        self.midway = False
        self.keys: list[str | None] = []
        self.bodies: list[bytes] = []
        self.url = ""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        flaky = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                flaky.keys.append(self.headers["Idempotency-Key"])
                flaky.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                answer = json.dumps({"result": "done"}).encode()
                hang_up = len(flaky.keys) <= flaky.hangs_up
                if hang_up and not flaky.midway:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer[:5] if hang_up else answer)
                self.close_connection = hang_up

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def flaky() -> Iterator[Flaky]:
    flaky = Flaky()
    server = ThreadingHTTPServer(("127.0.0.1", 0), flaky.handler())
    flaky.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield flaky
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("midway", [False, True])
def test_it_asks_once_more_with_the_same_key_and_words(flaky, midway):
    flaky.hangs_up, flaky.midway = 1, midway

    assert Gateway(flaky.url, "a-token").call("enquiries", "move_enquiry", to="won") == "done"

    assert len(flaky.keys) == 2
    assert len(set(flaky.keys)) == len(set(flaky.bodies)) == 1
    assert flaky.keys[0]


def test_it_asks_no_third_time_and_says_that_it_may_have_been_done(flaky):
    flaky.hangs_up = 9

    with pytest.raises(GatewayOutOfReach, match="may still have been done"):
        Gateway(flaky.url, "a-token").call("enquiries", "move_enquiry", to="won")

    assert len(flaky.keys) == 2


def test_each_command_has_a_key_of_its_own(flaky):
    for _ in range(2):
        Gateway(flaky.url, "a-token").call("enquiries", "move_enquiry", to="won")

    assert len(set(flaky.keys)) == 2
