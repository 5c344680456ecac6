"""The places in the code where a fault test may kill a process. One table: it follows the code when that moves."""

from __future__ import annotations

import functools
import importlib
import itertools
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Point:
    """A place in the code: the module, the function in it, and on which side of its call the process ends."""

    module: str
    function: str
    when: Literal["before", "after"]


_DELIVERY = "services.notifications.sending.delivery"

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
    # The sender's loop, line by line: some messages are prepared, then each is claimed as the one before is recorded.
    "recipient not looked up": Point("services.notifications.sending.directory", "ServiceDirectory.look_up", "before"),
    "recipient looked up": Point("services.notifications.sending.directory", "ServiceDirectory.look_up", "after"),
    "rendered": Point("services.notifications.sending.composing", "render", "after"),
    "turn not begun": Point(_DELIVERY, "Sender._turn", "before"),
    "claim not committed": Point(_DELIVERY, "save_claims", "after"),
    "claimed": Point(_DELIVERY, "Sender._turn", "after"),
    "recorded, not followed up": Point(_DELIVERY, "follow_up", "before"),
    "followed up, not committed": Point(_DELIVERY, "follow_up", "after"),
    "last one not recorded": Point(_DELIVERY, "Sender._record", "before"),
    "last one recorded": Point(_DELIVERY, "Sender._record", "after"),
}


def launcher(point: str, count: int = 1) -> Sequence[str]:
    """Give the words after `python` that run a command which ends at the `count`th passing of a point."""
    if point not in POINTS:
        raise KeyError(f"there is no point called {point!r}")
    return ("-m", "tests.faults.killing", point, str(count), "--")


def arm(point: Point, count: int) -> None:
    """Wrap the function of a point."""
    holder: Any = importlib.import_module(point.module)
    *way, name = point.function.split(".")
    for step in way:
        holder = getattr(holder, step)
    function = getattr(holder, name)
    calls = itertools.count(1)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        is_the_one = next(calls) == count
        if is_the_one and point.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **kwargs)
        if is_the_one:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(holder, name, wrapped)
