"""Header fields as they travel: each folded and ended as RFC 5322 asks, so that what was meant is what is read.

The library's own writing does two things that no reader undoes: it makes an encoded word of a long Message-ID or web
address, and it loses the space between two encoded words.
"""

from __future__ import annotations

import re
from email.header import Header
from email.utils import encode_rfc2231

LONGEST_LINE = 78
LONGEST_ENCODED = 75
"""Characters that an encoded word may have (RFC 2047, 2)."""
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&+.^_`{|}~-]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def field(name: str, value: str) -> str:
    """Give a field of ASCII words, which stay as they are: lines are broken between them only."""
    words = value.split(" ")
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        # A line of nothing but space would end the header for some readers.
        if word and len(lines[-1]) + 1 + len(word) > LONGEST_LINE and lines[-1].strip():
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}"
    return "\r\n".join(lines) + "\r\n"


def words_field(name: str, text: str) -> str:
    """Give a field of words in any language."""
    return field(name, _encoded(name, text) if _is_to_encode(text) else text)


def address_field(name: str, display_name: str, address: str) -> str:
    """Give a field of one bare address with a name, in any language, beside it."""
    if not display_name:
        return field(name, address)
    if _is_to_encode(display_name):
        written = _encoded(name, display_name)
    else:
        written = display_name if _ATOMS.fullmatch(display_name) else _quoted(display_name)
    return field(name, f"{written} <{address}>")


def with_parameters(name: str, value: str, parameters: dict[str, str]) -> str:
    """Give a field with parameters, such as a content type, each on a line of its own; values in any language."""
    return ";\r\n ".join([f"{name}: {value}", *(_parameter(*each) for each in parameters.items())]) + "\r\n"


def _parameter(name: str, value: str) -> str:
    if not value.isascii():
        return f"{name}*={encode_rfc2231(value, 'utf-8')}"
    if _TOKEN.fullmatch(value):
        return f"{name}={value}"
    return f"{name}={_quoted(value)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_to_encode(text: str) -> bool:
    # What looks encoded and is not would be read as if it were.
    return not text.isascii() or "=?" in text


def _encoded(name: str, text: str) -> str:
    return Header(text, "utf-8", maxlinelen=LONGEST_ENCODED, header_name=name).encode(linesep="")
