"""Whatever words a mail is made of, its reader has the same words: read here by the standard library."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import default
from email.utils import parseaddr

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.notifications.channels.base import Attachment, Mail
from services.notifications.channels.mime import to_bytes

LINE = st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp", "Cn"))
WORDS = st.text(LINE, min_size=1, max_size=150).map(str.strip).filter(bool)
TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=400)
# The library's own reading takes off brackets and quotes around the whole of a name.
FILENAME = st.text(st.sampled_from("aZ9 .-_()'ŵŷâô’£"), min_size=1, max_size=60).map(str.strip).filter(bool)

many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def decoded(words: str) -> str:
    return str(make_header(decode_header(words.replace("\r\n", ""))))


def read(part: Message) -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n", "\n")


def ended(words: str) -> str:
    """Text as it travels: each line has its end, and so has the last one."""
    lines = words.replace("\r\n", "\n").replace("\r", "\n")
    return lines if lines.endswith("\n") else lines + "\n"


@many
@given(subject=WORDS, name=WORDS)
@example(subject="a  b", name="a  b")
@example(subject='"a\\', name='"a\\')
@example(subject="a " * 60 + "b", name="a " * 60 + "b")
def test_a_subject_and_a_name_in_any_language(mail: Mail, subject: str, name: str) -> None:
    content = to_bytes(replace(mail, subject=subject, sender_name=name, reference="KT-7F3K-92"))
    message = message_from_bytes(content)
    assert content.isascii()
    assert decoded(message["Subject"]) == subject
    for header, words, address in (
        ("From", name, "keytalk@mail.example.org"),
        ("Reply-To", f"{name} KT-7F3K-92", "ops@mail.example.org"),
    ):
        display_name, addr_spec = parseaddr(message[header].replace("\r\n", ""))
        assert (decoded(display_name), addr_spec) == (words, address)


@many
@given(text=TEXT, html=TEXT, file=st.binary(max_size=200), filename=FILENAME)
def test_bodies_and_files(mail: Mail, text: str, html: str, file: bytes, filename: str) -> None:
    files = (Attachment(filename, "text/csv", text), Attachment(filename, "application/pdf", file))
    content = to_bytes(replace(mail, text=text, html=html, attachments=files))
    assert content.isascii()
    assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    parts = [part for part in message_from_bytes(content).walk() if not part.is_multipart()]
    assert [read(part) for part in parts[:3]] == [ended(text), ended(html), ended(text)]
    assert parts[3].get_payload(decode=True) == file
    assert [part.get_filename() for part in message_from_bytes(content, policy=default).walk()][-2:] == [filename] * 2


def test_the_same_mail_is_the_same_bytes(mail: Mail) -> None:
    assert to_bytes(mail) == to_bytes(replace(mail))


def test_half_a_character_does_not_keep_the_rest_from_its_reader(mail: Mail) -> None:
    parts = list(message_from_bytes(to_bytes(replace(mail, text="a\ud800b"))).walk())
    assert read(parts[2]) == "a?b\n"
