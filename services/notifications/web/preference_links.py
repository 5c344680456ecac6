"""The signed links by which somebody chooses how they are written to, without a login."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from uuid import UUID

from itsdangerous import BadSignature, Signer

from services.notifications.web.app import PATH

_KINDS = {"c": "contact", "f": "facilitator", "e": "enquirer"}
_LETTERS = {kind: letter for letter, kind in _KINDS.items()}
_KEY = re.compile(r"[A-Za-z0-9-]{1,60}", re.ASCII)


class PreferenceLinks:
    """Signs with the first of `keys` and accepts all of them, so that they can be rotated.

    A link names a person by an id and has no end. The page's token opens nothing at the one-click address, nor the
    other way round.
    """

    def __init__(self, keys: Sequence[str], public_url: str) -> None:
        oldest_first = list(reversed(keys))
        self._page = Signer(oldest_first, salt="preferences-page")
        self._one_click = Signer(oldest_first, salt="preferences-one-click")
        self._public_url = public_url

    def page(self, person: str) -> str:
        """Give the whole address of somebody's page.

        `person` is `contact:ID`, `facilitator:ID` or `enquirer:REFERENCE`. Raises `ValueError` for anybody else.
        """
        return f"{self._public_url}{PATH}/{self.token(person)}"

    def one_click(self, person: str) -> str:
        """Give the whole address for List-Unsubscribe (RFC 8058). Raises `ValueError` as `page` does."""
        return f"{self._public_url}{PATH}/stop/{self.one_click_token(person)}"

    def token(self, person: str) -> str:
        """Give the signed part of the page's address."""
        return self._page.sign(_brief(person)).decode()

    def one_click_token(self, person: str) -> str:
        """Give the signed part of the one-click address."""
        return self._one_click.sign(_brief(person)).decode()

    def read(self, token: str) -> str | None:
        """Give the person that a page's token names, or None where we did not sign it."""
        return _unsigned(self._page, token)

    def read_one_click(self, token: str) -> str | None:
        """Give the person that a one-click token names, or None where we did not sign it."""
        return _unsigned(self._one_click, token)


def _brief(person: str) -> str:
    """Write a person's id short: a UUID takes 22 characters."""
    kind, _colon, key = person.partition(":")
    if kind not in _LETTERS or not _KEY.fullmatch(key):
        raise ValueError(f"{person!r} is nobody who could choose how they are written to")
    try:
        return _LETTERS[kind] + base64.urlsafe_b64encode(UUID(key).bytes).rstrip(b"=").decode()
    except ValueError:
        return f"{_LETTERS[kind]}~{key}"


def _unsigned(signer: Signer, token: str) -> str | None:
    try:
        brief = signer.unsign(token).decode()
        kind, key = _KINDS[brief[:1]], brief[1:]
        if key.startswith("~"):
            return f"{kind}:{key[1:]}"
        return f"{kind}:{UUID(bytes=base64.urlsafe_b64decode(f'{key}=='))}"
    except (BadSignature, KeyError, ValueError, UnicodeError, binascii.Error):
        return None
