"""Closing an establishment on some dates: what is hit, what can be done, and doing it for all runs as one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, replace
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.changes import Close
from services.scheduling.domain.changing import CHANGEABLE, hit_by
from services.scheduling.domain.outcomes import Charge
from services.scheduling.domain.remedies import Choice, Closure, Hit, choices_for
from services.scheduling.domain.runs import Run
from services.scheduling.domain.words import in_words
from services.scheduling.handlers.changing import (
    Considered,
    become,
    carry_out,
    closure,
    consider,
    facts_around,
    with_closure,
)
from services.scheduling.handlers.planning import hold_facilitators
from services.scheduling.handlers.reversing import refuse_other_basis, together
from services.scheduling.records import load_establishment, load_programme, load_run
from services.scheduling.records.places import lock_establishment
from services.scheduling.tables import blackouts, runs, sessions
from shared.clock import day_in_london
from shared.errors import Refused
from shared.persistence.work import UnitOfWork, new_id

LONGEST = dt.timedelta(days=366)
"""How long one closure may be: a longer one is for the establishment's own calendar."""


def preview_closure(connection: Connection, close: Close, *, now: dt.datetime) -> Closure:
    """Say what closing an establishment would do to all runs there, and do nothing.

    Raises Refused: "not_found" for an establishment or a session there is none of, "invalid" for dates that cannot be,
    "refused" where a remedy cannot be had.
    """
    asked = _checked(close, now, load_establishment(connection, close.establishment_id).id)
    hit = _hit_runs(connection, asked, now)
    _refuse_strangers(asked, hit, now)
    hits = tuple(each for run in hit for each in _hits(connection, run, asked, now))
    return Closure(hits, together([_considered(connection, run, asked, now) for run in hit]))


def close_establishment(
    work: UnitOfWork,
    close: Close,
    *,
    basis: str | None,
    actor: str,
    accept_breaches: bool = False,
    charge: Charge | None = None,
) -> UUID | None:
    """Close an establishment, and do what is to be done about every session it hits, all or nothing.

    Gives the id of the group of changes, by which it is taken back; None where it hits nothing. Raises Refused as
    `preview_closure` and `handlers.changing.apply` do.
    """
    asked = _checked(close, work.now, lock_establishment(work.connection, close.establishment_id).id)
    hit = [load_run(work.connection, run_id, lock=True) for run_id in _hit_ids(work.connection, asked, work.now)]
    _refuse_strangers(asked, hit, work.now)
    those = [_considered(work.connection, run, asked, work.now) for run in hit]
    hold_facilitators(work, *(run for each in those for run in (each.before, each.after)))
    those = [_considered(work.connection, run, asked, work.now) for run in hit]
    refuse_other_basis(work.connection, basis, those)
    blackout = _black_out(work, asked)
    if not those:
        return None
    ids = carry_out(
        work,
        those,
        actor=actor,
        accept_breaches=accept_breaches,
        charge=charge,
        asked={} if blackout is None else {"blackout": blackout},
    )
    return ids[0]


def choices_of(connection: Connection, run_id: UUID, session_id: UUID, *, now: dt.datetime) -> tuple[Choice, ...]:
    """Give what can be done about one session that does not take place."""
    run = load_run(connection, run_id)
    found = [each for each in run.live if each.id == session_id]
    if not found:
        why = f"This run has no session {session_id} that stands. `keytalk runs show {run_id}` lists them."
        raise Refused("not_found", why, {"session": [why]})
    establishment = load_establishment(connection, run.establishment_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    return choices_for(run, found[0], facts_around(connection, establishment, programme, run, run), now, new_id)


def _checked(close: Close, now: dt.datetime, establishment_id: str) -> Close:
    today = day_in_london(now)
    if close.last < close.first:
        why = f"A closure cannot end before its first day, {in_words(close.first)}. Give that date or a later one."
        raise Refused("invalid", why, {"last": [why]})
    if close.last < today:
        why = f"{in_words(close.last)} has passed. What fell out before today is recorded session by session."
        raise Refused("invalid", why, {"first": [why]})
    if close.last - close.first > LONGEST:
        why = "One closure can be up to a year long. Close a part of it first."
        raise Refused("invalid", why, {"last": [why]})
    return replace(close, establishment_id=establishment_id)


def _hit_ids(connection: Connection, close: Close, now: dt.datetime) -> list[UUID]:
    """Find the runs that a closure hits, by one query, in the order in which they are locked."""
    query = (
        select(runs.c.id)
        .join_from(sessions, runs, runs.c.id == sessions.c.run_id)
        .where(runs.c.establishment_id == close.establishment_id, runs.c.state.in_(CHANGEABLE))
        .where(runs.c.mode == "in_person")
        .where(sessions.c.date.between(close.first, close.last))
        .where(sessions.c.state == "planned", sessions.c.starts_at > now)
        .distinct()
        .order_by(runs.c.id)
    )
    return list(connection.scalars(query))


def _hit_runs(connection: Connection, close: Close, now: dt.datetime) -> list[Run]:
    return [load_run(connection, run_id) for run_id in _hit_ids(connection, close, now)]


def _refuse_strangers(close: Close, hit: Sequence[Run], now: dt.datetime) -> None:
    known = {each.id for run in hit for each in hit_by(run, close, now)}
    unknown = [str(session_id) for session_id, _ in close.remedies if session_id not in known]
    if unknown:
        why = f"The closure does not hit session {', '.join(unknown)}. Leave it out."
        raise Refused("not_found", why, {"remedies": [why]})


def _considered(connection: Connection, run: Run, close: Close, now: dt.datetime) -> Considered:
    return consider(connection, run, become(connection, run, close, now), close, now=now)


def _hits(connection: Connection, run: Run, close: Close, now: dt.datetime) -> list[Hit]:
    establishment = load_establishment(connection, run.establishment_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    facts = with_closure(facts_around(connection, establishment, programme, run, run), close)
    return [Hit(run, each, choices_for(run, each, facts, now, new_id)) for each in hit_by(run, close, now)]


def _black_out(work: UnitOfWork, close: Close) -> UUID | None:
    """Put the closure on file, and give its id; None where it is there already."""
    closed = closure(close)
    table = blackouts.c
    same = (table.establishment_id == close.establishment_id) & (table.first == closed.first)
    same &= (table.last == closed.last) & ~table.yearly
    if work.connection.scalar(select(table.id).where(same)) is not None:
        return None
    blackout_id = work.new_id()
    row = {"id": blackout_id, "establishment_id": close.establishment_id, **asdict(closed), "reason": close.cause}
    work.connection.execute(blackouts.insert(), row)
    return blackout_id
