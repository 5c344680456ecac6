"""Bringing a service's database to the shape that its code expects."""

from __future__ import annotations

import importlib
import time
from functools import cache
from pathlib import Path

import sqlalchemy
from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, ProgrammingError


class NotMigrated(Exception):
    """A database is behind its code; the message says which, and the command that mends it."""


def migrate(service: str, url: URL) -> bool:
    """Create the service's database where it may and is missing, and run its migrations; say whether any ran.

    Raises `NotMigrated` when the server refuses or cannot be reached.
    """
    try:
        _create_where_missing(url)
        if is_current(service, url):
            return False
        command.upgrade(_config(service, url), "head")
    except (OperationalError, ProgrammingError) as error:
        raise NotMigrated(f"The database of {service} cannot be prepared: {error.orig}") from None
    return True


def is_current(service: str, url: URL) -> bool:
    """Say whether a service's database has every migration."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return revision_of(connection) == known_revisions(service)[-1]
    finally:
        engine.dispose()


def revision_of(connection: Connection) -> str | None:
    """Give the migration that a database is at, or None where it has none."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def known_revisions(service: str) -> tuple[str, ...]:
    """Give the migrations that this version of a service's code knows, the oldest first."""
    scripts = ScriptDirectory.from_config(_config(service, URL.create("sqlite")))
    return tuple(script.revision for script in scripts.walk_revisions())[::-1]


def wait_until_current(service: str, url: URL, seconds: float = 60.0) -> None:
    """Wait for the database to be there, then raise `NotMigrated` if it is behind."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if is_current(service, url):
                return
            raise NotMigrated(f"The database of {service} is behind. Run: keytalk migrate {service}")
        except OperationalError as error:
            if time.monotonic() > deadline:
                raise NotMigrated(f"The database of {service} cannot be reached: {error.orig}") from None
            time.sleep(1)


def run_environment(metadata: MetaData) -> None:
    """Do what alembic asks of an `env.py`, for every service alike."""
    url = context.config.attributes["url"]
    engine = create_engine(url)
    with engine.begin() as connection:
        if not engine.url.get_backend_name().startswith("sqlite"):
            # Two replicas that start at once must not migrate at once.
            connection.execute(text("SELECT pg_advisory_xact_lock(7234017283807667300)"))
        context.configure(connection=connection, target_metadata=metadata)
        context.run_migrations()
    engine.dispose()


def _config(service: str, url: URL) -> Config:
    package = importlib.import_module("ops" if service == "ops" else f"services.{service}")
    config = Config()
    config.set_main_option("script_location", str(Path(package.__path__[0]) / "migrations").replace("%", "%%"))
    config.attributes["url"] = url
    return config


def _create_where_missing(url: URL) -> None:
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return
    if _connects(url):
        return
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        _create(connection, str(url.database))
    engine.dispose()


def _create(connection: Connection, name: str) -> None:
    known = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
    if not known:
        quoted = connection.dialect.identifier_preparer.quote(name)
        connection.execute(text(f"CREATE DATABASE {quoted} ENCODING 'UTF8' TEMPLATE template0"))


def _connects(url: URL) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect():
            return True
    except sqlalchemy.exc.OperationalError:
        return False
    finally:
        engine.dispose()
