"""Planning runs, and the one way a run comes to stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from services.scheduling.domain.commands import WEEKDAYS, PlanRun
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.planner import draft_run, review
from services.scheduling.domain.runs import Run, Slot
from services.scheduling.handlers import telling
from services.scheduling.records import (
    book,
    facts_about,
    load_establishment,
    load_facts,
    load_programme,
    load_run,
    save_draft,
    save_run,
)
from services.scheduling.tables import clearances, establishments, facilitators, runs
from shared.errors import Refused
from shared.establishment_names import matching_establishment
from shared.persistence.no_overlap import constraint_name
from shared.persistence.work import UnitOfWork

LOOKED_AHEAD = dt.timedelta(weeks=40)
"""How far from its start a draft's bookings are loaded: sixteen weeks take up to nineteen, and twice that is plenty."""


def plan_run(work: UnitOfWork, enquiry: Mapping[str, Any], plan: PlanRun) -> UUID:
    """Make a draft run for an enquiry, in place of the draft it may have, and give its id.

    `enquiry` is what the enquiries service says of it. The dates stand whoever is missing: what is still needed
    shows as breaches. Raises `Refused` when the establishment is not known, when no dates can be found, or when
    the run stands already.
    """
    establishment = _establishment_for(work, enquiry, plan)
    programme = load_programme(work.connection, enquiry["programme"])
    earlier = _run_of(work, enquiry["reference"])
    facts = load_facts(
        work.connection,
        establishment,
        programme,
        run=earlier,
        people=_who_might(work, establishment, plan),
        between=(plan.start, _later(plan.start)),
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
    save_draft(work.connection, run, work.now)
    return run.id


def _who_might(work: UnitOfWork, establishment: Establishment, plan: PlanRun) -> set[UUID] | None:
    """Give whom to look at: those named, those with any clearance there, and for a remote run everybody."""
    if plan.mode == "remote":
        return None
    query = select(clearances.c.facilitator_id).where(clearances.c.establishment_id == establishment.id)
    return {*work.connection.scalars(query), *plan.facilitators}


def _later(start: dt.date) -> dt.date:
    return start + min(LOOKED_AHEAD, dt.date.max - start)


def _run_of(work: UnitOfWork, reference: str) -> Run | None:
    """Give the draft that an enquiry has. Raises `Refused` when its run is past that."""
    run_id = work.connection.scalar(select(runs.c.id).where(runs.c.enquiry == reference).with_for_update())
    if run_id is None:
        return None
    run = load_run(work.connection, run_id)
    if run.state != "draft":
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

    Raises `Refused` when the enquiry is not won (H12), when a rule is broken, when it is no draft, and "conflict" when
    somebody else took a person or a room for one of its hours first.
    """
    run = load_run(work.connection, run_id, lock=True)
    _refuse_unless_won(run, enquiry)
    hold_facilitators(work, run)
    establishment = load_establishment(work.connection, run.establishment_id)
    programme = load_programme(work.connection, run.programme, run.programme_version)
    facts = facts_about(work.connection, run, establishment, programme)
    confirmed = replace(run.confirm(review(run, facts)), told=run.told + 1)
    save_run(work.connection, confirmed, was=run)
    confirmed_by = {"confirmed_at": work.now, "confirmed_by": actor}
    work.connection.execute(update(runs).where(runs.c.id == run.id).values(confirmed_by))
    with taking_time():
        book(work.connection, confirmed)
    telling.run_confirmed(work, confirmed, establishment, programme)


def _refuse_unless_won(run: Run, enquiry: Mapping[str, Any]) -> None:
    if run.state in {"draft", "held"} and enquiry["stage"] != "won":
        raise Refused(
            "refused",
            f"H12: {run.enquiry} is in {enquiry['stage']}, and a run is confirmed once its enquiry is won, with the "
            "agreement signed. Move the enquiry on first.",
        )


def hold_facilitators(work: UnitOfWork, *those: Run) -> None:
    """Lock the people of some runs, in one order, so that two runs cannot both take the same person's hour.

    The database refuses overlaps by itself; this is for the gaps between two places, which only the rules know.
    """
    people = {person for run in those for session in run.live for person in session.facilitator_ids}
    query = select(facilitators.c.id).where(facilitators.c.id.in_(people)).order_by(facilitators.c.id)
    work.connection.execute(query.with_for_update()).all()


@contextmanager
def taking_time() -> Iterator[None]:
    """Say in plain words what the database says when a person's or a room's hour is taken already."""
    try:
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
