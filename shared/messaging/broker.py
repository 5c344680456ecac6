"""Connections to RabbitMQ that cannot hang for ever."""

from __future__ import annotations

from typing import Any

from kombu import Connection

HEARTBEAT = 20
"""Seconds between heartbeats; a peer that is silent for two of them is taken for gone."""

_TIMEOUTS = {"connect_timeout": 5, "read_timeout": 10, "write_timeout": 10}


def open_connection(uri: str) -> Any:
    """Open a connection with deadlines on connecting, reading and writing.

    They are the only thing that bounds a publish to a broker that takes packets and answers none.
    Raises `OSError` or `amqp` errors when there is no broker.
    """
    connection = Connection(uri, heartbeat=HEARTBEAT, connect_timeout=5, transport_options=dict(_TIMEOUTS))
    connection.ensure_connection(max_retries=1, interval_start=0, timeout=5)
    return connection


def broker_answers(uri: str) -> bool:
    """Say whether a broker answers at this address now."""
    try:
        connection = Connection(uri, connect_timeout=2)
        connection.connect()
    except Exception:
        return False
    connection.release()
    return True
