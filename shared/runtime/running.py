"""What one process runs: its nameko services and its web servers, from the first to the last thing in hand."""

from __future__ import annotations

import errno
import gc
import importlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import eventlet
from nameko.runners import ServiceRunner

from shared.config import Settings
from shared.runtime.process import Port, Process
from shared.web.router import router
from shared.web.server import WebServer

_log = logging.getLogger(__name__)

START_WITHIN = 10.0
"""Seconds after which the web is served even though the broker is still away."""
WEB_WITHIN = 4.0
"""Seconds that web requests have to be answered once the process is asked to stop."""
HEAD_START = 2.0
"""Seconds that a service has to stop before those that it calls are stopped as well."""
LOOPS_WITHIN = 6.0
"""Seconds that a service's loops have to end what they hold: a batch, a job."""


Died = Callable[[str, BaseException | None], None]
"""Hears which service died, and of what."""


WEB: dict[str, tuple[Port, str]] = {
    "enquiries": ("public", "/"),
    "scheduling": ("public", "/calendar"),
    "notifications": ("public", "/messages"),
    "ops": ("ops", "/"),
}
"""Where the services that have web pages offer them: the port, and the path below which they lie."""


class CannotStart(Exception):
    """The process cannot run as it is set up; the words name the setting and the mend."""


class Running:
    """Services that share a process: each after those it calls. `died` is told when one of them dies."""

    def __init__(self, settings: Settings, services: Sequence[str], internal_port: int | None, died: Died) -> None:
        self.servers: dict[str, WebServer] = {}
        self._settings = settings
        self._services = services
        self._internal_port = internal_port
        self._died = died
        self._process = Process(settings)
        self._runner: Any = None

    def start(self) -> None:
        """Start the services, and serve the web, with the broker or while waiting for it.

        Raises `CannotStart`, and what a service raises that cannot even be set up.
        """
        self._runner = self._make_runner()
        for name in self._services:
            self._runner.add_service(_service_class(name))
        starting = eventlet.spawn(self._runner.start)
        self._until_mounted(starting)
        self._start_web()
        with eventlet.Timeout(START_WITHIN, False):
            starting.wait()
        _keep_what_is_loaded()

    def stop(self, within: float) -> None:
        """Take nothing new and end what is in hand: web requests first, since they call the services.

        Returns after `within` seconds at the latest. What then is not ended is safe to break off.
        """
        with eventlet.Timeout(within, False):
            self._stop_web()
            self._stop_services()
            return
        _log.warning("stopped before all in hand had ended", extra={"seconds": within})

    def _stop_web(self) -> None:
        self._process.hub.close()  # a page that looks on would never end by itself
        pool = eventlet.GreenPool()
        for server in self.servers.values():
            pool.spawn(server.stop, WEB_WITHIN)
        pool.waitall()

    def _stop_services(self) -> None:
        """Stop the services, callers before those they call: a job in hand may still need an answer."""
        containers = [] if self._runner is None else list(self._runner.containers)
        pool = eventlet.GreenPool()
        for container in reversed(containers):
            stopping = pool.spawn(_stop_one, container)
            with eventlet.Timeout(HEAD_START, False):
                stopping.wait()
        pool.waitall()

    def _make_runner(self) -> Any:
        runner = ServiceRunner(self._process.nameko_config())
        members = {"died": staticmethod(self._died)}
        runner.container_cls = type("Container", (_Kept, runner.container_cls), members)
        return runner

    def _until_mounted(self, starting: Any) -> None:
        """Wait until each web app is offered; a service that cannot even be set up ends the process with its error."""
        places = [place for name, place in WEB.items() if name in self._services]
        deadline = time.monotonic() + START_WITHIN
        while any(path not in self._process.apps[port] for port, path in places):
            if starting.dead or time.monotonic() > deadline:
                starting.wait()
                raise CannotStart("The web pages could not be set up.")
            eventlet.sleep(0.01)

    def _port_of(self, name: Port) -> tuple[int, str]:
        """Give the port and the setting it comes from; whoever is served without enquiries has one of their own."""
        if name == "ops":
            return self._settings.ops_port, "ops"
        if "enquiries" in self._services:
            return self._settings.public_port, "public"
        if "scheduling" in self._services:
            return self._settings.calendar_port, "calendar"
        return self._settings.messages_port, "messages"

    def _start_web(self) -> None:
        settings, readiness = self._settings, self._process.readiness
        for name, apps in self._process.apps.items():
            if apps:
                port, setting = self._port_of(name)
                self.servers[name] = _listen(settings.bind, port, router(apps, readiness), setting)
        if self._internal_port is not None:
            app = router({}, readiness, metrics=True)
            self.servers["internal"] = _listen(settings.bind, self._internal_port, app, "internal")
        for server in self.servers.values():
            server.start()


class _Kept:
    """A container that tells when it dies, and that stops in order. Goes before nameko's container class."""

    died: Died
    service_name: str
    _being_killed: bool
    _managed_threads: dict[Any, str]

    def kill(self, exc_info: Any = None) -> None:
        """Die of an error that nothing was ready for. Told first: dying itself may wait for a broker that is away."""
        if not self._being_killed:
            self.died(self.service_name, exc_info and exc_info[1])
        super().kill(exc_info)  # type: ignore[misc]

    def _kill_managed_threads(self) -> None:
        """Let the loops of extensions, which were asked to stop, end what they hold. nameko would kill them there."""
        if not self._being_killed:
            with eventlet.Timeout(LOOPS_WITHIN, False):
                while self._managed_threads:
                    eventlet.sleep(0.01)
        super()._kill_managed_threads()  # type: ignore[misc]


def _stop_one(container: Any) -> None:
    try:
        container.stop()
    except Exception:
        _log.warning("a service did not stop in order", exc_info=True, extra={"service": container.service_name})


def _service_class(name: str) -> Any:
    """Find a service's nameko class where every service keeps it."""
    module = importlib.import_module("ops.gateway.service" if name == "ops" else f"services.{name}.service")
    return next(item for item in vars(module).values() if getattr(item, "name", None) == name)


def _listen(bind: str, port: int, app: Any, name: str) -> WebServer:
    try:
        return WebServer(bind, port, app)
    except OSError as error:
        setting = f"KEYTALK_{name.upper()}_PORT"
        words = f"{setting}: port {port} on {bind} cannot be opened: {error.strerror}."
        if error.errno == errno.EADDRINUSE:
            words = f"Port {port} on {bind} is taken. Stop what uses it, or set {setting} to another."
        raise CannotStart(words) from error


def _keep_what_is_loaded() -> None:
    """Leave all that is loaded by now out of later collections of garbage.

    That is nearly everything there ever is, some 200,000 objects: to go through them takes 80 ms, in which nobody has a
    turn.
    """
    gc.freeze()
