"""The people we are in touch with: who they are, which posts they hold, and every change of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from services.enquiries.domain.people import GONE, Changed, ContactStatus, bare_title, channel_of
from services.enquiries.domain.timeline import ENQUIRER
from services.enquiries.handlers import searching
from services.enquiries.handlers.organisations import post_called, the_organisation
from services.enquiries.queries.privacy import is_suppressed
from services.enquiries.tables import contact_history, contacts, holdings, posts
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

BY_HAND = "added by hand"
"""The source of a contact that an operator added."""


def note(
    work: UnitOfWork, contact_id: UUID, kind: Changed, *, was: str | None = None, now: str | None = None, actor: str
) -> None:
    """Write into a contact's history what was and what is."""
    row = {"id": work.new_id(), "contact_id": contact_id, "at": work.now, "actor": actor, "kind": kind.value}
    work.connection.execute(contact_history.insert(), {**row, "was": was, "now": now})


def add_contact(
    work: UnitOfWork, said: Mapping[str, Any], *, keys: Sequence[str], source: str = BY_HAND, actor: str
) -> UUID:
    """Add someone and give their id. `said` is what `ContactForm` gives; a `role` begins a post at the organisation.

    Raises `Refused`: "not_found" for the organisation; "invalid" where the address is somebody's already, where no
    way leads to them, or where they asked us to erase what we held: `keys` are the settings' secret keys.
    """
    _check_not_erased(work, said.get("email"), keys)
    organisation_id = said.get("organisation")
    if organisation_id is not None:
        the_organisation(work, organisation_id)
    if said.get("role"):
        _check_place_of_role(organisation_id)
    contact_id = _new(work, said, source=source, actor=actor)
    if contact_id is None:
        raise _taken(work, str(said.get("email")))
    if said.get("role") and organisation_id is not None:
        hold_post_called(work, contact_id, organisation_id, said["role"], actor=actor)
    return contact_id


def _check_not_erased(work: UnitOfWork, email: str | None, keys: Sequence[str]) -> None:
    if email is not None and is_suppressed(work.connection, email, keys):
        why = (
            "The person with this address asked us to erase what we held on them, so we do not add them again. When "
            "they write to us themselves, they are welcome."
        )
        raise Refused("invalid", why, {"email": [why]})


def _check_place_of_role(organisation_id: UUID | None) -> None:
    if organisation_id is None:
        why = "Say at which organisation they have this role."
        raise Refused("invalid", why, {"organisation": [why]})


def _new(work: UnitOfWork, said: Mapping[str, Any], *, source: str, actor: str) -> UUID | None:
    """Store a new contact and give their id; None where the address is somebody's already."""
    email, phone = said.get("email"), said.get("phone")
    contact_id = work.new_id()
    row = {
        "id": contact_id,
        "name": said["name"],
        "email": email,
        "phone": phone,
        "organisation_id": said.get("organisation"),
        "preferred_channel": channel_of(said.get("preferred_channel"), email, phone).value,
        "status": ContactStatus.ACTIVE.value,
        "status_since": work.now,
        "source": source,
        "created_at": work.now,
    }
    if not insert_or_leave(work.connection, contacts, row):
        return None
    note(work, contact_id, Changed.ADDED, now=source, actor=actor)
    return contact_id


def _taken(work: UnitOfWork, email: str) -> Refused:
    row = with_address(work, email)
    why = f"This address is already that of the contact {row.id}." if row else "This address is somebody's already."
    return Refused("invalid", why, {"email": [why]})


def with_address(work: UnitOfWork, email: str) -> AnyRow | None:
    """Give the row of whoever has an address, in whatever case it is written."""
    return work.connection.execute(select(contacts).where(func.lower(contacts.c.email) == email.lower())).first()


def change_contact(
    work: UnitOfWork, contact_id: UUID, changes: Mapping[str, Any], *, keys: Sequence[str], actor: str
) -> None:
    """Change what is on record about someone, and note each change with what it was.

    `changes` is what `parse_changes(ContactForm, ...)` gives. Raises `Refused`: "not_found", "refused" for someone who
    was erased, "invalid" by field.
    """
    was = the_contact(work, contact_id)
    new = _checked(work, was, changes)
    _check_not_erased(work, new.get("email"), keys)
    role, organisation_id = changes.get("role"), new.get("organisation_id", was.organisation_id)
    if role:
        _check_place_of_role(organisation_id)
    if new:
        work.connection.execute(update(contacts).where(contacts.c.id == contact_id).values(new))
    for column, value in new.items():
        _note_change(work, contact_id, column, getattr(was, column), value, actor=actor)
    searching.index_again_for(work, contact_id)
    if role and organisation_id is not None:
        hold_post_called(work, contact_id, organisation_id, role, actor=actor)


def _checked(work: UnitOfWork, was: AnyRow, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns that change, each with its new value. Raises `Refused`."""
    new = {_COLUMNS.get(field, field): value for field, value in changes.items() if field != "role"}
    if new.get("organisation_id") is not None:
        the_organisation(work, new["organisation_id"])
    if new.get("successor_id") is not None:
        _check_successor(work, was.id, new["successor_id"])
    if new.get("email") is not None:
        other = with_address(work, new["email"])
        if other is not None and other.id != was.id:
            raise _taken(work, new["email"])
    if new.keys() & {"email", "phone", "preferred_channel"}:
        new["preferred_channel"] = _channel_after(was, new)
    return {column: value for column, value in new.items() if value != getattr(was, column)}


_COLUMNS = {"organisation": "organisation_id", "successor": "successor_id"}


def _channel_after(was: AnyRow, new: Mapping[str, Any]) -> str:
    """Settle the channel after a change: one that was chosen must lead somewhere; another gives way if need be."""
    email, phone = new.get("email", was.email), new.get("phone", was.phone)
    if "preferred_channel" in new:
        return channel_of(new["preferred_channel"], email, phone).value
    still_leads = {"email": email, "phone": phone, "post": True}[was.preferred_channel]
    return str(was.preferred_channel) if still_leads else channel_of(None, email, phone).value


def _note_change(work: UnitOfWork, contact_id: UUID, column: str, was: Any, now: Any, *, actor: str) -> None:
    kind = Changed(column.removesuffix("_id"))
    words = [None if value is None else str(value) for value in (was, now)]
    note(work, contact_id, kind, was=words[0], now=words[1], actor=actor)


def _check_successor(work: UnitOfWork, contact_id: UUID, successor_id: UUID) -> None:
    """Make sure that whoever follows somebody is there, and that the line leads on. Raises `Refused("invalid")`."""
    here: UUID | None = successor_id
    seen: set[UUID] = set()
    while here is not None and here not in seen:
        if here == contact_id:
            why = "Nobody can follow themselves, not even by way of others."
            raise Refused("invalid", why, {"successor": [why]})
        seen.add(here)
        row = work.connection.execute(select(contacts).where(contacts.c.id == here)).first()
        if row is None or row.status == ContactStatus.ERASED.value:
            why = f"There is no contact {here}. Look at the id again."
            raise Refused("invalid", why, {"successor": [why]})
        here = row.successor_id


def the_contact(work: UnitOfWork, contact_id: UUID) -> AnyRow:
    """Give a contact's row, kept from others until the work ends.

    Raises `Refused`: "not_found", or "refused" for someone who was erased.
    """
    row = work.connection.execute(select(contacts).where(contacts.c.id == contact_id).with_for_update()).first()
    if row is None:
        raise Refused("not_found", f"There is no contact {contact_id}. `keytalk contacts list` shows the ids.")
    if row.status == ContactStatus.ERASED.value:
        raise Refused("refused", "What we held on this person was erased at their wish, and stays so.")
    return row


def assign_post(work: UnitOfWork, contact_id: UUID, post_id: UUID, *, actor: str) -> None:
    """Say that someone holds a post from now on. Said again, it changes nothing. Raises `Refused`."""
    row = the_contact(work, contact_id)
    if ContactStatus(row.status) in GONE:
        raise Refused("refused", f"This contact is marked {row.status}, so they cannot take up a post.")
    post = _the_post(work, post_id)
    _begin(work, contact_id, post, actor=actor)
    if row.organisation_id is None:
        values = {"organisation_id": post.organisation_id}
        work.connection.execute(update(contacts).where(contacts.c.id == contact_id).values(values))
        _note_change(work, contact_id, "organisation_id", None, post.organisation_id, actor=actor)


def end_post(work: UnitOfWork, contact_id: UUID, post_id: UUID, *, actor: str) -> None:
    """Say that someone holds a post no longer. Raises `Refused` where they do not hold it."""
    the_contact(work, contact_id)
    post = _the_post(work, post_id)
    mine = (holdings.c.contact_id == contact_id, holdings.c.post_id == post_id, holdings.c.until.is_(None))
    if work.connection.execute(update(holdings).where(*mine).values(until=work.now)).rowcount == 0:
        raise Refused("refused", f"This contact does not hold the post of {post.title}, so there is nothing to end.")
    note(work, contact_id, Changed.POST_ENDED, was=post.title, actor=actor)


def hold_post_called(work: UnitOfWork, contact_id: UUID, organisation_id: UUID, title: str, *, actor: str) -> None:
    """Say that someone holds the post of that title at an organisation, which is made where it is new."""
    post_id = post_called(work, organisation_id, title)
    if post_id is not None:
        _begin(work, contact_id, _the_post(work, post_id), actor=actor)


def _begin(work: UnitOfWork, contact_id: UUID, post: AnyRow, *, actor: str) -> None:
    row = {"id": work.new_id(), "post_id": post.id, "contact_id": contact_id, "since": work.now}
    if insert_or_leave(work.connection, holdings, row):
        note(work, contact_id, Changed.POST_BEGUN, now=post.title, actor=actor)


def _the_post(work: UnitOfWork, post_id: UUID) -> AnyRow:
    row = work.connection.execute(select(posts).where(posts.c.id == post_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no post {post_id}. `keytalk organisations show` lists an organisation's.")
    return row


def who_asks(work: UnitOfWork, row: AnyRow, organisation_id: UUID | None) -> tuple[UUID, UUID | None, bool]:
    """Find who an enquiry is from: by their address exactly, or as someone new.

    Gives the contact's id, the organisation the enquiry comes from (theirs, where the place was not recognised) and
    whether they are new. What they say otherwise than is on record is noted and never written over it. Whoever had
    left or bounced and writes again is back.
    """
    known = with_address(work, row.contact_email) if row.contact_email else None
    if known is None:
        contact_id = _new(work, _as_said(row, organisation_id), source=row.reference, actor=ENQUIRER)
        if contact_id is not None:
            if organisation_id is not None and row.contact_role:
                hold_post_called(work, contact_id, organisation_id, row.contact_role, actor=ENQUIRER)
            return contact_id, organisation_id, True
        known = with_address(work, row.contact_email)  # somebody else was faster
    if known is None:
        raise LookupError(f"{row.reference}: the contact is neither new nor known")
    _hear(work, known, row, organisation_id)
    return known.id, organisation_id or known.organisation_id, False


def _as_said(row: AnyRow, organisation_id: UUID | None) -> dict[str, Any]:
    return {
        "name": row.contact_name,
        "email": row.contact_email,
        "phone": row.contact_phone,
        "organisation": organisation_id,
    }


def _hear(work: UnitOfWork, known: AnyRow, row: AnyRow, organisation_id: UUID | None) -> None:
    """Take in what someone we know says about themselves: what was open is filled in, the rest is noted."""
    if ContactStatus(known.status) in GONE:
        back = ContactStatus.ACTIVE.value
        values = {"status": back, "status_since": work.now}
        work.connection.execute(update(contacts).where(contacts.c.id == known.id).values(values))
        note(work, known.id, Changed.STATUS, was=known.status, now=back, actor=ENQUIRER)
    filled = {"phone": row.contact_phone, "organisation_id": organisation_id}
    new = {column: value for column, value in filled.items() if value and getattr(known, column) is None}
    if new:
        work.connection.execute(update(contacts).where(contacts.c.id == known.id).values(new))
        for column, value in new.items():
            _note_change(work, known.id, column, None, value, actor=ENQUIRER)
    if row.contact_name.casefold() != known.name.casefold():
        _note_once(work, known.id, Changed.NAME_GIVEN, known.name, row.contact_name)
    if row.contact_phone and known.phone and row.contact_phone != known.phone:
        _note_once(work, known.id, Changed.PHONE_GIVEN, known.phone, row.contact_phone)
    if row.contact_role:
        _hear_role(work, known, row.contact_role, organisation_id)


def _hear_role(work: UnitOfWork, known: AnyRow, role: str, organisation_id: UUID | None) -> None:
    held = select(posts.c.title).join(holdings, holdings.c.post_id == posts.c.id)
    titles = list(work.connection.scalars(held.where(holdings.c.contact_id == known.id, holdings.c.until.is_(None))))
    if not titles and organisation_id is not None and organisation_id == (known.organisation_id or organisation_id):
        hold_post_called(work, known.id, organisation_id, role, actor=ENQUIRER)
    elif bare_title(role) not in {bare_title(title) for title in titles}:
        _note_once(work, known.id, Changed.ROLE_GIVEN, ", ".join(sorted(titles)) or None, role)


def _note_once(work: UnitOfWork, contact_id: UUID, kind: Changed, was: str | None, now: str) -> None:
    """Note what was said, unless the same was noted before."""
    same = (contact_history.c.kind == kind.value) & (contact_history.c.now == now)
    query = select(contact_history.c.id).where(contact_history.c.contact_id == contact_id, same).limit(1)
    if work.connection.scalar(query) is None:
        note(work, contact_id, kind, was=was, now=now, actor=ENQUIRER)


def settle_organisation(work: UnitOfWork, row: AnyRow, organisation_id: UUID, *, actor: str) -> None:
    """Say where the asker of an enquiry works, and in which post, where that was not known; what is known stays."""
    asker = work.connection.execute(select(contacts).where(contacts.c.id == row.contact_id)).one()
    if asker.organisation_id is not None or asker.status == ContactStatus.ERASED.value:
        return
    values = {"organisation_id": organisation_id}
    work.connection.execute(update(contacts).where(contacts.c.id == asker.id).values(values))
    _note_change(work, asker.id, "organisation_id", None, organisation_id, actor=actor)
    if row.contact_role:
        _hear_role(work, asker, row.contact_role, organisation_id)
