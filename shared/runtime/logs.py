"""Logs: one JSON object a line, with facts as fields and no personal data. `docs/observability.md` lists the fields."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from eventlet.patcher import original
from pythonjsonlogger.json import JsonFormatter

from shared.observability import context
from shared.observability.tracing import trace_id_of

_QUIET = ("amqp", "kombu", "nameko", "alembic", "sqlalchemy", "werkzeug", "eventlet", "opentelemetry", "urllib3")

FILE_BYTES, FILES_KEPT = 10_000_000, 5
"""How large a log file grows, and how many full ones are kept beside it."""

_write: Any = original("os").write
"""Writing as the kernel does it: `os.write` of a patched process may hand control to the event loop."""


class JsonLines(JsonFormatter):
    """Formats a record as one line of ASCII JSON, with what the work in hand is about.

    ASCII, so that no control character, no mark that turns text round on a terminal and no broken surrogate reaches
    the reader as it is. A field that the caller gave by `extra` stands.
    """

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            timestamp=True,  # ISO 8601, UTC
            rename_fields={"exc_info": "exception"},
            json_ensure_ascii=True,
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Add the ids of the work in hand."""
        for name, value in _ids():
            log_data.setdefault(name, value)
        return log_data


def _ids() -> list[tuple[str, str]]:
    ids = (
        ("service", context.service.get()),
        ("correlation_id", context.correlation_id.get()),
        ("causation_id", context.causation_id.get()),
        ("trace_id", trace_id_of(context.traceparent.get())),
    )
    return [(name, value) for name, value in ids if value is not None]


def log_to_stderr(level: int = logging.INFO) -> None:
    """Write every record to standard error, as a service in a container does."""
    _install(logging.StreamHandler(sys.stderr), level)


def log_to_file(path: Path) -> None:
    """Write every record to a file, as one process on a desk does: its terminal is for the person there.

    Nobody looks after the files there, so a full one is put aside as `.1`, and the oldest goes: see `FILE_BYTES`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    _install(kept, logging.INFO)


def _install(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def write_past_logging(name: str, message: str, **facts: Any) -> None:
    """Write a warning straight to the log's descriptor; for native threads, while the event loop stands still.

    `logging` itself would be unsafe there: its locks are green, so one that is held by a greenlet can neither be
    waited for outside the loop nor be let go while the loop stands still. This takes no lock and touches no buffer.
    A log that cannot be written to is left alone.
    """
    line = {"levelname": "WARNING", "name": name, "message": message, **facts}
    line["timestamp"] = datetime.now(UTC).isoformat()
    with suppress(OSError):
        _write(_descriptor(), json.dumps(line).encode() + b"\n")


def _descriptor() -> int:
    """Give the descriptor that the installed handler writes to; standard error where there is none."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            try:
                return int(handler.stream.fileno())
            except (OSError, ValueError, AttributeError):  # without a descriptor, closed, or about to be put aside
                continue
    return 2
