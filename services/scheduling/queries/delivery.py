"""Reading what became of sessions: one at a time, and a run as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.attendance import shown, totals_shown
from services.scheduling.domain.runs import DONE, Run
from services.scheduling.records import load_establishment, load_programme, load_run
from services.scheduling.tables import attendance, feedback, outcomes, sessions
from shared.errors import Refused
from shared.persistence.types import AnyRow

_PARTS = ("late", "left_early")


def get_delivery(connection: Connection, session_id: UUID) -> dict[str, Any]:
    """Give what became of a session, and how many came. Raises `Refused("not_found")`."""
    row = connection.execute(select(sessions).where(sessions.c.id == session_id)).first()
    if row is None:
        why = f"There is no session {session_id}. `keytalk runs show` shows the ids of a run's sessions."
        raise Refused("not_found", why, {"session": [why]})
    said = _standing_outcomes(connection, [session_id]).get(session_id)
    came = connection.execute(select(attendance).where(attendance.c.session_id == session_id)).first()
    return {
        "session": str(row.id),
        "run": str(row.run_id),
        "number": row.number,
        "date": row.date.isoformat(),
        "state": row.state,
        "outcome": _outcome(said) if said is not None else None,
        "attendance": _attendance(came) if came is not None else None,
    }


def _outcome(row: AnyRow) -> dict[str, Any]:
    return {
        "state": row.state,
        "cause": row.reason,
        "party": row.party,
        "minutes": row.held_minutes,
        "notice_minutes": row.notice_minutes,
        "remedy": row.remedy,
        "chargeable": row.chargeable,
        "recorded_at": row.recorded_at.isoformat(),
        "recorded_by": row.recorded_by,
    }


def _attendance(row: AnyRow) -> dict[str, Any]:
    return {
        "expected": row.expected,
        "attended": row.attended,
        "late": row.late,
        "left_early": row.left_early,
        "absent": row.absent,
        "seats": row.seats,
        "submitted_at": row.submitted_at.isoformat(),
        "submitted_by": row.submitted_by,
        "corrected_at": row.corrected_at.isoformat() if row.corrected_at else None,
    }


def _standing_outcomes(connection: Connection, session_ids: Sequence[UUID]) -> dict[UUID, AnyRow]:
    """Give the newest outcome of each session that was not taken back."""
    standing = outcomes.c.session_id.in_(session_ids) & outcomes.c.undone_at.is_(None)
    rows = connection.execute(select(outcomes).where(standing).order_by(outcomes.c.recorded_at, outcomes.c.id))
    return {row.session_id: row for row in rows}


def run_report(connection: Connection, run_id: UUID, *, external: bool) -> dict[str, Any]:
    """Give what became of a run: sessions planned, held, and cancelled by cause and party; how many came; how it was.

    With `external`, counts of people under 5 are None, and so is what they could be worked out from; counts of sessions
    are never hidden, nor is a nought. Raises `Refused("not_found")`.
    """
    run = load_run(connection, run_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    ids = [each.id for each in run.sessions]
    states = Counter(each.state for each in run.sessions)
    counted = connection.execute(select(attendance).where(attendance.c.session_id.in_(ids))).all()
    return {
        "run": str(run.id),
        "reference": run.enquiry,
        "state": run.state,
        "establishment": load_establishment(connection, run.establishment_id).name,
        "programme": programme.name,
        "external": external,
        "planned": programme.sessions,
        "delivered": states["delivered"],
        "part_delivered": states["part_delivered"],
        "to_come": sum(each.state not in DONE for each in run.live),
        "cancelled": _cancelled(connection, run),
        "attendance": _totals(counted, external=external),
        "feedback": _feedback(connection, run_id, external=external),
    }


def _cancelled(connection: Connection, run: Run) -> list[dict[str, Any]]:
    """Count the sessions that did not take place, by cause and party; whose nobody recorded have neither."""
    fell_out = [each.id for each in run.sessions if each.state == "cancelled"]
    said = _standing_outcomes(connection, fell_out)
    kinds = Counter((said[each].reason, said[each].party) if each in said else (None, None) for each in fell_out)
    ordered = sorted(kinds.items(), key=lambda each: (-each[1], str(each[0])))
    return [{"cause": cause, "party": party, "sessions": count} for (cause, party), count in ordered]


def _totals(rows: Sequence[AnyRow], *, external: bool) -> dict[str, Any]:
    names = ("expected", "attended", *_PARTS)
    sums = {name: sum(row._mapping[name] for row in rows) for name in names}
    absent: Counter[str] = Counter()
    for row in rows:
        absent.update(row.absent)
    told: Mapping[str, int | None] = sums
    groups: Mapping[str, int | None] = absent
    if external:
        parts = {name: sums[name] for name in _PARTS}
        told = totals_shown(sums["expected"], sums["attended"], absent, **parts)
        groups = shown(absent)
    return {"sessions_counted": len(rows), **told, "absent": dict(sorted(groups.items()))}


def _feedback(connection: Connection, run_id: UUID, *, external: bool) -> list[dict[str, Any]]:
    query = select(feedback).where(feedback.c.run_id == run_id).order_by(feedback.c.received_at, feedback.c.id)
    answers: Counter[str] = Counter()
    scores: dict[str, dict[str, Counter[str]]] = {}
    for row in connection.execute(query):
        answers[row.audience] += row.answers
        for question, counts in row.scores.items():
            scores.setdefault(row.audience, {}).setdefault(question, Counter()).update(counts)
    return [_of_audience(each, answers[each], scores.get(each, {}), external) for each in sorted(answers)]


def _of_audience(
    audience: str, answers: int, scores: Mapping[str, Mapping[str, int]], external: bool
) -> dict[str, Any]:
    if not external:
        return {"audience": audience, "answers": answers, "scores": {each: dict(n) for each, n in scores.items()}}
    few = shown({"answers": answers})["answers"] is None
    told = {} if few else {question: shown(counts) for question, counts in scores.items()}
    return {"audience": audience, "answers": None if few else answers, "scores": told}
