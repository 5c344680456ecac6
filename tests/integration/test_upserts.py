"""What the two databases make of inserts and updates that they spell otherwise must be the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import JSON, Boolean, Column, Date, Integer, MetaData, String, Table, Text, Time, Uuid, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import StatementError

from shared.persistence.bulk import UpdateEach, insert_all, is_any_of
from shared.persistence.database import Database
from shared.persistence.types import Moment
from shared.persistence.upsert import insert_or_leave, insert_or_update
from tests.waiting import eventually

metadata = MetaData()
things = Table("things", metadata, Column("id", Integer, primary_key=True), Column("name", String(20)))
kinds = Table(
    "kinds",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", Moment),
    Column("day", Date),
    Column("hour", Time),
    Column("is_on", Boolean),
    Column("facts", JSON),
    Column("words", Text),
)
NOON = datetime(2027, 1, 12, 12, 0, 0, 123456, tzinfo=UTC)
ODD = 'a "quote", a \\ backslash, {braces}, NULL, é, \U0001f511\nand a line'


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'things.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database().replace("postgresql:", "postgresql+psycopg:")
    database = Database(make_url(url))
    metadata.create_all(database.engine)
    yield database
    database.close()


def rows(database: Database) -> list[tuple[int, str]]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(things).order_by(things.c.id))]


def test_an_insert_says_whether_the_row_was_new(database):
    with database.writing() as connection:
        assert insert_or_leave(connection, things, {"id": 1, "name": "first"})
        assert not insert_or_leave(connection, things, {"id": 1, "name": "second"})

    assert rows(database) == [(1, "first")]


def test_an_update_takes_the_place_of_an_insert(database):
    for name in ("first", "second"):
        with database.writing() as connection:
            insert_or_update(connection, things, "id", {"id": 1, "name": name})

    assert rows(database) == [(1, "second")]


@pytest.mark.parametrize("count", [0, 1, 300])
def test_many_rows_are_inserted_and_found_again(database, count):
    wanted = [{"id": number, "name": None if number % 2 else f"thing {number}"} for number in range(count)]
    with database.writing() as connection:
        insert_all(connection, things, wanted)
        found = connection.scalars(select(things.c.id).where(is_any_of(connection, things.c.id, [1, 2, 9999]))).all()

    assert rows(database) == [(row["id"], row["name"]) for row in wanted]
    assert sorted(found) == [number for number in (1, 2) if number < count]


def test_values_of_every_kind_come_back_as_they_were(database):
    wanted = [
        {
            "id": UUID(int=number),
            "at": NOON + timedelta(hours=number),
            "day": date(2027, 2, number),
            "hour": time(9, 30),
            "is_on": number % 2 == 0,
            "facts": {"session": {"number": number, "of": None}, "odd": ODD},
            "words": ODD,
        }
        for number in (1, 2)
    ]
    nothing = {"id": UUID(int=3)} | dict.fromkeys(("at", "day", "hour", "is_on", "facts", "words"))
    with database.writing() as connection:
        insert_all(connection, kinds, [*wanted, nothing])

    with database.reading() as connection:
        assert [dict(row._mapping) for row in connection.execute(select(kinds).order_by(kinds.c.id))] == [
            *wanted,
            nothing,
        ]


def test_a_moment_without_a_zone_is_refused(database):
    naive = [{"id": UUID(int=number), "at": datetime(2027, 1, 12, 12)} for number in (1, 2)]  # noqa: DTZ001
    with pytest.raises((ValueError, StatementError), match="add a time zone"), database.writing() as connection:
        insert_all(connection, kinds, naive)


renamed = UpdateEach(
    things,
    {"key": things.c.id, "new_name": things.c.name, "was": things.c.name},
    lambda given: things.c.name.is_not_distinct_from(given["was"]),
    skip_locked=True,
)


def test_each_row_gets_its_own_value_where_it_is_as_it_was(database):
    with database.writing() as connection:
        insert_all(connection, things, [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 3, "name": None}])
        asked = [(1, "a", "A"), (2, "other", "B"), (3, None, "C"), (4, "d", "D")]
        rows_given = [{"key": key, "was": was, "new_name": new} for key, was, new in asked]
        assert renamed.run(connection, rows_given) == {1, 3}
        assert renamed.run(connection, []) == set()

    assert rows(database) == [(1, "A"), (2, "b"), (3, "C")]


def test_a_row_that_somebody_else_holds_is_left_out(postgres_only):
    with postgres_only.writing() as connection:
        insert_all(connection, things, [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
    with postgres_only.writing() as other:
        other.execute(select(things).where(things.c.id == 1).with_for_update())
        with postgres_only.writing() as connection:
            asked = [{"key": 1, "was": "a", "new_name": "A"}, {"key": 2, "was": "b", "new_name": "B"}]
            assert renamed.run(connection, asked) == {2}

    assert rows(postgres_only) == [(1, "a"), (2, "B")]


def test_a_row_that_has_changed_while_it_was_waited_for_is_left_as_it_is(postgres_only):
    waiting = UpdateEach(
        things,
        {"key": things.c.id, "new_name": things.c.name, "was": things.c.name},
        lambda given: things.c.name == given["was"],
    )
    with postgres_only.writing() as connection:
        insert_all(connection, things, [{"id": 1, "name": "a"}])

    def change() -> set[int]:
        with postgres_only.writing() as connection:
            return waiting.run(connection, [{"key": 1, "was": "a", "new_name": "mine"}])

    with ThreadPoolExecutor(1) as others:
        with postgres_only.writing() as connection:
            connection.execute(update(things).values(name="theirs"))
            waits = others.submit(change)
            eventually(lambda: _is_waited_for(postgres_only))
        assert waits.result() == set()

    assert rows(postgres_only) == [(1, "theirs")]


def _is_waited_for(database: Database) -> bool:
    with database.reading() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(found.scalar_one())


@pytest.fixture
def postgres_only(postgres):
    database = Database(make_url(postgres.new_database().replace("postgresql:", "postgresql+psycopg:")))
    metadata.create_all(database.engine)
    yield database
    database.close()
