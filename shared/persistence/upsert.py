"""Insert statements that SQLite and PostgreSQL spell alike and SQLAlchemy keeps apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def _insert(connection: Connection, table: Table) -> Any:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def insert_or_leave(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there; say whether it was inserted."""
    # Of an insert, SQLAlchemy keeps the count only when asked; without it every row would seem new on PostgreSQL.
    counted = {"preserve_rowcount": True}
    statement = _insert(connection, table).on_conflict_do_nothing()
    return connection.execute(statement, dict(values), execution_options=counted).rowcount == 1


def insert_or_update(connection: Connection, table: Table, key: str, values: Mapping[str, Any]) -> None:
    """Insert a row, or give the one with the same `key` the new values."""
    statement = _insert(connection, table).values(**values)
    new = {name: statement.excluded[name] for name in values if name != key}
    connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=new))
