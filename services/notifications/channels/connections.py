"""Open connections to one SMTP server, kept for the mails that follow: opened, greeted, lent out, closed in time."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property

from services.notifications.channels.smtp_server import SmtpServer

CONNECTIONS = 3
"""Connections to a mail server at once: as many as Microsoft 365 takes of one account; others take more."""
GOODBYE_SECONDS = 2.0
GO_ON = 354
"""The answer after which a server waits for the content of a mail."""
SERVICE_CLOSING = 421

Answer = tuple[int, bytes]
"""The code of an SMTP reply, and its words."""


class NoTurn(Exception):
    """Every connection that may be open is in use, and none became free in time."""


@dataclass
class Connection:
    """One connection, greeted and ready for a mail.

    By what was said on it last, `is_fit`: it can be kept, and `is_left`: the server has left it, or makes no sense.
    """

    smtp: smtplib.SMTP
    read_timeout: float
    mails: int = 0
    used_at: float = 0.0
    is_fit: bool = True
    is_left: bool = False
    in_transaction: bool = False

    def say(self, line: str) -> Answer:
        """Send a command and give the answer. Raises OSError and smtplib's errors."""
        return self._said([line])[0]

    def say_all(self, lines: Sequence[str]) -> list[Answer]:
        """Say several commands, and give as many answers as came: all where the server takes them together (RFC 2920).

        One that does not is told the first of them alone. Raises OSError and smtplib's errors.
        """
        return self._said(lines if self.smtp.has_extn("pipelining") else lines[:1])

    def begin(self, content: bytes) -> None:
        """Send the lines of a mail, which is not one before its full stop. Raises OSError and smtplib's errors."""
        self.is_fit = False
        self.smtp.send(content)

    def finish(self) -> Answer:
        """Send the full stop that ends a mail, and give the answer. Raises OSError and smtplib's errors."""
        self.is_fit = False
        self.smtp.send(b".\r\n")
        [answer] = self._judged([self.smtp.getreply()])
        self.in_transaction = not 200 <= answer[0] < 300
        self.mails += 1
        return answer

    def revives(self, resting: float, probe_seconds: float) -> bool:
        """Say whether it can take another mail. Asked with RSET where it rested longer than `resting` seconds.

        One that is gone without a word would keep the next mail waiting, so the answer has `probe_seconds` only.
        """
        if not self.in_transaction and time.monotonic() - self.used_at <= resting:
            return True
        with suppress(OSError, smtplib.SMTPException):
            self._wait_up_to(probe_seconds)
            code, _words = self.say("RSET")
            self._wait_up_to(self.read_timeout)
            self.in_transaction = code != 250
            return code == 250
        return False

    def close(self, *, politely: bool = False) -> None:
        """Close it, after a goodbye where it is `politely`. The mails are theirs already: nothing here changes that."""
        with suppress(OSError, smtplib.SMTPException):
            if politely:
                self._wait_up_to(GOODBYE_SECONDS)
                self.smtp.docmd("QUIT")
        self.smtp.close()

    def _said(self, lines: Sequence[str]) -> list[Answer]:
        self.is_fit = False
        self.in_transaction = True
        self.smtp.send("".join(f"{line}{smtplib.CRLF}" for line in lines))
        return self._judged([self.smtp.getreply() for _ in lines])

    def _judged(self, answers: list[Answer]) -> list[Answer]:
        codes = {code for code, _words in answers}
        readable = all(200 <= code < 300 or code == GO_ON or 400 <= code < 600 for code in codes)
        self.is_left = SERVICE_CLOSING in codes or not readable
        # After a 354 all that is said is the mail: not even a goodbye.
        self.is_fit = not self.is_left and GO_ON not in codes
        return answers

    def _wait_up_to(self, seconds: float) -> None:
        if self.smtp.sock is not None:
            self.smtp.sock.settimeout(seconds)


@dataclass(frozen=True)
class Dialler:
    """Opens connections to a server. Times in seconds; `read_timeout` is for each answer of the server."""

    server: SmtpServer
    connect_timeout: float
    read_timeout: float

    def connect(self, hello: str) -> smtplib.SMTP:
        """Open a connection and wait for the banner. Raises OSError and smtplib's errors."""
        host, port, seconds = self.server.host, self.server.port, self.connect_timeout
        if self.server.tls == "implicit":
            return smtplib.SMTP_SSL(host, port, local_hostname=hello, timeout=seconds, context=self._tls_context)
        return smtplib.SMTP(host, port, local_hostname=hello, timeout=seconds)

    def greet(self, smtp: smtplib.SMTP) -> Connection:
        """Say who we are, encrypt and log in as the settings ask. Raises OSError and smtplib's errors."""
        if smtp.sock is not None:
            smtp.sock.settimeout(self.read_timeout)
            # The last line goes out on its own; it must not wait for the one before to be confirmed.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.ehlo_or_helo_if_needed()
        self._start_tls(smtp)
        if self.server.user is not None and self.server.password is not None:
            smtp.login(self.server.user, self.server.password)
        return Connection(smtp, self.read_timeout)

    def _start_tls(self, smtp: smtplib.SMTP) -> None:
        wanted = self.server.tls == "required" or (self.server.tls == "auto" and smtp.has_extn("starttls"))
        if not wanted:
            return
        code, _ = smtp.starttls(context=self._tls_context)
        if code != 220:
            raise smtplib.SMTPException(f"STARTTLS was answered {code}")
        smtp.ehlo_or_helo_if_needed()

    @cached_property
    def _tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.server.tls == "auto":
            # Encrypting to whoever answers is still better than not at all, which is what "auto" would fall to.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class Connections:
    """The connections that rest between two mails, and how many may be open at once. Safe for green threads.

    A connection that rested `idle` seconds or carried `mails_each` mails is closed.
    """

    def __init__(self, *, at_once: int, idle: float, mails_each: int) -> None:
        self._idle = idle
        self._mails_each = mails_each
        self._turns = threading.BoundedSemaphore(at_once)
        self._resting: list[Connection] = []
        self._lock = threading.Lock()
        self._sweeper: threading.Timer | None = None

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Wait until one more connection may be used. Raises NoTurn after `seconds`."""
        if not self._turns.acquire(timeout=seconds):
            raise NoTurn
        try:
            yield
        finally:
            self._turns.release()

    def take(self) -> Connection | None:
        """Take out the connection that was used last, where one rests."""
        self._sweep()
        with self._lock:
            return self._resting.pop() if self._resting else None

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the mails that follow, or close it where it cannot or need not be kept."""
        connection.used_at = time.monotonic()
        if not connection.is_fit or connection.mails >= self._mails_each:
            connection.close(politely=connection.is_fit)
            return
        with self._lock:
            self._resting.append(connection)
            self._have_them_swept()

    def close(self) -> None:
        """Close what rests here."""
        with self._lock:
            resting, self._resting = self._resting, []
            sweeper, self._sweeper = self._sweeper, None
        if sweeper is not None:
            sweeper.cancel()
        for connection in resting:
            connection.close(politely=True)

    def _sweep(self) -> None:
        oldest = time.monotonic() - self._idle
        with self._lock:
            tired = [each for each in self._resting if each.used_at <= oldest]
            self._resting = [each for each in self._resting if each.used_at > oldest]
        for connection in tired:
            connection.close(politely=True)

    def _have_them_swept(self) -> None:
        """Look after those that rest although no mail comes. It keeps nothing alive: neither this nor the process."""
        if self._sweeper is None:
            self._sweeper = threading.Timer(self._idle, _sweeping(weakref.ref(self)))
            self._sweeper.daemon = True
            self._sweeper.start()

    def _swept(self) -> None:
        self._sweep()
        with self._lock:
            self._sweeper = None
            if self._resting:
                self._have_them_swept()


def _sweeping(those: weakref.ref[Connections]) -> Callable[[], None]:
    def sweep() -> None:
        connections = those()
        if connections is not None:
            connections._swept()

    return sweep
