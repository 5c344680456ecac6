"""Rules that somebody decides not to keep, by name and with a reason, and thinks better of."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from services.scheduling.domain.commands import OverrideRule
from services.scheduling.domain.runs import Run
from services.scheduling.records import load_run
from services.scheduling.tables import overrides, runs
from shared.errors import Refused
from shared.persistence.work import UnitOfWork

OF_WHOLE_RUNS = frozenset({"H9", "H12"})
"""Rules about a group and its agreement: they are kept open for a run, never for one of its sessions."""
FORGOTTEN = "Removed, since somebody asked for their data to be erased."
STILL_TO_BE_HELD = frozenset({"draft", "held", "confirmed"})


def override_rule(work: UnitOfWork, run_id: UUID, decision: OverrideRule, *, actor: str) -> UUID:
    """Keep a rule open for a run or for one of its sessions, and give the id of that decision.

    `review` then leaves its breaches out, and whoever looks at the run reads who decided so and why. Raises `Refused`:
    "not_found" for a session that is none of the run's, "refused" for a run that is over, and "conflict" where the rule
    is kept open there already.
    """
    run = load_run(work.connection, run_id, lock=True)
    _refuse_what_is_over(run)
    _refuse_another_runs_session(run, decision)
    _refuse_a_second_decision(work, run, decision)
    row = {
        "id": work.new_id(),
        "run_id": run.id,
        "rule": decision.rule,
        "session_id": decision.session_id,
        "reason": decision.reason,
        "actor": actor,
        "at": work.now,
    }
    work.connection.execute(overrides.insert(), row)
    return UUID(str(row["id"]))


def withdraw_override(work: UnitOfWork, override_id: UUID) -> UUID:
    """Put a rule again that was kept open, and give the id of its run. Raises `Refused("not_found")`."""
    gone = delete(overrides).where(overrides.c.id == override_id).returning(overrides.c.run_id)
    run_id = work.connection.scalar(gone)
    if run_id is None:
        why = f"No rule is kept open under {override_id}. `keytalk runs show RUN --json` lists those that are."
        raise Refused("not_found", why, {"override": [why]})
    return UUID(str(run_id))


def forget_reasons(work: UnitOfWork, references: Iterable[str]) -> None:
    """Take out what was written about the runs of some enquiries: it is free text, and may name whoever asked."""
    theirs = select(runs.c.id).where(runs.c.enquiry.in_(list(references)))
    work.connection.execute(update(overrides).where(overrides.c.run_id.in_(theirs)).values(reason=FORGOTTEN))


def _refuse_what_is_over(run: Run) -> None:
    if run.state not in STILL_TO_BE_HELD:
        raise Refused("refused", f"This run is {run.state.replace('_', ' ')}, so there is no rule left to keep open.")


def _refuse_another_runs_session(run: Run, decision: OverrideRule) -> None:
    if decision.session_id is None:
        return
    if decision.rule in OF_WHOLE_RUNS:
        why = f"{decision.rule} is about the whole run. Leave the session out to keep it open."
        raise Refused("invalid", why, {"session": [why]})
    if decision.session_id not in {each.id for each in run.live}:
        why = f"No session {decision.session_id} is still held in this run. `keytalk runs show {run.id}` lists them."
        raise Refused("not_found", why, {"session": [why]})


def _refuse_a_second_decision(work: UnitOfWork, run: Run, decision: OverrideRule) -> None:
    table = overrides.c
    mine = (table.run_id == run.id) & (table.rule == decision.rule)
    there = or_(table.session_id.is_(None), table.session_id == decision.session_id)
    known = work.connection.execute(select(table.actor).where(mine, there)).first()
    if known is not None:
        why = (
            f"{decision.rule} is kept open there by {known.actor} already. Withdraw that first to give another reason."
        )
        raise Refused("conflict", why, {"rule": [why]})
