"""What admins do with accounts, and everybody with their own: the operations that the gateway carries out itself."""

from __future__ import annotations

import inspect
import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ops.accounts import operators as people
from ops.accounts import tokens
from ops.accounts.audit import list_audit, write_down
from ops.accounts.operators import Operator
from ops.gateway.permissions import CHANGE, READ
from ops.gateway.roles import Area, may_in
from shared.clock import Clock
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.database import Database

_log = logging.getLogger(__name__)


class Duty(NamedTuple):
    """One operation of ops itself: whether it changes, and the area it needs; None for what is somebody's own."""

    kind: str
    area: Area | None


DUTIES: Mapping[str, Duty] = {
    "whoami": Duty(READ, None),
    "list_operators": Duty(READ, Area.OPERATORS),
    "add_operator": Duty(CHANGE, Area.OPERATORS),
    "change_operator": Duty(CHANGE, Area.OPERATORS),
    "invite_operator": Duty(CHANGE, Area.OPERATORS),
    "disable_operator": Duty(CHANGE, Area.OPERATORS),
    "enable_operator": Duty(CHANGE, Area.OPERATORS),
    "remove_second_factor": Duty(CHANGE, Area.OPERATORS),
    "list_audit": Duty(READ, Area.AUDIT),
    "list_tokens": Duty(READ, None),
    "make_token": Duty(CHANGE, None),
    "revoke_token": Duty(CHANGE, None),
}
"""Every operation of ops itself, `ops.NAME`."""


class Office:
    """Carries them out. `console_url` is where links to choose a password lead."""

    def __init__(self, database: Database, clock: Clock, console_url: str) -> None:
        self._database = database
        self._clock = clock
        self._console_url = console_url

    def ask(self, operator: Operator, method: str, arguments: Mapping[str, Any]) -> Any:
        """Carry one out for an operator; a change is in the audit. Raises `Refused`."""
        duty = DUTIES.get(method)
        if duty is None:
            raise Refused("not_found", f"There is no operation ops.{method}.")
        if duty.area is not None and not may_in(operator.roles, duty.area, duty.kind):
            _log.warning("not allowed", extra={"operator_id": str(operator.id), "operation": f"ops.{method}"})
            raise Refused("forbidden", f"Your account may not do that (ops.{method}).")
        carry_out: Callable[..., Any] = getattr(self, f"_{method}")
        given = dict(arguments)
        signature = inspect.signature(carry_out)
        try:
            signature.bind(operator, **given)
        except TypeError as error:
            raise Refused("invalid", f"ops.{method}: {error}.") from None
        for name, value in given.items():
            _must_fit(name, value, str(signature.parameters[name].annotation))
        if duty.kind == CHANGE:
            self._write_down(operator, method, given)
        return carry_out(operator, **given)

    def _write_down(self, operator: Operator, method: str, given: Mapping[str, Any]) -> None:
        roles = given.get("roles")
        said = [given.get("reason"), roles and f"roles: {' '.join(sorted(roles))}"]
        with self._database.writing() as connection:
            write_down(
                connection,
                actor=operator.name,
                operation=f"ops.{method}",
                now=self._clock(),
                correlation_id=str(uuid.uuid4()),
                subject=self._subject(connection, operator, given),
                reason="; ".join(filter(None, said)) or None,
            )

    def _subject(self, connection: Connection, operator: Operator, given: Mapping[str, Any]) -> str | None:
        """Give the name of whose account it is, or a token's id; never an email, which may be typed for a name."""
        if "token" in given:
            token = tokens.find_token(connection, operator, given["token"])
            return None if token is None else str(token)
        if "operator" in given:
            known = people.find_operator(connection, given["operator"])
            return None if known is None else known.name
        return people.handle(given["name"]) if "name" in given else operator.name

    def _whoami(self, operator: Operator) -> dict[str, Any]:
        return operator.as_dict()

    def _list_operators(self, _operator: Operator) -> list[dict[str, Any]]:
        with self._database.reading() as connection:
            return [one.as_dict() for one in people.list_operators(connection)]

    def _add_operator(
        self,
        _operator: Operator,
        name: str,
        email: str,
        roles: list[str],
        full_name: str | None = None,
        stands_for: str | None = None,
    ) -> dict[str, Any]:
        given = {"name": name, "email": email, "roles": roles, "full_name": full_name, "stands_for": stands_for}
        with self._database.writing() as connection:
            added = people.add_operator(connection, given, self._clock())
            return self._invited(added, people.invite(connection, added, self._clock()))

    def _change_operator(
        self,
        asking: Operator,
        operator: str,
        full_name: str | None = None,
        roles: list[str] | None = None,
        stands_for: str | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        given = {"full_name": full_name, "roles": roles, "stands_for": stands_for}
        with self._database.writing() as connection:
            if roles is not None:
                self._not_oneself(asking, people.the_operator(connection, operator))
            return people.change_operator(connection, operator, given).as_dict()

    def _invite_operator(self, asking: Operator, operator: str) -> dict[str, Any]:
        with self._database.writing() as connection:
            known = people.the_operator(connection, operator)
            if asking.id == known.id:
                raise Refused("refused", "You change your own password below Your account, with the one you have.")
            if known.disabled_at is not None:
                raise Refused("refused", f"{known.name} is disabled. Enable the account first.")
            return self._invited(known, people.invite(connection, known, self._clock()))

    def _disable_operator(self, asking: Operator, operator: str, reason: str) -> dict[str, Any]:
        _need(reason)
        with self._database.writing() as connection:
            self._not_oneself(asking, people.the_operator(connection, operator))
            return people.disable_operator(connection, operator, self._clock()).as_dict()

    def _enable_operator(self, _operator: Operator, operator: str) -> dict[str, Any]:
        with self._database.writing() as connection:
            return people.enable_operator(connection, operator).as_dict()

    def _remove_second_factor(self, asking: Operator, operator: str, reason: str) -> dict[str, Any]:
        _need(reason)
        with self._database.writing() as connection:
            known = people.the_operator(connection, operator)
            if asking.id == known.id:
                raise Refused("refused", "Nobody takes the code off their own account: ask another admin to do it.")
            people.set_second_factor(connection, known.id, None)
            people.shut_out(connection, known.id, self._clock())
            return people.the_operator(connection, known.name).as_dict()

    def _list_audit(
        self,
        _operator: Operator,
        limit: int = 50,
        actor: str | None = None,
        subject: str | None = None,
        before: str | None = None,
    ) -> list[dict[str, Any]]:
        with self._database.reading() as connection:
            return list_audit(connection, limit=page_size(limit), actor=actor, subject=subject, before=before)

    def _list_tokens(self, operator: Operator) -> list[dict[str, Any]]:
        with self._database.reading() as connection:
            return tokens.list_tokens(connection, operator)

    def _make_token(self, operator: Operator, label: str, days: int = tokens.DAYS) -> dict[str, Any]:
        with self._database.writing() as connection:
            self._has_account(operator)
            if not people.still_stands(connection, operator):
                raise Refused("conflict", "Your account was changed in the meantime. Please sign in again.")
            return tokens.make_token(connection, operator, label, days, self._clock())

    def _revoke_token(self, operator: Operator, token: str) -> dict[str, Any]:
        with self._database.writing() as connection:
            return tokens.revoke_token(connection, operator, token, self._clock())

    def _invited(self, operator: Operator, key: str) -> dict[str, Any]:
        link = f"{self._console_url}/invitation/{key}"
        return operator.as_dict() | {"link": link, "link_holds_days": people.INVITED_FOR.days}

    def _not_oneself(self, asking: Operator, other: Operator) -> None:
        if asking.id == other.id:
            raise Refused("refused", "Nobody takes rights from their own account: ask another admin to do it.")

    def _has_account(self, operator: Operator) -> None:
        if operator.id.int == 0:
            raise Refused("refused", "The first token is no account. Make one with: keytalk operators add")


def _must_fit(name: str, value: Any, annotation: str) -> None:
    """Raise `Refused("invalid")` for what is no text where text is asked for, or text that no database takes."""
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and ("\0" in text or _has_half_a_letter(text)) for text in texts):
        raise Refused("invalid", f"{name} holds characters that cannot be kept.", {name: ["Please leave them out."]})
    if (value is None and "None" in annotation) or not annotation.startswith(("str", "list[str]")):
        return
    kind = str if annotation.startswith("str") else list
    if not isinstance(value, kind) or not all(isinstance(text, str) for text in texts):
        what = "text" if kind is str else "a list of words"
        raise Refused("invalid", f"{name} must be {what}.", {name: [f"Give {what}."]})


def _has_half_a_letter(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _need(reason: str) -> None:
    if not reason.strip():
        raise Refused("invalid", "Please give a reason.", {"reason": ["Please give a reason."]})
