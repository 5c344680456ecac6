"""From a mail to the bytes that travel, refusing whatever could smuggle a header or a second recipient in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from services.notifications.channels.base import Attachment, Mail, PermanentFailure

# One bare address in ASCII: no comma, space, quote or angle bracket, so never two and never a name.
ADDR_SPEC = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
CONTENT_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


class MailNotSendable(PermanentFailure):
    """The mail breaks a rule of its headers. Names the header, never its value."""


def compose(mail: Mail) -> EmailMessage:
    """Make the message: text and HTML as alternatives, then the attachments; every text part quoted-printable.

    Quoted-printable, because a server that takes no 8-bit bodies must still be able to take it.
    Raises MailNotSendable.
    """
    _check(mail)
    message = EmailMessage(policy=SMTP)
    for name, value in _headers(mail):
        message[name] = value
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for attachment in mail.attachments:
        _attach(message, attachment)
    return message


def to_bytes(mail: Mail) -> bytes:
    """Give the mail as it travels, every line ending CRLF. Raises MailNotSendable."""
    return compose(mail).as_bytes()


def _check(mail: Mail) -> None:
    for name, value in _single_lines(mail):
        if any(unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} for character in value):
            raise MailNotSendable(f"{name} holds a line break or another control character")
    for name, address in (("From", mail.sender), ("To", mail.recipient), ("Reply-To", mail.reply_to)):
        if address is not None and not ADDR_SPEC.fullmatch(address):
            raise MailNotSendable(f"{name} is not exactly one mail address")
    if not all(map(MESSAGE_ID.fullmatch, (mail.message_id, *mail.references))):
        raise MailNotSendable("Message-ID or References does not have the form <left@right>")
    if mail.date.utcoffset() is None:
        raise MailNotSendable("Date has no zone")


def _single_lines(mail: Mail) -> Iterator[tuple[str, str]]:
    yield "Subject", mail.subject
    yield "From", mail.sender_name
    yield "Auto-Submitted", mail.auto_submitted
    for attachment in mail.attachments:
        yield "the name of an attachment", attachment.filename
        for key, value in attachment.parameters.items():
            yield "a parameter of an attachment", key + value


def _headers(mail: Mail) -> Iterator[tuple[str, object]]:
    yield "Message-ID", mail.message_id
    yield "Date", mail.date
    yield "From", Address(display_name=mail.sender_name, addr_spec=mail.sender)
    yield "To", Address(addr_spec=mail.recipient)
    if mail.reply_to is not None:
        yield "Reply-To", Address(addr_spec=mail.reply_to)
    if mail.references:
        yield "In-Reply-To", mail.references[-1]
        yield "References", " ".join(mail.references)
    yield "Subject", mail.subject
    yield "Auto-Submitted", mail.auto_submitted


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    if not CONTENT_TYPE.fullmatch(attachment.content_type):
        raise MailNotSendable("the content type of an attachment does not have the form main/sub")
    maintype, subtype = attachment.content_type.split("/")
    parameters = dict(attachment.parameters)
    if isinstance(attachment.content, str) and maintype == "text":
        message.add_attachment(
            attachment.content,
            subtype=subtype,
            cte="quoted-printable",
            filename=attachment.filename,
            params=parameters,
        )
        return
    content = attachment.content.encode() if isinstance(attachment.content, str) else attachment.content
    message.add_attachment(content, maintype=maintype, subtype=subtype, filename=attachment.filename, params=parameters)
