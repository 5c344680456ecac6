"""Reading the parts of a mail that anybody may have written: nothing in it raises, and nothing is believed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

Mail = Message
"""A mail as it was parsed, whole or in part."""

MOST_PARTS = 200
MOST_OF_A_HEADER = 2_000
MOST_OF_A_TEXT = 100_000
"""Characters of a text that are looked at; ten times what is ever kept."""

_CHARSETS = re.compile(
    r"utf-?(8|16|16le|16be)|us-ascii|ascii|latin-?1|iso-?8859-\d{1,2}|windows-?125\d|cp-?125\d|cp850|koi8-[ru]"
    r"|macintosh|mac-roman|gb2312|gbk|gb18030|big5|shift_jis|euc-(jp|kr)|iso-2022-(jp|kr)"
)
"""The character sets that text may be in. Python knows more, some of which are no text at all."""
_FALLBACKS = ("utf-8", "cp1252")

_UNSEEN = re.compile("(?![\t\n])[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class MailUnreadable(ValueError):
    """The bytes cannot be taken apart as a mail."""


def parse(raw: bytes) -> Mail:
    """Take a mail apart. Raises MailUnreadable, such as for one that is nested without end."""
    try:
        message: Mail = message_from_bytes(raw, policy=policy.compat32)
        list(parts_of(message))
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, IndexError) as error:
        raise MailUnreadable(type(error).__name__) from None
    return message


def parts_of(message: Mail) -> Iterator[Mail]:
    """Give a mail and the parts in it, outermost first; no more than MOST_PARTS."""
    waiting, given = [message], 0
    while waiting and given < MOST_PARTS:
        part = waiting.pop(0)
        given += 1
        yield part
        waiting.extend(children_of(part))


def children_of(part: Mail) -> list[Mail]:
    """Give the parts that lie directly in a part."""
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []


def header(message: Mail, name: str) -> str:
    """Give a header as plain text on one line, or "" where there is none."""
    return _plain(message.get(name))


def headers(message: Mail, name: str) -> list[str]:
    """Give every header of a name as plain text."""
    return [_plain(each) for each in (message.get_all(name) or [])[:20]]


def addresses_in(message: Mail, *names: str) -> list[str]:
    """Give the bare addresses that headers of these names hold, as they are written."""
    said = [each for name in names for each in headers(message, name)]
    try:
        return [address for _name, address in getaddresses(said) if "@" in address]
    except RecursionError:  # brackets in brackets without end
        return []


def text_of(part: Mail) -> str:
    """Give the text of a part, decoded as well as can be, with line feeds and nothing that is no writing."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    return readable(_decoded(payload[: 4 * MOST_OF_A_TEXT], _charset(part))[:MOST_OF_A_TEXT])


def readable(text: str) -> str:
    """Give a text with line feeds alone, and without what is no writing; bytes that nobody could read are `?`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").replace("\x0c", "\n")
    return _UNSEEN.sub("", lines.replace("\u2028", "\n").replace("\u2029", "\n")).replace("\ufffd", "?")


def _charset(part: Mail) -> str | None:
    try:
        named = str(part.get_content_charset() or "")
    except (ValueError, LookupError, UnicodeError):
        return None
    return named if _CHARSETS.fullmatch(named) else None


def _decoded(content: bytes, charset: str | None) -> str:
    for each in (charset, *_FALLBACKS):
        if each is None:
            continue
        try:
            return content.decode(each)
        except (UnicodeError, LookupError):
            continue
    return content.decode("utf-8", "replace")


def _plain(value: object) -> str:
    if value is None:
        return ""
    said = str(value)[:MOST_OF_A_HEADER]
    with suppress(ValueError, LookupError, MessageError):
        said = str(make_header(decode_header(said)))
    return " ".join(readable(said).split())
