"""Operators: who they are, what they may do, and how an account comes to be and ends."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from ops.accounts.secrets import hashed, new_key
from ops.gateway.roles import OWN, Role
from ops.tables import invitations, operators, sessions, tokens
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.work import new_id

INVITED_FOR = timedelta(days=3)
"""How long the link to choose a password holds."""

_NAME = re.compile(r"^[a-z][a-z0-9._-]{1,39}$")
_EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s]{1,189}$")


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may sign in. `name` is the handle that histories show, `stands_for` whose own things they see."""

    id: UUID
    name: str
    full_name: str
    email: str
    roles: frozenset[Role]
    stands_for: str | None = None
    password_hash: str | None = None
    totp_secret: str | None = None
    totp_step: int | None = None
    disabled_at: datetime | None = None
    last_seen_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give what may be shown of an operator, as JSON data."""
        return {
            "id": str(self.id),
            "name": self.name,
            "full_name": self.full_name,
            "email": self.email,
            "roles": sorted(self.roles),
            "stands_for": self.stands_for,
            "state": self.state,
            "second_factor": self.totp_secret is not None,
            "last_seen_at": self.last_seen_at and self.last_seen_at.isoformat(),
        }

    @property
    def state(self) -> str:
        """`disabled`, `invited` until a password is chosen, then `active`."""
        if self.disabled_at is not None:
            return "disabled"
        return "active" if self.password_hash else "invited"


def operator_of(row: AnyRow) -> Operator:
    """Give the operator that a row of `operators` keeps."""
    known = {name: row._mapping[name] for name in Operator.__dataclass_fields__ if name != "roles"}
    return Operator(roles=frozenset(map(Role, json.loads(row.roles))), **known)


def count_operators(connection: Connection) -> int:
    """Count every account there ever was."""
    return connection.scalar(select(func.count()).select_from(operators)) or 0


def list_operators(connection: Connection) -> list[Operator]:
    """List all operators by name."""
    return [operator_of(row) for row in connection.execute(select(operators).order_by(operators.c.name))]


def find_operator(connection: Connection, login: str) -> Operator | None:
    """Find an operator by name or email, however it is written; None where there is none."""
    wanted = login.strip().lower()
    if not wanted.isprintable():  # nobody's, and some of it no database takes
        return None
    known = or_(operators.c.name == wanted, operators.c.email == wanted)
    row = connection.execute(select(operators).where(known)).first()
    return None if row is None else operator_of(row)


def find_by_email(connection: Connection, email: str) -> Operator | None:
    """Find the operator who may sign in and has an email; None where there is none."""
    found = find_operator(connection, email)
    return found if found and found.disabled_at is None and found.email == email.strip().lower() else None


def still_stands(connection: Connection, operator: Operator) -> bool:
    """Say whether somebody may come in as they could when they were looked up, and keep it so until the commit.

    Somebody who was disabled in the meantime, or whose password or second factor is another now, may not.
    """
    known = select(operators).where(operators.c.id == operator.id).with_for_update()
    row = connection.execute(known).first()
    if row is None or row.disabled_at is not None:
        return False
    return (row.password_hash, row.totp_secret) == (operator.password_hash, operator.totp_secret)


def be_alone(connection: Connection) -> None:
    """Have no other transaction add an operator until this one ends."""
    # On SQLite, one that writes is alone already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE operators IN SHARE ROW EXCLUSIVE MODE"))


def the_operator(connection: Connection, login: str) -> Operator:
    """Find an operator by name or email. Raises `Refused("not_found")`."""
    found = find_operator(connection, login)
    if found is None:
        words = f"There is no operator '{login[:100]}'."
        raise Refused("not_found", words, {"operator": ["Give a name or an email."]})
    return found


def add_operator(connection: Connection, given: Mapping[str, Any], now: datetime) -> Operator:
    """Add an operator who is yet to choose a password.

    `given` has name, email, full_name, roles and, for a role that stands for somebody, stands_for. Raises `Refused`
    where a value does not do, or where name or email are somebody's already.
    """
    values = _checked(given)
    operator = Operator(id=new_id(), **values)
    row = {**values, "roles": _written(operator.roles), "id": operator.id, "created_at": now}
    try:
        connection.execute(insert(operators), row)
    except IntegrityError:
        words = "Somebody has that name or that email already."
        raise Refused("conflict", words, {"name": [words]}) from None
    return operator


def change_operator(connection: Connection, login: str, given: Mapping[str, Any]) -> Operator:
    """Change an operator's full name, roles, or whom they stand for; what is None stays as it is."""
    operator = the_operator(connection, login)
    kept: dict[str, Any] = {"name": operator.name, "email": operator.email, "full_name": operator.full_name}
    kept |= {"roles": sorted(operator.roles), "stands_for": operator.stands_for}
    values = _checked(kept | {name: value for name, value in given.items() if value is not None})
    changes = {"full_name": values["full_name"], "roles": _written(values["roles"]), "stands_for": values["stands_for"]}
    connection.execute(update(operators).where(operators.c.id == operator.id).values(changes))
    return the_operator(connection, operator.name)


def disable_operator(connection: Connection, login: str, now: datetime) -> Operator:
    """Let an operator in no more: sessions, tokens and links end at once. The name stays theirs in every history."""
    operator = the_operator(connection, login)
    connection.execute(update(operators).where(operators.c.id == operator.id).values(disabled_at=now))
    shut_out(connection, operator.id, now)
    return the_operator(connection, operator.name)


def enable_operator(connection: Connection, login: str) -> Operator:
    """Let an operator in again, with the password they had."""
    operator = the_operator(connection, login)
    connection.execute(update(operators).where(operators.c.id == operator.id).values(disabled_at=None))
    return the_operator(connection, operator.name)


def shut_out(connection: Connection, operator_id: UUID, now: datetime, *, also_tokens: bool = True) -> None:
    """End an operator's sessions and open links, and their tokens where asked."""
    connection.execute(sessions.delete().where(sessions.c.operator_id == operator_id))
    unused = (invitations.c.operator_id == operator_id) & invitations.c.used_at.is_(None)
    connection.execute(update(invitations).where(unused).values(used_at=now))
    if also_tokens:
        live = (tokens.c.operator_id == operator_id) & tokens.c.revoked_at.is_(None)
        connection.execute(update(tokens).where(live).values(revoked_at=now))


def invite(connection: Connection, operator: Operator, now: datetime) -> str:
    """Make the key of a link by which an operator chooses a password; earlier links end."""
    open_links = (invitations.c.operator_id == operator.id) & invitations.c.used_at.is_(None)
    connection.execute(update(invitations).where(open_links).values(used_at=now))
    key = new_key()
    link = {"key_hash": hashed(key), "operator_id": operator.id, "expires_at": now + INVITED_FOR}
    connection.execute(insert(invitations), link)
    return key


def invited_by(connection: Connection, key: str, now: datetime) -> Operator | None:
    """Give the operator whose unused link has this key, or None where it does not hold (any more)."""
    holds = (invitations.c.key_hash == hashed(key)) & invitations.c.used_at.is_(None) & (invitations.c.expires_at > now)
    joined = select(operators).join(invitations, invitations.c.operator_id == operators.c.id)
    row = connection.execute(joined.where(holds, operators.c.disabled_at.is_(None))).first()
    return None if row is None else operator_of(row)


def use_link(connection: Connection, key: str, now: datetime) -> bool:
    """Use a link up, and say whether it held: of two who come with it at the same moment, one has it."""
    holds = (invitations.c.key_hash == hashed(key)) & invitations.c.used_at.is_(None) & (invitations.c.expires_at > now)
    return connection.execute(update(invitations).where(holds).values(used_at=now)).rowcount == 1


def choose_password(connection: Connection, operator: Operator, password_hash: str, now: datetime) -> None:
    """Keep a new password; whoever was signed in with the old one is signed out, and links end."""
    connection.execute(update(operators).where(operators.c.id == operator.id).values(password_hash=password_hash))
    shut_out(connection, operator.id, now, also_tokens=False)


def set_second_factor(connection: Connection, operator_id: UUID, secret: str | None, step: int | None = None) -> None:
    """Keep the secret of an authenticator app, or none any more; `step` is that of the code that proved it."""
    changes = {"totp_secret": secret, "totp_step": step}
    connection.execute(update(operators).where(operators.c.id == operator_id).values(changes))


def handle(name: str) -> str | None:
    """Give a name as it is kept, where it is one."""
    written = name.strip().lower()
    return written if _NAME.fullmatch(written) else None


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    name, email = str(given.get("name") or "").strip().lower(), str(given.get("email") or "").strip().lower()
    wrong: dict[str, list[str]] = {}
    if not _NAME.match(name):
        wrong["name"] = ["Give a short name in small letters, such as priya."]
    if not _EMAIL.match(email):
        wrong["email"] = ["Give an email address, such as priya@example.org."]
    full_name = " ".join(str(given.get("full_name") or name).split())
    if not 0 < len(full_name) <= 100 or not full_name.isprintable():
        wrong["full_name"] = ["Give a name of at most 100 characters."]
    roles = _roles(given.get("roles"), wrong)
    stands_for = str(given.get("stands_for") or "") or None
    if roles & OWN and not stands_for:
        wrong["stands_for"] = ["Say whose own things they see: the id of the facilitator, or of the organisation."]
    if roles & OWN and len(roles) > 1:
        wrong["roles"] = ["A facilitator or a commissioner has no other role."]
    if wrong:
        raise Refused("invalid", " ".join(words for said in wrong.values() for words in said), wrong)
    return {"name": name, "email": email, "full_name": full_name, "roles": roles, "stands_for": stands_for}


def _roles(given: Any, wrong: dict[str, list[str]]) -> frozenset[Role]:
    try:
        roles = frozenset(map(Role, given or ()))
    except (ValueError, TypeError):
        roles = frozenset()
    if not roles:
        wrong["roles"] = [f"Give one or more of: {', '.join(Role)}."]
    return roles


def _written(roles: frozenset[Role]) -> str:
    return json.dumps(sorted(roles))
