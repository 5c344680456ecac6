"""Organisations with their posts, and the people who hold them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from services.enquiries.tables import contact_history, contacts, enquiries, holdings, organisations, posts
from shared.errors import Refused
from shared.persistence.types import AnyRow

_MOST_SHOWN = 200
"""People, enquiries or changes that are shown with one organisation or person."""

_HELD_NOW = holdings.c.until.is_(None)


def list_organisations(
    connection: Connection, *, search: str | None, kind: str | None, limit: int
) -> list[dict[str, Any]]:
    """List organisations by name: id, kind, name, nation, establishment_id, email_domain, active."""
    query = select(organisations)
    if kind is not None:
        query = query.where(organisations.c.kind == kind)
    if search:
        query = query.where(_holds(search, organisations.c.name, organisations.c.email_domain))
    rows = connection.execute(query.order_by(organisations.c.name, organisations.c.id).limit(limit))
    return [_organisation(row) for row in rows]


def get_organisation(connection: Connection, organisation_id: UUID) -> dict[str, Any]:
    """Give one organisation with its posts, who holds each of them and since when, and its people.

    Raises `Refused("not_found")`.
    """
    row = connection.execute(select(organisations).where(organisations.c.id == organisation_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no organisation {organisation_id}. Look at the id again.")
    query = (
        select(posts.c.id, posts.c.title, contacts.c.id.label("contact"), contacts.c.name, holdings.c.since)
        .outerjoin(holdings, (holdings.c.post_id == posts.c.id) & _HELD_NOW)
        .outerjoin(contacts, contacts.c.id == holdings.c.contact_id)
        .where(posts.c.organisation_id == organisation_id)
        .order_by(posts.c.title, posts.c.id, holdings.c.since)
        .limit(_MOST_SHOWN)
    )
    people = _people().where(contacts.c.organisation_id == organisation_id).order_by(contacts.c.id.desc())
    return _organisation(row) | {
        "posts": _by_post(connection.execute(query)),
        "contacts": [_contact(each) for each in connection.execute(people.limit(_MOST_SHOWN))],
    }


def _by_post(rows: Any) -> list[dict[str, Any]]:
    found: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        post = found.setdefault(row.id, {"id": str(row.id), "title": row.title, "held_by": []})
        if row.contact is not None:
            post["held_by"].append({"contact": str(row.contact), "name": row.name, "since": row.since.isoformat()})
    return list(found.values())


def list_contacts(
    connection: Connection,
    *,
    search: str | None,
    organisation_id: UUID | None,
    status: str | None,
    limit: int,
    ids: Collection[UUID] | None = None,
) -> list[dict[str, Any]]:
    """List people, the newest first: id, name, email, phone, organisation (its name), status, preferred_channel.

    With `ids`, only those of them whom there are.
    """
    query = _people()
    if organisation_id is not None:
        query = query.where(contacts.c.organisation_id == organisation_id)
    if status is not None:
        query = query.where(contacts.c.status == status)
    if ids is not None:
        query = query.where(contacts.c.id.in_(ids))
    if search:
        query = query.where(_holds(search, contacts.c.name, contacts.c.email, contacts.c.phone))
    return [_contact(row) for row in connection.execute(query.order_by(contacts.c.id.desc()).limit(limit))]


def get_contact(connection: Connection, contact_id: UUID) -> dict[str, Any]:
    """Give one person with the posts they hold and held, their enquiries, and every change of what is on record.

    Raises `Refused("not_found")`.
    """
    row = connection.execute(_people().where(contacts.c.id == contact_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no contact {contact_id}. `keytalk contacts list` shows the ids.")
    return _contact(row) | {
        "status_since": row.status_since.isoformat(),
        "organisation_id": str(row.organisation_id) if row.organisation_id else None,
        "successor": str(row.successor_id) if row.successor_id else None,
        "source": row.source,
        "posts": _posts_of(connection, contact_id),
        "enquiries": _enquiries_of(connection, contact_id),
        "history": _history_of(connection, contact_id),
    }


def _posts_of(connection: Connection, contact_id: UUID) -> list[dict[str, Any]]:
    query = (
        select(posts.c.id, posts.c.title, organisations.c.name, holdings.c.since, holdings.c.until)
        .join(posts, posts.c.id == holdings.c.post_id)
        .join(organisations, organisations.c.id == posts.c.organisation_id)
        .where(holdings.c.contact_id == contact_id)
        .order_by(holdings.c.since, holdings.c.id)
    )
    return [
        {
            "id": str(row.id),
            "title": row.title,
            "organisation": row.name,
            "since": row.since.isoformat(),
            "until": _iso(row.until),
        }
        for row in connection.execute(query)
    ]


def _enquiries_of(connection: Connection, contact_id: UUID) -> list[dict[str, Any]]:
    """List the enquiries someone sent, the newest first."""
    columns = (enquiries.c.reference, enquiries.c.stage, enquiries.c.programme, enquiries.c.received_at)
    query = select(*columns).where(enquiries.c.contact_id == contact_id).order_by(enquiries.c.received_at.desc())
    rows = connection.execute(query.limit(_MOST_SHOWN))
    return [{**row._mapping, "received_at": row.received_at.isoformat()} for row in rows]


def _history_of(connection: Connection, contact_id: UUID) -> list[dict[str, Any]]:
    query = select(contact_history).where(contact_history.c.contact_id == contact_id)
    rows = connection.execute(query.order_by(contact_history.c.id.desc()).limit(_MOST_SHOWN)).all()
    return [
        {"at": row.at.isoformat(), "actor": row.actor, "kind": row.kind, "was": row.was, "now": row.now}
        for row in reversed(rows)
    ]


def _people() -> Select[Any]:
    named = organisations.c.name.label("organisation")
    return select(contacts, named).outerjoin(organisations, organisations.c.id == contacts.c.organisation_id)


def _holds(search: str, *columns: Any) -> ColumnElement[bool]:
    """Give the condition that one of the columns holds the text, in whatever case."""
    wanted = search.strip().lower()
    return or_(*(func.lower(column).contains(wanted, autoescape=True) for column in columns))


def _organisation(row: AnyRow) -> dict[str, Any]:
    shown = ("kind", "name", "nation", "establishment_id", "email_domain", "active")
    return {"id": str(row.id), **{name: getattr(row, name) for name in shown}}


def _contact(row: AnyRow) -> dict[str, Any]:
    shown = ("name", "email", "phone", "organisation", "status", "preferred_channel")
    return {"id": str(row.id), **{name: getattr(row, name) for name in shown}}


def _iso(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
