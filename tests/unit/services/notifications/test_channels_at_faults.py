"""A mail is delivered once, and a fault says on which side of the content it lay."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest

from services.notifications.channels.base import (
    Mail,
    OutcomeUnknown,
    PermanentFailure,
    RecipientRefused,
    TemporaryFailure,
)
from services.notifications.channels.maildir import MaildirChannel
from services.notifications.channels.smtp import SmtpChannel, parse_smtp_url

MAIL = Mail(
    message_id="<abc@keytalk.example>",
    sender="keytalk@example.org",
    recipient="alex@risley.example",
    subject="Your dates",
    text="Hello",
    html="<p>Hello</p>",
    date=datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
)


class ScriptedServer:
    """Speaks SMTP until a verb that it has another answer for; None means: drop the line."""

    def __init__(self, verb: str, answer: str | None) -> None:
        self.verb, self.answer = verb, answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with self.listener:
            connection, _ = self.listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as line:
            line.write(b"220 ready\r\n")
            while said := line.readline().decode().strip():
                verb = said[:4].upper()
                if verb == "DATA" and self.verb != "DATA":
                    line.write(b"354 go on\r\n")
                    while line.readline() != b".\r\n":
                        pass
                    verb = "END"
                if verb == self.verb:
                    if self.answer is None:
                        return
                    line.write(self.answer.encode() + b"\r\n")
                else:
                    line.write(b"250 fine\r\n")


def to_server(server):
    return SmtpChannel(parse_smtp_url(f"smtp://127.0.0.1:{server.port}?starttls=off"))


@pytest.mark.parametrize(
    ("verb", "answer", "failure"),
    [
        ("RCPT", "450 later", TemporaryFailure),
        ("RCPT", "550 nobody here", RecipientRefused),
        ("RCPT", "550 5.1.1 nobody here", RecipientRefused),
        ("RCPT", "550 5.4.1 recipient address rejected", RecipientRefused),
        ("RCPT", "553 no such name", RecipientRefused),
        ("RCPT", "552 5.2.2 the mailbox is full", PermanentFailure),
        ("RCPT", "550 5.7.1 not from you", PermanentFailure),
        ("RCPT", "554 no", PermanentFailure),
        ("MAIL", "550 5.1.8 bad sender", PermanentFailure),
        ("DATA", None, TemporaryFailure),
        ("END", "451 later", TemporaryFailure),
        ("END", "552 too much", PermanentFailure),
        ("END", "550 5.1.1 nobody here", PermanentFailure),
        ("END", None, OutcomeUnknown),
    ],
)
def test_a_fault_is_told_by_what_the_server_may_have(verb, answer, failure):
    server = ScriptedServer(verb, answer)

    with closing(to_server(server)) as channel, pytest.raises(failure) as told:
        channel.deliver(MAIL)

    assert told.type is failure


def test_a_server_that_takes_the_mail_ends_in_silence():
    server = ScriptedServer("NONE", None)

    with closing(to_server(server)) as channel:
        channel.deliver(MAIL)


def test_the_same_mail_lies_in_a_maildir_once_and_the_folder_knows_it(tmp_path):
    channel = MaildirChannel(tmp_path / "mail")
    assert channel.settle(MAIL.message_id) is False

    channel.deliver(MAIL)
    channel.deliver(MAIL)

    assert len(channel.list_mail()) == 1
    assert channel.settle(MAIL.message_id) is True
