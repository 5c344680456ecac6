"""The one way from an operator to the services: may they, write down that they ask, and call."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ops.accounts.audit import write_down
from ops.accounts.operators import Operator
from ops.gateway.permissions import CHANGE, OPERATIONS, PERSONAL_READS, READ_BY_NAME
from ops.gateway.roles import may, narrowed
from ops.telling import TELLS, in_outline
from shared.clock import Clock
from shared.errors import Refused
from shared.observability.context import about
from shared.persistence.database import Database

_log = logging.getLogger(__name__)

Call = Callable[..., Any]

NEWS = "news"
"""Where a service's dry run says what it would publish: see `shared.doors.rpc.changes`."""
SETTLED_HERE = ("actor", "deadline", "idempotency_key")
"""Arguments that are never the asker's to say."""
NAMES_THE_SUBJECT = (
    "reference", "run", "session", "contact", "contact_id", "organisation", "facilitator", "establishment",
    "hold_id", "hold", "offer", "memo", "proposal_id", "agreement_id", "message_id", "message", "task_id", "task",
    "template", "event_id", "clearance", "programme", "slug", "feed", "room", "change", "override", "leave",
    "accreditation", "blackout", "suppression", "entry_id", "person",
)  # fmt: skip
"""Arguments that say what something is done to, in the order in which they are looked for."""

_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_ID_OF_A_PERSON = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|KT-[A-Z0-9-]{4,20}")
_PEOPLE = frozenset({"person", "contact", "contact_id", "facilitator"})


@dataclass(frozen=True, slots=True)
class Desk:
    """Asks services for operators. `call(service, method, **arguments)` reaches the services."""

    call: Call
    database: Database
    clock: Clock

    def ask(
        self, operator: Operator, service: str, method: str, arguments: Mapping[str, Any], *, key: str | None = None
    ) -> Any:
        """Ask a service for something as an operator, and give its result.

        A change is made once for each `key`, however often it is asked for. A change, and a read of personal data, is
        written into the audit first. With `dry_run` a change is tried and undone; a result that is an object then has
        `would_tell`: the messages that would be sent and withdrawn, or None where that cannot be said now. Raises
        `Refused`: "not_found" where there is no such operation, "forbidden" where none of the operator's roles may, and
        what the service says.
        """
        kind = OPERATIONS.get((service, method))
        if kind is None:
            raise Refused("not_found", f"There is no operation {service}.{method}.")
        if not may(operator.roles, service, method):
            _log.warning("not allowed", extra={"operator_id": str(operator.id), "operation": f"{service}.{method}"})
            raise Refused("forbidden", "Your account may not do that. An admin can change what it may.")
        given = {name: value for name, value in arguments.items() if name not in SETTLED_HERE}
        given |= narrowed(operator.roles, operator.stands_for, service, method)
        correlation_id = str(uuid.uuid4())
        is_dry_run = kind == CHANGE and given.get("dry_run") is True
        with about(service="ops", correlation_id=correlation_id):
            if kind == CHANGE or (service, method) in PERSONAL_READS:
                changes = kind == CHANGE and not is_dry_run
                self._write_down(operator, f"{service}.{method}", given, correlation_id, changes=changes)
            if kind == CHANGE or (service, method) in READ_BY_NAME:
                given["actor"] = operator.name
            if kind == CHANGE:
                given["idempotency_key"] = key or str(uuid.uuid4())
                _log.info(
                    "dry run asked for" if is_dry_run else "change asked for",
                    extra={"operation": f"{service}.{method}", "actor": operator.name},
                )
            result = self.call(service, method, **given)
            return self._with_who_is_told(operator, result, service) if is_dry_run else result

    def _with_who_is_told(self, operator: Operator, found: Any, service: str) -> Any:
        """Give what a dry run found with the messages that its news would send, in place of the news themselves.

        What notifications itself sends again is in its own answer. Who may not look at messages sees them in outline.
        """
        if not isinstance(found, dict) or NEWS not in found:
            return found
        news = found[NEWS]
        rest = {name: value for name, value in found.items() if name != NEWS}
        if service == "notifications":
            return rest
        if not news:
            return {**rest, TELLS: {"sends": [], "cancels": []}}
        try:
            tells = self.call("notifications", "simulate_news", news=news)
        except Refused as refused:
            _log.warning("who would be told is not known", extra={"why": refused.code})
            return {**rest, TELLS: None}
        sees_all = may(operator.roles, "notifications", "simulate_news")
        return {**rest, TELLS: tells if sees_all else in_outline(tells, operator.stands_for)}

    def may(self, operator: Operator, service: str, method: str) -> bool:
        """Say whether an operator may ask for something."""
        return may(operator.roles, service, method)

    def _write_down(
        self, operator: Operator, operation: str, given: Mapping[str, Any], correlation_id: str, *, changes: bool
    ) -> None:
        reason = given.get("reason")
        with self.database.writing() as connection:
            write_down(
                connection,
                actor=operator.name,
                operation=operation,
                now=self.clock(),
                correlation_id=correlation_id,
                subject=subject_of(given),
                reason=None if reason is None else str(reason),
                changes=changes,
            )


def subject_of(given: Mapping[str, Any]) -> str | None:
    """Give the id or reference of what something is done to, where the arguments name it.

    Only what looks like an id: who names a person by an address, a number or a name writes personal data, which never
    leaves a history.
    """
    for name in NAMES_THE_SUBJECT:
        pattern, value = _ID_OF_A_PERSON if name in _PEOPLE else _ID, given.get(name)
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
    return None
