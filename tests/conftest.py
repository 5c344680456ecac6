"""What every test can ask for: the servers, and Keytalk itself in both of its modes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.examples import STORY_BEGINS
from tests.servers.keytalk import Keytalk

pytest_plugins = ["tests.servers.fixtures"]


@pytest.fixture(scope="module")
def began_at() -> datetime:
    """When Keytalk's clock begins: on a day in December. A module that tells of another day has one of its own."""
    return STORY_BEGINS


@pytest.fixture(scope="module")
def embedded(began_at: datetime) -> Iterator[Keytalk]:
    """One process, SQLite files, no broker, a Maildir; with the demonstration set."""
    with Keytalk(demo=True, began_at=began_at) as keytalk:
        yield keytalk


@pytest.fixture(scope="module")
def real_environment(rabbitmq, postgres, _mail_server) -> dict[str, str]:
    """The settings for real servers: a virtual host, databases and an empty mail server for each module."""
    _mail_server.clear()
    return {
        "KEYTALK_AMQP_URI": rabbitmq.new_vhost(),
        "KEYTALK_SMTP_URL": _mail_server.url,
        **postgres.service_databases(),
    }


@pytest.fixture(scope="module")
def real(real_environment: dict[str, str], began_at: datetime) -> Iterator[Keytalk]:
    """The same on RabbitMQ, PostgreSQL and SMTP."""
    with Keytalk(demo=True, env=real_environment, began_at=began_at) as keytalk:
        yield keytalk


@pytest.fixture(scope="module", params=["embedded", "real"])
def keytalk(request) -> Keytalk:
    """Keytalk in each mode in turn."""
    return request.getfixturevalue(request.param)
