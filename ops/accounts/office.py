"""What admins do with accounts, and everybody with their own: the operations that the gateway carries out itself."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ops.accounts import operators as people
from ops.accounts import tokens
from ops.accounts.audit import list_audit, write_down
from ops.accounts.operators import Operator
from ops.accounts.second_factor import address_of, new_secret, step_of_code
from ops.gateway.permissions import CHANGE, READ
from ops.gateway.roles import Area, may_in
from shared.clock import Clock
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.database import Database


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
    "begin_second_factor": Duty(READ, None),
    "keep_second_factor": Duty(CHANGE, None),
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
            raise Refused("forbidden", f"Your account may not do that (ops.{method}).")
        carry_out: Callable[..., Any] = getattr(self, f"_{method}")
        given = {name: value for name, value in arguments.items() if name != "actor"}
        try:
            inspect.signature(carry_out).bind(operator, **given)
        except TypeError as error:
            raise Refused("invalid", f"ops.{method}: {error}.") from None
        if duty.kind == CHANGE:
            self._write_down(operator, method, given)
        return carry_out(operator, **given)

    def _write_down(self, operator: Operator, method: str, given: Mapping[str, Any]) -> None:
        reason = given.get("reason")
        with self._database.writing() as connection:
            write_down(
                connection,
                actor=operator.name,
                operation=f"ops.{method}",
                now=self._clock(),
                correlation_id=str(uuid.uuid4()),
                subject=str(given.get("operator") or given.get("name") or operator.name),
                reason=None if reason is None else str(reason),
            )

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

    def _invite_operator(self, _operator: Operator, operator: str) -> dict[str, Any]:
        with self._database.writing() as connection:
            known = people.the_operator(connection, operator)
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

    def _remove_second_factor(self, _operator: Operator, operator: str, reason: str) -> dict[str, Any]:
        _need(reason)
        with self._database.writing() as connection:
            known = people.the_operator(connection, operator)
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
            return tokens.make_token(connection, operator, str(label), days, self._clock())

    def _revoke_token(self, operator: Operator, token: str) -> dict[str, Any]:
        with self._database.writing() as connection:
            return tokens.revoke_token(connection, operator, token, self._clock())

    def _begin_second_factor(self, operator: Operator) -> dict[str, str]:
        self._has_account(operator)
        secret = new_secret()
        return {"secret": secret, "address": address_of(secret, operator.email)}

    def _keep_second_factor(self, operator: Operator, secret: str, code: str) -> dict[str, Any]:
        self._has_account(operator)
        try:
            step = step_of_code(secret, code, self._clock(), None)
        except ValueError:
            step = None
        if step is None or len(secret) != len(new_secret()):
            words = "That code does not fit. Please wait for the app's next one and try again."
            raise Refused("invalid", words, {"code": [words]})
        with self._database.writing() as connection:
            people.set_second_factor(connection, operator.id, secret, step)
        return {"second_factor": True}

    def _invited(self, operator: Operator, key: str) -> dict[str, Any]:
        link = f"{self._console_url}/invitation/{key}"
        return operator.as_dict() | {"link": link, "link_holds_days": people.INVITED_FOR.days}

    def _not_oneself(self, asking: Operator, other: Operator) -> None:
        if asking.id == other.id:
            raise Refused("refused", "Nobody takes rights from their own account: ask another admin to do it.")

    def _has_account(self, operator: Operator) -> None:
        if operator.id.int == 0:
            raise Refused("refused", "The first token is no account. Make one with: keytalk operators add")


def _need(reason: str) -> None:
    if not str(reason or "").strip():
        raise Refused("invalid", "Please give a reason.", {"reason": ["Please give a reason."]})
