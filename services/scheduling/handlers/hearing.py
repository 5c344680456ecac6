"""What the other services tell scheduling."""

from __future__ import annotations

from sqlalchemy import select, update

from services.scheduling.domain.commands import PlanRun
from services.scheduling.handlers.memos import forget_hosts
from services.scheduling.handlers.overriding import forget_reasons
from services.scheduling.handlers.planning import plan_run
from services.scheduling.tables import enquiries, runs
from shared.contracts.enquiries import EnquiryReceived, PersonErased, StageChanged
from shared.errors import Refused
from shared.persistence.commands import forget_answers
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

UNHEARD = ""
"""The programme of an enquiry of which only the stage was heard so far: events may come in another order."""


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
    """Drop the answers that are kept under an erased person's enquiries, and the hosts that gate memos name.

    Nothing else here is about them: of an enquiry only choices and ids are known, and a run has an enquiry's reference,
    a place, dates and facilitators. So an event that comes late has nothing to bring back. What somebody wrote when
    they kept a rule open goes too: it is free text.
    """
    forget_reasons(work, event.references)
    forget_answers(work.connection, work.tables.answers, event.references)
    forget_hosts(work, event.references)
