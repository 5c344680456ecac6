"""The plain words that an enquiry is found by, and those that somebody looks for.

Both go through the same mill, so that "Môn", "MON" and "mon." are one word. What is looked for may be the beginning of
a word, and all of it must be there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from services.enquiries.domain.references import ALPHABET, normalise_reference

LONGEST_WORD = 60
"""Characters of a word that are looked at. What is longer is no word that somebody would type twice."""
MOST_WORDS_ASKED = 12

_OF_A_REFERENCE = f"[{ALPHABET.lower()}]"
_REFERENCE = re.compile(rf"\bkt ?({_OF_A_REFERENCE}{{4}}) ?({_OF_A_REFERENCE}{{2}})\b")
_WRITTEN_REFERENCE = re.compile(rf"KT-[{ALPHABET}]{{4}}-[{ALPHABET}]{{2}}")
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`]")
_BETWEEN = re.compile(r"[\W_]+")
# Letters that are of one piece, which no decomposition takes their stroke from.
_OF_ONE_PIECE = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_SAID_OF_EVERY_ENQUIRY = frozenset({"kt"})


def plain_words(*texts: str | None) -> list[str]:
    """Give the words of texts, each once, in the order they come: small letters and digits, without accents.

    >>> plain_words("Ffion Môn, O'Brien", "re: KT-7F3K-92", None)
    ['ffion', 'mon', 'obrien', 're', '7f3k92']
    """
    bare = _bare("\n".join(text for text in texts if text))
    joined = _REFERENCE.sub(r"\1\2", bare)
    words = dict.fromkeys(word[:LONGEST_WORD] for word in joined.split() if word not in _SAID_OF_EVERY_ENQUIRY)
    return list(words)


def _bare(text: str) -> str:
    folded = _APOSTROPHES.sub("", text).casefold()
    if not folded.isascii():  # most texts are, and are done at a fraction of the cost
        apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", folded).casefold())
        folded = "".join(character for character in apart if not _is_a_mark(character)).translate(_OF_ONE_PIECE)
    return _BETWEEN.sub(" ", folded)


@lru_cache(maxsize=4096)
def _is_a_mark(character: str) -> bool:
    """Whether a character takes no place of its own: an accent, a joiner, a mark of direction."""
    return unicodedata.category(character) in {"Mn", "Me", "Cf"}


def entry_of(words: Iterable[str]) -> str:
    """Give words as an entry keeps them: a space before each, so that every beginning of a word is after a space."""
    return "".join(f" {word}" for word in words)


def words_asked(text: str) -> list[str]:
    """Give the beginnings of words that a search asks for. Those that begin another one ask for nothing more."""
    asked = plain_words(text)[:MOST_WORDS_ASKED]
    return [word for word in asked if not any(other != word and other.startswith(word) for other in asked)]


def reference_asked(text: str) -> str | None:
    """Give the reference that a search is, in whatever spelling, or None where it is something else.

    >>> reference_asked(" kt 7f3k92"), reference_asked("Risley")
    ('KT-7F3K-92', None)
    """
    read = normalise_reference(text)
    return read if _WRITTEN_REFERENCE.fullmatch(read) else None
