"""Telling spam from enquiries, without asking people to prove anything.

Each sign adds points; from `QUARANTINE_AT` on, the enquiry is kept aside until an operator has looked. No sign alone
that a person in a hurry could give is enough. Nothing is ever refused or dropped for its score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

QUARANTINE_AT = 5

LEAST_SECONDS = 4.0
"""Nobody reads and fills in the form faster than that."""

_LINK = re.compile(r"https?://|www\.|\[url|<a\s", re.IGNORECASE)
_MARKUP = re.compile(r"</?[a-z][^>]{0,200}>|\[/?(?:url|link|b|img)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a post beside its answers.

    `honeypot`: the box that people do not see was filled in. `seconds`: from showing the form to sending it, where
    known. `alike`: how many others with the same words came lately.
    """

    honeypot: bool = False
    seconds: float | None = None
    alike: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The points, and what each was given for."""

    score: int
    reasons: tuple[str, ...]

    @property
    def is_suspect(self) -> bool:
        """Whether the enquiry is to be kept aside."""
        return self.score >= QUARANTINE_AT


CLEAN = Verdict(0, ())
NO_SIGNS = Signs()


def screen(answers: Mapping[str, Any], signs: Signs = NO_SIGNS) -> Verdict:
    """Score an enquiry. `answers` are clean, as `schemas.parse_enquiry` gives them."""
    found = list(_found(answers, signs))
    return Verdict(sum(points for points, _ in found), tuple(reason for _, reason in found))


def _found(answers: Mapping[str, Any], signs: Signs) -> Iterator[tuple[int, str]]:
    if signs.honeypot:
        yield 5, "the box that people do not see was filled in"
    if signs.seconds is not None and signs.seconds < LEAST_SECONDS:
        yield 3, "it was sent faster than anyone reads the form"
    if signs.alike >= 2:
        yield 5, "others with the same words came just before"
    text = " ".join(str(answers[name]) for name in ("message", "contact_name", "establishment") if name in answers)
    links = len(_LINK.findall(text))
    if links:
        yield min(2 * links, 6), "it holds links"
    if _MARKUP.search(text):
        yield 3, "it holds markup"
