"""Telling which establishment an enquirer means, from what they wrote."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_KINDS = frozenset({"hm", "hmp", "hmpyoi", "hmyoi", "yoi", "stc", "prison", "carchar", "the", "and"})
"""Words that say what kind of place it is, and so do not tell two places apart."""


def bare_name(name: str) -> str:
    """Give a name without accents, case and the words for its kind: "Risley (HMP)" and "HMP Risley" meet."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    words = re.findall(r"[^\W_]+", re.sub(r"['’]", "", plain).casefold())
    return " ".join(word for word in words if word not in _KINDS)


def establishment_meant(text: str, names: Mapping[str, str]) -> str | None:
    """Give the id that `text` means among `names` (name by id), or None where none or several fit."""
    wanted = text.strip().casefold()
    exact = [each for each, name in names.items() if wanted in (each.casefold(), name.casefold())]
    found = exact or [each for each, name in names.items() if bare_name(text) and bare_name(text) == bare_name(name)]
    return found[0] if len(found) == 1 else None
