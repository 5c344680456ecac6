"""Rows that the database itself keeps from overlapping in time: nobody is in two places, whatever the code does.

PostgreSQL has exclusion constraints for this, which hold between transactions at once; SQLite has one writer at a time,
so that a trigger sees all that was written before. Either way the second writer gets an `IntegrityError` that names the
constraint.
"""

from __future__ import annotations

from typing import Any

_OVERLAP = (
    "SELECT 1 FROM {table} AS other WHERE other.{key} = NEW.{key} AND other.id <> NEW.id "
    'AND other."{start}" < NEW."{end}" AND NEW."{start}" < other."{end}"'
)


def forbid_overlap(op: Any, table: str, key: str, start: str, end: str) -> None:
    """Let no two rows of `table` with one `key` share any time from `start` to `end`, which are instants.

    `op` is alembic's. Rows whose key is null are free. The ranges are half open: one may begin as another ends.
    """
    name = constraint_name(table, key)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist "
            f'({key} WITH =, tstzrange("{start}", "{end}") WITH &&) WHERE ({key} IS NOT NULL)'
        )
        return
    overlap = _OVERLAP.format(table=table, key=key, start=start, end=end)
    for when in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER {name}_{when.lower()} BEFORE {when} ON {table} "
            f"WHEN NEW.{key} IS NOT NULL AND EXISTS ({overlap}) "
            f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
        )


def allow_overlap(op: Any, table: str, key: str) -> None:
    """Take back what `forbid_overlap` did."""
    name = constraint_name(table, key)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        return
    for when in ("insert", "update"):
        op.execute(f"DROP TRIGGER {name}_{when}")


def constraint_name(table: str, key: str) -> str:
    """Give the name that an `IntegrityError` says."""
    return f"ex_{table}_{key}"
