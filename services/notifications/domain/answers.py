"""What came back by mail: of which kind it is, what it may be about, and what it says.

Everything in a mail may be made up by whoever sent it. Nothing here is believed: it is read, and others decide what a
mail of that kind may bring about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from uuid import UUID

from services.notifications.domain.bounces import (
    Fate,
    Report,
    bounces_of_other_shapes,
    is_report,
    reported_ids,
    reported_senders,
    reports_in,
)
from services.notifications.domain.mail_parts import (
    Mail,
    addresses_in,
    header,
    headers,
    parse,
    parts_of,
    text_of,
)
from services.notifications.domain.reply_words import Said, said_in
from services.notifications.domain.suppressing import normalise_address


class Kind(StrEnum):
    """What a mail is. `own` is one of ours that came along, `circular` is for many: neither is an answer."""

    REPORT = "report"
    COMPLAINT = "complaint"
    AUTOMATIC = "automatic"
    CIRCULAR = "circular"
    OWN = "own"
    REPLY = "reply"
    UNREADABLE = "unreadable"


_NOTHING = Said("", ())


@dataclass(frozen=True, slots=True)
class Answer:
    """A mail that came back, read.

    `mark` is the same for every copy of it. `sender` is who it says that it is from. What it may be about: `token` is
    the message that its envelope names (VERP), which only whoever has seen that message's envelope can know; `ids` are
    Message-IDs it answers or repeats, the nearest first; `reference` is an enquiry's that it is addressed or headed by.
    """

    kind: Kind
    mark: str
    sender: str | None = None
    token: UUID | None = None
    ids: tuple[str, ...] = ()
    reference: str | None = None
    reports: tuple[Report, ...] = ()
    subject: str = ""
    said: Said = _NOTHING


MOST_IDS = 50

# Most specific first. To and Cc last: anybody writes there what they like, but so they do elsewhere.
_ENVELOPE = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "To", "Cc")
_ADDRESSED = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")

_REFERENCE = re.compile(
    r"(?<![A-Z0-9])KT[-_ ]?([2-9FHKMQRTWX]{4})[-_ ]?([2-9FHKMQRTWX]{2})(?![A-Z0-9])",
    re.IGNORECASE,
)
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,200}>")
_MACHINES = re.compile(r"(?i)(mailer-daemon|mail-daemon|maildaemon|postmaster|double-bounce)\b")
_NO_REPLY = re.compile(r"(?i)(no|do-?not)[-_.]?reply")
_AWAY = re.compile(
    r"(?i)\b(out of (the )?office|automatic reply|auto-?(matic)?[ -]?(reply|response)|on leave|away from"
    r"|allan o.r swyddfa|ateb awtomatig)\b"
)
_HINTS_AT_A_MACHINE = (
    "X-Auto-Response-Suppress",
    "X-MS-Exchange-Generated-Message-Source",
    "X-MS-Exchange-Inbox-Rules-Loop",
    "X-Loop",
)
_SAID_BY_A_MACHINE = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-AutoReply-From",
    "X-Mail-Autoreply",
    "X-FC-MachineGenerated",
)
_ACCEPTED = re.compile(r"(?im)^METHOD:REPLY\s*$[\s\S]*PARTSTAT=ACCEPTED")
_OPENING = 65_536
"""Bytes of a mail in which a bounce of an older shape says what it has to say."""


def mark_of(message_id: str, date: str) -> str | None:
    """Give the mark of a mail by its headers Message-ID and Date, or None where it has no Message-ID.

    The date counts too: some servers give every report about a mail that mail's own Message-ID.
    """
    bare = "".join(message_id.split())
    return _digest("id", f"{bare}\x1f{' '.join(date.split())}".encode(errors="replace")) if bare else None


def read(raw: bytes, *, token_in: Callable[[str], UUID | None], ours: Collection[str]) -> Answer:
    """Read a mail, or as much as was fetched of it.

    `token_in` gives the message that an envelope address names (see `channels/verp.py`); `ours` are the addresses that
    our own mail comes from. Never raises: what cannot be read is of the kind `unreadable`, and holds up no other mail.
    """
    try:
        return _read(parse(raw), raw, token_in, ours)
    except Exception:
        return Answer(Kind.UNREADABLE, _digest("content", raw))


def _read(message: Mail, raw: bytes, token_in: Callable[[str], UUID | None], ours: Collection[str]) -> Answer:
    sender = _sender(message, ours)
    token = _token(message, token_in)
    kind, reports = _kind_of(message, raw, sender, ours)
    is_report_like = kind in {Kind.REPORT, Kind.COMPLAINT}
    has_words = kind in {Kind.REPLY, Kind.AUTOMATIC}
    return Answer(
        kind=kind,
        mark=mark_of(str(message.get("Message-ID") or ""), str(message.get("Date") or "")) or _digest("content", raw),
        sender=normalise_address(sender) if sender else None,
        token=token,
        ids=tuple(islice(_ids(message, is_report_like), MOST_IDS)),
        reference=_reference(message),
        reports=tuple(reports),
        subject=header(message, "Subject")[:200],
        said=said_in(message) if has_words else _NOTHING,
    )


def _kind_of(message: Mail, raw: bytes, sender: str | None, ours: Collection[str]) -> tuple[Kind, list[Report]]:
    if is_report(message):
        reports = reports_in(message)
        complains = any(report.fate is Fate.COMPLAINED for report in reports)
        return (Kind.COMPLAINT if complains else Kind.REPORT), reports
    if _is_one_of(sender, ours):
        return Kind.OWN, []
    if _is_from_a_mail_server(message, sender):
        bounces = bounces_of_other_shapes(parse(raw[:_OPENING]))
        if bounces:
            return Kind.REPORT, bounces
    if _is_automatic(message, sender):
        return Kind.AUTOMATIC, []
    return (Kind.CIRCULAR if _is_for_many(message) else Kind.REPLY), []


def _sender(message: Mail, ours: Collection[str]) -> str | None:
    """Give who it is from. A list may put its own address there, which may be ours, and theirs into another header."""
    sender = next(iter(addresses_in(message, "From")), None)
    if _is_one_of(sender, ours):
        return next(iter(addresses_in(message, "X-Original-From", "X-Original-Sender")), sender)
    return sender


def _is_one_of(sender: str | None, ours: Collection[str]) -> bool:
    return sender is not None and normalise_address(sender) in {normalise_address(each) for each in ours}


def _is_from_a_mail_server(message: Mail, sender: str | None) -> bool:
    """Say whether a mail server names itself as the author; an empty return path is what any automatic answer has."""
    return _MACHINES.match(sender or "") is not None or "mail delivery" in header(message, "From").lower()


def _has_no_return_path(message: Mail) -> bool:
    return header(message, "Return-Path").replace(" ", "") == "<>"


def _is_automatic(message: Mail, sender: str | None) -> bool:
    """Say whether a machine wrote it (RFC 3834); its subject alone proves nothing, since people answer such mail."""
    auto = header(message, "Auto-Submitted").lower()
    if auto and not auto.startswith("no"):
        return True
    if header(message, "Precedence").lower() in {"auto_reply", "auto-reply", "junk"}:
        return True
    if any(header(message, name) for name in _SAID_BY_A_MACHINE) or _has_no_return_path(message):
        return True
    if sender is None or _MACHINES.match(sender) or _NO_REPLY.match(sender):
        return True
    hinted = any(message.get(name) is not None for name in _HINTS_AT_A_MACHINE)
    return (hinted and _AWAY.search(header(message, "Subject")) is not None) or _accepts_an_invitation(message)


def _accepts_an_invitation(message: Mail) -> bool:
    """Say whether a calendar answered that its owner comes: good to know, and nothing to answer."""
    calendars = [part for part in parts_of(message) if part.get_content_type() == "text/calendar"]
    return bool(calendars) and _ACCEPTED.search(text_of(calendars[0])[:_OPENING]) is not None


def _is_for_many(message: Mail) -> bool:
    """Say whether it went to many and answers nobody; a team's mailbox may be a list itself, with answers in it."""
    if header(message, "In-Reply-To") or _reference(message) is not None:
        return False
    if header(message, "Precedence").lower() in {"list", "bulk"}:
        return True
    return any(header(message, name) for name in ("List-Id", "List-Post", "List-Unsubscribe"))


def _token(message: Mail, token_in: Callable[[str], UUID | None]) -> UUID | None:
    addresses = [*addresses_in(message, *_ENVELOPE), *(reported_senders(message) if is_report(message) else ())]
    return next((token for each in addresses if (token := token_in(each)) is not None), None)


def _ids(message: Mail, is_report_like: bool) -> Iterator[str]:
    """Give the Message-IDs that a mail is about: those it reports, or those it answers with the nearest first."""
    if is_report_like:
        yield from (each for said in reported_ids(message) for each in _MESSAGE_ID.findall(said))
    yield from _MESSAGE_ID.findall(header(message, "In-Reply-To"))
    yield from reversed(_MESSAGE_ID.findall(header(message, "References")))


def _reference(message: Mail) -> str | None:
    """Give the enquiry's reference that a mail is addressed by, or else headed by; None where there are several."""
    said = [each for name in _ADDRESSED for each in headers(message, name)]
    return _only(said) or _only([header(message, "Subject")])


def _only(texts: list[str]) -> str | None:
    found = {f"KT-{each[1]}-{each[2]}".upper() for text in texts for each in _REFERENCE.finditer(text)}
    return found.pop() if len(found) == 1 else None


def _digest(kind: str, content: bytes) -> str:
    return sha256(kind.encode() + b"\x1f" + content).hexdigest()
