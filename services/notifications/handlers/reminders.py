"""Having the reminders in the ledger be those that a run calls for, and changing the rules they follow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from services.notifications.domain.facts import RunFacts
from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import Drafting
from services.notifications.domain.reminder_rules import LATEST_IN_DAYS, ReminderRule
from services.notifications.domain.reminders import Plan, plan, reminders_of
from services.notifications.handlers.entering import enter, supersede
from services.notifications.handlers.known_runs import known_run, known_runs, lock_run
from services.notifications.handlers.places import holidays_at
from services.notifications.queries.reminders import (
    plain_rule,
    registers_settled,
    reminders_known,
    rule_named,
    rules_in_force,
)
from services.notifications.tables import messages, reminder_rules
from shared.clock import day_in_london
from shared.errors import Refused
from shared.persistence.upsert import insert_or_update
from shared.persistence.work import UnitOfWork

RUN_CHANGED = "The session was moved, is led by somebody else, or does not take place."
RULE_CHANGED = "The rule of this reminder was changed."


def reminders_for(
    connection: Connection,
    run: RunFacts,
    now: datetime,
    drafting: Drafting,
    rules: Iterable[ReminderRule] | None = None,
) -> Plan:
    """Say what becomes of a run's reminders, and do nothing: by the rules in force, or by some of them only."""
    these = rules_in_force(connection) if rules is None else list(rules)
    wanted = reminders_of(
        run,
        these,
        holidays_at(connection, run.place),
        drafting,
        registers_settled(connection, (session.id for session in run.sessions)),
    )
    return plan(wanted, reminders_known(connection, run.run, {rule.name for rule in these}), now)


def carry_out(work: UnitOfWork, planned: Plan, why: str) -> None:
    """Withdraw the reminders that do not hold any more, in words for whoever looks, and enter those that do."""
    if planned.withdrawn:
        supersede(work, messages.c.id.in_([each.id for each in planned.withdrawn]), why)
    enter(work, planned.made)


def remind_anew(work: UnitOfWork, run_id: str, names: Collection[str], why: str, mail_domain: str) -> None:
    """Have a run's reminders of some rules be those it calls for now, where anybody was told of it yet."""
    lock_run(work, run_id)
    run = known_run(work.connection, run_id)
    if run is not None:
        rules = [rule for rule in rules_in_force(work.connection) if rule.name in names]
        drafting = Drafting(work.new_id, mail_domain)
        carry_out(work, reminders_for(work.connection, run, work.now, drafting, rules), why)


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A change of a rule, thought through: the rule before and after it, and what becomes of the reminders of each run.

    `basis` names this very outcome: somebody who looked at another one looks again.
    """

    was: ReminderRule
    now: ReminderRule
    plans: tuple[Plan, ...]

    @property
    def withdrawn(self) -> list[Message]:
        """The reminders that would not go out, the first due first."""
        return sorted((each for one in self.plans for each in one.withdrawn), key=_in_order)

    @property
    def made(self) -> list[Message]:
        """The reminders that would, the first due first."""
        return sorted((each for one in self.plans for each in one.made), key=_in_order)

    @property
    def basis(self) -> str:
        """The token of this preview."""
        said = [plain_rule(self.was), plain_rule(self.now), *(map(_key, self.withdrawn)), *(map(_key, self.made))]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def _in_order(message: Message) -> tuple[datetime, str, str]:
    return message.due_at, message.recipient, message.occasion


def _key(message: Message) -> list[str]:
    return [message.recipient, message.occasion, message.due_at.isoformat(), message.template]


def consider_rule(
    connection: Connection, name: str, changed: ReminderRule, now: datetime, drafting: Drafting
) -> RuleChange:
    """Say what a rule with other times would do to all runs that are known, and do nothing."""
    was = rule_named(connection, name)
    plans = (reminders_for(connection, run, now, drafting, [changed]) for run in _runs(connection, now))
    return RuleChange(was, changed, tuple(plans))


def _runs(connection: Connection, now: datetime) -> list[RunFacts]:
    """Give the runs of which anything can still be reminded of."""
    oldest = day_in_london(now) - timedelta(days=LATEST_IN_DAYS + 14)
    return [run for run in known_runs(connection) if any(session.date >= oldest for session in run.sessions)]


def change_rule(
    work: UnitOfWork, name: str, changed: ReminderRule, *, reason: str, basis: str, actor: str, mail_domain: str
) -> RuleChange:
    """Change a rule as its preview showed, with the reminders of all runs: all or nothing.

    Raises `Refused("conflict")` where it would do something else by now.
    """
    for run in _runs(work.connection, work.now):
        lock_run(work, run.run)
    considered = consider_rule(work.connection, name, changed, work.now, Drafting(work.new_id, mail_domain))
    if considered.basis != basis:
        why = "Since you looked, what this change would do has become another. Look at the preview again, then decide."
        raise Refused("conflict", f"{why} Nothing was changed.", {"basis": [why]})
    for each in considered.plans:
        carry_out(work, each, RULE_CHANGED)
    row = {
        "name": name,
        "offsets": [offset.text for offset in changed.ordered],
        "at": changed.at,
        "is_on": changed.is_on,
        "reason": reason,
        "changed_at": work.now,
        "changed_by": actor,
    }
    insert_or_update(work.connection, reminder_rules, "name", row)
    return considered
