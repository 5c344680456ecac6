"""Establishments: their entries, which other services keep a copy of, and what each asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import select, update

from services.scheduling.domain.calendar import default_blackouts
from services.scheduling.domain.establishments import Establishment
from services.scheduling.records.places import load_establishment, lock_establishment, names_in
from services.scheduling.tables import blackouts, establishments
from shared.contracts.scheduling import EstablishmentChanged
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

TOLD = ("id", "name", "active", "nation", "town", "other_names", "report_minutes")
"""What other services keep a copy of: a change of any of it is news, and a next version."""

_NO_APPROVAL = {"under_18_approved_by": None, "under_18_approved_at": None, "under_18_reason": None}


def save_establishment(
    work: UnitOfWork, establishment: Establishment, settings: Mapping[str, Any] | None = None
) -> tuple[str, int, tuple[str, ...]]:
    """Add an establishment or change its entry as a register has it, and some settings by the names of their columns.

    Gives "added", "changed" or "unchanged", its version, and the columns that an operator has set otherwise: those
    stay. A new one starts with the default blackouts. What changed is told to the other services.
    """
    names = "\n".join(establishment.other_names) or None
    row = {**{name: getattr(establishment, name) for name in TOLD}, "other_names": names, **(settings or {})}
    query = select(establishments).where(establishments.c.id == establishment.id).with_for_update()
    known = work.connection.execute(query).first()
    if known is None:
        return "added", _add(work, {**row, "required_level": establishment.required_level}), ()
    ours = set(names_in(known.set_by_hand))
    kept = tuple(name for name in row if name in ours and known._mapping[name] != row[name])
    changes = {name: value for name, value in row.items() if name not in ours}
    version = _change(work, known, changes)
    return ("unchanged" if version is None else "changed"), version or known.version, kept


def add_establishment(work: UnitOfWork, entry: Mapping[str, Any]) -> str:
    """Put an establishment on file by hand, with its settings, and give its id.

    It keeps the bank holidays of its nation and starts with the default blackouts. A register that has the same id
    later leaves what was given here. Raises `Refused("conflict")` when the id is taken.
    """
    id_: str = entry["id"].upper()
    taken = work.connection.scalar(select(establishments.c.name).where(establishments.c.id == id_))
    if taken is not None:
        why = f"{id_} is {taken}. Give another id, or change that one: keytalk establishments change {id_}."
        raise Refused("conflict", why, {"id": [why]})
    given = {**entry, "id": id_, "other_names": "\n".join(entry["other_names"]) or None}
    by_hand = "\n".join(sorted(set(given) - {"id"}))
    _add(work, {"active": True, "required_level": "standard", **given, "set_by_hand": by_hand})
    return id_


def change_establishment(work: UnitOfWork, establishment_id: str, settings: Mapping[str, Any]) -> str:
    """Change settings of an establishment, by the names of their columns, and give its id.

    A register does not change them any more.
    """
    known = lock_establishment(work.connection, establishment_id)
    by_hand = {*names_in(known.set_by_hand), *settings}
    _change(work, known, {**settings, "set_by_hand": "\n".join(sorted(by_hand)) or None})
    return str(known.id)


def approve_under_18(work: UnitOfWork, establishment_id: str, reason: str, *, actor: str) -> str:
    """Let programmes go to a place for people under 18 (rule H15), for a reason from the list; give its id."""
    known = lock_establishment(work.connection, establishment_id)
    if not known.under_18:
        raise Refused("refused", f"{known.name} is not a place for people under 18, so it needs no approval.")
    approval = {"under_18_approved_by": actor, "under_18_approved_at": work.now, "under_18_reason": reason}
    _update(work, known.id, approval)
    return str(known.id)


def withdraw_under_18_approval(work: UnitOfWork, establishment_id: str) -> str:
    """Take back that programmes may go to a place for people under 18; give its id. Runs that stand are not touched."""
    known = lock_establishment(work.connection, establishment_id)
    if known.under_18_approved_by is None:
        raise Refused("refused", f"{known.name} has no approval that could be taken back.")
    _update(work, known.id, _NO_APPROVAL)
    return str(known.id)


def _add(work: UnitOfWork, row: Mapping[str, Any]) -> int:
    if not insert_or_leave(work.connection, establishments, {**row, "version": 1}):
        raise Refused("conflict", f"{row['id']} was put on file by someone else just now. Look at it, and ask again.")
    _close_by_default(work, row["id"])
    _tell(work, row["id"], 1)
    return 1


def _change(work: UnitOfWork, known: AnyRow, wanted: Mapping[str, Any]) -> int | None:
    """Write what differs and tell of it; give the version then, or None when nothing differs.

    A place that becomes one for people under 18, or is none any longer, has no approval then: it is decided anew.
    """
    changes = {name: value for name, value in wanted.items() if known._mapping[name] != value}
    if not changes:
        return None
    if "under_18" in changes:
        changes |= _NO_APPROVAL
    version = known.version + _is_news(changes)
    _update(work, known.id, {**changes, "version": version})
    if version != known.version:
        _tell(work, known.id, version)
    return int(version)


def _is_news(changes: Collection[str]) -> bool:
    return not set(changes).isdisjoint(TOLD)


def _update(work: UnitOfWork, establishment_id: str, values: Mapping[str, Any]) -> None:
    work.connection.execute(update(establishments).where(establishments.c.id == establishment_id).values(**values))


def _tell(work: UnitOfWork, establishment_id: str, version: int) -> None:
    entry = load_establishment(work.connection, establishment_id)
    told = {name: getattr(entry, name) for name in TOLD}
    news = EstablishmentChanged(**{**told, "other_names": entry.other_names or None})
    work.record(news, subject=entry.id, sequence=version)


def _close_by_default(work: UnitOfWork, establishment_id: str) -> None:
    for blackout in default_blackouts():
        row = {"id": work.new_id(), "establishment_id": establishment_id, **asdict(blackout)}
        work.connection.execute(blackouts.insert(), row)
