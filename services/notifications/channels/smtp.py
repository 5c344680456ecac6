"""Mail over SMTP, one connection a mail, taken step by step to know on which side of DATA a fault lies.

Until the line with the single full stop is sent, the server has nothing and must deliver nothing (RFC 5321,
4.1.1.4), so the mail may be tried again. Once it is sent, only the server's answer tells; when that is lost, the
outcome is unknown and stays so.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from services.notifications.channels.base import (
    Mail,
    OutcomeUnknown,
    PermanentFailure,
    RecipientRefused,
    TemporaryFailure,
)
from services.notifications.channels.mime import to_bytes

Tls = Literal["implicit", "required", "auto", "off"]
STARTTLS = ("required", "auto", "off")
# Answers about us and not about the mail: a setting is to be mended, and the mail can go afterwards.
ABOUT_THE_SESSION = frozenset({530, 534, 535, 538})
# Answers to RCPT that mean the mailbox: it does not exist, has moved, is spelt wrongly or is closed (RFC 3463, 3.2 and
# 3.3). Exchange says 5.4.1 of a recipient that it does not know. Where no such code is given, the plain one decides
# (RFC 5321, 4.2.2). A full mailbox (5.2.2) and a policy (5.7.1) say nothing about the address.
ABOUT_THE_MAILBOX = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.1"})
NO_SUCH_MAILBOX = frozenset({550, 551, 553})
GOODBYE_SECONDS = 2.0


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
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:
        raise _bad_url("its host or port cannot be read") from None
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


class SmtpChannel:
    """An SMTP server as a channel. Times in seconds; `read_timeout` is for each answer of the server."""

    def __init__(self, server: SmtpServer, *, connect_timeout: float = 10.0, read_timeout: float = 60.0) -> None:
        self.server = server
        self.connect_timeout = connect_timeout
        self.read_timeout = read_timeout

    def deliver(self, mail: Mail) -> None:
        """Send the mail and wait for the server's word that it has it. Raises as `Channel.deliver` says."""
        content = to_bytes(mail)
        with self._session(mail.sender.rpartition("@")[2]) as smtp:
            _offer(smtp, mail)
            _send_content(smtp, content)
            _say_goodbye(smtp)

    def settle(self, message_id: str) -> bool | None:
        """Nobody can ask an SMTP server what it took."""
        return None

    @contextmanager
    def _session(self, hello: str) -> Iterator[smtplib.SMTP]:
        with _before_the_content("connecting"):
            smtp = self._connect(hello)
        try:
            with _before_the_content("the greeting"):
                self._greet(smtp)
            yield smtp
        finally:
            smtp.close()

    def _connect(self, hello: str) -> smtplib.SMTP:
        host, port, seconds = self.server.host, self.server.port, self.connect_timeout
        if self.server.tls == "implicit":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, local_hostname=hello, timeout=seconds, context=context)
        return smtplib.SMTP(host, port, local_hostname=hello, timeout=seconds)

    def _greet(self, smtp: smtplib.SMTP) -> None:
        if smtp.sock is not None:
            smtp.sock.settimeout(self.read_timeout)
            # The last line goes out on its own; it must not wait for the one before to be confirmed.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.ehlo_or_helo_if_needed()
        self._start_tls(smtp)
        if self.server.user is not None and self.server.password is not None:
            smtp.login(self.server.user, self.server.password)

    def _start_tls(self, smtp: smtplib.SMTP) -> None:
        wanted = self.server.tls == "required" or (self.server.tls == "auto" and smtp.has_extn("starttls"))
        if not wanted:
            return
        code, _ = smtp.starttls(context=_tls_context(verified=self.server.tls == "required"))
        if code != 220:
            raise smtplib.SMTPException(f"STARTTLS was answered {code}")
        smtp.ehlo_or_helo_if_needed()


def _offer(smtp: smtplib.SMTP, mail: Mail) -> None:
    for verb, line in (("MAIL", f"MAIL FROM:<{mail.sender}>"), ("RCPT", f"RCPT TO:<{mail.recipient}>")):
        with _before_the_content(verb):
            answer = smtp.docmd(line)
        _judge(answer, verb, wanted=range(200, 300))
    with _before_the_content("DATA"):
        answer = smtp.docmd("DATA")
    _judge(answer, "DATA", wanted=range(354, 355))


def _send_content(smtp: smtplib.SMTP, content: bytes) -> None:
    with _before_the_content("the content"):
        smtp.send(_dots_doubled(content))
    try:
        smtp.send(b".\r\n")
        answer = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        words = "the mail was sent and the server's answer was lost"
        raise OutcomeUnknown(f"{words} ({type(error).__name__})") from error
    if not 200 <= answer[0] < 600:
        raise OutcomeUnknown("the mail was sent and the server's answer could not be read")
    _judge(answer, "the content", wanted=range(200, 300))


def _say_goodbye(smtp: smtplib.SMTP) -> None:
    # The mail is theirs already: whatever happens here changes nothing.
    with suppress(OSError, smtplib.SMTPException):
        if smtp.sock is not None:
            smtp.sock.settimeout(GOODBYE_SECONDS)
        smtp.docmd("QUIT")


@contextmanager
def _before_the_content(step: str) -> Iterator[None]:
    """Call any loss here temporary: the server has no mail yet. Words of the server are left out of it."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        words = f"the mail server answered {error.smtp_code} at {step}"
        raise TemporaryFailure(words) from None
    except (OSError, smtplib.SMTPException) as error:
        raise TemporaryFailure(f"nothing was sent: {type(error).__name__} at {step}") from error


def _judge(answer: tuple[int, bytes], step: str, *, wanted: range) -> None:
    code, text = answer
    if code in wanted:
        return
    # Only its numbers are kept: the words after them often repeat the recipient's address.
    detail = re.match(rb"[245]\.\d{1,3}\.\d{1,3}\b", text)
    numbers = f"{code} {detail[0].decode()}" if detail else str(code)
    words = f"the mail server answered {numbers} at {step}"
    if 500 <= code < 600 and code not in ABOUT_THE_SESSION:
        bounced = step == "RCPT" and _is_about_the_mailbox(code, detail[0].decode() if detail else None)
        raise RecipientRefused(words) if bounced else PermanentFailure(words)
    raise TemporaryFailure(words)


def _is_about_the_mailbox(code: int, detail: str | None) -> bool:
    return detail in ABOUT_THE_MAILBOX if detail else code in NO_SUCH_MAILBOX


def _dots_doubled(content: bytes) -> bytes:
    doubled = re.sub(rb"^\.", b"..", content, flags=re.MULTILINE)
    return doubled if doubled.endswith(b"\r\n") else doubled + b"\r\n"


def _tls_context(*, verified: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verified:
        # Encrypting to whoever answers is still better than not at all, which is what "auto" would fall to.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


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
