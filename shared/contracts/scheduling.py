"""What the scheduling service tells the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

from shared.contracts.base import published

_SESSION = {
    "id": "0192f0c8-0000-7000-8000-000000000001",
    "number": 1,
    "date": "2027-01-12",
    "start": "13:45:00",
    "end": "16:45:00",
    "zone": "Europe/London",
}


@published(
    by="scheduling",
    type_="establishment_changed",
    subject="id",
    to=("enquiries",),
    sample={
        "id": "RSI",
        "name": "Risley (HMP)",
        "town": "Warrington",
        "nation": "england",
        "active": True,
        "other_names": ["Risley Remand Centre"],
    },
)
@dataclass(frozen=True, slots=True)
class EstablishmentChanged:
    """An establishment was added or its entry changed; the event's sequence is the entry's version.

    `other_names` are what people may also call it: its Welsh name, names it had before.
    """

    id: str
    name: str
    town: str | None
    nation: str
    active: bool
    other_names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """One session of a run: local wall time and its zone."""

    id: UUID
    number: int
    date: date
    start: time
    end: time
    zone: str


@published(
    by="scheduling",
    type_="run_confirmed",
    subject="run_id",
    to=("notifications",),
    sample={
        "run_id": "0192f0c8-0000-7000-8000-000000000000",
        "reference": "KT-7F3K-92",
        "programme": "many-faces-of-trauma",
        "programme_name": "The Many Faces of Trauma",
        "establishment_id": "RSI",
        "establishment_name": "Risley (HMP)",
        "facilitator_ids": ["0192f0c8-0000-7000-8000-0000000000aa"],
        "sessions": [_SESSION],
    },
)
@dataclass(frozen=True, slots=True)
class RunConfirmed:
    """A run stands: everyone who takes part can be told."""

    run_id: UUID
    reference: str
    programme: str
    programme_name: str
    establishment_id: str
    establishment_name: str
    facilitator_ids: tuple[UUID, ...]
    sessions: tuple[PlannedSession, ...]
