"""The clock jumps, forwards and back, between attempts and in the middle of one: nobody is told twice or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from services.notifications.channels.base import Mail
from services.notifications.channels.smtp import SmtpChannel, parse_smtp_url
from tests.faults.desk import NOON, PAST_THE_LEASE, Desk, SendingProcesses, reminders
from tests.servers.smtp import MailServer

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(tmp_path, mail_server):
    with Desk(f"sqlite:///{tmp_path}/ledger.sqlite3", mail_server.url) as desk:
        yield desk


class Meanwhile(SmtpChannel):
    """SMTP, and something else that happens while the first mail is under way."""

    def __init__(self, url: str, happens: Callable[[], Any]) -> None:
        super().__init__(parse_smtp_url(url))
        self._happens = [happens]

    def deliver(self, mail: Mail) -> None:
        super().deliver(mail)
        while self._happens:
            self._happens.pop()()


def times_sent(mail_server: MailServer) -> Counter[int]:
    """How many mails came how often."""
    return Counter(Counter(message["Message-ID"] for message in mail_server.messages).values())


def test_a_clock_that_leaps_a_day_ahead_and_back_sends_nothing_again_and_the_rest_at_its_time(desk, mail_server):
    desk.enter(reminders(2))
    desk.enter(reminders(2, NOON + 20 * HOUR, first=11))
    desk.enter(reminders(2, NOON + 30 * HOUR, first=21))

    desk.clock.turn(24 * HOUR)
    desk.sender().send_due()
    assert desk.states == {"accepted": 4, "scheduled": 2}
    desk.clock.turn(-24 * HOUR)
    for _ in range(5):
        desk.sender().send_due()
        desk.clock.turn(6 * HOUR)
    assert desk.states == {"accepted": 4, "scheduled": 2}
    desk.clock.turn(HOUR)
    desk.sender().send_due()

    assert desk.states == {"accepted": 6}
    assert times_sent(mail_server) == {1: 6}


@pytest.mark.parametrize("by", [-3 * HOUR, 3 * HOUR, timedelta(days=-400)])
def test_a_clock_that_leaps_in_the_middle_of_an_attempt_changes_nothing_of_its_outcome(desk, mail_server, by):
    desk.enter(reminders(3, useful_for=timedelta(days=30)))

    with closing(Meanwhile(mail_server.url, lambda: desk.clock.turn(by))) as channel:
        desk.sender(channel=channel, at_once=1).send_due(as_of=NOON)
    desk.clock.turn(-by)
    desk.clock.turn(PAST_THE_LEASE)
    desk.sender().send_due()

    assert desk.states == {"accepted": 3}
    assert times_sent(mail_server) == {1: 3}
    assert set(desk.events("message_accepted").values()) == {1}


def test_one_whose_clock_is_ahead_calls_an_attempt_broken_off_and_its_outcome_still_counts(desk, mail_server):
    desk.enter(reminders(3))
    seen = []

    def another_looks_an_hour_ahead():
        desk.clock.turn(HOUR)
        desk.sender().settle_broken_off()
        seen.append(desk.states["unknown"])
        desk.clock.turn(-HOUR)

    with closing(Meanwhile(mail_server.url, another_looks_an_hour_ahead)) as channel:
        desk.sender(channel=channel, at_once=1).send_due()

    assert seen == [1]
    assert desk.states == {"accepted": 3}
    assert times_sent(mail_server) == {1: 3}


def test_what_was_broken_off_under_a_clock_that_was_ahead_is_settled_once_that_time_has_come(desk, mail_server):
    desk.enter(reminders(3))
    with SendingProcesses() as processes:
        processes.send(desk, NOON + HOUR, kill=("mail sent, not recorded", 3), at_once=1)

    desk.clock.turn(PAST_THE_LEASE)
    desk.sender().send_due()
    assert desk.states == {"accepted": 2, "sending": 1}
    desk.clock.turn(HOUR)
    desk.sender().send_due()

    assert desk.states == {"accepted": 2, "unknown": 1}
    assert times_sent(mail_server) == {1: 3}
