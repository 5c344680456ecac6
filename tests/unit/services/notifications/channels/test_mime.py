from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from services.notifications.channels.base import Attachment, Mail, PermanentFailure
from services.notifications.channels.mime import MailNotSendable, to_bytes


def received(mail: Mail) -> EmailMessage:
    message = message_from_bytes(to_bytes(mail), EmailMessage, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_mail_carries_its_headers(mail: Mail) -> None:
    message = received(replace(mail, references=("<a@x.example>", "<b@x.example>")))
    assert message["Message-ID"] == "<0123456789abcdef@mail.example.org>"
    assert message["From"] == '"Gobaith, Cymru" <keytalk@mail.example.org>'
    assert message["To"] == "sam@prison.example"
    assert message["Reply-To"] == "ops@mail.example.org"
    assert message["Subject"] == "Session 3 of 16"
    assert message["Date"] == "Tue, 24 Nov 2026 09:30:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["In-Reply-To"] == "<b@x.example>"
    assert message["References"] == "<a@x.example> <b@x.example>"


def test_text_and_html_are_alternatives_and_the_calendar_stands_beside_them(mail: Mail) -> None:
    message = received(mail)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    [calendar] = message.iter_attachments()
    assert calendar.get_param("method") == "PUBLISH"
    assert calendar.get_filename() == "sessions.ics"
    assert calendar.get_content().splitlines() == ["BEGIN:VCALENDAR", "END:VCALENDAR"]


def test_what_is_written_is_what_is_read(mail: Mail) -> None:
    message = received(mail)
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == mail.text.splitlines()


def test_a_mail_travels_as_seven_bit_lines_of_modest_length(mail: Mail) -> None:
    content = to_bytes(replace(mail, subject="Diolch, Siân: " + "gair " * 40))
    assert content.isascii()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(map(len, content.splitlines())) <= 78


def test_a_file_of_bytes_arrives_as_it_was(mail: Mail) -> None:
    file = Attachment("map.png", "image/png", b"\x89PNG\r\n\x00\xff")
    [part] = received(replace(mail, attachments=(file,))).iter_attachments()
    assert (part.get_content_type(), part.get_content()) == ("image/png", file.content)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"subject": "Hello\r\nBcc: everyone@x.example"}, "Subject"),
        ({"subject": "Hello\u2028Bcc: everyone@x.example"}, "Subject"),
        ({"sender_name": "Us\nBcc: everyone@x.example"}, "From"),
        ({"recipient": "a@x.example\r\nBcc: b@x.example"}, "To"),
        ({"recipient": "a@x.example, b@x.example"}, "To"),
        ({"recipient": "a@x.example;b@x.example"}, "To"),
        ({"recipient": "Sam <a@x.example>"}, "To"),
        ({"recipient": "a@x.example "}, "To"),
        ({"recipient": "sam"}, "To"),
        ({"recipient": ""}, "To"),
        ({"recipient": "siân@x.example"}, "To"),
        ({"reply_to": "a@x.example, b@x.example"}, "Reply-To"),
        ({"sender": "a@x.example\n"}, "From"),
        ({"message_id": "<a@b>\r\nBcc: c@x.example"}, "Message-ID"),
        ({"message_id": "a@b"}, "Message-ID"),
        ({"references": ("<a b>",)}, "References"),
        ({"auto_submitted": "no\r\nBcc: c@x.example"}, "Auto-Submitted"),
        ({"attachments": (Attachment("a\r\n.ics", "text/calendar", "x"),)}, "name of an attachment"),
        ({"attachments": (Attachment("a.ics", "text/calendar", "x", {"method": "A\nB: c"}),)}, "parameter"),
        ({"attachments": (Attachment("a.ics", "text/calendar\nB: c", "x"),)}, "content type"),
    ],
)
def test_nothing_smuggles_in_a_header_or_a_second_recipient(mail: Mail, change: dict[str, Any], named: str) -> None:
    with pytest.raises(MailNotSendable, match=named) as refusal:
        to_bytes(replace(mail, **change))
    assert isinstance(refusal.value, PermanentFailure)
    assert "x.example" not in str(refusal.value)


def test_a_date_without_its_zone_is_refused(mail: Mail) -> None:
    with pytest.raises(MailNotSendable, match="Date"):
        to_bytes(replace(mail, date=mail.date.replace(tzinfo=None)))
