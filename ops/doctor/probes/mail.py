"""Looks at the ways of mail, and sends none: the server up to the sender's name, the mailbox, the key that signs."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from ops.doctor.probes.machine import Folder, try_folder
from services.notifications.channels.connections import Connection, Dialler
from services.notifications.channels.mailbox import Mailbox, MailboxAway, parse_imap_url
from services.notifications.channels.signing import read_signer
from services.notifications.channels.smtp_server import SmtpServer, parse_smtp_url
from services.notifications.channels.verp import return_path
from shared.config import Settings

CONNECT_WITHIN, ANSWER_WITHIN = 5.0, 8.0
"""Seconds that a server has to take a connection, and for each answer."""


@dataclass(frozen=True, slots=True)
class SmtpFacts:
    """How far a mail would come at `where`.

    `step` is the one that failed: connecting, encrypting, greeting, logging in or naming the sender; "" where all went
    well. `said` are the server's or the system's words.
    """

    where: str
    user: str | None
    sender: str
    step: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """Whether the mailbox at `where` can be opened: the step that failed, "" where it can."""

    where: str
    user: str
    folder: str
    step: str = ""


class _Failed(Exception):
    def __init__(self, step: str, said: str) -> None:
        super().__init__(step)
        self.step, self.said = step, said


def look_at_way_out(settings: Settings) -> SmtpFacts | Folder:
    """Go as far towards sending a mail as can be gone without sending one; without a server, try its folder."""
    if not settings.smtp_url:
        return try_folder(settings.maildir)
    server, sender = parse_smtp_url(settings.smtp_url), _sender(settings)
    facts = SmtpFacts(f"{server.host}:{server.port}", server.user, sender)
    try:
        _name_the_sender(server, sender)
    except _Failed as failed:
        return SmtpFacts(facts.where, facts.user, sender, failed.step, failed.said)
    return facts


def _sender(settings: Settings) -> str:
    """Give the envelope sender of a mail: the one bounces go to, made out for no message."""
    return return_path(settings.bounce_address, UUID(int=0)) if settings.bounce_address else settings.mail_from


def _name_the_sender(server: SmtpServer, sender: str) -> None:
    dialler = Dialler(server, CONNECT_WITHIN, ANSWER_WITHIN)
    with _step("connecting"):
        smtp = dialler.connect(sender.rpartition("@")[2])
    connection = Connection(smtp, ANSWER_WITHIN)
    try:
        with _step("greeting"):
            connection = dialler.greet(smtp)
        with _step("naming the sender"):
            code, words = connection.say(f"MAIL FROM:<{sender}>")
            connection.say("RSET")
    finally:
        connection.close(politely=True)
    if not 200 <= code < 300:
        raise _Failed("naming the sender", _answer(code, words))


@contextmanager
def _step(step: str) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise _Failed("logging in", _answer(error.smtp_code, error.smtp_error)) from None
    except smtplib.SMTPResponseException as error:
        refused = "greeting" if step == "connecting" else step
        raise _Failed(refused, _answer(error.smtp_code, error.smtp_error)) from None
    except ssl.SSLError as error:
        raise _Failed("encrypting", getattr(error, "verify_message", "") or error.reason or str(error)) from None
    except smtplib.SMTPNotSupportedError as error:
        raise _Failed("encrypting" if "STARTTLS" in str(error) else "logging in", str(error)) from None
    except smtplib.SMTPServerDisconnected as error:
        raise _Failed("greeting" if step == "connecting" else step, str(error)) from None
    except (OSError, smtplib.SMTPException) as error:
        starttls = "STARTTLS" in str(error)
        raise _Failed("encrypting" if starttls else step, getattr(error, "strerror", None) or str(error)) from None


def _answer(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"[:200]


def look_at_mailbox(settings: Settings) -> MailboxFacts | None:
    """Open the mailbox for reading, as Keytalk does, and read nothing; None where none is set."""
    if not settings.imap_url:
        return None
    address = parse_imap_url(settings.imap_url)
    where = f"{address.host}:{address.port}"
    try:
        with Mailbox(address, connect_timeout=CONNECT_WITHIN, read_timeout=ANSWER_WITHIN).open():
            pass
    except MailboxAway as error:
        return MailboxFacts(where, address.user, address.folder, str(error))
    return MailboxFacts(where, address.user, address.folder)


def fault_of_key(settings: Settings) -> str | None:
    """Say why the DKIM key cannot be used, "" where it can; None where none is set."""
    if not settings.dkim_key_file:
        return None
    try:
        domain = settings.mail_from.rpartition("@")[2]
        read_signer(settings.dkim_key_file, selector=settings.dkim_selector, domain=domain)
    except ValueError as error:
        return str(error).partition(": ")[2]
    return ""
