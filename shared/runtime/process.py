"""What the services of one operating-system process share."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.clock import Clock, machine_clock
from shared.config import Settings, read_settings
from shared.messaging.broadcast import Hub
from shared.messaging.broker import HEARTBEAT, BrokerProbe
from shared.messaging.carriers import Subscribers

Wsgi = Callable[..., Any]

Port = Literal["public", "ops"]

_KEY = "KEYTALK_PROCESS"


@dataclass(slots=True)
class Process:
    """Settings, clock, the inboxes that live here, web apps that want a port, who looks on, and what health asks."""

    settings: Settings
    clock: Clock = machine_clock
    subscribers: Subscribers = field(default_factory=dict)
    apps: dict[Port, dict[str, Wsgi]] = field(default_factory=lambda: {"public": {}, "ops": {}})
    databases: dict[str, Callable[[], bool]] = field(default_factory=dict)
    hub: Hub = field(default_factory=Hub)
    broker: BrokerProbe = field(init=False)

    def __post_init__(self) -> None:
        self.broker = BrokerProbe(self.settings.amqp_uri)

    def mount(self, port: Port, path: str, app: Wsgi) -> None:
        """Offer an app below a path of a port."""
        self.apps[port][path] = app

    def readiness(self) -> dict[str, Any]:
        """Ask everything that this process needs.

        Gives `{"status": "ready" | "degraded" | "unavailable", "checks": {name: "ok" | "away"}}`: without a database
        it is unavailable; without the broker it is degraded, since what it takes waits in the outbox.
        """
        checks = {name: "ok" if answers() else "away" for name, answers in self.databases.items()}
        status = "unavailable" if "away" in checks.values() else "ready"
        if not self.settings.embedded:
            checks["broker"] = "ok" if self.broker.answers() else "away"
            if status == "ready" and checks["broker"] == "away":
                status = "degraded"
        return {"status": status, "checks": checks}

    def nameko_config(self) -> dict[str, Any]:
        """Give the configuration under which nameko runs the service classes here."""
        return {
            "AMQP_URI": self.settings.amqp_uri,
            "serializer": "json",
            "ACCEPT": ["json"],
            "HEARTBEAT": HEARTBEAT,
            "SERVICE_CONTAINER_CLS": "shared.doors.container.Container",
            "max_workers": 20,
            _KEY: self,
        }


def process_of(config: MutableMapping[str, Any]) -> Process:
    """Give the process that a nameko configuration belongs to.

    Under a runner that is not ours (nameko's own, say) it is made from the environment, once.
    """
    process: Process | None = config.get(_KEY)
    if process is None:
        process = config[_KEY] = Process(read_settings())
        config.setdefault("AMQP_URI", process.settings.amqp_uri)
    return process
