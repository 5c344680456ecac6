"""A peer of our consumer: a stock nameko `@event_handler`, on the durable queue that nameko declares.

Green as nameko wants it, with SQLAlchemy Core on psycopg 2, whose documented callback waits through eventlet's hub; it
was the faster when psycopg 3 was tried too. nameko's prefetch is its number of workers.

    python -m bench.peers.nameko_consumer declare DATABASE AMQP_URI
    python -m bench.peers.nameko_consumer consume DATABASE AMQP_URI COUNT
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet

eventlet.monkey_patch()

import json  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

from eventlet.event import Event  # noqa: E402
from eventlet.hubs import trampoline  # noqa: E402
from nameko.events import event_handler  # noqa: E402
from nameko.extensions import DependencyProvider  # noqa: E402
from nameko.runners import run_services  # noqa: E402
from psycopg2 import extensions  # noqa: E402
from sqlalchemy import create_engine  # noqa: E402
from sqlalchemy.engine import Engine, make_url  # noqa: E402

from bench.peers import inbox  # noqa: E402
from bench.tally import Tally  # noqa: E402

WORKERS = 20


def wait_green(connection: Any) -> None:
    """Wait for PostgreSQL while other green threads run."""
    while (state := connection.poll()) != extensions.POLL_OK:
        trampoline(connection.fileno(), read=state == extensions.POLL_READ, write=state == extensions.POLL_WRITE)


extensions.set_wait_callback(wait_green)


class Database(DependencyProvider):
    """Gives each worker the engine of the service."""

    def setup(self) -> None:
        """Open the engine: a connection for each worker."""
        self.engine = create_engine(self.container.config["DATABASE_URL"], pool_size=WORKERS, max_overflow=0)
        inbox.metadata.create_all(self.engine)

    def stop(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def get_dependency(self, worker_ctx: Any) -> Engine:
        """Give the engine."""
        return self.engine


class Progress(DependencyProvider):
    """Gives each worker the tally, and notes when it is complete."""

    def get_dependency(self, worker_ctx: Any) -> Any:
        """Give what counts a committed event."""
        return self.container.config["COUNT_ONE"]


class Subscriber:
    """Takes the events."""

    name = "subscriber"

    database = Database()
    count_one = Progress()

    @event_handler(inbox.PUBLISHER, inbox.EVENT, requeue_on_error=True)
    def when_stage_changed(self, envelope: dict[str, Any]) -> None:
        """Record the id and do the insert, in one transaction."""
        with self.database.begin() as connection:
            if connection.execute(inbox.RECORD, inbox.record_of(envelope)).rowcount:
                connection.execute(inbox.EFFECT, inbox.effect_of(envelope))
        self.count_one()


def consume(database: str, uri: str, count: int) -> Tally:
    """Take `count` events."""
    tally, done = Tally(count), Event()

    def count_one() -> None:
        tally.add(1)
        if tally.complete and not done.ready():
            done.send()

    config = {
        "AMQP_URI": uri,
        "DATABASE_URL": make_url(database).set(drivername="postgresql+psycopg2"),
        "COUNT_ONE": count_one,
        "max_workers": WORKERS,
    }
    with run_services(config, Subscriber):
        if count:
            done.wait()
    return tally


def main() -> None:
    role, database, uri, *count = sys.argv[1:]
    if role == "declare":
        consume(database, uri, 0)
    else:
        print(json.dumps(consume(database, uri, int(count[0])).summary()))


if __name__ == "__main__":
    main()
