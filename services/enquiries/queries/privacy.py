"""Who a person is here, all that is held on them, and whether an address was erased."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from services.enquiries.domain.privacy import Person, normalise_email, person_hashes
from services.enquiries.domain.searching import plain_words
from services.enquiries.domain.standing import Standing
from services.enquiries.tables import (
    ENTRY_AS_VECTOR,
    agreements,
    checklists,
    contact_history,
    contacts,
    data_requests,
    drawdowns,
    enquiries,
    holdings,
    matches,
    not_duplicates,
    organisations,
    posts,
    proposals,
    saved_filters,
    search_entries,
    signatures,
    strikes,
    suppressions,
    tasks,
    timeline,
    timeline_words,
)
from shared.errors import Refused
from shared.persistence.types import AnyRow

_GONE = "erased"


def find_person(connection: Connection, who: str, *, hold: bool = False) -> Person:
    """Give the person behind an email address or a contact id; with `hold`, lock what is theirs until the commit.

    Raises `Refused`: "not_found" where nothing is held, "conflict" where an address belongs to several contacts.
    """
    who = who.strip()
    contact_id = _uuid(who)
    if contact_id is not None:
        return _person_of_contact(connection, contact_id, hold)
    email = normalise_email(who)
    if "@" not in email:
        why = "Give an email address, or a contact id as `keytalk contacts list` shows it."
        raise Refused("invalid", why, {"person": [why]})
    # Enquiries first: whoever files one at this moment holds it, and what they make of it is there once they are done.
    sent = _enquiries(connection, func.lower(enquiries.c.contact_email) == email, hold)
    known = _contacts_behind(connection, email, sent)
    if len(known) > 1:
        ids = ", ".join(sorted(map(str, known)))
        why = f"{len(known)} contacts use this address. Say which of them is meant, by contact id: {ids}."
        raise Refused("conflict", why, {"person": [why]})
    if known:
        return _only_person(_person_of_contact(connection, known.pop(), hold), sent)
    if not sent:
        raise Refused("not_found", "Nothing is held here on a person with this address.")
    return _person(frozenset({email}), frozenset(), [], sent)


def _only_person(person: Person, sent: Iterable[AnyRow]) -> Person:
    """Give a person back whose address bears one name. Raises `Refused("conflict")` where it is a shared mailbox's."""
    [contact_id] = person.contact_ids
    named = {name: set(name.casefold().split()) for name in person.names}
    if all(words & other for words in named.values() for other in named.values()):
        return person
    references = ", ".join(row.reference for row in sent)
    why = (
        f"Enquiries came from this address under different names: {references}. To take all of them as one person, "
        f"give the contact id: {contact_id}. Otherwise first link each to the contact it is from."
    )
    raise Refused("conflict", why, {"person": [why]})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _enquiries(connection: Connection, which: ColumnElement[bool], hold: bool) -> Sequence[AnyRow]:
    query = select(enquiries).where(which, enquiries.c.erased_at.is_(None)).order_by(enquiries.c.reference)
    return connection.execute(query.with_for_update() if hold else query).all()


def _contacts_behind(connection: Connection, email: str, sent: Iterable[AnyRow]) -> set[UUID]:
    """Give the contacts that have an address, had it once, or are known to have written from it."""
    once = select(contact_history.c.contact_id).where(func.lower(contact_history.c.was) == email)
    linked = {row.contact_id for row in sent if row.contact_id is not None}
    theirs = (func.lower(contacts.c.email) == email) | contacts.c.id.in_(once) | contacts.c.id.in_(linked)
    return set(connection.scalars(select(contacts.c.id).where(theirs, contacts.c.status != _GONE)))


def _person_of_contact(connection: Connection, contact_id: UUID, hold: bool) -> Person:
    sent = list(_enquiries(connection, enquiries.c.contact_id == contact_id, hold))
    query = select(contacts).where(contacts.c.id == contact_id, contacts.c.status != _GONE)
    contact = connection.execute(query.with_for_update() if hold else query).first()
    if contact is None:
        raise Refused("not_found", f"There is no contact {contact_id}, or they were erased already.")
    given = {normalise_email(email) for email in (contact.email, *(row.contact_email for row in sent)) if email}
    shared = frozenset(email for email in given if _is_shared(connection, email, contact_id))
    for email in sorted(given):
        unlinked = (func.lower(enquiries.c.contact_email) == email) & enquiries.c.contact_id.is_(None)
        loose = _enquiries(connection, unlinked, hold)
        sent += [row for row in loose if email not in shared or _same(row.contact_name, contact.name)]
    return _person(frozenset(given) - shared, shared, [contact], sent)


def _is_shared(connection: Connection, email: str, contact_id: UUID) -> bool:
    other = contacts.c.id != contact_id
    wrote = select(enquiries.c.contact_id).where(func.lower(enquiries.c.contact_email) == email)
    uses = (func.lower(contacts.c.email) == email) | contacts.c.id.in_(wrote)
    return connection.scalar(select(contacts.c.id).where(other, uses, contacts.c.status != _GONE).limit(1)) is not None


def _same(name: str, other: str) -> bool:
    return name.casefold().split() == other.casefold().split()


def _person(emails: frozenset[str], shared: frozenset[str], known: Sequence[AnyRow], sent: Sequence[AnyRow]) -> Person:
    return Person(
        emails=emails,
        shared=shared,
        contact_ids=tuple(contact.id for contact in known),
        references=tuple(sorted({row.reference for row in sent})),
        names=frozenset([contact.name for contact in known] + [row.contact_name for row in sent]),
        phones=frozenset(filter(None, [c.phone for c in known] + [row.contact_phone for row in sent])),
    )


def is_suppressed(connection: Connection, email: str, keys: Sequence[str]) -> bool:
    """Say whether somebody with this address was erased, so that no import may bring them back.

    A new enquiry of theirs is welcome all the same. `keys` are the settings' secret keys: any of them counts.
    """
    known = suppressions.c.person_hash.in_(person_hashes(keys, email))
    return connection.scalar(select(suppressions.c.at).where(known).limit(1)) is not None


def names_elsewhere(connection: Connection, person: Person) -> list[str]:
    """Give the references of other enquiries that may tell of a person.

    Theirs was merged into them, they were written to about them, or the words there hold their full name. The words are
    somebody else's, and another may have the same name: a person has to look.
    """
    others = enquiries.c.reference.not_in(person.references)
    joined = select(enquiries.c.merged_into).where(enquiries.c.reference.in_(person.references))
    about = enquiries.c.reference.in_(joined) | enquiries.c.correspondent_id.in_(person.contact_ids)
    found = set(connection.scalars(select(enquiries.c.reference).where(others, about)))
    for name in person.full_names:
        likely = references_saying(connection, [name]) - set(person.references)
        found |= {each for each, said in words_under(connection, likely) if name.casefold() in said.casefold()}
    return sorted(found)


def references_saying(connection: Connection, marks: Collection[str]) -> set[str]:
    """Give the enquiries whose words, or what was said about them, hold every word of one of the marks.

    They are found by their search entries, however many enquiries there are. Those that are not filed have none.
    """
    unfiled = (enquiries.c.standing == Standing.QUARANTINED.value) | enquiries.c.filed_at.is_(None)
    found: set[str] = set()
    for mark in marks:
        entries = select(search_entries.c.reference).where(_entry_says(connection, mark))
        columns = (enquiries.c.message, enquiries.c.preferred_times, enquiries.c.organisation)
        plain = select(enquiries.c.reference).where(unfiled, or_(*(holds(column, mark) for column in columns)))
        found |= set(connection.scalars(entries)) | set(connection.scalars(plain))
    return found


def _entry_says(connection: Connection, mark: str) -> ColumnElement[bool]:
    words = plain_words(mark)
    if not words:
        return false()
    if connection.dialect.name == "sqlite":
        return and_(*(func.instr(search_entries.c.words, f" {word}") > 0 for word in words))
    asked = cast(" & ".join(f"'{word}'" for word in words), TSQUERY)
    return literal_column(ENTRY_AS_VECTOR).op("@@", is_comparison=True)(asked)


def words_under(connection: Connection, references: Collection[str]) -> list[tuple[str, str]]:
    """Give the words of enquiries and of what was said about them, each with its reference."""
    asked = select(enquiries.c.reference, enquiries.c.message).where(enquiries.c.reference.in_(references))
    said = select(timeline.c.reference, timeline_words.c.words).join_from(timeline_words, timeline)
    rows = [*connection.execute(asked), *connection.execute(said.where(timeline.c.reference.in_(references)))]
    return [(reference, words) for reference, words in rows if words]


def list_data_requests(connection: Connection, *, limit: int) -> list[dict[str, Any]]:
    """List requests, those that are open first and by their due day: id, kind, state, dates, actor, outcome."""
    table = data_requests.c
    query = select(data_requests).order_by(table.state != "open", table.due_on, table.id).limit(limit)
    return [
        {
            "id": str(row.id),
            "kind": row.kind,
            "state": row.state,
            "received_on": row.received_on.isoformat(),
            "due_on": row.due_on.isoformat(),
            "closed_at": _value(row.closed_at),
            "actor": row.actor,
            "outcome": json.loads(row.outcome) if row.outcome else None,
        }
        for row in connection.execute(query)
    ]


def conditions_of(person: Person) -> dict[Table, ColumnElement[bool]]:
    """Give, for each table that holds something under a person's references or contact ids, which rows those are."""
    references, ids = person.references, person.contact_ids
    signed = select(agreements.c.id).where(agreements.c.reference.in_(references))
    abouts = [*references, *map(str, ids)]
    of_theirs = timeline.c.reference.in_(references) | timeline.c.about.in_(abouts)
    return {
        enquiries: enquiries.c.reference.in_(references),
        timeline: of_theirs,
        timeline_words: timeline_words.c.entry_id.in_(select(timeline.c.id).where(of_theirs)),
        tasks: tasks.c.reference.in_(references) | tasks.c.contact_id.in_(ids),
        checklists: checklists.c.reference.in_(references),
        matches: matches.c.reference.in_(references) | matches.c.target.in_(abouts),
        not_duplicates: not_duplicates.c.first.in_(references) | not_duplicates.c.second.in_(references),
        strikes: strikes.c.reference.in_(references),
        proposals: proposals.c.reference.in_(references),
        agreements: agreements.c.reference.in_(references),
        signatures: signatures.c.agreement_id.in_(signed),
        drawdowns: drawdowns.c.agreement_id.in_(signed),
        contacts: contacts.c.id.in_(ids),
        contact_history: contact_history.c.contact_id.in_(ids),
    }


def gather(connection: Connection, person: Person, keys: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Give all that enquiries holds on a person: for each table, its rows as they are, as plain data."""
    held = {
        table.name: _plain(connection, select(table).where(which)) for table, which in conditions_of(person).items()
    }
    posts_held = (
        select(posts.c.title, organisations.c.name.label("organisation"), holdings.c.since, holdings.c.until)
        .join_from(holdings, posts)
        .join(organisations)
        .where(holdings.c.contact_id.in_(person.contact_ids))
    )
    hashes = person_hashes(keys, person.key)
    return {
        **held,
        "posts_held": _plain(connection, posts_held),
        "saved_filters": _plain(connection, select(saved_filters).where(or_(False, *_named(saved_filters, person)))),
        "data_requests": _plain(connection, select(data_requests).where(data_requests.c.person_hash.in_(hashes))),
    }


def _named(table: Table, person: Person) -> list[ColumnElement[bool]]:
    marks = (*person.marks, *person.full_names)
    columns = [table.c.name, table.c.filter]
    return [holds(column, mark) for column in columns for mark in marks]


def holds(column: Any, mark: str) -> ColumnElement[bool]:
    """Give the condition that a text holds a mark, in whatever case; of letters beyond ASCII, as far as it is known."""
    if mark.lower() == mark.upper():  # a number has no case, and this takes a fraction of the time
        return or_(column.contains(mark, autoescape=True))
    low: ColumnElement[str] = func.lower(column)
    lowered = or_(low.contains(mark.lower(), autoescape=True))
    return lowered if mark.isascii() else or_(lowered, column.contains(mark, autoescape=True))


def _plain(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [
        {name: _value(value) for name, value in row._mapping.items() if value is not None}
        for row in connection.execute(query)
    ]


def _value(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
