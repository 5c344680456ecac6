"""Asks a broker whether it takes messages: one that is low on memory or disk lets people in and then reads nothing.

It says so once somebody publishes, and that connection is read no further. So the question has a connection of its own,
and publishes what no broker takes: a message that expires at no time.
"""

from __future__ import annotations

from typing import Any, NoReturn

import amqp

from shared.messaging.broker import open_connection


class _Blocked(Exception):
    """The broker has said why it reads no further."""


def alarm_of(uri: str) -> str:
    """Give the broker's words for why it takes no messages, such as `low on memory`; "" where it takes them.

    Raises `BrokerAway` and `BrokerRefused`, and `OSError` where it leaves in the middle.
    """
    connection = open_connection(uri)
    try:
        connection.connection.on_blocked = _raise
        _ask(connection.channel())
    except _Blocked as blocked:
        return str(blocked)
    finally:
        connection.collect()
    return ""


def _ask(channel: Any) -> None:
    try:
        channel.basic_publish(amqp.Message("", expiration="never"), "", "nobody")
        channel.basic_qos(0, 1, False)  # nothing answers a publication: what it comes to is told before this answer
    except amqp.ChannelError:
        return  # it was read, and refused


def _raise(why: str) -> NoReturn:
    raise _Blocked(why)
