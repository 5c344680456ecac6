"""The servers as pytest fixtures: each starts with the first test that asks for it and serves the whole run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.servers import dovecot
from tests.servers.postgres import GivenPostgres, Postgres
from tests.servers.rabbitmq import GivenRabbitMQ, RabbitMQ
from tests.servers.smtp import MailServer


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ | GivenRabbitMQ]:
    """A private RabbitMQ, or the one that KEYTALK_TEST_AMQP_URI names."""
    given = os.environ.get("KEYTALK_TEST_AMQP_URI")
    if given:
        yield GivenRabbitMQ(given)
        return
    with RabbitMQ() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres | GivenPostgres]:
    """A private PostgreSQL, or the one that KEYTALK_TEST_DATABASE_URL names."""
    given = os.environ.get("KEYTALK_TEST_DATABASE_URL")
    if given:
        yield GivenPostgres(given)
        return
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def _mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def mail_server(_mail_server: MailServer) -> MailServer:
    """A mail server that has accepted nothing yet."""
    _mail_server.clear()
    return _mail_server


@pytest.fixture(scope="session")
def mailbox_server() -> Iterator[dovecot.Dovecot]:
    """A private IMAP server."""
    if not dovecot.is_installed():
        pytest.skip("Dovecot is not installed: run scripts/system-packages.sh.")
    with dovecot.Dovecot() as server:
        yield server
