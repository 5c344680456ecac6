from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import dkim
import pytest
from scripted_smtp import scripted

from services.notifications.channels.base import Mail
from services.notifications.channels.mime import Letterhead, to_bytes
from services.notifications.channels.signing import DkimSigner, read_signer
from services.notifications.channels.smtp import SmtpChannel, SmtpServer


def openssl(*arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    openssl("genrsa", "-out", str(path), "2048")
    return path


Dns = Callable[..., bytes]


@pytest.fixture(scope="module")
def dns(key_file: Path) -> Dns:
    """A DNS that knows the one record of the key."""
    public = openssl("rsa", "-in", str(key_file), "-pubout", "-outform", "DER")
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    def answer(name: bytes, timeout: int = 5) -> bytes:
        return record if name == b"spring._domainkey.mail.example.org." else b""

    return answer


@pytest.fixture
def letterhead(key_file: Path) -> Letterhead:
    return Letterhead(signed=read_signer(key_file, selector="spring", domain="mail.example.org").signed)


@pytest.fixture
def full(mail: Mail) -> Mail:
    """A mail with every header there is."""
    return replace(
        mail,
        subject="Sesiwn 3 o 16: Siân a’r tîm",
        references=("<a@mail.example.org>",),
        unsubscribe="https://keytalk.example/messages/" + "x" * 120,
        page="https://keytalk.example/messages/page",
        reference="KT-7F3K-92",
    )


def test_a_signed_mail_is_found_whole(full: Mail, letterhead: Letterhead, dns: Dns) -> None:
    assert dkim.verify(to_bytes(full, letterhead), dnsfunc=dns)


def test_what_the_server_gets_is_found_whole_once_its_dots_are_single_again(
    full: Mail, letterhead: Letterhead, dns: Dns
) -> None:
    with scripted() as server, closing(SmtpChannel(SmtpServer("127.0.0.1", server.port, "off"), letterhead)) as channel:
        channel.deliver(full)
    assert b"\r\n.." in server.content[0]
    assert dkim.verify(server.content[0].replace(b"\r\n..", b"\r\n."), dnsfunc=dns)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"To: sam@", b"To: pam@"),
        (b"Subject: =?utf-8?", b"Subject: Re: =?utf-8?"),
        (b"09:30:00 +0000", b"09:31:00 +0000"),
        (b"<0123456789abcdef@", b"<1123456789abcdef@"),
        (b"<ops@", b"<spo@"),
        (b"List-Unsubscribe: <https", b"List-Unsubscribe: <http"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        (b"multipart/mixed", b"multipart/digest"),
        (b"=C2=A3250", b"=C2=A3950"),
    ],
    ids=str,
)
def test_a_change_on_the_way_breaks_the_signature(
    full: Mail, letterhead: Letterhead, dns: Dns, was: bytes, becomes: bytes
) -> None:
    content = to_bytes(full, letterhead)
    assert was in content
    assert not dkim.verify(content.replace(was, becomes), dnsfunc=dns)


@pytest.mark.parametrize("header", [b"From", b"To", b"Cc", b"Subject", b"Date", b"Reply-To"])
def test_a_second_header_put_in_on_the_way_breaks_the_signature(
    full: Mail, letterhead: Letterhead, dns: Dns, header: bytes
) -> None:
    content = header + b": mallory@x.example\r\n" + to_bytes(full, letterhead)
    assert not dkim.verify(content, dnsfunc=dns)


def test_a_key_of_the_older_form_signs_as_well(full: Mail, key_file: Path, dns: Dns) -> None:
    older = openssl("rsa", "-in", str(key_file), "-traditional").replace(b"\n", b"\r\n")
    assert b"BEGIN RSA PRIVATE KEY" in older
    letterhead = Letterhead(signed=DkimSigner(older, selector="spring", domain="mail.example.org").signed)
    assert dkim.verify(to_bytes(full, letterhead), dnsfunc=dns)


@pytest.mark.parametrize("kind", ["rubbish", "public", "elliptic", "cut", "empty"])
def test_a_key_that_cannot_sign_is_refused_by_the_name_of_its_setting(
    key_file: Path, tmp_path: Path, kind: str
) -> None:
    keys = {
        "rubbish": b"my secret words",
        "public": openssl("rsa", "-in", str(key_file), "-pubout"),
        "elliptic": openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout"),
        "cut": b"\n".join([*key_file.read_bytes().splitlines()[:9], b"-----END PRIVATE KEY-----"]),
        "empty": b"",
    }
    path = tmp_path / "key.pem"
    path.write_bytes(keys[kind])
    with pytest.raises(ValueError, match=r"^KEYTALK_DKIM_KEY_FILE: it is not an RSA private key in PEM$") as refusal:
        read_signer(path, selector="spring", domain="mail.example.org")
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


def test_a_key_that_verifiers_refuse_for_its_length_is_refused_here(tmp_path: Path) -> None:
    path = tmp_path / "short.pem"
    openssl("genrsa", "-out", str(path), "768")
    with pytest.raises(ValueError, match=r"^KEYTALK_DKIM_KEY_FILE: the key is shorter than 1024 bits$"):
        read_signer(path, selector="spring", domain="mail.example.org")


def test_a_file_that_is_not_there_is_refused_by_the_name_of_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^KEYTALK_DKIM_KEY_FILE: it cannot be read: No such file"):
        read_signer(tmp_path / "none.pem", selector="spring", domain="mail.example.org")


def test_nothing_that_is_written_down_holds_the_key(key_file: Path) -> None:
    signer = read_signer(key_file, selector="spring", domain="mail.example.org")
    assert "PRIVATE" not in repr(signer)
