"""The places in the code where a fault test may kill a process. One table: it follows the code when that moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Point:
    """A place in the code: the module, the function in it, and on which side of its call the process ends."""

    module: str
    function: str
    when: Literal["before", "after"]


POINTS = {
    # The way of an enquiry, in the order in which it comes by.
    "enquiry committed, not answered": Point("services.enquiries.handlers.intake", "receive_enquiry", "after"),
    "committed, not published": Point("shared.messaging.carriers", "AmqpCarrier.carry", "before"),
    "published, not confirmed": Point("shared.messaging.carriers", "AmqpCarrier._await_answers", "before"),
    "published, not marked": Point("shared.messaging.relay", "Relay._record", "before"),
    "marked, not committed": Point("shared.messaging.relay", "Relay._record", "after"),
    "received, not handled": Point("shared.messaging.inbox", "Inbox.receive", "before"),
    "handled, not committed": Point("shared.messaging.inbox", "Inbox._handle", "after"),
    "committed, not acknowledged": Point("shared.messaging.inbox", "Inbox.receive", "after"),
    "acknowledged": Point("amqp.channel", "Channel.basic_ack", "after"),
    "message half entered": Point("services.notifications.handlers.entering", "insert_or_leave", "after"),
    "mail claimed, not sent": Point("services.notifications.channels.smtp", "SmtpChannel.deliver", "before"),
    "mail sent, not recorded": Point("services.notifications.channels.smtp", "SmtpChannel.deliver", "after"),
}


def launcher(point: str, count: int = 1) -> Sequence[str]:
    """Give the words after `python` that run a command which ends at the `count`th passing of a point."""
    if point not in POINTS:
        raise KeyError(f"there is no point called {point!r}")
    return ("-m", "tests.faults.killing", point, str(count), "--")
