"""What an enquiry may resemble: a few likely candidates for each question, found by index however many there are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, or_, select

from services.enquiries.domain.matching import DUPLICATE_WITHIN, Asking, MatchKind, Organisation, Person, telling_words
from services.enquiries.domain.people import ContactStatus, domain_of
from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.privacy import ERASED
from services.enquiries.domain.standing import Standing
from services.enquiries.queries.threads import root_of
from services.enquiries.tables import contacts, enquiries, establishments, matches, not_duplicates, organisations
from shared.establishment_names import bare_name
from shared.persistence.types import AnyRow

_MOST_CANDIDATES = 30
_MOST_WORDS = 8
_WORDS_COMPARED = 1000
"""Characters of a message that are compared: enough to know it by, and bounded for the longest."""

_QUARANTINED = Standing.QUARANTINED.value


def likely_organisations(connection: Connection, names: Iterable[str], email: str | None) -> list[Organisation]:
    """Give the active organisations that a (bare) name or an address may mean."""
    words = [word for name in names for word in name.split()][:_MOST_WORDS]
    ways: list[ColumnElement[bool]] = [
        func.substr(organisations.c.bare_name, 1, 3).in_(sorted({word[:3] for word in words}))
    ]
    domain = domain_of(email)
    if domain is not None:
        ways.append(organisations.c.email_domain == domain)
    if words:
        longest = max(words, key=len).replace("\\", "").replace("%", "").replace("_", "")
        # Welsh and former names begin with other letters; the register is short.
        named = func.lower(establishments.c.other_names).like(f"%{longest}%")
        ways.append(organisations.c.establishment_id.in_(select(establishments.c.id).where(named)))
    columns = (organisations.c.id, organisations.c.name, organisations.c.bare_name, organisations.c.email_domain)
    query = (
        select(*columns, establishments.c.other_names)
        .outerjoin(establishments, establishments.c.id == organisations.c.establishment_id)
        .where(organisations.c.active, or_(*ways))
        .limit(_MOST_CANDIDATES)
    )
    return [
        Organisation(row.id, row.name, (row.bare_name, *_bare_lines(row.other_names)), row.email_domain)
        for row in connection.execute(query)
    ]


def _bare_lines(names: str | None) -> list[str]:
    return [bare_name(name) for name in (names or "").splitlines()]


def likely_people(connection: Connection, person: Person) -> list[Person]:
    """Give those on record whom someone may be: at the same organisation, the newest first, or with the same phone."""
    found: dict[Any, AnyRow] = {}
    ways = [contacts.c.phone == person.phone] if person.phone else []
    if person.organisation_id is not None:
        ways.append(contacts.c.organisation_id == person.organisation_id)
    for way in ways:
        query = select(contacts).where(way, contacts.c.id != person.id, contacts.c.status != ContactStatus.ERASED.value)
        rows = connection.execute(query.order_by(contacts.c.id.desc()).limit(_MOST_CANDIDATES))
        found |= {row.id: row for row in rows}
    return [person_in(row) for row in found.values()]


def person_in(row: AnyRow) -> Person:
    """Give a contact's row as matching sees it."""
    return Person(row.id, row.name, row.email, row.phone, row.organisation_id)


def likely_duplicates(connection: Connection, asking: Asking) -> list[Asking]:
    """Give the enquiries that one may repeat: for the same place or by the same person, within 60 days.

    Left out are those in quarantine, closed as spam or erased, those that are known not to be the same, and those that
    were compared with this one when they came. What was merged stands for its thread.
    """
    ways = (
        (enquiries.c.establishment_id, asking.establishment_id),
        (enquiries.c.organisation_id, asking.organisation_id),
        (enquiries.c.contact_id, asking.contact_id),
    )
    found: dict[str, AnyRow] = {}
    for column, value in ways:
        if value is not None:
            rows = connection.execute(_near(asking).where(column == value).limit(_MOST_CANDIDATES))
            found |= {row.reference: row for row in rows}
    settled = _settled(connection, asking.reference) if found else set()
    candidates = (_as_its_thread(connection, row) for row in found.values())
    return [each for each in candidates if each.reference not in settled]


def _near(asking: Asking) -> Any:
    table = enquiries.c
    columns = (table.reference, table.programme, table.establishment_id, table.organisation_id, table.contact_id)
    words = func.substr(table.message, 1, _WORDS_COMPARED).label("message")
    # Each pair is compared once, by the later of the two. One that was released from quarantine comes late.
    before = (table.received_at <= asking.received_at) | table.filed_at.is_not(None)
    return (
        select(*columns, table.received_at, table.preferred_start, table.preferred_times, table.merged_into, words)
        .where(
            table.received_at.between(asking.received_at - DUPLICATE_WITHIN, asking.received_at + DUPLICATE_WITHIN),
            table.reference != asking.reference,
            table.standing != _QUARANTINED,
            table.stage != Stage.SPAM.value,
            table.erased_at.is_(None),
            before,
        )
        .order_by(table.received_at.desc())
    )


def _as_its_thread(connection: Connection, row: AnyRow) -> Asking:
    reference = root_of(connection, row.reference) if row.merged_into else row.reference
    return asking_in(row, reference=reference)


def asking_in(row: AnyRow, *, reference: str | None = None, **known: Any) -> Asking:
    """Give an enquiry's row as matching sees it; `known` is what has been found out since the row was read."""
    return Asking(
        reference=reference or row.reference,
        programme=row.programme,
        establishment_id=known.get("establishment_id", row.establishment_id),
        organisation_id=known.get("organisation_id", row.organisation_id),
        contact_id=known.get("contact_id", row.contact_id),
        received_at=row.received_at,
        preferred_start=row.preferred_start,
        words=telling_words(f"{(row.message or '')[:_WORDS_COMPARED]} {row.preferred_times or ''}"),
    )


def _settled(connection: Connection, reference: str) -> set[str]:
    """Give the references that a person has said are not the same, or that were compared with this one already."""
    compared = (matches.c.kind == MatchKind.DUPLICATE.value) & (matches.c.target == reference)
    others = select(not_duplicates.c.second).where(not_duplicates.c.first == reference)
    queries = (
        others,
        select(not_duplicates.c.first).where(not_duplicates.c.second == reference),
        select(matches.c.reference).where(compared),
    )
    return {reference, *(found for query in queries for found in connection.scalars(query))}


def list_matches(connection: Connection, reference: str, *, settled: bool) -> list[dict[str, Any]]:
    """List what an enquiry may be: kind, id, name, score, reasons, state and at (ISO); the likeliest first.

    A duplicate is listed with either of its two enquiries. With `settled`, what was taken or refused is listed too.
    """
    mine = matches.c.reference == reference
    of_me = (matches.c.kind == MatchKind.DUPLICATE.value) & (matches.c.target == reference)
    query = select(matches).where(mine | of_me)
    if not settled:
        query = query.where(matches.c.state == "suggested")
    rows = connection.execute(query.order_by(matches.c.score.desc(), matches.c.at, matches.c.target)).all()
    return [_match(connection, row, reference) for row in rows]


def _match(connection: Connection, row: AnyRow, reference: str) -> dict[str, Any]:
    other = row.target if row.reference == reference else row.reference
    return {
        "kind": row.kind,
        "id": other,
        "name": _name_of(connection, MatchKind(row.kind), other),
        "score": row.score,
        "reasons": json.loads(row.reasons),
        "state": row.state,
        "at": row.at.isoformat(),
    }


def _name_of(connection: Connection, kind: MatchKind, target: str) -> str:
    if kind is MatchKind.DUPLICATE:
        columns = (enquiries.c.contact_name, enquiries.c.establishment, enquiries.c.received_at)
        row = connection.execute(select(*columns).where(enquiries.c.reference == target)).one()
        return f"{row.contact_name}, {row.establishment}, {row.received_at.date().isoformat()}"
    table = organisations if kind is MatchKind.ORGANISATION else contacts
    return str(connection.scalar(select(table.c.name).where(table.c.id == UUID(target))) or ERASED)
