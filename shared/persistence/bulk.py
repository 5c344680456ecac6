"""Many values in one statement: as arrays on PostgreSQL, where the statement stays the same for any number of them.

Written out one by one, a hundred rows are a new text of a thousand parameters each time, which psycopg has to parse and
PostgreSQL to plan; as a list of rows they go one after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, Connection, Table, bindparam, func, select


def is_any_of(connection: Connection, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Give the condition that a column holds one of the values."""
    if connection.dialect.name == "sqlite":
        return column.in_(values)
    # The values are bound under a name, so that the statement is compiled once.
    return column == func.any(bindparam(f"any_{column.name}", list(values), type_=ARRAY(column.type), unique=True))


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns."""
    if not rows:
        return
    if len(rows) == 1 or connection.dialect.name == "sqlite":
        # Inline: nobody asks for the keys that the database gave.
        connection.execute(table.insert().inline(), [dict(row) for row in rows] if len(rows) > 1 else dict(rows[0]))
        return
    names = list(rows[0])
    arrays = [bindparam(f"all_{name}", [row[name] for row in rows], ARRAY(table.c[name].type)) for name in names]
    values = func.unnest(*arrays).table_valued(*names).render_derived()
    connection.execute(table.insert().from_select(names, select(*(values.c[name] for name in names))))
