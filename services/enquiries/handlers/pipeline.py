"""Moving enquiries along the pipeline."""

from __future__ import annotations

from sqlalchemy import select, update

from services.enquiries.domain.pipeline import Move, Progress, Stage
from services.enquiries.domain.references import not_found
from services.enquiries.domain.timeline import Kind
from services.enquiries.handlers import history
from services.enquiries.tables import enquiries
from shared.contracts.enquiries import StageChanged
from shared.errors import Refused
from shared.persistence.work import UnitOfWork


def move_enquiry(work: UnitOfWork, reference: str, to: Stage, *, actor: str, reason: str | None) -> None:
    """Move an enquiry to another stage. Raises `Refused` when it is unknown, or may not move there."""
    progress, step = _progress(work, reference).move(to, at=work.now, actor=actor, reason=reason)
    _save_move(work, progress, step)
    work.record(
        StageChanged(reference=reference, was=step.was.value, now=step.now.value),
        subject=reference,
        sequence=progress.version,
    )


def _progress(work: UnitOfWork, reference: str) -> Progress:
    columns = (enquiries.c.reference, enquiries.c.stage, enquiries.c.version)
    row = work.connection.execute(select(*columns).where(enquiries.c.reference == reference)).first()
    if row is None:
        raise not_found(reference)
    return Progress(row.reference, Stage(row.stage), row.version)


def _save_move(work: UnitOfWork, progress: Progress, step: Move) -> None:
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
        words=step.reason,
    )
