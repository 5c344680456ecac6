"""Moving enquiries along the pipeline, and what each stage brings with it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from services.enquiries.domain.checklists import Answer, item_of, unsettled
from services.enquiries.domain.clocks import working_day_after
from services.enquiries.domain.pipeline import (
    OPEN,
    Move,
    Progress,
    Side,
    Stage,
    is_step_forward,
    not_in_the_pipeline,
)
from services.enquiries.domain.playbooks import CLOSED_WITH_THE_ENQUIRY, PLAY, SEND_A_PROPOSAL, plays_for
from services.enquiries.domain.references import not_found
from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import PLAYBOOK, Kind
from services.enquiries.handlers import history, waiting
from services.enquiries.handlers.tasks import add_task, close_tasks
from services.enquiries.tables import checklists, enquiries, proposals
from shared.contracts.enquiries import StageChanged
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork


def move_enquiry(work: UnitOfWork, reference: str, to: Stage, *, actor: str, reason: str | None) -> list[str]:
    """Move an enquiry to another stage, and give what was still open at the stage it left, in sentences.

    Open questions hold nothing up: they are told, and their number is kept with the move. Raises `Refused` when the
    enquiry is unknown, is not in the pipeline, or may not move there.
    """
    row = _row(work, reference)
    progress = Progress(row.reference, Stage(row.stage), row.version, Standing(row.standing), row.merged_into)
    moved, step = progress.move(to, at=work.now, actor=actor, reason=reason)
    left_open = _left_open(work, row, step)
    _save_move(work, moved, step, about=f"{len(left_open)} open" if left_open else None)
    _arrive(work, row, step)
    work.record(
        StageChanged(reference=reference, was=step.was.value, now=step.now.value),
        subject=reference,
        sequence=moved.version,
    )
    return left_open


def begin(work: UnitOfWork, row: AnyRow) -> None:
    """Set the clock of an enquiry that has just been filed, and make its stage's tasks; `row` is as it was stored."""
    waiting.set_first_reply_clock(work, row)
    if row.first_reply_at is None:
        _make_tasks(work, row, Stage(row.stage), since=row.received_at)


def assign_enquiry(work: UnitOfWork, reference: str, *, owner: str | None, actor: str) -> None:
    """Give an enquiry to someone, or to nobody in particular. Raises `Refused`."""
    row = in_the_pipeline(work, reference)
    if row.owner == owner:
        return
    work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(owner=owner))
    history.write(work, reference, Kind.ASSIGNED, actor=actor, was=row.owner, now=owner)


def wait_on(work: UnitOfWork, reference: str, side: Side, *, actor: str, reason: str | None) -> None:
    """Say whose turn it is, as a person sees it. Said again, it changes nothing. Raises `Refused`."""
    row = in_the_pipeline(work, reference)
    if row.waiting_on == side.value:
        return
    waiting.turn_to(work, row, side)
    history.write(work, reference, Kind.WAITING, actor=actor, was=row.waiting_on, now=side.value, words=reason)


def answer_question(
    work: UnitOfWork, reference: str, item: str, answer: Answer, *, actor: str, note: str | None
) -> str:
    """Answer a question of an enquiry's checklist, or answer it anew; give the programme's slug. Raises `Refused`."""
    row = in_the_pipeline(work, reference)
    key = item_of(row.programme, item).key
    mine = (checklists.c.reference == reference) & (checklists.c.item == key)
    was = work.connection.scalar(select(checklists.c.answer).where(mine))
    values = {"answer": answer.value, "note": note, "at": work.now, "actor": actor}
    if was is None:
        work.connection.execute(checklists.insert(), {"reference": reference, "item": key, **values})
    else:
        work.connection.execute(update(checklists).where(mine).values(values))
    history.write(work, reference, Kind.CHECKED, actor=actor, was=was, now=answer.value, about=key, words=note)
    return str(row.programme)


def in_the_pipeline(work: UnitOfWork, reference: str) -> AnyRow:
    """Give the row of an enquiry that can be worked on, kept from others until the work ends.

    Raises `Refused`: "not_found", or "refused" for one that is kept aside or lies with another.
    """
    row = waiting.locked(work, reference)
    if row.standing != Standing.FILED.value:
        raise Refused("refused", not_in_the_pipeline(reference, Standing(row.standing), row.merged_into))
    return row


def answers_of(connection: Connection, reference: str) -> dict[str, str]:
    """Give the answers on an enquiry's checklist by their question's key."""
    query = select(checklists.c.item, checklists.c.answer).where(checklists.c.reference == reference)
    return {row.item: row.answer for row in connection.execute(query)}


def _row(work: UnitOfWork, reference: str) -> AnyRow:
    row = work.connection.execute(select(enquiries).where(enquiries.c.reference == reference)).first()
    if row is None:
        raise not_found(reference)
    return row


def _left_open(work: UnitOfWork, row: AnyRow, step: Move) -> list[str]:
    if not is_step_forward(step.was, step.now):
        return []
    return unsettled(row.programme, step.was, answers_of(work.connection, row.reference))


def _save_move(work: UnitOfWork, progress: Progress, step: Move, about: str | None) -> None:
    """Save, unless another operator was faster: the version must still be the one that was read."""
    unchanged = (enquiries.c.reference == progress.reference) & (enquiries.c.version == progress.version - 1)
    saved = work.connection.execute(
        update(enquiries).where(unchanged).values(stage=progress.stage.value, version=progress.version)
    )
    if saved.rowcount != 1:
        raise Refused("conflict", f"{progress.reference} was changed by someone else just now. Look at it again.")
    history.write(
        work,
        progress.reference,
        Kind.MOVED,
        actor=step.actor,
        was=step.was.value,
        now=step.now.value,
        about=about,
        words=step.reason,
    )


def _arrive(work: UnitOfWork, row: AnyRow, step: Move) -> None:
    """Do what a stage brings: its tasks, or the end of all tasks, or clocks that begin again."""
    if step.now not in OPEN and step.now is not Stage.WON:
        outcome = f"Closed with the enquiry, which is {step.now.value} now."
        close_tasks(work, row.reference, CLOSED_WITH_THE_ENQUIRY, outcome=outcome, actor=step.actor)
    elif step.was not in OPEN:
        _open_again(work, row)
    else:
        _make_tasks(work, row, step.now, since=work.now)


def _open_again(work: UnitOfWork, row: AnyRow) -> None:
    """Begin again with an enquiry that was closed: its stage's tasks are made once only, so one task says it."""
    waiting.begin_again(work, row)
    add_task(
        work,
        key=f"{row.reference}:opened-again:{row.version}",
        kind=PLAY,
        title="Take it up again: it was closed and has been opened again",
        due_on=waiting.working_day_ahead(work, row, 2),
        reference=row.reference,
        actor=PLAYBOOK,
    )


def _make_tasks(work: UnitOfWork, row: AnyRow, stage: Stage, since: datetime) -> None:
    holidays = waiting.bank_holidays(work.connection, row.establishment_id)
    for play in plays_for(stage, row.programme):
        if play.key == SEND_A_PROPOSAL and _was_sent_a_proposal(work, row.reference):
            continue
        add_task(
            work,
            key=f"{row.reference}:{stage.value}:{play.key}",
            kind=play.kind,
            title=play.title,
            due_on=working_day_after(since, play.working_days, holidays),
            reference=row.reference,
            actor=PLAYBOOK,
        )


def _was_sent_a_proposal(work: UnitOfWork, reference: str) -> bool:
    sent = (proposals.c.reference == reference) & proposals.c.sent_at.is_not(None)
    return work.connection.scalar(select(proposals.c.id).where(sent).limit(1)) is not None
