"""What operators write, read at the door: held to the same rule as an enquirer's words."""

from __future__ import annotations

from datetime import date

from services.enquiries.domain.words import control_characters_in
from services.enquiries.schemas import operators_words
from shared.clock import day_in_london
from shared.errors import Refused
from shared.persistence.work import Store

MOST = 10_000
"""Characters of a reply, a note or a reason."""
_MOST_IN_A_NAME = 100


def today(store: Store) -> date:
    """Give the day it is in London, by the store's clock."""
    return day_in_london(store.clock())


def words_wanted(text: str, field: str, most: int, on: date) -> str:
    """Give words that must be there, clean. Raises `Refused("invalid")`."""
    words = operators_words(text, field, most, on)
    if not words:
        why = "Write what was said, or what is to be done: it is kept for whoever comes next."
        raise Refused("invalid", why, {field: [why]})
    return words


def optional_words(text: str | None, field: str, on: date) -> str | None:
    """Give words that may be left out, clean, or None. Raises `Refused("invalid")`."""
    return (operators_words(text, field, MOST, on) or None) if text is not None else None


def named(owner: str | None) -> str | None:
    """Give the name of an operator, or None for nobody. Raises `Refused("invalid")`."""
    name = owner.strip() if isinstance(owner, str) else owner
    if name is None or name == "":
        return None
    if not isinstance(name, str) or len(name) > _MOST_IN_A_NAME or control_characters_in(name, multiline=False):
        why = f"An operator's name is one line of up to {_MOST_IN_A_NAME} characters."
        raise Refused("invalid", why, {"owner": [why]})
    return name
