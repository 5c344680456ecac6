"""Changes of runs: shown first, then applied, and taken back."""

from __future__ import annotations

from typing import Any

from services.scheduling.change_schemas import ChargeSchema, CloseSchema, ConfirmedSchema, read_change
from services.scheduling.handlers import changing, closing, reversing
from services.scheduling.queries import changes
from services.scheduling.schemas import read, read_id
from shared.doors.rpc import change, operation
from shared.persistence.work import Store


class ChangingDoors:
    """Changes of runs: shown first, then applied, and taken back."""

    store: Store

    @operation
    def preview_change(self, run: str, change: dict[str, Any], with_event: bool = False) -> dict[str, Any]:
        """Say what a change of a run would do: sessions, rules, people told, papers, cost.

        `with_event` adds the event that would tell of it, as `event`: None where nobody would be told.
        """
        asked, run_id = read_change(change), read_id(run, "run")
        with self.store.database.reading() as connection:
            wanted = changes.change_asked(connection, run_id, asked)
            considered = changing.preview(connection, run_id, wanted, now=self.store.clock())
            shown = changes.shown(considered.diff)
            if with_event is not True:
                return shown
            return {**shown, "event": changes.shown_event(changing.event_of(connection, considered))}

    @change
    def apply_change(
        self,
        run: str,
        change: dict[str, Any],
        basis: str | None = None,
        accept_breaches: bool = False,
        chargeable: bool | None = None,
        charge_reason: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Change a run as its preview showed: `basis` is the preview's."""
        asked, run_id = read_change(change), read_id(run, "run")
        sure = _confirmed(basis, accept_breaches)
        charge = read(ChargeSchema(), chargeable=chargeable, charge_reason=charge_reason)
        with self.store.work() as work:
            wanted = changes.change_asked(work.connection, run_id, asked)
            done = changing.apply(work, run_id, wanted, charge=charge, actor=actor or "unnamed", **sure)
            return work.answer(changes.get_applied(work.connection, done))

    @operation
    def list_remedies(self, run: str, session: str) -> list[dict[str, Any]]:
        """Say what can be done about a session that does not take place, with the dates of each."""
        run_id = read_id(run, "run")
        with self.store.database.reading() as connection:
            session_id = changes.session_named(connection, run_id, str(session))
            found = closing.choices_of(connection, run_id, session_id, now=self.store.clock())
            return [changes.shown_choice(each) for each in found]

    @operation
    def list_changes(self, run: str) -> list[dict[str, Any]]:
        """List the changes of a run, the newest first."""
        with self.store.database.reading() as connection:
            return changes.list_changes(connection, read_id(run, "run"))

    @operation
    def preview_reversal(self, change: str) -> dict[str, Any]:
        """Say what taking back a change, or a group of them, would do."""
        change_id = read_id(change, "change")
        with self.store.database.reading() as connection:
            several = reversing.preview_reversal(connection, change_id, now=self.store.clock())
            return changes.shown_together(several)

    @change
    def reverse_change(
        self, change: str, basis: str | None = None, accept_breaches: bool = False, actor: str | None = None
    ) -> dict[str, Any]:
        """Take back a change, or a group of them, as its preview showed."""
        change_id, sure = read_id(change, "change"), _confirmed(basis, accept_breaches)
        with self.store.work() as work:
            done = reversing.reverse_change(work, change_id, actor=actor or "unnamed", **sure)
            return work.answer(changes.get_applied(work.connection, done))

    @operation
    def preview_closure(
        self,
        establishment: str,
        first: str,
        reason: str,
        last: str | None = None,
        party: str = "prison",
        remedy: str = "cascade",
        remedies: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """List the sessions that a closure hits over all runs, with what can be done about each, and what it does."""
        close = _closure(establishment, first, last, reason, party, remedy, remedies)
        with self.store.database.reading() as connection:
            return changes.shown_closure(closing.preview_closure(connection, close, now=self.store.clock()))

    @change
    def close_establishment(
        self,
        establishment: str,
        first: str,
        reason: str,
        last: str | None = None,
        party: str = "prison",
        remedy: str = "cascade",
        remedies: dict[str, str] | None = None,
        basis: str | None = None,
        accept_breaches: bool = False,
        chargeable: bool | None = None,
        charge_reason: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Close an establishment on some dates, and change all runs it hits as the preview showed, all or nothing."""
        close = _closure(establishment, first, last, reason, party, remedy, remedies)
        sure = _confirmed(basis, accept_breaches)
        charge = read(ChargeSchema(), chargeable=chargeable, charge_reason=charge_reason)
        with self.store.work() as work:
            group = closing.close_establishment(work, close, charge=charge, actor=actor or "unnamed", **sure)
            return work.answer(
                {"establishment": close.establishment_id.upper(), "group": str(group) if group else None}
            )


def _confirmed(basis: str | None, accept_breaches: bool) -> dict[str, Any]:
    given = {} if basis is None else {"basis": basis}
    sure: dict[str, Any] = read(ConfirmedSchema(), accept_breaches=accept_breaches, **given)
    return sure


def _closure(
    establishment: str,
    first: str,
    last: str | None,
    reason: str,
    party: str,
    remedy: str,
    remedies: dict[str, str] | None,
) -> Any:
    return read(
        CloseSchema(),
        establishment=establishment,
        first=first,
        last=last,
        reason=reason,
        party=party,
        remedy=remedy,
        remedies=remedies or {},
    )
