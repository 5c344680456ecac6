"""What somebody is reminded of after a session: its register."""

from __future__ import annotations

from shared.contracts.scheduling import SessionRecorded
from shared.persistence.work import UnitOfWork


def when_session_recorded(work: UnitOfWork, event: SessionRecorded, mail_domain: str) -> None:
    """Withdraw the reminders of a register that was handed in."""
