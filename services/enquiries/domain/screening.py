"""Telling spam from enquiries, without asking people to prove anything.

Each sign adds points; from `QUARANTINE_AT` on, the enquiry is kept aside until an operator has looked. No sign alone
that a person in a hurry could give is enough. Nothing is ever refused or dropped for its score.

Some signs are about how it was sent: these stand. The others are about what it says, and count for less where it names
a prison that we know or comes from a public body's address. Where an address is free for everyone is no sign: many
small charities have no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.enquiries.domain import mailshots
from services.enquiries.domain.words import plain

QUARANTINE_AT = 5

LEAST_SECONDS = 4.0
"""Nobody reads and fills in the form faster than that."""

LEAST_ALIKE = 2
"""So many others with the same words, from other senders and within the hour, are a mail-shot."""

KNOWN_PLACE, PUBLIC_BODY = 1, 3
"""Points that what it says counts less."""

_TEXTS = ("message", "contact_name", "contact_role", "establishment", "organisation", "preferred_times")
_NAMED = ("contact_name", "establishment", "organisation", "contact_role", "message")

_PUBLIC_BODIES = (".gov.uk", ".gov.scot", ".gov.wales", ".police.uk", ".nhs.uk", ".nhs.net", ".nhs.scot", ".mod.uk")

_SIGNS_OF_A_LINK = ("http", "www.", "[url", "<a", "/")
_LINK = re.compile(r"(?:https?://|\bwww\.|\[url=?|<a\s+href=)[\s\"']*(?:https?://)?([\w.-]*)", re.IGNORECASE)
_WHOLE_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_BARE_LINK = re.compile(r"(?<![@\w./-])(?!www\.)((?:[a-z0-9-]+\.)+[a-z]{2,})/[\w?=&%-]", re.IGNORECASE)
_HIDING = frozenset(
    {"bit.ly", "tinyurl.com", "t.me", "wa.me", "goo.gl", "cutt.ly", "is.gd", "rb.gy", "ow.ly", "shorturl.at", "t.ly"}
)
_MARKUP = re.compile(r"</?[a-z][^>]{0,200}>|\[/?(?:url|link|b|img)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
_LATIN_LETTER = re.compile("[a-zA-Z\u00c0-\u024f\u1e00-\u1eff]")
_FEW_WORDS = 6
_CAMEL = re.compile("[a-z][A-Z]")
_CONSONANTS = re.compile("[bcdfghjklmnpqrstvxz]{6}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a post beside its answers.

    `honeypot`: the box that people do not see was filled in. `seconds`: from showing the form to sending it, where
    known. `alike`: how many other senders wrote the same words lately. `known_place`: it names one of our prisons.
    """

    honeypot: bool = False
    seconds: float | None = None
    alike: int = 0
    known_place: bool = False


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

Found = Iterator[tuple[int, str]]


def screen(answers: Mapping[str, Any], signs: Signs = NO_SIGNS) -> Verdict:
    """Score an enquiry. `answers` are clean, as `schemas.parse_enquiry` gives them."""
    sent = list(_in_the_sending(signs))
    said = list(_in_the_words(answers))
    less = list(_in_its_favour(answers, signs)) if said else []
    score = sum(points for points, _ in sent) + max(0, sum(points for points, _ in (*said, *less)))
    return Verdict(score, tuple(reason for _, reason in (*sent, *said, *less)))


def _in_the_sending(signs: Signs) -> Found:
    if signs.honeypot:
        yield 5, "the box that people do not see was filled in"
    if signs.seconds is not None and signs.seconds < LEAST_SECONDS:
        yield 3, "it was sent faster than anyone reads the form"
    if signs.alike >= LEAST_ALIKE:
        yield 5, "others with the same words came just before"


def _in_its_favour(answers: Mapping[str, Any], signs: Signs) -> Found:
    if signs.known_place:
        yield -KNOWN_PLACE, "but it names a prison that we know"
    if _is_public_body(_domain_of(answers)):
        yield -PUBLIC_BODY, "but its address is a public body's"


def _in_the_words(answers: Mapping[str, Any]) -> Found:
    text = plain("\n".join(str(answers[name]) for name in _TEXTS if name in answers))
    own = _domain_of(answers)
    hosts = _links_in(text, own)
    yield from _in_the_links(hosts, plain(str(answers.get("message", ""))))
    if _links_in(plain(str(answers.get("contact_name", ""))), own=""):
        yield 4, "a link stands where a name belongs"
    if ("<" in text or "[" in text) and _MARKUP.search(text):
        yield 3, "it holds markup"
    yield from mailshots.phrases_in(text)
    strangers = _addresses_in(text, own)
    if len(strangers) >= 2:
        yield (4 if len(strangers) >= 5 else 2), "it holds several email addresses"
    random = sum(_is_gibberish(str(answers[name])) for name in _NAMED if name in answers)
    if random:
        yield min(3 * random, 6), "it holds letters at random"
    if _is_shouted(str(answers.get("message", ""))):
        yield 1, "it is all in capitals, or shouts with !!! or $$"


def _in_the_links(hosts: list[str], message: str) -> Found:
    if not hosts:
        return
    yield min(2 * len(hosts), 6), "it holds links"
    if any(host in _HIDING for host in hosts):
        yield 3, "a link hides where it leads"
    if message and not _LATIN_LETTER.search(_WHOLE_LINK.sub("", message)):
        yield 3, "it holds links and no word in Latin letters"


def _links_in(text: str, own: str) -> list[str]:
    """Give the hosts of all links but those to the sender's own website or to a public body's."""
    lowered = text.lower()
    if not any(sign in lowered for sign in _SIGNS_OF_A_LINK):  # most texts end here, at a fraction of the cost
        return []
    hosts = [found[1].lower().removeprefix("www.").rstrip(".") for found in _LINK.finditer(text)]
    hosts += [found[1].lower() for found in _BARE_LINK.finditer(text)]
    return [host for host in hosts if not _is_own(host, own)]


def _addresses_in(text: str, own: str) -> set[str]:
    """Give the email addresses in `text` that are at another place than the sender's own."""
    if "@" not in text:
        return set()
    return {found.group().lower() for found in _ADDRESS.finditer(text) if not _is_own(found[1].lower(), own)}


def _domain_of(answers: Mapping[str, Any]) -> str:
    return str(answers.get("contact_email") or "").rpartition("@")[2].lower()


def _is_own(host: str, own: str) -> bool:
    """Say whether a host is the one that the sender's address is at, or a part of it, or a public body's."""
    is_theirs = host == own or host.endswith(f".{own}") or own.endswith(f".{host}")
    return (bool(own) and is_theirs) or _is_public_body(host)


def _is_public_body(host: str) -> bool:
    return host.endswith(_PUBLIC_BODIES) or f".{host}" in _PUBLIC_BODIES


def _is_gibberish(text: str) -> bool:
    """Say whether a word of a short text reads like keys hit at random: cases mixed, or six consonants in a row.

    Welsh has w and y as vowels; acronyms are all in capitals.
    """
    words = text.split(maxsplit=_FEW_WORDS)
    if len(words) > _FEW_WORDS:
        return False
    return any(_is_random(word) for word in words if len(word) >= 8 and word.isascii() and word.isalpha())


def _is_random(word: str) -> bool:
    if word.isupper():
        return False
    return len(_CAMEL.findall(word)) >= 3 or _CONSONANTS.search(word) is not None


def _is_shouted(message: str) -> bool:
    return (len(message) >= 30 and message.isupper()) or "!!!" in message or "$$" in message
