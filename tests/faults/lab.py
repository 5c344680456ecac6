"""The laboratory: Keytalk in production's shape behind a fault proxy, and everything needed to hurt and judge it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

import amqp
import psycopg

from tests.faults.checking import SERVICES, Books, Checker, Verdict
from tests.faults.load import Load
from tests.servers.apart import KeytalkApart, Replica
from tests.servers.postgres import Postgres
from tests.servers.proxy import FaultProxy
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.smtp import MailServer

_LEASE = "interval '11 minutes'"
"""A little longer than a claim on a message that goes out by SMTP."""


class Lab:
    """Services apart, `replicas` of each, whose way to the broker leads through `proxy`.

    The broker, the database server and the mail server are shared with others; the virtual host, the databases and
    the processes are the lab's own. `env` adds to the settings of the services.
    """

    def __init__(
        self,
        broker: RabbitMQ,
        postgres: Postgres,
        mail: MailServer,
        *,
        replicas: int = 1,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.broker, self.postgres, self.mail = broker, postgres, mail
        self.uri = broker.new_vhost()
        self.proxy = FaultProxy(broker.port)
        named = postgres.service_databases()
        databases = {service: named[f"KEYTALK_{service.upper()}_DATABASE_URL"] for service in SERVICES}
        settings = {"KEYTALK_AMQP_URI": self.proxy.address(self.uri), "KEYTALK_SMTP_URL": mail.url, **named}
        self.apart = KeytalkApart({**settings, **(env or {})}, replicas=replicas)
        self.books = Books(databases, lambda: mail.messages, self.queues)
        self._loads = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.proxy)
            stack.enter_context(self.apart)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stack.close()

    def load(self, *, seed: int = 1, twice: float = 0.15, times: int = 1) -> Load:
        """Give a client whose enquiries are told apart from those of any other."""
        self._loads += 1
        return Load(lambda: self.apart.public_urls, f"load{self._loads}", seed=seed, twice=twice, times=times)

    def connect(self) -> amqp.Connection:
        """Open a connection to the virtual host, past the proxy. Close it yourself."""
        parts = urlsplit(self.uri)
        connection = amqp.Connection(
            f"127.0.0.1:{self.broker.port}",
            parts.username,
            parts.password,
            virtual_host=parts.path[1:],
            confirm_publish=True,
        )
        connection.connect()
        return connection

    def queues(self) -> dict[str, int]:
        """Say how many messages wait in each queue of the services. One that does not exist has none."""
        counts = {}
        with self.connect() as connection:
            for name in (f"{service}.{kind}" for service in SERVICES for kind in ("inbox", "dead")):
                try:
                    counts[name] = connection.channel().queue_declare(name, passive=True).message_count
                except amqp.NotFound:
                    counts[name] = 0
        return counts

    def terminate_backends(self) -> int:
        """Have the database server end every connection of the services; give how many there were."""
        names = [urlsplit(url).path[1:] for url in self.books.databases.values()]
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)"
            return len(connection.execute(query, [names]).fetchall())

    def kill(self, replica: Replica) -> None:
        """Kill a process; where it was the last sender, what it had claimed is broken off for sure."""
        replica.kill()
        self.end_leases()

    def end_leases(self) -> None:
        """Let the time pass that a claim on a message holds, where no process is left that could have it in hand."""
        if not any(replica.running for replica in self.apart.of("notifications")):
            statement = f"UPDATE messages SET claimed_at = claimed_at - {_LEASE} WHERE state = 'sending'"  # noqa: S608
            self.books.change("notifications", statement)

    def hasten(self) -> None:
        """Let the minutes pass that a message waits for after an attempt that did not get through."""
        statement = (
            "UPDATE messages SET next_attempt_at = :now, retry_at = :now "
            "WHERE state = 'scheduled' AND attempts > 0 AND next_attempt_at > :now"
        )
        self.books.change("notifications", statement, now=datetime.now(UTC))
        alarms = "UPDATE jobs SET next_attempt_at = :now WHERE state = 'waiting' AND kind = 'send_messages'"
        self.books.change("notifications", alarms, now=datetime.now(UTC))

    def heal(self) -> list[Replica]:
        """End every fault: pass packets on, start what was ended; give what had to be started."""
        self.proxy.heal()
        started = [replica for replica in self.apart.all if not replica.running]
        if any(replica.service == "notifications" for replica in started):
            self.end_leases()
        self.apart.start_missing()
        return started

    def judge(self, load: Load, *, within: float = 40.0) -> Verdict:
        """Give the verdict once all is well; fail with it when it is not after `within` seconds."""
        verdict = self.wait(load, within=within)
        if not verdict.good:
            raise AssertionError(f"\n{verdict}")
        return verdict

    def wait(self, load: Load, *, within: float = 40.0) -> Verdict:
        """Give the verdict once all is well, or something is wrong for good, or nothing moved for `within` seconds."""
        checker = Checker(self.books, load)
        fewest, deadline = math.inf, 0.0
        while True:
            verdict = checker.settled(within=2)
            if verdict.left < fewest:
                fewest, deadline = verdict.left, time.monotonic() + within
            if verdict.good or verdict.wrong or time.monotonic() > deadline:
                return verdict
            self.hasten()


def pids(lab: Lab) -> list[int]:
    """The process of each replica."""
    return [replica.pid for replica in lab.apart.all]


def assert_nobody_ended(lab: Lab, before: list[int]) -> None:
    """See that every replica is still the process it was."""
    assert [replica.service for replica in lab.apart.all if not replica.running] == []
    assert pids(lab) == before
