"""The signed link to a proposal: whoever holds it may read the proposal and accept it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from itsdangerous import BadSignature, Signer


@dataclass(frozen=True, slots=True)
class Named:
    """What a link names: one proposal, in the version that was sent."""

    proposal_id: UUID
    version: int


class ProposalLinks:
    """Signs with the first of `keys` and accepts all of them, so that they can be rotated.

    A link has no end of its own: the proposal has one, and its page then says so. It is short enough to be copied from
    paper.
    """

    def __init__(self, keys: Sequence[str], public_url: str) -> None:
        self._signer = Signer(list(reversed(keys)), salt="proposal-link")
        self._public_url = public_url

    def link(self, proposal_id: UUID, version: int) -> str:
        """Give the whole address of a proposal's page."""
        return f"{self._public_url}/proposals/{self.token(proposal_id, version)}"

    def token(self, proposal_id: UUID, version: int) -> str:
        """Give the signed part of the address."""
        brief = base64.urlsafe_b64encode(proposal_id.bytes).rstrip(b"=").decode()
        return self._signer.sign(f"{brief}~{version}").decode()

    def read(self, token: str) -> Named | None:
        """Give what a token names, or None where we did not sign it."""
        try:
            brief, _, version = self._signer.unsign(token).decode().partition("~")
            return Named(UUID(bytes=base64.urlsafe_b64decode(f"{brief}==")), int(version))
        except (BadSignature, ValueError, UnicodeError, binascii.Error):
            return None
