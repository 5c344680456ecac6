"""What the doctor makes of facts that are hard to bring about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.doctor.probes.broker import BrokerFacts
from ops.doctor.probes.clocks import Skew, skew_of, skew_of_date
from ops.doctor.probes.database import DatabaseFacts, fault_in
from ops.doctor.probes.gateway import GatewayFacts
from ops.doctor.probes.machine import Disk, Port
from ops.doctor.probes.rights import Lack
from ops.doctor.verdicts.broker import judge_alarm, judge_queues, judge_reach, judge_rights
from ops.doctor.verdicts.clocks import judge_clocks
from ops.doctor.verdicts.database import judge_databases, judge_dead_letters, judge_migrations, judge_relays
from ops.doctor.verdicts.gateway import judge_services
from ops.doctor.verdicts.machine import GIB, MIB, judge_disks, judge_ports
from shared.messaging.backlog import Backlog, InboxBacklog, JobsBacklog, OutboxBacklog
from shared.messaging.broker import QueueDepth

NINE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def database(**facts) -> DatabaseFacts:
    return DatabaseFacts(**{"service": "enquiries", "where": "/h/e.sqlite3", "is_file": True} | facts)


def broker(**facts) -> BrokerFacts:
    return BrokerFacts(**{"where": "rabbit:5672", "user": "kt", "vhost": "crm", "product": "RabbitMQ 4.0"} | facts)


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (199 * MIB, 10 * GIB, "broken"),
        (900 * MIB, 8 * GIB, "look"),
        (60 * MIB, 64 * MIB, "ok"),
        (2 * GIB, 10 * GIB, "ok"),
        (0.9 * GIB, 100 * GIB, "broken"),
        (9 * GIB, 100 * GIB, "look"),
        (30 * GIB, 4000 * GIB, "ok"),
    ],
)
def test_a_disk_is_judged_by_bytes_and_by_share(free, total, state):
    [finding] = judge_disks([Disk(Path("/h"), int(free), int(total))])

    assert finding.state == state


def test_a_disk_whose_table_of_files_is_full_is_broken():
    [finding] = judge_disks([Disk(Path("/h"), 50 * GIB, 100 * GIB, free_files=9, total_files=1000)])

    assert (finding.state, "--inodes" in finding.mend) == ("broken", True)


def test_two_settings_for_one_port_are_told_once():
    [finding] = judge_ports([Port("A", 80, "free"), Port("B", 80, "free")], "127.0.0.1")

    assert (finding.state, finding.mend) == ("broken", "Set one of them to another number: A or B.")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ('connection to server at "h", port 5432 failed: Connection refused', "away"),
        ("connection timeout expired", "away"),
        ("failed to resolve host 'h'", "away"),
        ("FATAL:  the database system is starting up", "away"),
        ('FATAL:  password authentication failed for user "u"', "login"),
        ("fe_sendauth: no password supplied", "login"),
        ('FATAL:  database "x" does not exist', "missing"),
        ("FATAL:  sorry, too many clients already", "crowded"),
        ("FATAL:  remaining connection slots are reserved", "crowded"),
        ('FATAL:  no pg_hba.conf entry for host "h"', "refused"),
    ],
)
def test_what_is_wrong_with_a_database_is_told_from_what_the_driver_says(words, fault):
    assert fault_in(words) == fault


def test_each_database_that_is_not_to_be_had_has_a_finding_of_its_own():
    findings = judge_databases(
        [
            database(),
            database(service="scheduling", is_file=False, fault="crowded"),
            database(service="notifications", is_file=False, fault="read-only"),
            database(service="ops", fault="missing"),
        ]
    )

    assert [each.state for each in findings] == ["broken", "broken", "look"]
    assert "max_connections" in findings[0].mend
    assert "primary" in findings[1].mend


def test_how_many_migrations_are_missing_is_told():
    [finding] = judge_migrations([database(revision="0001", known=("0001", "0002", "0003"), looked_at=NINE)])

    assert "2 migrations behind: it is at 0001, this version needs 0003" in finding.words


def backlog(*, outbox=(0, 0.0, 0), inbox=(0, 0, 0)) -> Backlog:
    return Backlog(OutboxBacklog(*outbox), InboxBacklog(*inbox), JobsBacklog(0, 0, 0.0, 0, 0))


def test_events_that_are_tried_again_want_a_look_only():
    [finding] = judge_dead_letters([database(backlog=backlog(inbox=(0, 2, 0)))])

    assert finding.state == "look"


def test_how_many_wait_behind_a_dead_letter_is_told():
    [finding] = judge_dead_letters([database(backlog=backlog(inbox=(3, 0, 1)))])

    assert "3 later ones wait behind" in finding.words


@pytest.mark.parametrize(("seconds", "state"), [(60.0, "ok"), (61.0, "broken")])
def test_a_relay_is_stuck_after_a_minute(seconds, state):
    [finding] = judge_relays([database(backlog=backlog(outbox=(4, seconds, 0)))], broker_away=False)

    assert finding.state == state


def test_the_shared_user_of_all_services_is_given_everything():
    lacks = (Lack("enquiries", "configure", "rpc-enquiries"), Lack("ops", "write", "nameko-rpc", "nameko-rpc"))

    [finding] = judge_rights(broker(lacks=lacks), ("enquiries", "ops"))

    assert finding.mend == (
        "rabbitmqctl set_permissions -p crm kt '.*' '.*' '.*' && rabbitmqctl clear_topic_permissions -p crm kt"
    )


def test_an_exchange_that_nobody_may_make_is_named():
    [finding] = judge_rights(broker(lacks=(), missing=("keytalk.dead",)), ("enquiries",))

    assert (finding.state, "keytalk.dead" in finding.words) == ("broken", True)


def test_a_broker_of_another_make_is_not_asked_for_rights():
    [finding] = judge_rights(broker(product="LavinMQ 2.0"), ("enquiries",))

    assert finding.state == "could not look"


@pytest.mark.parametrize(
    ("alarm", "state", "mend"),
    [
        ("", "ok", ""),
        ("low on memory", "broken", "set_vm_memory_high_watermark"),
        ("low on disk", "broken", "disk_free_limit"),
        ("something new", "broken", "rabbitmq-diagnostics alarms"),
    ],
)
def test_a_broker_that_takes_no_messages_says_why_and_what_mends_it(alarm, state, mend):
    [finding] = judge_alarm(broker(alarm=alarm))

    assert (finding.state, mend in finding.mend, alarm in finding.words) == (state, True, True)


def test_both_alarms_have_both_mends():
    [finding] = judge_alarm(broker(alarm="low on memory & disk"))

    assert "memory_breakdown" in finding.mend
    assert "Free space" in finding.mend


def test_what_an_alarm_keeps_from_being_seen_is_no_fault():
    [finding] = judge_rights(broker(alarm="low on disk"), ("enquiries",))

    assert (judge_alarm(None), finding.state) == ([], "could not look")
    assert judge_alarm(broker(fault="away"))[0].state == "could not look"


def test_a_certificate_that_is_not_trusted_is_told_from_a_broker_that_is_away():
    [finding] = judge_reach(broker(fault="tls", said="certificate has expired"), ("enquiries",))

    assert "SSL_CERT_FILE" in finding.mend


@pytest.mark.parametrize(
    ("inbox", "dead", "state"),
    [
        (QueueDepth(5, 1), QueueDepth(0, 1), "ok"),
        (QueueDepth(5, 0), QueueDepth(0, 0), "broken"),
        (QueueDepth(0, 0), QueueDepth(1, 0), "broken"),
        (QueueDepth(0, 0), QueueDepth(0, 0), "ok"),
        (None, None, "look"),
    ],
)
def test_what_waits_on_the_broker_is_a_fault_where_nobody_takes_it(inbox, dead, state):
    [finding] = judge_queues(broker(queues={"enquiries": (inbox, dead)}))

    assert finding.state == state


@pytest.mark.parametrize(
    ("seconds", "give_or_take", "state"),
    [(1.9, 0.0, "ok"), (-2.5, 0.0, "look"), (3.0, 1.5, "ok"), (30.5, 0.0, "broken"), (31.0, 2.0, "look")],
)
def test_a_clock_is_judged_by_what_is_certain(seconds, give_or_take, state):
    [finding] = judge_clocks([Skew("another", seconds, give_or_take)])

    assert finding.state == state


def test_a_time_that_was_told_is_compared_with_the_middle_of_the_wait():
    skew = skew_of("another", NINE + timedelta(seconds=6), NINE, NINE + timedelta(seconds=2))

    assert (skew.seconds, skew.give_or_take) == (5.0, 1.0)


def test_a_date_header_is_taken_for_the_middle_of_its_second():
    skew = skew_of_date("another", "Tue, 24 Nov 2026 09:00:10 GMT", NINE, NINE)

    assert skew is not None
    assert (skew.seconds, skew.give_or_take) == (10.5, 0.5)
    assert skew_of_date("another", None, NINE, NINE) is None


def test_a_token_that_may_not_ask_how_services_are_says_nothing_about_them():
    [finding] = judge_services(GatewayFacts("http://h", door="opens"), broker_away=False)

    assert finding.state == "could not look"


def test_a_service_that_does_not_answer_is_named_with_the_gateways_words():
    facts = GatewayFacts(
        "http://h", door="opens", services=("enquiries", "scheduling"), silent={"scheduling": "It is not running."}
    )

    [finding] = judge_services(facts, broker_away=False)

    assert (finding.words, "keytalk serve scheduling" in finding.mend) == ("It is not running.", True)
