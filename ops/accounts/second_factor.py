"""Codes from an authenticator app (TOTP, RFC 6238): six digits, a new one every 30 seconds."""

from __future__ import annotations

import hmac
import re
from datetime import datetime

import pyotp

STEP = 30
"""Seconds that a code is shown for."""
DRIFT = 1
"""Steps before and after now whose code is taken: clocks of phones differ."""
ISSUER = "Keytalk"


def new_secret() -> str:
    """Make the secret that the app and Keytalk share, in base 32."""
    return pyotp.random_base32()


def is_secret(secret: str) -> bool:
    """Say whether this may be a secret that `new_secret` made."""
    return re.fullmatch(r"[A-Z2-7]{32}", secret) is not None


def address_of(secret: str, name: str) -> str:
    """Give the `otpauth://` address that an app takes."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def step_of_code(secret: str, code: str, now: datetime, last_step: int | None) -> int | None:
    """Give the step whose code this is, or None where it is none, or one that was used already or before the last."""
    digits = code.replace(" ", "")
    current = int(now.timestamp()) // STEP
    totp = pyotp.TOTP(secret)
    for step in range(current - DRIFT, current + DRIFT + 1):
        right = totp.at(step * STEP)
        if hmac.compare_digest(right.encode(), digits.encode("utf-8", "surrogatepass")):
            return step if last_step is None or step > last_step else None
    return None
