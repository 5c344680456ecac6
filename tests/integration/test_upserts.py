"""What the two databases say of an insert that was not needed must be the same."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select
from sqlalchemy.engine import make_url

from shared.persistence.bulk import insert_all, is_any_of
from shared.persistence.database import Database
from shared.persistence.upsert import insert_or_leave, insert_or_update

metadata = MetaData()
things = Table("things", metadata, Column("id", Integer, primary_key=True), Column("name", String(20)))


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
