"""What keeps the backbone's tables small: rows that nobody can need any more are removed, once a day."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, Table, select

from shared.messaging.tables import DROPPED, HANDLED
from shared.persistence.work import Store, UnitOfWork

TIDY_UP = "tidy_up"
"""The kind of the job."""
WIPE = "wipe"
"""The kind of the jobs that have removed values leave the files: see `Database.wipe`."""

PUBLISHED_FOR = timedelta(days=14)
"""How long a published event can still be looked up in the outbox."""
HANDLED_FOR = timedelta(days=90)
"""How long the inbox knows a repeat: longer than any queue or backup may hold an event back."""
ANSWERED_FOR = timedelta(days=7)
"""How long a command is safe to repeat by its key."""

AT_ONCE = 1000
"""Rows removed in one transaction: others write meanwhile."""


def wipe_after(work: UnitOfWork) -> None:
    """Have what this unit of work removes leave the database's files too, once it is committed."""
    work.schedule(WIPE, "", work.now)


def wipe(store: Store) -> None:
    """See that what was removed leaves the database's files. Raises `Refused` to be tried again."""
    store.database.wipe([table.name for table in store.tables.outbox.metadata.sorted_tables])


def tidy_up(store: Store) -> int:
    """Remove what has had its time; give how many rows that were. Dead letters and what waits stay."""
    tables, now = store.tables, store.clock()
    outbox, inbox, answers = tables.outbox, tables.inbox, tables.answers
    settled = inbox.c.state.in_((HANDLED, DROPPED))
    return (
        remove_old(store, outbox, outbox.c.seq, outbox.c.published_at < now - PUBLISHED_FOR)
        + remove_old(store, outbox, outbox.c.seq, outbox.c.dropped_at < now - HANDLED_FOR)
        + remove_old(store, inbox, inbox.c.seq, settled & (inbox.c.handled_at < now - HANDLED_FOR))
        + remove_old(store, answers, answers.c.key, answers.c.at < now - ANSWERED_FOR)
    )


def remove_old(store: Store, table: Table, key: object, old: object) -> int:
    """Remove the rows that are `old`, a few at a time by their `key`; give how many those were."""
    removed = 0
    while True:
        with store.database.writing() as connection:
            count = _remove_some(connection, table, key, old)
        removed += count
        if count < AT_ONCE:
            return removed


def _remove_some(connection: Connection, table: Table, key: object, old: object) -> int:
    some = select(key).where(old).limit(AT_ONCE)  # type: ignore[call-overload]
    return int(connection.execute(table.delete().where(key.in_(some))).rowcount)  # type: ignore[attr-defined]
