"""What is looked at: the settings, read without making anything, and the services that they are for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import UUID

from services.notifications.channels.equipment import alert_channel
from services.notifications.channels.mailbox import parse_imap_url
from services.notifications.channels.smtp_server import parse_smtp_url
from services.notifications.channels.verp import return_path
from shared.config import DATABASES, SERVICES, BadSettings, Settings, known_settings, parse_settings

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

ALSO_READ = ("KEYTALK_OPS_URL",)
"""What the command line reads besides."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at. `bad` are the settings that cannot be used, with what is wrong; they count as not set.

    `misspelt` are names that are no setting but nearly one, with that one. `services` are those that these settings
    are for, with `ops` for the gateway.
    """

    settings: Settings
    env: Mapping[str, str]
    services: tuple[str, ...]
    bad: Mapping[str, str]
    misspelt: Mapping[str, str]

    @property
    def own(self) -> tuple[str, ...]:
        """The services among them that have events and jobs."""
        return tuple(service for service in self.services if service in SERVICES)

    def database_of(self, service: str) -> URL:
        """Give the address of a service's database."""
        return self.settings.database_url_of(service)

    @property
    def token(self) -> str | None:
        """The operator's token: the setting, or the first line of its file where that can be read."""
        if self.settings.ops_token:
            return self.settings.ops_token
        return _first_line(self.settings.token_file)

    @property
    def ops_url(self) -> str:
        """Where the gateway is."""
        return (self.env.get("KEYTALK_OPS_URL") or f"http://127.0.0.1:{self.settings.ops_port}").rstrip("/")

    def secrets(self) -> list[str]:
        """Give everything that must not be printed."""
        settings = self.settings
        addresses = [settings.amqp_uri, settings.database_url, settings.smtp_url, settings.imap_url]
        addresses += settings.database_overrides.values()
        given = [value for name, value in self.env.items() if name in self.bad and _may_hold_a_secret(name)]
        passwords = [password for address in addresses if address for password in _passwords_of(address)]
        return [*passwords, *given, *settings.alert_urls, *settings.secret_keys, self.token or ""]


def examine(env: Mapping[str, str], only: str | None = None) -> Patient:
    """Read the settings of this environment, those that cannot be used left out; `only` names one service."""
    usable, bad = dict(env), dict[str, str]()
    while True:
        settings, wrong = _read(usable)
        if settings is not None and wrong.keys().isdisjoint(usable):
            break
        bad |= wrong
        usable = {name: value for name, value in usable.items() if name not in wrong}
    return Patient(settings, env, (only,) if only else services_meant(settings), bad, _misspelt(env))


def _read(env: Mapping[str, str]) -> tuple[Settings | None, dict[str, str]]:
    """Read settings, and say which cannot be used, and why: also those that only one service can judge."""
    try:
        settings = parse_settings(env)
    except BadSettings as error:
        return None, error.by_name
    return settings, dict(filter(None, (_fault(check, settings) for check in JUDGED_BY_NOTIFICATIONS)))


def _fault(check: Callable[[Settings], object], settings: Settings) -> tuple[str, str] | None:
    try:
        check(settings)
    except ValueError as error:
        name, _colon, why = str(error).partition(": ")
        return name, why[:1].upper() + why[1:] + "."
    return None


JUDGED_BY_NOTIFICATIONS: Sequence[Callable[[Settings], object]] = (
    alert_channel,
    lambda settings: settings.smtp_url and parse_smtp_url(settings.smtp_url),
    lambda settings: settings.imap_url and parse_imap_url(settings.imap_url),
    lambda settings: settings.bounce_address and return_path(settings.bounce_address, UUID(int=0)),
)
"""What notifications finds out about its settings at its start; the key that signs has a check of its own."""


def services_meant(settings: Settings) -> tuple[str, ...]:
    """Give the services that settings are for: those that have a database named, or all where none or all have one.

    A container that runs one service has that one's database and no other.
    """
    named = tuple(name for name in DATABASES if name in settings.database_overrides)
    all_of_them = settings.database_url or settings.embedded or not named or set(SERVICES) <= set(named)
    return DATABASES if all_of_them else named


def _misspelt(env: Mapping[str, str]) -> dict[str, str]:
    known = {*known_settings(), *ALSO_READ}
    strange = sorted(name for name in env if name.startswith("KEYTALK_") and name not in known)
    alike = {name: get_close_matches(name, known, 1, 0.9) for name in strange}
    return {name: found[0] for name, found in alike.items() if found}


def _passwords_of(address: str) -> Sequence[str]:
    try:
        password = urlsplit(address).password
    except ValueError:
        return [address]
    return [password, unquote(password)] if password else []


def _may_hold_a_secret(name: str) -> bool:
    return any(word in name for word in ("URL", "URI", "TOKEN", "KEY"))


def _first_line(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip() or None
    except OSError:
        return None
