"""A call ends in time and in words, whatever comes back, and leaves nothing behind."""

from __future__ import annotations

import time
from types import SimpleNamespace

import amqp
import eventlet
import pytest
from kombu.exceptions import OperationalError
from nameko.amqp.publish import UndeliverableMessage
from nameko.exceptions import serialize

from shared.doors.rpc import CalledInsideATransaction, Caller, calling
from shared.doors.rpc.calling import Replies
from shared.errors import Refused
from shared.observability.context import about
from shared.persistence.transaction import marked


class Wire:
    """Stands for the broker: keeps what was sent, and gives back what a test told it to."""

    def __init__(self, replies: Replies) -> None:
        self.replies = replies
        self.sent: list[dict] = []
        self.reply = None
        self.error: Exception | None = None
        self.silent = False

    def publish(self, _config, body, **how) -> None:
        self.sent.append({"body": body, **how})
        if self.error:
            raise self.error
        if not self.silent:
            properties = {"correlation_id": how["correlation_id"]}
            self.replies.handle_message(self.reply, SimpleNamespace(properties=properties, ack=lambda: None))


@pytest.fixture
def wire(monkeypatch) -> Wire:
    replies = Replies()
    replies.routing_key = "the-address"
    wire = Wire(replies)
    monkeypatch.setattr(calling, "publish", wire.publish)
    return wire


@pytest.fixture
def caller(wire) -> Caller:
    worker_ctx = SimpleNamespace(
        container=SimpleNamespace(config={}), service_name="scheduling", call_id_stack=["scheduling.plan_run.1"]
    )
    return Caller(worker_ctx, wire.replies)


def waiting(wire: Wire) -> int:
    return len(wire.replies._reply_events)


def test_a_call_gives_the_result_it_is_told(caller, wire):
    wire.reply = {"result": {"reference": "KT-1"}, "error": None}

    assert caller.call("enquiries", "get_enquiry", reference="KT-1") == {"reference": "KT-1"}
    assert wire.sent[0]["routing_key"] == "enquiries.get_enquiry"
    assert wire.sent[0]["body"][2] == '{"args": [], "kwargs": {"reference": "KT-1"}}'
    assert waiting(wire) == 0


def test_a_call_carries_what_the_work_is_about(caller, wire):
    wire.reply = {"result": None, "error": None}

    with about(correlation_id="c-1", causation_id="e-1"):
        caller.call("enquiries", "get_enquiry")

    headers = wire.sent[0]["headers"]
    assert (headers["correlationid"], headers["causationid"]) == ("c-1", "e-1")
    assert headers["nameko.call_id_stack"] == ["scheduling.plan_run.1"]


def test_a_call_that_is_not_answered_ends_at_its_deadline_and_is_forgotten(caller, wire):
    wire.silent = True

    with pytest.raises(Refused, match="did not answer in time") as refused:
        caller.call("enquiries", "get_enquiry", deadline=0.05)

    assert (refused.value.code, refused.value.kind) == ("unavailable", "service-timeout")
    assert wire.sent[0]["expiration"] == 0.05
    assert waiting(wire) == 0


def test_a_call_that_cannot_even_be_sent_in_time_ends_at_its_deadline_too(caller, wire, monkeypatch):
    monkeypatch.setattr(calling, "publish", lambda *_args, **_how: eventlet.sleep(60))
    began = time.monotonic()

    with pytest.raises(Refused, match="did not answer in time"):
        caller.call("enquiries", "get_enquiry", deadline=0.05)

    assert time.monotonic() - began < 30
    assert waiting(wire) == 0


def test_nobody_may_wait_longer_than_the_longest_deadline(caller, wire, monkeypatch):
    monkeypatch.setattr(calling, "DEADLINE", 0.05)
    wire.silent = True

    with pytest.raises(Refused, match="did not answer in time"):
        caller.call("enquiries", "get_enquiry", deadline=3600)


@pytest.mark.parametrize(
    ("error", "words", "kind"),
    [
        (UndeliverableMessage(), "is not running", "service-down"),
        (OperationalError("away"), "cannot be reached", "broker-away"),
        (amqp.AccessRefused("no"), "cannot be reached", "broker-away"),
        (TimeoutError(), "cannot be reached", "broker-away"),
    ],
)
def test_a_call_that_cannot_be_sent_is_refused_as_unavailable(caller, wire, error, words, kind):
    wire.error = error

    with pytest.raises(Refused, match=words) as refused:
        caller.call("enquiries", "get_enquiry")

    assert (refused.value.code, refused.value.kind) == ("unavailable", kind)
    assert waiting(wire) == 0


def test_a_refusal_arrives_as_it_was_said(caller, wire):
    said = Refused("invalid", "No such stage.", {"to": ["No such stage."]})
    wire.reply = {"result": None, "error": serialize(said)}

    with pytest.raises(Refused) as refused:
        caller.call("enquiries", "move_enquiry")

    assert (refused.value.code, refused.value.detail, refused.value.fields) == (
        "invalid",
        "No such stage.",
        {"to": ["No such stage."]},
    )


def test_a_wrong_call_is_told_apart_from_a_fault(caller, wire):
    wire.reply = {"result": None, "error": {"exc_type": "IncorrectSignature", "value": "echo() missing 1 argument"}}
    with pytest.raises(Refused, match="missing 1 argument") as refused:
        caller.call("enquiries", "get_enquiry")
    assert refused.value.code == "invalid"

    wire.reply = {"result": None, "error": {"exc_type": "KeyError", "value": "secret"}}
    with pytest.raises(Refused, match="fault of its own") as refused:
        caller.call("enquiries", "get_enquiry")
    assert refused.value.code == "unavailable"
    assert "secret" not in refused.value.detail


@pytest.mark.parametrize(
    "reply",
    [
        None,
        5,
        "text",
        [],
        {},
        {"result": 1},
        {"result": None, "error": "text"},
        {"result": None, "error": {}},
        {"error": {"exc_path": "shared.errors.Refused", "exc_args": ["no_such_code", "x", {}]}},
        {"error": {"exc_path": "shared.errors.Refused", "exc_args": [["invalid"], "x", {}]}},
        {"error": {"exc_path": "shared.errors.Refused", "exc_args": 5}},
    ],
)
def test_a_reply_that_is_none_is_unavailable_and_the_next_one_counts(caller, wire, reply):
    wire.reply = reply
    with pytest.raises(Refused, match="cannot be read") as refused:
        caller.call("enquiries", "get_enquiry")
    assert refused.value.code == "unavailable"

    wire.reply = {"result": 1, "error": None}
    assert caller.call("enquiries", "get_enquiry") == 1


def test_an_answer_that_nobody_waits_for_is_put_away(wire):
    wire.replies.handle_message({}, SimpleNamespace(properties={}, ack=lambda: None))
    wire.replies.handle_message({}, SimpleNamespace(properties={"correlation_id": ["x"]}, ack=lambda: None))


def test_a_call_from_inside_a_transaction_is_a_programming_error_that_says_the_mend(caller, wire):
    with marked(), pytest.raises(CalledInsideATransaction, match=r"enquiries.get_enquiry .* before the unit of work"):
        caller.call("enquiries", "get_enquiry")

    assert wire.sent == []


def test_another_green_threads_transaction_does_not_forbid_a_call(caller, wire):
    wire.reply = {"result": 1, "error": None}
    with marked():
        other = eventlet.spawn(caller.call, "enquiries", "get_enquiry")

        assert other.wait() == 1
