"""What the enquiries service tells the others. Ids and choices only: who asked stays with enquiries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from shared.contracts.base import published


@published(
    by="enquiries",
    type_="enquiry_received",
    subject="reference",
    to=("scheduling", "notifications"),
    sample={
        "reference": "KT-7F3K-92",
        "programme": "many-faces-of-trauma",
        "establishment_id": "RSI",
        "group_size": 10,
        "preferred_start": "2027-01-12",
        "preferred_weekday": "tue",
        "preferred_window": "pm",
        "received_at": "2026-11-24T09:30:00+00:00",
    },
)
@dataclass(frozen=True, slots=True)
class EnquiryReceived:
    """Someone asked for a programme. `establishment_id` is null where the place named was not recognised."""

    reference: str
    programme: str
    establishment_id: str | None
    group_size: int | None
    preferred_start: date | None
    preferred_weekday: str | None
    preferred_window: str | None
    received_at: datetime


@published(
    by="enquiries",
    type_="stage_changed",
    subject="reference",
    to=("scheduling",),
    sample={"reference": "KT-7F3K-92", "was": "agreement", "now": "won"},
)
@dataclass(frozen=True, slots=True)
class StageChanged:
    """An operator moved an enquiry from one stage to the next."""

    reference: str
    was: str
    now: str
