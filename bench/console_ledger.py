"""Fills a notifications database as the runs of `bench.console_sessions` would leave it, on either kind of database.

There is a letter to everybody who takes part, and two reminders of each session to each of them: 20,000 sessions make
some 120,000 messages. What is past went out, mostly; a few letters came back or are in doubt, so that there is somebody
who has not been told. No run was changed after it was confirmed. What is drawn is drawn from one seed.
"""

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from bench.console_sessions import CHUNK, Years
from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import Drafting, audience_of, draft, run_confirmations
from services.notifications.tables import SEND_MESSAGES, message_row, messages, messaging
from services.scheduling import tables
from services.scheduling.domain.programmes import MANY_FACES
from shared.messaging.tables import job_row
from shared.persistence.bulk import insert_all
from shared.persistence.database import Database

DAYS_BEFORE = (5, 1)
AT = time(15)
WENT_WRONG = 0.01
"""The share of letters that did not get through."""
_WRONG = (MessageState.FAILED, MessageState.UNKNOWN, MessageState.BOUNCED)
_LONDON = ZoneInfo("Europe/London")


def ledger(database: Database, years: Years, *, now: datetime | None = None, seed: int = 1) -> list[UUID]:
    """Enter the messages about the runs that were stored into migrated, empty tables; give their ids.

    What is due later waits, with the alarm that each message has. Leaves the database analysed.
    """
    at, chance = now or datetime.now(UTC), random.Random(seed)
    numbers = itertools.count(5_000_000_000)
    drafting = Drafting(lambda: UUID(int=next(numbers)), "keytalk.example")
    ids: list[UUID] = []
    found = (_became(each, at, chance) for run in _runs(years) for each in _messages(run, drafting))
    with database.writing() as connection:
        for part in iter(lambda: list(itertools.islice(found, CHUNK)), []):
            insert_all(connection, messages, [message_row(each) for each in part])
            waiting = [each for each in part if each.state is MessageState.SCHEDULED]
            insert_all(connection, messaging.jobs, [_alarm(each) for each in waiting])
            ids += [each.id for each in part]
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not database.is_sqlite:
            connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("ANALYZE"))
        if not database.is_sqlite:
            connection.execute(text("RESET statement_timeout"))
    return ids


def _alarm(message: Message) -> dict[str, Any]:
    return job_row(SEND_MESSAGES, str(message.id), message.next_attempt_at)


def _runs(years: Years) -> Iterator[tuple[RunFacts, datetime]]:
    """Give each run that was confirmed, as its letters tell of it, and when that was."""
    rows, teams = years.rows, _teams(years)
    places = {row["id"]: row["name"] for row in rows[tables.establishments]}
    sessions: dict[UUID, list[SessionFacts]] = defaultdict(list)
    for row in rows[tables.sessions]:
        of_run = SessionFacts(str(row["id"]), row["number"], row["date"], row["start"], row["end"], revision=0)
        sessions[row["run_id"]].append(replace(of_run, facilitators=teams[row["run_id"]]))
    for row in rows[tables.runs]:
        if row["confirmed_at"] is not None:
            yield (
                RunFacts(
                    run=str(row["id"]),
                    enquiry=row["enquiry"],
                    establishment=places[row["establishment_id"]],
                    programme=MANY_FACES.name,
                    facilitators=teams[row["id"]],
                    sessions=tuple(sessions[row["id"]]),
                    version=1,
                    slug=row["programme"],
                    place=row["establishment_id"],
                    mode="in_person",
                ),
                row["confirmed_at"],
            )


def _teams(years: Years) -> dict[UUID, tuple[str, ...]]:
    teams: dict[UUID, tuple[str, ...]] = {}
    for row in years.rows[tables.run_facilitators]:
        teams[row["run_id"]] = (*teams.get(row["run_id"], ()), str(row["facilitator_id"]))
    return teams


def _messages(run: tuple[RunFacts, datetime], drafting: Drafting) -> Iterable[Message]:
    """Give the letters and reminders about a run, as they were drafted."""
    facts, confirmed_at = run
    yield from run_confirmations(facts, confirmed_at, drafting)
    summary = facts.summary()
    for session, days in itertools.product(facts.sessions, DAYS_BEFORE):
        due_at = datetime.combine(session.date - timedelta(days=days), AT, _LONDON).astimezone(UTC)
        told = {"session": session.to_plain(), "of": facts.of, "days_before": days, "offset": f"{days} days"}
        for recipient, kind in audience_of(facts, session):
            yield draft(
                drafting,
                recipient=recipient,
                occasion=f"session_reminder:{days}d:{session.id}",
                template=f"session_reminder_{kind}",
                subject_ref=f"run:{facts.run}",
                due_at=due_at,
                useful_until=session.starts_at,
                facts=summary | told,
            )


def _became(message: Message, now: datetime, chance: random.Random) -> Message:
    """Give what became of a message by now."""
    if message.due_at > now:
        return message
    seen = {"attempts": 1, "claimed_at": message.due_at, "person": None}
    if chance.random() < WENT_WRONG:
        return replace(message, state=chance.choice(_WRONG), why="The mailbox is full.", **seen)
    state = MessageState.DELIVERED if chance.random() < 0.3 else MessageState.ACCEPTED
    return replace(message, state=state, accepted_at=message.due_at, **seen)
