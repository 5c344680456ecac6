"""The signed link to an offer: whoever holds it may read the offer, and say yes or no."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from uuid import UUID

from itsdangerous import BadSignature, Signer

from services.scheduling.web.app import PATH


class OfferLinks:
    """Signs with the first of `keys` and accepts all of them, so that they can be rotated.

    A link has no end of its own: the offer has one, and its page then says so.
    """

    def __init__(self, keys: Sequence[str], public_url: str) -> None:
        self._signer = Signer(list(reversed(keys)), salt="offer-link")
        self._public_url = public_url

    def link(self, offer_id: UUID) -> str:
        """Give the whole address of an offer's page."""
        return f"{self._public_url}{PATH}/offers/{self.token(offer_id)}"

    def token(self, offer_id: UUID) -> str:
        """Give the signed part of the address."""
        return self._signer.sign(base64.urlsafe_b64encode(offer_id.bytes).rstrip(b"=")).decode()

    def read(self, token: str) -> UUID | None:
        """Give the offer that a token names, or None where we did not sign it."""
        try:
            brief = self._signer.unsign(token).decode()
            return UUID(bytes=base64.urlsafe_b64decode(f"{brief}=="))
        except (BadSignature, ValueError, UnicodeError, binascii.Error):
            return None
