"""Statements sent one after the other without waiting for each answer, on PostgreSQL.

A batch of events is one transaction with a statement or more for each. Waiting for every answer took more than a third
of its time. In a pipeline they are answered together, and an answer is waited for only where somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Send the statements of a block as a pipeline; where there is none to be had, as ever.

    A statement that fails may be told only by a later one, or at the end of the block. So use it where a failure is
    answered by doing all again without.
    """
    raw: Any = connection.connection.dbapi_connection
    if not isinstance(raw, psycopg.Connection):
        yield
        return
    try:
        with raw.pipeline():
            yield
    except psycopg.Error as error:
        # Told at the end of the block, when no statement of SQLAlchemy's is there to dress it as its own.
        raise DBAPIError.instance(None, None, error, psycopg.Error, dialect=connection.dialect) from error


class PatientCursor(psycopg.Cursor[Any]):
    """A cursor that SQLAlchemy can use in a pipeline: it asks each one at once what it has brought.

    psycopg answers that nothing has come yet. This one waits for the answer, except where it is known to be none.
    """

    @property
    def description(self) -> list[psycopg.Column] | None:
        """The columns of the answer; None for a statement that brings no rows."""
        if not self._brings_no_rows():
            self._fetch_pipeline()
        return super().description

    @property
    def rowcount(self) -> int:
        """The number of rows, once the answer is there."""
        self._fetch_pipeline()
        return super().rowcount

    def _brings_no_rows(self) -> bool:
        query = self._last_query
        return isinstance(query, str) and query.startswith("INSERT") and " RETURNING " not in query
