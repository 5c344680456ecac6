"""Taking an enquiry for someone who rang or wrote on paper: the same enquiry as any other, from there on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enquiries.domain.playbooks import THANKS
from services.enquiries.domain.timeline import PLAYBOOK, Kind
from services.enquiries.handlers import history, waiting
from services.enquiries.handlers.intake import Receipt, store_taken
from services.enquiries.handlers.tasks import add_task
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork

THANKED_WITHIN = 1
"""Working days in which someone without an email address is thanked by a person."""

_THANKS = {
    "phone": "Thank them by phone, and say the reference and what happens next",
    "paper": "Thank them by post, and say the reference and what happens next",
}


def take_enquiry(work: UnitOfWork, answers: Mapping[str, Any], *, channel: str, actor: str) -> Receipt:
    """Store what an operator took down, and give the reference to read out.

    `answers` are clean, as `taken_schemas.parse_taken` gives them. An operator vouches for them: it is never held as
    spam. Raises `Refused`.
    """
    receipt = store_taken(work, answers, channel)
    history.write(work, receipt.reference, Kind.TAKEN, actor=actor, now=channel)
    return receipt


def have_thanked(work: UnitOfWork, row: AnyRow) -> None:
    """See that someone without an email address is thanked too, by a person: a task, made when it is filed."""
    if row.contact_email is not None or row.channel not in _THANKS:
        return
    by = "phone" if row.contact_phone else "paper"
    add_task(
        work,
        key=f"{row.reference}:thanks",
        kind=THANKS,
        title=_THANKS[by],
        due_on=waiting.working_day_ahead(work, row, THANKED_WITHIN),
        reference=row.reference,
        actor=PLAYBOOK,
    )
