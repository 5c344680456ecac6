"""What sending needs is away for hours: what still helps goes out afterwards, of the rest a person is told."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from tests.faults.desk import NOON, Desk, Owners, reminders
from tests.servers.smtp import MailServer

HOUR = timedelta(hours=1)


@pytest.fixture
def server():
    """A mail server that tests may stop."""
    with MailServer() as server:
        yield server


@pytest.fixture
def desk(tmp_path, server):
    with Desk(f"sqlite:///{tmp_path}/ledger.sqlite3", server.url) as desk:
        yield desk


def send_until(desk: Desk, end: datetime, owners: Owners | None = None) -> None:
    """Let the time pass, from one attempt to the next, until nothing is to be tried before `end`."""
    while True:
        desk.sender(owners).send_due()
        next_at = desk.next_at()
        if next_at is None or next_at > end:
            break
        desk.clock.at = max(next_at, desk.clock.at)
    desk.clock.at = end


def sent(server: MailServer) -> Counter[str]:
    return Counter(str(message["Message-ID"]) for message in server.messages)


def by_state(desk: Desk, state: str) -> set[str]:
    return {message.message_id for message in desk.ledger if message.state == state}


def test_after_six_hours_without_mail_what_still_helps_is_sent_and_of_the_rest_a_person_is_told(desk, server):
    too_soon = list(reminders(3, useful_for=4 * HOUR))
    just_in_time = list(reminders(3, first=11, useful_for=7 * HOUR))
    later = list(reminders(3, first=21, useful_for=48 * HOUR))
    meanwhile = list(reminders(3, NOON + 5 * HOUR, first=31, useful_for=48 * HOUR))
    desk.enter([*too_soon, *just_in_time, *later, *meanwhile])
    server.stop()

    send_until(desk, NOON + 6 * HOUR)
    assert by_state(desk, "missed") == {message.message_id for message in too_soon}
    server.start()
    send_until(desk, NOON + 24 * HOUR)

    assert desk.states == {"missed": 3, "accepted": 9}
    assert by_state(desk, "missed") == {message.message_id for message in too_soon}
    assert sent(server) == dict.fromkeys(by_state(desk, "accepted"), 1)
    assert desk.events("message_unsettled") == {str(message.id): 1 for message in too_soon}
    assert max(message.attempts for message in desk.ledger) <= 20


def test_mail_that_is_refused_for_now_over_a_day_fails_and_a_person_is_told(desk, server):
    desk.enter(reminders(2, useful_for=None))
    server.answer = "451 4.3.0 Try again later"

    send_until(desk, NOON + 72 * HOUR)

    assert desk.states == {"failed": 2}
    assert all("451" in (message.why or "") for message in desk.ledger)
    assert desk.events("message_unsettled") == {str(message.id): 1 for message in desk.ledger}
    assert server.messages == []


def test_while_the_owner_of_a_person_is_down_nobody_is_written_to_and_then_everybody_once(desk, server):
    desk.enter(reminders(4))
    owners = Owners(away=True)

    send_until(desk, NOON + HOUR, owners)
    assert desk.states == {"scheduled": 4}
    assert owners.asked >= 4
    assert server.mails == []
    owners.away = False
    send_until(desk, NOON + 24 * HOUR, owners)

    assert desk.states == {"accepted": 4}
    assert sent(server) == dict.fromkeys(by_state(desk, "accepted"), 1)
    assert all(len(mail.recipients) == 1 for mail in server.mails)


def test_an_owner_that_is_down_for_longer_than_a_reminder_helps_leaves_it_missed_and_told_of(desk, server):
    desk.enter(reminders(3, useful_for=2 * HOUR))

    send_until(desk, NOON + 3 * HOUR, Owners(away=True))

    assert desk.states == {"missed": 3}
    assert sum(desk.events("message_unsettled").values()) == 3
    assert server.mails == []
