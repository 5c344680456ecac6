"""Reads the markup of a message's page: which tags, links and words are in it, and what has no place in a mail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

ATTRIBUTES = {
    "a": {"href", "style"},
    "th": {"scope", "style", "colspan", "rowspan"},
    "td": {"style", "colspan", "rowspan"},
    **{
        tag: {"style", "lang"}
        for tag in (
            *("p", "br", "hr", "h2", "h3", "ul", "ol", "li", "strong", "em", "code", "div", "span", "blockquote"),
            *("table", "caption", "thead", "tbody", "tr"),
        )
    },
}
"""The tags that a message's page may have, each with what may stand in it: words and tables, nothing that fetches."""

STYLES = re.compile(
    r"color|background(?:-color)?|font-(?:family|size|weight|style)|line-height|text-(?:align|decoration)"
    r"|(?:margin|padding|border)(?:-(?:top|right|bottom|left|collapse))?|(?:max-)?width|vertical-align|white-space"
)
"""What a style may set: nothing that hides words or fetches anything."""

NEVER_CLOSED = frozenset({"br", "hr"})
OF_THE_LAYOUT = frozenset({"html", "head", "meta", "title", "body"})
"""What only the shared page around a message has."""


@dataclass(frozen=True, slots=True)
class MarkupFault:
    """Something that has no place in a mail; `fetches` where it would have a mail program ask for something."""

    words: str
    fetches: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What is in a page: its prose, its commands, its links with their words, and its faults."""

    words: str
    commands: str
    links: tuple[str, ...]
    link_words: tuple[str, ...]
    faults: tuple[MarkupFault, ...]


def read_markup(html: str) -> Page:
    """Read a page, or a part of one."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self._words: list[str] = []
        self._commands: list[str] = []
        self._links: list[str] = []
        self._link_words: list[str] = []
        self._faults: dict[MarkupFault, None] = {}

    def page(self) -> Page:
        """Give what was read."""
        for tag in self._open:
            self._fault(f"<{tag}> is not closed, or not within the same {{% if %}}.")
        words, commands = "".join(self._words), "\n".join(self._commands)
        return Page(words, commands, tuple(self._links), tuple(self._link_words), tuple(self._faults))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in OF_THE_LAYOUT:
            self._look_at(tag, attrs)
        if tag not in NEVER_CLOSED | {"meta"}:
            self._open.append(tag)
        if tag == "a":
            self._links.append(dict(attrs).get("href") or "")
            self._link_words.append("")
        if tag not in {"a", "strong", "em", "span", "code"}:
            self._words.append("\n\n" if tag in {"p", "li", "tr", "h2", "h3", "div"} else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in NEVER_CLOSED:
            return
        if not self._open or self._open[-1] != tag:
            self._fault(f"</{tag}> closes nothing that is open here, or not within the same {{% if %}}.")
            return
        self._open.pop()
        if tag in {"p", "li", "tr", "h2", "h3", "td", "th"}:
            self._words.append("\n\n" if tag not in {"td", "th"} else " ")

    def handle_data(self, data: str) -> None:
        if "code" in self._open:
            self._commands.append(data)
        elif "head" not in self._open:
            self._words.append(data.replace("\n", " "))
        if "a" in self._open:
            self._link_words[-1] += data

    def handle_comment(self, data: str) -> None:
        self._fault("A comment has no place in a mail: some programs act on it.")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self._fault("Leave out <!...>.")

    def handle_pi(self, data: str) -> None:
        self._fault("Leave out <?...>.")

    def unknown_decl(self, data: str) -> None:
        self._fault("Leave out <![...]>.")

    def _look_at(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ATTRIBUTES:
            known = ", ".join(sorted(ATTRIBUTES))
            self._fault(f"<{tag}> has no place in a mail, which fetches and runs nothing. There are: {known}.", True)
            return
        for name, value in attrs:
            if name not in ATTRIBUTES[tag]:
                self._fault(
                    f"'{name}' has no place in <{tag}>.", name.startswith("on") or name in {"src", "background"}
                )
            elif name == "style":
                self._style(value or "")

    def _style(self, value: str) -> None:
        for each in filter(str.strip, value.split(";")):
            name, _, setting = each.partition(":")
            if not STYLES.fullmatch(name.strip().lower()):
                self._fault(f"A style cannot set '{name.strip()}' in a mail.")
            if re.search(r"[\\(@<]", setting):
                self._fault(f"A style has plain values only: '{each.strip()}' has not.", True)

    def _fault(self, words: str, fetches: bool = False) -> None:
        self._faults[MarkupFault(words, fetches)] = None
