"""How an address is remembered that turned mail down for good: as a keyed hash, never as itself."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Sequence
from hashlib import sha256


def normalise_address(text: str) -> str:
    """Give an address in the one form in which it is compared: composed, without space around it, in small letters.

    >>> normalise_address(" Alex.Morgan@Risley.example ")
    'alex.morgan@risley.example'
    """
    return unicodedata.normalize("NFC", text).strip().casefold()


def address_hashes(keys: Sequence[str], address: str) -> list[str]:
    """Give the hashes of an address under each of the settings' secret keys, the newest first.

    HMAC-SHA256 in hexadecimal: without a key nobody can try addresses out against what is stored. The first is the one
    to store; all of them are looked for, so that changing the key lets nobody be written to again.
    """
    said = b"keytalk suppressed address\x1f" + normalise_address(address).encode()
    return [hmac.new(key.encode(), said, sha256).hexdigest() for key in keys]
