"""Taking changes back: one, or all that were applied as one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from services.scheduling.domain.calendar import Blackout
from services.scheduling.domain.diff import Several, hashed
from services.scheduling.domain.reversing import reversed_run
from services.scheduling.domain.runs import Session
from services.scheduling.handlers import telling
from services.scheduling.handlers.changing import Considered, carry_out, consider, refuse_stale
from services.scheduling.handlers.planning import hold_facilitators
from services.scheduling.records import load_run
from services.scheduling.records.changes import Applied, load_changes
from services.scheduling.tables import blackouts, changes, outcomes
from shared.errors import Refused
from shared.persistence.work import UnitOfWork


def preview_reversal(connection: Connection, change_id: UUID, *, now: dt.datetime) -> Several:
    """Say what taking back a change, or a group of them, would do. Raises Refused as `reverse_change` does."""
    found = _to_take_back(connection, change_id)
    reopens = _closed_by(connection, found, change_id)
    return together([_considered(connection, each, now, reopens) for each in found])


def reverse_change(
    work: UnitOfWork, change_id: UUID, *, basis: str | None, actor: str, accept_breaches: bool = False
) -> UUID:
    """Take back a change, or all of a group, and give the id of the change that does so.

    Raises Refused: "not_found"; "refused" when it was taken back already, when what it touched was changed or held
    since, when its day has passed, or when rules would be broken and that is not accepted; "conflict" for a stale look.
    """
    found = _to_take_back(work.connection, change_id)
    for run_id in sorted(each.run_id for each in found):
        load_run(work.connection, run_id, lock=True)
    found = _to_take_back(work.connection, change_id)
    reopens = _closed_by(work.connection, found, change_id)
    those = [_considered(work.connection, each, work.now, reopens) for each in found]
    hold_facilitators(work, *(run for each in those for run in (each.before, each.after)))
    those = [_considered(work.connection, each, work.now, reopens) for each in found]
    refuse_other_basis(work.connection, basis, those)
    ids = carry_out(work, those, actor=actor, accept_breaches=accept_breaches, asked={"takes_back": change_id})
    _note_taken_back(work, [each.id for each in found], actor)
    for each in those:
        _undo_outcomes(work, each, actor)
    if reopens is not None:
        work.connection.execute(delete(blackouts).where(blackouts.c.id.in_(_blackout_ids(found))))
    return ids[0]


def together(those: Sequence[Considered]) -> Several:
    """Put the diffs of some changes together, with one token for all."""
    diffs = tuple(each.diff for each in those)
    return Several(diffs, diffs[0].basis if len(diffs) == 1 else hashed([each.basis for each in diffs]))


def refuse_other_basis(connection: Connection, basis: str | None, those: Sequence[Considered]) -> None:
    """Raise Refused ("conflict") when what some changes would do is another than when somebody looked."""
    if len(those) == 1:
        refuse_stale(connection, basis, those[0].diff)
    elif basis is not None and basis != together(those).basis:
        why = "Since you looked, one of these runs, or something they depend on, is another."
        raise Refused("conflict", f"{why} Nothing was changed. Look at the preview again.", {"basis": [why]})


def _to_take_back(connection: Connection, change_id: UUID) -> list[Applied]:
    """Give the change, or those of a group, that were not taken back yet."""
    found = load_changes(connection, (changes.c.group_id == change_id) | (changes.c.id == change_id))
    if not found:
        why = f"There is no change {change_id}. `keytalk runs changes` lists those of a run."
        raise Refused("not_found", why, {"change": [why]})
    if any(each.kind == "reverse" for each in found):
        raise Refused("refused", "This change took another one back. To have that one again, make it anew.")
    standing = [each for each in found if each.reversed_at is None]
    if not standing:
        one = found[0]
        raise Refused("refused", f"This change was taken back already, by {one.reversed_by}.")
    return standing


def _considered(connection: Connection, change: Applied, now: dt.datetime, reopens: Blackout | None) -> Considered:
    run = load_run(connection, change.run_id)
    after = reversed_run(run, change.before, change.after, now)
    return consider(connection, run, after, None, now=now, reopens=reopens)


def _closed_by(connection: Connection, found: Sequence[Applied], change_id: UUID) -> Blackout | None:
    """Give the closure that goes with a group that is taken back whole."""
    ids = _blackout_ids(found) if found[0].group_id == change_id else set[UUID]()
    row = connection.execute(select(blackouts).where(blackouts.c.id.in_(ids))).first()
    return None if row is None else Blackout(row.first, row.last, row.why, yearly=row.yearly)


def _blackout_ids(found: Sequence[Applied]) -> set[UUID]:
    return {UUID(each.asked["blackout"]) for each in found if each.asked.get("blackout")}


def _note_taken_back(work: UnitOfWork, ids: Sequence[UUID], actor: str) -> None:
    gone = {"reversed_at": work.now, "reversed_by": actor}
    work.connection.execute(update(changes).where(changes.c.id.in_(ids)).values(gone))


def _undo_outcomes(work: UnitOfWork, each: Considered, actor: str) -> None:
    """Undo what was put down about sessions that are planned again, and tell it."""
    was = {one.id: one.state for one in each.before.sessions}
    again = [one for one in each.after.sessions if one.state == "planned" and was.get(one.id) == "cancelled"]
    for session in again:
        if _undo_outcome(work, session, actor):
            telling.session_recorded(work, each.after, session, chargeable=False)


def _undo_outcome(work: UnitOfWork, session: Session, actor: str) -> bool:
    standing = (outcomes.c.session_id == session.id) & outcomes.c.undone_at.is_(None)
    undone = {"undone_at": work.now, "undone_by": actor}
    return work.connection.execute(update(outcomes).where(standing).values(undone)).rowcount > 0
