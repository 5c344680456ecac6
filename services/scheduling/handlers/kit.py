"""What is brought in: what an establishment says to it, what a run does without, and whether it all came out again."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.kit import Difference, Packed, differences, standing_of, wrong_counts
from services.scheduling.domain.memos import due_on
from services.scheduling.domain.runs import Run
from services.scheduling.domain.words import in_words, listed
from services.scheduling.handlers.asking import ask_for, today
from services.scheduling.handlers.memos import LOOKED_AHEAD, mark_out_of_date
from services.scheduling.records import load_establishment, load_programme, load_run
from services.scheduling.records.facts import UNCONFIRMED, load_kit_approvals
from services.scheduling.records.papers import load_packing, load_run_of, load_runs_ahead
from services.scheduling.tables import kit_approvals, kit_counts, left_out_kit, programmes, runs, sessions
from shared.errors import Refused
from shared.holidays import bank_holidays_in
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

STANDS = ("draft", "held", "confirmed")
"""States of a run that still has something to bring."""


def request_kit(work: UnitOfWork, establishment_id: str, items: Sequence[str], *, actor: str) -> None:
    """Note that an establishment was asked about items. What it has answered already stays.

    Raises `Refused("not_found")` for an establishment, or an item that is on no kit list.
    """
    place = load_establishment(work.connection, establishment_id).id
    for item in items:
        _refuse_unlisted(work, item)
        asked = {**_row(work, place, item, actor), "state": "requested", "valid_until": None, "approval": None}
        insert_or_leave(work.connection, kit_approvals, asked)


def approve_kit(
    work: UnitOfWork, establishment_id: str, item: str, *, until: dt.date | None, approval: str | None, actor: str
) -> None:
    """Record that an establishment lets an item in, until a date or for good, with its own number for that.

    Raises `Refused`: "not_found", or "invalid" for a date that is past.
    """
    if until is not None and until < today(work):
        why = "This date is past. Give today or later, or none where the approval has no end."
        raise Refused("invalid", why, {"until": [why]})
    _settle(work, establishment_id, item, actor, state="approved", valid_until=until, approval=approval)


def refuse_kit(work: UnitOfWork, establishment_id: str, item: str, *, actor: str) -> list[UUID]:
    """Record that an establishment does not let an item in; give the runs there that need it.

    Somebody is asked for each of them to leave it out or to bring something else: nothing is dropped in silence. Raises
    `Refused("not_found")`.
    """
    place = _settle(work, establishment_id, item, actor, state="refused", valid_until=None, approval=None)
    needing = _runs_needing(work, place, item)
    name = load_establishment(work.connection, place).name
    for run in needing:
        title = f"Leave out '{item}' or bring something else: it may not be brought in at {name}"
        key = f"kit-refused:{run.id}:{_mark(item)}:{today(work).isoformat()}"
        ask_for(work, key=key, reference=run.enquiry, kind="kit_refused", title=title, due_on=today(work))
    return [run.id for run in needing]


def _mark(item: str) -> str:
    """Give a short mark of an item, for the key of a task."""
    return hashlib.sha256(item.encode()).hexdigest()[:12]


def _runs_needing(work: UnitOfWork, establishment_id: str, item: str) -> list[Run]:
    to_come = (sessions.c.date >= today(work)) & (sessions.c.state == "planned")
    query = (
        select(runs.c.id)
        .join_from(runs, sessions, sessions.c.run_id == runs.c.id)
        .where(runs.c.establishment_id == establishment_id, runs.c.state.in_(STANDS), to_come)
        .where(runs.c.mode == "in_person")
        .distinct()
        .order_by(runs.c.id)
    )
    those = [load_run(work.connection, run_id) for run_id in list(work.connection.scalars(query))]
    return [run for run in those if item in {each.item for each in _packed(work, run)}]


def _settle(work: UnitOfWork, establishment_id: str, item: str, actor: str, **said: Any) -> str:
    place = load_establishment(work.connection, establishment_id).id
    _refuse_unlisted(work, item)
    row = {**_row(work, place, item, actor), **said}
    if not insert_or_leave(work.connection, kit_approvals, row):
        here = (kit_approvals.c.establishment_id == place) & (kit_approvals.c.item == item)
        work.connection.execute(update(kit_approvals).where(here).values(row))
    return place


def _row(work: UnitOfWork, establishment_id: str, item: str, actor: str) -> dict[str, Any]:
    return {"establishment_id": establishment_id, "item": item, "at": work.now, "by": actor}


def _refuse_unlisted(work: UnitOfWork, item: str) -> None:
    """Refuse an item that no programme brings and no run brings instead of one: mostly a slip of the pen."""
    lists = work.connection.scalars(select(programmes.c.kit))
    known = {each["item"] for kit in lists for each in kit}
    known |= set(work.connection.scalars(select(left_out_kit.c.instead).where(left_out_kit.c.instead.is_not(None))))
    if item not in known:
        why = f"'{item}' is on no kit list. On them are: {', '.join(sorted(known)) or 'no items yet'}."
        raise Refused("not_found", why, {"item": [why]})


def leave_out_kit(work: UnitOfWork, run_id: UUID, item: str, *, instead: str | None, actor: str) -> tuple[UUID, ...]:
    """Have a run do without an item, or bring something else instead; give the memos that are out of date by it.

    Raises `Refused`: "not_found" for a run or an item it does not have, "refused" where the run is over, or where what
    comes instead may not be brought in either.
    """
    run = _standing(work, run_id)
    _refuse_what_is_not_theirs(work, run, item)
    _refuse_instead(work, run, item, instead)
    work.connection.execute(delete(left_out_kit).where(_left_out(run_id, item)))
    work.connection.execute(left_out_kit.insert(), {"run_id": run_id, "item": item, "instead": instead, "by": actor})
    return mark_out_of_date(work, run)


def bring_kit(work: UnitOfWork, run_id: UUID, item: str) -> tuple[UUID, ...]:
    """Have a run bring again what was left out; give the memos that are out of date by it.

    Raises `Refused`: "not_found", or "refused" where nothing was left out.
    """
    run = _standing(work, run_id)
    if not work.connection.execute(delete(left_out_kit).where(_left_out(run_id, item))).rowcount:
        raise Refused(
            "refused", f"'{item}' was not left out of this run, so it is brought already, or is not on its list."
        )
    return mark_out_of_date(work, run)


def _left_out(run_id: UUID, item: str) -> Any:
    return (left_out_kit.c.run_id == run_id) & (left_out_kit.c.item == item)


def _standing(work: UnitOfWork, run_id: UUID) -> Run:
    run = load_run(work.connection, run_id, lock=True)
    if run.state not in STANDS:
        raise Refused("refused", f"This run is {run.state.replace('_', ' ')}: what it brought is history.")
    return run


def _refuse_what_is_not_theirs(work: UnitOfWork, run: Run, item: str) -> None:
    programme = load_programme(work.connection, run.programme, run.programme_version)
    theirs = [each.item for each in programme.kit]
    if item not in theirs:
        why = f"{programme.name} brings no '{item}'. Its list has: {', '.join(theirs) or 'nothing'}."
        raise Refused("not_found", why, {"item": [why]})


def _refuse_instead(work: UnitOfWork, run: Run, item: str, instead: str | None) -> None:
    if instead is None:
        return
    others = {each.item for each in _packed(work, run) if each.instead_of != item}
    if instead == item or instead in others:
        why = f"'{instead}' is on the list already. Name something else, or leave the item out."
        raise Refused("refused", why, {"instead": [why]})
    approval = load_kit_approvals(work.connection, run.establishment_id).get(instead)
    if approval is not None and approval.state == "refused":
        why = f"'{instead}' may not be brought in there either. Name something else, or leave the item out."
        raise Refused("refused", why, {"instead": [why]})


def _packed(work: UnitOfWork, run: Run) -> tuple[Packed, ...]:
    programme = load_programme(work.connection, run.programme, run.programme_version)
    return load_packing(work.connection, run, programme)


def count_out(work: UnitOfWork, session_id: UUID, counts: Mapping[str, int], *, actor: str) -> None:
    """Note what goes in to a session, counted out of the bag, in place of what was noted before.

    Raises `Refused`: "not_found", "refused" before the day of the session or where it takes place no more, "invalid"
    for counts that cannot be, or that leave out what has to be counted.
    """
    run, session = load_run_of(work.connection, session_id)
    if run.state in UNCONFIRMED:
        raise Refused("refused", f"This run is {run.state}. Kit goes in once it is confirmed.")
    if not session.is_live:
        raise Refused("refused", f"Session {session.number} does not take place, so nothing goes in.")
    if session.date > today(work):
        raise Refused(
            "refused", f"Session {session.number} is on {in_words(session.date)}: count out on the day itself."
        )
    wrong = wrong_counts(_packed(work, run), counts)
    if wrong:
        raise Refused("invalid", "Some of these counts need a change.", {"counts": wrong})
    _refuse_counted_in(work, session_id)
    work.connection.execute(delete(kit_counts).where(kit_counts.c.session_id == session_id))
    same = {"session_id": session_id, "counted_in": None, "at": work.now, "by": actor}
    rows = [{**same, "item": item, "counted_out": number} for item, number in counts.items()]
    work.connection.execute(kit_counts.insert(), rows)


def _refuse_counted_in(work: UnitOfWork, session_id: UUID) -> None:
    back = (kit_counts.c.session_id == session_id) & kit_counts.c.counted_in.is_not(None)
    if work.connection.execute(select(kit_counts.c.item).where(back)).first() is not None:
        raise Refused("refused", "This has been counted in again already. Correct that count instead.")


def count_in(work: UnitOfWork, session_id: UUID, counts: Mapping[str, int], *, actor: str) -> tuple[Difference, ...]:
    """Note what came back from a session, and give what differs; of a difference somebody is told today.

    The same again corrects it. Raises `Refused`: "not_found", "refused" where nothing was counted out, "invalid" where
    an item is missing from the count or never went in.
    """
    run, session = load_run_of(work.connection, session_id)
    here = kit_counts.c.session_id == session_id
    out = {row.item: row.counted_out for row in work.connection.execute(select(kit_counts).where(here))}
    if not out:
        raise Refused("refused", "Nothing was counted out for this session, so there is nothing to compare with.")
    if set(out) != set(counts):
        missing, strange = sorted(set(out) - set(counts)), sorted(set(counts) - set(out))
        wrong = [f"Count '{item}' too." for item in missing] + [f"'{item}' did not go in." for item in strange]
        raise Refused("invalid", "Some of these counts need a change.", {"counts": wrong})
    for item, number in counts.items():
        back = update(kit_counts).where(here, kit_counts.c.item == item)
        work.connection.execute(back.values(counted_in=number, at=work.now, by=actor))
    found = differences(out, counts)
    if found:
        name = load_establishment(work.connection, run.establishment_id).name
        title = f"Find out with the prison why kit counts differ after session {session.number} at {name}"
        key = f"kit-count:{session_id}"
        ask_for(work, key=key, reference=run.enquiry, kind="kit_count", title=title, due_on=today(work))
    return found


def find_due_lists(work: UnitOfWork) -> None:
    """Ask somebody for each kit list whose day has come and on which something is neither agreed nor asked for.

    The same task has the same key, so that it is safe to ask again every day.
    """
    now = today(work)
    for ahead in load_runs_ahead(work.connection, now, now + LOOKED_AHEAD):
        establishment = load_establishment(work.connection, ahead.establishment_id)
        holidays = bank_holidays_in(establishment.nation)
        due = due_on(ahead.first, establishment.kit_lead_days, holidays)
        if due <= now:
            _ask_for_list(work, ahead, establishment, due)


def _ask_for_list(work: UnitOfWork, ahead: AnyRow, establishment: Establishment, due: dt.date) -> None:
    approvals = load_kit_approvals(work.connection, establishment.id)
    packed = _packed(work, load_run(work.connection, ahead.id))
    missing = [each.item for each in packed if standing_of(each.item, approvals, ahead.last) in {"not_asked", "lapses"}]
    if missing:
        title = f"Ask {establishment.name} to agree the kit list: {listed(missing)}"
        key = f"kit-list-due:{ahead.id}:{ahead.first.isoformat()}"
        ask_for(work, key=key, reference=ahead.enquiry, kind="kit_list_due", title=title, due_on=due)
