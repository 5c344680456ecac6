"""A page of ours: A4, its fonts and colours, and the parts that every paper has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast

import font_roboto
from fpdf import FPDF, FontFace, TextStyle, ViewerPreferences, XPos, YPos
from fpdf.enums import VAlign
from fpdf.fonts import TTFFont

GREEN, INK, SOFT, RULE, WASH = (31, 95, 87), (36, 48, 46), (82, 96, 93), (200, 194, 182), (236, 243, 240)
MARGIN = 22
LINE = 5.6
"""The height of a line of text. All lengths are in millimetres."""
SIZE = 10.5
"""The size of text, in points."""
_LABEL_WIDTH = 36


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself. `title` stands on every page, `full_title` on the window; `made_at` is ISO."""

    title: str
    full_title: str
    author: str
    subject: str
    made_at: str


class Paper(FPDF):
    """The page, its fonts and the parts that every paper has. What is in `about` makes the same file, byte by byte."""

    def __init__(self, about: About) -> None:
        super().__init__(format="A4")
        self._about = about
        self._describe()
        for style, file in (("", font_roboto.Roboto), ("B", font_roboto.RobotoBold)):
            self.add_font("Roboto", style, file)
        self._letters = frozenset(cast("TTFFont", self.fonts["roboto"]).cmap)
        self.set_font("Roboto", size=SIZE)
        self.set_margins(MARGIN, 16)
        self.set_auto_page_break(True, 20)
        heading = partial(TextStyle, font_family="Roboto", font_style="B", color=GREEN, l_margin=MARGIN)
        first, second = heading(font_size_pt=22, b_margin=1), heading(font_size_pt=13, t_margin=6, b_margin=2)
        self.set_section_title_styles(first, second)
        self.add_page()

    def _describe(self) -> None:
        about = self._about
        self.set_title(about.full_title)
        self.set_author(about.author)
        self.set_subject(about.subject)
        self.set_lang("en-GB")
        self.set_creation_date(datetime.fromisoformat(about.made_at))
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def footer(self) -> None:
        """Say on each page which paper it is of."""
        self.set_y(-14)
        self.use(size=8.5, colour=SOFT)
        said = f"{self._about.author}  ·  {self._about.title}  ·  page {self.page_no()} of {{nb}}"
        self.cell(0, 5, self.printable(said), align="C")

    def fact(self, label: str, value: str) -> None:
        """Give a line with a label and what it is."""
        self.use(colour=SOFT)
        self.cell(_LABEL_WIDTH, LINE + 0.6, label)
        self.use()
        self.multi_cell(0, LINE + 0.6, self.printable(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def say(
        self, text: str, *, size: float = SIZE, bold: bool = False, colour: tuple[int, int, int] = INK, link: str = ""
    ) -> None:
        """Write a paragraph."""
        self.use(size=size, bold=bold, colour=colour)
        height = LINE * size / SIZE
        printed = self.printable(text)
        self.multi_cell(0, height, printed, align="L", link=link, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def ruled(
        self, widths: Iterable[float], aligned: Iterable[str], *, size: float = SIZE
    ) -> AbstractContextManager[Any]:
        """Begin a table with a line between its rows."""
        self.use(size=size)
        self.set_draw_color(*RULE)
        self.set_line_width(0.2)
        return self.table(
            col_widths=tuple(widths),
            text_align=tuple(aligned),
            line_height=LINE * size / SIZE,
            padding=(1.2, 1.5),
            v_align=VAlign.T,
            borders_layout="HORIZONTAL_LINES",
            headings_style=FontFace(emphasis="BOLD", color=INK, fill_color=WASH),
        )

    def use(self, *, size: float = SIZE, bold: bool = False, colour: tuple[int, int, int] = INK) -> None:
        """Write on in this way."""
        self.set_font("Roboto", "B" if bold else "", size)
        self.set_text_color(*colour)

    def printable(self, text: str) -> str:
        """Give text with a mark in place of what the font has no letter for, and without what takes no space."""
        known = self._letters
        seen = (each for each in unicodedata.normalize("NFC", text) if unicodedata.category(each) != "Cf")
        return "".join(each if each == "\n" or ord(each) in known else "\ufffd" for each in seen)


def joined(*parts: str | None) -> str:
    """Give the parts there are, with commas between them."""
    return ", ".join(part for part in parts if part)


Letter = Mapping[str, Any]
"""What a paper says, as JSON has it."""
