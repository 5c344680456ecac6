"""What the gateway is made of, for its API and its console alike."""

from __future__ import annotations

from dataclasses import dataclass

from ops.accounts.entrance import Entrance
from ops.accounts.office import Office
from ops.accounts.organisation import Organisation, organisation_of
from ops.gateway.desk import Call, Desk
from shared.clock import Clock
from shared.config import Settings
from shared.messaging.broadcast import Hub
from shared.persistence.database import Database


@dataclass(frozen=True, slots=True)
class Gateway:
    """The way in, the desk where services are asked, and the office for accounts.

    `organisation` is the OpenID provider that operators may sign in with, where there is one.
    """

    entrance: Entrance
    desk: Desk
    office: Office
    hub: Hub
    clock: Clock
    console_url: str
    public_url: str
    org_name: str
    secret_keys: tuple[str, ...]
    trusted_proxies: tuple[str, ...] = ()
    organisation: Organisation | None = None


def make_gateway(call: Call, database: Database, clock: Clock, settings: Settings, hub: Hub | None = None) -> Gateway:
    """Put it together; `call(service, method, **arguments)` reaches the services, and `hub` tells what is new."""
    return Gateway(
        entrance=Entrance(database, clock, settings.secret_keys, settings.ops_token or ""),
        desk=Desk(call, database, clock),
        office=Office(database, clock, settings.console_url),
        hub=hub or Hub(),
        clock=clock,
        console_url=settings.console_url,
        public_url=settings.public_url,
        org_name=settings.org_name,
        secret_keys=settings.secret_keys,
        trusted_proxies=settings.trusted_proxies,
        organisation=organisation_of(settings),
    )
