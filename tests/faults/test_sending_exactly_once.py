"""Reminders through kills and a mail server that fails: none told twice, none not told in silence."""

from __future__ import annotations

from collections import Counter

from tests.faults.desk import NOON, Desk, SendingProcesses, reminders
from tests.faults.once import Plan, play
from tests.servers.mail_sink import MailSink


def test_through_five_kills_and_a_failing_mail_server_nobody_is_told_twice_or_missed_in_silence(postgres):
    told = play(postgres.new_database("once"), Plan(count=300, kills=5))

    assert told.good, str(told)
    assert told.states["accepted"] + told.states["unknown"] == 300


def test_two_replicas_that_have_a_thousand_to_send_send_each_of_them_once(postgres):
    count = 1_000
    with (
        MailSink() as sink,
        Desk(postgres.new_database("together"), sink.url) as desk,
        SendingProcesses() as processes,
    ):
        desk.enter(reminders(count))

        together = [processes.start(desk, NOON) for _ in range(2)]
        for process in together:
            process.join()

        assert [process.exitcode for process in together] == [0, 0]
        assert desk.states == {"accepted": count}
        assert Counter(sink.taken.values()) == {1: count}
        assert sum(desk.events("message_accepted").values()) == count
