"""The messages that the console is measured with are those that the runs would have left."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bench import console_ledger, console_sessions
from services.notifications.domain.statements import CONFIRMATIONS
from services.notifications.queries.proof import list_not_told, session_proof
from services.notifications.tables import messages, messaging
from services.scheduling import tables
from shared.config import read_settings
from shared.persistence.database import Database
from shared.persistence.migrations import migrate

WRONG = {"failed", "unknown", "bounced"}
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    settings = read_settings({"KEYTALK_HOME": str(tmp_path_factory.mktemp("ledger"))})
    for service in ("scheduling", "notifications"):
        migrate(service, settings.database_url_of(service))
    planned, ledger = (Database(settings.database_url_of(name)) for name in ("scheduling", "notifications"))
    years = console_sessions.sessions(planned, 320, years=2, today=NOW.date())
    ids = console_ledger.ledger(ledger, years, now=NOW)
    yield ledger, years, ids
    planned.close()
    ledger.close()


@pytest.fixture(scope="module")
def rows(filled):
    with filled[0].reading() as connection:
        return connection.execute(select(messages)).all()


def test_each_who_takes_part_has_a_letter_and_two_reminders_of_each_session(filled, rows):
    confirmed = [run for run in filled[1].rows[tables.runs] if run["confirmed_at"]]
    of_a_run = Counter(row.subject_ref for row in rows)

    assert of_a_run == {f"run:{run['id']}": 3 + 3 * 2 * console_sessions.SESSIONS for run in confirmed}
    assert {row.id for row in rows} == set(filled[2])


def test_what_is_due_later_waits_with_its_alarm_and_what_is_past_does_not(filled, rows):
    waiting = {str(row.id) for row in rows if row.due_at > NOW}
    with filled[0].reading() as connection:
        alarms = set(connection.scalars(select(messaging.jobs.c.subject)))

    assert waiting == {str(row.id) for row in rows if row.state == "scheduled"} == alarms
    assert {"accepted", "delivered"} < {row.state for row in rows}


def test_the_ledger_proves_what_people_were_told(filled, rows):
    run = next(row.subject_ref for row in rows if row.template == "run_confirmed_contact" and row.due_at < NOW)
    with filled[0].reading() as connection:
        proof = session_proof(connection, run.removeprefix("run:"), None)
        gaps = list_not_told(connection, NOW - timedelta(days=300), 600, 1000)

    assert len(proof["sessions"]) == console_sessions.SESSIONS
    wrong = {row.recipient for row in rows if row.template in CONFIRMATIONS and row.state in WRONG}
    assert {each["recipient"] for each in gaps} <= wrong
