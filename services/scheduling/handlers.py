"""What the scheduling service does: one function for each command, and for each event it hears of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.scheduling.domain.calendar import default_blackouts
from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.commands import WEEKDAYS, PlanRun
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.planner import draft_run, review
from services.scheduling.domain.programmes import CATALOGUE
from services.scheduling.domain.runs import Run
from services.scheduling.records import load_establishment, load_facts, load_programme, load_run, save_draft
from services.scheduling.tables import (
    blackouts,
    clearances,
    enquiries,
    establishments,
    facilitators,
    programmes,
    runs,
)
from shared.contracts.enquiries import EnquiryReceived, PersonErased, StageChanged
from shared.contracts.scheduling import EstablishmentChanged, PlannedSession, RunConfirmed
from shared.errors import Refused
from shared.establishment_names import matching_establishment
from shared.persistence.commands import forget_answers
from shared.persistence.upsert import insert_or_leave, insert_or_update
from shared.persistence.work import UnitOfWork

UNHEARD = ""
"""The programme of an enquiry of which only the stage was heard so far: events may come in another order."""


def load_catalogue(work: UnitOfWork) -> None:
    """Put the real programmes in, or bring them up to date."""
    for programme in CATALOGUE.values():
        insert_or_update(work.connection, programmes, "slug", asdict(programme))


def save_establishment(work: UnitOfWork, establishment: Establishment) -> tuple[str, int]:
    """Add an establishment or change its entry; say "added", "changed" or "unchanged", and its version.

    A new one starts with the default blackouts. What changed is told to the other services.
    """
    told = {name: getattr(establishment, name) for name in ("id", "name", "active", "nation", "town")}
    wanted = {**told, "other_names": "\n".join(establishment.other_names) or None}
    known = work.connection.execute(select(establishments).where(establishments.c.id == establishment.id)).first()
    if known is not None and all(known._mapping[name] == value for name, value in wanted.items()):
        return "unchanged", known.version
    version = 1 if known is None else known.version + 1
    level = establishment.required_level if known is None else known.required_level
    insert_or_update(work.connection, establishments, "id", {**wanted, "required_level": level, "version": version})
    if known is None:
        _close_by_default(work, establishment.id)
    news = EstablishmentChanged(**told, other_names=establishment.other_names or None)
    work.record(news, subject=establishment.id, sequence=version)
    return ("added" if known is None else "changed"), version


def _close_by_default(work: UnitOfWork, establishment_id: str) -> None:
    for blackout in default_blackouts():
        row = {"id": work.new_id(), "establishment_id": establishment_id, **asdict(blackout)}
        work.connection.execute(blackouts.insert(), row)


def add_facilitator(work: UnitOfWork, name: str, email: str) -> UUID:
    """Put a facilitator on file and give their id. Raises `Refused("conflict")` for an address that is known."""
    person = {"id": work.new_id(), "name": name, "email": email, "added_at": work.now}
    if not insert_or_leave(work.connection, facilitators, person):
        why = "A facilitator with this email address is on file already."
        raise Refused("conflict", why, {"email": [why]})
    return UUID(str(person["id"]))


def grant_clearance(work: UnitOfWork, clearance: Clearance) -> None:
    """Record what a decision letter says. The same start again takes the new end and level.

    Raises `Refused("not_found")` for a facilitator or an establishment that is not on file.
    """
    known = work.connection.scalar(select(facilitators.c.id).where(facilitators.c.id == clearance.facilitator_id))
    if known is None:
        why = f"There is no facilitator {clearance.facilitator_id}. `keytalk facilitators list` shows them."
        raise Refused("not_found", why, {"facilitator": [why]})
    load_establishment(work.connection, clearance.establishment_id)
    row = asdict(clearance)
    if insert_or_leave(work.connection, clearances, {"id": work.new_id(), **row}):
        return
    same = [clearances.c[name] == row[name] for name in ("facilitator_id", "establishment_id", "valid_from")]
    work.connection.execute(update(clearances).where(*same).values(row))


def plan_run(work: UnitOfWork, enquiry: Mapping[str, Any], plan: PlanRun) -> UUID:
    """Make a draft run for an enquiry, in place of the draft it may have, and give its id.

    `enquiry` is what the enquiries service says of it. The dates stand whoever is missing: what is still needed
    shows as breaches. Raises `Refused` when the establishment is not known, when no dates can be found, or when
    the run stands already.
    """
    establishment = _establishment_for(work, enquiry, plan)
    programme = load_programme(work.connection, enquiry["programme"])
    earlier = _run_of(work, enquiry["reference"])
    facts = load_facts(work.connection, establishment, programme, run_id=earlier.id if earlier else None)
    run = draft_run(
        run_id=earlier.id if earlier else work.new_id(),
        enquiry=enquiry["reference"],
        start=plan.start,
        weekday=WEEKDAYS.index(plan.weekday) if plan.weekday else None,
        window=plan.window,
        facilitator_ids=plan.facilitators,
        facts=facts,
        new_id=work.new_id,
    )
    save_draft(work.connection, run, work.now)
    return run.id


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
    """Confirm a draft whose every session keeps every rule, and tell everyone who takes part.

    Raises `Refused` when the enquiry is not won (H12), when a rule is broken, or when it is no draft.
    """
    run = load_run(work.connection, run_id)
    if run.state == "draft" and enquiry["stage"] != "won":
        raise Refused(
            "refused",
            f"H12: {run.enquiry} is in {enquiry['stage']}, and a run is confirmed once its enquiry is won, with the "
            "agreement signed. Move the enquiry on first.",
        )
    _hold_facilitators(work, run)
    establishment = load_establishment(work.connection, run.establishment_id)
    programme = load_programme(work.connection, run.programme)
    facts = load_facts(work.connection, establishment, programme, run_id=run.id)
    confirmed = run.confirm(review(run, facts))
    saved = work.connection.execute(
        update(runs)
        .where(runs.c.id == run.id, runs.c.version == run.version)
        .values(state=confirmed.state, version=confirmed.version, confirmed_at=work.now, confirmed_by=actor)
    )
    if saved.rowcount != 1:
        raise Refused("conflict", "This run was changed by someone else just now. Look at it again.")
    _tell(work, confirmed, establishment, programme.name)


def _hold_facilitators(work: UnitOfWork, run: Run) -> None:
    """Lock the people of a run, in one order, so that two runs cannot both take the same person's hour."""
    query = select(facilitators.c.id).where(facilitators.c.id.in_(run.facilitator_ids)).order_by(facilitators.c.id)
    work.connection.execute(query.with_for_update()).all()


def _tell(work: UnitOfWork, run: Run, establishment: Establishment, programme_name: str) -> None:
    event = RunConfirmed(
        run_id=run.id,
        reference=run.enquiry,
        programme=run.programme,
        programme_name=programme_name,
        establishment_id=establishment.id,
        establishment_name=establishment.name,
        facilitator_ids=run.facilitator_ids,
        sessions=tuple(
            PlannedSession(each.id, each.number, each.date, each.start, each.end, each.zone) for each in run.sessions
        ),
    )
    # A draft, version 1, is told to nobody: the confirmation is the first event of its run.
    work.record(event, subject=str(run.id), sequence=run.version - 1)


def when_enquiry_received(work: UnitOfWork, event: EnquiryReceived) -> None:
    """Note what was asked for, so that a run can be drafted when the enquiry is won.

    Where its stage was heard of first, the stage stays, and what follows from it is done now.
    """
    asked = {
        "programme": event.programme,
        "establishment_id": event.establishment_id,
        "group_size": event.group_size,
        "preferred_start": event.preferred_start,
        "preferred_weekday": event.preferred_weekday,
        "preferred_window": event.preferred_window,
    }
    if insert_or_leave(
        work.connection, enquiries, {"reference": event.reference, "stage": "new", "version": 1, **asked}
    ):
        return
    unheard = (enquiries.c.reference == event.reference) & (enquiries.c.programme == UNHEARD)
    filled = work.connection.execute(
        update(enquiries).where(unheard).values(asked).returning(enquiries.c.stage)
    ).first()
    if filled is not None and filled.stage == "won":
        _draft_for_won(work, event.reference)


def when_stage_changed(work: UnitOfWork, event: StageChanged) -> None:
    """Keep the stage; a won enquiry gets a draft run, unless one was planned for it already."""
    version = work.cause.sequence if work.cause else 1
    stub = {"reference": event.reference, "programme": UNHEARD, "stage": event.now, "version": version}
    if insert_or_leave(work.connection, enquiries, stub):
        return  # what was asked for is still on its way
    newer = (enquiries.c.reference == event.reference) & (enquiries.c.version < version)
    work.connection.execute(update(enquiries).where(newer).values(stage=event.now, version=version))
    if event.now == "won":
        _draft_for_won(work, event.reference)


def _draft_for_won(work: UnitOfWork, reference: str) -> None:
    """Draft from what the enquirer prefers. Where that is not enough to go on, an operator plans by hand."""
    row = work.connection.execute(select(enquiries).where(enquiries.c.reference == reference)).first()
    planned = work.connection.scalar(select(runs.c.id).where(runs.c.enquiry == reference))
    if row is None or planned is not None or row.preferred_start is None or row.establishment_id is None:
        return
    plan = PlanRun(max(row.preferred_start, work.now.date()), row.preferred_weekday, row.preferred_window)
    try:
        with work.connection.begin_nested():
            plan_run(work, dict(row._mapping), plan)
    except Refused:
        return


def when_person_erased(work: UnitOfWork, event: PersonErased) -> None:
    """Drop the answers that are kept under an erased person's enquiries.

    Nothing else here is about them: of an enquiry only choices and ids are known, and a run has an enquiry's reference,
    a place, dates and facilitators. So an event that comes late has nothing to bring back.
    """
    forget_answers(work.connection, work.tables.answers, event.references)
