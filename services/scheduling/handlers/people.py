"""Facilitators: what they are able to do, when they have time, and what the decision letters say about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from services.scheduling.domain.clearances import MOVES, Clearance
from services.scheduling.domain.facilitators import QUALIFICATIONS, Accreditation, Leave, WorkingHours
from services.scheduling.domain.words import in_words, listed
from services.scheduling.handlers.memos import mark_out_of_date_of_person
from services.scheduling.records import load_establishment
from services.scheduling.records.people import clearance_in
from services.scheduling.tables import (
    accreditations,
    clearances,
    escorts,
    facilitators,
    leave,
    programmes,
    working_hours,
)
from shared.clock import day_in_london
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

ERASED_AT = "erased.invalid"
"""The domain of the address that stands where an erased person's was: no mail can reach it (RFC 2606)."""


ON_GATE_MEMOS = frozenset({"name", "vehicle"})
"""Columns that gate memos say: with another value of one, memos that name them are out of date."""


def add_facilitator(work: UnitOfWork, name: str, email: str, **more: Any) -> UUID:
    """Put a facilitator on file and give their id. Raises `Refused("conflict")` for an address that is known."""
    _refuse_known_address(work, email, but_for=None)
    person = {"id": work.new_id(), "name": name, "email": email, "added_at": work.now, **more}
    if not insert_or_leave(work.connection, facilitators, person):
        raise _known_address()
    return UUID(str(person["id"]))


def change_facilitator(work: UnitOfWork, facilitator_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change columns of somebody's entry.

    Raises `Refused`: "not_found", "conflict" for an address that is another's, "refused" once they are erased.
    """
    row = held_facilitator(work, facilitator_id)
    refuse_erased(row)
    if "email" in changes:
        _refuse_known_address(work, changes["email"], but_for=facilitator_id)
    if changes:
        work.connection.execute(update(facilitators).where(facilitators.c.id == facilitator_id).values(**changes))
    if changes.keys() & ON_GATE_MEMOS:
        mark_out_of_date_of_person(work, facilitator_id)


def held_facilitator(work: UnitOfWork, facilitator_id: UUID) -> AnyRow:
    """Give somebody's row, which nobody else changes until this transaction ends. Raises `Refused("not_found")`."""
    query = select(facilitators).where(facilitators.c.id == facilitator_id).with_for_update()
    row = work.connection.execute(query).first()
    if row is None:
        why = f"There is no facilitator {facilitator_id}. `keytalk facilitators list` shows them."
        raise Refused("not_found", why, {"facilitator": [why]})
    return row


def is_erased(row: AnyRow) -> bool:
    """Say whether an entry is one whose personal data was erased."""
    return str(row.email).endswith(f"@{ERASED_AT}")


def refuse_erased(row: AnyRow) -> None:
    """Raise `Refused` for an entry whose personal data was erased: it stands for history alone."""
    if is_erased(row):
        why = "This person's data was erased, so the entry is not changed. Add them anew if they work with us again."
        raise Refused("refused", why, {"facilitator": [why]})


def _refuse_known_address(work: UnitOfWork, email: str, but_for: UUID | None) -> None:
    known = work.connection.scalar(select(facilitators.c.id).where(func.lower(facilitators.c.email) == email.lower()))
    if known is not None and known != but_for:
        raise _known_address()


def _known_address() -> Refused:
    why = "A facilitator with this email address is on file already."
    return Refused("conflict", why, {"email": [why]})


def add_accreditation(work: UnitOfWork, facilitator_id: UUID, accreditation: Accreditation) -> bool:
    """Record what somebody is qualified for; the same start again takes the new end. Say whether anything changed.

    Raises `Refused("invalid")` for a kind that is neither on the list nor a programme.
    """
    refuse_erased(held_facilitator(work, facilitator_id))
    _refuse_unknown_kind(work, accreditation.kind)
    row = {"id": work.new_id(), "facilitator_id": facilitator_id, **asdict(accreditation)}
    if insert_or_leave(work.connection, accreditations, row):
        return True
    table = accreditations.c
    same = [table[name] == row[name] for name in ("facilitator_id", "kind", "valid_from")]
    if work.connection.scalar(select(table.valid_until).where(*same)) == accreditation.valid_until:
        return False
    work.connection.execute(update(accreditations).where(*same).values(valid_until=accreditation.valid_until))
    return True


def _refuse_unknown_kind(work: UnitOfWork, kind: str) -> None:
    known = set(QUALIFICATIONS)
    for row in work.connection.execute(select(programmes.c.slug, programmes.c.accreditations, programmes.c.one_needs)):
        known |= {row.slug, *row.accreditations, *row.one_needs}
    if kind not in known:
        why = f"No accreditation is called '{kind}'. Give one of {', '.join(sorted(known))}."
        raise Refused("invalid", why, {"kind": [why]})


def end_accreditation(work: UnitOfWork, accreditation_id: UUID, on: dt.date) -> UUID:
    """Have an accreditation end, with that day as its last, and give whose it is.

    Raises `Refused`: "not_found", "invalid" for a day before it begins.
    """
    table = accreditations.c
    row = work.connection.execute(select(accreditations).where(table.id == accreditation_id)).first()
    if row is None:
        raise _nothing_like_it("accreditation", accreditation_id)
    if on < row.valid_from:
        why = f"This accreditation begins on {in_words(row.valid_from)}. Give that date or a later one."
        raise Refused("invalid", why, {"on": [why]})
    work.connection.execute(update(accreditations).where(table.id == accreditation_id).values(valid_until=on))
    return UUID(str(row.facilitator_id))


def add_leave(work: UnitOfWork, facilitator_id: UUID, away: Leave) -> UUID:
    """Note dates on which somebody is not to be asked, and give the id; the same dates again are the same leave."""
    refuse_erased(held_facilitator(work, facilitator_id))
    row = {"facilitator_id": facilitator_id, **asdict(away)}
    same = [leave.c[name] == value for name, value in row.items()]
    known = work.connection.scalar(select(leave.c.id).where(*same))
    if known is not None:
        return UUID(str(known))
    leave_id = work.new_id()
    work.connection.execute(leave.insert(), {"id": leave_id, **row})
    return leave_id


def remove_leave(work: UnitOfWork, leave_id: UUID) -> UUID:
    """Take leave back, and give whose it was. Raises `Refused("not_found")`."""
    gone = work.connection.execute(delete(leave).where(leave.c.id == leave_id).returning(leave.c.facilitator_id))
    whose = gone.scalar()
    if whose is None:
        raise _nothing_like_it("leave", leave_id)
    return UUID(str(whose))


def set_working_hours(work: UnitOfWork, facilitator_id: UUID, hours: tuple[WorkingHours, ...]) -> None:
    """Set when somebody works in a week, in place of what it was. None at all means: whenever there is a session."""
    refuse_erased(held_facilitator(work, facilitator_id))
    work.connection.execute(delete(working_hours).where(working_hours.c.facilitator_id == facilitator_id))
    if hours:
        rows = [{"facilitator_id": facilitator_id, **asdict(each)} for each in hours]
        work.connection.execute(working_hours.insert(), rows)


def grant_clearance(work: UnitOfWork, clearance: Clearance, given: frozenset[str] | None = None) -> str:
    """Record what a decision letter says. The same start again takes what is given now; another start stands beside it.

    Say "added", "changed" or "unchanged". Raises `Refused("not_found")` for a facilitator or an establishment that is
    not on file.
    """
    refuse_erased(held_facilitator(work, clearance.facilitator_id))
    establishment = load_establishment(work.connection, clearance.establishment_id)
    row = asdict(replace(clearance, establishment_id=establishment.id))
    if insert_or_leave(work.connection, clearances, {"id": work.new_id(), **row}):
        return "added"
    same = [clearances.c[name] == row[name] for name in ("facilitator_id", "establishment_id", "valid_from")]
    known = work.connection.execute(select(clearances).where(*same)).one()
    if given is not None:
        row = {name: value for name, value in row.items() if name in given}
    if all(known._mapping[name] == value for name, value in row.items()):
        return "unchanged"
    work.connection.execute(update(clearances).where(*same).values(row))
    return "changed"


def change_clearance(work: UnitOfWork, clearance_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change a clearance: its state, as its moves allow, and what the letter says of it.

    One that was applied for or refused is granted with both dates of the decision letter: they are never computed.
    Raises `Refused`: "not_found", "refused" for a state it cannot come to, "invalid" for dates in the wrong order or
    left out, "conflict" where another one of theirs there begins on the same day.
    """
    row = work.connection.execute(select(clearances).where(clearances.c.id == clearance_id).with_for_update()).first()
    if row is None:
        raise _nothing_like_it("clearance", clearance_id)
    _refuse_move(row.state, changes)
    changed = _with(clearance_in(row), changes)
    _refuse_twin(work, clearance_id, changed)
    if changes:
        work.connection.execute(update(clearances).where(clearances.c.id == clearance_id).values(**changes))


def _refuse_move(state: str, changes: Mapping[str, Any]) -> None:
    to = changes.get("state", state)
    if to == state:
        return
    if to not in MOVES[state]:
        could = listed(sorted(MOVES[state]))
        raise Refused("refused", f"A clearance that is {state} can become {could}, not {to}.", {"state": [could]})
    if to == "granted" and state in {"applied", "refused"} and not {"valid_from", "valid_until"} <= set(changes):
        why = "Give both dates as the decision letter has them: from and until."
        raise Refused("invalid", why, {"valid_from": [why], "valid_until": [why]})


def _with(clearance: Clearance, changes: Mapping[str, Any]) -> Clearance:
    try:
        return replace(clearance, **changes)
    except ValueError as error:
        field, _colon, sentence = str(error).partition(": ")
        raise Refused("invalid", sentence, {field: [sentence]}) from None


def _refuse_twin(work: UnitOfWork, clearance_id: UUID, changed: Clearance) -> None:
    table = clearances.c
    same = [table[name] == getattr(changed, name) for name in ("facilitator_id", "establishment_id", "valid_from")]
    if work.connection.scalar(select(table.id).where(*same, table.id != clearance_id)) is not None:
        why = f"Another clearance of theirs there begins on {in_words(changed.valid_from)}. Change that one instead."
        raise Refused("conflict", why, {"valid_from": [why]})


def agree_escort(work: UnitOfWork, facilitator_id: UUID, establishment_id: str, on: dt.date, *, actor: str) -> None:
    """Note that an establishment will escort somebody all the way on a date.

    Without it someone who is cleared as an escorted visitor cannot come in.
    Raises `Refused("invalid")` for a past date.
    """
    refuse_erased(held_facilitator(work, facilitator_id))
    establishment = load_establishment(work.connection, establishment_id)
    if on < day_in_london(work.now):
        why = f"{in_words(on)} is over. Give today or a later date."
        raise Refused("invalid", why, {"date": [why]})
    row = {"facilitator_id": facilitator_id, "establishment_id": establishment.id, "date": on, "agreed_by": actor}
    insert_or_leave(work.connection, escorts, row)


def call_off_escort(work: UnitOfWork, facilitator_id: UUID, establishment_id: str, on: dt.date) -> None:
    """Take back that an establishment escorts somebody on a date. Raises `Refused("not_found")`."""
    table = escorts.c
    mine = (table.facilitator_id == facilitator_id, table.establishment_id == establishment_id.upper())
    if work.connection.execute(delete(escorts).where(*mine, table.date == on)).rowcount != 1:
        why = f"No escort is agreed there for {in_words(on)}."
        raise Refused("not_found", why, {"date": [why]})


def _nothing_like_it(what: str, its_id: UUID) -> Refused:
    why = f"There is no {what} {its_id}. `keytalk facilitators show` lists what somebody holds."
    return Refused("not_found", why, {what: [why]})
