"""Where encryption is asked for, no word of a mail or a password goes out without it or to a stranger."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session
from scripted_smtp import scripted

from services.notifications.channels.base import Mail, TemporaryFailure
from services.notifications.channels.smtp import SmtpChannel, SmtpServer
from services.notifications.channels.smtp_server import Tls


class Seen:
    """Notes of each mail whether it came encrypted."""

    def __init__(self) -> None:
        self.encrypted: list[bool] = []

    async def handle_DATA(self, server: Any, _session: Session, _envelope: Envelope) -> str:  # noqa: N802 - its name
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 taken"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody signed but itself, with its key in the same file."""
    folder = tmp_path_factory.mktemp("certificate")
    key, pem = folder / "key.pem", folder / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(pem)]
    subprocess.run(made, check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + key.read_bytes())
    return pem


Started = Callable[..., tuple[Seen, int]]


@pytest.fixture
def started(certificate: Path) -> Iterator[Started]:
    """Start a server with that certificate: by STARTTLS, which it asks for, or from the first byte."""
    running: list[Controller] = []

    def start(*, implicit: bool = False) -> tuple[Seen, int]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        seen = Seen()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        options = {"ssl_context": context} if implicit else {"tls_context": context, "require_starttls": True}
        controller = Controller(seen, hostname="127.0.0.1", port=port, **options)
        controller.start()
        running.append(controller)
        return seen, port

    yield start
    for controller in running:
        controller.stop()


def to_port(port: int, tls: Tls) -> closing[SmtpChannel]:
    return closing(SmtpChannel(SmtpServer("127.0.0.1", port, tls)))


@pytest.mark.parametrize("tls", ["required", "implicit"])
def test_mail_goes_encrypted_to_a_server_that_is_known(
    started: Started, tls: Tls, mail: Mail, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    seen, port = started(implicit=tls == "implicit")
    with to_port(port, tls) as channel:
        channel.deliver(mail)
        channel.deliver(replace(mail, message_id="<second@mail.example.org>"))
    assert seen.encrypted == [True, True]


@pytest.mark.parametrize("tls", ["required", "implicit"])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(started: Started, tls: Tls, mail: Mail) -> None:
    seen, port = started(implicit=tls == "implicit")
    with to_port(port, tls) as channel, pytest.raises(TemporaryFailure, match="a certificate that is not to be"):
        channel.deliver(mail)
    assert seen.encrypted == []


def test_a_certificate_of_somebody_else_gets_no_mail(
    started: Started, mail: Mail, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    seen, port = started()
    elsewhere = SmtpServer("localhost", port, "required")
    with closing(SmtpChannel(elsewhere)) as channel, pytest.raises(TemporaryFailure, match="not to be trusted"):
        channel.deliver(mail)
    assert seen.encrypted == []


def test_where_it_is_left_to_the_server_any_encryption_is_better_than_none(started: Started, mail: Mail) -> None:
    seen, port = started()
    with to_port(port, "auto") as channel:
        channel.deliver(mail)
    assert seen.encrypted == [True]


def test_a_server_that_asks_for_encryption_which_is_switched_off_waits_until_that_is_mended(
    started: Started, mail: Mail
) -> None:
    seen, port = started()
    with to_port(port, "off") as channel, pytest.raises(TemporaryFailure, match="530 at MAIL"):
        channel.deliver(mail)
    assert seen.encrypted == []


def test_encryption_that_is_required_and_not_offered_keeps_the_mail_here(mail: Mail) -> None:
    with scripted() as server, to_port(server.port, "required") as channel:
        with pytest.raises(TemporaryFailure, match="does not encrypt or take a login"):
            channel.deliver(mail)
        assert server.heard == ["ehlo mail.example.org"]


def test_encryption_that_is_offered_and_then_refused_keeps_the_mail_here(mail: Mail) -> None:
    answers = {"EHLO": "250-scripted\r\n250 STARTTLS", "STARTTLS": "454 4.7.0 not now"}
    with scripted(**answers) as server, to_port(server.port, "auto") as channel:
        with pytest.raises(TemporaryFailure):
            channel.deliver(mail)
        assert "MAIL" not in server.asked
