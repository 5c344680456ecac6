"""The rules of reminders as they are in force, and the reminders that the ledger has."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.notifications.domain.messages import Message
from services.notifications.domain.reminder_rules import REMINDER_TEMPLATES, RULES, Offset, ReminderRule
from services.notifications.domain.reminders import rule_of
from services.notifications.tables import message_of, messages, registers, reminder_rules
from shared.errors import Refused


def rules_in_force(connection: Connection) -> list[ReminderRule]:
    """Give every rule, as ops changed it or as it comes with Keytalk."""
    edits = {row.name: row for row in connection.execute(select(reminder_rules))}
    return [_edited(rule, edits.get(rule.name)) for rule in RULES.values()]


def rule_named(connection: Connection, name: str) -> ReminderRule:
    """Give one rule as it is in force. Raises `Refused("not_found")`, with the names there are."""
    found = next((rule for rule in rules_in_force(connection) if rule.name == name), None)
    if found is None:
        raise Refused("not_found", f"There is no reminder rule '{name}'. There are: {', '.join(RULES)}.")
    return found


def _edited(rule: ReminderRule, edit: Any) -> ReminderRule:
    if edit is None:
        return rule
    return rule.edited(tuple(map(Offset.parse, edit.offsets)), edit.at, edit.is_on)


def list_rules(connection: Connection) -> list[dict[str, Any]]:
    """List every rule with its times, and who changed it where somebody did."""
    edits = {row.name: row for row in connection.execute(select(reminder_rules))}
    return [plain_rule(_edited(rule, edits.get(name))) | _changed(edits.get(name)) for name, rule in RULES.items()]


def plain_rule(rule: ReminderRule) -> dict[str, Any]:
    """Give a rule as plain data: offsets as they are typed, local time as HH:MM."""
    return {
        "name": rule.name,
        "about": rule.about,
        "anchor": rule.anchor.value,
        "before": rule.is_before,
        "offsets": [offset.text for offset in rule.ordered],
        "at": rule.at.isoformat("minutes"),
        "audience": list(rule.audience),
        "recurs": rule.recurs,
        "programmes": None if rule.programmes is None else sorted(rule.programmes),
        "mode": rule.mode,
        "is_on": rule.is_on,
    }


def _changed(edit: Any) -> dict[str, Any]:
    if edit is None:
        return {"reason": None, "changed_at": None, "changed_by": None}
    return {"reason": edit.reason, "changed_at": edit.changed_at.isoformat(), "changed_by": edit.changed_by}


def reminders_known(connection: Connection, run_id: str, rules: Collection[str]) -> list[Message]:
    """Give the reminders of a run that the ledger has, of some rules, whatever became of them."""
    of_run = (messages.c.subject_ref == f"run:{run_id}") & messages.c.template.in_(REMINDER_TEMPLATES)
    rows = connection.execute(select(messages).where(of_run, messages.c.resend_of.is_(None)))
    return [message for message in map(message_of, rows) if rule_of(message.occasion) in rules]


def registers_settled(connection: Connection, sessions: Iterable[str]) -> set[str]:
    """Give those of some sessions whose register is asked for no more."""
    ids = [UUID(each) for each in sessions]
    settled = registers.c.session.in_(ids) & registers.c.settled.is_not(None)
    return {str(each) for each in connection.scalars(select(registers.c.session).where(settled))}
