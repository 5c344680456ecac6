"""The parts of a mail as they travel (RFC 2045, 2046): text in any language, files, and parts that hold parts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping

from services.notifications.channels.header_fields import field, with_parameters


def text_part(
    content: str, subtype: str, parameters: Mapping[str, str] | None = None, filename: str | None = None
) -> bytes:
    """Give a part of text; with a `filename` it is an attachment.

    Quoted-printable, because a server that takes no 8-bit bodies must still be able to take it.
    """
    header = with_parameters("Content-Type", f"text/{subtype}", {"charset": "utf-8", **(parameters or {})})
    header += field("Content-Transfer-Encoding", "quoted-printable")
    return _with_header(header, _quoted_printable(content), filename)


def file_part(content: bytes, content_type: str, parameters: Mapping[str, str], filename: str) -> bytes:
    """Give an attachment of bytes."""
    header = with_parameters("Content-Type", content_type, dict(parameters))
    header += field("Content-Transfer-Encoding", "base64")
    return _with_header(header, base64.encodebytes(content).replace(b"\n", b"\r\n"), filename)


def multipart(subtype: str, mark: str, parts: Iterable[bytes]) -> bytes:
    """Give a part that holds others. `mark` tells its boundary from those of parts within.

    Neither encoding writes "=_", so no line of a part is ever taken for the boundary.
    """
    boundary = f"=_{mark}"
    header = with_parameters("Content-Type", f"multipart/{subtype}", {"boundary": boundary})
    line = f"--{boundary}".encode("ascii")
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts)
    return header.encode("ascii") + b"\r\n" + body + line + b"--\r\n"


def _with_header(header: str, body: bytes, filename: str | None) -> bytes:
    if filename is not None:
        header += with_parameters("Content-Disposition", "attachment", {"filename": filename})
    return header.encode("ascii") + b"\r\n" + body


def _quoted_printable(content: str) -> bytes:
    lines = content.replace("\r\n", "\n").replace("\r", "\n")
    if not lines.endswith("\n"):
        lines += "\n"
    # Half a surrogate is no character; it must not keep the rest from its reader.
    return binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True).replace(b"\n", b"\r\n")
