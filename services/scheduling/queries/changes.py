"""Reading changes: what one would do, as operators see it, and those that a run has had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.change_schemas import Asked
from services.scheduling.domain.changes import (
    Cancel,
    Cascade,
    Change,
    ChangeSlot,
    MakeUp,
    Move,
    MoveOn,
    MoveRun,
    Swap,
)
from services.scheduling.domain.changing import touched
from services.scheduling.domain.commands import WEEKDAYS
from services.scheduling.domain.diff import Diff, Several
from services.scheduling.domain.remedies import Choice, Closure
from services.scheduling.queries.plain import plain
from services.scheduling.records import load_run
from services.scheduling.records.changes import Applied, load_changes
from services.scheduling.tables import changes, sessions
from shared.contracts.base import contract_of
from shared.contracts.scheduling import RunChanged
from shared.errors import Refused


def change_asked(connection: Connection, run_id: UUID, asked: Asked) -> Change:
    """Give a change with the ids of the sessions it names. Raises `Refused("not_found")`."""
    answers = dict(asked.answers)
    for given, named in (("session", "session_id"), ("from_session", "from_session_id")):
        if given in answers:
            value = answers.pop(given)
            answers[named] = None if value is None else session_named(connection, run_id, value)
    if "sessions" in answers:
        named_ones = (session_named(connection, run_id, each) for each in answers.pop("sessions"))
        answers["session_ids"] = tuple(named_ones)
    if answers.get("weekday") is not None:
        answers["weekday"] = WEEKDAYS.index(answers["weekday"])
    change: Change = _CHANGES[asked.kind](**answers)
    return change


_CHANGES: Mapping[str, Any] = {
    "cancel": Cancel,
    "cascade": Cascade,
    "make_up": MakeUp,
    "move": Move,
    "move_on": MoveOn,
    "move_run": MoveRun,
    "change_slot": ChangeSlot,
    "swap": Swap,
}


def session_named(connection: Connection, run_id: UUID, given: str) -> UUID:
    """Give the id of a session that is named by its number, or by its id.

    Of several with one number it is the one that stands, or else the one that fell out last.
    """
    if not given.isdecimal():
        try:
            return UUID(given)
        except ValueError:
            pass
    number = int(given) if given.isdecimal() else -1
    here = (sessions.c.run_id == run_id) & (sessions.c.number == number)
    rows = connection.execute(select(sessions.c.id, sessions.c.state, sessions.c.date, sessions.c.id).where(here)).all()
    if not rows:
        why = f"This run has no session {given}. `keytalk runs show {run_id}` lists them."
        raise Refused("not_found", why, {"session": [why]})
    # Live ones first, then what was cancelled; what a reversal took back comes last.
    rank = {"cancelled": 1, "superseded": 0}
    best = max(rows, key=lambda row: (rank.get(row.state, 2), row.date, str(row.id)))
    return UUID(str(best.id))


def list_changes(connection: Connection, run_id: UUID) -> list[dict[str, Any]]:
    """List the changes that a run has had, the newest first, with the sessions each of them touched."""
    load_run(connection, run_id)
    return [_listed(each) for each in reversed(load_changes(connection, changes.c.run_id == run_id))]


def get_applied(connection: Connection, change_id: UUID) -> dict[str, Any]:
    """Give one change, or the first of a group, as the list shows it."""
    found = load_changes(connection, (changes.c.id == change_id) | (changes.c.group_id == change_id))
    return _listed(found[0])


def _listed(each: Applied) -> dict[str, Any]:
    asked = each.asked
    return {
        "change": str(each.id),
        "group": str(each.group_id),
        "run": str(each.run_id),
        "kind": each.kind,
        "cause": asked.get("cause"),
        "party": asked.get("party"),
        "sessions": sorted({session.number for session in touched(each.before, each.after)}),
        "accepted": asked.get("accepted", []),
        "takes_back": asked.get("takes_back"),
        "version": each.version,
        "applied_at": each.applied_at.isoformat(),
        "applied_by": each.applied_by,
        "reversed_at": each.reversed_at.isoformat() if each.reversed_at else None,
        "reversed_by": each.reversed_by,
    }


def shown(diff: Diff) -> dict[str, Any]:
    """Give a diff as plain data: dates, times to the minute, ids as text."""
    said: dict[str, Any] = plain(asdict(diff))
    return {"run": said.pop("run_id"), **said}


def shown_event(event: RunChanged | None) -> dict[str, Any] | None:
    """Give an event as it would be published."""
    return None if event is None else contract_of(RunChanged).dump(event)


def shown_together(several: Several) -> dict[str, Any]:
    """Give several diffs that are one change, with the token of them all."""
    return {"runs": [shown(each) for each in several.diffs], "basis": several.basis}


def shown_closure(closure: Closure) -> dict[str, Any]:
    """Give what a closure hits, with what can be done about each session, and what it would do."""
    hits = [
        {
            "run": str(each.run.id),
            "enquiry": each.run.enquiry,
            "run_state": each.run.state,
            "session": str(each.session.id),
            "number": each.session.number,
            "date": each.session.date.isoformat(),
            "start": each.session.start.isoformat("minutes"),
            "remedies": [shown_choice(choice) for choice in each.choices],
        }
        for each in sorted(closure.hits, key=lambda each: (each.session.starts_at(), str(each.session.id)))
    ]
    return {"sessions": hits, **shown_together(closure.several)}


def shown_choice(choice: Choice) -> dict[str, Any]:
    """Give one remedy as plain data."""
    said: dict[str, Any] = plain(asdict(choice))
    return said
