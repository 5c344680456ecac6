"""Many values in one statement: on PostgreSQL as one parameter, where the statement stays the same for any number.

Written out one by one, a hundred rows are a new text of a thousand parameters each time, which psycopg has to parse and
PostgreSQL to plan; as a list of rows they go one after the other. Rows travel as JSON, which Python writes and
PostgreSQL reads several times as fast as an array for each column.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    ColumnElement,
    Connection,
    Insert,
    Table,
    TableValuedAlias,
    Text,
    bindparam,
    cast,
    func,
    select,
    update,
)


def is_any_of(connection: Connection, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Give the condition that a column holds one of the values."""
    if connection.dialect.name == "sqlite":
        return column.in_(values)
    # The values are bound under a name, so that the statement is compiled once.
    return column == func.any(bindparam(f"any_{column.name}", list(values), type_=ARRAY(column.type), unique=True))


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns. Raises ValueError for a moment without a zone."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        # Inline: nobody asks for the keys that the database gave.
        connection.execute(table.insert().inline(), [dict(row) for row in rows] if len(rows) > 1 else dict(rows[0]))
        return
    connection.execute(_insert_of_rows(table, tuple(rows[0])), {"rows": _written(rows)})


@lru_cache(maxsize=128)
def _insert_of_rows(table: Table, names: tuple[str, ...]) -> Insert:
    given = _rows_given({name: table.c[name] for name in names})
    return table.insert().from_select(names, select(*(given.c[name] for name in names)))


Given = Mapping[str, ColumnElement[Any]]
"""The values that one row of `UpdateEach.run` gives, as a statement has them."""


class UpdateEach:
    """Gives several rows of a table values of their own, each where it still is as its values say it was.

    `given` are the names of the values, each with the column whose type it has: that of the key is "key", and one that
    is a column's new value has "new_" before its name. `still` gives the condition by the values. A row that somebody
    else holds is waited for, or left out where `skip_locked`. Built once: SQLAlchemy need not put it together again.
    """

    def __init__(
        self,
        table: Table,
        given: Mapping[str, Column[Any]],
        still: Callable[[Given], ColumnElement[bool]],
        *,
        skip_locked: bool = False,
    ) -> None:
        key, changes = given["key"], [name for name in given if name.startswith("new_")]
        one = {name: bindparam(name, type_=column.type) for name, column in given.items()}
        each = dict(_rows_given(given).c)
        held = (
            select(*(each[name] for name in ("key", *changes)))
            .where(key == each["key"], still(each))
            .with_for_update(of=table, skip_locked=skip_locked)
            .cte("held")
        )
        self._one = update(table).where(key == one["key"], still(one)).values(_new(changes, one))
        self._all = update(table).where(key == held.c["key"]).values(_new(changes, held.c)).returning(key)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[Any]:
        """Update by rows of values; give the keys of those that were as they said."""
        if not rows:
            return set()
        if connection.dialect.name == "sqlite":
            return {row["key"] for row in rows if connection.execute(self._one, dict(row)).rowcount == 1}
        return set(connection.scalars(self._all, {"rows": _written(rows)}))


def _new(changes: Iterable[str], given: Any) -> dict[str, Any]:
    return {name.removeprefix("new_"): given[name] for name in changes}


def _rows_given(columns: Mapping[str, Column[Any]]) -> TableValuedAlias:
    """Give the rows of the parameter "rows" as a table, on PostgreSQL."""
    rows = func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
    typed = (Column(name, column.type) for name, column in columns.items())
    return rows.table_valued(*typed).render_derived(name="given", with_types=True)


def _written(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored: add a time zone")
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} cannot be stored in bulk")
