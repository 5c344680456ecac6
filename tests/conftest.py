"""What every test can ask for: the servers, and Keytalk itself in both of its modes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.examples import STORY_BEGINS
from tests.servers.keytalk import Keytalk

pytest_plugins = ["tests.servers.fixtures"]


@pytest.fixture(scope="module")
def embedded() -> Iterator[Keytalk]:
    """One process, SQLite files, no broker, a Maildir; with the demonstration set, on a day in December."""
    with Keytalk(demo=True, began_at=STORY_BEGINS) as keytalk:
        yield keytalk


@pytest.fixture(scope="module")
def real_environment(rabbitmq, postgres, _mail_server) -> dict[str, str]:
    """The settings for real servers: a virtual host and databases of their own for each module."""
    return {
        "KEYTALK_AMQP_URI": rabbitmq.new_vhost(),
        "KEYTALK_SMTP_URL": _mail_server.url,
        **postgres.service_databases(),
    }


@pytest.fixture(scope="module")
def real(real_environment: dict[str, str]) -> Iterator[Keytalk]:
    """The same on RabbitMQ, PostgreSQL and SMTP."""
    with Keytalk(demo=True, env=real_environment, began_at=STORY_BEGINS) as keytalk:
        yield keytalk


@pytest.fixture(scope="module", params=["embedded", "real"])
def keytalk(request) -> Keytalk:
    """Keytalk in each mode in turn."""
    return request.getfixturevalue(request.param)
