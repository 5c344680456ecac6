"""What people are told about changes of the calendar."""

from __future__ import annotations

from shared.contracts.scheduling import (
    ExpiryNear,
    GateMemoChanged,
    HoldChanged,
    OfferMade,
    OfferSettled,
    RunChanged,
)
from shared.persistence.work import UnitOfWork


def when_run_changed(work: UnitOfWork, event: RunChanged, mail_domain: str) -> None:
    """Say what a change of a run means to each."""


def when_hold_changed(work: UnitOfWork, event: HoldChanged, mail_domain: str) -> None:
    """Say what is held, and what no longer."""


def when_offer_made(work: UnitOfWork, event: OfferMade, mail_domain: str) -> None:
    """Ask a facilitator."""


def when_offer_settled(work: UnitOfWork, event: OfferSettled, mail_domain: str) -> None:
    """Say what a facilitator answered."""


def when_expiry_near(work: UnitOfWork, event: ExpiryNear, mail_domain: str) -> None:
    """Say what ends soon."""


def when_gate_memo_changed(work: UnitOfWork, event: GateMemoChanged, mail_domain: str) -> None:
    """Send a gate memo, or say what became of it."""
