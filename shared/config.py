"""Settings: read once from the environment, typed, refused at start by the name of the bad variable."""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

SERVICES = ("enquiries", "scheduling", "notifications")
"""The services that deal with one another by events, in the order in which they start."""

DATABASES = (*SERVICES, "ops")
"""Who owns a database: the services, and the ops gateway with its operators."""

EMBEDDED_BROKER = "keytalk-memory://localhost"
"""The broker address of the embedded mode: kombu's memory transport, woken on put."""


class BadSettings(Exception):
    """One or more environment variables cannot be used; the message names each and says the mend."""

    def __init__(self, words: str, by_name: Mapping[str, str] | None = None) -> None:
        """`by_name` has the sentences about each variable, where there is one a variable."""
        super().__init__(words)
        self.by_name = dict(by_name or {})


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment asks for. See `docs/settings.md` for each variable."""

    home: Path
    bind: str
    public_port: int
    calendar_port: int
    messages_port: int
    ops_port: int
    console_url: str
    internal_port: int | None
    amqp_uri: str
    database_url: str | None
    database_overrides: Mapping[str, str]
    smtp_url: str | None
    smtp_idempotency_header: str | None
    imap_url: str | None
    bounce_address: str | None
    reply_tags: bool
    dkim_key_file: Path | None
    dkim_selector: str
    alert_urls: tuple[str, ...]
    public_url: str
    secret_keys: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    org_name: str
    people_term: str
    mail_from: str
    ops_mailbox: str
    ops_token: str | None
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: str | None
    intake_limits: bool
    testing: bool
    pool_size: int
    inbox_batch: int
    inbox_prefetch: int
    stall_limit: float
    canary: bool
    canary_every: int

    @property
    def embedded(self) -> bool:
        """Whether events and RPC stay inside this process."""
        return self.amqp_uri == EMBEDDED_BROKER

    @property
    def may_play_time(self) -> bool:
        """Whether jobs may be done as if it were another time: only where nothing that goes out is real, or in tests.

        What would be sent then would be sent now, to the people it is for.
        """
        return self.testing or (self.embedded and not self.smtp_url and not self.alert_urls)

    def database_url_of(self, service: str) -> URL:
        """Give the SQLAlchemy address of a service's own database: PostgreSQL on psycopg 3, or SQLite."""
        if override := self.database_overrides.get(service):
            return _on_psycopg(make_url(override))
        if self.database_url:
            return _on_psycopg(make_url(self.database_url)).set(database=f"keytalk_{service}")
        return URL.create("sqlite", database=str(self.home / f"{service}.sqlite3"))

    @property
    def maildir(self) -> Path:
        """The folder that mail goes to where no SMTP server is set."""
        return self.home / "mail"

    @property
    def token_file(self) -> Path:
        """Where the first token of the local operator lies."""
        return self.home / "ops-token"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment, or raise `BadSettings`.

    Secrets that are not set are made once and kept in `KEYTALK_HOME`, readable by their owner only.
    """
    return _with_kept_secrets(parse_settings(os.environ if environ is None else environ))


def parse_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings and make nothing: secrets that are not set stay empty. Raises `BadSettings`."""
    known = {name: value for name, value in environ.items() if name.startswith("KEYTALK_") and value != ""}
    try:
        loaded: Settings = _SettingsSchema().load(known)
    except ValidationError as error:
        raise _bad(dict(error.messages_dict)) from None
    return loaded


def known_settings() -> tuple[str, ...]:
    """Give the names of all settings."""
    return tuple(str(field.data_key) for field in _SettingsSchema().fields.values())


def _bad(messages: Mapping[str, Any]) -> BadSettings:
    by_name = {name: " ".join(map(str, said)) for name, said in sorted(messages.items())}
    lines = [f"{name}: {said}" for name, said in by_name.items()]
    return BadSettings("Keytalk cannot start with these settings.\n" + "\n".join(lines), by_name)


def _on_psycopg(url: URL) -> URL:
    if url.drivername in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    return url


def _with_kept_secrets(settings: Settings) -> Settings:
    keys, token = settings.secret_keys, settings.ops_token
    if not keys:
        keys = (_kept_secret(settings.home / "secret-key"),)
    if not token:
        token = _kept_secret(settings.token_file)
    return replace(settings, secret_keys=keys, ops_token=token)


def _kept_secret(path: Path) -> str:
    """Read a secret from its file, making both the first time. The file is its owner's only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        value = secrets.token_urlsafe(32)
        file.write(value + "\n")
    return value


class _Words(fields.Field[tuple[str, ...]]):
    """A list of words with commas between them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        return tuple(word.strip() for word in str(value).split(",") if word.strip())


def _port(**kwargs: Any) -> fields.Integer:
    wrong = "Give a port number from 0 to 65535."
    return fields.Integer(validate=validate.Range(0, 65535, error=wrong), error_messages={"invalid": wrong}, **kwargs)


def _events(**kwargs: Any) -> fields.Integer:
    wrong = "Give a number of events from 1 to 2000."
    return fields.Integer(validate=validate.Range(1, 2000, error=wrong), error_messages={"invalid": wrong}, **kwargs)


def _is_amqp(value: str) -> None:
    if urlsplit(value).scheme not in {"amqp", "amqps", "keytalk-memory"}:
        raise ValidationError("Give an address that starts with amqp:// or amqps://.")


def _is_smtp(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValidationError("Give an address like smtp://user:password@host:587 or smtps://host.")


def _is_imap(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username:
        raise ValidationError("Give an address like imaps://user:password@host or imap://user:password@host:143/INBOX.")


def _is_database(value: str) -> None:
    try:
        drivername = make_url(value).drivername
    except ArgumentError:
        drivername = ""
    if drivername.split("+")[0] not in {"postgresql", "postgres", "sqlite"}:
        raise ValidationError("Give an address that starts with postgresql:// .")


def _is_web(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValidationError("Give an address that starts with http:// or https:// .")


def _is_issuer(value: str) -> None:
    parts = urlsplit(value)
    on_this_machine = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not parts.netloc or parts.query or parts.fragment or not (parts.scheme == "https" or on_this_machine):
        raise ValidationError("Give the issuer as your provider writes it, an address that starts with https:// .")


def _go_together(data: Mapping[str, Any], *names: str) -> None:
    missing = [name for name in names if not data[name]]
    if missing and len(missing) < len(names):
        words = "Give this too: the issuer, the client's id and its secret go together."
        raise ValidationError({f"KEYTALK_{name.upper()}": [words] for name in missing})


def _are_origins(values: tuple[str, ...]) -> None:
    for value in values:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
            raise ValidationError(f"'{value}' is not an origin like https://www.example.org (no path).")


def _are_networks(values: tuple[str, ...]) -> None:
    for value in values:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise ValidationError(f"'{value}' is not an address or a network like 10.0.0.0/8.") from None


def _are_keys(values: tuple[str, ...]) -> None:
    if len(values) > 2:
        raise ValidationError("Give one key, or two with a comma between them: the new one first.")
    if any(len(value) < 16 for value in values):
        raise ValidationError("Each key needs 16 characters or more.")


_MINUTES = "Give a number of minutes from 1 to 1440."


class _SettingsSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    home = fields.String(data_key="KEYTALK_HOME", load_default="var")
    bind = fields.String(data_key="KEYTALK_BIND", load_default="127.0.0.1")
    public_port = _port(data_key="KEYTALK_PUBLIC_PORT", load_default=8000)
    calendar_port = _port(data_key="KEYTALK_CALENDAR_PORT", load_default=8003)
    messages_port = _port(data_key="KEYTALK_MESSAGES_PORT", load_default=8004)
    ops_port = _port(data_key="KEYTALK_OPS_PORT", load_default=8001)
    internal_port = _port(data_key="KEYTALK_INTERNAL_PORT", load_default=None)
    amqp_uri = fields.String(data_key="KEYTALK_AMQP_URI", load_default=EMBEDDED_BROKER, validate=_is_amqp)
    database_url = fields.String(data_key="KEYTALK_DATABASE_URL", load_default=None, validate=_is_database)
    enquiries_url = fields.String(data_key="KEYTALK_ENQUIRIES_DATABASE_URL", validate=_is_database)
    scheduling_url = fields.String(data_key="KEYTALK_SCHEDULING_DATABASE_URL", validate=_is_database)
    notifications_url = fields.String(data_key="KEYTALK_NOTIFICATIONS_DATABASE_URL", validate=_is_database)
    ops_url = fields.String(data_key="KEYTALK_OPS_DATABASE_URL", validate=_is_database)
    smtp_url = fields.String(data_key="KEYTALK_SMTP_URL", load_default=None, validate=_is_smtp)
    smtp_idempotency_header = fields.String(
        data_key="KEYTALK_SMTP_IDEMPOTENCY_HEADER",
        load_default=None,
        validate=validate.Regexp(r"^[A-Za-z][A-Za-z0-9-]{1,60}$", error="Give the name of a header."),
    )
    imap_url = fields.String(data_key="KEYTALK_IMAP_URL", load_default=None, validate=_is_imap)
    bounce_address = fields.Email(data_key="KEYTALK_BOUNCE_ADDRESS", load_default=None)
    reply_tags = fields.Boolean(
        data_key="KEYTALK_REPLY_TAGS",
        load_default=False,
        truthy={"on"},
        falsy={"off"},
        error_messages={"invalid": "Give 'on' or 'off'."},
    )
    dkim_key_file = fields.String(data_key="KEYTALK_DKIM_KEY_FILE", load_default=None)
    dkim_selector = fields.String(
        data_key="KEYTALK_DKIM_SELECTOR",
        load_default="keytalk",
        validate=validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$", error="Give a selector such as keytalk."),
    )
    alert_urls = _Words(data_key="KEYTALK_ALERT_URLS", load_default=())
    public_url = fields.String(data_key="KEYTALK_PUBLIC_URL", load_default=None, validate=_is_web)
    console_url = fields.String(data_key="KEYTALK_CONSOLE_URL", load_default=None, validate=_is_web)
    secret_keys = _Words(data_key="KEYTALK_SECRET_KEYS", load_default=(), validate=_are_keys)
    trusted_proxies = _Words(data_key="KEYTALK_TRUSTED_PROXIES", load_default=(), validate=_are_networks)
    allowed_origins = _Words(data_key="KEYTALK_ALLOWED_ORIGINS", load_default=(), validate=_are_origins)
    org_name = fields.String(
        data_key="KEYTALK_ORG_NAME", load_default="Keytalk", validate=validate.Regexp(r"^[^\r\n]{1,100}$")
    )
    people_term = fields.String(
        data_key="KEYTALK_PEOPLE_TERM",
        load_default="people in prison",
        validate=validate.Regexp(r"^[A-Za-z][A-Za-z' -]{1,39}$", error="Give a few words such as: people in prison."),
    )
    mail_from = fields.Email(data_key="KEYTALK_MAIL_FROM", load_default="keytalk@localhost.localdomain")
    ops_mailbox = fields.Email(data_key="KEYTALK_OPS_MAILBOX", load_default="ops@localhost.localdomain")
    ops_token = fields.String(
        data_key="KEYTALK_OPS_TOKEN",
        load_default=None,
        validate=validate.Regexp(r"^[\x21-\x7e]{16,200}$", error="Give 16 to 200 visible ASCII characters."),
    )
    oidc_issuer = fields.String(data_key="KEYTALK_OIDC_ISSUER", load_default=None, validate=_is_issuer)
    oidc_client_id = fields.String(data_key="KEYTALK_OIDC_CLIENT_ID", load_default=None)
    oidc_client_secret = fields.String(data_key="KEYTALK_OIDC_CLIENT_SECRET", load_default=None)
    intake_limits = fields.Boolean(
        data_key="KEYTALK_INTAKE_LIMITS",
        load_default=True,
        truthy={"on"},
        falsy={"off"},
        error_messages={"invalid": "Give 'on' or 'off'."},
    )
    testing = fields.Boolean(
        data_key="KEYTALK_TESTING",
        load_default=False,
        truthy={"on"},
        falsy={"off"},
        error_messages={"invalid": "Give 'on' or 'off'."},
    )
    pool_size = fields.Integer(
        data_key="KEYTALK_DATABASE_POOL",
        load_default=20,
        validate=validate.Range(1, 200, error="Give a number of connections from 1 to 200."),
    )
    inbox_batch = _events(data_key="KEYTALK_INBOX_BATCH", load_default=200)
    inbox_prefetch = _events(data_key="KEYTALK_INBOX_PREFETCH", load_default=500)
    stall_limit = fields.Float(
        data_key="KEYTALK_STALL_LIMIT",
        load_default=1.0,
        validate=validate.Range(0.1, 60, error="Give seconds from 0.1 to 60."),
        error_messages={"invalid": "Give seconds from 0.1 to 60."},
    )

    canary = fields.Boolean(
        data_key="KEYTALK_CANARY",
        load_default=False,
        truthy={"on"},
        falsy={"off"},
        error_messages={"invalid": "Give 'on' or 'off'."},
    )
    canary_every = fields.Integer(
        data_key="KEYTALK_CANARY_EVERY",
        load_default=60,
        validate=validate.Range(1, 1440, error=_MINUTES),
        error_messages={"invalid": _MINUTES},
    )

    @post_load
    def settle(self, data: dict[str, Any], **_: Any) -> Settings:
        urls = {service: data.pop(f"{service}_url", None) for service in DATABASES}
        data["database_overrides"] = {service: url for service, url in urls.items() if url}
        data["dkim_key_file"] = Path(data["dkim_key_file"]) if data["dkim_key_file"] else None
        data["home"] = Path(data["home"]).absolute()
        _go_together(data, "oidc_issuer", "oidc_client_id", "oidc_client_secret")
        data["public_url"] = (data["public_url"] or f"http://127.0.0.1:{data['public_port']}").rstrip("/")
        data["console_url"] = (data["console_url"] or f"http://127.0.0.1:{data['ops_port']}").rstrip("/")
        return Settings(**data)
