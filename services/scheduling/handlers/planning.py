"""Planning runs, and the one way a run comes to stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select, update
from sqlalchemy.exc import IntegrityError

from services.scheduling.domain.commands import WEEKDAYS, PlanRun
from services.scheduling.domain.dates import days_on, longest_run
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.planner import draft_run, review
from services.scheduling.domain.runs import Run, Slot
from services.scheduling.domain.words import in_words
from services.scheduling.handlers import telling
from services.scheduling.handlers.holding_plans import need_holding_plans
from services.scheduling.handlers.settling_holds import convert_hold, refuse_what_others_hold, release_for_new_plan
from services.scheduling.records import (
    book,
    facts_about,
    load_establishment,
    load_facts,
    load_programme,
    load_run,
    load_who_might_enter,
    save_draft,
    save_run,
)
from services.scheduling.tables import establishments, facilitators, rooms, runs
from shared.clock import day_in_london
from shared.errors import Refused
from shared.establishment_names import matching_establishment
from shared.persistence.contention import one_after_another
from shared.persistence.no_overlap import constraint_name
from shared.persistence.work import UnitOfWork


def plan_run(work: UnitOfWork, enquiry: Mapping[str, Any], plan: PlanRun) -> UUID:
    """Make a draft run for an enquiry, in place of the draft it may have, and give its id.

    A draft that was held gives its time back: the hold was of other dates. `enquiry` is what the enquiries service says
    of it. The dates stand whoever is missing: what is still needed shows as breaches. Raises `Refused` when the
    establishment is not known, when no dates can be found, or when the run stands already.
    """
    _refuse_a_start_in_the_past(plan, day_in_london(work.now))
    establishment = _establishment_for(work, enquiry, plan)
    programme = load_programme(work.connection, plan.programme or enquiry["programme"])
    earlier = _run_of(work, enquiry["reference"])
    facts = load_facts(
        work.connection,
        establishment,
        programme,
        run=earlier,
        people=_who_might(work, establishment, plan),
        between=(plan.start, days_on(plan.start, longest_run(programme).days)),
    )
    size = plan.group_size if plan.group_size is not None else enquiry.get("group_size")
    run = draft_run(
        run_id=earlier.id if earlier else work.new_id(),
        enquiry=enquiry["reference"],
        slot=Slot(plan.start, WEEKDAYS.index(plan.weekday) if plan.weekday else None, plan.window, plan.time),
        facilitator_ids=plan.facilitators,
        facts=replace(facts, mode=plan.mode, group_size=size),
        new_id=work.new_id,
        room_id=plan.room,
    )
    if earlier is not None:
        hold_facilitators(work, earlier)
        former = release_for_new_plan(work, earlier)
        run = replace(run, version=former.version + 1, told=former.told)
    _save_draft(work, run)
    return run.id


def _save_draft(work: UnitOfWork, run: Run) -> None:
    """Save a draft, unless somebody else planned the same enquiry for the first time just now."""
    try:
        with work.connection.begin_nested():
            save_draft(work.connection, run, work.now)
    except IntegrityError as error:
        if "enquiry" not in str(error.orig):
            raise
        why = f"A run for {run.enquiry} was planned by somebody else just now. Look at it, then plan again if need be."
        raise Refused("conflict", why) from None


def _refuse_a_start_in_the_past(plan: PlanRun, today: dt.date) -> None:
    if plan.start < today:
        why = f"A run cannot begin on {in_words(plan.start)}, which is past. Give {in_words(today)} or a later date."
        raise Refused("invalid", why, {"start": [why]})


def _who_might(work: UnitOfWork, establishment: Establishment, plan: PlanRun) -> set[UUID] | None:
    """Give whom to look at: those named, those with any clearance or escort there, and for a remote run everybody."""
    if plan.mode == "remote":
        return None
    return {*load_who_might_enter(work.connection, establishment.id), *plan.facilitators}


def _run_of(work: UnitOfWork, reference: str) -> Run | None:
    """Give the draft that an enquiry has. Raises `Refused` when its run is past that."""
    with one_after_another():
        run_id = work.connection.scalar(select(runs.c.id).where(runs.c.enquiry == reference).with_for_update())
    if run_id is None:
        return None
    run = load_run(work.connection, run_id)
    if run.state not in {"draft", "held"}:
        raise Refused("refused", f"The run of {reference} is {run.state}: its dates are not planned anew.")
    return run


def _establishment_for(work: UnitOfWork, enquiry: Mapping[str, Any], plan: PlanRun) -> Establishment:
    wanted = plan.establishment or enquiry.get("establishment_id")
    if wanted is None:
        rows = work.connection.execute(select(establishments.c.id, establishments.c.name))
        wanted = matching_establishment(enquiry.get("establishment") or "", {row.id: row.name for row in rows})
    if wanted is None:
        why = (
            f"{enquiry['reference']} names a place that is not on file. Say which one it is with --establishment ID; "
            "`keytalk establishments list` shows them."
        )
        raise Refused("refused", why, {"establishment": [why]})
    return load_establishment(work.connection, wanted)


def confirm_run(work: UnitOfWork, run_id: UUID, enquiry: Mapping[str, Any], *, actor: str) -> None:
    """Confirm a draft whose every session keeps every rule, take everyone's time, and tell all who take part.

    Where two of its sessions lie far apart, a holding plan is asked for. Raises `Refused` when the enquiry is not won
    (H12) and nobody holds written authority, when a rule is broken, when it is no draft, and "conflict" when somebody
    else took a person or a room for one of its hours first.
    """
    run = load_run(work.connection, run_id, lock=True)
    hold_facilitators(work, run)
    establishment = load_establishment(work.connection, run.establishment_id)
    programme = load_programme(work.connection, run.programme, run.programme_version)
    facts = facts_about(work.connection, run, establishment, programme)
    _refuse_unless_agreed(run, enquiry, facts)
    refuse_what_others_hold(work, run, facts)
    confirmed = replace(run.confirm(review(run, facts)), told=run.told + 1)
    save_run(work.connection, confirmed, was=run)
    confirmed_by = {"confirmed_at": work.now, "confirmed_by": actor}
    work.connection.execute(update(runs).where(runs.c.id == run.id).values(confirmed_by))
    with taking_time():
        book(work.connection, confirmed)
    convert_hold(work, confirmed)
    telling.run_confirmed(work, confirmed, establishment, programme)
    need_holding_plans(work, confirmed)


def _refuse_unless_agreed(run: Run, enquiry: Mapping[str, Any], facts: Facts) -> None:
    """Put rule H12 to what enquiries says right now: its event may still be on its way."""
    agreed = enquiry["stage"] == "won" or facts.is_overridden("H12")
    if run.state in {"draft", "held"} and not agreed:
        raise Refused(
            "refused",
            f"H12: {run.enquiry} is in {enquiry['stage']}, and a run is confirmed once its enquiry is won, with the "
            "agreement signed. Move the enquiry on first; or, with written authority, keep H12 open with "
            f"`keytalk runs override {run.id} H12 --reason WHY`.",
        )


def hold_facilitators(work: UnitOfWork, *those: Run) -> None:
    """Lock the people and the rooms of some runs, in one order, so that two runs cannot both take the same hour.

    The database refuses overlaps by itself; this is for the gaps between two places, which only the rules know. Whoever
    takes time locks its run first and then these, which others may go on referring to (they are not locked by key).
    Raises `Refused("conflict")` where others have them for too long.
    """
    live = [session for run in those for session in run.live]
    people = {person for session in live for person in session.facilitator_ids}
    places = {session.room_id for session in live if session.room_id is not None}
    _hold(work, facilitators, people)
    _hold(work, rooms, places)


def hold_people(work: UnitOfWork, people: set[UUID]) -> None:
    """Lock some people as `hold_facilitators` does, such as those who are only asked yet."""
    _hold(work, facilitators, people)


def _hold(work: UnitOfWork, table: Table, wanted: set[UUID]) -> None:
    query = select(table.c.id).where(table.c.id.in_(wanted)).order_by(table.c.id)
    with one_after_another():
        work.connection.execute(query.with_for_update(key_share=True)).all()


@contextmanager
def taking_time() -> Iterator[None]:
    """Say in plain words what the database says when a person's or a room's hour is taken already."""
    try:
        with one_after_another():
            yield
    except IntegrityError as error:
        taken = {"facilitator": "A facilitator", "room": "The room"}
        for what, words in taken.items():
            if constraint_name("bookings", f"{what}_id") in str(error):
                raise Refused(
                    "conflict",
                    f"{words} of this run was booked for one of its hours by another run just now. "
                    "Look at the run again: it says which session, and who else could take it.",
                ) from None
        raise
