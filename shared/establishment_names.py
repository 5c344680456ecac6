"""Telling which establishment people mean, however they write its name. Every service reads names the same way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_KINDS_OF_PLACE = frozenset(
    {"hm", "hmp", "hmpyoi", "hmyoi", "yoi", "stc", "hmrc", "rc", "prison", "carchar", "the", "and", "y"}
)
"""Words that say what kind of place it is, and so do not tell two places apart."""


def same_establishment(text: str, establishment_id: str, name: str) -> bool:
    """Say whether free text names this establishment, by its id or by its name however it is written.

    "HMP Risley", "Risley (HMP)", "risley" and "RSI" all mean Risley (HMP). Two establishments may share a
    bare name (Parc has two): `matching_establishment` settles which.
    """
    if text.strip().casefold() == establishment_id.casefold():
        return True
    return bool(bare_name(text)) and bare_name(text) == bare_name(name)


def matching_establishment(text: str, names: Mapping[str, str]) -> str | None:
    """Find the id that free text means among `names` (name by id), or None when no one or several fit.

    An id or a name written out exactly wins over a bare name that two places share.
    """
    wanted = text.strip().casefold()
    exact = [each for each, name in names.items() if wanted in (each.casefold(), name.casefold())]
    found = exact or [each for each, name in names.items() if same_establishment(text, each, name)]
    return found[0] if len(found) == 1 else None


def bare_name(name: str) -> str:
    """Give a name without case, accents and the words for its kind: what two spellings of it share."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    words = re.findall(r"[^\W_]+", re.sub(r"['’]", "", plain).casefold())
    return " ".join(word for word in words if word not in _KINDS_OF_PLACE)
