"""What can be put on, and what it costs. Money is in whole pence everywhere, never a float.

Source: domain notes, section 0.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from shared.errors import Refused

Unit = Literal["place", "session"]


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme: its name, what one `unit` of it costs, and its limits.

    `sessions` is how many meetings or days a whole run has; `least` and `most` are the people in one group; `each` is
    the word for one unit on paper.
    """

    slug: str
    name: str
    what: str
    unit: Unit
    each: str
    unit_pence: int
    sessions: int
    least: int
    most: int


_BOTH = (
    Programme(
        slug="many-faces-of-trauma",
        name="The Many Faces of Trauma",
        what="weekly sessions of three hours in person, with workbooks, sensory items and auricular acupuncture",
        unit="session",
        each="session",
        unit_pence=250_00,
        sessions=16,
        least=1,
        most=12,
    ),
    Programme(
        slug="unlocking-the-key-to-compassion",
        name="Unlocking the Key to Compassion",
        what="three days of training in person, with a workbook for each person",
        unit="place",
        each="person",
        unit_pence=300_00,
        sessions=3,
        least=8,
        most=16,
    ),
)

CATALOGUE: Mapping[str, Programme] = MappingProxyType({programme.slug: programme for programme in _BOTH})
"""Every programme by its slug."""


def programme_called(slug: str) -> Programme:
    """Give a programme of the catalogue. Raises `Refused("invalid")` for one that is not in it."""
    try:
        return CATALOGUE[slug]
    except KeyError:
        why = f"There is no programme '{slug}'. Choose from: {', '.join(CATALOGUE)}."
        raise Refused("invalid", why, {"programme": [why]}) from None


def pounds(pence: int) -> str:
    """Write money for people.

    >>> pounds(400000), pounds(-4505)
    ('£4,000.00', '-£45.05')
    """
    whole, rest = divmod(abs(pence), 100)
    return f"{'-' if pence < 0 else ''}£{whole:,}.{rest:02}"
