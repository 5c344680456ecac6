"""What a mail server, or a provider, says became of a mail: delivered, late, back for good, or complained of.

A report is worth no more than any mail, since anybody can write one. Here it is only read; whether it is believed is
for whoever knows the message it is about.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.parser import HeaderParser
from enum import StrEnum

from flufl.bounce import all_failures

from services.notifications.domain.mail_parts import Mail, children_of, header, parts_of, text_of
from services.notifications.domain.mailbox_codes import ABOUT_THE_MAILBOX, NO_SUCH_MAILBOX
from services.notifications.domain.messages import CAME_BACK
from services.notifications.domain.suppressing import normalise_address

# It tells every detector that it tries, and would log what it stumbles over.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)


class Fate(StrEnum):
    """What a report says of a mail."""

    DELIVERED = "delivered"
    DELAYED = "delayed"
    FAILED = "failed"
    PASSED_ON = "passed_on"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of one recipient. `addresses` are all the names it gives them, as they are compared.

    `status` is the code of RFC 3463, such as 5.1.1. `about_mailbox`: whether the address itself is at fault, and not a
    full mailbox, a policy, the mail's size or a line that was down.
    """

    fate: Fate
    addresses: frozenset[str]
    status: str | None = None
    about_mailbox: bool = False

    @property
    def why(self) -> str:
        """Say in words what the report says; no address, and no word of another server."""
        if self.status is None:
            return f"{CAME_BACK}: the mail server gave no reason that can be read."
        return f"{CAME_BACK} with {self.status}: {_meaning(self.status)}."


_MEANINGS = {
    "5.1.2": "there is no such mail domain",
    "5.2.1": "the mailbox is closed",
    "5.2.2": "the mailbox is full",
    "5.2.3": "the mail is too big for the mailbox",
    "5.3.4": "the mail is too big",
    "4.4.7": "it could not be delivered for too long",
}
_BY_CLASS = {"7": "a policy refused it", "4": "the way there was cut", "3": "the other mail system refused it"}

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY_CODE = re.compile(r"\b([45]\d\d)[ -]")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_A_MESSAGE_ID = re.compile(r"(?im)^[ \t>]*message-id:\s{0,3}(<[^<>\s]{3,200}>)")
_NOT_ABOUT_THE_MAILBOX = re.compile(
    r"(?i)quota|mailbox (is )?full|over.?size|too (large|big)|spam|policy|blocked|block ?list"
)
_COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "other"})
_MOST_OF_A_BOUNCE = 20_000


def reports_in(message: Mail) -> list[Report]:
    """Give what a mail reports by the standards, one report a recipient; none where it is no report."""
    return [report for part in parts_of(message) for report in _in_part(part)]


def is_report(message: Mail) -> bool:
    """Say whether a mail is a report by its own word, whatever can be read in it."""
    return message.get_content_type() == "multipart/report" or any(
        part.get_content_type() in _READERS for part in children_of(message)
    )


def reported_ids(message: Mail) -> list[str]:
    """Give the Message-IDs of the mails that a report says it is about."""
    found = [each for original in _originals(message) if (each := header(original, "Message-ID"))]
    found += [
        each
        for part in parts_of(message)
        if part.get_content_type() == "message/disposition-notification"
        for block in children_of(part)
        if (each := header(block, "Original-Message-ID"))
    ]
    if not found:
        found = _A_MESSAGE_ID.findall(_words(message))
    return found


def reported_senders(message: Mail) -> list[str]:
    """Give the envelope senders that the reported mails went out with, as a report repeats them."""
    found = [header(original, "Return-Path").strip("<> ") for original in _originals(message)]
    for part in parts_of(message):
        if part.get_content_type() == "message/feedback-report":
            found += [header(block, "Original-Mail-From").strip("<> ") for block in children_of(part)]
    return [each for each in found if each]


def _in_part(part: Mail) -> Iterator[Report]:
    read = _READERS.get(part.get_content_type())
    for block in children_of(part) if read else ():
        report = read(block) if read else None
        if report is not None:
            yield report


def _delivery(block: Mail) -> Report | None:
    """Read one recipient's lines of a delivery report (RFC 3464)."""
    said, diagnostic = header(block, "Status"), header(block, "Diagnostic-Code")
    status = _status(said, diagnostic)
    fate = _fate(header(block, "Action").lower(), status)
    if fate is None:
        return None
    fields = ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient")
    addresses = frozenset(each for field in fields for each in _addresses(header(block, field)))
    failed = fate is Fate.FAILED
    return Report(fate, addresses, status, failed and _is_about_the_mailbox(status, diagnostic))


def _fate(action: str, status: str | None) -> Fate | None:
    # Some servers put a comment after the word; OpenSMTPD says "error" of a failure.
    for word, fate in _ACTIONS.items():
        if action.startswith(word):
            return fate
    if action or status is None:
        return None
    return {"5": Fate.FAILED, "4": Fate.DELAYED, "2": Fate.DELIVERED}[status[0]]


_ACTIONS = {
    "fail": Fate.FAILED,
    "error": Fate.FAILED,
    "delay": Fate.DELAYED,
    "deliver": Fate.DELIVERED,
    # Passed on to a system that reports nothing, or to a list: it may still be lost.
    "relay": Fate.PASSED_ON,
    "expand": Fate.PASSED_ON,
}


def _receipt(block: Mail) -> Report | None:
    """Read a reader's receipt (RFC 8098): whatever was done with the mail, it had arrived."""
    if not header(block, "Disposition"):
        return None
    fields = ("Original-Recipient", "Final-Recipient")
    return Report(Fate.DELIVERED, frozenset(each for field in fields for each in _addresses(header(block, field))))


def _complaint(block: Mail) -> Report | None:
    """Read a provider's report that somebody called the mail unwanted (RFC 5965)."""
    if header(block, "Feedback-Type").lower() not in _COMPLAINTS:
        return None
    return Report(Fate.COMPLAINED, frozenset(_addresses(header(block, "Original-Rcpt-To"))))


_READERS = {
    "message/delivery-status": _delivery,
    "message/global-delivery-status": _delivery,
    "message/disposition-notification": _receipt,
    "message/feedback-report": _complaint,
}


def bounces_of_other_shapes(message: Mail) -> list[Report]:
    """Read a bounce that follows no standard, by the many shapes that Mailman has met in thirty years.

    Only for a mail that a mail server seems to have written: a person who quotes a bounce must not be taken for one.
    """
    try:
        temporary, permanent = all_failures(message)
    except Exception:
        # A detector stumbled over something that nobody foresaw: this is a mail we cannot read, no more.
        return []
    words = _words(message)[:_MOST_OF_A_BOUNCE]
    status = _status("", words)
    about_mailbox = _is_about_the_mailbox(status, words) if status else not _NOT_ABOUT_THE_MAILBOX.search(words)
    reports = [Report(Fate.FAILED, _one(address), status, about_mailbox) for address in sorted(permanent)]
    return reports + [Report(Fate.DELAYED, _one(address), None) for address in sorted(temporary - permanent)]


def _one(address: bytes) -> frozenset[str]:
    return frozenset({normalise_address(address.decode("ascii", "replace"))})


def _status(said: str, diagnostic: str) -> str | None:
    """Give the status of RFC 3463: that of the report, or the server's own where the report's tells nothing."""
    first, second = _STATUS.search(said), _STATUS.search(diagnostic[:_MOST_OF_A_BOUNCE])
    if first and second and first[0].endswith(".0.0"):
        return second[0]
    chosen = first or second
    return chosen[0] if chosen else None


def _is_about_the_mailbox(status: str | None, diagnostic: str) -> bool:
    if status is not None and not status.endswith(".0.0"):
        return status in ABOUT_THE_MAILBOX
    code = _REPLY_CODE.search(diagnostic)
    return code is not None and code[1] in NO_SUCH_MAILBOX and not _NOT_ABOUT_THE_MAILBOX.search(diagnostic)


def _meaning(status: str) -> str:
    if status in _MEANINGS:
        return _MEANINGS[status]
    if status in ABOUT_THE_MAILBOX:
        return "there is no such mailbox"
    return _BY_CLASS.get(status.split(".")[1], "the mail server refused it for good")


def _addresses(field: str) -> list[str]:
    """Give the address in a field such as `rfc822;alex@risley.example`, as it is compared.

    An Original-Recipient may be written in xtext, where `+2B` stands for a plus sign: both ways of reading are given.
    """
    bare = field.rpartition(";")[2].strip().strip("<>").strip()
    if "@" not in bare:
        return []
    return sorted({normalise_address(bare), normalise_address(_XTEXT.sub(lambda found: chr(int(found[1], 16)), bare))})


def _originals(message: Mail) -> Iterator[Mail]:
    """Give the reported mails, or their headers alone, as far as a report holds them."""
    for part in parts_of(message):
        kind = part.get_content_type()
        if kind in {"message/rfc822", "message/global"}:
            yield from children_of(part)
        elif kind in {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}:
            yield from children_of(part) or _headers_in(part)


def _headers_in(part: Mail) -> list[Mail]:
    try:
        return [HeaderParser().parsestr(text_of(part).lstrip("\n"))]
    except (MessageError, ValueError):
        return []


def _words(message: Mail) -> str:
    texts = (text_of(part) for part in parts_of(message) if part.get_content_type() == "text/plain")
    return "\n".join(texts)
