"""What an enquiry resembles: an organisation, a person, or another enquiry. Points from 0 to 100, each with its reason.

These are suggestions: a person takes or refuses each, and nothing is merged by itself. The points are set so that
what the domain notes call a likely duplicate (section 6, scenario 4: same establishment, same programme, within 60
days) is always suggested, and that no single weak sign is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from uuid import UUID

from services.enquiries.domain.people import domain_of


class MatchKind(StrEnum):
    """What an enquiry may be matched with."""

    ORGANISATION = "organisation"
    CONTACT = "contact"
    DUPLICATE = "duplicate"


SUGGEST_FROM = 60
"""Points from which something is suggested. Less is chance: the same place alone, or the same phone alone."""

MOST_SUGGESTED = 5
"""Suggestions of one kind for an enquiry: more than a person looks through."""

DUPLICATE_WITHIN = timedelta(days=60)
"""How far apart two enquiries may be and still be one. Source: domain notes, section 6, scenario 4."""

_WISHES_MEET = timedelta(days=14)
_ALIKE = 0.8
"""From here on, two names or addresses differ by no more than a slip of the pen."""

_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "revd", "sir", "dame", "governor"})

# Words that nearly every enquiry holds, so that sharing them says nothing.
_EVERYDAY = frozenset(
    re.findall(
        r"\w+",
        """
        a about all also an and any are as at be but by can could do for from get have hello hi how i if in is it
        like me more my of on or our please so thank thanks that the their there they this to us was we what when
        which will with would you your
        """,
    )
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One resemblance: `target` is an id or a reference, `reasons` are whole phrases that a person reads."""

    kind: MatchKind
    target: str
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation as matching sees it; `names` are bare names, its own first."""

    id: UUID
    name: str
    names: tuple[str, ...]
    email_domain: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """A person as matching sees them."""

    id: UUID
    name: str
    email: str | None
    phone: str | None
    organisation_id: UUID | None


@dataclass(frozen=True, slots=True)
class Asking:
    """An enquiry as matching sees it. `words` are the telling ones of what was written in it."""

    reference: str
    programme: str
    establishment_id: str | None
    organisation_id: UUID | None
    contact_id: UUID | None
    received_at: datetime
    preferred_start: date | None
    words: frozenset[str]


def suggest_organisations(
    names: Iterable[str], email: str | None, candidates: Iterable[Organisation]
) -> list[Suggestion]:
    """Suggest the organisation an enquirer means by `names` (bare), or writes from.

    A name gives up to 90 points, by how alike it is; an email domain of the organisation's own gives 60.
    """
    given = [name for name in names if name]
    domain = domain_of(email)
    return _best(
        _suggestion(MatchKind.ORGANISATION, str(each.id), _of_organisation(given, domain, each)) for each in candidates
    )


def _of_organisation(given: list[str], domain: str | None, each: Organisation) -> Iterator[tuple[int, str]]:
    likeness = max((likeness_of(name, known) for name in given for known in each.names), default=0.0)
    if likeness == 1:
        yield 90, "the name is the same"
    elif likeness >= _ALIKE:
        yield round(90 * likeness), "the name is nearly the same"
    if domain and domain == each.email_domain:
        yield 60, f"they write from {domain}"


def suggest_people(person: Person, candidates: Iterable[Person]) -> list[Suggestion]:
    """Suggest whom we know already that a person may be.

    Same organisation 30; same name 45, nearly the same 30; nearly the same address 30; same phone 40.
    """
    return _best(_suggestion(MatchKind.CONTACT, str(each.id), _of_person(person, each)) for each in candidates)


def _of_person(person: Person, each: Person) -> Iterator[tuple[int, str]]:
    if person.organisation_id and person.organisation_id == each.organisation_id:
        yield 30, "they are at the same organisation"
    names = _name(person.name), _name(each.name)
    likeness = likeness_of(*names)
    if likeness == 1:
        yield 45, "the name is the same"
    elif likeness >= _ALIKE or _initials_fit(*names):
        yield 30, "the name is nearly the same"
    if _addresses_alike(person.email, each.email):
        yield 30, "the email address is nearly the same"
    if _digits(person.phone) and _digits(person.phone) == _digits(each.phone):
        yield 40, "the phone number is the same"


def suggest_duplicates(asking: Asking, candidates: Iterable[Asking]) -> list[Suggestion]:
    """Suggest the enquiries that may be the same ask.

    Same place 40; same programme 20, another one 30 less; same person 25; alike words up to 20; received close
    together up to 15; the same start wished for 5. More than 60 days apart is never the same.
    """
    return _best(
        _suggestion(MatchKind.DUPLICATE, each.reference, _of_duplicate(asking, each))
        for each in candidates
        if abs(asking.received_at - each.received_at) <= DUPLICATE_WITHIN
    )


def _of_duplicate(asking: Asking, each: Asking) -> Iterator[tuple[int, str]]:
    if asking.establishment_id and asking.establishment_id == each.establishment_id:
        yield 40, "it is for the same establishment"
    elif asking.organisation_id and asking.organisation_id == each.organisation_id:
        yield 40, "it is from the same organisation"
    yield (20, "it asks for the same programme") if asking.programme == each.programme else (-30, "")
    if asking.contact_id and asking.contact_id == each.contact_id:
        yield 25, "the same person asks"
    shared = words_shared(asking.words, each.words)
    if shared >= 0.3:
        yield round(20 * shared), "the words are alike"
    apart = abs(asking.received_at - each.received_at)
    yield round(15 * (1 - apart / DUPLICATE_WITHIN)), _apart_in_words(apart)
    if asking.preferred_start and each.preferred_start:
        wishes = abs(asking.preferred_start - each.preferred_start)
        if wishes <= _WISHES_MEET:
            yield 5, "the start they wish for is much the same"


def _apart_in_words(apart: timedelta) -> str:
    days = apart.days
    if days == 0:
        return "they came within a day"
    return f"they came {days} day{'s' if days != 1 else ''} apart"


def _suggestion(kind: MatchKind, target: str, found: Iterable[tuple[int, str]]) -> Suggestion:
    signs = list(found)
    score = min(max(sum(points for points, _ in signs), 0), 100)
    return Suggestion(kind, target, score, tuple(why for _, why in signs if why))


def _best(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    likely = [each for each in suggestions if each.score >= SUGGEST_FROM]
    return sorted(likely, key=lambda each: (-each.score, each.target))[:MOST_SUGGESTED]


def likeness_of(one: str, other: str) -> float:
    """Say how alike two bare names are, from 0 to 1, whatever the order of their words."""
    first, second = " ".join(sorted(one.split())), " ".join(sorted(other.split()))
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    if matcher.quick_ratio() < _ALIKE:  # cheap, and never less than the real one
        return 0.0
    return min(matcher.ratio(), 0.99)


def words_shared(one: frozenset[str], other: frozenset[str]) -> float:
    """Say which part of their telling words two texts share, from 0 to 1; too few words say nothing."""
    if min(len(one), len(other)) < 3:
        return 0.0
    return len(one & other) / len(one | other)


def telling_words(text: str) -> frozenset[str]:
    """Give the words by which a text can be told from another, without case and accents.

    >>> sorted(telling_words("We would like the quiet room, please: the QUIET one."))
    ['one', 'quiet', 'room']
    """
    return frozenset(_plain_words(text)) - _EVERYDAY


def _plain_words(text: str) -> list[str]:
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", text.casefold())


def _name(name: str) -> str:
    return " ".join(word for word in _plain_words(name.replace("'", "").replace("’", "")) if word not in _TITLES)


def _initials_fit(one: str, other: str) -> bool:
    """Say whether one is the other with a first name shortened: "a morgan" and "alex morgan"."""
    first, second = one.split(), other.split()
    if min(len(first), len(second)) < 2 or first[-1] != second[-1]:
        return False
    shorter, longer = sorted((first[0], second[0]), key=len)
    return len(shorter) == 1 and longer.startswith(shorter)


def _addresses_alike(one: str | None, other: str | None) -> bool:
    """Say whether two addresses differ by a slip: another domain for the same name, or a letter or two of it."""
    if not one or not other:
        return False
    (name, _, domain), (other_name, _, other_domain) = one.casefold().rpartition("@"), other.casefold().rpartition("@")
    if name == other_name:
        return domain != other_domain and ("." in name or likeness_of(domain, other_domain) > 0)
    return domain == other_domain and likeness_of(name, other_name) > 0


def _digits(phone: str | None) -> str:
    """Give a phone number's digits, the way it is dialled from at home."""
    digits = re.sub(r"\D", "", (phone or "").casefold().partition("x")[0])
    return re.sub(r"^(?:00)?44(?:0)?", "0", digits)
