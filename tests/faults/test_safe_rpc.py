"""Whatever is sent to a service by RPC, and whatever fails while it answers: it stands, and takes the next call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import amqp
import pytest

from tests.faults.rpc_stranger import GOOD, MESSAGES, SECRET, Message, Stranger, call_of
from tests.servers.processes import Child
from tests.servers.proxy import FaultProxy
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
QUEUE = "rpc-office"


class Office:
    """The office as a process on RabbitMQ, and its log."""

    def __init__(self, uri: str, log: Path, workers: int = 10) -> None:
        self.uri, self.log, self._workers = uri, log, workers
        self.start()

    def start(self) -> None:
        self._begin = len(self.log.read_text()) if self.log.exists() else 0
        command = [sys.executable, "-W", "ignore", "-m", "tests.faults.rpc_office", self.uri, str(self._workers)]
        self.child = Child(command, log=self.log, env=dict(os.environ), cwd=ROOT)
        self.child.wait_until(lambda: "ready" in self.said.split(), what="the office", within=30)

    @property
    def said(self) -> str:
        """What it printed and logged since it was last started."""
        return self.log.read_text()[self._begin :] if self.log.exists() else ""

    @property
    def stands(self) -> bool:
        return self.child.running

    def kill(self) -> None:
        self.child.end(9)


@contextmanager
def office_at(uri: str, tmp_path: Path, workers: int = 10) -> Iterator[Office]:
    office = Office(uri, tmp_path / "office.log", workers)
    try:
        yield office
    finally:
        office.child.end()


@pytest.fixture(scope="module")
def uri(rabbitmq) -> str:
    return rabbitmq.new_vhost()


@pytest.fixture(scope="module")
def office(uri, tmp_path_factory) -> Iterator[Office]:
    with office_at(uri, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def stranger(uri) -> Iterator[Stranger]:
    with Stranger(uri) as stranger:
        yield stranger


def held_in(rabbitmq, uri: str) -> int:
    """How many calls the office's queue holds, those in hand counted."""
    if not rabbitmq.owned:
        return waiting_in(uri)
    rows = rabbitmq.ctl("list_queues", "-p", urlsplit(uri).path[1:], "name", "messages").splitlines()
    return int(dict(row.split("\t") for row in rows)[QUEUE])


def waiting_in(uri: str) -> int:
    """How many calls wait in the office's queue, those in the hands of a process left out."""
    with raw_channel(uri) as channel:
        return int(channel.queue_declare(QUEUE, passive=True).message_count)


@contextmanager
def raw_channel(uri: str) -> Iterator[amqp.Channel]:
    parts = urlsplit(uri)
    connection = amqp.Connection(
        f"{parts.hostname}:{parts.port}", parts.username, parts.password, virtual_host=parts.path[1:]
    )
    connection.connect()
    with connection:
        yield connection.channel()


def fits(message: Message, answer: dict) -> bool:
    """Whether it is the answer to expect; of a fault only its kind may be told."""
    error = answer["error"]["exc_type"] if answer["error"] else None
    assert SECRET not in str(answer["error"])
    return (error, answer["result"]) == (message.error, message.result)


@pytest.mark.parametrize("name", MESSAGES)
def test_the_office_answers_or_puts_away_and_takes_the_next_call(office, stranger, name):
    message = MESSAGES[name]

    sent = stranger.send(message)

    if message.answered:
        answer = stranger.answer(sent)
        assert fits(message, answer), answer
    assert stranger.ask(GOOD)["result"] == SECRET
    assert office.stands


def test_a_restarted_office_is_not_ended_by_what_waited_for_it(rabbitmq, tmp_path):
    uri = rabbitmq.new_vhost()
    with office_at(uri, tmp_path) as office, Stranger(uri) as stranger:
        office.kill()
        sent = {name: stranger.send(message) for name, message in MESSAGES.items()}

        office.start()

        answers = {name: stranger.answer(sent[name]) for name in [*MESSAGES][-3:]}
        assert all(fits(MESSAGES[name], answer) for name, answer in answers.items())
        assert stranger.ask(GOOD)["result"] == SECRET
        assert office.stands
        eventually(lambda: held_in(rabbitmq, uri) == 0)


@pytest.mark.parametrize(
    "address", [None, "office.note", "office.echo", "7D4AD6B6-B5E8-4494-8F03-C3A0AB3C8B79", "x" * 255]
)
def test_a_call_that_names_nobody_to_answer_is_not_run(office, stranger, address):
    stranger.send(Message(**call_of("note", word=str(address)), properties={"reply_to": address}))
    stranger.ask(Message(**call_of("note", word="a good one")))

    noted = stranger.ask(Message(**call_of("noted")))["result"]

    assert "a good one" in noted
    assert str(address) not in noted


def test_a_call_that_came_out_of_another_queue_is_not_run(office, stranger):
    """A service may have a queue of its own dead-letter into the exchange for calls, under any key."""
    death = {"x-death": [{"queue": "rpc.reply-other", "reason": "rejected", "count": 1}]}
    stranger.send(Message(**call_of("note", word="a forged one"), headers=death))
    stranger.ask(Message(**call_of("note", word="a good one")))

    noted = stranger.ask(Message(**call_of("noted")))["result"]

    assert "a good one" in noted
    assert "a forged one" not in noted


def test_what_happened_is_logged_without_a_word_of_the_bodies(office, stranger):
    for name in ("body: broken JSON", "call: an argument too many", "fault: a fault of the method"):
        stranger.ask(MESSAGES[name])

    lines = [json.loads(line) for line in office.said.splitlines() if line.startswith("{")]
    told = {(line["message"], line.get("call"), line.get("why") or line.get("error")) for line in lines}
    assert {
        ("call not taken", "office.echo", "MalformedRequest"),
        ("call not taken", "office.echo", "IncorrectSignature"),
        ("a fault of ours", "office.fail", "KeyError"),
    } <= told
    assert SECRET not in office.said


def test_what_a_header_says_is_believed_only_where_it_is_listed_and_fits(stranger, office):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    good = {"correlationid": "c-1", "causationid": "e-1", "traceparent": trace}
    forged = {"user_id": "admin", "nameko.auth_token": "forged", "correlation_id": "x"}

    told = stranger.ask(Message(**call_of("context"), headers={**good, **forged}))["result"]

    assert (told["correlation_id"], told["causation_id"]) == ("c-1", "e-1")
    assert told["traceparent"].split("-")[1] == trace.split("-")[1]
    assert told["data"] == {"correlation_id": "c-1", "causation_id": "e-1", "traceparent": trace}
    bare = stranger.ask(Message(**call_of("context")))["result"]
    assert (bare["correlation_id"], bare["causation_id"]) == (None, None)


def test_a_nested_call_carries_what_it_is_about(stranger, office):
    asked = call_of("ask_ourselves", method="context", arguments={}, deadline=5)

    told = stranger.ask(Message(**asked, headers={"correlationid": "c-1", "causationid": "e-1"}))["result"]

    assert (told["correlation_id"], told["causation_id"]) == ("c-1", "e-1")


class BeyondTheCalendar(datetime):
    """A moment that AMQP has a form for and Python has none."""

    def utctimetuple(self):
        return (9999, 12, 31, 10**6, 0, 0)


@pytest.mark.parametrize(
    "properties",
    [
        {"correlation_id": b"\xff\xfe"},
        {"reply_to": b"\xff"},
        {"application_headers": {"when": BeyondTheCalendar(2026, 1, 1)}},
    ],
    ids=["an id that is not UTF-8", "an address that is not UTF-8", "a time beyond the calendar"],
)
def test_properties_that_cannot_even_be_parsed_are_put_away(uri, office, stranger, properties):
    with raw_channel(uri) as channel:
        channel.basic_publish(amqp.Message("{}", **properties), exchange="nameko-rpc", routing_key="office.echo")

    assert stranger.ask(GOOD)["result"] == SECRET
    assert office.stands
    assert "reading broke off" not in office.said


def test_a_routing_key_that_cannot_be_parsed_ends_nothing(rabbitmq, tmp_path):
    """Rights on the broker keep such a key out; without them it holds up calls until it is taken out or runs out."""
    uri = rabbitmq.new_vhost()
    with office_at(uri, tmp_path) as office, Stranger(uri) as stranger, raw_channel(uri) as channel:
        channel.basic_publish(amqp.Message("{}"), exchange="nameko-rpc", routing_key=b"office.\xff")
        eventually(lambda: "reading broke off" in office.said)

        eventually(lambda: channel.queue_purge(QUEUE))

        assert stranger.ask(GOOD, within=30)["result"] == SECRET
        assert office.stands


def test_a_reply_queue_that_is_gone_costs_only_the_answer(uri, office, stranger):
    with Stranger(uri) as gone:
        gone.send(Message(**call_of("rest", seconds=0.5)))
        gone.leave_no_address()

    assert stranger.ask(GOOD)["result"] == SECRET
    eventually(lambda: "nobody took the answer" in office.said)
    assert office.stands


def test_an_answer_that_the_broker_refuses_costs_only_the_answer(rabbitmq, tmp_path):
    if not rabbitmq.owned:
        pytest.skip("sets permissions, so the broker has to be private")
    uri = rabbitmq.new_vhost()
    vhost, user = urlsplit(uri).path[1:], urlsplit(uri).username
    with office_at(uri, tmp_path) as office, Stranger(uri) as stranger:
        rabbitmq.ctl("set_topic_permissions", "-p", vhost, user, "nameko-rpc", r"^office\..*$", ".*")
        stranger.send(GOOD)
        eventually(lambda: '"why": "AccessRefused"' in office.said)

        rabbitmq.ctl("clear_topic_permissions", "-p", vhost, user)

        assert stranger.ask(GOOD)["result"] == SECRET
        assert office.stands
        eventually(lambda: held_in(rabbitmq, uri) == 0)


OWN_QUEUES = r"^(rpc-(office|desk)|rpc\.reply-(office|desk|stranger)-.*)$"


def test_a_service_that_may_not_declare_the_exchange_works_and_one_without_its_queue_says_so(rabbitmq, tmp_path):
    if not rabbitmq.owned:
        pytest.skip("sets permissions, so the broker has to be private")
    uri = rabbitmq.new_vhost()
    vhost, user = urlsplit(uri).path[1:], urlsplit(uri).username
    with raw_channel(uri) as channel:
        channel.exchange_declare("nameko-rpc", "topic", durable=True, auto_delete=False)
    rabbitmq.ctl("set_permissions", "-p", vhost, user, OWN_QUEUES, ".*", ".*")
    with office_at(uri, tmp_path) as office, Stranger(uri, declare_exchange=False) as stranger:
        assert stranger.ask(GOOD)["result"] == SECRET
        office.kill()
        rabbitmq.ctl("set_permissions", "-p", vhost, user, "^$", ".*", ".*")

        command = [sys.executable, "-W", "ignore", "-m", "tests.faults.rpc_office", uri, "1"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

        assert ended.returncode
        assert "TopologyRefused: RabbitMQ refused rpc" in ended.stderr


def test_a_call_that_nobody_took_does_not_wait_for_ever(rabbitmq, uri, office):
    if not rabbitmq.owned:
        pytest.skip("looks into the broker, so it has to be private")
    rows = rabbitmq.ctl("list_queues", "-p", urlsplit(uri).path[1:], "name", "arguments").splitlines()

    (arguments,) = (row.partition("\t")[2] for row in rows if row.startswith(QUEUE))

    assert '"x-message-ttl",60000' in arguments


def test_with_one_worker_a_call_to_oneself_ends_in_time_and_leaves_the_pool_free(rabbitmq, tmp_path):
    uri = rabbitmq.new_vhost()
    with office_at(uri, tmp_path, workers=1) as office, Stranger(uri) as stranger:
        nested = Message(**call_of("ask_ourselves", method="echo", arguments={"value": 1}, deadline=1))
        sent = [stranger.send(nested) for _ in range(3)]

        answers = [stranger.answer(correlation_id) for correlation_id in sent]

        assert [answer["error"]["exc_args"][0] for answer in answers] == ["unavailable"] * 3
        assert stranger.ask(GOOD)["result"] == SECRET
        assert office.stands


def test_a_connection_cut_while_a_call_waits_ends_the_call_in_time(rabbitmq, tmp_path):
    with FaultProxy(rabbitmq.port) as proxy:
        uri = rabbitmq.new_vhost()
        with office_at(proxy.address(uri), tmp_path) as office, Stranger(uri) as stranger:
            asked = call_of("ask_ourselves", method="rest", arguments={"seconds": 60}, deadline=3)
            sent = stranger.send(Message(**asked))
            eventually(lambda: waiting_in(uri) == 0)

            proxy.cut()

            answer = stranger.answer(sent, within=30)
            assert answer["error"]["exc_args"][0] == "unavailable"
            assert stranger.ask(GOOD, within=30)["result"] == SECRET
            assert office.stands


def test_a_broker_that_goes_away_while_an_answer_is_sent_leaves_the_office_standing(rabbitmq, tmp_path):
    with FaultProxy(rabbitmq.port) as proxy:
        uri = rabbitmq.new_vhost()
        with office_at(proxy.address(uri), tmp_path) as office, Stranger(uri) as stranger:
            stranger.send(Message(**call_of("rest", seconds=0.5)))
            eventually(lambda: waiting_in(uri) == 0)

            proxy.down()
            eventually(lambda: "nobody took the answer" in office.said, within=30)
            proxy.heal()

            assert stranger.ask(GOOD, within=30)["result"] == SECRET
            assert office.stands


@pytest.fixture(scope="module")
def embedded() -> subprocess.CompletedProcess[str]:
    """What came of the office in one process with its stranger, without a broker."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.faults.rpc_office", "keytalk-memory://localhost", "5"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.parametrize("name", MESSAGES)
def test_in_one_process_without_a_broker_the_same_holds(embedded, name):
    message = MESSAGES[name]

    lines = [json.loads(line) for line in embedded.stdout.splitlines() if line.startswith("{")]

    (line,) = (line for line in lines if line["name"] == name)
    assert not message.answered or fits(message, line["answer"]), line
    assert line["then"] == SECRET


def test_in_one_process_nothing_ends_it_and_no_log_holds_a_body(embedded):
    assert embedded.stdout.splitlines()[-1] == "the office still stands"
    assert SECRET not in embedded.stderr


def test_in_one_process_as_many_calls_as_workers_do_not_keep_out_their_answers(embedded):
    assert "asked all at once: " + str(["rested"] * 5) in embedded.stdout
