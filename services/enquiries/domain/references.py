"""The reference an enquirer is given: random, short, and clear when read aloud or copied by hand."""

from __future__ import annotations

import re
from collections.abc import Callable

from shared.errors import Refused

# Left out is what looks alike (0 O, 1 I L, 5 S, 2 Z, 8 B and U V: the digits stay), what sounds alike (B C D
# E G P rhyme with T, N with M, J with K) and what would make words (vowels, Y). 17 to the power of 6 is 24
# million: few enough to say, many enough that a repeat is rare. Source: domain notes, section 4, "Reference
# style".
ALPHABET = "23456789FHKMQRTWX"

_SIX = re.compile(r"(?:KT)?([A-Z0-9]{4})([A-Z0-9]{2})")
_BETWEEN = re.compile(r"[\W_]+")


def new_reference(choose: Callable[[str], str]) -> str:
    """Make a reference such as `KT-7F3K-92`.

    `choose` takes the alphabet and gives one character of it, by chance that nobody can foretell. Two
    calls may give the same reference: whoever stores it tries again then. It opens nothing by itself.
    """
    drawn = "".join(choose(ALPHABET) for _ in range(6))
    return f"KT-{drawn[:4]}-{drawn[4:]}"


def normalise_reference(text: str) -> str:
    """Give a reference as we write it, from however it was typed: any case, spaces, dashes missing.

    Text that is no reference comes back in capitals, so that looking it up finds nothing.

    >>> normalise_reference(" kt 7f3k92 ")
    'KT-7F3K-92'
    """
    bare = _BETWEEN.sub("", text).upper()
    found = _SIX.fullmatch(bare)
    return f"KT-{found[1]}-{found[2]}" if found else text.strip().upper()


def not_found(reference: str) -> Refused:
    """Give the refusal for a reference that no enquiry has."""
    return Refused("not_found", f"There is no enquiry {reference}. Look at the reference again, letter by letter.")
