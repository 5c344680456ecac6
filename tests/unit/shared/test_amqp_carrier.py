"""How the carrier reads the broker's answers, which come singly, together and out of order."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID

import pytest

from shared.messaging.carriers import AmqpCarrier


@pytest.fixture
def carrier() -> AmqpCarrier:
    """A carrier with the rows 11 to 15 on their way, each under the tag of its own number."""
    carrier = AmqpCarrier("amqp://unused", "enquiries")
    for seq in range(11, 16):
        carrier._unanswered[seq] = SimpleNamespace(seq=seq, event_id=UUID(int=seq), type="stage_changed")
    return carrier


def test_one_confirm_for_several_counts_for_each_of_them(carrier):
    carrier._on_ack(15, multiple=True)

    assert carrier._delivery.arrived == {11, 12, 13, 14, 15}
    assert not carrier._unanswered


def test_confirms_out_of_order_leave_no_gap(carrier):
    carrier._on_ack(13, multiple=False)
    carrier._on_ack(12, multiple=True)
    carrier._on_ack(15, multiple=True)

    assert carrier._delivery.arrived == {11, 12, 13, 14, 15}


def test_what_a_queue_could_not_take_is_held_back(carrier):
    carrier._on_nack(12, multiple=False)
    carrier._on_ack(15, multiple=True)

    assert carrier._delivery.arrived == {11, 13, 14, 15}
    assert "could not take it" in carrier._delivery.held_back[12]


def test_what_came_back_unrouted_is_held_back_though_the_broker_confirms_it(carrier):
    carrier._returned.add(str(UUID(int=12)))

    carrier._on_ack(15, multiple=True)

    assert carrier._delivery.arrived == {11, 13, 14, 15}
    assert "No queue is bound" in carrier._delivery.held_back[12]


def test_an_event_that_nobody_must_receive_has_arrived_though_it_found_no_queue(carrier):
    carrier._unanswered[12].type = "of_no_contract"
    carrier._returned.add(str(UUID(int=12)))

    carrier._on_ack(12, multiple=False)

    assert carrier._delivery.arrived == {12}
