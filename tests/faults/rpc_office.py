"""A small service behind our RPC doors, with faults to order.

`python -m tests.faults.rpc_office AMQP_URI WORKERS` serves until it is ended. With the embedded broker's address it is
sent every message of the stranger's from within, prints one JSON line for each, and ends.
"""

from __future__ import annotations

from shared.runtime.green import assert_green  # isort: skip - everything after it must be green

import json
import sys
from typing import Any, ClassVar

import eventlet
from nameko.extensions import DependencyProvider
from nameko.runners import ServiceRunner

import shared.messaging.memory  # noqa: F401 - makes the embedded broker known to kombu
from shared.doors.rpc import CallerProvider, operation
from shared.observability import context
from shared.runtime.logs import log_to_stderr
from tests.faults.rpc_stranger import GOOD, MESSAGES, SECRET, Message, Stranger, call_of


class Frail(DependencyProvider):
    """Fails at the stage that the call names."""

    def get_dependency(self, worker_ctx: Any) -> Any:
        _fail_at("get_dependency", worker_ctx)
        return worker_ctx

    def worker_setup(self, worker_ctx: Any) -> None:
        _fail_at("worker_setup", worker_ctx)

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        _fail_at("worker_result", worker_ctx)

    def worker_teardown(self, worker_ctx: Any) -> None:
        _fail_at("worker_teardown", worker_ctx)


def _fail_at(stage: str, worker_ctx: Any) -> None:
    if worker_ctx.kwargs.get("fails_at") == stage:
        raise ConnectionError("the database is down, and " + SECRET)


class BadToTell(Exception):
    """Cannot even be printed."""

    def __str__(self) -> str:
        raise ValueError(SECRET)


class Office:
    """Does what it is told, and fails when it is told to."""

    name = "office"

    worker_ctx = Frail()
    others = CallerProvider()
    notes: ClassVar[list[str]] = []

    @operation
    def echo(self, value: Any) -> Any:
        return value

    def hidden(self) -> str:
        return SECRET

    @operation
    def note(self, word: str) -> None:
        self.notes.append(word)

    @operation
    def noted(self) -> list[str]:
        return self.notes

    @operation
    def frail(self, fails_at: str) -> str:
        return "done"

    @operation
    def give_an_object(self) -> Any:
        return {"it": object()}

    @operation
    def give_a_circle(self) -> Any:
        circle: list[Any] = []
        circle.append(circle)
        return circle

    @operation
    def fail(self) -> None:
        raise KeyError(SECRET)

    @operation
    def fail_badly(self) -> None:
        raise BadToTell(object())

    @operation
    def time_out(self) -> None:
        raise eventlet.Timeout(5)

    @operation
    def rest(self, seconds: float) -> str:
        eventlet.sleep(seconds)
        return "rested"

    @operation
    def ask_the_desk(self) -> str:
        return self.others.call("desk", "rest", seconds=0.2, deadline=10)

    @operation
    def context(self) -> dict[str, Any]:
        return {
            "correlation_id": context.correlation_id.get(),
            "causation_id": context.causation_id.get(),
            "traceparent": context.traceparent.get(),
            "data": self.worker_ctx.data,
        }

    @operation
    def ask_ourselves(self, method: str, arguments: dict[str, Any], deadline: float, after: float = 0) -> Any:
        eventlet.sleep(after)
        return self.others.call("office", method, deadline=deadline, **arguments)


class Desk:
    """Somebody else to ask."""

    name = "desk"

    @operation
    def rest(self, seconds: float) -> str:
        eventlet.sleep(seconds)
        return "rested"


def _serve(uri: str, workers: int) -> ServiceRunner:
    log_to_stderr()
    config = {
        "AMQP_URI": uri,
        "serializer": "json",
        "ACCEPT": ["json"],
        "HEARTBEAT": 20,
        "max_workers": workers,
        "SERVICE_CONTAINER_CLS": "shared.doors.container.Container",
    }
    runner = ServiceRunner(config)
    runner.add_service(Office)
    runner.add_service(Desk)
    runner.start()
    print("ready", flush=True)
    return runner


def _send_all(uri: str, workers: int) -> None:
    with Stranger(uri) as stranger:
        for name, message in MESSAGES.items():
            sent = stranger.send(message)
            got = stranger.answer(sent) if message.answered else None
            print(json.dumps({"name": name, "answer": got, "then": stranger.ask(GOOD)["result"]}), flush=True)
        sent = [stranger.send(Message(**call_of("ask_the_desk"))) for _ in range(workers)]
        print("asked all at once:", [stranger.answer(one)["result"] for one in sent], flush=True)


def main() -> None:
    """Serve, or be sent everything from within."""
    assert_green()
    uri, workers = sys.argv[1], int(sys.argv[2])
    runner = _serve(uri, workers)
    if not uri.startswith("keytalk-memory"):
        runner.wait()
        return
    watch = eventlet.spawn(runner.wait)
    _send_all(uri, workers)
    assert not watch.dead, "the office has ended"
    print("the office still stands", flush=True)


if __name__ == "__main__":
    main()
