"""What the preflight makes of a broker's answers, and the words it finds for those who have to mend them."""

from __future__ import annotations

import socket
import ssl
from types import SimpleNamespace

import amqp
import pytest

from shared.messaging import broker
from shared.messaging.broker import BrokerAway, BrokerRefused, is_refusal
from shared.messaging.topology import TopologyRefused
from shared.runtime import preflight

URI = "amqp://keytalk:s%C3%A9cret@rabbit.example:5671/crm"


class _Broker:
    """A connection on which everything is declared without a word, unless told otherwise."""

    def __init__(self):
        self.closed = False

    def channel(self):
        return self

    def collect(self):
        self.closed = True


@pytest.fixture
def asked(monkeypatch):
    """What the preflight declared, by service; a function put in `act` decides what comes of it."""
    seen = SimpleNamespace(broker=_Broker(), act=lambda _what: None, declared=[])

    def declare(what):
        seen.declared.append(what)
        seen.act(what)

    monkeypatch.setattr(preflight, "open_connection", lambda _uri: seen.broker)
    monkeypatch.setattr(preflight, "declare_rpc_exchange", lambda _channel: declare("exchange for calls"))
    monkeypatch.setattr(preflight, "declare_publisher", lambda _channel, service: declare(f"{service} publishes"))
    monkeypatch.setattr(
        preflight,
        "declare_subscriber",
        lambda _channel, service, taken: declare((service, sorted(contract.type for contract in taken))),
    )
    monkeypatch.setattr(preflight, "_declare_for_calls", lambda _channel, queue: declare(queue.name.split("-")[0:2]))
    return seen


@pytest.fixture
def connecting(monkeypatch):
    """Have the next connection fail with an error of the library's."""

    def fail_with(error):
        def fail(*_args, **_options):
            raise error

        monkeypatch.setattr(broker.Connection, "ensure_connection", fail)

    return fail_with


def test_a_service_is_checked_for_calls_answers_news_and_its_inbox(asked):
    assert preflight.check_broker(URI, ["scheduling"]) is True

    assert asked.declared == [
        "exchange for calls",
        ["rpc.reply", "scheduling"],
        ["rpc", "scheduling"],
        "scheduling publishes",
        ("scheduling", ["enquiry_received", "person_erased", "stage_changed"]),
    ]
    assert asked.broker.closed


def test_the_gateway_only_calls(asked):
    assert preflight.check_broker(URI, ["ops"]) is True

    assert asked.declared == ["exchange for calls", ["rpc.reply", "ops"]]


def test_what_is_refused_is_told_under_the_name_of_the_setting(asked):
    def refuse(_what):
        raise TopologyRefused("RabbitMQ refused the queue scheduling.inbox: 406. Mend it.")

    asked.act = refuse

    with pytest.raises(BrokerRefused, match=r"^KEYTALK_AMQP_URI: RabbitMQ refused the queue scheduling.inbox"):
        preflight.check_broker(URI, ["scheduling"])
    assert asked.broker.closed


@pytest.mark.parametrize("error", [TimeoutError("timed out"), amqp.ConnectionForced("shutting down")])
def test_a_broker_that_leaves_in_the_middle_is_away_not_refusing(asked, error):
    def leave(_what):
        raise error

    asked.act = leave

    assert preflight.check_broker(URI, ["scheduling"]) is False
    assert asked.broker.closed


def test_a_broker_that_does_not_answer_is_away(connecting):
    connecting(ConnectionRefusedError(111, "nobody there"))

    assert preflight.check_broker(URI, ["scheduling"]) is False
    with pytest.raises(BrokerAway, match=r"No broker answers at rabbit\.example:5671"):
        broker.open_connection(URI)


def _queue_that_answers(error):
    class Queue:
        name = "rpc-scheduling"

        def __call__(self, _channel):
            return self

        def queue_declare(self):
            raise error

    return Queue()


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (amqp.PreconditionFailed("inequivalent arg", (50, 10), "Queue.declare", 406), "rabbitmqctl delete_queue"),
        (amqp.AccessRefused("access refused", (50, 10), "Queue.declare", 403), "no right to it"),
    ],
)
def test_a_queue_for_calls_that_is_refused_is_named_with_its_mend(error, mend):
    with pytest.raises(BrokerRefused, match=f"the queue rpc-scheduling for calls: {error.reply_code}.*{mend}"):
        preflight._declare_for_calls(None, _queue_that_answers(error))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (amqp.AccessRefused("login refused", (0, 0), "", 403), r"refused the user 'keytalk'; check the name and the p"),
        (
            amqp.NotAllowed("vhost crm not found", (10, 40), "", 530),
            r"the virtual host 'crm'.*add_vhost 'crm'.*crm not",
        ),
        (ssl.SSLCertVerificationError(1, "self-signed"), r"cannot be trusted: .*self-signed.*SSL_CERT_FILE"),
    ],
)
def test_a_connection_that_is_refused_says_by_what_and_the_mend_and_never_the_password(connecting, error, words):
    connecting(error)

    with pytest.raises(BrokerRefused, match=words) as refusal:
        broker.open_connection(URI)
    assert "rabbit.example:5671" in str(refusal.value)
    assert "cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "error", [amqp.ConnectionForced(), amqp.InternalError(), socket.gaierror(-2, "no such host"), ssl.SSLEOFError()]
)
def test_what_may_pass_by_itself_is_no_refusal(error):
    assert not is_refusal(error)
