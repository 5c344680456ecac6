"""Facilitators and clearances from a spreadsheet: see docs/importing.md for the columns.

A row that cannot be read is refused alone. A blank cell says nothing: what is on file stays. The same file a second
time changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.facilitators import Accreditation
from services.scheduling.handlers import people
from services.scheduling.people_schemas import (
    AccreditationSchema,
    ClearanceSchema,
    FacilitatorChangeSchema,
    FacilitatorSchema,
)
from services.scheduling.schemas import read
from services.scheduling.sheets import Report, Row, rows_of
from services.scheduling.tables import facilitators
from shared.errors import Refused
from shared.persistence.work import UnitOfWork

FACILITATOR_COLUMNS = ("name", "email")
CLEARANCE_COLUMNS = ("email", "prison_id", "level", "valid_from", "valid_until")

_ENTRY = (
    *("state", "insured_until", "latitude", "longitude", "travel_limit_minutes"),
    *("max_sessions_a_week", "max_groups_a_day", "vehicle"),
)
_TRUE_OR_FALSE = {"true": True, "yes": True, "false": False, "no": False}


def import_facilitators(work: UnitOfWork, csv_text: str) -> Report:
    """Add facilitators, or change those whose email address is on file.

    Raises `Refused("invalid")` when columns are missing.
    """
    return _import(csv_text, FACILITATOR_COLUMNS, lambda row: row["email"].lower(), lambda row: _facilitator(work, row))


def import_clearances(work: UnitOfWork, csv_text: str) -> Report:
    """Record clearances; one with the same person, establishment and first day takes what is in the file.

    Raises `Refused("invalid")` when columns are missing.
    """

    def key(row: Row) -> str:
        return f"{row['email'].lower()} {row['prison_id'].upper()} {row['valid_from']}"

    return _import(csv_text, CLEARANCE_COLUMNS, key, lambda row: _clearance(work, row))


def _import(csv_text: str, columns: tuple[str, ...], key: Callable[[Row], str], save: Callable[[Row], str]) -> Report:
    report, seen = Report(), set()
    for line, row in rows_of(csv_text, columns):
        name = key(row)
        try:
            if name in seen:
                raise Refused("invalid", f"{name} stands in the file twice. Keep one of the two rows.")
            report.count(save(row))
            seen.add(name)
        except Refused as refusal:
            report.refuse(line, row["email"], refusal)
    return report


def _facilitator(work: UnitOfWork, row: Row) -> str:
    person = read(FacilitatorSchema(), name=row["name"], email=row["email"])
    more = read(FacilitatorChangeSchema(), **{name: row[name] for name in _ENTRY if row.get(name)})
    held = list(_accreditations(row.get("accreditations", "")))
    known = facilitator_called(work.connection, person["email"])
    # All of a row or nothing of it: an accreditation that is refused takes its person with it.
    with work.connection.begin_nested():
        if known is None:
            known, outcome = people.add_facilitator(work, **person, **more), "added"
        else:
            outcome = _change(work, known, {"name": person["name"], **more})
        changed = [people.add_accreditation(work, known, each) for each in held]
    return "changed" if outcome == "unchanged" and any(changed) else outcome


def _change(work: UnitOfWork, facilitator_id: UUID, wanted: dict[str, Any]) -> str:
    row = people.held_facilitator(work, facilitator_id)
    changes = {name: value for name, value in wanted.items() if row._mapping[name] != value}
    if changes:
        people.change_facilitator(work, facilitator_id, changes)
    return "changed" if changes else "unchanged"


def _accreditations(cell: str) -> Iterator[Accreditation]:
    """Read "NADA 2025-03-01 2028-02-29; safeguarding 2026-01-10": a kind, its first day, its last where it has one."""
    for each in filter(None, (part.split() for part in cell.split(";"))):
        if len(each) not in {2, 3}:
            why = "Write each as a kind, its first day and its last, such as NADA 2025-03-01 2028-02-29; another one."
            raise Refused("invalid", why, {"accreditations": [why]})
        names = ("kind", "valid_from", "valid_until")
        yield read(AccreditationSchema(), **dict(zip(names, each, strict=False)))


def _clearance(work: UnitOfWork, row: Row) -> str:
    person = facilitator_called(work.connection, row["email"])
    if person is None:
        why = "No facilitator is on file with this address. Import facilitators first."
        raise Refused("not_found", why, {"email": [why]})
    flags = {name: _yes_or_no(row[name], name) for name in ("site_access", "ctc") if row.get(name)}
    plain = {name: row[name] for name in ("level", "valid_from", "valid_until", "state", "keys_until") if row.get(name)}
    clearance: Clearance = read(
        ClearanceSchema(), facilitator=str(person), establishment=row["prison_id"], **plain, **flags
    )
    return people.grant_clearance(work, clearance, given=frozenset({*CLEARANCE_COLUMNS, *plain, *flags}))


def _yes_or_no(text: str, column: str) -> bool:
    if text.lower() not in _TRUE_OR_FALSE:
        why = "Write yes or no."
        raise Refused("invalid", why, {column: [why]})
    return _TRUE_OR_FALSE[text.lower()]


def facilitator_called(connection: Connection, email: str) -> UUID | None:
    """Give the id of the facilitator with an address, in any case, or None."""
    table = facilitators.c
    found: UUID | None = connection.scalar(select(table.id).where(func.lower(table.email) == email.lower()))
    return found
