"""Passwords: which ones do, and how one is kept and checked (argon2id, RFC 9106's second recommended setting)."""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from shared.errors import Refused

SHORTEST, LONGEST = 12, 128
"""Characters: long enough to be hard to guess, and no longer than a hash is quickly made of."""
STRONG_ENOUGH = 3
"""Of zxcvbn's 0 to 4: more than 10^8 guesses. It knows the common passwords, names, dates and keyboard rows."""

_hasher = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$petoiEixTIZdjVPHrhP/Dw$SinimZGNN8ZfU69i1OdJ1TiC6mNLbAYFeCCmo1wfUek"
"""Checked where there is no operator, so that this takes as long as a wrong password. Nobody knows what it is of."""


def hash_password(password: str) -> str:
    """Give what is kept of a password. It takes about a twentieth of a second: not on the event loop."""
    return _hasher.hash(_bytes(password))


def is_password(password: str, kept: str | None) -> bool:
    """Say whether a password is the one that was kept; with none kept it takes as long and is False."""
    try:
        return _hasher.verify(kept or NOBODYS, _bytes(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Say whether a hash was made with older settings, and is to be made anew at the next sign-in."""
    return _hasher.check_needs_rehash(kept)


def check_password(password: str, about: tuple[str, ...] = ()) -> None:
    """Raise `Refused("invalid")` for a password that is too easy to guess; `about` are words about its owner."""
    words = _what_is_wrong(password, (*about, "keytalk"))
    if words:
        raise Refused("invalid", words, {"password": [words]})


def _bytes(password: str) -> bytes:
    """Give the same bytes for the same letters: keyboards write an accent with its letter, or after it (NFKC)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _what_is_wrong(password: str, about: tuple[str, ...]) -> str | None:
    if len(password) < SHORTEST:
        return (
            f"Please choose a password of {SHORTEST} characters or more. A few words that belong only to you do well."
        )
    if len(password) > LONGEST:
        return f"Please choose a password of at most {LONGEST} characters."
    if zxcvbn(password, user_inputs=list(about), max_length=LONGEST)["score"] < STRONG_ENOUGH:
        return "That password would be found by guessing. Please choose another: three or four unrelated words do well."
    return None
