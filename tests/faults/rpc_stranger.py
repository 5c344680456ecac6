"""A stranger who sends a service anything at all by RPC, and what he sends to the office."""

from __future__ import annotations

import json
import pickle
import time
import uuid
import zlib
from dataclasses import dataclass, field
from typing import Any, Self

from kombu import Connection, Exchange, Queue

CALL = "office.echo"
SECRET = "mind-the-gap"
"""Stands for personal data in a body: no log may hold it."""


@dataclass(frozen=True)
class Message:
    """Something to send to the office, and what comes back: the kind of an error, a result, or nothing."""

    body: Any = field(default_factory=lambda: {"args": [], "kwargs": {"value": SECRET}})
    call: str = CALL
    error: str | None = None
    result: Any = None
    answered: bool = True
    content_type: str | None = "application/json"
    content_encoding: str | None = "utf-8"
    headers: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    """More AMQP properties; a `reply_to` of None leaves it out."""


def call_of(_method: str, **arguments: Any) -> dict[str, Any]:
    """A well-formed message that names a method of the office."""
    return {"body": {"args": [], "kwargs": arguments}, "call": f"office.{_method}"}


GOOD = Message(result=SECRET)

_DEEP = "[" * 100_000

BAD_BODIES = {
    "a list": Message([SECRET], error="MalformedRequest"),
    "a word": Message(SECRET, error="MalformedRequest"),
    "null": Message(None, error="MalformedRequest"),
    "without args": Message({"kwargs": {}}, error="MalformedRequest"),
    "without kwargs": Message({"args": []}, error="MalformedRequest"),
    "args that are an object": Message({"args": {"value": SECRET}, "kwargs": {}}, error="MalformedRequest"),
    "args that are text": Message({"args": SECRET, "kwargs": {}}, error="MalformedRequest"),
    "kwargs that are a list": Message({"args": [], "kwargs": [SECRET]}, error="MalformedRequest"),
    "broken JSON": Message(b'{"args": ["mind-the-gap"', error="MalformedRequest"),
    "JSON a hundred thousand deep": Message(_DEEP.encode(), error="MalformedRequest"),
    "bytes that are not UTF-8": Message(b"\xff\xfe\xfd", error="MalformedRequest"),
    "nothing": Message(b"", error="MalformedRequest"),
    "a pickle": Message(
        pickle.dumps({"args": [SECRET], "kwargs": {}}), content_type="application/x-python-serialize",
        content_encoding="binary", error="MalformedRequest",
    ),
    "plain text": Message(b"mind-the-gap", content_type="text/plain", error="MalformedRequest"),
    "no content type": Message(content_type=None, content_encoding=None, error="MalformedRequest"),
    "an unknown content type": Message(content_type="application/x-mystery", error="MalformedRequest"),
    "an encoding that nobody knows, of plain ASCII": Message(content_encoding="x-mystery", result=SECRET),
    "a packed body": Message(
        zlib.compress(json.dumps({"args": [], "kwargs": {"value": SECRET}}).encode()),
        headers={"compression": "application/x-gzip"}, error="MalformedRequest",
    ),
}  # fmt: skip

BAD_CALLS = {
    "a method that is not there": Message(call="office.nobody", error="MethodNotFound"),
    "a method that is not a door": Message(call="office.hidden", error="MethodNotFound"),
    "an argument too many": Message(**call_of("echo", value=1, other=2), error="IncorrectSignature"),
    "an argument too few": Message(**call_of("echo"), error="IncorrectSignature"),
    "an argument named self": Message(**call_of("echo", value=1, self=2), error="IncorrectSignature"),
    "no reply_to": Message(properties={"reply_to": None}, answered=False),
    "a reply_to that is a call": Message(properties={"reply_to": "office.echo"}, answered=False),
    "a reply_to that nobody listens to": Message(properties={"reply_to": str(uuid.uuid4())}, answered=False),
}

FORGED_HEADERS = {
    "a call id stack that is a number": {"nameko.call_id_stack": 5},
    "a call id stack of numbers": {"nameko.call_id_stack": [1, 2]},
    "a call id stack that is text": {"nameko.call_id_stack": "office.echo"},
    "a call id stack without end": {"nameko.call_id_stack": ["x"] * 10_000},
    "somebody's name and token": {"user_id": "admin", "nameko.auth_token": "forged"},
    "ids of the wrong kind": {"correlationid": 5, "causationid": ["x"], "traceparent": {"a": 1}},
    "ids too long": {"correlationid": "x" * 5_000, "causationid": "y" * 201, "traceparent": "00-" + "a" * 9_000},
    "ids with control characters": {"correlationid": "a\nb", "causationid": "\x1b[2J", "traceparent": "a b"},
}

STAGES = ("get_dependency", "worker_setup", "worker_result", "worker_teardown")

FAULTS = {
    "a result that JSON has no form for": Message(**call_of("give_an_object"), error="UnserializableValueError"),
    "a result that holds itself": Message(**call_of("give_a_circle"), error="UnserializableValueError"),
    "a fault of the method": Message(**call_of("fail"), error="KeyError"),
    "an error that cannot be told": Message(**call_of("fail_badly"), error="BadToTell"),
    "a timeout nobody caught": Message(**call_of("time_out"), error="Timeout"),
    "get_dependency fails": Message(**call_of("frail", fails_at="get_dependency"), error="ConnectionError"),
    "worker_setup fails": Message(**call_of("frail", fails_at="worker_setup"), error="ConnectionError"),
    "worker_result fails": Message(**call_of("frail", fails_at="worker_result"), result="done"),
    "worker_teardown fails": Message(**call_of("frail", fails_at="worker_teardown"), result="done"),
}

MESSAGES = {
    **{f"body: {name}": message for name, message in BAD_BODIES.items()},
    **{f"call: {name}": message for name, message in BAD_CALLS.items()},
    **{f"header: {name}": Message(headers=headers, result=SECRET) for name, headers in FORGED_HEADERS.items()},
    **{f"fault: {name}": message for name, message in FAULTS.items()},
}


class Stranger:
    """Sends messages to the office and reads its answers, over kombu and with no care for what is right."""

    def __init__(self, uri: str, *, declare_exchange: bool = True) -> None:
        self.connection = Connection(uri)
        self._address = str(uuid.uuid4())
        self._heard: dict[str, Any] = {}
        exchange = Exchange("nameko-rpc", type="topic", durable=True, no_declare=not declare_exchange)
        queue = Queue(f"rpc.reply-stranger-{self._address}", exchange, self._address, auto_delete=False)
        self._answers = queue(self.connection.default_channel)
        self._answers.declare()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def leave_no_address(self) -> None:
        """Delete the queue of answers."""
        self._answers.delete()

    def send(self, message: Message) -> str:
        """Send a message; give its correlation id."""
        correlation_id = str(uuid.uuid4())
        properties = {"reply_to": self._address, "correlation_id": correlation_id, "delivery_mode": 2}
        properties = {name: value for name, value in {**properties, **message.properties}.items() if value is not None}
        body = message.body if isinstance(message.body, bytes) else json.dumps(message.body).encode()
        channel = self.connection.default_channel
        prepared = channel.prepare_message(
            body,
            content_type=message.content_type,
            content_encoding=message.content_encoding,
            headers=message.headers,
            properties=properties,
        )
        channel.basic_publish(prepared, exchange="nameko-rpc", routing_key=message.call)
        return correlation_id

    def answer(self, correlation_id: str, within: float = 15.0) -> Any:
        """Give the answer to a message; `TimeoutError` after so many seconds."""
        deadline = time.monotonic() + within
        while correlation_id not in self._heard:
            got = self._answers.get(no_ack=True)
            if got is not None:
                self._heard[str(got.properties["correlation_id"])] = got.payload
            elif time.monotonic() > deadline:
                raise TimeoutError(f"no answer within {within:g} s")
            else:
                time.sleep(0.01)
        return self._heard.pop(correlation_id)

    def ask(self, message: Message, within: float = 15.0) -> Any:
        """Send a message and give its answer."""
        return self.answer(self.send(message), within)
