"""Changes of a run: what one would do, and doing it, all or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from services.scheduling.domain.calendar import Blackout
from services.scheduling.domain.changes import KINDS, Change, Close, Swap
from services.scheduling.domain.changing import changed, touched
from services.scheduling.domain.diff import Diff, Fallen, Memo, Papers, compare, parts_apart
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.outcomes import Charge
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import DONE, Run
from services.scheduling.domain.words import listed
from services.scheduling.handlers import telling
from services.scheduling.handlers.cover_needed import after_change
from services.scheduling.handlers.holding_plans import need_holding_plans
from services.scheduling.handlers.memos import mark_out_of_date
from services.scheduling.handlers.planning import hold_facilitators, taking_time
from services.scheduling.handlers.settling_holds import look_at_waiting
from services.scheduling.records import (
    book,
    free,
    load_calendar,
    load_establishment,
    load_facilitators,
    load_facts,
    load_programme,
    load_run,
    save_run,
)
from services.scheduling.records.changes import Applied, load_changes, save_change
from services.scheduling.tables import changes, gate_memos, outcomes, runs
from shared.contracts.scheduling import RunChanged
from shared.errors import Refused
from shared.persistence.work import UnitOfWork, new_id

HAS_ITS_TIME = frozenset({"held", "confirmed"})
"""States of a run whose people and room are booked."""

_FAR_OFF = dt.date.max - dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Considered:
    """A change of one run, thought through: the run before and after it, and all that follows."""

    change: Change | None
    kind: str
    before: Run
    after: Run
    establishment: Establishment
    programme: Programme
    diff: Diff


def preview(connection: Connection, run_id: UUID, change: Change, *, now: dt.datetime) -> Considered:
    """Say what a change would do, and do nothing. Raises Refused as `domain.changes.changed` does."""
    run = load_run(connection, run_id)
    return consider(connection, run, become(connection, run, change, now), change, now=now)


def event_of(connection: Connection, considered: Considered) -> RunChanged | None:
    """Give the event that would tell of a change, or None where nobody would be told: the run is not confirmed."""
    each = considered
    if each.after.state != "confirmed":
        return None
    about = (each.before, each.after, each.establishment, each.programme)
    return telling.change_event(connection, *about, new_id(), each.diff)


def apply(
    work: UnitOfWork,
    run_id: UUID,
    change: Change,
    *,
    basis: str | None,
    actor: str,
    accept_breaches: bool = False,
    charge: Charge | None = None,
) -> UUID:
    """Change a run, all or nothing, and give the id of the change.

    `basis` is that of the preview it was decided on; None is for callers that decide by themselves. Raises Refused:
    "conflict" when that preview is stale, or somebody else took a person or a room; "refused" when the change brings
    breaches that are not accepted; and as `preview` does.
    """
    run = load_run(work.connection, run_id, lock=True)
    try:
        after = become(work.connection, run, change, work.now)
    except Refused:
        # What was possible when they looked: that somebody was quicker says more than why it is not possible now.
        _refuse_other_version(work.connection, basis, run)
        raise
    hold_facilitators(work, run, after)
    considered = consider(work.connection, run, after, change, now=work.now)
    refuse_stale(work.connection, basis, considered.diff)
    _refuse_idle_charge(charge, considered.diff)
    [change_id] = carry_out(work, [considered], actor=actor, accept_breaches=accept_breaches, charge=charge)
    return change_id


def become(connection: Connection, run: Run, change: Change, now: dt.datetime) -> Run:
    """Give the run as it would be, which is decided by the calendar, the programme and who comes."""
    establishment = load_establishment(connection, run.establishment_id)
    coming = {change.into} if isinstance(change, Swap) and change.into is not None else set[UUID]()
    people = {*coming, *run.facilitator_ids, *(who for each in run.live for who in each.facilitator_ids)}
    facts = Facts(
        establishment=establishment,
        calendar=load_calendar(connection, establishment),
        programme=load_programme(connection, run.programme, run.programme_version),
        facilitators=load_facilitators(connection, people),
        mode=run.mode,
    )
    return changed(run, change, with_closure(facts, change), now, new_id)


def consider(
    connection: Connection,
    before: Run,
    after: Run,
    change: Change | None,
    *,
    now: dt.datetime,
    reopens: Blackout | None = None,
) -> Considered:
    """Think a change through. `change` is None where one is taken back, `reopens` the closure that goes with it."""
    establishment = load_establishment(connection, before.establishment_id)
    programme = load_programme(connection, before.programme, before.programme_version)
    facts = facts_around(connection, establishment, programme, before, after)
    kind = "reverse" if change is None else KINDS[type(change)]
    diff = compare(
        before,
        after,
        change,
        kind=kind,
        was=facts,
        now_true=without_closure(with_closure(facts, change), reopens),
        papers=_papers(connection, before, after, facts),
        now=now,
    )
    return Considered(change, kind, before, after, establishment, programme, diff)


def facts_around(
    connection: Connection, establishment: Establishment, programme: Programme, before: Run, after: Run
) -> Facts:
    """Load what the rules ask about a run as it is and as it would be."""
    live = (*before.live, *after.live)
    dates = [min(each.date, _FAR_OFF) for each in live]
    people = {*before.facilitator_ids, *after.facilitator_ids, *(who for each in live for who in each.facilitator_ids)}
    between = (min(dates), max(dates)) if dates else None
    return load_facts(connection, establishment, programme, run=before, people=people, between=between)


def with_closure(facts: Facts, change: Change | None) -> Facts:
    """Give the facts as they are once an establishment closes, where that is the change."""
    if not isinstance(change, Close):
        return facts
    calendar = facts.calendar
    closed = closure(change)
    return facts if closed in calendar.blackouts else _with_blackouts(facts, (*calendar.blackouts, closed))


def without_closure(facts: Facts, reopens: Blackout | None) -> Facts:
    """Give the facts as they are once a closure is taken back."""
    if reopens is None:
        return facts
    return _with_blackouts(facts, tuple(each for each in facts.calendar.blackouts if each != reopens))


def closure(close: Close) -> Blackout:
    """Give the blackout that a closure leaves on file, in words from the list of causes."""
    return Blackout(close.first, close.last, close.cause.replace("_", " "))


def _with_blackouts(facts: Facts, blackouts: tuple[Blackout, ...]) -> Facts:
    return replace(facts, calendar=replace(facts.calendar, blackouts=blackouts))


def _papers(connection: Connection, before: Run, after: Run, facts: Facts) -> Papers:
    """Find the memos that went out about what changes, and the kit that the new dates have no approval for."""
    fresh = touched(before, after)
    numbers = {each.id: each.number for each in before.sessions}
    ids = {each.id for each in fresh}
    gone_out = (gate_memos.c.run_id == before.id) & gate_memos.c.state.in_(("sent", "approved"))
    rows = connection.execute(select(gate_memos).where(gone_out).order_by(gate_memos.c.version, gate_memos.c.id))
    memos = tuple(
        Memo(row.id, row.state, numbers.get(row.session_id))
        for row in rows
        if row.session_id is None or row.session_id in ids
    )
    was = {each.id: each.date for each in before.live}
    dates = [each.date for each in fresh if each.is_live and was.get(each.id) != each.date]
    held = [(item, each) for item, each in facts.kit_approvals.items() if each.state == "approved"]
    needed = {each.item for each in facts.programme.kit} - facts.left_out_kit
    kit = sorted(item for item, each in held if item in needed and not all(each.holds_on(on) for on in dates))
    return Papers(memos, tuple(kit))


def refuse_stale(connection: Connection, basis: str | None, diff: Diff) -> None:
    """Raise Refused ("conflict") when something that matters is another than when somebody looked, and say what."""
    if basis is None or basis == diff.basis:
        return
    other_version, parts = parts_apart(diff.basis, basis)
    happened = _since(connection, diff.run_id, basis) if other_version else ""
    what = f" What it would do is another now: see its {listed(parts)}." if parts else ""
    raise _stale(f"{happened or 'something that this change depends on is another'}.{what}")


def _refuse_other_version(connection: Connection, basis: str | None, run: Run) -> None:
    if basis is not None and basis.partition("-")[0] != str(run.version):
        raise _stale(f"{_since(connection, run.id, basis)}, and the change is no longer possible as it was.")


def _stale(what: str) -> Refused:
    why = f"Since you looked, {what}"
    return Refused("conflict", f"{why} Nothing was changed. Look at the preview again, then decide.", {"basis": [why]})


def _since(connection: Connection, run_id: UUID, basis: str) -> str:
    looked_at = basis.partition("-")[0]
    version = int(looked_at) if looked_at.isdecimal() and len(looked_at) < 10 else 0
    found = load_changes(connection, changes.c.run_id == run_id, changes.c.version > version)
    said = [f"{each.applied_by} made a change ({each.kind.replace('_', ' ')})" for each in found]
    return listed(said) if said else "this run was changed, or came to another state"


def carry_out(
    work: UnitOfWork,
    those: Sequence[Considered],
    *,
    actor: str,
    accept_breaches: bool,
    charge: Charge | None = None,
    asked: dict[str, Any] | None = None,
) -> list[UUID]:
    """Save some changes, of a run each, as one: give the ids of the changes, in their order.

    The runs are locked, and so are their people. `asked` is kept with each change, besides what it says itself. With
    several they share a group, whose id is that of the first.
    """
    for each in those:
        _refuse_breaches(each, accept_breaches)
    _save(work, those)
    ids = [work.new_id() for _ in those]
    for change_id, each in zip(ids, those, strict=True):
        kept = {**_asked(each, charge), **(asked or {})}
        save_change(work.connection, _applied(work, change_id, ids[0], each, kept, actor))
        if each.after.state == "confirmed":
            _tell(work, change_id, each, charge, actor)
        look_at_waiting(work, each.after)
        _end_where_over(work, each.after)
    return ids


def _end_where_over(work: UnitOfWork, run: Run) -> None:
    """Have a run end where a change left nothing to be held: everybody was told of it as of any other change."""
    if run.state == "confirmed" and all(each.state in DONE for each in run.live):
        state = "completed" if run.live else "cancelled"
        work.connection.execute(update(runs).where(runs.c.id == run.id).values(state=state))


def _refuse_idle_charge(charge: Charge | None, diff: Diff) -> None:
    if charge is not None and not diff.cancelled:
        why = "No session falls out by this change, so there is nothing to charge, or not to charge, for. Leave it out."
        raise Refused("invalid", why, {"chargeable": [why]})


def _refuse_breaches(considered: Considered, accept: bool) -> None:
    """Breaches may stand where somebody says so by name; of a double booking the database itself has the last word."""
    new = considered.diff.new_breaches
    if accept or not new:
        return
    rules = {each.rule: [one.why for one in new if one.rule == each.rule] for each in new}
    numbers = sorted({each.number for each in new})
    raise Refused(
        "refused",
        f"This change breaks {listed(sorted(rules))} for session {listed([str(each) for each in numbers])}. Mend that "
        "first, or accept it: what is accepted is kept, with your name.",
        rules,
    )


def _save(work: UnitOfWork, those: Sequence[Considered]) -> None:
    """Save the runs, then take time for all of them: one may take the hour that another gives up."""
    for each in those:
        told = each.after.told + (each.after.state == "confirmed")
        save_run(work.connection, replace(each.after, told=told), was=each.before)
    timed = [each.after for each in those if each.after.state in HAS_ITS_TIME]
    for run in timed:
        free(work.connection, run.id)
    with taking_time():
        for run in timed:
            book(work.connection, run)


def _asked(considered: Considered, charge: Charge | None) -> dict[str, Any]:
    """Give what is kept of the question: ids, dates and words from lists, and what was accepted with it."""
    accepted = [
        {"number": each.number, "rule": each.rule, "name": each.name, "facilitator": each.facilitator_id}
        for each in considered.diff.new_breaches
    ]
    asked: dict[str, Any] = {} if considered.change is None else asdict(considered.change)
    asked["accepted"] = accepted
    return asked if charge is None else {**asked, "charge": asdict(charge)}


def _applied(
    work: UnitOfWork, change_id: UUID, group_id: UUID, each: Considered, asked: dict[str, Any], actor: str
) -> Applied:
    return Applied(
        id=change_id,
        group_id=group_id,
        run_id=each.before.id,
        kind=each.kind,
        asked=asked,
        before=each.before,
        after=each.after,
        version=each.after.version,
        applied_at=work.now,
        applied_by=actor,
    )


def _tell(work: UnitOfWork, change_id: UUID, each: Considered, charge: Charge | None, actor: str) -> None:
    """Put down what fell out, tell everyone who takes part in one event, and see to papers and cover."""
    after = replace(each.after, told=each.after.told + 1)
    if each.change is not None:
        for fallen in each.diff.cancelled:
            _put_down(work, each, fallen, charge, actor)
    telling.run_changed(work, each.before, after, each.establishment, each.programme, change_id, each.diff)
    mark_out_of_date(work, after)
    after_change(work, each.before, after, each.programme, each.establishment, change_id)
    need_holding_plans(work, after)


def _put_down(work: UnitOfWork, each: Considered, fallen: Fallen, charge: Charge | None, actor: str) -> None:
    """Keep that a session did not take place, apart from what was planned, and tell it."""
    chargeable = fallen.chargeable if charge is None else charge.chargeable
    outcome = {
        "id": work.new_id(),
        "session_id": fallen.session_id,
        "state": "cancelled",
        "reason": each.diff.cause,
        "party": each.diff.party,
        "notice_minutes": fallen.notice_minutes,
        "remedy": fallen.remedy,
        "chargeable": chargeable,
        "charge_reason": None if charge is None else charge.reason,
        "recorded_at": work.now,
        "recorded_by": actor,
    }
    work.connection.execute(outcomes.insert(), outcome)
    [session] = [one for one in each.after.sessions if one.id == fallen.session_id]
    telling.session_recorded(
        work,
        each.after,
        session,
        cause=each.diff.cause,
        party=each.diff.party,
        remedy=fallen.remedy,
        chargeable=chargeable,
    )
