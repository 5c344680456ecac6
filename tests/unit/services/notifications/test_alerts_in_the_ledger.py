"""From what cannot wait to an alert in the team's own tools: once each, and about nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from services.notifications.channels.base import Mail, OutcomeUnknown, PermanentFailure, TemporaryFailure
from services.notifications.domain.messages import Message
from services.notifications.handlers import pipeline as handlers
from services.notifications.sending.alerting import alert
from services.notifications.sending.delivery import Sender
from services.notifications.sending.directory import ServiceDirectory
from services.notifications.sending.rendering import MessageNotRendered, Organisation
from services.notifications.tables import messages, messaging, metadata
from shared.contracts.enquiries import FirstReplyDue, IntakeAlarm, ReplyWritten
from shared.persistence.database import Database
from shared.persistence.work import Store

NOW = dt.datetime(2026, 12, 5, 22, 30, tzinfo=dt.UTC)
"""A Saturday night."""
REF, US = "KT-7F3K-92", Organisation("Key & Compass", "ops@mail.example.org")
ENQUIRY = {
    "contact": {"name": "Sam O'Neil", "email": "sam@risley.example", "status": "active"},
    "standing": "filed",
    "waiting_on": "us",
    "owner": "priya",
    "programme_name": "The Many Faces of Trauma",
    "establishment": "HMP Risley",
    "group_size": 10,
    "preferred_start": None,
}


class Tools:
    """The team's tools, or a mail server: keeps what it was given, or says no."""

    def __init__(self, places: int = 2) -> None:
        self.places = places
        self.told: list[Mail] = []
        self.faults: dict[str, Exception] = {}

    def deliver(self, mail: Mail) -> None:
        if mail.recipient in self.faults:
            raise self.faults[mail.recipient]
        self.told.append(mail)

    def settle(self, _message_id: str) -> bool | None:
        return None


class Others:
    """The enquiries service."""

    def __init__(self) -> None:
        self.enquiry: dict[str, Any] = dict(ENQUIRY)

    def call(self, _service: str, method: str, **_arguments: Any) -> dict[str, Any]:
        return {"words": "Thank you."} if method == "get_reply" else self.enquiry


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = Database(make_url(f"sqlite:///{tmp_path / 'notifications.sqlite3'}"))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: NOW, "notifications")
    database.close()


@pytest.fixture
def others() -> Others:
    return Others()


@pytest.fixture
def sender(store: Store, others: Others) -> Sender:
    return Sender(
        store=store,
        channel=Tools(),
        directory=ServiceDirectory(others.call, US.email),
        organisation=US,
        mail_from="keytalk@mail.example.org",
        lease=dt.timedelta(minutes=1),
        alerts=Tools(),
    )


def alarm(store: Store, kind: str = "canary", places: int = 2) -> None:
    with store.work() as work:
        handlers.when_intake_alarm(work, IntakeAlarm(UUID(int=3), kind, NOW), "mail.example.org", places)


def late(store: Store) -> None:
    with store.work() as work:
        handlers.when_first_reply_due(work, FirstReplyDue(REF, "late", NOW), "mail.example.org", 2)


def to_the_team(store: Store) -> dict[str, tuple[str, str | None]]:
    with store.database.reading() as connection:
        rows = connection.execute(select(messages).where(messages.c.recipient.startswith("team:")))
        return {row.recipient: (row.state, row.why) for row in rows}


def test_an_alarm_in_the_night_is_told_at_once_to_each_address_and_to_ops(store: Store, sender: Sender) -> None:
    alarm(store)
    alarm(store)

    sender.send_due(NOW)
    sender.send_due(NOW)

    assert sorted(mail.recipient for mail in sender.alerts.told) == ["team:1", "team:2"]
    assert {mail.subject for mail in sender.alerts.told} == {"The enquiry form may not be open"}
    assert [mail.recipient for mail in sender.channel.told] == [US.email]


def test_where_no_address_is_set_only_ops_are_told(store: Store, sender: Sender) -> None:
    alarm(store, places=0)

    sender.send_due(NOW)

    assert (sender.alerts.told, to_the_team(store)) == ([], {})
    assert len(sender.channel.told) == 1


def test_a_late_answer_is_told_with_its_reference_and_no_name(store: Store, sender: Sender) -> None:
    late(store)

    sender.send_due(NOW)

    first = sender.alerts.told[0]
    assert first.subject == f"Still waiting for a first answer: {REF}"
    for personal in ("Sam", "O'Neil", "risley", "priya", "Trauma"):
        assert personal.lower() not in f"{first.subject}{first.text}{first.html}".lower()


def test_an_answer_that_came_meanwhile_needs_no_alert(store: Store, sender: Sender, others: Others) -> None:
    late(store)
    others.enquiry["first_reply_at"] = NOW.isoformat()

    sender.send_due(NOW)

    assert sender.alerts.told == []
    answered = ("suppressed", "Somebody has answered the enquirer meanwhile.")
    assert to_the_team(store) == {"team:1": answered, "team:2": answered}


def test_an_address_that_works_is_not_told_again_because_another_does_not(store: Store, sender: Sender) -> None:
    sender.alerts.faults["team:1"] = TemporaryFailure("the service for alerts did not take it")
    alarm(store)

    sender.send_due(NOW)
    sender.alerts.faults.clear()
    sender.send_due(NOW + dt.timedelta(minutes=5))

    assert [mail.recipient for mail in sender.alerts.told] == ["team:2", "team:1"]


def test_an_alert_of_which_nobody_can_say_what_became_is_not_told_again(store: Store, sender: Sender) -> None:
    sender.alerts.faults["team:1"] = OutcomeUnknown("the service did not answer in time")
    alarm(store)

    sender.send_due(NOW)
    sender.alerts.faults.clear()
    sender.send_due(NOW + dt.timedelta(hours=2))

    assert to_the_team(store)["team:1"] == ("unknown", "the service did not answer in time")
    assert [mail.recipient for mail in sender.alerts.told] == ["team:2"]


def test_an_alert_that_was_broken_off_is_asked_of_the_alerts_and_not_of_the_mail(store: Store, sender: Sender) -> None:
    class KnowsAll(Tools):
        def settle(self, _message_id: str) -> bool | None:
            return False

    alarm(store)
    with store.work() as work:
        work.connection.execute(
            messages.update()
            .where(messages.c.recipient.startswith("team:"))
            .values(state="sending", attempts=1, claimed_at=NOW - dt.timedelta(hours=1))
        )

    replace(sender, channel=KnowsAll()).send_due(NOW)

    assert {state for state, _why in to_the_team(store).values()} == {"unknown"}
    assert sender.alerts.told == []


def test_mail_that_is_given_up_is_one_alert_an_hour_and_names_nobody(store: Store, sender: Sender) -> None:
    sender.channel.faults["sam@risley.example"] = PermanentFailure("the mail server answered 554 at DATA")
    for _ in range(3):
        with store.work() as work:
            handlers.when_reply_written(work, ReplyWritten(REF, uuid4()), "mail.example.org")

    sender.send_due(NOW)

    assert sorted(mail.recipient for mail in sender.alerts.told) == ["team:1", "team:2"]
    assert {mail.subject for mail in sender.alerts.told} == {"A message did not get through"}
    assert REF not in sender.alerts.told[0].text


def test_an_alert_that_is_given_up_alerts_nobody(store: Store, sender: Sender) -> None:
    sender.alerts.faults = dict.fromkeys(("team:1", "team:2"), PermanentFailure("no such address any more"))
    alarm(store)

    sender.send_due(NOW)

    assert {state for state, _why in to_the_team(store).values()} == {"failed"}
    assert len(to_the_team(store)) == 2


@pytest.mark.parametrize("kind", ["canary", "silence", "ledger"])
def test_every_alert_says_what_happens_next_and_who_to_ask(store: Store, sender: Sender, kind: str) -> None:
    alarm(store, kind)

    sender.send_due(NOW)

    text = sender.alerts.told[0].text
    assert "What happens next: " in text
    assert f"Questions: {US.email}" in text
    assert "Saturday 5 December 2026, 10.30pm" in text
    assert len(text) < 400


@pytest.mark.parametrize(
    ("template", "facts"),
    [("intake_alarm_team", {"kind": "weather"}), ("first_reply_due_team", {}), ("weather_team", {})],
)
def test_an_alert_that_cannot_be_made_says_so(message: Message, template: str, facts: dict[str, Any]) -> None:
    strange = replace(message, template=template, facts=facts)
    with pytest.raises(MessageNotRendered, match=template):
        alert(strange, US, "keytalk@mail.example.org", NOW)
