"""Steps that bring the backbone's tables of any service to a later shape; each service's migrations call them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from shared.persistence.types import Moment

_UNPUBLISHED = sa.text("published_at IS NULL AND dropped_at IS NULL")
_UNHANDLED = sa.text("state IN ('waiting', 'dead')")
_WAITING = sa.text("state = 'waiting'")
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def add_second_shape(op: Any) -> None:
    """Let the outbox park rows, the inbox drop them, and add the tables of jobs and answers."""
    op.drop_index("ix_outbox_unpublished", table_name="outbox")
    op.add_column("outbox", sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
    for column in ("retry_at", "parked_at", "dropped_at"):
        op.add_column("outbox", sa.Column(column, Moment))
    op.add_column("outbox", sa.Column("error", sa.Text))
    for table in ("outbox", "inbox"):
        op.add_column(table, sa.Column("dropped_by", sa.String(100)))
        op.add_column(table, sa.Column("drop_reason", sa.Text))
    _index(op, "ix_outbox_unpublished", "outbox", ["seq"], _UNPUBLISHED)
    _index(op, "ix_outbox_unpublished_subject", "outbox", ["subject", "seq"], _UNPUBLISHED)
    op.drop_index("ix_inbox_unhandled", table_name="inbox")
    _index(op, "ix_inbox_unhandled", "inbox", ["subject", "seq"], _UNHANDLED)
    _create_jobs(op)
    schedule_rows(op, "retry_events", "inbox", "event_id", "next_attempt_at", "state = 'waiting'")
    _create_answers(op)


def schedule_rows(op: Any, kind: str, table: str, key: str, due_at: str, where: str) -> None:
    """Add a job for each row of a table that had its own clock before there were jobs. All words are our own."""
    op.execute(
        "INSERT INTO jobs (kind, subject, due_at, state, attempts, next_attempt_at) "  # noqa: S608
        f"SELECT '{kind}', CAST({key} AS VARCHAR(100)), {due_at}, 'waiting', 0, {due_at} FROM {table} "
        f"WHERE {where} AND {due_at} IS NOT NULL"
    )


def remove_second_shape(op: Any) -> None:
    """Undo `add_second_shape`; jobs and kept answers are lost."""
    op.drop_table("answers")
    op.drop_table("jobs")
    for index, table in (
        ("ix_inbox_unhandled", "inbox"),
        ("ix_outbox_unpublished_subject", "outbox"),
        ("ix_outbox_unpublished", "outbox"),
    ):
        op.drop_index(index, table_name=table)
    for table in ("outbox", "inbox"):
        op.drop_column(table, "drop_reason")
        op.drop_column(table, "dropped_by")
    for column in ("error", "dropped_at", "parked_at", "retry_at", "attempts"):
        op.drop_column("outbox", column)
    _index(op, "ix_outbox_unpublished", "outbox", ["seq"], sa.text("published_at IS NULL"))
    _index(op, "ix_inbox_unhandled", "inbox", ["subject", "seq"], sa.text("state != 'handled'"))


def _create_jobs(op: Any) -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", Moment, nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("kind", "subject", "due_at", name="uq_jobs_kind_subject_due_at"),
    )
    _index(op, "ix_jobs_waiting", "jobs", ["next_attempt_at"], _WAITING)


def _create_answers(op: Any) -> None:
    op.create_table(
        "answers",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("operation", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_answers"),
    )


def _index(op: Any, name: str, table: str, columns: list[str], where: Any) -> None:
    op.create_index(name, table, columns, postgresql_where=where, sqlite_where=where)
