"""The small language in which ops may write the words of a message. It is a part of Jinja, and can do no harm in it.

What is not named here is refused: an edit can read only what `domain/template_catalogue.py` names, can call nothing but
the shared parts, and can neither go round for ever nor grow without end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

LONGEST_SOURCE = 20_000
"""Characters of one part of an edit; the longest of ours has a tenth of that."""
DEEPEST = 12
"""How deep expressions and conditions may lie in one another."""
DEEPEST_LOOPS = 2
"""How deep loops may lie in one another. A shared part that goes over sessions counts as one."""
LONGEST_CONSTANT = 400
LARGEST_NUMBER = 10_000

FILTERS: Mapping[str, str] = {
    "date_words": "A date in words: {{ first_date | date_words }}.",
    "time_words": "A time as people say it: {{ session.start | time_words }}.",
    "moment_words": "A date and a time in words.",
    "day_words": "The date of a date and time, in words.",
    "minutes_earlier": "The time so many minutes before: {{ session.start | minutes_earlier(60) | time_words }}.",
    "number_words": "A number below ten as a word.",
    "paper_words": "What a facilitator has to renew, by its name.",
    "money": "A sum in pounds.",
    "plain": "What somebody typed, without links; else other words: {{ establishment | plain('as agreed') }}.",
    "paragraphs": "A letter as paragraphs of lines, for two loops in the page.",
    "wrapped": "A letter with its long lines broken, for the text.",
    "covered": "Of sessions, those that somebody new leads.",
    "uncovered": "Of sessions, those for which somebody is missing.",
    "most_missing": "How many are missing of a session at most.",
    "default": "Other words where a fact is not there.",
    "length": "How many there are.",
    "capitalize": "With a capital letter at the beginning.",
    "first": "The first of several.",
    "last": "The last of several.",
}
"""The ways to write a fact, as in {{ fact | way }}."""
KEEPS_OUT_LINKS = "plain"
LIST_FILTERS = frozenset({"covered", "uncovered"})
"""What gives a part of a list."""
PARAGRAPHS = "paragraphs"
"""What makes a list of lists of lines."""
TESTS = frozenset({"defined", "undefined", "none"})
OPERATORS = frozenset({"eq", "ne", "gt", "gteq", "lt", "lteq", "in", "notin"})
LOOP_WORDS = frozenset({"first", "last", "index"})
"""What may be asked of `loop`."""
LOOP_NAME = re.compile(r"(?!(?:loop|self|super|caller|varargs|kwargs)$)[a-z][a-z_]{0,30}")
"""What a loop may call each thing it goes over: no name that means something of its own."""
BLOCKS = ("subject", "body", "quote")


class Part(StrEnum):
    """The two parts of a message's words."""

    TEXT = "text"
    HTML = "html"

    @property
    def suffix(self) -> str:
        """The ending of its file."""
        return "txt" if self is Part.TEXT else "html"

    @property
    def layout(self) -> str:
        """The shared page around it: the greeting, whom to ask, the organisation."""
        return f"layout.{self.suffix}"

    @property
    def shared(self) -> str:
        """The file with the shared parts."""
        return f"parts.{self.suffix}"

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks that it fills in. The subject is written once, in the text."""
        return BLOCKS if self is Part.TEXT else BLOCKS[1:]

    @property
    def parts(self) -> Mapping[str, bool]:
        """The shared parts it may use, and whether each goes over sessions."""
        return _TEXT_PARTS if self is Part.TEXT else _HTML_PARTS


_TEXT_PARTS = {"times": False, "dates": True, "moves": True, "kit": True}
_HTML_PARTS = {"heading": False, "times": False, "dates": True, "listed": True, "moves": True, "kit": True}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing in edited words that is not of the language: where it is and what to write instead."""

    line: int
    words: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.words}"


class WordsNotUnderstood(ValueError):
    """Edited words are not of the language; `faults` says where and how to mend each."""

    def __init__(self, part: Part, faults: tuple[Fault, ...]) -> None:
        super().__init__(" ".join(map(str, faults)))
        self.part = part
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Reading:
    """What a part of edited words says.

    `subject`, `body` and `quote` are its words with all branches of its conditions one after another; each fact stands
    in them as `⟦name⟧`. `unguarded` are facts that somebody may have typed and that are written without `plain`.
    """

    part: Part
    subject: str
    body: str
    quote: str
    unguarded: tuple[Fault, ...]


def mark(name: str) -> str:
    """Give what stands for a fact in the words of a `Reading`."""
    return f"⟦{name}⟧"
