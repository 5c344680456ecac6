"""A service's own database: connections, transactions, and who is woken by a commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg.errors import PipelineAborted
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.errors import Refused
from shared.persistence.pipeline import PatientCursor
from shared.persistence.rehearsal import news_of_the_rehearsal
from shared.persistence.transaction import marked

POOL_TIMEOUT = 3.0
"""Seconds to wait for a free connection before the caller hears 503."""

OUTBOX, JOBS = "outbox", "jobs"
"""What a commit may bring that somebody waits for: see `tell` and `Database.when_told`."""

_TOLD = "keytalk.told"

LOCK_TIMEOUT = 3.0
"""Seconds to wait for another's lock before the caller hears 503."""
STATEMENT_TIMEOUT = 20.0
"""Seconds that one statement may take."""
IDLE_IN_TRANSACTION = 60.0
"""Seconds after which a transaction in which nothing happens is ended: its process may be frozen, locks in hand."""

_READ_ONLY = "25006"
"""PostgreSQL's word for a server, or a database, that takes no changes now."""

IDLE_BEFORE_PING = 1.0
"""Seconds after which a pooled connection is asked whether it is alive before it is used again."""


class Database:
    """The engine of one service's database.

    On SQLite one writer at a time holds `_writer`: with green threads, SQLite's own wait for a lock would stop the
    whole process, so nobody may meet that lock (see `docs/decisions/0003-embedded-mode.md`).
    """

    def __init__(self, url: URL, pool_size: int = 20) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._writer = threading.Lock() if self.is_sqlite else None
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url, pool_size)
        self._writer_engine = self.engine.execution_options(keytalk_writes=True)
        self._at_once_engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Run one transaction that writes: committed when the block ends, rolled back when it raises.

        In a rehearsal it is rolled back as well (`shared.persistence.rehearsal`), and nobody is woken. Raises
        `Refused("unavailable")` when no connection is to be had. Do no other I/O inside.
        """
        with self._one_writer(), _told_plainly(), marked(), self._writer_engine.begin() as connection:
            told = connection.info[_TOLD] = set[str]()
            yield connection
            if news_of_the_rehearsal() is not None:
                connection.rollback()
                return
        self._wake(told)

    @contextmanager
    def writing_at_once(self) -> Iterator[Connection]:
        """Open a connection for one statement that writes: it is its own transaction, which saves three round trips.

        On PostgreSQL only. Raises `Refused("unavailable")` when no connection is to be had.
        """
        with _told_plainly(), marked(), self._at_once_engine.connect() as connection:
            told = connection.info[_TOLD] = set[str]()
            yield connection
        self._wake(told)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection to read from. Raises `Refused("unavailable")` when there is none."""
        with _told_plainly(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """Open a connection for single questions: on PostgreSQL each is its own transaction.

        That saves two round trips, and the plans of statements that come again: the rollback that ends `reading`
        has psycopg forget them. Raises `Refused("unavailable")` when there is no connection.
        """
        engine = self.engine if self.is_sqlite else self._at_once_engine
        with _told_plainly(), engine.connect() as connection:
            yield connection

    def _wake(self, told: set[str]) -> None:
        for topic in told:
            for wake in self._listeners.get(topic, ()):
                wake()

    def when_told(self, topic: str, wake: Callable[[], None]) -> None:
        """Call `wake` after each commit of this process in which `tell` named this topic."""
        self._listeners.setdefault(topic, []).append(wake)

    def answers(self) -> bool:
        """Say whether the database answers a question now."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except (DBAPIError, PoolTimeout):
            return False
        return True

    def wipe(self, tables: Sequence[str]) -> None:
        """See that what was removed from `tables` leaves the database's files as well. Not inside a transaction.

        SQLite overwrites what is removed, and then only its log (WAL) still holds the earlier pages: it is truncated.
        PostgreSQL keeps removed rows out of sight until a VACUUM, and this runs one; where the role may not, the
        server leaves it to its own. Raises `Refused("unavailable")` when somebody stands in the way for too long.
        """
        with _told_plainly():
            if self.is_sqlite:
                self._truncate_log()
            else:
                self._vacuum(tables)

    def _truncate_log(self) -> None:
        give_up = time.monotonic() + LOCK_TIMEOUT
        while True:
            with self._one_writer():
                raw = self.engine.raw_connection()
                try:
                    [(busy, _pages, _moved)] = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    raw.close()
            if not busy:
                return
            if time.monotonic() > give_up:
                raise Refused("unavailable", "Somebody reads the database. The log is truncated when they are done.")
            time.sleep(0.05)  # outside the writer's lock: who reads may want to write next

    def _vacuum(self, tables: Sequence[str]) -> None:
        quote = self.engine.dialect.identifier_preparer.quote
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            try:
                # Also the indexes, which hold addresses and words: by itself it leaves them while little is dead.
                connection.exec_driver_sql(f"VACUUM (INDEX_CLEANUP ON) {', '.join(map(quote, tables))}")
            finally:
                connection.exec_driver_sql("RESET statement_timeout")

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if self._writer is None:
            yield
            return
        if not self._writer.acquire(timeout=LOCK_TIMEOUT):
            raise Refused("unavailable", "The database is busy. Please try again in a minute.")
        try:
            yield
        finally:
            self._writer.release()


def tell(connection: Connection, topic: str) -> None:
    """Note, inside a writing block of `Database`, that its commit brings something for those who wait for `topic`."""
    connection.info[_TOLD].add(topic)


@contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except PoolTimeout:
        raise Refused("unavailable", "The database is busy. Please try again in a minute.") from None
    except (OperationalError, InterfaceError, InternalError) as error:
        if isinstance(error, InternalError) and getattr(error.orig, "sqlstate", None) != _READ_ONLY:
            raise
        if isinstance(error.orig, PipelineAborted):
            raise  # another statement of the pipeline was at fault, not the database
        raise Refused("unavailable", "The database cannot be reached. Please try again in a minute.") from error


_TIMEOUTS = " ".join(
    f"-c {name}={int(seconds * 1000)}"
    for name, seconds in (
        ("lock_timeout", LOCK_TIMEOUT),
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
    )
)
_PLAIN_PLANS = "-c jit=off -c max_parallel_workers_per_gather=0"
"""Compiling a query and starting workers for it take longer than any of ours runs."""


def _postgres_engine(url: URL, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 5,
            "application_name": "keytalk",
            "options": f"{_TIMEOUTS} {_PLAIN_PLANS}",
            "cursor_factory": PatientCursor,
        },
    )
    event.listen(engine, "checkin", _note_the_time)
    event.listen(engine, "checkout", _ping_after_a_pause)
    return engine


def _note_the_time(_connection: Any, record: Any) -> None:
    record.info["returned_at"] = time.monotonic()


def _ping_after_a_pause(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask an idle connection whether it still stands, so that a restart of the server costs no request.

    SQLAlchemy's own `pool_pre_ping` asks at every checkout: a round trip for each request under load.
    """
    if time.monotonic() - record.info.get("returned_at", float("inf")) < IDLE_BEFORE_PING:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError from error


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": 0})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_on_sqlite)
    return engine


def _begin_on_sqlite(connection: Connection) -> None:
    """Begin; one that writes takes the file's lock at once, and waits for another process's where the loop can turn.

    SQLite's own wait happens in C, where no green thread can turn.
    """
    if not connection.get_execution_options().get("keytalk_writes"):
        connection.exec_driver_sql("BEGIN")
        return
    give_up = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        except OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Durable on every commit (`synchronous=FULL`), readers beside the writer (WAL), and BEGIN left to us.

    What is removed is overwritten (`secure_delete`): the bytes of an erased person do not stay in the file.
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
