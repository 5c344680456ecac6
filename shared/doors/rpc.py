"""RPC: the doors of a service, and calls to another's with a deadline."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import eventlet
from kombu.exceptions import OperationalError
from nameko.amqp.publish import Publisher
from nameko.containers import WorkerContext
from nameko.exceptions import (
    IncorrectSignature,
    MethodNotFound,
    RemoteError,
    UnknownService,
    deserialize_to_instance,
)
from nameko.extensions import DependencyProvider, Extension
from nameko.rpc import MethodProxy, ReplyListener, rpc

from shared.errors import Refused

_log = logging.getLogger(__name__)

deserialize_to_instance(Refused)

operation = partial(rpc, expected_exceptions=Refused)
"""A nameko RPC method; a `Refused` that it raises is an answer, not a fault."""

DEADLINE = 20.0
"""Seconds that a call may take, all told."""


class _BoundedPublisher(Publisher):
    """A publisher whose socket cannot hang: nameko takes deadlines only as a class attribute."""

    transport_options = {  # noqa: RUF012 - nameko reads and amends the class's own
        "confirm_publish": True,
        "read_timeout": 10,
        "write_timeout": 10,
        "connect_timeout": 5,
    }


class _BoundedMethod(MethodProxy):
    publisher_cls = _BoundedPublisher


class Caller:
    """Calls operations of other services."""

    def __init__(self, worker_ctx: Any, listener: Any) -> None:
        self._worker_ctx = worker_ctx
        self._listener = listener

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        """Call `service.method` and give its answer.

        Raises `Refused`: the service's own refusal as it said it, or "unavailable" when it cannot be reached, is not
        running or does not answer within `DEADLINE` seconds.
        """
        try:
            with eventlet.Timeout(DEADLINE):
                return _BoundedMethod(self._worker_ctx, service, method, self._listener)(**arguments)
        except eventlet.Timeout:
            raise Refused("unavailable", f"The {service} service did not answer in time.") from None
        except UnknownService:
            raise Refused("unavailable", f"The {service} service is not running.") from None
        except (OperationalError, OSError):
            raise Refused("unavailable", "The message broker cannot be reached.") from None
        except (IncorrectSignature, MethodNotFound) as error:
            raise Refused("invalid", f"{service}.{method}: {error}") from None
        except RemoteError as error:
            _log.error("remote fault", extra={"call": f"{service}.{method}", "kind": error.exc_type})
            words = f"The {service} service met a fault of its own. Its log says more."
            raise Refused("unavailable", words) from None


class Calls(Extension):
    """Listens for the answers to calls, for any extension that makes some."""

    listener = ReplyListener()

    def caller(self, worker_ctx: Any = None) -> Caller:
        """Give a caller: for a worker, or for work that no entrypoint began, such as a web request."""
        context = worker_ctx or WorkerContext(self.container, None, _Request)
        return Caller(context, self.listener)


class _Request:
    method_name = "request"


class CallerProvider(DependencyProvider):
    """Injects a `Caller`."""

    calls = Calls()

    def get_dependency(self, worker_ctx: Any) -> Caller:
        """Give a caller that speaks for this worker."""
        return self.calls.caller(worker_ctx)
