"""The headers that answers, providers and mail programs go by."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from typing import Any

import pytest

from services.notifications.channels.base import Mail
from services.notifications.channels.mime import PLAIN, Letterhead, MailNotSendable, to_bytes

ONE_CLICK = "https://keytalk.example/messages/" + "A1b2-_" * 40


def received(mail: Mail, letterhead: Letterhead = PLAIN) -> EmailMessage:
    message = message_from_bytes(to_bytes(mail, letterhead), EmailMessage, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def lines_of(mail: Mail, letterhead: Letterhead = PLAIN) -> list[str]:
    """The header as it travels, with its folds."""
    return to_bytes(mail, letterhead).partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


def test_one_click_takes_the_reader_off(mail: Mail) -> None:
    message = received(replace(mail, unsubscribe=ONE_CLICK, page="https://keytalk.example/messages/page"))
    assert message["List-Unsubscribe"] == f"<{ONE_CLICK}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Help"] == "<https://keytalk.example/messages/page>"


def test_a_long_address_travels_as_it_is_and_on_one_line(mail: Mail) -> None:
    assert f"List-Unsubscribe: <{ONE_CLICK}>" in lines_of(replace(mail, unsubscribe=ONE_CLICK))


def test_a_mail_that_nobody_can_switch_off_says_nothing_of_it(mail: Mail) -> None:
    assert not [name for name in received(mail) if name.startswith("List-")]


def test_long_message_ids_stay_readable_where_a_thread_is_told_by_them(mail: Mail) -> None:
    long = tuple(f"<{letter * 40}@mail.a-rather-long-name.example.org>" for letter in "ab")
    lines = lines_of(replace(mail, references=long))
    assert f"In-Reply-To: {long[1]}" in lines
    assert lines[lines.index(f"References: {long[0]}") + 1] == f" {long[1]}"


def test_an_answer_carries_the_reference_in_its_name(mail: Mail) -> None:
    reply_to = received(replace(mail, reference="KT-7F3K-92"))["Reply-To"].addresses[0]
    assert (reply_to.display_name, reply_to.addr_spec) == ("Gobaith, Cymru KT-7F3K-92", "ops@mail.example.org")


def test_an_answer_carries_the_reference_in_its_address_where_the_mailbox_takes_tags(mail: Mail) -> None:
    tagged = Letterhead(reply_tags=True)
    reply_to = received(replace(mail, reference="KT-7F3K-92"), tagged)["Reply-To"].addresses[0]
    assert (reply_to.display_name, reply_to.addr_spec) == (
        "Gobaith, Cymru KT-7F3K-92",
        "ops+KT-7F3K-92@mail.example.org",
    )
    assert received(mail, tagged)["Reply-To"] == "ops@mail.example.org"


def test_a_tag_for_which_the_address_has_no_room_is_left_out(mail: Mail) -> None:
    full = replace(mail, reply_to="o" * 60 + "@mail.example.org", reference="KT-7F3K-92")
    assert received(full, Letterhead(reply_tags=True))["Reply-To"].addresses[0].addr_spec == full.reply_to


def test_the_provider_is_told_that_it_is_the_same_mail_by_the_header_it_knows(mail: Mail) -> None:
    keyed = replace(mail, idempotency_key="m" * 90)
    assert f"Resend-Idempotency-Key: {'m' * 90}" in lines_of(keyed, Letterhead("Resend-Idempotency-Key"))
    assert "m" * 90 not in "".join(lines_of(keyed))
    assert "Resend-Idempotency-Key" not in received(mail, Letterhead("Resend-Idempotency-Key"))


@pytest.mark.parametrize("header", ["Subject", "BCC", "dkim-signature"])
def test_a_header_of_our_own_is_none_for_the_provider(header: str) -> None:
    with pytest.raises(ValueError, match=r"^KEYTALK_SMTP_IDEMPOTENCY_HEADER: "):
        Letterhead(header)


def test_welsh_survives_in_the_subject_and_in_names(mail: Mail) -> None:
    welsh = replace(
        mail,
        subject="Sesiwn 3 o 16 yng Ngharchar Ynys Môn: gŵyl, tŷ, dŵr, ŷd, ô’r diwedd" * 2,
        sender_name="Cymdeithas Ŵyn a’r Gororau, Caernarfon",
        reference="KT-7F3K-92",
    )
    assert to_bytes(welsh).isascii()
    assert read_by_the_standard(welsh, "Subject") == welsh.subject
    name, address = parseaddr(message_from_bytes(to_bytes(welsh))["Reply-To"])
    assert (decoded(name), address) == (f"{welsh.sender_name} KT-7F3K-92", "ops@mail.example.org")
    name, address = parseaddr(message_from_bytes(to_bytes(welsh))["From"])
    assert (decoded(name), address) == (welsh.sender_name, "keytalk@mail.example.org")


def test_words_that_look_encoded_are_not_read_as_such(mail: Mail) -> None:
    strange = replace(mail, subject="=?utf-8?q?Bcc=3A?= of 16", sender_name="=?utf-8?q?x?= us")
    assert read_by_the_standard(strange, "Subject") == strange.subject
    assert received(strange)["From"].addresses[0].display_name == strange.sender_name


def read_by_the_standard(mail: Mail, header: str) -> str:
    """Read a header as RFC 2047 says; the newer part of Python's library puts spaces into long names."""
    return decoded(message_from_bytes(to_bytes(mail))[header])


def decoded(words: str) -> str:
    return str(make_header(decode_header(words)))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"unsubscribe": "https://x.example/\r\nBcc: all@x.example"}, "List-Unsubscribe"),
        ({"unsubscribe": "https://x.example/>, <mailto:all@x.example"}, "List-Unsubscribe"),
        ({"unsubscribe": "mailto:all@x.example"}, "List-Unsubscribe"),
        ({"unsubscribe": "https://x.example/ô"}, "List-Unsubscribe"),
        ({"unsubscribe": "https://x.example/" + "a" * 1000}, "List-Unsubscribe"),
        ({"page": "javascript:x.example"}, "List-Help"),
        ({"return_path": "a@x.example\r\nRCPT TO:<b@x.example>"}, "return path"),
        ({"return_path": "a@x.example> BODY=8BITMIME"}, "return path"),
        ({"return_path": "<>"}, "return path"),
        ({"reference": "KT\r\nBcc: all@x.example"}, "reference"),
        ({"reference": "KT@x.example"}, "reference"),
        ({"idempotency_key": "key\r\nBcc: all@x.example"}, "idempotency key"),
        ({"idempotency_key": ""}, "idempotency key"),
    ],
)
def test_nothing_smuggles_in_a_header_by_what_answers_go_by(mail: Mail, change: dict[str, Any], named: str) -> None:
    with pytest.raises(MailNotSendable, match=named) as refusal:
        to_bytes(replace(mail, **change))
    assert "x.example" not in str(refusal.value)
