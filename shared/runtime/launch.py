"""`keytalk up`, `keytalk serve` and `keytalk migrate`."""

from __future__ import annotations

from shared.runtime.green import assert_green  # isort: skip - everything after it must be green

import importlib
import importlib.util
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any, NoReturn

import eventlet
from eventlet.event import Event
from nameko.runners import ServiceRunner

import shared.contracts
import shared.messaging.memory  # noqa: F401 - makes the embedded transport known to kombu
from shared.config import SERVICES, BadSettings, Settings, read_settings
from shared.persistence.database import Database
from shared.persistence.migrations import NotMigrated, migrate, wait_until_current
from shared.persistence.work import Store
from shared.runtime.logs import log_to_file, log_to_stderr
from shared.runtime.process import Process
from shared.web.router import router
from shared.web.server import WebServer

_log = logging.getLogger(__name__)

STOP_WITHIN = 12.0
"""Seconds that services have to end what they hold when asked to stop."""
START_WITHIN = 10.0
"""Seconds after which the web is served even though the broker is still away."""


def up(demo: bool = True) -> NoReturn:
    """Run everything in this process on what the settings name: embedded, or real servers."""
    settings = _settings_or_exit()
    log_to_file(settings.home / "keytalk.log")
    try:
        for service in SERVICES:
            migrate(service, settings.database_url_of(service))
        _seed(settings, demo=demo)
    except NotMigrated as error:
        _exit(str(error))
    _run(settings, [*SERVICES, "ops"], internal_port=settings.internal_port, settle=_say_where)


def serve(service: str) -> NoReturn:
    """Run one service, or the ops gateway, on RabbitMQ and PostgreSQL."""
    settings = _settings_or_exit()
    log_to_stderr()
    if service not in {*SERVICES, "ops"}:
        _exit(f"There is no service '{service}'. Choose from: {', '.join([*SERVICES, 'ops'])}.")
    if settings.embedded:
        _exit("KEYTALK_AMQP_URI: a service on its own needs a broker. To run without one, use: keytalk up")
    try:
        if service in SERVICES:
            wait_until_current(service, settings.database_url_of(service))
    except NotMigrated as error:
        _exit(str(error))
    port = 8002 if settings.internal_port is None else settings.internal_port
    _run(settings, [service], internal_port=port, settle=lambda _settings, _servers: print("ready", flush=True))  # noqa: T201


def migrate_databases(service: str | None = None) -> None:
    """Bring the databases up to date, of one service or of all, and load the catalogue."""
    settings = _settings_or_exit()
    try:
        for name in [service] if service else SERVICES:
            changed = migrate(name, settings.database_url_of(name))
            print(f"{name}: {'migrated' if changed else 'up to date'}")  # noqa: T201
            _seed_one(name, settings, demo=False)
    except NotMigrated as error:
        _exit(str(error))


def _settings_or_exit() -> Settings:
    assert_green()
    try:
        return read_settings()
    except (BadSettings, OSError) as error:
        _exit(str(error))


def _exit(words: str) -> NoReturn:
    print(words, file=sys.stderr, flush=True)  # noqa: T201
    raise SystemExit(2)


def _seed(settings: Settings, *, demo: bool) -> None:
    for service in SERVICES:
        _seed_one(service, settings, demo=demo)


def _seed_one(service: str, settings: Settings, *, demo: bool) -> None:
    """Let a service that has a `seed` module put in what it needs from the start."""
    if importlib.util.find_spec(f"services.{service}.seed") is None:
        return
    seed: Any = importlib.import_module(f"services.{service}.seed")
    tables: Any = importlib.import_module(f"services.{service}.tables")
    database = Database(settings.database_url_of(service), pool_size=1)
    store = Store(database, tables.messaging.outbox, Process(settings).clock, service)
    seed.load(store, demo=demo)
    database.close()


def _service_class(name: str) -> Any:
    """Find a service's nameko class where every service keeps it."""
    module = importlib.import_module("ops.gateway.service" if name == "ops" else f"services.{name}.service")
    return next(item for item in vars(module).values() if getattr(item, "name", None) == name)


def _run(settings: Settings, services: Sequence[str], *, internal_port: int | None, settle: Any) -> NoReturn:
    process = Process(settings)
    runner = ServiceRunner(process.nameko_config())
    for name in services:
        runner.add_service(_service_class(name))
    stopping = _stop_on_signals()
    starting = eventlet.spawn(runner.start)
    _until_mounted(process, services, starting)
    servers = _start_web(process, internal_port)
    with eventlet.Timeout(START_WITHIN, False):
        starting.wait()
    settle(settings, servers)
    eventlet.spawn(runner.wait).link(lambda _thread: stopping.ready() or stopping.send(1))
    code = stopping.wait()
    _stop(runner, servers)
    os._exit(code)


def _until_mounted(process: Process, services: Sequence[str], starting: Any) -> None:
    """Wait until each web app is offered; a service that cannot even be set up ends the process with its error."""
    wanted = {"enquiries": "public", "ops": "ops"}
    ports = {port for name, port in wanted.items() if name in services}
    deadline = time.monotonic() + START_WITHIN
    while any(not process.apps[port] for port in ports):  # type: ignore[index]
        if starting.dead or time.monotonic() > deadline:
            starting.wait()
            _exit("The web pages could not be set up.")
        eventlet.sleep(0.01)


def _start_web(process: Process, internal_port: int | None) -> dict[str, WebServer]:
    settings = process.settings
    servers: dict[str, WebServer] = {}
    ports = {"public": settings.public_port, "ops": settings.ops_port}
    for name, apps in process.apps.items():
        if apps:
            servers[name] = _listen(settings.bind, ports[name], router(apps, process.readiness), name)
    if internal_port is not None:
        app = router({}, process.readiness, metrics=True)
        servers["internal"] = _listen(settings.bind, internal_port, app, "internal")
    for server in servers.values():
        server.start()
    return servers


def _listen(bind: str, port: int, app: Any, name: str) -> WebServer:
    try:
        return WebServer(bind, port, app)
    except OSError as error:
        _exit(f"KEYTALK_{name.upper()}_PORT: port {port} on {bind} cannot be opened: {error.strerror}.")


def _say_where(settings: Settings, servers: dict[str, WebServer]) -> None:
    """Print the addresses, and last the line `ready`."""
    lines = [
        f"Enquiry form   http://{settings.bind}:{servers['public'].port}/enquire",
        f"Ops gateway    http://{settings.bind}:{servers['ops'].port}  (its token: {settings.token_file})",
        f"Mail           {(settings.smtp_url and 'by SMTP') or settings.maildir}",
        f"Data           {settings.home if not settings.database_url else 'PostgreSQL'}",
        "ready",
    ]
    print("\n".join(lines), flush=True)  # noqa: T201


def _stop_on_signals() -> Event:
    stopping = Event()

    def stop(*_: Any) -> None:
        if not stopping.ready():
            stopping.send(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def _stop(runner: Any, servers: dict[str, WebServer]) -> None:
    for server in servers.values():
        server.stop(seconds=2)
    with eventlet.Timeout(STOP_WITHIN, False):
        runner.stop()
    logging.shutdown()
