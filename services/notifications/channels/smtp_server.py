"""Where mail is sent to, as `KEYTALK_SMTP_URL` says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Tls = Literal["implicit", "required", "auto", "off"]
STARTTLS = ("required", "auto", "off")


@dataclass(frozen=True)
class SmtpServer:
    """Where to send mail and how. `tls`: `implicit` from the first byte, else whether STARTTLS is used."""

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_smtp_url(url: str) -> SmtpServer:
    """Read `smtp://[user:password@]host[:port][?starttls=required|auto|off]` or `smtps://...`.

    The ports stand at 25 and 465. Without `starttls`, a URL with a password requires it and one without takes it
    where offered. Raises ValueError naming KEYTALK_SMTP_URL, and never quoting it: it may hold a password.
    """
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
    except ValueError:
        raise _bad_url("its host cannot be read") from None
    try:
        port = parts.port
    except ValueError:
        raise _bad_url("its port cannot be read: give a number from 1 to 65535") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise _bad_url("expected smtp://host:port or smtps://host:port")
    if parts.path not in {"", "/"} or parts.fragment:
        raise _bad_url("nothing may follow the port but ?starttls=")
    if (parts.username is None) != (parts.password is None):
        raise _bad_url("a user needs a password, and a password a user")
    return SmtpServer(
        host=parts.hostname,
        port=port or (465 if parts.scheme == "smtps" else 25),
        tls=_tls(parts),
        user=_unquoted(parts.username),
        password=_unquoted(parts.password),
    )


def _tls(parts: SplitResult) -> Tls:
    options = parse_qsl(parts.query, keep_blank_values=True)
    if parts.scheme == "smtps":
        if options:
            raise _bad_url("smtps:// takes no options")
        return "implicit"
    has_password = parts.password is not None
    if not options:
        return "required" if has_password else "auto"
    (key, value), *others = options
    if key != "starttls" or value not in STARTTLS or others:
        raise _bad_url(f"its one option is starttls={'|'.join(STARTTLS)}")
    if value == "auto" and has_password:
        raise _bad_url("with a password, starttls is required or off")
    return next(tls for tls in get_args(Tls) if tls == value)


def _unquoted(part: str | None) -> str | None:
    return None if part is None else unquote(part)


def _bad_url(why: str) -> ValueError:
    return ValueError(f"KEYTALK_SMTP_URL: {why}")
