"""Declares every service's queues on a broker, for figures that run one service without its subscribers."""

from kombu import Connection

import shared.contracts  # noqa: F401 - fills the list of contracts
from shared.config import SERVICES
from shared.contracts.base import contracts
from shared.messaging.topology import declare_subscriber


def declare_all(uri: str) -> None:
    """Declare the inbox of each service and bind the events it takes."""
    with Connection(uri) as connection:
        for service in SERVICES:
            theirs = [contract for contract in contracts() if service in contract.subscribers]
            declare_subscriber(connection.default_channel, service, theirs)
