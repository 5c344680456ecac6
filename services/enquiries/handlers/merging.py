"""Laying two enquiries together, and taking them apart again. Every word of both is kept, under both references."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from services.enquiries.domain.matching import MatchKind
from services.enquiries.domain.merging import Link, Side, answered_to, check_merge, check_unmerge, pair_of
from services.enquiries.domain.people import ContactStatus
from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.playbooks import CLOSED_WITH_THE_ENQUIRY
from services.enquiries.domain.references import not_found
from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import Kind
from services.enquiries.handlers import history, matching
from services.enquiries.handlers.matching import ABOUT_CONTACT, ABOUT_CORRESPONDENT, ABOUT_ORGANISATION
from services.enquiries.handlers.tasks import close_tasks, reopen_task
from services.enquiries.queries import threads
from services.enquiries.tables import enquiries, matches, not_duplicates, tasks, timeline
from shared.contracts.enquiries import StageChanged
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork


def root_of(connection: Connection, reference: str) -> str:
    """Give the reference under which an enquiry's thread goes on: its own, unless it was merged.

    Raises `Refused("not_found")`.
    """
    return threads.root_of(connection, reference)


def merge_enquiry(work: UnitOfWork, reference: str, into: str, *, reason: str | None, actor: str) -> str:
    """Merge an enquiry into another, or into the thread that one is in; give that thread's reference.

    Who asked last is written to from now on, unless they can be reached no longer. Raises `Refused`: "not_found",
    "refused" with the rule, "conflict" where somebody changed one of the two just now.
    """
    root = root_of(work.connection, into)
    rows = _both(work, reference, root)
    one, head = rows[reference], rows[root]
    if head.merged_into is not None:  # since its thread was looked for
        raise _changed(root)
    check_merge(_side(one), _side(head))
    for row in (one, head):
        matching.recognise(work, row)  # where it was not filed yet
    _lay_aside(work, one, root, reason=reason, actor=actor)
    history.write(work, root, Kind.MERGED, actor=actor, about=reference, words=reason)
    close_tasks(work, reference, CLOSED_WITH_THE_ENQUIRY, outcome=_goes_on_with(root), actor=actor)
    _write_to_the_newer(work, reference, root, actor=actor)
    _mark(work, reference, root, "taken", actor)
    work.connection.execute(delete(not_duplicates).where(*_is_pair(reference, root)))
    return root


def unmerge_enquiry(work: UnitOfWork, reference: str, *, reason: str | None, actor: str) -> None:
    """Take an enquiry out of the thread it was merged into: its stage, and who is written to, are as before.

    Raises `Refused`: "not_found", or "refused" where it is not merged.
    """
    into = work.connection.execute(select(enquiries.c.merged_into).where(enquiries.c.reference == reference)).first()
    if into is None:
        raise not_found(reference)
    rows = _both(work, reference, into.merged_into or reference)
    one = rows[reference]
    check_unmerge(_side(one))
    if one.merged_into not in rows:
        raise _changed(reference)
    before = Stage(one.stage_before_merge)
    back = {"standing": Standing.FILED.value, "merged_into": None, "stage_before_merge": None, "stage": before.value}
    _save(work, reference, **back)
    _tell_stage(work, one, before)
    step = {"was": one.stage, "now": before.value, "about": one.merged_into}
    history.write(work, reference, Kind.UNMERGED, actor=actor, words=reason, **step)
    history.write(work, one.merged_into, Kind.UNMERGED, actor=actor, about=reference, words=reason)
    _reopen_tasks(work, one, actor=actor)
    _write_to_whoever_is_left(work, one.merged_into)
    _mark(work, reference, one.merged_into, "suggested", None)


def not_duplicate(work: UnitOfWork, reference: str, other: str, *, actor: str) -> None:
    """Remember that two enquiries are not the same ask: neither is suggested for the other again. Raises `Refused`."""
    if reference == other:
        raise Refused("refused", f"{reference} is one enquiry. Give two references that are not the same ask.")
    _both(work, reference, other)
    if root_of(work.connection, reference) == root_of(work.connection, other):
        raise Refused("refused", f"{reference} and {other} lie in one thread. Un-merge them first.")
    first, second = pair_of(reference, other)
    pair = {"first": first, "second": second, "at": work.now, "actor": actor}
    _mark(work, reference, other, "refused", actor)
    if insert_or_leave(work.connection, not_duplicates, pair):
        history.write(work, reference, Kind.NOT_DUPLICATE, actor=actor, about=other)
        history.write(work, other, Kind.NOT_DUPLICATE, actor=actor, about=reference)


def _both(work: UnitOfWork, *references: str) -> dict[str, AnyRow]:
    """Give the rows of two enquiries, kept from others until the work ends, in one order for everybody.

    Raises `Refused("not_found")` for one that is not there.
    """
    wanted = sorted(set(references))
    query = select(enquiries).where(enquiries.c.reference.in_(wanted)).order_by(enquiries.c.reference)
    rows = {row.reference: row for row in work.connection.execute(query.with_for_update())}
    for reference in wanted:
        if reference not in rows:
            raise not_found(reference)
    return rows


def _side(row: AnyRow) -> Side:
    return Side(row.reference, Standing(row.standing), Stage(row.stage), row.merged_into, row.erased_at is not None)


def _lay_aside(work: UnitOfWork, one: AnyRow, root: str, *, reason: str | None, actor: str) -> None:
    """Close one of the two as a duplicate, unless somebody changed it since it was read."""
    unchanged = (
        (enquiries.c.reference == one.reference)
        & (enquiries.c.version == one.version)
        & (enquiries.c.standing == Standing.FILED.value)
    )
    aside = {
        "standing": Standing.MERGED.value,
        "merged_into": root,
        "stage_before_merge": one.stage,
        "stage": Stage.DUPLICATE.value,
    }
    if work.connection.execute(update(enquiries).where(unchanged).values(aside)).rowcount != 1:
        raise _changed(one.reference)
    _tell_stage(work, one, Stage.DUPLICATE)
    history.write(
        work,
        one.reference,
        Kind.MERGED,
        actor=actor,
        was=one.stage,
        now=Stage.DUPLICATE.value,
        about=root,
        words=reason,
    )


def _tell_stage(work: UnitOfWork, one: AnyRow, now: Stage) -> None:
    if one.stage != now.value:
        moved = StageChanged(reference=one.reference, was=one.stage, now=now.value)
        work.record(moved, subject=one.reference, sequence=history.next_version(work, one.reference))


def _goes_on_with(root: str) -> str:
    return f"This goes on with {root}."


def _reopen_tasks(work: UnitOfWork, one: AnyRow, *, actor: str) -> None:
    """Have what was to be done before the merge be done again."""
    closed = (tasks.c.reference == one.reference) & (tasks.c.outcome == _goes_on_with(one.merged_into))
    for task_id in work.connection.scalars(select(tasks.c.id).where(closed).order_by(tasks.c.id)).all():
        reopen_task(work, task_id, reason=None, actor=actor)


def _write_to_the_newer(work: UnitOfWork, reference: str, root: str, *, actor: str) -> None:
    """Have whoever asked last be written to, where they can be reached."""
    head = _row(work, root)
    newest = _newest_contact(work, head)
    brought = {reference, *(row.reference for row in threads.merged_into(work.connection, reference))}
    now = head.correspondent_id or head.contact_id
    if newest is None or newest.reference not in brought or newest.contact_id == now:
        return
    _save(work, root, correspondent_id=newest.contact_id)
    step = {"was": _text(head.correspondent_id), "now": _text(newest.contact_id), "about": reference}
    history.write(work, root, Kind.LINKED, actor=actor, **step)


def _write_to_whoever_is_left(work: UnitOfWork, reference: str) -> None:
    """Settle anew who is written to: of the enquiry that another was taken out of, and of each it lies in itself."""
    above: str | None = reference
    while above is not None:
        head = _row(work, above)
        _settle_who_is_written_to(work, head)
        above = head.merged_into


def _settle_who_is_written_to(work: UnitOfWork, head: AnyRow) -> None:
    newest = _newest_contact(work, head)
    left = _text(newest.contact_id) if newest is not None else None
    contact = answered_to(_links(work.connection, head.reference), left)
    if contact != _text(head.correspondent_id):
        _save(work, head.reference, correspondent_id=UUID(contact) if contact else None)


def _newest_contact(work: UnitOfWork, head: AnyRow) -> AnyRow | None:
    """Give the latest enquiry of a thread whose asker can be reached; None where that is the one that heads it."""
    for row in reversed(threads.merged_into(work.connection, head.reference)):
        if row.received_at < head.received_at:
            return None
        if row.contact_id is None or row.erased_at is not None:
            continue
        if threads.reached(work.connection, row.contact_id).status == ContactStatus.ACTIVE.value:
            return row
    return None


def _row(work: UnitOfWork, reference: str) -> AnyRow:
    return work.connection.execute(select(enquiries).where(enquiries.c.reference == reference)).one()


def _links(connection: Connection, reference: str) -> list[Link]:
    """Give all changes of whom an enquiry is answered to, the oldest first, as its history tells them."""
    others = (ABOUT_CONTACT, ABOUT_ORGANISATION)
    linked = (timeline.c.reference == reference) & (timeline.c.kind == Kind.LINKED.value)
    query = select(timeline).where(linked, timeline.c.about.not_in(others)).order_by(timeline.c.id)
    return [Link(row.now, None if row.about == ABOUT_CORRESPONDENT else row.about) for row in connection.execute(query)]


def _mark(work: UnitOfWork, reference: str, other: str, state: str, actor: str | None) -> None:
    """Settle the suggestion that two enquiries are the same, or open it again."""
    one_way = (matches.c.reference == reference) & (matches.c.target == other)
    other_way = (matches.c.reference == other) & (matches.c.target == reference)
    pair = (matches.c.kind == MatchKind.DUPLICATE.value) & (one_way | other_way)
    settled = {"state": state, "settled_at": work.now if actor else None, "settled_by": actor}
    work.connection.execute(update(matches).where(pair).values(settled))


def _is_pair(reference: str, other: str) -> tuple[Any, Any]:
    first, second = pair_of(reference, other)
    return not_duplicates.c.first == first, not_duplicates.c.second == second


def _save(work: UnitOfWork, reference: str, **values: Any) -> None:
    work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(values))


def _text(contact_id: UUID | None) -> str | None:
    return str(contact_id) if contact_id is not None else None


def _changed(reference: str) -> Refused:
    return Refused("conflict", f"{reference} was changed by someone else just now. Look at it again.")
