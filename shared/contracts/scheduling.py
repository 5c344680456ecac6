"""What the scheduling service tells the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from shared.contracts.base import published

_Day = date
"""The type by another name, since a session has a field of its own that is called `date`."""

_SESSION = {
    "id": "0192f0c8-0000-7000-8000-000000000001",
    "number": 1,
    "date": "2027-01-12",
    "start": "13:45:00",
    "end": "16:45:00",
    "zone": "Europe/London",
    "revision": 1,
    "facilitator_ids": ["0192f0c8-0000-7000-8000-0000000000aa"],
    "closed_before": ["2027-01-01"],
}
_RUN = {
    "run_id": "0192f0c8-0000-7000-8000-000000000000",
    "reference": "KT-7F3K-92",
    "programme": "many-faces-of-trauma",
    "programme_name": "The Many Faces of Trauma",
    "establishment_id": "RSI",
    "establishment_name": "Risley (HMP)",
}


@published(
    by="scheduling",
    type_="establishment_changed",
    subject="id",
    to=("enquiries", "notifications"),
    sample={
        "id": "RSI",
        "name": "Risley (HMP)",
        "town": "Warrington",
        "nation": "england",
        "active": True,
        "other_names": ["Risley Remand Centre"],
        "report_minutes": 60,
    },
)
@dataclass(frozen=True, slots=True)
class EstablishmentChanged:
    """An establishment was added or its entry changed; the event's sequence is the entry's version.

    `other_names` are what people may also call it: its Welsh name, names it had before. `report_minutes` is how long
    before a session somebody reports at its gate.
    """

    id: str
    name: str
    town: str | None
    nation: str
    active: bool
    other_names: tuple[str, ...] | None = None
    report_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """One session of a run: local wall time and its zone.

    `revision` counts the changes of its time, place or people, from 0: calendars call it SEQUENCE. `closed_before` are
    the dates of the six weeks before it on which the place is closed: nobody there is to hear of it on one of them.
    """

    id: UUID
    number: int
    date: date
    start: time
    end: time
    zone: str
    revision: int | None = None
    facilitator_ids: tuple[UUID, ...] | None = None
    closed_before: tuple[_Day, ...] | None = None


@dataclass(frozen=True, slots=True)
class AboutRun:
    """What every event about a run says of it: its ids, and the names of its place and its programme."""

    run_id: UUID
    reference: str
    programme: str
    programme_name: str
    establishment_id: str
    establishment_name: str


@published(
    by="scheduling",
    type_="run_confirmed",
    subject="run_id",
    to=("notifications",),
    sample={
        **_RUN,
        "facilitator_ids": ["0192f0c8-0000-7000-8000-0000000000aa"],
        "sessions": [_SESSION],
        "mode": "in_person",
    },
)
@dataclass(frozen=True, slots=True)
class RunConfirmed(AboutRun):
    """A run stands: everyone who takes part can be told. `mode` is in_person or remote."""

    facilitator_ids: tuple[UUID, ...]
    sessions: tuple[PlannedSession, ...]
    mode: str | None = None


@published(
    by="scheduling",
    type_="run_changed",
    subject="run_id",
    to=("notifications",),
    sample={
        **_RUN,
        "change_id": "0192f0c8-0000-7000-8000-0000000000c1",
        "kind": "cascade",
        "cause": "lockdown_or_incident",
        "facilitator_ids": ["0192f0c8-0000-7000-8000-0000000000aa"],
        "left_ids": ["0192f0c8-0000-7000-8000-0000000000bb"],
        "sessions": [_SESSION],
        "changed_ids": ["0192f0c8-0000-7000-8000-000000000001"],
        "cancelled": [{**_SESSION, "id": "0192f0c8-0000-7000-8000-000000000002", "number": 9, "revision": 2}],
        "mode": "in_person",
    },
)
@dataclass(frozen=True, slots=True)
class RunChanged(AboutRun):
    """A confirmed run was changed: one event for one change, however many sessions it touched.

    `kind` is cancel, cascade, make_up, move, move_on, move_run, change_slot, swap, close or reverse. `sessions` are all
    that are to be or were held, `changed_ids` those of them that are new or whose time or people changed, `cancelled`
    those that no longer take place. `left_ids` are facilitators who had sessions that they have no more. `cause` is a
    word from the list of causes for which sessions are cancelled, never free text. `mode` is in_person or remote.
    """

    change_id: UUID
    kind: str
    cause: str | None
    facilitator_ids: tuple[UUID, ...]
    left_ids: tuple[UUID, ...]
    sessions: tuple[PlannedSession, ...]
    changed_ids: tuple[UUID, ...]
    cancelled: tuple[PlannedSession, ...]
    mode: str | None = None


@published(
    by="scheduling",
    type_="hold_changed",
    subject="hold_id",
    to=("notifications",),
    sample={
        **_RUN,
        "hold_id": "0192f0c8-0000-7000-8000-0000000000b1",
        "state": "placed",
        "rank": 1,
        "first_date": "2027-03-02",
        "last_date": "2027-06-22",
        "expires_on": "2026-12-30",
    },
)
@dataclass(frozen=True, slots=True)
class HoldChanged(AboutRun):
    """Dates and people are held for an enquiry, or are held no longer.

    `state` is placed, promoted (from a later rank to the first), ending (soon), expired, released or converted (into a
    confirmed run). `expires_on` is the last day of the hold.
    """

    hold_id: UUID
    state: str
    rank: int
    first_date: date
    last_date: date
    expires_on: date


@published(
    by="scheduling",
    type_="offer_made",
    subject="offer_id",
    to=("notifications",),
    sample={
        **_RUN,
        "offer_id": "0192f0c8-0000-7000-8000-0000000000d1",
        "facilitator_id": "0192f0c8-0000-7000-8000-0000000000aa",
        "kind": "cover",
        "first_date": "2027-01-19",
        "session_count": 1,
        "answer_by": "2027-01-19T10:00:00+00:00",
    },
)
@dataclass(frozen=True, slots=True)
class OfferMade(AboutRun):
    """A facilitator is asked whether they would lead some sessions. The sender of the letter asks for its link."""

    offer_id: UUID
    facilitator_id: UUID
    kind: str
    first_date: date
    session_count: int
    answer_by: datetime


@published(
    by="scheduling",
    type_="offer_settled",
    subject="offer_id",
    to=("notifications",),
    sample={
        **_RUN,
        "offer_id": "0192f0c8-0000-7000-8000-0000000000d1",
        "facilitator_id": "0192f0c8-0000-7000-8000-0000000000aa",
        "state": "accepted",
        "first_date": "2027-01-19",
        "session_count": 1,
    },
)
@dataclass(frozen=True, slots=True)
class OfferSettled(AboutRun):
    """An offer was accepted or declined by the facilitator, was withdrawn by ops, or has lapsed."""

    offer_id: UUID
    facilitator_id: UUID
    state: str
    first_date: date
    session_count: int


@published(
    by="scheduling",
    type_="expiry_near",
    subject="notice_id",
    to=("notifications",),
    sample={
        "notice_id": "0192f0c8-0000-7000-8000-0000000000e1",
        "facilitator_id": "0192f0c8-0000-7000-8000-0000000000aa",
        "what": "clearance",
        "establishment_id": "RSI",
        "establishment_name": "Risley (HMP)",
        "valid_until": "2027-03-19",
        "days_left": 30,
        "sessions_after": 6,
        "accreditation": "NADA",
    },
)
@dataclass(frozen=True, slots=True)
class ExpiryNear:
    """Something a facilitator needs ends soon.

    `what` is clearance, keys, insurance or accreditation. `sessions_after` is how many sessions they have been given on
    later dates that need it. `accreditation` is which one: a word from the list of them, or a programme's slug.
    """

    notice_id: UUID
    facilitator_id: UUID
    what: str
    establishment_id: str | None
    establishment_name: str | None
    valid_until: date
    days_left: int
    sessions_after: int
    accreditation: str | None = None


@published(
    by="scheduling",
    type_="facilitator_erased",
    subject="facilitator_id",
    to=("notifications",),
    sample={"facilitator_id": "0192f0c8-0000-7000-8000-0000000000aa"},
)
@dataclass(frozen=True, slots=True)
class FacilitatorErased:
    """All that was held on a facilitator is gone here: everybody drops what they hold under this id."""

    facilitator_id: UUID


@published(
    by="scheduling",
    type_="gate_memo_changed",
    subject="memo_id",
    to=("notifications",),
    sample={
        **_RUN,
        "memo_id": "0192f0c8-0000-7000-8000-0000000000f1",
        "state": "sent",
        "version": 1,
        "first_date": "2027-01-12",
        "due_on": "2026-12-23",
    },
)
@dataclass(frozen=True, slots=True)
class GateMemoChanged(AboutRun):
    """A gate memo was sent, approved or refused, or is out of date since a name, a date or an item changed.

    The memo itself names people: whoever sends it asks for it.
    """

    memo_id: UUID
    state: str
    version: int
    first_date: date
    due_on: date


@published(
    by="scheduling",
    type_="session_recorded",
    subject="session_id",
    to=("enquiries", "notifications"),
    sample={
        "session_id": "0192f0c8-0000-7000-8000-000000000001",
        "run_id": "0192f0c8-0000-7000-8000-000000000000",
        "reference": "KT-7F3K-92",
        "number": 1,
        "date": "2027-01-12",
        "state": "part_delivered",
        "cause": "late_unlock",
        "party": "prison",
        "remedy": "make_up",
        "chargeable": True,
        "attended": 9,
    },
)
@dataclass(frozen=True, slots=True)
class SessionRecorded:
    """What became of a session was put down, or corrected: delivered, part_delivered, cancelled, or planned again.

    `attended` is a count, and None where nobody has counted.
    """

    session_id: UUID
    run_id: UUID
    reference: str
    number: int
    date: date
    state: str
    cause: str | None
    party: str | None
    remedy: str | None
    chargeable: bool
    attended: int | None


@published(
    by="scheduling",
    type_="task_needed",
    subject="task_id",
    to=("enquiries",),
    sample={
        "task_id": "0192f0c8-0000-7000-8000-00000000aa01",
        "key": "holding-plan:0192f0c8-0000-7000-8000-000000000000:2026-12-24",
        "reference": "KT-7F3K-92",
        "kind": "holding_plan",
        "title": "Agree a holding plan for the three weeks without a session",
        "due_on": "2026-12-03",
    },
)
@dataclass(frozen=True, slots=True)
class TaskNeeded:
    """Something that a person has to do came up in the calendar. The same `key` is the same task.

    `title` says what, in plain words and without any person in it.
    """

    task_id: UUID
    key: str
    reference: str
    kind: str
    title: str
    due_on: date
