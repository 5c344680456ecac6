"""The rules about the sessions of one run among themselves, and about those that are history: H10 and H11."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from services.scheduling.domain.runs import DONE, Breach, Session
from services.scheduling.domain.words import in_words

OUT_OF_THE_ROW = frozenset({"make_up", "extra"})
"""Kinds of session that may be held whenever there is a day: a catch-up need not come before the next session.

Catch-ups are long-standing practice (Probation Circular 25/2004).
"""


def sessions_in_order(session: Session, previous: Session | None) -> Breach | None:
    """H10: each planned session of a run falls on a later day than the one numbered before it."""
    if previous is None or session.date > previous.date or OUT_OF_THE_ROW & {session.kind, previous.kind}:
        return None
    same = "the same day as" if session.date == previous.date else "before"
    return Breach(
        "H10",
        "sessions_in_order",
        f"Session {session.number} on {in_words(session.date)} is {same} session {previous.number}. "
        f"A date after {in_words(previous.date)} would mend it.",
    )


def one_session_a_day(session: Session, same_day: Sequence[Session]) -> Breach | None:
    """H10: no two sessions of a run fall on one day, whatever their kind.

    `same_day` are the run's sessions on that date. Of two in a row `sessions_in_order` speaks.
    """
    others = [each for each in same_day if each.id != session.id and each.date == session.date]
    catching_up = [each for each in others if OUT_OF_THE_ROW & {each.kind, session.kind}]
    if not catching_up:
        return None
    return Breach(
        "H10",
        "one_session_a_day",
        f"Session {session.number} is on {in_words(session.date)}, and so is session {catching_up[0].number} of the "
        "same run. Another date for one of them would mend it.",
    )


def session_may_change(session: Session, now: dt.datetime) -> Breach | None:
    """H11: a session that was delivered, or that has begun by `now` (aware), is history and is never moved."""
    if session.state in DONE:
        done = "was delivered" if session.state == "delivered" else "was delivered in part"
        why = f"Session {session.number} {done} on {in_words(session.date)}, and what was held is never moved."
        return _history(f"{why} If that was put down by mistake, undoing it would mend it.")
    if session.starts_at() <= now:
        why = f"Session {session.number} began on {in_words(session.date)} at {session.start:%H:%M}, and is past."
        return _history(f"{why} Recording what became of it, and changing later sessions only, would mend it.")
    return None


def _history(why: str) -> Breach:
    return Breach("H11", "past_sessions_stay", why)
