"""Finding messages that nothing would ever wake, and waking them: the net under whatever went wrong before.

A message that waits has a job for its next attempt, and one under way a job for the end of its lease. Where a row was
restored without its job, or somebody removed one, it would wait for ever.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from sqlalchemy import String, cast, func, select, type_coerce

from services.notifications.domain.messages import MessageState
from services.notifications.handlers.digests import end_left_behind
from services.notifications.tables import SEND_MESSAGES, messages
from shared.messaging.tables import is_waiting
from shared.persistence.work import Store, UnitOfWork

_log = logging.getLogger(__name__)

WAKE_STUCK = "wake_stuck_messages"
"""The kind of the job that looks for them, once a day and at each start."""
AT_A_TIME = 1000
TO_SETTLE = "to settle"


def wake_stuck(store: Store, lease: timedelta) -> int:
    """Give a job to every message that waits and has none, and one to those under way beyond their `lease`.

    What a digest left behind that has come to its end follows it. Gives how many were found. Safe to repeat, and for
    several replicas at once.
    """
    found = 0
    while True:
        with store.work() as work:
            batch = _wake_waiting(work)
        found += batch
        if batch < AT_A_TIME:
            break
    with store.work() as work:
        found += end_left_behind(work) + _wake_broken_off(work, lease)
    if found:
        _log.error("messages were stuck", extra={"count": found})
    return found


def _wake_waiting(work: UnitOfWork) -> int:
    jobs = work.tables.jobs
    theirs = (jobs.c.kind == SEND_MESSAGES) & (jobs.c.subject == _as_subject(work)) & is_waiting(jobs)
    has_a_job = select(jobs.c.id).where(theirs).exists()
    waiting = messages.c.state == MessageState.SCHEDULED.value
    query = select(messages.c.id, messages.c.next_attempt_at).where(waiting, ~has_a_job).limit(AT_A_TIME)
    rows = work.connection.execute(query).all()
    for row in rows:
        work.schedule(SEND_MESSAGES, str(row.id), row.next_attempt_at)
    return len(rows)


def _wake_broken_off(work: UnitOfWork, lease: timedelta) -> int:
    under_way = (messages.c.state == MessageState.SENDING.value) & (messages.c.claimed_at < work.now - lease)
    count = int(work.connection.scalar(select(func.count()).select_from(messages).where(under_way)) or 0)
    if count:
        work.schedule(SEND_MESSAGES, TO_SETTLE, work.now)
    return count


def _as_subject(work: UnitOfWork) -> Any:
    """Give the id of a message as a job names it. SQLite keeps it without its hyphens."""
    if work.connection.dialect.name != "sqlite":
        return cast(messages.c.id, String)
    digits = type_coerce(messages.c.id, String)
    pieces = [func.substr(digits, start, length) for start, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))]
    whole: Any = pieces[0]
    for piece in pieces[1:]:
        whole = whole.op("||")("-").op("||")(piece)
    return whole
