"""The nameko container of our services, which a failing dependency cannot end. `SERVICE_CONTAINER_CLS` names it."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
from nameko.containers import ServiceContainer

from shared.errors import Refused
from shared.observability.context import about
from shared.observability.tracing import span

_log = logging.getLogger(__name__)

_ABOUT = ("correlation_id", "causation_id", "traceparent")
_FRAMES = 5


class Container(ServiceContainer):
    """Runs each worker so that whatever raises in it, the caller is answered and the process lives on.

    nameko's own ends itself, and every service of its process, when anything but the method raises: a database that
    is down is enough. The message in hand would come back and do so again.
    """

    def _run_worker(self, worker_ctx: Any, handle_result: Any) -> None:
        said = {name: worker_ctx.data.get(name) for name in _ABOUT}
        with about(service=self.service_name, **said):
            result, exc_info = self._outcome(worker_ctx)
            if handle_result is not None:
                result, exc_info = handle_result(worker_ctx, result, exc_info)
            self._worker_result(worker_ctx, result, exc_info)
            del exc_info  # it would keep this frame, and the frame keeps it
            self._worker_teardown(worker_ctx)

    def _outcome(self, worker_ctx: Any) -> tuple[Any, Any]:
        """Prepare the service, run the method; give its result, or the error of either."""
        call = f"{self.service_name}.{worker_ctx.entrypoint.method_name}"
        try:
            with span(call, "server", operation=call):
                self._inject_dependencies(worker_ctx)
                self._worker_setup(worker_ctx)
                method = getattr(worker_ctx.service, worker_ctx.entrypoint.method_name)
                return method(*worker_ctx.args, **worker_ctx.kwargs), None
        except Refused as refused:
            _log.info("refused", extra={"call": call, "code": refused.code})
            return None, sys.exc_info()
        except (Exception, eventlet.Timeout) as error:
            _log.error("a fault of ours", extra={"call": call, **_traced(error)})
            return None, sys.exc_info()

    def _worker_result(self, worker_ctx: Any, result: Any, exc_info: Any) -> None:
        for provider in self.dependencies:
            with _survived(provider):
                provider.worker_result(worker_ctx, result, exc_info)

    def _worker_teardown(self, worker_ctx: Any) -> None:
        for provider in self.dependencies:
            with _survived(provider):
                provider.worker_teardown(worker_ctx)


@contextmanager
def _survived(provider: Any) -> Iterator[None]:
    try:
        yield
    except (Exception, eventlet.Timeout) as error:
        _log.error("a dependency failed after the work", extra={"dependency": provider.attr_name, **_traced(error)})


def _traced(error: BaseException) -> dict[str, Any]:
    """Tell an error by its type and where it was raised; its words may hold what somebody wrote to us."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return {"error": type(error).__name__, "where": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]}
