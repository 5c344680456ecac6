"""A gate memo as a PDF, on one page. Run as a module: JSON comes in, the PDF goes out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date

from services.scheduling.domain.words import WEEKDAYS, in_words
from shared.documents.paper import SOFT, About, Letter, Paper

_SMALL = 9.5
_PLENTY = 12
"""Visits that stand one a line; of more, two stand side by side, so that a run of sixteen keeps to a page."""


def make_pdf(letter: Letter) -> bytes:
    """Make the PDF of a gate memo.

    `letter` is what `queries.papers.get_memo` gives, with `ask` (whom to write to).
    """
    paper = _Paper(letter)
    paper.opening()
    paper.people()
    paper.visits()
    paper.equipment()
    paper.closing()
    return bytes(paper.output())


class _Paper(Paper):
    """The parts of a memo."""

    def __init__(self, letter: Letter) -> None:
        self._letter = letter
        title = f"Gate memo {letter['reference']}, version {letter['version']}"
        super().__init__(
            About(
                title=title,
                full_title=f"{title}: {letter['establishment']}",
                author=letter["organisation"],
                subject=letter["purpose"],
                made_at=letter["made_at"],
            )
        )

    def opening(self) -> None:
        """Say whose memo it is, to whose gate, and what for."""
        letter = self._letter
        self.say(letter["organisation"], bold=True, colour=SOFT)
        self.start_section("Gate memo", level=0)
        if letter["state"] in _WORTH_SAYING:
            self.say(_WORTH_SAYING[letter["state"]], bold=True)
        self.ln(1.5)
        for label, value in (
            ("To", letter["establishment"]),
            ("Purpose", letter["purpose"]),
            *((("Host", letter["host"]),) if letter["host"] else ()),
            ("Reference", f"{letter['reference']}, version {letter['version']}"),
            *((("Approval", letter["approval"]),) if letter["approval"] else ()),
        ):
            self.fact(label, value)

    def people(self) -> None:
        """List who comes, with names as on their identity documents."""
        self.start_section("Who comes in", level=1)
        every = list(dict.fromkeys(each["date"] for each in self._letter["visits"]))
        rows = [
            (each["name"], each["vehicle"] or "none", each["entry"], _on_which(each["dates"], every))
            for each in self._letter["people"]
        ]
        self._table((50, 28, 46, 42), ("Full name as on ID", "Vehicle", "Inside", "Dates"), rows)

    def visits(self) -> None:
        """List when they come."""
        self.start_section("When", level=1)
        rows = [
            (_day(each["date"]), f"{each['start']} to {each['end']}", each["arrive_by"])
            for each in self._letter["visits"]
        ]
        if len(rows) <= _PLENTY:
            self._table((70, 50, 46), ("Date", "Session", "At the gate by"), rows)
            return
        half = (len(rows) + 1) // 2
        beside = [*rows[half:], *[("", "", "")] * (half - len(rows[half:]))]
        both = [(*left, *right) for left, right in zip(rows[:half], beside, strict=True)]
        head = ("Date", "Session", "Gate by")
        self._table((40, 27, 16, 40, 27, 16), (*head, *head), both)

    def equipment(self) -> None:
        """List what they bring."""
        self.start_section("What they bring", level=1)
        items = [f"{each['quantity']} {each['item']}" for each in self._letter["equipment"]]
        self.say("; ".join(items) + "." if items else "Nothing but what everybody may carry.")

    def closing(self) -> None:
        """Say whom to ask."""
        ask = self._letter["ask"]
        self.ln(3)
        self.say(
            f"A change or a question? Write to {ask}; a person answers. A newer version takes the place of this one.",
            colour=SOFT,
        )

    def _table(self, widths: Sequence[float], head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        with self.ruled(widths, ["LEFT"] * len(widths), size=_SMALL) as table:
            table.row(head)
            for row in rows:
                table.row([self.printable(text) for text in row])


_WORTH_SAYING = {
    "draft": "Draft, not sent",
    "refused": "Not approved",
    "out_of_date": "Out of date: please wait for the next version",
    "replaced": "Replaced by a newer version",
}


def _on_which(dates: Sequence[str], every: Sequence[str]) -> str:
    """Say on which of the dates of a memo somebody comes, in as few words as do."""
    missing = [each for each in every if each not in dates]
    if not missing:
        return "all"
    if len(missing) < len(dates):
        return f"all but {', '.join(map(_short, missing))}"
    return ", ".join(map(_short, dates))


def _short(iso: str) -> str:
    on = date.fromisoformat(iso)
    return f"{on.day}\N{NO-BREAK SPACE}{in_words(on).split()[1][:3]}"


def _day(iso: str) -> str:
    on = date.fromisoformat(iso)
    return f"{WEEKDAYS[on.weekday()][:3]} {in_words(on)}"


if __name__ == "__main__":
    sys.stdout.buffer.write(make_pdf(json.load(sys.stdin.buffer)))
