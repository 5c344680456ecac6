"""What is looked for in the words of a message before they go live. Errors keep them from it, warnings do not.

Sources: domain notes, section 4, "Tone", for the words; RFC 5322, 2.1.1, for the length of a line; the Automated
Readability Index (Senter and Smith, 1967) for how hard a text is to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from services.notifications.domain.markup import MarkupFault, Page, read_markup
from services.notifications.domain.reasons import has_prison_number
from services.notifications.domain.template_catalogue import Audience, TemplateEntry
from services.notifications.domain.template_language import Part, Reading

LONGEST_SUBJECT = 78
WIDEST_LINE = 78
NEXT = "What happens next"
HARD_TO_READ = 10.0
"""The Automated Readability Index above which a hint is given: about the reading of a fifteen-year-old."""
LONGEST_SENTENCE = 35
"""Words."""

_BANNED = {
    r"(?:ex-)?offend(?:er|ers|ing)": "people in prison",
    r"inmates?|convicts?|felons?|cons|lags?": "people in prison",
    r"residents": "people in prison",
    r"no-?\s?shows?": "did not take place",
    r"fail\w*": "what happened, without a word that blames",
    r"chas(?:e|ed|es|ing)": "ask, or write again",
    r"urgent\w*|immediately|asap|hurry up|act now|right away": "by when, and why",
    r"(?:last|final) (?:chance|notice|warning|reminder)|time is running out|don't miss": "by when, and why",
    r"your (?:fault|mistake)|because of you|you (?:forgot|neglected|ignored|should have|did not bother)": (
        "what happened, without blame"
    ),
    r"non-?complian\w+|disciplin\w+|consequences": "what happens next",
}
"""What no message says, and what to say in its place. Source: domain notes, section 4, "Tone"."""

_BETTER_NOT = {
    r"prisoners?|detainees?": "Write {{ organisation.people }}.",
    r"must|required to": "Say what helps, and leave the choice.",
    r"click here|here": "Let a link say where it leads.",
}
"""What can mostly be said better: a hint. The last is looked for in links only."""

_TELLS = (
    r"prison\w*|jail|hmp|hmpps|yoi|custod\w*|sentence\w*|convict\w*|criminal\w*|offen[cd]\w*|trauma\w*|abus\w*"
    r"|addict\w*|substance\w*|drugs?|self-?harm\w*|suicid\w*|violen\w*|mental\w*|healthcare|therap\w*|acupuncture"
    r"|vetting|lock-?downs?|incidents?|segregation|probation|victim\w*"
)
"""What in a subject would tell whoever sees a shared inbox what kind of matter it is."""

_SHOUTED = re.compile(r"\b[A-Z]{5,}\b")
_ABBREVIATIONS = frozenset({"HMPPS", "NOMIS"})
_COMMAND = re.compile(r"^ {4}.*$", re.MULTILINE)
_MARKED = re.compile(r"⟦([^⟧]*)⟧")
_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
# Control characters, and marks that nobody sees or that turn the direction of words.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_FACT_AS_LINK = re.compile(r'href="(?:mailto:)?⟦[^⟧]*⟧"')
_FACT_IN_A_TAG = re.compile(r"<[^<>]*⟦")
_SENTENCE_ENDS = re.compile(r"[.?!:;]\s+|\n{2,}|\n(?=- )")
_FIGURE = re.compile(r"£?\d[\d.,:]*\w*|https?://[^\s<>\"']+")
_TRACKERS = re.compile(
    r"utm_.*|gclid|fbclid|msclkid|dclid|mc_[ce]id|_hs\w+|hsctatracking|mkt_tok|trk\w*|tracking\w*|oly_\w+|vero_\w+|wickedid"
    r"|s_cid|ref|igshid|email|recipient|subscriber",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: where (text, html, subject or both), by which rule, what it is and how to mend it."""

    level: Literal["error", "warning"]
    rule: str
    where: str
    words: str

    def to_plain(self) -> dict[str, str]:
        """Give it as JSON."""
        return {"level": self.level, "rule": self.rule, "where": self.where, "words": self.words}


@dataclass(frozen=True, slots=True)
class SampleMail:
    """The words of a message as they are with sample facts."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Edit:
    """What is looked at: the words as they were read, and as they come out with each of the sample facts."""

    entry: TemplateEntry
    text: Reading
    html: Reading
    samples: tuple[SampleMail, ...]

    @property
    def readings(self) -> tuple[Reading, Reading]:
        """Both parts."""
        return self.text, self.html


def lint(edit: Edit) -> list[Finding]:
    """Look at the words of a message; the errors first."""
    page = read_markup(f"{edit.html.body}\n{edit.html.quote}")
    found = dict.fromkeys(chain.from_iterable(rule(edit, page) for rule in _RULES))
    return sorted(found, key=lambda finding: finding.level)


def _needed_placeholders(edit: Edit, _page: Page) -> Iterator[Finding]:
    for reading in edit.readings:
        said = _said(reading)
        for each in edit.entry.placeholders:
            if each.needed and each.name not in said:
                why = f"{{{{ {each.name} }}}} is not in it. People need it: {_lower(each.what)}"
                yield Finding("error", "missing placeholder", reading.part, why)


def _typed_placeholders(edit: Edit, _page: Page) -> Iterator[Finding]:
    for reading in edit.readings:
        for each in reading.unguarded:
            yield Finding("error", "words of a stranger", reading.part, str(each))


def _subject_line(edit: Edit, _page: Page) -> Iterator[Finding]:
    if "\n" in edit.text.subject.strip("\n"):
        yield _error_in_subject("The subject is one line.")
    for sample in edit.samples:
        if not sample.subject:
            yield _error_in_subject("The subject is empty.")
        elif len(sample.subject) > LONGEST_SUBJECT:
            length = len(sample.subject)
            yield _error_in_subject(f"It comes to {length} characters; many readers see {LONGEST_SUBJECT} at most.")


def _subject_for_a_shared_inbox(edit: Edit, _page: Page) -> Iterator[Finding]:
    fit = {each.name for each in edit.entry.placeholders if each.in_subject}
    for name in sorted(_marks(edit.text.subject) - fit):
        use = ", ".join(sorted(fit))
        yield _error_in_subject(f"{{{{ {name} }}}} would tell a shared inbox more than it needs. Use: {use}.")
    for found in re.finditer(rf"\b(?:{_TELLS})\b", _unmarked(edit.text.subject), re.IGNORECASE):
        yield _error_in_subject(
            f"'{found[0]}' tells whoever sees a shared inbox what kind of matter this is. Leave it out."
        )


def _error_in_subject(words: str) -> Finding:
    return Finding("error", "subject", "subject", words)


def _banned_words(edit: Edit, page: Page) -> Iterator[Finding]:
    for where, words in _words_by_place(edit, page):
        for pattern, instead in _BANNED.items():
            for found in re.finditer(rf"\b(?:{pattern})\b", words, re.IGNORECASE):
                yield Finding("error", "banned word", where, f"'{found[0]}' hurts or presses. Say instead: {instead}.")
        for pattern, hint in list(_BETTER_NOT.items())[:-1]:
            for found in re.finditer(rf"\b(?:{pattern})\b", words, re.IGNORECASE):
                yield Finding("warning", "kinder words", where, f"'{found[0]}': {hint}")
        if has_prison_number(words):
            yield Finding(
                "error", "personal data", where, "A prison number is nobody's business in a mail. Leave it out."
            )


def _shouting(edit: Edit, page: Page) -> Iterator[Finding]:
    for where, words in _words_by_place(edit, page):
        for found in _SHOUTED.finditer(words):
            if found[0] not in _ABBREVIATIONS:
                yield Finding("error", "capitals", where, f"'{found[0]}' shouts. Write it in small letters.")
        if re.search(r"!\s*!|\?\s*!|!\s*\?", words):
            yield Finding("error", "capitals", where, "One mark at the end of a sentence is enough.")
        elif "!" in words:
            yield Finding("warning", "capitals", where, "A full stop reads more calmly than an exclamation mark.")


def _markup(edit: Edit, page: Page) -> Iterator[Finding]:
    for fault in page.faults:
        yield _from_markup(fault)
    if re.search(r"</?[a-z][^<>]*>", edit.text.body + edit.text.quote, re.IGNORECASE):
        yield Finding("error", "markup", Part.TEXT, "The text has no markup: write it in plain words.")


def _facts_in_tags(edit: Edit, _page: Page) -> Iterator[Finding]:
    if _FACT_IN_A_TAG.search(_FACT_AS_LINK.sub("", edit.html.body + edit.html.quote)):
        yield Finding("error", "markup", Part.HTML, 'Within a tag a fact can only be a link: href="{{ link }}".')


def _unseen(edit: Edit, _page: Page) -> Iterator[Finding]:
    for reading in edit.readings:
        found = _UNSEEN.search(reading.subject + reading.body + reading.quote)
        if found:
            why = f"There is a character in it that nobody sees (U+{ord(found[0]):04X}). Type the words anew there."
            yield Finding("error", "unseen characters", reading.part, why)


def _from_markup(fault: MarkupFault) -> Finding:
    return Finding("error", "no tracking" if fault.fetches else "markup", Part.HTML, fault.words)


def _links(edit: Edit, page: Page) -> Iterator[Finding]:
    for address in _LINK.findall(edit.text.body + edit.text.quote):
        yield from _link(Part.TEXT, address)
    for address in page.links:
        yield from _link(Part.HTML, address)
    for words in page.link_words:
        if re.fullmatch(r"(?:click )?here\.?", words.strip(), re.IGNORECASE):
            yield Finding("warning", "links", Part.HTML, f"'{words.strip()}': let a link say where it leads.")


def _link(where: Part, address: str) -> Iterator[Finding]:
    marked = _MARKED.fullmatch(address)
    if marked:
        if marked[1] not in {"link", "page"}:
            yield Finding("error", "links", where, f"{{{{ {marked[1]} }}}} is no address to lead to.")
        return
    if _MARKED.search(address) and not address.startswith("mailto:⟦organisation⟧"):
        yield Finding(
            "error", "no tracking", where, "A link with a fact in it tells who followed it. Write it without."
        )
        return
    parts = urlsplit(address)
    if parts.scheme not in {"https", "mailto", "tel"}:
        yield Finding(
            "error", "links", where, f"A link begins with https://, mailto: or tel:. This one is {address!r}."
        )
    tracking = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if _TRACKERS.fullmatch(name)]
    for name in tracking:
        yield Finding("error", "no tracking", where, f"'{name}' in a link tracks who follows it. Write it without.")


def _next_steps(edit: Edit, _page: Page) -> Iterator[Finding]:
    for reading in edit.readings:
        if NEXT.lower() not in reading.body.lower():
            yield Finding("error", "next steps", reading.part, f"Say what happens next, under the heading '{NEXT}'.")
        if not _unmarked(reading.quote).strip():
            why = "Say in the block quote what to mention when they ask us, such as the reference."
            yield Finding("error", "whom to ask", reading.part, why)
    # Ops are not told to write to themselves.
    for sample in edit.samples if edit.entry.audience is not Audience.OPS else ():
        for part, words in ((Part.TEXT, sample.text), (Part.HTML, sample.html)):
            if "Questions, or something to change?" not in words:
                yield Finding("error", "whom to ask", part, "It does not say whom to ask.")


def _both_ways(edit: Edit, _page: Page) -> Iterator[Finding]:
    in_text, in_html = _said(edit.text), _said(edit.html)
    for name in sorted(in_text ^ in_html):
        where = "html" if name in in_text else "text"
        yield Finding("error", "same both ways", where, f"{{{{ {name} }}}} is missing here: the other part has it.")
    if in_text != in_html:
        return
    for sample in edit.samples:
        page = read_markup(sample.html)
        of_page = _figures("\n".join((page.words, page.commands, *page.links)))
        for figure in sorted(_figures(sample.text) ^ of_page):
            where = "text" if figure in of_page else "html"
            yield Finding("error", "same both ways", where, f"'{figure}' is missing here: the other part has it.")


def _nothing_left_open(edit: Edit, _page: Page) -> Iterator[Finding]:
    for sample in edit.samples:
        for part, words in ((Part.TEXT, sample.text), (Part.HTML, sample.html), ("subject", sample.subject)):
            if re.search(r"\bNone\b|\bUndefined\b|[{}]|⟦|⟧", words):
                why = "Something is not known in some messages, and would stand there as None. Put it in an {% if %}."
                yield Finding("error", "not always known", part, why)


def _easy_on_the_eye(edit: Edit, _page: Page) -> Iterator[Finding]:
    for sample in edit.samples:
        long = [line for line in sample.text.splitlines() if len(line) > WIDEST_LINE and not _LINK.search(line)]
        if long:
            why = f"A line has {len(long[0])} characters; break it before {WIDEST_LINE}: '{long[0][:40]}...'"
            yield Finding("warning", "long lines", Part.TEXT, why)
            return


def _reading_level(edit: Edit, page: Page) -> Iterator[Finding]:
    if edit.entry.audience is Audience.OPS:
        return
    for where, words in ((Part.TEXT, _prose(edit.text.body)), (Part.HTML, _unmarked(page.words))):
        sentences = [each.split() for each in _SENTENCE_ENDS.split(words) if len(each.split()) > 2]
        count = sum(map(len, sentences))
        if not sentences or not count:
            continue
        longest = max(map(len, sentences))
        letters = sum(len(word) for sentence in sentences for word in sentence)
        index = 4.71 * letters / count + 0.5 * count / len(sentences) - 21.43
        if longest > LONGEST_SENTENCE:
            yield Finding(
                "warning", "reading level", where, f"A sentence has {longest} words. Two are easier to take in."
            )
        if index > HARD_TO_READ:
            why = f"It reads like {index:.0f} years of school. Shorter words and sentences help whoever is tired."
            yield Finding("warning", "reading level", where, why)


_RULES: tuple[Callable[[Edit, Page], Iterator[Finding]], ...] = (
    _needed_placeholders,
    _typed_placeholders,
    _subject_line,
    _subject_for_a_shared_inbox,
    _banned_words,
    _shouting,
    _markup,
    _facts_in_tags,
    _unseen,
    _links,
    _next_steps,
    _both_ways,
    _nothing_left_open,
    _easy_on_the_eye,
    _reading_level,
)


def _words_by_place(edit: Edit, page: Page) -> Iterator[tuple[str, str]]:
    """Give the words of an edit without its facts and commands, each with where they stand."""
    yield "subject", _unmarked(edit.text.subject)
    yield Part.TEXT, _prose(f"{edit.text.body}\n{edit.text.quote}")
    yield Part.HTML, _unmarked(page.words)


def _prose(words: str) -> str:
    return _unmarked(_COMMAND.sub("", words))


def _said(reading: Reading) -> set[str]:
    return _marks(reading.body + reading.quote)


def _marks(words: str) -> set[str]:
    return {name for name in _MARKED.findall(words) if name}


def _unmarked(words: str) -> str:
    return _MARKED.sub(" ", words)


def _figures(words: str) -> set[str]:
    return {figure.rstrip(".,:") for figure in _FIGURE.findall(words)}


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
