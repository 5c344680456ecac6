"""What somebody is asked for after a session: its register, until it is in."""

from __future__ import annotations

from sqlalchemy import select, update

from services.notifications.domain.reminder_rules import OF_REGISTERS
from services.notifications.handlers.known_runs import version_of
from services.notifications.handlers.reminders import remind_anew
from services.notifications.tables import registers
from shared.contracts.scheduling import SessionRecorded
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

IS_IN = "The register of this session is in."
NOT_HELD = "The session does not take place, so there is no register."
HELD_AFTER_ALL = "The session is planned again."


def when_session_recorded(work: UnitOfWork, event: SessionRecorded, mail_domain: str) -> None:
    """Ask for a register no more that was handed in, or that there is none of; and again where that was taken back.

    A register is in once somebody has counted: a session put down as held without that still lacks it.
    """
    settled = _why_settled(event)
    if _is_news(work, event, settled):
        remind_anew(work, str(event.run_id), OF_REGISTERS, settled or HELD_AFTER_ALL, mail_domain)


def _why_settled(event: SessionRecorded) -> str | None:
    if event.state == "cancelled":
        return NOT_HELD
    return None if event.attended is None else IS_IN


def _is_news(work: UnitOfWork, event: SessionRecorded, settled: str | None) -> bool:
    """Keep what became of a register; say whether that is another than before. An older event changes nothing."""
    here, version = registers.c.session == event.session_id, version_of(work)
    if insert_or_leave(
        work.connection, registers, {"session": event.session_id, "version": version, "settled": settled}
    ):
        return settled is not None
    known = work.connection.execute(select(registers).where(here).with_for_update()).one()
    if known.version >= version:
        return False
    work.connection.execute(update(registers).where(here).values(version=version, settled=settled))
    return bool(known.settled != settled)
