from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from scripted_smtp import DROP, HANG, TOGETHER, USUAL, scripted

from services.notifications.channels import connections
from services.notifications.channels.base import (
    Channel,
    Mail,
    OutcomeUnknown,
    PermanentFailure,
    TemporaryFailure,
)
from services.notifications.channels.smtp import SmtpChannel, SmtpServer, parse_smtp_url


@pytest.fixture(autouse=True, params=["one by one", "together"])
def _as_the_server_takes_commands(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers take commands one by one, or several together (RFC 2920)."""
    if request.param == "together":
        monkeypatch.setitem(USUAL, "EHLO", TOGETHER)


def to_port(port: int, **options: Any) -> SmtpChannel:
    return SmtpChannel(SmtpServer("127.0.0.1", port, "auto"), **options)


def deliver(port: int, mail: Mail, **options: Any) -> None:
    with closing(to_port(port, **options)) as channel:
        channel.deliver(mail)


class Mailbox:
    """What aiosmtpd hands over."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - its name for it
        self.envelopes.append(envelope)
        return "250 taken"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


def test_a_mail_arrives_whole(mailbox: tuple[Mailbox, int], mail: Mail) -> None:
    box, port = mailbox
    deliver(port, mail)
    [envelope] = box.envelopes
    assert envelope.mail_from == "keytalk@mail.example.org"
    assert envelope.rcpt_tos == ["sam@prison.example"]
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, EmailMessage, policy=default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == mail.text.splitlines()
    assert message["Message-ID"] == mail.message_id


def test_a_line_that_starts_with_a_full_stop_travels_with_two(mail: Mail) -> None:
    with scripted() as server:
        deliver(server.port, mail)
    assert b"\r\n..a line that starts" in server.content[0]
    assert server.heard == [
        "ehlo mail.example.org",
        "MAIL FROM:<keytalk@mail.example.org>",
        "RCPT TO:<sam@prison.example>",
        "DATA",
        "QUIT",
    ]


@pytest.mark.parametrize(
    "answers",
    [
        {"greeting": "554 no service"},
        {"greeting": DROP},
        {"EHLO": DROP},
        {"EHLO": "421 closing", "HELO": "421 closing"},
        {"MAIL": "451 4.3.0 later"},
        {"MAIL": "530 5.7.0 authentication required"},
        {"MAIL": DROP},
        {"RCPT": "450 4.2.0 greylisted, sam@prison.example"},
        {"RCPT": DROP},
        {"DATA": "451 4.3.0 later"},
        {"DATA": "250 what"},
        {"DATA": DROP},
        {"content": "452 4.3.1 no room"},
        {"greeting": HANG},
        {"EHLO": HANG},
        {"RCPT": HANG},
        {"DATA": HANG},
    ],
    ids=str,
)
def test_what_surely_delivered_nothing_and_may_get_better_is_temporary(mail: Mail, answers: dict[str, str]) -> None:
    with scripted(**answers) as server, pytest.raises(TemporaryFailure) as failure:
        deliver(server.port, mail, connect_timeout=0.3, read_timeout=0.3)
    assert "prison.example" not in str(failure.value)


def test_a_server_that_is_not_there_is_temporary(mail: Mail) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(TemporaryFailure, match=r"127.0.0.1:\d+ refuses connections \(is KEYTALK_SMTP_URL"):
        deliver(port, mail)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"MAIL": "553 5.1.8 sender"}, "553 5.1.8 at MAIL"),
        ({"RCPT": "550 5.1.1 <sam@prison.example>: unknown"}, "550 5.1.1 at RCPT"),
        ({"DATA": "554 no valid recipients"}, "554 at DATA"),
        ({"content": "552 5.3.4 too big"}, "552 5.3.4 at the content"),
    ],
    ids=str,
)
def test_a_refusal_for_good_is_permanent_and_its_reason_names_nobody(
    mail: Mail, answers: dict[str, str], words: str
) -> None:
    with scripted(**answers) as server, pytest.raises(PermanentFailure) as failure:
        deliver(server.port, mail)
    assert str(failure.value) == f"the mail server answered {words}"


@pytest.mark.parametrize("answer", [DROP, HANG, "what?", "354 more", "250" + "x" * 9000])
def test_an_answer_lost_after_the_content_leaves_the_outcome_unknown(mail: Mail, answer: str) -> None:
    with scripted(content=answer) as server, pytest.raises(OutcomeUnknown, match="the mail was sent"):
        deliver(server.port, mail, read_timeout=0.3)
    assert len(server.content) == 1


@pytest.mark.parametrize("answer", [DROP, HANG, "500 what"])
def test_a_farewell_that_goes_wrong_changes_nothing(mail: Mail, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "GOODBYE_SECONDS", 0.2)
    with scripted(QUIT=answer) as server:
        deliver(server.port, mail)
    assert len(server.content) == 1
    assert server.heard[-1] == "QUIT"


@pytest.mark.parametrize("recipient", ["a@x.example>\r\nRCPT TO:<b@x.example", "a@x.example, b@x.example"])
def test_a_recipient_that_is_two_never_reaches_the_server(mail: Mail, recipient: str) -> None:
    with scripted() as server, pytest.raises(PermanentFailure):
        deliver(server.port, replace(mail, recipient=recipient))
    assert server.heard == []


def test_nothing_is_said_in_the_clear_where_encryption_is_required(mail: Mail) -> None:
    with scripted() as server, pytest.raises(TemporaryFailure):
        SmtpChannel(SmtpServer("127.0.0.1", server.port, "required", "us", "secret")).deliver(mail)
    assert server.heard == ["ehlo mail.example.org"]


def test_a_password_that_is_wrong_leaves_the_mail_for_when_it_is_mended(mail: Mail) -> None:
    answers = {"EHLO": "250-scripted\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 no"}
    with scripted(**answers) as server, pytest.raises(TemporaryFailure, match="535 at the greeting") as failure:
        SmtpChannel(SmtpServer("127.0.0.1", server.port, "off", "us", "secret")).deliver(mail)
    assert "secret" not in str(failure.value)


def test_nobody_can_say_what_a_server_took(mail: Mail) -> None:
    channel: Channel = to_port(25)
    assert channel.settle(mail.message_id) is None


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", SmtpServer("mail.example.org", 25, "auto")),
        ("smtp://localhost:1025/", SmtpServer("localhost", 1025, "auto")),
        ("smtp://[::1]:1025?starttls=off", SmtpServer("::1", 1025, "off")),
        ("smtps://m.example", SmtpServer("m.example", 465, "implicit")),
        ("smtp://us:p%40ss@m.example:587", SmtpServer("m.example", 587, "required", "us", "p@ss")),
        ("smtp://us:key@m.example:587?starttls=off", SmtpServer("m.example", 587, "off", "us", "key")),
    ],
)
def test_a_server_is_read_from_its_url(url: str, server: SmtpServer) -> None:
    assert parse_smtp_url(url) == server
    assert server.password is None or server.password not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org:25",
        "http://mail.example.org",
        "smtp://",
        "smtp://us:secret@m.example:port",
        "smtp://us:secret@m.example:99999",
        "smtp://us:secret@m..example",
        "smtp://us@m.example",
        "smtp://us:secret@m.example/inbox",
        "smtp://us:secret@m.example?starttls=auto",
        "smtp://us:secret@m.example?starttls=perhaps",
        "smtp://us:secret@m.example?tls=required",
        "smtps://us:secret@m.example?starttls=off",
    ],
)
def test_a_url_that_cannot_be_used_names_its_setting_and_keeps_the_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"^KEYTALK_SMTP_URL: ") as refusal:
        parse_smtp_url(url)
    assert "secret" not in str(refusal.value)
