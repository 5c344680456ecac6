"""Finding out who an enquiry is from and what it resembles, when it is filed; and what a person says of that.

Only two things are settled without a person: an establishment that was recognised, and an address that is somebody's
exactly. All else is suggested. Nothing is ever merged by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.enquiries.domain.matching import (
    MatchKind,
    Suggestion,
    suggest_duplicates,
    suggest_organisations,
    suggest_people,
)
from services.enquiries.domain.people import GONE, ContactStatus
from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import Kind
from services.enquiries.handlers import history, people, waiting
from services.enquiries.handlers.organisations import of_establishment, the_organisation
from services.enquiries.queries.matching import (
    asking_in,
    likely_duplicates,
    likely_organisations,
    likely_people,
    person_in,
)
from services.enquiries.tables import contacts, enquiries, matches
from shared.errors import Refused
from shared.establishment_names import bare_name
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

ABOUT_CONTACT, ABOUT_ORGANISATION, ABOUT_CORRESPONDENT = "contact", "organisation", "correspondent"
"""What a `linked` step of the history was about, where a person chose; after a merge it is the other's reference."""


def recognise(work: UnitOfWork, row: AnyRow) -> UUID | None:
    """Link an enquiry to who asked and to their organisation, suggest what else it may be; give the contact's id.

    `row` is the enquiry as it was stored. One that is linked already, or is not filed, stays as it is.
    """
    if row.contact_id is not None or row.standing == Standing.QUARANTINED.value or row.erased_at is not None:
        contact: UUID | None = row.contact_id
        return contact
    organisation_id = of_establishment(work, row.establishment_id)
    contact_id, organisation_id, is_new = people.who_asks(work, row, organisation_id)
    _save(work, row.reference, contact_id=contact_id, organisation_id=organisation_id)
    if organisation_id is None:
        _suggest_organisations(work, row)
    if is_new:
        _suggest_people(work, row.reference, contact_id)
    _suggest_duplicates(work, row, contact_id=contact_id, organisation_id=organisation_id)
    return contact_id


def _suggest_organisations(work: UnitOfWork, row: AnyRow) -> None:
    names = [bare_name(text) for text in (row.establishment, row.organisation) if text]
    candidates = likely_organisations(work.connection, names, row.contact_email)
    _keep(work, row.reference, suggest_organisations(names, row.contact_email, candidates))


def _suggest_people(work: UnitOfWork, reference: str, contact_id: UUID) -> None:
    person = person_in(work.connection.execute(select(contacts).where(contacts.c.id == contact_id)).one())
    _keep(work, reference, suggest_people(person, likely_people(work.connection, person)))


def _suggest_duplicates(work: UnitOfWork, row: AnyRow, **known: Any) -> None:
    asking = asking_in(row, **known)
    _keep(work, row.reference, suggest_duplicates(asking, likely_duplicates(work.connection, asking)))


def _keep(work: UnitOfWork, reference: str, suggestions: Iterable[Suggestion]) -> None:
    """Store suggestions; what was settled before stays settled."""
    for each in suggestions:
        match = {"reference": reference, "kind": each.kind.value, "target": each.target, "score": each.score}
        said = {"reasons": json.dumps(each.reasons), "state": "suggested", "at": work.now}
        insert_or_leave(work.connection, matches, {**match, **said})


def link_contact(work: UnitOfWork, reference: str, contact_id: UUID, *, actor: str) -> None:
    """Say that an enquiry is from someone who was on record already. Raises `Refused`."""
    row = _filed(work, reference)
    known = people.the_contact(work, contact_id)
    if row.contact_id == contact_id:
        return
    organisation_id = row.organisation_id or known.organisation_id
    _save(work, reference, contact_id=contact_id, organisation_id=organisation_id)
    was = str(row.contact_id) if row.contact_id else None
    history.write(work, reference, Kind.LINKED, actor=actor, was=was, now=str(contact_id), about=ABOUT_CONTACT)
    _settle(work, reference, MatchKind.CONTACT, str(contact_id), actor)
    _suggest_duplicates(work, row, contact_id=contact_id, organisation_id=organisation_id)


def link_organisation(work: UnitOfWork, reference: str, organisation_id: UUID, *, actor: str) -> None:
    """Say which organisation an enquiry is from; for one of an unknown place, that is its establishment too.

    Who asked is at this organisation from now on, where theirs was not known. Raises `Refused`.
    """
    row = _filed(work, reference)
    organisation = the_organisation(work, organisation_id)
    if row.organisation_id == organisation_id:
        return
    establishment_id = row.establishment_id or organisation.establishment_id
    _save(work, reference, organisation_id=organisation_id, establishment_id=establishment_id)
    if row.contact_id is not None:
        people.settle_organisation(work, row, organisation_id, actor=actor)
    was = str(row.organisation_id) if row.organisation_id else None
    now = str(organisation_id)
    history.write(work, reference, Kind.LINKED, actor=actor, was=was, now=now, about=ABOUT_ORGANISATION)
    _settle(work, reference, MatchKind.ORGANISATION, now, actor)
    if row.contact_id is not None:
        _suggest_people(work, reference, row.contact_id)
    _suggest_duplicates(work, row, organisation_id=organisation_id, establishment_id=establishment_id)


def write_to(work: UnitOfWork, reference: str, contact_id: UUID, *, actor: str) -> None:
    """Say who is written to about an enquiry from now on; who asked stays on record. Raises `Refused`."""
    row = _filed(work, reference)
    known = people.the_contact(work, contact_id)
    if ContactStatus(known.status) in GONE:
        raise Refused("refused", f"This contact is marked {known.status}, so nobody can write to them.")
    if (row.correspondent_id or row.contact_id) == contact_id:
        return
    _save(work, reference, correspondent_id=contact_id)
    was = str(row.correspondent_id) if row.correspondent_id else None
    history.write(work, reference, Kind.LINKED, actor=actor, was=was, now=str(contact_id), about=ABOUT_CORRESPONDENT)


def refuse_match(work: UnitOfWork, reference: str, target: str, *, actor: str) -> None:
    """Say that an enquiry is not from this contact or organisation: it is not suggested again. Raises `Refused`."""
    settled = {"state": "refused", "settled_at": work.now, "settled_by": actor}
    kinds = (MatchKind.CONTACT.value, MatchKind.ORGANISATION.value)
    mine = (matches.c.reference == reference, matches.c.target == target, matches.c.kind.in_(kinds))
    if work.connection.execute(update(matches).where(*mine).values(settled)).rowcount == 0:
        raise Refused("not_found", f"{target} was not suggested for {reference}, so there is nothing to refuse.")


def _settle(work: UnitOfWork, reference: str, kind: MatchKind, taken: str, actor: str) -> None:
    """Mark what was taken of the suggestions of a kind; the others are answered by that."""
    open_ones = (matches.c.reference == reference, matches.c.kind == kind.value, matches.c.state == "suggested")
    for state, which in (("taken", matches.c.target == taken), ("refused", matches.c.target != taken)):
        settled = {"state": state, "settled_at": work.now, "settled_by": actor}
        work.connection.execute(update(matches).where(*open_ones, which).values(settled))


def _filed(work: UnitOfWork, reference: str) -> AnyRow:
    row = waiting.locked(work, reference)
    if row.standing == Standing.QUARANTINED.value:
        raise Refused("refused", f"{reference} is in quarantine. Release it first if it is a real enquiry.")
    if row.erased_at is not None:
        raise Refused("refused", f"The words of {reference} were erased at the person's wish: it is linked to nobody.")
    return row


def _save(work: UnitOfWork, reference: str, **values: Any) -> None:
    work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(values))
