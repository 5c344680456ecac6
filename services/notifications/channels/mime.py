"""From a mail to the bytes that travel, refusing whatever could smuggle a header or a second recipient in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from hashlib import sha256

from services.notifications.channels.base import Attachment, Mail, PermanentFailure
from services.notifications.channels.body_parts import file_part, multipart, text_part
from services.notifications.channels.header_fields import address_field, field, words_field

# One bare address in ASCII: no comma, space, quote or angle bracket, so never two and never a name.
ADDR_SPEC = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
PARAMETER_NAME = re.compile(r"[a-z0-9-]+")
CONTENT_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
AUTO_SUBMITTED = re.compile(r"[a-z-]{1,30}")
WEB_ADDRESS = re.compile(r"https?://[\x21-\x3b\x3d\x3f-\x7e]{1,900}")
REFERENCE = re.compile(r"[A-Za-z0-9-]{1,30}")
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
CALENDAR_METHODS = frozenset({"PUBLISH", "REQUEST", "CANCEL"})
LONGEST_LOCAL_PART = 64
LONGEST_WORDS = 500
"""Characters of a subject or a name, far below the 998 that a line may have (RFC 5322, 2.1.1)."""

OURS = frozenset(
    {
        *("message-id", "date", "from", "sender", "to", "cc", "bcc", "reply-to", "return-path", "in-reply-to"),
        *("references", "subject", "auto-submitted", "list-unsubscribe", "list-unsubscribe-post", "list-help"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition", "dkim-signature"),
    }
)
"""The headers that a mail has anyway, or must never have: none of them can be a provider's idempotency header."""


class MailNotSendable(PermanentFailure):
    """The mail breaks a rule of its headers. Names the header, never its value."""


@dataclass(frozen=True)
class Letterhead:
    """What the settings put on every mail.

    `idempotency_header` is the provider's name for the header that keeps it from taking one mail twice. With
    `reply_tags`, answers go to the monitored mailbox with the reference after a plus. `signed` gives the content with
    its signature before it. Raises ValueError naming KEYTALK_SMTP_IDEMPOTENCY_HEADER for a header that is ours.
    """

    idempotency_header: str | None = None
    reply_tags: bool = False
    signed: Callable[[bytes], bytes] | None = None

    def __post_init__(self) -> None:
        if self.idempotency_header is not None and self.idempotency_header.lower() in OURS:
            raise ValueError("KEYTALK_SMTP_IDEMPOTENCY_HEADER: give a header that mail does not have already")


PLAIN = Letterhead()


def to_bytes(mail: Mail, letterhead: Letterhead = PLAIN) -> bytes:
    """Give the mail as it travels, every line ending CRLF, signed where it is to be: the same mail, the same bytes.

    Text and HTML are alternatives, with a calendar file that mail programs are to offer, and the attachments follow.
    Raises MailNotSendable.
    """
    _check(mail)
    content = "".join(_headers(mail, letterhead)).encode("ascii") + b"MIME-Version: 1.0\r\n" + _body(mail)
    return letterhead.signed(content) if letterhead.signed else content


def _check(mail: Mail) -> None:
    for name, value in _single_lines(mail):
        if any(unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} for character in value):
            raise MailNotSendable(f"{name} holds a line break or another control character")
    for wrong, given, form in _forms(mail):
        if given is not None and not form.fullmatch(given):
            raise MailNotSendable(wrong)
    if max(map(len, (mail.subject, mail.sender_name))) > LONGEST_WORDS:
        raise MailNotSendable(f"Subject or From has more than {LONGEST_WORDS} characters")
    if mail.date.utcoffset() is None:
        raise MailNotSendable("Date has no zone")


def _single_lines(mail: Mail) -> Iterator[tuple[str, str]]:
    yield "Subject", mail.subject
    yield "From", mail.sender_name
    for attachment in mail.attachments:
        yield "the name of an attachment", attachment.filename
        for key, value in attachment.parameters.items():
            yield "a parameter of an attachment", key + value


def _forms(mail: Mail) -> Iterator[tuple[str, str | None, re.Pattern[str]]]:
    """Give what is wrong where a value does not have its form, the value, and the form."""
    yield "From is not exactly one mail address", mail.sender, ADDR_SPEC
    yield "To is not exactly one mail address", mail.recipient, ADDR_SPEC
    yield "Reply-To is not exactly one mail address", mail.reply_to, ADDR_SPEC
    yield "the return path is not exactly one mail address", mail.return_path, ADDR_SPEC
    for message_id in (mail.message_id, *mail.references):
        yield "Message-ID or References does not have the form <left@right>", message_id, MESSAGE_ID
    yield "Auto-Submitted is not one word", mail.auto_submitted, AUTO_SUBMITTED
    yield "List-Unsubscribe is not a web address", mail.unsubscribe, WEB_ADDRESS
    yield "List-Help is not a web address", mail.page, WEB_ADDRESS
    yield "the reference is not one", mail.reference, REFERENCE
    yield "the idempotency key is not one line of visible ASCII", mail.idempotency_key, IDEMPOTENCY_KEY


def _headers(mail: Mail, letterhead: Letterhead) -> Iterator[str]:
    yield field("Message-ID", mail.message_id)
    yield field("Date", format_datetime(mail.date))
    yield address_field("From", mail.sender_name, mail.sender)
    yield field("To", mail.recipient)
    if mail.reply_to is not None:
        yield _reply_to(mail, mail.reply_to, tagged=letterhead.reply_tags)
    if mail.references:
        yield field("In-Reply-To", mail.references[-1])
        yield field("References", " ".join(mail.references))
    yield words_field("Subject", mail.subject)
    yield field("Auto-Submitted", mail.auto_submitted)
    yield from _list_headers(mail)
    if letterhead.idempotency_header and mail.idempotency_key:
        yield field(letterhead.idempotency_header, mail.idempotency_key)


def _reply_to(mail: Mail, address: str, *, tagged: bool) -> str:
    """Carry the reference in the name, where a reader sees it, and with tags in the address, where none can lose it."""
    if mail.reference is None:
        return field("Reply-To", address)
    local, _at, domain = address.rpartition("@")
    with_tag = f"{local}+{mail.reference}"
    if tagged and len(with_tag) <= LONGEST_LOCAL_PART:
        address = f"{with_tag}@{domain}"
    return address_field("Reply-To", f"{mail.sender_name} {mail.reference}".strip(), address)


def _list_headers(mail: Mail) -> Iterator[str]:
    """One click takes the reader off (RFC 8058); the page says what they get and how to change it (RFC 2369)."""
    if mail.unsubscribe is not None:
        yield field("List-Unsubscribe", f"<{mail.unsubscribe}>")
        yield field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    if mail.page is not None:
        yield field("List-Help", f"<{mail.page}>")


def _body(mail: Mail) -> bytes:
    mark = sha256(mail.message_id.encode("ascii")).hexdigest()[:24]
    alternatives = [text_part(mail.text, "plain"), text_part(mail.html, "html")]
    offered = _invitation(mail)
    if offered is not None:
        alternatives.append(text_part(str(offered.content), "calendar", offered.parameters))
    words = multipart("alternative", f"{mark}.a", alternatives)
    if not mail.attachments:
        return words
    return multipart("mixed", f"{mark}.m", [words, *map(_attached, mail.attachments)])


def _invitation(mail: Mail) -> Attachment | None:
    """Give the calendar file that mail programs are to offer beside the words, where there is one for them to take.

    Outlook looks for it among the alternatives only, Gmail there first; both take the first event of a file and leave
    out the others. So it stands there where it is the only calendar file of the mail and has one event, and says what
    it is in the file as on the part. All files are attached besides.
    """
    calendars = [each for each in mail.attachments if each.content_type == "text/calendar"]
    if len(calendars) != 1 or not isinstance(calendars[0].content, str):
        return None
    lines, method = calendars[0].content.splitlines(), calendars[0].parameters.get("method")
    is_one = lines.count("BEGIN:VEVENT") == 1 and f"METHOD:{method}" in lines
    return calendars[0] if is_one and method in CALENDAR_METHODS else None


def _attached(attachment: Attachment) -> bytes:
    if not CONTENT_TYPE.fullmatch(attachment.content_type):
        raise MailNotSendable("the content type of an attachment does not have the form main/sub")
    if not all(map(PARAMETER_NAME.fullmatch, attachment.parameters)):
        raise MailNotSendable("the name of a parameter of an attachment is not one word")
    maintype, _slash, subtype = attachment.content_type.partition("/")
    content, filename = attachment.content, attachment.filename
    if isinstance(content, bytes):
        return file_part(content, attachment.content_type, attachment.parameters, filename)
    if maintype == "text":
        return text_part(content, subtype, attachment.parameters, filename)
    return file_part(content.encode(), attachment.content_type, attachment.parameters, filename)
