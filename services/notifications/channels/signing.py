"""DKIM (RFC 6376): each mail is signed for the domain of its sender, so that a server sees it is ours and unchanged."""

from __future__ import annotations

from pathlib import Path

import dkim
from dkim.crypto import UnparsableKeyError, parse_pem_private_key

SIGNED = (
    *(b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references"),
    *(b"mime-version", b"content-type", b"content-transfer-encoding", b"auto-submitted"),
    *(b"list-unsubscribe", b"list-unsubscribe-post", b"list-help"),
)
"""What is signed where the mail has it. RFC 8058 asks for both headers of the one click."""
ONCE_ONLY = (b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type")
"""What is signed once more than the mail has it: another one put in on the way breaks the signature."""
SMALLEST_KEY = 1024
"""Bits. Verifiers refuse shorter keys (RFC 8301, 3.2)."""


class DkimSigner:
    """A key and the name that its public half is found by in the DNS: `selector._domainkey.domain`.

    Raises ValueError naming KEYTALK_DKIM_KEY_FILE, and never quoting the key.
    """

    def __init__(self, key: bytes, *, selector: str, domain: str) -> None:
        self._key = key.replace(b"\r\n", b"\n")
        self._selector = selector.encode("ascii")
        self._domain = domain.encode("ascii")
        self._check()

    def signed(self, content: bytes) -> bytes:
        """Give a mail with its signature before it. `content` is the mail as it travels, before dots are doubled."""
        there = {line.partition(b":")[0].strip().lower() for line in content.partition(b"\r\n\r\n")[0].splitlines()}
        headers = [*(name for name in SIGNED if name in there), *ONCE_ONLY]
        signature: bytes = dkim.sign(
            content,
            self._selector,
            self._domain,
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=headers,
        )
        return signature + content

    def _check(self) -> None:
        try:
            modulus = parse_pem_private_key(self._key)["modulus"]
            self.signed(b"From: someone@mail.example\r\n\r\n\r\n")
        except (UnparsableKeyError, dkim.DKIMException, ValueError, LookupError, ArithmeticError):
            raise _unusable("it is not an RSA private key in PEM") from None
        if modulus.bit_length() < SMALLEST_KEY:
            raise _unusable(f"the key is shorter than {SMALLEST_KEY} bits")


def read_signer(path: Path, *, selector: str, domain: str) -> DkimSigner:
    """Read the key from its file. Raises ValueError naming KEYTALK_DKIM_KEY_FILE."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise _unusable(f"it cannot be read: {error.strerror}") from None
    return DkimSigner(key, selector=selector, domain=domain)


def _unusable(why: str) -> ValueError:
    return ValueError(f"KEYTALK_DKIM_KEY_FILE: {why}")
