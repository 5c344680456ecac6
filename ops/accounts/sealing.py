"""Seals the secrets of authenticator apps: who reads the database alone cannot make their codes.

The key is derived from the settings' secret keys (HKDF, SHA-256). The first key seals; all of them open, so that keys
can be rotated. A sealed secret names whose it is: moved to another's row, it opens nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ops.accounts.second_factor import is_secret

_FOR = b"keytalk: secrets of authenticator apps"


class CannotOpen(Exception):
    """What is kept was sealed with a key that is not among the settings' any more, or is another's."""


class Seal:
    """Seals and opens with the settings' secret keys, the first of which is in use."""

    def __init__(self, keys: Sequence[str]) -> None:
        ours = [Fernet(_derived(key)) for key in keys]
        self._newest, self._all = ours[0], MultiFernet(ours)

    def seal(self, secret: str, whose: UUID) -> str:
        """Give a secret as it is kept."""
        return self._newest.encrypt(f"{whose}:{secret}".encode()).decode()

    def open(self, kept: str, whose: UUID) -> str:
        """Give a secret back; one that was kept before there were seals is as it is. Raises `CannotOpen`."""
        if is_secret(kept):
            return kept
        try:
            owner, _colon, secret = self._all.decrypt(kept.encode()).decode().partition(":")
        except InvalidToken:
            raise CannotOpen from None
        if owner != str(whose):
            raise CannotOpen
        return secret

    def is_outdated(self, kept: str) -> bool:
        """Say whether it had better be sealed anew: it is not sealed yet, or with another key than the first."""
        try:
            self._newest.decrypt(kept.encode())
        except InvalidToken:
            return True
        return False


def _derived(key: str) -> bytes:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=_FOR).derive(key.encode())
    return base64.urlsafe_b64encode(made)
