"""How the carrier reads the broker's confirms, which come singly, together and out of order."""

from __future__ import annotations

import pytest

from shared.messaging.carriers import AmqpCarrier


@pytest.fixture
def carrier() -> AmqpCarrier:
    """A carrier in the middle of its second batch: tags 11 to 15 are on their way."""
    carrier = AmqpCarrier("amqp://unused", "enquiries")
    carrier._first = 11
    return carrier


def test_one_confirm_for_several_counts_for_each_of_the_batch(carrier):
    carrier._on_ack(15, multiple=True)

    assert carrier._answers == dict.fromkeys(range(11, 16), True)


def test_confirms_out_of_order_leave_no_gap(carrier):
    carrier._on_ack(13, multiple=False)
    carrier._on_ack(12, multiple=True)
    carrier._on_ack(15, multiple=True)

    assert set(carrier._answers) == {11, 12, 13, 14, 15}


def test_what_the_broker_refused_stays_refused(carrier):
    carrier._on_nack(12, multiple=False)
    carrier._on_ack(15, multiple=True)

    assert [tag for tag, taken in carrier._answers.items() if not taken] == [12]
