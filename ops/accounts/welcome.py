"""What a start says of the console: its address, or the link that makes the first account."""

from __future__ import annotations

from ops.accounts.entrance import Entrance
from shared.clock import machine_clock
from shared.config import Settings
from shared.persistence.database import Database


def console_address(settings: Settings) -> str:
    """Give the address to open: with a key in it, which holds for an hour, while nobody has an account."""
    database = Database(settings.database_url_of("ops"), pool_size=1)
    try:
        entrance = Entrance(database, machine_clock, settings.secret_keys, settings.ops_token or "")
        key = entrance.first_link()
    finally:
        database.close()
    return f"{settings.console_url}/first/{key}  (make your account there)" if key else settings.console_url
