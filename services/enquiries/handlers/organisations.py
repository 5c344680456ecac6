"""The organisations we work with and the posts in them. Establishments become organisations by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.enquiries.domain.people import OrganisationKind, bare_title
from services.enquiries.tables import establishments, organisations, posts
from shared.errors import Refused
from shared.establishment_names import bare_name
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

REGISTER = "register"
"""The actor of what follows from the register of establishments."""

_OF_THE_REGISTER = ("name", "nation", "active")
_LONGEST_NAME = 200


def of_establishment(work: UnitOfWork, establishment_id: str | None) -> UUID | None:
    """Give the organisation that an establishment is, made now where it is new; None where there is none known."""
    if establishment_id is None:
        return None
    known = _id_of(work, establishment_id)
    if known is not None:
        return known
    listed = select(establishments).where(establishments.c.id == establishment_id)
    row = work.connection.execute(listed).first()
    if row is None:
        return None
    keep_in_step(work, row)
    return _id_of(work, establishment_id)


def _id_of(work: UnitOfWork, establishment_id: str) -> UUID | None:
    query = select(organisations.c.id).where(organisations.c.establishment_id == establishment_id)
    found: UUID | None = work.connection.scalar(query)
    return found


def keep_in_step(work: UnitOfWork, establishment: AnyRow | Any) -> None:
    """Have an establishment's organisation say what the register says: `establishment` has id, name, nation, active."""
    values = {
        "name": establishment.name,
        "bare_name": bare_name(establishment.name)[:_LONGEST_NAME],
        "nation": establishment.nation,
        "active": establishment.active,
    }
    mine = organisations.c.establishment_id == establishment.id
    if work.connection.execute(update(organisations).where(mine).values(values)).rowcount:
        return
    new = {
        "id": work.new_id(),
        "kind": OrganisationKind.ESTABLISHMENT.value,
        "establishment_id": establishment.id,
        "created_at": work.now,
        "created_by": REGISTER,
    }
    insert_or_leave(work.connection, organisations, {**values, **new})


def add_organisation(work: UnitOfWork, said: Mapping[str, Any], *, actor: str) -> UUID:
    """Add an organisation that is no establishment and give its id. `said` is what `OrganisationForm` gives.

    Raises `Refused("invalid")` where there is one of that name and kind already.
    """
    new = {
        "id": work.new_id(),
        "kind": said["kind"],
        "name": said["name"],
        "bare_name": bare_name(said["name"])[:_LONGEST_NAME],
        "nation": said.get("nation"),
        "email_domain": said.get("email_domain"),
        "created_at": work.now,
        "created_by": actor,
    }
    _check_name_is_free(work, new["bare_name"], said["kind"])
    work.connection.execute(organisations.insert(), new)
    return UUID(str(new["id"]))


def _check_name_is_free(work: UnitOfWork, name: str, kind: str, but: UUID | None = None) -> None:
    same = (organisations.c.bare_name == name) & (organisations.c.kind == kind)
    query = select(organisations.c.id, organisations.c.name).where(same)
    for row in work.connection.execute(query):
        if row.id != but:
            why = f"There is one of that name already: {row.name}, with the id {row.id}."
            raise Refused("invalid", why, {"name": [why]})


def change_organisation(work: UnitOfWork, organisation_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change an organisation. Raises `Refused`: "not_found", or "invalid" for what the register says itself."""
    row = the_organisation(work, organisation_id)
    if row.establishment_id is not None:
        for field in _OF_THE_REGISTER:
            if field in changes:
                why = f"{row.name} is an establishment: its {field} comes from the register of establishments."
                raise Refused("invalid", why, {field: [why]})
    values = dict(changes)
    if "name" in values:
        values["bare_name"] = bare_name(values["name"])[:_LONGEST_NAME]
        _check_name_is_free(work, values["bare_name"], row.kind, but=organisation_id)
    if values:
        work.connection.execute(update(organisations).where(organisations.c.id == organisation_id).values(values))


def the_organisation(work: UnitOfWork, organisation_id: UUID) -> AnyRow:
    """Give an organisation's row. Raises `Refused("not_found")`."""
    row = work.connection.execute(select(organisations).where(organisations.c.id == organisation_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no organisation {organisation_id}. Look at the id again.")
    return row


def post_called(work: UnitOfWork, organisation_id: UUID, title: str) -> UUID | None:
    """Give the post of that title in an organisation, made now where it is new; None where the title says nothing."""
    bare = bare_title(title)
    if not bare:
        return None
    query = select(posts.c.id).where(posts.c.organisation_id == organisation_id, posts.c.bare_title == bare)
    known: UUID | None = work.connection.scalar(query)
    if known is not None:
        return known
    new = {"id": work.new_id(), "organisation_id": organisation_id, "title": title, "bare_title": bare}
    insert_or_leave(work.connection, posts, {**new, "created_at": work.now})
    found: UUID | None = work.connection.scalar(query)
    return found
