"""What these tests share. The people, places and addresses are invented."""

from __future__ import annotations

import datetime as dt
from itertools import count
from uuid import UUID

import pytest
from sqlalchemy.engine import make_url

from services.notifications.channels.base import Attachment, Mail
from services.notifications.domain.facts import EnquiryFacts, RunFacts, SessionFacts
from services.notifications.domain.messages import Message, MessageState, stable_message_id
from services.notifications.domain.occasions import Drafting
from services.notifications.tables import metadata
from shared.persistence.database import Database
from tests.unit.services.notifications.sending_house import House


@pytest.fixture
def now() -> dt.datetime:
    return dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def enquiry() -> EnquiryFacts:
    return EnquiryFacts("KT-7F3K-92", "The Many Faces of Trauma", "Risley (HMP)")


@pytest.fixture
def run() -> RunFacts:
    """Sixteen Tuesdays at Risley, 12 January to 27 April 2027, 13:45 to 16:45; the clocks change on 28 March."""
    first = dt.date(2027, 1, 12)
    sessions = (
        SessionFacts(f"s{n}", n, first + dt.timedelta(weeks=n - 1), dt.time(13, 45), dt.time(16, 45))
        for n in range(1, 17)
    )
    return RunFacts(
        run="run-1",
        enquiry="KT-7F3K-92",
        establishment="Risley (HMP)",
        programme="The Many Faces of Trauma",
        facilitators=("tom", "ana"),
        sessions=tuple(sessions),
        version=1,
    )


@pytest.fixture
def drafting() -> Drafting:
    numbers = count(1)
    return Drafting(lambda: UUID(int=next(numbers)), "mail.example.org")


@pytest.fixture
def message(now: dt.datetime) -> Message:
    """A reminder due now and useful for two days."""
    return Message(
        id=UUID(int=1),
        recipient="facilitator:tom",
        occasion="session_reminder:5d:s1",
        version=1,
        template="session_reminder_facilitator",
        subject_ref="run:run-1",
        due_at=now,
        useful_until=now + dt.timedelta(days=2),
        state=MessageState.SCHEDULED,
        why=None,
        attempts=0,
        message_id=stable_message_id("facilitator:tom", "session_reminder:5d:s1", 1, "mail.example.org"),
        facts={},
    )


@pytest.fixture
def mail(now: dt.datetime) -> Mail:
    """A mail with words beyond ASCII, a line that starts with a full stop, and a calendar file."""
    return Mail(
        message_id="<0123456789abcdef@mail.example.org>",
        sender="keytalk@mail.example.org",
        sender_name="Gobaith, Cymru",
        recipient="sam@prison.example",
        reply_to="ops@mail.example.org",
        subject="Session 3 of 16",
        text="Hello Siân,\n.a line that starts with a full stop\nThe price is £250.\n",
        html="<p>Hello Siân</p>\n",
        date=now,
        attachments=(
            Attachment("sessions.ics", "text/calendar", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", {"method": "PUBLISH"}),
        ),
    )


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledgers(request, tmp_path_factory):
    """The tables of the ledger on one database and then the other, for a module."""
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'notifications.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database().replace("postgresql:", "postgresql+psycopg:")
    made = Database(make_url(url))
    metadata.create_all(made.engine)
    yield made
    made.close()


@pytest.fixture
def house(ledgers) -> House:
    """An empty ledger and a sender at it."""
    with ledgers.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return House(ledgers)
