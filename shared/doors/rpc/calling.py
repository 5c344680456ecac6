"""Calls to operations of other services, each with a deadline."""

from __future__ import annotations

import logging
import time
import uuid
from functools import partial
from typing import Any

import amqp
from kombu import Queue
from kombu.exceptions import KombuError
from nameko.amqp.publish import UndeliverableMessage
from nameko.containers import WorkerContext
from nameko.exceptions import get_module_path
from nameko.extensions import DependencyProvider, Extension
from nameko.rpc import RPC_REPLY_QUEUE_TEMPLATE, RPC_REPLY_QUEUE_TTL, ReplyListener

from shared.doors.rpc.headers import headers_to_send
from shared.doors.rpc.reading import Reader
from shared.doors.rpc.wire import Encoded, NotInTime, encode, publish, rpc_exchange, within
from shared.errors import TITLES, Refused
from shared.observability import metrics
from shared.observability.tracing import span
from shared.persistence.transaction import inside_transaction

_log = logging.getLogger(__name__)

DEADLINE = 20.0
"""Seconds that a call may take, all told, and takes unless it is given fewer."""


class CalledInsideATransaction(Exception):
    """A programming error: a call to another service from inside an open unit of work.

    It would hold the transaction's locks for as long as another service pleases, and that one may wait for them.
    """

    def __init__(self, call: str) -> None:
        super().__init__(f"{call} was called inside an open transaction. Ask before the unit of work begins.")


class ReplyReader(Reader):
    """Reads the answers to a service's calls."""


class Replies(ReplyListener):
    """Gives each answer to the call that waits for it."""

    queue_consumer = ReplyReader()

    def setup(self) -> None:
        """Have a queue for answers of this process's own."""
        self.routing_key = str(uuid.uuid4())
        self.queue = Queue(
            RPC_REPLY_QUEUE_TEMPLATE.format(self.container.service_name, self.routing_key),
            exchange=rpc_exchange(self.container.config),
            routing_key=self.routing_key,
            queue_arguments={"x-expires": RPC_REPLY_QUEUE_TTL},
        )
        self.queue_consumer.register_provider(self)

    def forget(self, correlation_id: str) -> None:
        """Wait for an answer no longer."""
        self._reply_events.pop(correlation_id, None)

    def handle_message(self, body: Any, message: Any) -> None:
        """Pass an answer on, whatever it is; one that nobody waits for any more is put away."""
        self.queue_consumer.ack_message(message)
        waiting = self._reply_events.pop(str(message.properties.get("correlation_id")), None)
        if waiting is not None:
            waiting.send(body)


class Caller:
    """Calls operations of other services."""

    def __init__(self, worker_ctx: Any, replies: Replies) -> None:
        self._worker_ctx = worker_ctx
        self._replies = replies

    def call(self, service: str, method: str, /, *, deadline: float = DEADLINE, **arguments: Any) -> Any:
        """Call `service.method` and give its answer.

        It ends within `deadline` seconds, `DEADLINE` at most. Raises `Refused`: the service's own refusal as it said
        it, or "unavailable" when it cannot be reached, is not running or does not answer in time. A change may have
        been made then all the same; send it an `idempotency_key`, and the same one when asking again. Raises
        `CalledInsideATransaction` where the work in hand has an open transaction.
        """
        call = f"{service}.{method}"
        if inside_transaction.get():
            raise CalledInsideATransaction(call)
        began, outcome = time.monotonic(), "failed"
        try:
            with span(call, "client", operation=call):
                result = _told(call, self._asked(call, arguments, min(deadline, DEADLINE)))
            outcome = "answered"
            return result
        except Refused as refused:
            outcome = refused.code
            raise
        finally:
            metrics.called(self._worker_ctx.service_name, call, outcome, time.monotonic() - began)

    def _asked(self, call: str, arguments: dict[str, Any], seconds: float) -> Any:
        """Send a call and give the reply that comes back, whatever it is."""
        service, body = call.partition(".")[0], encode({"args": [], "kwargs": arguments})
        headers, correlation_id = headers_to_send(self._worker_ctx.call_id_stack), str(uuid.uuid4())
        waiting = self._replies.get_reply_event(correlation_id)
        ask = partial(self._send, call, body, headers, correlation_id, seconds)
        try:
            return within(seconds, lambda: (ask(), waiting.wait())[1])
        except NotInTime:
            words = f"The {service} service did not answer in time."
            raise Refused("unavailable", words, kind="service-timeout") from None
        except UndeliverableMessage:
            raise Refused("unavailable", f"The {service} service is not running.", kind="service-down") from None
        except (amqp.AMQPError, KombuError, OSError) as error:
            _log.warning("call not sent", extra={"call": call, "why": type(error).__name__})
            raise Refused("unavailable", "The message broker cannot be reached.", kind="broker-away") from None
        finally:
            self._replies.forget(correlation_id)

    def _send(self, call: str, body: Encoded, headers: dict[str, Any], correlation_id: str, seconds: float) -> None:
        publish(
            self._worker_ctx.container.config,
            body,
            routing_key=call,
            reply_to=self._replies.routing_key,
            correlation_id=correlation_id,
            headers=headers,
            expiration=seconds,  # a call that nobody waits for any more is not begun
        )


_REFUSED = get_module_path(Refused)


def _told(call: str, reply: Any) -> Any:
    """Give the result that a reply holds, or raise the error that it tells of. It may be anything at all."""
    match reply:
        case {"result": result, "error": None}:
            return result
        case {"error": {"exc_path": path, "exc_args": [str() as code, str() as words, dict() as fields]}} if (
            path == _REFUSED and code in TITLES
        ):
            raise Refused(code, words, fields)  # type: ignore[arg-type]
        case {"error": {"exc_type": "IncorrectSignature" | "MethodNotFound", "value": str() as words}}:
            raise Refused("invalid", f"{call}: {words}")
        case {"error": {"exc_type": str() as kind}}:
            raise _fault(call, kind, "met a fault of its own. Its log says more.")
    raise _fault(call, type(reply).__name__, "gave an answer that cannot be read.")


def _fault(call: str, kind: str, words: str) -> Refused:
    _log.error("remote fault", extra={"call": call, "kind": kind})
    return Refused("unavailable", f"The {call.partition('.')[0]} service {words}", kind="service-fault")


class Calls(Extension):
    """Listens for the answers to calls, for any extension that makes some."""

    replies = Replies()

    def caller(self, worker_ctx: Any = None) -> Caller:
        """Give a caller: for a worker, or for work that no entrypoint began, such as a web request."""
        context = worker_ctx or WorkerContext(self.container, None, _Request)
        return Caller(context, self.replies)


class _Request:
    method_name = "request"


class CallerProvider(DependencyProvider):
    """Injects a `Caller`."""

    calls = Calls()

    def get_dependency(self, worker_ctx: Any) -> Caller:
        """Give a caller that speaks for this worker."""
        return self.calls.caller(worker_ctx)
