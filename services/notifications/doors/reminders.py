"""The rules of reminders, and what a change of them, of a run or of anything else would send."""

from __future__ import annotations

from functools import partial
from typing import Any

from services.notifications.domain.occasions import Drafting
from services.notifications.domain.reasons import read_reason
from services.notifications.doors.post_room import Post
from services.notifications.handlers import reminders as handlers
from services.notifications.queries import reminders, simulating
from services.notifications.reminder_schemas import BasisSchema, read_news, read_run_changed, rule_asked
from services.notifications.schemas import read
from shared.doors.events import hears
from shared.doors.rpc import Caller, change, operation
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store, new_id

FIRST_FEW = 10
"""How many of the messages that come and go a preview shows; it counts them all."""
MOST_DAYS = 400
PATIENCE = 5.0
"""Seconds within which scheduling says what ends: what else is due is shown without it."""


class ReminderDoors:
    """The rules of reminders, and what a change of them, of a run or of anything else would send."""

    store: Store
    post_room: Post
    others: Caller

    @operation
    def list_reminder_rules(self) -> list[dict[str, Any]]:
        """List the rules: what is reminded of, when and whom, and who changed that."""
        with self.store.database.reading() as connection:
            return reminders.list_rules(connection)

    @operation
    def preview_reminder_rule(
        self, name: str, offsets: list[str] | None = None, at: str | None = None, is_on: bool | None = None
    ) -> dict[str, Any]:
        """Say what other times of a rule would do: which messages go, and which come. What is left out stays."""
        with self.store.database.reading() as connection:
            asked = rule_asked(reminders.rule_named(connection, str(name)), offsets, at, is_on)
            drafting = Drafting(new_id, self.post_room.mail_domain)
            return _shown(handlers.consider_rule(connection, asked.name, asked, self.store.clock(), drafting))

    @change
    def change_reminder_rule(
        self,
        name: str,
        reason: str,
        basis: str | None = None,
        offsets: list[str] | None = None,
        at: str | None = None,
        is_on: bool | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Give a rule other times, as the preview showed: `basis` is the preview's."""
        sure = {**read(BasisSchema(), {"basis": basis}), "reason": read_reason(reason)}
        with self.store.work() as work:
            asked = rule_asked(reminders.rule_named(work.connection, str(name)), offsets, at, is_on)
            who = {"actor": actor or "unnamed", "mail_domain": self.post_room.mail_domain}
            return work.answer(_shown(handlers.change_rule(work, asked.name, asked, **sure, **who)))

    @operation
    def simulate(self, days: int = 14, limit: int = 200) -> dict[str, Any]:
        """Give everything that is due in the next so many days, and why.

        Of what ends soon scheduling is asked, which decides on it each day; `missing` says in a sentence what could not
        be asked for.
        """
        if type(days) is not int or not 1 <= days <= MOST_DAYS:
            why = f"days must be a whole number from 1 to {MOST_DAYS}."
            raise Refused("invalid", why, {"days": [why]})
        most, drafting = page_size(limit), Drafting(new_id, self.post_room.mail_domain)
        ends = simulating.foreseen(partial(self.others.call, deadline=PATIENCE), days, most, drafting)
        with self.store.database.reading() as connection:
            return simulating.due_within(connection, self.store.clock(), days, most, ends)

    @operation
    def simulate_change(self, event: dict[str, Any]) -> dict[str, Any]:
        """Give what a change of a run would send and cancel: `event` is what scheduling's preview says of it."""
        told = read_run_changed(event)
        with self.store.database.reading() as connection:
            drafting = Drafting(new_id, self.post_room.mail_domain)
            return simulating.change_simulated(connection, told, self.store.clock(), drafting)

    @operation
    def simulate_news(self, news: list[dict[str, Any]]) -> dict[str, Any]:
        """Give what events would send and cancel: `news` is what a service's dry run of a change says of them."""
        told = read_news(news)
        with self.store.work(trial=True) as work:
            return simulating.news_simulated(work, told, hears(self))


def _shown(considered: handlers.RuleChange) -> dict[str, Any]:
    withdrawn, made = considered.withdrawn, considered.made
    return {
        "was": reminders.plain_rule(considered.was),
        "rule": reminders.plain_rule(considered.now),
        "runs": sum(bool(each.withdrawn or each.made) for each in considered.plans),
        "goes": len(withdrawn),
        "comes": len(made),
        "first_to_go": simulating.in_order(withdrawn[:FIRST_FEW]),
        "first_to_come": simulating.in_order(made[:FIRST_FEW]),
        "basis": considered.basis,
    }
