"""Logs: one JSON object a line, with facts as fields and no personal data."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from pythonjsonlogger.json import JsonFormatter

_QUIET = ("amqp", "kombu", "nameko", "alembic", "sqlalchemy", "werkzeug", "eventlet")


def log_to_stderr(level: int = logging.INFO) -> None:
    """Write every record to standard error, as a service in a container does."""
    _install(logging.StreamHandler(sys.stderr), level)


def log_to_file(path: Path) -> None:
    """Write every record to a file, and only trouble to standard error, as one process on a desk does."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _install(logging.FileHandler(path, encoding="utf-8"), logging.INFO)


def _install(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", json_ensure_ascii=False))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
