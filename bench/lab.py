"""The lab: the servers that the figures run on, started when first asked for and stopped at the end."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import psycopg
import requests
from kombu import Connection
from psycopg import sql

from bench.queues import declare_all
from tests.servers.keytalk import Keytalk
from tests.servers.postgres import Postgres
from tests.servers.processes import Child, free_port, make_folder, remove_folder
from tests.servers.rabbitmq import RabbitMQ

ROOT = Path(__file__).resolve().parents[1]
POOL = 20
CONNECTIONS = 32
# Above this share of answers other than 2xx, a rate says nothing about accepted enquiries.
MOST_LOST = 0.001
# A queue's count of messages may lag behind its confirms.
COUNTED_WITHIN = 10


class TooManyLost(RuntimeError):
    """A load had answers other than 2xx, or broken connections, beyond a stray few."""


@dataclass(frozen=True)
class Load:
    """What the load client saw: accepted requests a second, and their latencies in milliseconds."""

    rate: float
    p50_ms: float
    p99_ms: float
    accepted_in_all: int


@dataclass(frozen=True)
class Alone:
    """One service that is served alone: the address of its public pages, where it has any, and its process id."""

    public_url: str
    pid: int


class Lab:
    """One PostgreSQL, one RabbitMQ and one temporary folder for the whole run, all durable and on loopback."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def postgres(self) -> Postgres:
        """The server; raises RuntimeError when it would answer a commit before the disk has it."""
        server = self._stack.enter_context(Postgres())
        require_durable(server.url)
        return server

    @cached_property
    def rabbitmq(self) -> RabbitMQ:
        """The broker."""
        return self._stack.enter_context(RabbitMQ())

    @cached_property
    def folder(self) -> Path:
        """A folder that is removed at the end."""
        folder = make_folder("bench")
        self._stack.callback(remove_folder, folder)
        return folder

    def keytalk(self) -> Keytalk:
        """Keytalk on empty databases and an empty vhost of the servers: no backlog of an earlier round."""
        env = self.postgres.service_databases() | {
            "KEYTALK_AMQP_URI": self.rabbitmq.new_vhost(),
            "KEYTALK_DATABASE_POOL": str(POOL),
        }
        return Keytalk(demo=False, env=env)

    @contextmanager
    def alone(self, service: str) -> Iterator[Alone]:
        """Serve one service, with the queues of all on the broker; gives its address and process id."""
        frame = self.keytalk()
        declare_all(frame.environment["KEYTALK_AMQP_URI"])
        frame.run("migrate")
        port = free_port()
        env = frame.environment | {"KEYTALK_INTERNAL_PORT": str(port)}
        child = Child(
            [sys.executable, "-m", "ops.cli", "serve", service], log=self.folder / "serve.log", env=env, cwd=ROOT
        )
        try:
            child.wait_until(lambda: _answers(f"http://127.0.0.1:{port}"), what="keytalk serve", within=60)
            yield Alone(frame.public_url, child.process.pid)
        finally:
            child.end()
            frame.close()

    def checkpoint(self) -> None:
        """Write out what earlier work left to write, so that each measurement begins alike."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    def expect_messages(self, uri: str, queue: str, count: int) -> None:
        """Raise RuntimeError unless exactly `count` messages lie in a queue: a rate of lost events means nothing."""
        give_up = time.monotonic() + COUNTED_WITHIN
        with Connection(uri) as connection:
            while True:
                found = connection.default_channel.queue_declare(queue, passive=True).message_count
                if found == count:
                    return
                if time.monotonic() > give_up:
                    raise RuntimeError(f"{found} messages lie in {queue}, {count} were published")
                time.sleep(0.2)

    @contextmanager
    def serving(self, app: str, env: dict[str, str]) -> Iterator[str]:
        """Serve an ASGI app by uvicorn in one process with uvloop and httptools; gives its address."""
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", app, "--loop", "uvloop", "--http", "httptools"]
        quiet = ["--no-access-log", "--log-level", "warning", "--port", str(port)]
        child = Child([*command, *quiet], log=self.folder / "uvicorn.log", env=os.environ | env, cwd=ROOT)
        url = f"http://127.0.0.1:{port}"
        try:
            child.wait_until(lambda: _answers(url), what=app, within=30)
            yield url
        finally:
            child.end()

    def load(self, url: str, connections: int = CONNECTIONS, **options: float) -> Load:
        """Post enquiries to `url` from a process of its own; `options` are those of `bench.load`.

        Raises TooManyLost when more than a stray few were not accepted, RuntimeError when the client itself broke.
        """
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return read_load(run_module("bench.load", url, "--connections", str(connections), *words))


def read_load(seen: dict[str, Any]) -> Load:
    """The figures of a load, from what its client printed; raises TooManyLost."""
    lost = seen["refused"] + seen["broken"]
    if not seen["accepted"] or lost > seen["accepted"] * MOST_LOST:
        raise TooManyLost(f"{lost} of the requests were not accepted: {json.dumps(seen)}")
    return Load(seen["rate"], seen["p50_ms"], seen["p99_ms"], seen["accepted_in_all"])


def run_module(module: str, *args: str) -> dict[str, Any]:
    """Run a module of the bench as a process of its own and give the JSON it printed last."""
    return finish(start_module(module, *args))


def start_module(module: str, *args: str) -> "subprocess.Popen[str]":
    """Start a module of the bench as a process of its own."""
    command = [sys.executable, "-m", module, *args]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]", within: float = 300) -> dict[str, Any]:
    """Wait for a process and give the JSON it printed last, or nothing; raises RuntimeError with what it said."""
    try:
        output, errors = process.communicate(timeout=within)
    finally:
        process.kill()
    if process.returncode:
        raise RuntimeError(f"{process.args} ended with {process.returncode}: {errors.strip()}")
    answer: dict[str, Any] = json.loads(output.splitlines()[-1]) if output.strip() else {}
    return answer


def count_rows(url: str, table: str) -> int:
    """How many rows a table of a database has."""
    with psycopg.connect(url) as connection:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        (count,) = connection.execute(query).fetchone() or (0,)
        return int(count)


def require_durable(url: str) -> None:
    """Raise RuntimeError unless every commit waits for the disk: without that, no rate here means anything."""
    with psycopg.connect(url) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            (value,) = connection.execute("SELECT current_setting(%s)", [name]).fetchone() or ("missing",)
            if value != "on":
                raise RuntimeError(f"PostgreSQL runs with {name}={value}; the figures are for durable commits")


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/live", timeout=5).ok
    except requests.RequestException:
        return False
