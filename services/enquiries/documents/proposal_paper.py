"""A proposal as a PDF that a prison can sign. Run as a module: JSON comes in, the PDF goes out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import cast

from fpdf import FontFace, XPos, YPos
from fpdf.enums import MethodReturnValue

from services.enquiries.documents.wording import day_in_words, how_many
from services.enquiries.domain.catalogue import pounds
from shared.documents.paper import GREEN, LINE, SOFT, About, Letter, Paper, joined

_ABOVE_SIGNATURES = 30
"""The heading of the signatures and the sentence below it. All lengths are in millimetres."""
_BETWEEN = 5
_SIGN_LABEL_WIDTH = 20

_Fact = tuple[str, str]


def make_pdf(letter: Letter) -> bytes:
    """Make the PDF of a proposal.

    `letter` is what `queries.get_letter` gives, with `org_name`, `ask` (whom to write to), `link` (to the page where it
    can be accepted, or null), and `signatures` and `purchase_order` as in the agreement (none while there is none).
    """
    paper = _Paper(letter)
    paper.opening()
    paper.price()
    paper.in_words("Notes", letter["notes"])
    paper.in_words("If a date has to be cancelled", letter["cancellation_terms"])
    paper.how_to_agree()
    paper.signatures()
    return bytes(paper.output())


class _Paper(Paper):
    """The parts of a proposal."""

    def __init__(self, letter: Letter) -> None:
        self._letter = letter
        self._title = f"Proposal {letter['reference']}, version {letter['version']}"
        super().__init__(
            About(
                title=self._title,
                full_title=f"{self._title}: {letter['programme_name']}",
                author=letter["org_name"],
                subject=f"{letter['programme_name']} for {letter['establishment']}",
                made_at=letter["sent_at"] or letter["created_at"],
            )
        )

    def opening(self) -> None:
        """Say whose proposal it is, for whom and for what."""
        letter = self._letter
        self.say(letter["org_name"], bold=True, colour=SOFT)
        self.ln(1)
        self.start_section("Proposal", level=0)
        self.say(letter["programme_name"], size=14, bold=True)
        self.ln(3)
        contact = letter["contact"]
        person = joined(contact["name"], contact["role"], contact["organisation"])
        for label, value in (
            ("For", letter["establishment"]),
            *((("Prepared for", person),) if person else ()),
            ("Reference", f"{letter['reference']}, version {letter['version']}"),
            ("Date", day_in_words(letter["sent_at"] or letter["created_at"])),
            ("Open until", day_in_words(letter["valid_until"])),
        ):
            self.fact(label, value)

    def price(self) -> None:
        """List the lines and what they come to."""
        self.start_section("What it is and what it costs", level=1)
        with self.ruled((84, 28, 26, 28), ("LEFT", "LEFT", "RIGHT", "RIGHT")) as table:
            table.row(("What", "How many", "Each", "Together"))
            for line in self._letter["lines"]:
                table.row([self.printable(text) for text in _cells(line)])
            bold = FontFace(emphasis="BOLD")
            table.row(("Total", "", "", pounds(self._letter["total_pence"])), style=bold)

    def in_words(self, heading: str, text: str | None) -> None:
        """Give a part that is prose, where there is any."""
        if text:
            self.start_section(heading, level=1)
            self.say(text)

    def how_to_agree(self) -> None:
        """Say what signing means, what happens next and whom to ask."""
        letter = self._letter
        if letter["signatures"]:
            self.start_section("If you have a question", level=1)
        else:
            self.start_section("How to say yes", level=1)
            self._ways_to_sign()
        self.say(f"Questions, or something to change? Write to {letter['ask']}; a person answers.")

    def _ways_to_sign(self) -> None:
        letter = self._letter
        if letter["link"]:
            self.say("Online, in two minutes, at")
            self.say(letter["link"], colour=GREEN, link=letter["link"])
            self.ln(1.5)
        self.say(
            f"{'Or on' if letter['link'] else 'On'} paper: sign below and send the signed page to {letter['ask']}. By "
            "signing you agree to the programme, the price and the cancellation terms in this proposal. It is open "
            f"until {day_in_words(letter['valid_until'])}. We then sign too, and settle the dates with you."
        )
        self.ln(1.5)

    def signatures(self) -> None:
        """Give each side its place to sign, or show who has. It is not cut by the end of a page."""
        letter, gap = self._letter, 8
        width = (self.epw - gap) / 2
        signed = {each["side"]: each for each in letter["signatures"]}
        theirs = (*_signature_lines(signed.get("prison")), ("Order no.", letter["purchase_order"] or ""))
        sides = (
            (f"For {letter['establishment']}", theirs),
            (f"For {letter['org_name']}", _signature_lines(signed.get("us"))),
        )
        if self.will_page_break(_ABOVE_SIGNATURES + max(self._height(width, *side) for side in sides)):
            self.add_page()
        self.start_section("Signatures", level=1)
        # Who holds this page alone sees what it is that is signed.
        self.say(f"{self._title}: {letter['programme_name']}, {pounds(letter['total_pence'])} in all.")
        self.ln(3)
        top = self.get_y()
        for number, side in enumerate(sides):
            self._sign_here(self.l_margin + number * (width + gap), top, width, *side)

    def _height(self, width: float, side: str, lines: Sequence[_Fact]) -> float:
        """Give the height of one side's place to sign, in millimetres."""
        self.use(bold=True)
        head = self._height_of(width, side)
        self.use()
        return head + sum(_BETWEEN + self._height_of(width - _SIGN_LABEL_WIDTH, value) for _, value in lines)

    def _height_of(self, width: float, text: str) -> float:
        height = self.multi_cell(width, LINE, self.printable(text), dry_run=True, output=MethodReturnValue.HEIGHT)
        return max(LINE, cast("float", height))

    def _sign_here(self, left: float, top: float, width: float, side: str, lines: Sequence[_Fact]) -> None:
        """Draw one side's place to sign."""
        self.set_xy(left, top)
        self.use(bold=True)
        self.multi_cell(width, LINE, self.printable(side), align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.set_draw_color(*SOFT)
        for label, value in lines:
            self.set_xy(left, self.get_y() + _BETWEEN)
            self.use(size=9, colour=SOFT)
            self.cell(_SIGN_LABEL_WIDTH, LINE, label)
            self.use()
            space = width - _SIGN_LABEL_WIDTH
            self.multi_cell(space, LINE, self.printable(value), align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
            self.line(left + _SIGN_LABEL_WIDTH, self.get_y(), left + width, self.get_y())


def _cells(line: Letter) -> Iterable[str]:
    return line["what"], how_many(line), pounds(line["unit_pence"]), pounds(line["pence"])


def _signature_lines(signature: Letter | None) -> Sequence[_Fact]:
    if signature is None:
        return (("Name", ""), ("Role", ""), ("Signature", ""), ("Date", ""))
    way = "on paper, kept with us" if signature["how"] == "paper" else "given electronically"
    return (
        ("Name", signature["name"]),
        ("Role", signature["role"] or ""),
        ("Signature", way),
        ("Date", day_in_words(signature["signed_at"])),
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(make_pdf(json.load(sys.stdin.buffer)))
