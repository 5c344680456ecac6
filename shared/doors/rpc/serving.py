"""The operations that a service offers: which calls are taken, and how each is answered."""

from __future__ import annotations

import logging
import re
import sys
from functools import partial
from typing import Any

from kombu import Queue
from nameko.exceptions import (
    BadRequest,
    ContainerBeingKilled,
    MalformedRequest,
    UnserializableValueError,
    serialize,
)
from nameko.rpc import Rpc, RpcConsumer

from shared.doors.rpc.headers import believed
from shared.doors.rpc.reading import Reader
from shared.doors.rpc.wire import Encoded, encode, publish, rpc_exchange, within
from shared.errors import Refused
from shared.messaging.topology import call_queue

_log = logging.getLogger(__name__)

ANSWER_WITHIN = 15.0
"""Seconds that an answer may take to reach the broker."""

_return_address = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What a `reply_to` looks like. Anything else could make us publish a call to some service, by our own rights."""


class CallReader(Reader):
    """Reads the calls to a service."""


class CallQueue(RpcConsumer):
    """The queue of calls to one service: gives each call to its operation, and sends the answer."""

    queue_consumer = CallReader()
    queue: Queue | None

    def setup(self) -> None:
        """Take part in reading; called once by each operation."""
        if self.queue is not None:
            return
        self.queue = call_queue(self.container.service_name, rpc_exchange(self.container.config))
        self.queue_consumer.register_provider(self)

    def handle_message(self, body: Any, message: Any) -> None:
        """Start the operation that a message asks for, or answer what is wrong with it. Never raises."""
        call = str(message.delivery_info.get("routing_key"))
        fault = _why_no_call(message)
        if fault is not None:
            _log.warning("call put away", extra={"call": call, "why": fault})
            self.queue_consumer.reject_message(message)
            return
        try:
            self.get_provider_for_method(call).handle_message(body, message)
        except Exception as error:
            _log.warning("call not taken", extra={"call": call, "why": type(error).__name__})
            self.handle_result(message, None, sys.exc_info())

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> Any:
        """Answer a call and acknowledge it; give the result and the error as they were told. Never raises."""
        answer, result, exc_info = _answer(result, exc_info)
        try:
            within(ANSWER_WITHIN, partial(self._send, answer, message))
        except Exception as error:
            call = message.delivery_info.get("routing_key")
            _log.warning("nobody took the answer", extra={"call": call, "why": type(error).__name__})
        self.queue_consumer.ack_message(message)
        return result, exc_info

    def _send(self, answer: Encoded, message: Any) -> None:
        told = message.properties
        publish(self.container.config, answer, routing_key=told["reply_to"], correlation_id=told.get("correlation_id"))


class Operation(Rpc):
    """An RPC method of a service; a `Refused` that it raises is an answer, not a fault."""

    rpc_consumer = CallQueue()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(expected_exceptions=Refused, **kwargs)

    def handle_message(self, body: Any, message: Any) -> None:
        """Run the method in a worker. Raises what is wrong with the call."""
        args, kwargs = _arguments(body)
        self.check_signature(args, kwargs)
        try:
            self.container.spawn_worker(
                self,
                args,
                kwargs,
                context_data=believed(message.headers),
                handle_result=partial(self.handle_result, message),
            )
        except ContainerBeingKilled:
            self.rpc_consumer.requeue_message(message)


operation = Operation.decorator
"""Offers a method that reads, to be called by RPC."""


def _why_no_call(message: Any) -> str | None:
    """Say what shows that a message is no caller's, where something does."""
    if not _return_address.fullmatch(str(message.properties.get("reply_to"))):
        return "it names nobody to answer"
    if "x-death" in (message.headers or {}):
        # A queue of one's own may dead-letter into the exchange for calls under any key: past the rights to publish.
        return "it came out of another queue"
    return None


def _arguments(body: Any) -> tuple[list[Any], dict[str, Any]]:
    match body:
        case {"args": list() as args, "kwargs": dict() as kwargs}:
            return args, kwargs
    raise MalformedRequest("a call is a JSON object with a list `args` and an object `kwargs`")


def _answer(result: Any, exc_info: Any) -> tuple[Encoded, Any, Any]:
    """Give the answer as it is sent, and the result and error that it tells of."""
    try:
        error = None if exc_info is None else _described(exc_info[1])
        return encode({"result": result, "error": error}), result, exc_info
    except Exception:
        told = _described(UnserializableValueError(None))
        return encode({"result": None, "error": told}), None, exc_info or sys.exc_info()


def _described(error: BaseException) -> dict[str, Any]:
    """Describe an error as nameko does; of a fault of ours only its kind, as its words may hold anything."""
    if isinstance(error, Refused):
        # A refusal of a more special kind is one like any other to whoever asked: they know this kind alone.
        error = Refused(error.code, error.detail, error.fields)
    if isinstance(error, Refused | BadRequest):
        described: dict[str, Any] = serialize(error)
        return described
    kind = type(error)
    words = "A fault of the service. Its log says more."
    return {"exc_type": kind.__name__, "exc_path": f"{kind.__module__}.{kind.__name__}", "exc_args": [], "value": words}
