"""The words of somebody who answered by mail: without what they quote, as text, with their files named.

Plain rules, and cautious ones: where it is not clear what is quoted, all is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from services.notifications.domain.mail_parts import MOST_OF_A_TEXT, Mail, children_of, readable, text_of

MOST_ATTACHMENTS = 20
_MOST_OF_A_NAME = 100
_DEEPEST = 20

_CALENDAR = "text/calendar"


@dataclass(frozen=True, slots=True)
class Said:
    """What a mail says: `words` in lines, and the names of the `attachments`, which stay in the mailbox."""

    words: str
    attachments: tuple[str, ...]


def said_in(message: Mail) -> Said:
    """Give the words of whoever wrote a mail, and the names of what is attached."""
    texts, names = _gathered(message, 0)
    return Said(own_words("\n\n".join(texts)), tuple(names[:MOST_ATTACHMENTS]))


def _gathered(part: Mail, depth: int) -> tuple[list[str], list[str]]:
    """Give the texts that a reader sees one after the other, and the names of the files beside them."""
    kind, children = part.get_content_type(), children_of(part)
    if depth > _DEEPEST or kind == _CALENDAR:
        return [], []
    if kind.startswith("message/"):
        return [], ["a forwarded message"]
    if not part.is_multipart():
        return _leaf(part, kind)
    if kind == "multipart/alternative":
        return _best_of(children, depth)
    if kind == "multipart/related":
        children = children[:1]
    texts: list[str] = []
    names: list[str] = []
    for child in children:
        more_texts, more_names = _gathered(child, depth + 1)
        texts += more_texts
        names += more_names
    return texts, names


def _best_of(children: list[Mail], depth: int) -> tuple[list[str], list[str]]:
    """Give the plain one of several ways to say the same, or else the first that says anything."""
    found = [_gathered(child, depth + 1) for child in children]
    names = [name for _texts, more in found for name in more]
    ways = sorted(zip(children, found, strict=True), key=lambda way: way[0].get_content_type() != "text/plain")
    return next((texts for _child, (texts, _names) in ways if any(text.strip() for text in texts)), []), names


def _leaf(part: Mail, kind: str) -> tuple[list[str], list[str]]:
    name = _file_name(part)
    is_text = kind in {"text/plain", "text/html"} and part.get_content_disposition() != "attachment"
    if is_text and name is None:
        return [_as_text(part, kind)], []
    return [], [name or f"a file of the type {kind[:_MOST_OF_A_NAME]}"]


def _as_text(part: Mail, kind: str) -> str:
    return html_to_text(text_of(part)) if kind == "text/html" else text_of(part)


def _file_name(part: Mail) -> str | None:
    try:
        name = part.get_filename()
    except (ValueError, LookupError, TypeError):
        return "a file"
    if not name:
        return None
    return " ".join(readable(str(name)).split())[:_MOST_OF_A_NAME] or "a file"


_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})\b[^>]{0,5000}>|<!--|<[!?/][^>]{0,5000}>")
_BREAKS = frozenset({"p", "div", "tr", "li", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre"})
_UNSEEN = frozenset({"script", "style", "head", "title", "template"})
_QUOTE = "blockquote"
_RULE = "________________________________"


class _Page:
    """Gathers what a reader of the page would see; what is in a blockquote gets `> ` before each line."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self._quoted = 0

    def tag(self, name: str, *, closes: bool) -> None:
        """Break the line, or quote, as a tag says."""
        if name == _QUOTE:
            self._new_line()
            self._quoted = max(0, self._quoted + (-1 if closes else 1))
        elif name in _BREAKS:
            self._new_line()
        if name == "hr":
            self.text(_RULE)
            self._new_line()
        if name == "br" or (name == "p" and closes):
            self.lines.append("")

    def text(self, text: str) -> None:
        """Add text to the line; space in any number is one."""
        said = re.sub(r"\s+", " ", unescape(text))
        if not self.lines[-1]:
            said = said.lstrip()
            self.lines[-1] = "> " if said and self._quoted else ""
        self.lines[-1] += said

    def _new_line(self) -> None:
        if self.lines[-1]:
            self.lines.append("")


def html_to_text(page: str) -> str:
    """Give the text of a page as its reader sees it; quoted passages have `> ` before each line.

    It looks at each character once: Python's own reader of HTML takes minutes for some pages of this size.
    """
    seen, at = _Page(), 0
    while (found := _TAG.search(page, at)) is not None:
        seen.text(page[at : found.start()])
        name = (found[2] or "").lower()
        at = found.end()
        if found[0] == "<!--":
            at = _after(page, "-->", at)
        elif name in _UNSEEN and not found[1]:
            at = _after(page, ">", _after(page, f"</{name}", at))
        else:
            seen.tag(name, closes=bool(found[1]))
    seen.text(page[at:])
    text = "\n".join(line.rstrip() for line in seen.lines)
    return re.sub(r"\n{3,}", "\n\n", text)[:MOST_OF_A_TEXT]


def _after(page: str, end: str, at: int) -> int:
    """Give the place after the next `end`, in small letters or capitals; what never ends takes the rest with it."""
    places = [place for each in {end, end.upper()} if (place := page.find(each, at)) >= 0]
    return min(places) + len(end) if places else len(page)


_ATTRIBUTION = re.compile(
    r"(?i)(on|ar|le|am|el|op)\b.{5,400}\b(wrote|ysgrifennodd.{0,100}|a écrit|schrieb.{0,100})\s?:"
)
"""`On Tue, 3 Nov 2026 at 10:02, Keytalk <ops@example.org> wrote:`, in English, Welsh, French and German."""
_MARKED = re.compile(
    r"(?i)-{2,}\s?(original message|neges wreiddiol|forwarded message|original appointment)\s?-{2,}|_{20,}"
)
_FROM = re.compile(r"(?i)\*?(from|oddi wrth|de|von)\s?:\*?\s?\S")
_OTHER_HEADERS = re.compile(r"(?i)\*?(sent|date|to|subject|anfonwyd|dyddiad|at|pwnc|envoyé|gesendet)\s?:\*?")
_LINES_OF_AN_ATTRIBUTION = 4
_LINES_OF_HEADERS = 6


def own_words(text: str) -> str:
    """Give what somebody wrote themselves, without the mail that they answered and without their signature."""
    lines = [line.rstrip() for line in text.split("\n")]
    start = _quote_begins(lines)
    if start is not None and _says_anything(lines[:start]) and not _goes_on_after_a_quote(lines[start:]):
        lines = lines[:start]
    lines = _without_signature(_without_last_quote(lines))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _quote_begins(lines: list[str]) -> int | None:
    """Give the line at which the mail that was answered begins, or None."""
    for at, line in enumerate(lines):
        bare = line.strip()
        if _MARKED.fullmatch(bare) or _is_attribution(lines, at) or _is_header_block(lines, at):
            return at
    return None


def _is_attribution(lines: list[str], at: int) -> bool:
    """Say whether somebody is said to have written what follows; the sentence may go over some lines."""
    first = lines[at].strip()
    if not first or first.startswith(">") or not _ATTRIBUTION_BEGINS.match(first):
        return False
    sentence = ""
    for line in lines[at : at + _LINES_OF_AN_ATTRIBUTION]:
        sentence = f"{sentence} {line.strip()}".strip()
        if _ATTRIBUTION.fullmatch(sentence):
            return True
    return False


_ATTRIBUTION_BEGINS = re.compile(r"(?i)(on|ar|le|am|el|op)\b")


def _is_header_block(lines: list[str], at: int) -> bool:
    """Say whether a mail's headers begin here, as Outlook writes them above what it quotes."""
    if not _FROM.match(lines[at].strip()):
        return False
    following = [line.strip() for line in lines[at + 1 : at + 1 + _LINES_OF_HEADERS]]
    return sum(1 for line in following if _OTHER_HEADERS.match(line)) >= 2


def _goes_on_after_a_quote(lines: list[str]) -> bool:
    """Say whether somebody wrote below or between the lines they quote: those are then needed to understand it."""
    quoted = [at for at, line in enumerate(lines) if line.lstrip().startswith(">")]
    if not quoted:
        return False
    after = [line for line in lines[quoted[0] :] if not line.lstrip().startswith(">")]
    return _says_anything(_without_signature(after))


def _without_last_quote(lines: list[str]) -> list[str]:
    """Leave out the quoted lines that a mail ends with, where there is anything else in it."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    return lines[:end] if _says_anything(lines[:end]) else lines


def _without_signature(lines: list[str]) -> list[str]:
    for at, line in enumerate(lines):
        if line == "--" and _says_anything(lines[:at]):
            return lines[:at]
    return lines


def _says_anything(lines: list[str]) -> bool:
    return any(line.strip() and not line.lstrip().startswith(">") for line in lines)


MOST = 10_000
"""Characters that an enquiry's history takes of one entry."""
MOST_OF_A_NOTE = 500
_CUT = "\n\n(There is more: the whole is in the mailbox.)"


def words_of(said: Said, subject: str, beside: str = "") -> str:
    """Give what is filed of an answer: the words, or the subject where there are none, and what belongs beside them.

    Attachments are named; what would be too long is cut, and says so.
    """
    words = said.words or f"(There are no words in it. Its subject is: {subject or 'none'})"
    names = f"(Attached to it, in the mailbox: {', '.join(said.attachments)})" if said.attachments else ""
    rest = "".join(f"\n\n{each}" for each in (beside, names) if each)[: MOST // 2]
    room = MOST - len(rest)
    return (words if len(words) <= room else words[: room - len(_CUT)] + _CUT) + rest


def note_of(said: Said, subject: str) -> str:
    """Give the short note that is kept of an automatic answer."""
    text = " ".join((said.words or subject or "no words").split())
    return f"An automatic answer came by mail: {text if len(text) <= MOST_OF_A_NOTE else text[:MOST_OF_A_NOTE] + '…'}"
