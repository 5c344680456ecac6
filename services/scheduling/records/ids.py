"""Ids read by the thousand: where a database keeps them as text, each text is made an id of once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Dialect, Table, Uuid, type_coerce

KEPT = 65_536
"""How many ids are kept made: of all sessions that a calendar of years is looked at for."""

_made = lru_cache(maxsize=KEPT)(UUID)


class KnownId(Uuid[UUID]):
    """An id, read. On SQLite the same few hundred people, runs and sessions come as text again and again."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Give what makes an id of a text, and remembers it."""
        if dialect.name == "sqlite":
            return lambda text: None if text is None else _made(text)
        native: Callable[[Any], Any] | None = super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]
        return native


def known_id(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give a column of ids as one to be read often."""
    return type_coerce(column, KnownId())


def with_known_ids(table: Table) -> list[ColumnElement[Any]]:
    """Give all columns of a table under their names, those of ids as ones to be read often."""
    return [known_id(each).label(each.name) if isinstance(each.type, Uuid) else each for each in table.c]
