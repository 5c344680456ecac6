"""Mail over SMTP, taken step by step to know on which side of DATA a fault lies; connections are kept for more mails.

Until the line with the single full stop is sent, the server has nothing and must deliver nothing (RFC 5321,
4.1.1.4), so the mail may be tried again. Once it is sent, only the server's answer tells; when that is lost, the
outcome is unknown and stays so. A kept connection that the server closed meanwhile is found out when the sender of
the next mail is named, long before DATA; the mail then goes over a new one.
"""

from __future__ import annotations

import logging
import re
import smtplib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from services.notifications.channels.base import (
    Mail,
    OutcomeUnknown,
    PermanentFailure,
    RecipientRefused,
    TemporaryFailure,
)
from services.notifications.channels.connections import (
    CONNECTIONS,
    GO_ON,
    Answer,
    Connection,
    Connections,
    Dialler,
    NoTurn,
)
from services.notifications.channels.mime import PLAIN, Letterhead, to_bytes
from services.notifications.channels.smtp_faults import words_of
from services.notifications.channels.smtp_server import SmtpServer, parse_smtp_url
from services.notifications.domain.mailbox_codes import ABOUT_THE_MAILBOX, NO_SUCH_MAILBOX

__all__ = ["SmtpChannel", "SmtpServer", "parse_smtp_url"]

_log = logging.getLogger(__name__)

DONE = range(200, 300)
# Answers about us and not about the mail: a setting is to be mended, and the mail can go afterwards.
ABOUT_THE_SESSION = frozenset({530, 534, 535, 538})


class SmtpChannel:
    """An SMTP server as a channel; at most `at_once` connections, each kept for up to `mails_each` mails.

    Times in seconds: `read_timeout` is for each answer of the server, `patience` for all that comes before the content
    (it must end well within the lease of an attempt). A connection is closed after `idle`, and asked whether it still
    answers after `resting`, for `probe`.
    """

    def __init__(
        self,
        server: SmtpServer,
        letterhead: Letterhead = PLAIN,
        *,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        patience: float = 240.0,
        idle: float = 30.0,
        resting: float = 1.0,
        probe: float = 5.0,
        at_once: int = CONNECTIONS,
        mails_each: int = 100,
    ) -> None:
        self.server = server
        self.letterhead = letterhead
        self._dialler = Dialler(server, connect_timeout, read_timeout)
        self._connections = Connections(at_once=at_once, idle=idle, mails_each=mails_each)
        self._patience = patience
        self._resting, self._probe = resting, probe
        self._is_away = False

    def deliver(self, mail: Mail) -> None:
        """Send the mail and wait for the server's word that it has it. Raises as `Channel.deliver` says."""
        content = _dots_doubled(to_bytes(mail, self.letterhead))
        begin_by = time.monotonic() + self._patience
        try:
            with self._connections.turn(self._patience), self._offered(mail) as connection:
                if time.monotonic() > begin_by:
                    raise TemporaryFailure("nothing was sent: the mail server was too slow before the content")
                _send_content(connection, content)
        except NoTurn:
            raise TemporaryFailure("nothing was sent: every connection to the mail server is in use") from None

    def settle(self, message_id: str) -> bool | None:
        """Nobody can ask an SMTP server what it took."""
        return None

    def close(self) -> None:
        """Say goodbye on the connections that are kept. The channel may be used again."""
        self._connections.close()

    @contextmanager
    def _offered(self, mail: Mail) -> Iterator[Connection]:
        """Lend a connection on which the server waits for the content of the mail."""
        steps = _steps(mail)
        connection, answers = self._begun(mail, [line for _step, line, _wanted in steps])
        try:
            for at, (step, line, wanted) in enumerate(steps):
                if at == len(answers):
                    with _before_the_content(step):
                        answers.append(connection.say(line))
                _judge(answers[at], step, wanted=wanted)
            yield connection
        finally:
            self._connections.give_back(connection)

    def _begun(self, mail: Mail, lines: Sequence[str]) -> tuple[Connection, list[Answer]]:
        """Name the sender; where the server takes all lines together, say them all."""
        kept = self._connections.take()
        if kept is not None:
            answers = self._asked_if_alive(kept, lines)
            if answers:
                return kept, answers
            kept.close()
        fresh = self._open(mail.sender.rpartition("@")[2])
        with _before_the_content("MAIL"), _closed_on_fault(fresh.smtp):
            return fresh, fresh.say_all(lines)

    def _asked_if_alive(self, kept: Connection, lines: Sequence[str]) -> list[Answer]:
        """Begin on a connection that carried mail before; no answers where the server has left it meanwhile."""
        if not kept.revives(self._resting, self._probe):
            return []
        try:
            answers = kept.say_all(lines)
        except (OSError, smtplib.SMTPException):
            return []
        return [] if kept.is_left else answers

    def _open(self, hello: str) -> Connection:
        with self._told_once(), _before_the_content("connecting", self.server):
            smtp = self._dialler.connect(hello)
        with self._told_once(), _before_the_content("the greeting", self.server), _closed_on_fault(smtp):
            connection = self._dialler.greet(smtp)
        if self._is_away:
            self._is_away = False
            _log.warning("the mail server takes mail again")
        return connection

    @contextmanager
    def _told_once(self) -> Iterator[None]:
        """Tell the log that the server is away; once, however many mails wait for it."""
        try:
            yield
        except TemporaryFailure as failure:
            if not self._is_away:
                self._is_away = True
                _log.warning("mail waits, for the mail server is away", extra={"why": str(failure)})
            raise


@contextmanager
def _closed_on_fault(smtp: smtplib.SMTP) -> Iterator[None]:
    try:
        yield
    except BaseException:
        smtp.close()
        raise


def _steps(mail: Mail) -> tuple[tuple[str, str, range], ...]:
    """Give what is said before the content: the step, its line, and the answers by which it goes on."""
    return (
        ("MAIL", f"MAIL FROM:<{mail.return_path or mail.sender}>", DONE),
        ("RCPT", f"RCPT TO:<{mail.recipient}>", DONE),
        ("DATA", "DATA", range(GO_ON, GO_ON + 1)),
    )


def _send_content(connection: Connection, content: bytes) -> None:
    with _before_the_content("the content"):
        connection.begin(content)
    try:
        answer = connection.finish()
    except (OSError, smtplib.SMTPException) as error:
        words = "the mail was sent and the server's answer was lost"
        raise OutcomeUnknown(f"{words} ({type(error).__name__})") from error
    if answer[0] // 100 not in {2, 4, 5}:
        raise OutcomeUnknown("the mail was sent and the server's answer could not be read")
    _judge(answer, "the content", wanted=DONE)


@contextmanager
def _before_the_content(step: str, server: SmtpServer | None = None) -> Iterator[None]:
    """Call any loss here temporary: the server has no mail yet. Words of the server are left out of it."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        words = f"the mail server answered {error.smtp_code} at {step}"
        raise TemporaryFailure(words) from None
    except (OSError, smtplib.SMTPException) as error:
        raise TemporaryFailure(words_of(error, step, server)) from error


def _judge(answer: Answer, step: str, *, wanted: range) -> None:
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
    return detail in ABOUT_THE_MAILBOX if detail else str(code) in NO_SUCH_MAILBOX


def _dots_doubled(content: bytes) -> bytes:
    doubled = (b"\n" + content).replace(b"\n.", b"\n..")[1:]
    return doubled if doubled.endswith(b"\r\n") else doubled + b"\r\n"
