"""A mail server in a thread that keeps what it is sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.processes import Server, free_port


@dataclass(frozen=True)
class Mail:
    """One accepted mail: what the envelope said, and the message parsed."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


class MailServer(Server):
    """An SMTP server on a free port; `url` is its address, `messages` what it accepted, oldest first.

    `answer`, where set, is given to every mail instead of taking it, such as `451 Try again later`. The addresses in
    `unknown` are turned down for good.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.answer: str | None = None
        self.unknown: set[str] = set()
        self.mails: list[Mail] = []
        self._arrived = threading.Condition()
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """`smtp://127.0.0.1:port`."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def messages(self) -> list[EmailMessage]:
        """The accepted messages, oldest first."""
        return [mail.message for mail in self.mails]

    def start(self) -> None:
        """Listen on the port; what was accepted before stays."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=10)
        self._controller.start()

    def stop(self) -> None:
        """Stop listening; what was accepted stays."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    def restart(self) -> None:
        """Stop and listen again on the same port."""
        self.stop()
        self.start()

    close = stop

    def clear(self) -> None:
        """Forget what was accepted and take mail again."""
        with self._arrived:
            self.answer = None
            self.unknown.clear()
            self.mails.clear()

    def wait_for(
        self, count: int = 1, *, within: float = 10, where: Callable[[EmailMessage], bool] = lambda _: True
    ) -> list[EmailMessage]:
        """Wait for `count` messages that fit and give all that do; raise `TimeoutError` after `within` seconds."""

        def fitting() -> list[EmailMessage]:
            return [message for message in self.messages if where(message)]

        with self._arrived:
            if self._arrived.wait_for(lambda: len(fitting()) >= count, within):
                return fitting()
            subjects = [str(message["Subject"]) for message in self.messages]
        raise TimeoutError(f"{count} fitting mails did not arrive within {within:g} s; there are {subjects}.")

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or turn one down that is unknown; aiosmtpd calls this."""
        if address in self.unknown:
            return "550 5.1.1 There is no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one mail; aiosmtpd calls this."""
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        with self._arrived:
            if self.answer:
                return self.answer
            self.mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message))
            self._arrived.notify_all()
        return "250 OK"
