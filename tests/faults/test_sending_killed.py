"""A sender is killed at each line of its loop: what it had in hand goes out once, or is said to be unknown.

What it had only prepared goes out as if nothing had been. Most are told of a sender that has one message in hand at a
time, so that it is known which one; what it has in hand at once otherwise comes to the same.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Any

import pytest

from tests.faults.desk import NOON, PAST_THE_LEASE, Desk, Owners, SendingProcesses, reminders
from tests.servers.smtp import MailServer

REMINDERS = 4
MANY = 11

# Where it is killed, at the how manyth time that it comes by, and what becomes of the message that it had in hand.
MOMENTS = [
    pytest.param("recipient not looked up", 3, "sent later", id="before-a-look-up"),
    pytest.param("recipient looked up", 3, "sent later", id="after-a-look-up"),
    pytest.param("rendered", 3, "sent later", id="after-rendering"),
    pytest.param("turn not begun", 1, "sent later", id="before-the-first-claim"),
    pytest.param("claim not committed", 1, "sent later", id="before-the-first-claim-is-committed"),
    pytest.param("claimed", 3, "unknown, not sent", id="after-the-claim"),
    pytest.param("mail claimed, not sent", 3, "unknown, not sent", id="before-smtp"),
    pytest.param("mail sent, not recorded", 3, "unknown, sent", id="after-smtp"),
    pytest.param("turn not begun", 4, "unknown, sent", id="before-the-record"),
    pytest.param("recorded, not followed up", 3, "unknown, sent", id="before-the-follow-up"),
    pytest.param("followed up, not committed", 3, "unknown, sent", id="after-the-follow-up"),
    pytest.param("claim not committed", 4, "unknown, sent", id="before-the-next-claim-and-the-record-are-committed"),
    pytest.param("last one not recorded", 1, "unknown, sent", id="before-the-record-of-the-last"),
    pytest.param("last one recorded", 1, "sent", id="after-the-record-of-the-last"),
]

# The same where four go out at once: it has sent four, and is killed with others in hand.
MOMENTS_AT_ONCE = [
    pytest.param("turn not begun", 2, id="before-the-second-turn"),
    pytest.param("claim not committed", 2, id="before-the-second-turn-is-committed"),
    pytest.param("claimed", 2, id="after-the-second-turn"),
    pytest.param("mail claimed, not sent", 7, id="before-the-third-of-four-is-sent"),
    pytest.param("mail sent, not recorded", 7, id="after-the-third-of-four-is-sent"),
    pytest.param("recorded, not followed up", 3, id="as-four-are-recorded"),
    pytest.param("followed up, not committed", 7, id="as-the-next-four-are-recorded"),
    pytest.param("last one not recorded", 1, id="before-the-record-of-the-last"),
]


class DeadlyServer(MailServer):
    """Kills who sends to it: as it names its third recipient, or once the third mail is taken and not answered."""

    def __init__(self) -> None:
        super().__init__()
        self.victim: int | None = None
        self.deadly = ""
        self._came: Counter[str] = Counter()

    async def handle_RCPT(self, *given: Any) -> str:  # noqa: N802
        self._strike("RCPT")
        return await super().handle_RCPT(*given)

    async def handle_DATA(self, *given: Any) -> str:  # noqa: N802
        answer = await super().handle_DATA(*given)
        self._strike("DATA")
        return answer

    def _strike(self, verb: str) -> None:
        self._came[verb] += 1
        if self.victim and verb == self.deadly and self._came[verb] == 3:
            os.kill(self.victim, signal.SIGKILL)


@pytest.fixture(scope="module")
def processes():
    with SendingProcesses() as processes:
        yield processes


def sent(mail_server: MailServer) -> Counter[str]:
    return Counter(str(message["Message-ID"]) for message in mail_server.messages)


def settled(desk: Desk, mail_server: MailServer) -> tuple[set[str], set[str]]:
    """Give what is accepted and what is unknown after a successor has looked, when nobody has anything in hand.

    Whatever happened, those are all, none came twice, and what is accepted came and is told of once.
    """
    desk.clock.turn(PAST_THE_LEASE)
    desk.sender().send_due()

    by_state: dict[str, set[str]] = {}
    for message in desk.ledger:
        by_state.setdefault(message.state.value, set()).add(message.message_id)
    unknown, accepted = by_state.pop("unknown", set()), by_state.pop("accepted")
    arrived = sent(mail_server)
    assert not by_state
    assert set(arrived.values()) == {1}
    assert accepted <= set(arrived) <= accepted | unknown
    assert len(desk.events("message_accepted")) == len(accepted)
    assert set(desk.events("message_accepted").values()) == {1}
    return accepted, unknown


def judge(desk: Desk, mail_server: MailServer, fate: str) -> None:
    accepted, unknown = settled(desk, mail_server)
    assert len(unknown) == fate.startswith("unknown")
    assert set(sent(mail_server)) == accepted | (unknown if fate == "unknown, sent" else set())


@pytest.mark.parametrize(("point", "count", "fate"), MOMENTS)
def test_killed_at_this_line_it_sends_nothing_twice_and_leaves_nothing_open(
    tmp_path, mail_server, processes, point, count, fate
):
    with Desk(f"sqlite:///{tmp_path}/ledger.sqlite3", mail_server.url) as desk:
        desk.enter(reminders(REMINDERS))

        assert processes.send(desk, NOON, kill=(point, count), at_once=1) == -signal.SIGKILL

        judge(desk, mail_server, fate)


@pytest.mark.parametrize(("point", "count"), MOMENTS_AT_ONCE)
def test_killed_with_four_in_hand_it_leaves_only_those_in_doubt(tmp_path, mail_server, processes, point, count):
    with Desk(f"sqlite:///{tmp_path}/ledger.sqlite3", mail_server.url) as desk:
        desk.enter(reminders(MANY))

        assert processes.send(desk, NOON, kill=(point, count), at_once=4) == -signal.SIGKILL

        in_hand = {each.message_id for each in desk.ledger if each.state == "sending"}
        _accepted, unknown = settled(desk, mail_server)
        assert unknown == in_hand
        assert 1 <= len(unknown) <= 4


@pytest.mark.parametrize(("verb", "fate"), [("RCPT", "unknown, not sent"), ("DATA", "unknown, sent")])
def test_killed_in_the_middle_of_the_exchange_it_does_so_as_well(tmp_path, processes, verb, fate):
    with DeadlyServer() as server, Desk(f"sqlite:///{tmp_path}/ledger.sqlite3", server.url) as desk:
        desk.enter(reminders(REMINDERS))
        server.deadly = verb
        victim = processes.start(desk, NOON, at_once=1)
        server.victim = victim.pid

        victim.join()

        assert victim.exitcode == -signal.SIGKILL
        judge(desk, server, fate)


def test_the_message_of_one_that_was_killed_is_left_alone_while_it_may_still_be_under_way(
    tmp_path, mail_server, processes
):
    with Desk(f"sqlite:///{tmp_path}/ledger.sqlite3", mail_server.url) as desk:
        desk.enter(reminders(REMINDERS))
        processes.send(desk, NOON, kill=("mail sent, not recorded", 3), at_once=1)

        desk.sender(Owners()).send_due()

        assert desk.states == {"accepted": REMINDERS - 1, "sending": 1}
        assert set(sent(mail_server).values()) == {1}
