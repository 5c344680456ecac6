"""Moments go into a database in UTC and come out aware, SQLite's too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Column, Integer, Table, create_engine, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError

from shared.persistence.types import Moment, new_metadata

HALF_PAST_NINE = datetime(2026, 7, 7, 9, 30, tzinfo=UTC)
IN_LONDON = datetime(2026, 7, 7, 10, 30, tzinfo=ZoneInfo("Europe/London"))


@pytest.fixture
def diary():
    """A table with one moment, in memory."""
    metadata = new_metadata()
    table = Table("diary", metadata, Column("id", Integer, primary_key=True), Column("at", Moment))
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection, table
    engine.dispose()


def test_a_moment_comes_back_aware_and_in_utc(diary):
    connection, table = diary
    connection.execute(table.insert().values(at=IN_LONDON))

    kept = connection.scalar(select(table.c.at))

    assert (kept, kept.tzinfo) == (HALF_PAST_NINE, UTC)


def test_moments_of_different_zones_compare_by_when_they_are(diary):
    connection, table = diary
    connection.execute(table.insert().values(at=IN_LONDON))

    assert connection.scalar(select(table.c.id).where(table.c.at == HALF_PAST_NINE)) == 1
    assert connection.scalar(select(table.c.id).where(table.c.at > HALF_PAST_NINE)) is None


def test_a_naive_datetime_is_not_stored(diary):
    connection, table = diary

    with pytest.raises(StatementError, match="add a time zone"):
        connection.execute(table.insert().values(at=datetime(2026, 7, 7, 9, 30)))  # noqa: DTZ001 - the point


def test_no_moment_stays_none(diary):
    connection, table = diary
    connection.execute(table.insert().values(at=None))

    assert connection.execute(select(table.c.at)).one().at is None


def test_postgresql_is_given_the_zone_and_sqlite_is_not():
    assert Moment().process_bind_param(IN_LONDON, postgresql.dialect()).utcoffset() == timedelta(0)
    assert Moment().process_bind_param(IN_LONDON, sqlite.dialect()).tzinfo is None


def test_what_postgresql_gives_in_its_own_zone_is_put_into_utc():
    given = HALF_PAST_NINE.astimezone(timezone(timedelta(hours=5)))

    assert Moment().process_result_value(given, postgresql.dialect()).tzinfo is UTC
