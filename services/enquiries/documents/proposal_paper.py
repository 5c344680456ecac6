"""A proposal as a PDF that a prison can sign. Run as a module: JSON comes in, the PDF goes out."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, cast

import font_roboto
from fpdf import FPDF, FontFace, TextStyle, ViewerPreferences, XPos, YPos
from fpdf.enums import MethodReturnValue, VAlign
from fpdf.fonts import TTFFont

from services.enquiries.documents.wording import day_in_words, how_many
from services.enquiries.domain.catalogue import pounds

_GREEN, _INK, _SOFT, _RULE, _WASH = (31, 95, 87), (36, 48, 46), (82, 96, 93), (200, 194, 182), (236, 243, 240)
_MARGIN = 22
_LINE = 5.6
_LABEL_WIDTH = 36
_ABOVE_SIGNATURES = 30
"""The heading of the signatures and the sentence below it. All lengths are in millimetres."""
_BETWEEN = 5
_SIGN_LABEL_WIDTH = 20

_Letter = Mapping[str, Any]
_Fact = tuple[str, str]


def make_pdf(letter: _Letter) -> bytes:
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


class _Paper(FPDF):
    """The page, its fonts and its parts."""

    def __init__(self, letter: _Letter) -> None:
        super().__init__(format="A4")
        self._letter = letter
        self._title = f"Proposal {letter['reference']}, version {letter['version']}"
        self._describe()
        for style, file in (("", font_roboto.Roboto), ("B", font_roboto.RobotoBold)):
            self.add_font("Roboto", style, file)
        self._letters = frozenset(cast("TTFFont", self.fonts["roboto"]).cmap)
        self.set_font("Roboto", size=10.5)
        self.set_margins(_MARGIN, 16)
        self.set_auto_page_break(True, 20)
        heading = partial(TextStyle, font_family="Roboto", font_style="B", color=_GREEN, l_margin=_MARGIN)
        first, second = heading(font_size_pt=22, b_margin=1), heading(font_size_pt=13, t_margin=6, b_margin=2)
        self.set_section_title_styles(first, second)
        self.add_page()

    def _describe(self) -> None:
        letter = self._letter
        self.set_title(f"{self._title}: {letter['programme_name']}")
        self.set_author(letter["org_name"])
        self.set_subject(f"{letter['programme_name']} for {letter['establishment']}")
        self.set_lang("en-GB")
        # The same proposal makes the same file, byte by byte.
        self.set_creation_date(datetime.fromisoformat(letter["sent_at"] or letter["created_at"]))
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def footer(self) -> None:
        """Say on each page which paper it is of."""
        self.set_y(-14)
        self._use(size=8.5, colour=_SOFT)
        said = f"{self._letter['org_name']}  ·  {self._title}  ·  page {self.page_no()} of {{nb}}"
        self.cell(0, 5, self._printable(said), align="C")

    def opening(self) -> None:
        """Say whose proposal it is, for whom and for what."""
        letter = self._letter
        self._say(letter["org_name"], bold=True, colour=_SOFT)
        self.ln(1)
        self.start_section("Proposal", level=0)
        self._say(letter["programme_name"], size=14, bold=True)
        self.ln(3)
        contact = letter["contact"]
        person = _joined(contact["name"], contact["role"], contact["organisation"])
        for label, value in (
            ("For", letter["establishment"]),
            *((("Prepared for", person),) if person else ()),
            ("Reference", f"{letter['reference']}, version {letter['version']}"),
            ("Date", day_in_words(letter["sent_at"] or letter["created_at"])),
            ("Open until", day_in_words(letter["valid_until"])),
        ):
            self._fact(label, value)

    def price(self) -> None:
        """List the lines and what they come to."""
        self.start_section("What it is and what it costs", level=1)
        self._use()
        self.set_draw_color(*_RULE)
        self.set_line_width(0.2)
        with self.table(
            col_widths=(84, 28, 26, 28),
            text_align=("LEFT", "LEFT", "RIGHT", "RIGHT"),
            line_height=_LINE,
            padding=(1.2, 1.5),
            v_align=VAlign.T,
            borders_layout="HORIZONTAL_LINES",
            headings_style=FontFace(emphasis="BOLD", color=_INK, fill_color=_WASH),
        ) as table:
            table.row(("What", "How many", "Each", "Together"))
            for line in self._letter["lines"]:
                table.row([self._printable(text) for text in _cells(line)])
            bold = FontFace(emphasis="BOLD")
            table.row(("Total", "", "", pounds(self._letter["total_pence"])), style=bold)

    def in_words(self, heading: str, text: str | None) -> None:
        """Give a part that is prose, where there is any."""
        if text:
            self.start_section(heading, level=1)
            self._say(text)

    def how_to_agree(self) -> None:
        """Say what signing means, what happens next and whom to ask."""
        letter = self._letter
        if letter["signatures"]:
            self.start_section("If you have a question", level=1)
        else:
            self.start_section("How to say yes", level=1)
            self._ways_to_sign()
        self._say(f"Questions, or something to change? Write to {letter['ask']}; a person answers.")

    def _ways_to_sign(self) -> None:
        letter = self._letter
        if letter["link"]:
            self._say("Online, in two minutes, at")
            self._say(letter["link"], colour=_GREEN, link=letter["link"])
            self.ln(1.5)
        self._say(
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
        self._say(f"{self._title}: {letter['programme_name']}, {pounds(letter['total_pence'])} in all.")
        self.ln(3)
        top = self.get_y()
        for number, side in enumerate(sides):
            self._sign_here(self.l_margin + number * (width + gap), top, width, *side)

    def _height(self, width: float, side: str, lines: Sequence[_Fact]) -> float:
        """Give the height of one side's place to sign, in millimetres."""
        self._use(bold=True)
        head = self._height_of(width, side)
        self._use()
        return head + sum(_BETWEEN + self._height_of(width - _SIGN_LABEL_WIDTH, value) for _, value in lines)

    def _height_of(self, width: float, text: str) -> float:
        height = self.multi_cell(width, _LINE, self._printable(text), dry_run=True, output=MethodReturnValue.HEIGHT)
        return max(_LINE, cast("float", height))

    def _sign_here(self, left: float, top: float, width: float, side: str, lines: Sequence[_Fact]) -> None:
        """Draw one side's place to sign."""
        self.set_xy(left, top)
        self._use(bold=True)
        self.multi_cell(width, _LINE, self._printable(side), align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.set_draw_color(*_SOFT)
        for label, value in lines:
            self.set_xy(left, self.get_y() + _BETWEEN)
            self._use(size=9, colour=_SOFT)
            self.cell(_SIGN_LABEL_WIDTH, _LINE, label)
            self._use()
            space = width - _SIGN_LABEL_WIDTH
            self.multi_cell(space, _LINE, self._printable(value), align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
            self.line(left + _SIGN_LABEL_WIDTH, self.get_y(), left + width, self.get_y())

    def _fact(self, label: str, value: str) -> None:
        self._use(colour=_SOFT)
        self.cell(_LABEL_WIDTH, _LINE + 0.6, label)
        self._use()
        self.multi_cell(0, _LINE + 0.6, self._printable(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _say(
        self, text: str, *, size: float = 10.5, bold: bool = False, colour: tuple[int, int, int] = _INK, link: str = ""
    ) -> None:
        self._use(size=size, bold=bold, colour=colour)
        height = _LINE * size / 10.5
        printed = self._printable(text)
        self.multi_cell(0, height, printed, align="L", link=link, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _use(self, *, size: float = 10.5, bold: bool = False, colour: tuple[int, int, int] = _INK) -> None:
        self.set_font("Roboto", "B" if bold else "", size)
        self.set_text_color(*colour)

    def _printable(self, text: str) -> str:
        """Give text with a mark in place of what the font has no letter for, and without what takes no space."""
        known = self._letters
        seen = (each for each in unicodedata.normalize("NFC", text) if unicodedata.category(each) != "Cf")
        return "".join(each if each == "\n" or ord(each) in known else "\ufffd" for each in seen)


def _cells(line: _Letter) -> Iterable[str]:
    return line["what"], how_many(line), pounds(line["unit_pence"]), pounds(line["pence"])


def _signature_lines(signature: _Letter | None) -> Sequence[_Fact]:
    if signature is None:
        return (("Name", ""), ("Role", ""), ("Signature", ""), ("Date", ""))
    way = "on paper, kept with us" if signature["how"] == "paper" else "given electronically"
    return (
        ("Name", signature["name"]),
        ("Role", signature["role"] or ""),
        ("Signature", way),
        ("Date", day_in_words(signature["signed_at"])),
    )


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


if __name__ == "__main__":
    sys.stdout.buffer.write(make_pdf(json.load(sys.stdin.buffer)))
