"""A hundred thousand messages are due at once: each is found as fast as in a small ledger, and none waits in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from shared.messaging.jobs import NotFinished
from tests.faults.desk import Desk, Takes

DUE = 100_000
SENT = 100
A_FEW = 1_000


@pytest.fixture(scope="module")
def flooded(postgres) -> Iterator[Desk]:
    with Desk(postgres.new_database("flood"), "smtp://127.0.0.1:1") as desk:
        desk.enter_many(DUE)
        yield desk


def send(desk: Desk, count: int) -> Takes:
    channel = Takes(count)
    with pytest.raises(NotFinished):
        desk.sender(channel=channel).send_due(stopping=channel.has_enough)
    return channel


def read_by(desk: Desk, statement: str, parameters: Any) -> Iterator[tuple[str, int]]:
    """Run a query and give, for each step of its plan, what it is and how many rows it had to look at."""
    with desk.store.database.engine.connect() as connection:
        query = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
        [plan] = connection.exec_driver_sql(query, parameters).scalar_one()
        connection.rollback()
    steps = [plan["Plan"]]
    while steps:
        step = steps.pop()
        yield step["Node Type"], step["Actual Rows"] + step.get("Rows Removed by Filter", 0)
        steps += step.get("Plans", [])


def test_no_query_of_the_ledger_looks_at_more_than_a_few_rows(flooded):
    asked: dict[str, Any] = {}

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if statement.lstrip().upper().startswith("SELECT") and "FROM messages" in statement:
            asked.setdefault(statement, parameters)

    engine = flooded.store.database.engine
    event.listen(engine, "before_cursor_execute", note)
    send(flooded, 3)
    event.remove(engine, "before_cursor_execute", note)

    assert asked
    for statement, parameters in asked.items():
        steps = dict(read_by(flooded, statement, parameters))
        assert max(steps.values()) <= A_FEW, (steps, statement)


def test_what_a_sender_holds_in_memory_does_not_grow_with_what_is_due(flooded):
    send(flooded, 10)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    channel = send(flooded, SENT)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A thousand of the due ones in memory would be more.
    assert most - before < 2_000_000
    assert len(set(channel.taken)) == SENT
    assert flooded.states["scheduled"] >= DUE - 2 * SENT
