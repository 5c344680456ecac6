"""What became of sessions: that they were held, how many came, and how it was for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from services.scheduling.domain.attendance import Attendance, Feedback
from services.scheduling.domain.outcomes import is_chargeable
from services.scheduling.domain.runs import DONE, Run, Session, SessionState
from services.scheduling.domain.words import in_words
from services.scheduling.handlers.asking import today
from services.scheduling.handlers.telling import session_recorded
from services.scheduling.records import book, load_run, save_run
from services.scheduling.records.papers import load_run_of
from services.scheduling.tables import attendance, feedback, outcomes
from shared.clock import day_in_london
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is put down for a session that was held, whole or in part. `minutes` is how long a part was."""

    state: SessionState
    cause: str | None = None
    party: str | None = None
    minutes: int | None = None

    @property
    def chargeable(self) -> bool:
        """Say whether it is charged: whole sessions are, and a part by the rule, for it was told on the day."""
        return self.cause is None or self.party is None or is_chargeable(self.cause, self.party, 0)


def record_delivered(work: UnitOfWork, session_id: UUID, *, actor: str) -> None:
    """Put down that a session was held. Raises `Refused` as `_record` does."""
    _record(work, session_id, Outcome("delivered"), actor)


def record_part_delivered(
    work: UnitOfWork, session_id: UUID, *, cause: str, party: str, minutes: int, actor: str
) -> None:
    """Put down that a session was held in part: why, on whose side that lay, and how many minutes it was.

    Raises `Refused` as `_record` does, and "invalid" where the minutes are all it was to have.
    """
    _record(work, session_id, Outcome("part_delivered", cause, party, minutes), actor)


def _record(work: UnitOfWork, session_id: UUID, outcome: Outcome, actor: str) -> None:
    """Put down what became of a session, in place of what was put down for it earlier today.

    With the last session that is to be held, the run is completed. Raises `Refused`: "not_found"; "refused" before it
    has started, where it does not take place, or where something else was put down on another day.
    """
    run, session = load_run_of(work.connection, session_id)
    _refuse_unless_held(work, run, session)
    _refuse_whole(session, outcome)
    _correct(work, session, actor)
    row = {
        "id": work.new_id(),
        "session_id": session.id,
        "state": outcome.state,
        "reason": outcome.cause,
        "party": outcome.party,
        "notice_minutes": None if outcome.cause is None else 0,
        "held_minutes": outcome.minutes,
        "remedy": None,
        "chargeable": outcome.chargeable,
        "charge_reason": None,
        "recorded_at": work.now,
        "recorded_by": actor,
    }
    work.connection.execute(outcomes.insert(), row)
    _save(work, run, replace(session, state=outcome.state))
    _tell(work, run, session_id)


def _refuse_unless_held(work: UnitOfWork, run: Run, session: Session) -> None:
    if not session.is_live:
        raise Refused("refused", f"Session {session.number} on {in_words(session.date)} does not take place any more.")
    if run.state not in {"confirmed", "completed"}:
        raise Refused("refused", f"This run is {run.state.replace('_', ' ')}, and only a confirmed one is delivered.")
    if work.now < session.starts_at():
        when = f"{in_words(session.date)} at {session.start:%H:%M}"
        raise Refused("refused", f"Session {session.number} starts on {when}: put down what became of it after that.")


def _refuse_whole(session: Session, outcome: Outcome) -> None:
    if outcome.minutes is None:
        return
    length = int((session.ends_at() - session.starts_at()).total_seconds() // 60)
    if outcome.minutes >= length:
        why = f"It was to be {length} minutes. Held that long it was delivered; for a part give fewer."
        raise Refused("invalid", why, {"minutes": [why]})


def _correct(work: UnitOfWork, session: Session, actor: str) -> None:
    """Take back what was put down earlier, where that can still be."""
    if session.state not in DONE:
        return
    _take_back(work, _last_outcome(work, session), actor)


def undo_outcome(work: UnitOfWork, session_id: UUID, *, actor: str) -> None:
    """Take back what was put down for a session today; it is planned again, and its counts go.

    Raises `Refused`: "not_found"; "refused" where nothing was put down, not today, or where it was cancelled: a
    cancellation is taken back with the change that it came by.
    """
    run, session = load_run_of(work.connection, session_id)
    if session.state not in DONE:
        why = (
            "This session was cancelled: take that back with `keytalk runs reverse`."
            if not session.is_live
            else "Nothing has been put down for this session, so there is nothing to take back."
        )
        raise Refused("refused", why)
    _take_back(work, _last_outcome(work, session), actor)
    work.connection.execute(delete(attendance).where(attendance.c.session_id == session_id))
    _save(work, run, replace(session, state="planned"))
    _tell(work, run, session_id)


def _last_outcome(work: UnitOfWork, session: Session) -> AnyRow:
    row = _standing_outcome(work, session.id)
    if row is None:
        raise Refused("refused", "What became of this session was brought in from elsewhere: it stays as it is.")
    return row


def _standing_outcome(work: UnitOfWork, session_id: UUID) -> AnyRow | None:
    """Give the newest that was put down for a session and not taken back."""
    standing = (outcomes.c.session_id == session_id) & outcomes.c.undone_at.is_(None)
    query = select(outcomes).where(standing).order_by(outcomes.c.recorded_at.desc(), outcomes.c.id.desc())
    return work.connection.execute(query).first()


def _take_back(work: UnitOfWork, outcome: AnyRow, actor: str) -> None:
    on = day_in_london(outcome.recorded_at)
    if on != today(work):
        raise Refused(
            "refused",
            f"This was put down on {in_words(on)}, and can be changed or taken back on that day only. It is history by "
            "now; a note with the enquiry can say what was wrong.",
        )
    undone = {"undone_at": work.now, "undone_by": actor}
    work.connection.execute(update(outcomes).where(outcomes.c.id == outcome.id).values(undone))


def _save(work: UnitOfWork, run: Run, session: Session) -> None:
    """Save a run with a session in another state: completed once the last that is to be held was held."""
    those = tuple(session if each.id == session.id else each for each in run.sessions)
    changed = replace(run, sessions=those, version=run.version + 1)
    over = all(each.state in DONE for each in changed.live)
    changed = replace(changed, state="completed" if over else "confirmed")
    save_run(work.connection, changed, was=run)
    book(work.connection, changed)


def submit_attendance(work: UnitOfWork, session_id: UUID, counts: Attendance, *, actor: str) -> None:
    """Put down how many came to a session, or correct that; the moment of a correction is kept.

    Raises `Refused`: "not_found", "refused" while nothing says that it was held, "invalid" where counts disagree.
    """
    run, session = load_run_of(work.connection, session_id)
    wrong = counts.contradictions()
    if wrong:
        raise Refused("invalid", "These counts do not agree with one another.", wrong)
    if session.state not in DONE:
        why = f"Session {session.number} has not been put down as held. Do that first: keytalk sessions delivered"
        raise Refused("refused", why)
    row = _attendance_row(counts)
    here = attendance.c.session_id == session_id
    known = work.connection.execute(select(attendance).where(here)).first()
    if known is None:
        who = {"session_id": session_id, "submitted_at": work.now, "submitted_by": actor}
        work.connection.execute(attendance.insert(), {**who, **row})
    elif all(known._mapping[name] == value for name, value in row.items()):
        return
    else:
        work.connection.execute(update(attendance).where(here).values(**row, corrected_at=work.now))
    _tell(work, run, session_id)


def _attendance_row(counts: Attendance) -> dict[str, Any]:
    return {
        "expected": counts.expected,
        "attended": counts.attended,
        "late": counts.late,
        "left_early": counts.left_early,
        "absent": {name: count for name, count in sorted(counts.absent.items()) if count},
        "seats": None if counts.seats is None else {str(seat): mark for seat, mark in sorted(counts.seats.items())},
    }


def record_feedback(work: UnitOfWork, run_id: UUID, given: Feedback, *, actor: str) -> UUID:
    """Put down how a run was for some people, as counts; give its id.

    Raises `Refused`: "not_found", "refused" before anything was held, "invalid" for more scores than people.
    """
    run = load_run(work.connection, run_id)
    wrong = given.contradictions()
    if wrong:
        raise Refused("invalid", "These counts do not agree with one another.", wrong)
    if not any(each.state in DONE for each in run.sessions):
        raise Refused("refused", "No session of this run has been held yet, so there is nothing to say about it.")
    scores = {question: {str(score): n for score, n in counts.items()} for question, counts in given.scores.items()}
    row = {
        "id": work.new_id(),
        "run_id": run_id,
        "audience": given.audience,
        "answers": given.answers,
        "scores": scores,
        "received_at": work.now,
        "received_by": actor,
    }
    work.connection.execute(feedback.insert(), row)
    return UUID(str(row["id"]))


def _tell(work: UnitOfWork, run: Run, session_id: UUID) -> None:
    """Tell what became of a session, as the tables have it now."""
    session = next(each for each in load_run(work.connection, run.id).sessions if each.id == session_id)
    said = _standing_outcome(work, session_id) if session.state in DONE else None
    session_recorded(
        work,
        run,
        session,
        cause=said.reason if said else None,
        party=said.party if said else None,
        remedy=said.remedy if said else None,
        chargeable=bool(said and said.chargeable),
        attended=work.connection.scalar(select(attendance.c.attended).where(attendance.c.session_id == session_id)),
    )
