"""Looks into one service's database: whether it is to be had, at which migration it is, and what waits in it."""

from __future__ import annotations

import importlib
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ops.doctor.probes.clocks import Clock, Skew, skew_of
from shared.config import SERVICES
from shared.messaging.backlog import Backlog, read_backlog
from shared.persistence.migrations import known_revisions, revision_of

CONNECT_WITHIN, ANSWER_WITHIN = 4, 5
"""Seconds that a server has to take a connection, and to answer a question."""
LOCK_WITHIN = 3.0
"""Seconds to wait for a file that somebody writes to: Keytalk itself holds it for moments only."""


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What was seen. `where` is its address without a password, or its file.

    `fault`: "" where it is to be had, else missing, away, login, refused, crowded, locked, unreadable or read-only.
    `said` are the server's or the system's words. `known` are the migrations this version knows, the oldest first.
    `backlog` is None where it could not be read. `canary` is the last one's sent_at and state.
    """

    service: str
    where: str
    is_file: bool
    fault: str = ""
    said: str = ""
    revision: str | None = None
    known: tuple[str, ...] = ()
    skew: Skew | None = None
    backlog: Backlog | None = None
    canary: dict[str, Any] | None = None
    looked_at: datetime | None = None


def look_into(service: str, url: URL, clock: Clock) -> DatabaseFacts:
    """Look into a service's database. Makes nothing: neither a file nor a database."""
    is_file = url.get_backend_name() == "sqlite"
    where = (
        str(url.database)
        if is_file
        else url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
    )
    facts = DatabaseFacts(service, where, is_file, known=known_revisions(service))
    if is_file:
        fault, said = _fault_of_file(Path(str(url.database)))
        if fault:
            return replace(facts, fault=fault, said=said)
    engine = _engine(url, is_file=is_file)
    try:
        with engine.connect() as connection:
            return _read(facts, connection, clock)
    except DBAPIError as error:
        said = str(error.orig).strip().splitlines()[0]
        return replace(facts, fault=fault_in(str(error.orig)), said=said)
    finally:
        engine.dispose()


def _engine(url: URL, *, is_file: bool) -> Engine:
    if is_file:
        return create_engine(url, connect_args={"timeout": LOCK_WITHIN})
    options = f"-c statement_timeout={ANSWER_WITHIN * 1000} -c lock_timeout={ANSWER_WITHIN * 1000}"
    told = {"connect_timeout": CONNECT_WITHIN, "options": options, "application_name": "keytalk doctor"}
    return create_engine(url, connect_args=told)


def fault_in(words: str) -> str:
    """Tell the fault from what libpq says; the server's own words begin with FATAL."""
    said = words.lower()
    if "password authentication failed" in said or "no password supplied" in said:
        return "login"
    if "fatal" not in said:
        return "away"
    if "database" in said and "does not exist" in said:
        return "missing"
    if "too many" in said or "connection slots" in said:
        return "crowded"
    if "starting up" in said or "shutting down" in said:
        return "away"
    return "refused"


def _fault_of_file(path: Path) -> tuple[str, str]:
    """Try to be the one who writes, and leave everything as it is."""
    if not path.exists():
        return "missing", ""
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=LOCK_WITHIN)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
        finally:
            connection.close()
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", "")
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return "locked", str(error)
        if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR", "SQLITE_FULL")):
            return "read-only", str(error)
        return "unreadable", str(error)
    return "", ""


def _read(facts: DatabaseFacts, connection: Connection, clock: Clock) -> DatabaseFacts:
    if not facts.is_file:
        facts = replace(facts, skew=_skew(connection, clock))
        if connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on":
            facts = replace(facts, fault="read-only", said="it takes no changes")
    facts = replace(facts, revision=revision_of(connection), looked_at=clock())
    if facts.revision is None or facts.service not in SERVICES:
        return facts
    try:
        return _with_what_waits(facts, connection, clock())
    except SQLAlchemyError:
        return facts  # its tables are another version's, which the migrations say


def _with_what_waits(facts: DatabaseFacts, connection: Connection, now: datetime) -> DatabaseFacts:
    tables: Any = importlib.import_module(f"services.{facts.service}.tables")
    facts = replace(facts, backlog=read_backlog(connection, tables.messaging, now))
    if facts.service != "enquiries":
        return facts
    queries: Any = importlib.import_module("services.enquiries.queries")
    return replace(facts, canary=queries.last_canary(connection))


def _skew(connection: Connection, clock: Clock) -> Skew:
    connection.execute(text("SELECT 1"))  # the first question also begins the transaction
    asked = clock()
    theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return skew_of("the database server", theirs, asked, clock())
