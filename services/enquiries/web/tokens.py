"""Signed values that the form carries: no session and no cookie stands behind them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from shared.clock import Clock, machine_clock


class Tokens:
    """Signs with the first of `keys` and accepts all of them, so that they can be rotated."""

    def __init__(self, keys: Sequence[str], clock: Clock = machine_clock) -> None:
        self._clock = clock
        oldest_first = list(reversed(keys))
        self._forms = URLSafeTimedSerializer(oldest_first, salt="enquiry-form")
        self._references = URLSafeSerializer(oldest_first, salt="enquiry-reference")

    def new_form(self) -> str:
        """Give the token of a form that is shown for the first time."""
        return _text(self._forms.dumps(secrets.token_urlsafe(12)))

    def is_form(self, token: str) -> bool:
        """Say whether we made this token. It has no end: a form may stay open over a weekend."""
        return self._form_id(token) is not None

    def form_key(self, token: str, answers: Mapping[str, Any], today: date) -> str:
        """Give the idempotency key of a form post.

        Pressing the button twice sends the same answers and so has the same key. Going back, changing an answer
        and sending again is another enquiry, and has another key. A form on somebody's website has no token of ours:
        there the same answers on the same day are one enquiry.
        """
        digest = hashlib.sha256(json.dumps(answers, sort_keys=True, default=str).encode()).hexdigest()
        return f"form-{self._form_id(token) or today.isoformat()}-{digest[:32]}"

    def seconds_since_shown(self, token: str) -> float | None:
        """Give how long ago the form was first shown, or None where the token is not ours."""
        try:
            _, shown = self._forms.loads(token, return_timestamp=True)
        except BadData:
            return None
        return max(0.0, float((self._clock() - shown).total_seconds()))

    def sign_reference(self, reference: str) -> str:
        """Give a reference as the address of its thank-you page carries it."""
        return _text(self._references.dumps(reference))

    def signed_reference(self, signed: str) -> str | None:
        """Give the reference back, or None where we did not sign it: the page repeats no stranger's words."""
        return _text_in(self._references, signed)

    def _form_id(self, token: str) -> str | None:
        return _text_in(self._forms, token)


def _text_in(serializer: URLSafeSerializer | URLSafeTimedSerializer, token: str) -> str | None:
    try:
        return str(serializer.loads(token))
    except BadData:
        return None


def _text(signed: str | bytes) -> str:
    return signed if isinstance(signed, str) else signed.decode()
