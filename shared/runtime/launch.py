"""`keytalk up`, `keytalk serve` and `keytalk migrate`."""

from __future__ import annotations

from shared.runtime.green import assert_green  # isort: skip - everything after it must be green

import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import urlsplit

import eventlet

import shared.contracts
import shared.messaging.memory  # noqa: F401 - makes the embedded transport known to kombu
from shared.config import DATABASES, SERVICES, BadSettings, Settings, read_settings
from shared.messaging.broker import BrokerRefused
from shared.observability import tracing
from shared.persistence.database import Database
from shared.persistence.migrations import NotMigrated, migrate, wait_until_current
from shared.persistence.work import Store
from shared.runtime import one_alone, watchdog
from shared.runtime.logs import log_to_file, log_to_stderr
from shared.runtime.preflight import check_broker
from shared.runtime.process import Process
from shared.runtime.running import CannotStart, Running
from shared.runtime.stopping import Stopping
from shared.web.server import WebServer

_log = logging.getLogger(__name__)

STOP_WITHIN = 11.5
"""Seconds, from the first signal, to end what is in hand."""
BY_FORCE_AFTER = 2.5
"""Seconds after those, for the last spans to leave; then the process ends even if its event loop stands still."""


def up(demo: bool = True) -> NoReturn:
    """Run everything in this process on what the settings name: embedded, or real servers."""
    settings = _settings_or_exit()
    log_to_file(settings.home / "keytalk.log")

    def prepare() -> None:
        if settings.embedded:
            one_alone.hold(settings.home)
        for name in DATABASES:
            migrate(name, settings.database_url_of(name))
        for service in SERVICES:
            _seed(service, settings, demo=demo)

    _run(settings, DATABASES, settings.internal_port, prepare, _say_where)


def serve(service: str) -> NoReturn:
    """Run one service, or the ops gateway, on RabbitMQ and PostgreSQL."""
    settings = _settings_or_exit()
    log_to_stderr()
    if service not in DATABASES:
        _exit(f"There is no service '{service}'. Choose from: {', '.join(DATABASES)}.")
    if settings.embedded:
        _exit("KEYTALK_AMQP_URI: a service on its own needs a broker. To run without one, use: keytalk up")

    def prepare() -> None:
        wait_until_current(service, settings.database_url_of(service))

    port = 8002 if settings.internal_port is None else settings.internal_port
    _run(settings, [service], port, prepare, lambda _settings, _servers: print("ready", flush=True))  # noqa: T201


def migrate_databases(service: str | None = None) -> None:
    """Bring the databases up to date, of one service or of all, and load the catalogue."""
    settings = _settings_or_exit()
    try:
        for name in [service] if service else DATABASES:
            changed = migrate(name, settings.database_url_of(name))
            print(f"{name}: {'migrated' if changed else 'up to date'}")  # noqa: T201
            _seed(name, settings, demo=False)
    except NotMigrated as error:
        _exit(str(error))


def _settings_or_exit() -> Settings:
    assert_green()
    try:
        return read_settings()
    except (BadSettings, OSError) as error:
        _exit(str(error))


def _check(service: str, settings: Settings) -> None:
    """Let a service that has a `checking` module refuse settings of its own, before anything starts."""
    if service in SERVICES and importlib.util.find_spec(f"services.{service}.checking") is not None:
        checking: Any = importlib.import_module(f"services.{service}.checking")
        checking.check(settings)


def _seed(service: str, settings: Settings, *, demo: bool) -> None:
    """Let a service that has a `seed` module put in what it needs from the start."""
    if service not in SERVICES or importlib.util.find_spec(f"services.{service}.seed") is None:
        return
    seed: Any = importlib.import_module(f"services.{service}.seed")
    tables: Any = importlib.import_module(f"services.{service}.tables")
    database = Database(settings.database_url_of(service), pool_size=1)
    store = Store(database, tables.messaging, Process(settings).clock, service)
    seed.load(store, demo=demo)
    database.close()


def _run(
    settings: Settings,
    services: Sequence[str],
    internal_port: int | None,
    prepare: Callable[[], None],
    settle: Callable[[Settings, Mapping[str, WebServer]], None],
) -> NoReturn:
    """Live until asked to stop (exit status 0), or until something goes wrong: 1, or 2 where the settings are at fault.

    `prepare` comes before the services; `settle` when they run.
    """
    stopping = Stopping(STOP_WITHIN + BY_FORCE_AFTER)

    def died(service: str, error: BaseException | None) -> None:
        if stopping.is_asked:
            return  # nameko also kills what is stopped before it has started
        _log.critical("a service died, so this process ends", exc_info=error, extra={"service": service})
        _say(f"The service {service} died of {error!r}. This process ends; whoever watches over it starts it again.")
        stopping.ask(1)

    def live() -> None:
        try:
            for service in services:
                _check(service, settings)
            if not settings.embedded:
                check_broker(settings.amqp_uri, services)
            prepare()
            running.start()
        except (BadSettings, NotMigrated, BrokerRefused, CannotStart) as error:
            _say(str(error))
            stopping.ask(2)
        except Exception as error:
            _log.critical("cannot start", exc_info=True)
            _say(f"Keytalk cannot start: {error!r}. Its log says where.")
            stopping.ask(1)
        else:
            settle(settings, running.servers)

    running = Running(settings, services, internal_port, died)
    _observe(settings, services)
    living = eventlet.spawn(live)
    status = stopping.wait()
    living.kill()
    running.stop(STOP_WITHIN)
    tracing.flush()
    logging.shutdown()
    os._exit(status)


def _observe(settings: Settings, services: Sequence[str]) -> None:
    """Start what watches this process, before what it watches."""
    tracing.configure(services[0] if len(services) == 1 else "up")
    watchdog.start(settings.stall_limit)


def _say_where(settings: Settings, servers: Mapping[str, WebServer]) -> None:
    """Print the addresses, and last the line `ready`."""
    lines = [
        f"Enquiry form   http://{settings.bind}:{servers['public'].port}/enquire",
        f"Console        {_console_address(settings)}",
        f"Ops gateway    http://{settings.bind}:{servers['ops'].port}  (its token: {settings.token_file})",
        f"Mail           {_way_of_mail(settings)}",
        f"Data           {settings.home if not settings.database_url else 'PostgreSQL'}",
        "ready",
    ]
    print("\n".join(lines), flush=True)  # noqa: T201


def _way_of_mail(settings: Settings) -> str:
    """Say where mail goes; of the server's address only what is no secret. It was checked before."""
    if not settings.smtp_url:
        return str(settings.maildir)
    parts = urlsplit(settings.smtp_url)
    return f"by SMTP to {parts.hostname}:{parts.port or (465 if parts.scheme == 'smtps' else 25)}"


def _console_address(settings: Settings) -> str:
    welcome: Any = importlib.import_module("ops.accounts.welcome")
    return str(welcome.console_address(settings))


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201


def _exit(words: str) -> NoReturn:
    _say(words)
    raise SystemExit(2)
