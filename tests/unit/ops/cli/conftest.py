"""A stand-in for the ops gateway: a real HTTP server that answers what a test told it to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops.cli import asking
from ops.cli.main import app


class FakeGateway:
    """Keeps an answer (or a queue of them, the last of which stays) for each call, and what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.tokens: list[str | None] = []
        self.url = ""

    def will_answer(self, call: str, *results: Any) -> None:
        self.answers[call] += [(200, {"result": result}) for result in results]

    def will_refuse(self, call: str, status: int, detail: str, **more: Any) -> None:
        self.answers[call].append((status, {"title": "No", "status": status, "detail": detail, **more}))

    def reply(self, path: str, body: dict[str, Any], token: str | None) -> tuple[int, Any]:
        call = path.removeprefix("/rpc/").replace("/", ".")
        self.asked.append((call, body))
        self.tokens.append(token)
        queue = self.answers[call]
        return queue.pop(0) if len(queue) > 1 else queue[0]

    def times_asked(self, call: str) -> int:
        return sum(1 for name, _ in self.asked if name == call)


def handler_for(fake: FakeGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = fake.reply(self.path, body, self.headers["Authorization"])
            sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if status == 200 else "application/problem+json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGateway]:
    fake = FakeGateway()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(fake))
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setenv("KEYTALK_OPS_URL", fake.url)
    monkeypatch.setenv("KEYTALK_OPS_TOKEN", "a-token")
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def keytalk(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run one command line, given word by word, and what a person at a terminal would then type; without, none is."""

    def run(*words: str, typed: str | None = None) -> Result:
        monkeypatch.setattr(asking, "somebody_is_there", lambda: typed is not None)
        return CliRunner().invoke(app, list(words), input=typed, catch_exceptions=False)

    return run
