"""What was removed leaves the database's files, and what is personal is not kept as an answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Column, MetaData, String, Table, select
from sqlalchemy.engine import URL, make_url

from shared.clock import fixed_clock
from shared.errors import Refused
from shared.messaging.housekeeping import WIPE, wipe, wipe_after
from shared.messaging.tables import messaging_tables
from shared.persistence import database as databases
from shared.persistence.commands import Command, current_command, forget_answers, store_answer
from shared.persistence.database import Database
from shared.persistence.work import Store

NINE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECRET = "a-word-that-nobody-else-says"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    metadata = MetaData()
    Table("letters", metadata, Column("words", String(200), primary_key=True))
    tables = messaging_tables(metadata)
    if request.param == "sqlite":
        url = URL.create("sqlite", database=str(tmp_path / "letters.sqlite3"))
    else:
        url = make_url(request.getfixturevalue("postgres").new_database("wiping")).set(drivername="postgresql+psycopg")
    database = Database(url, pool_size=3)
    metadata.create_all(database.engine)
    yield Store(database, tables, fixed_clock(NINE), "letters")
    database.close()


def letters(store):
    return store.tables.outbox.metadata.tables["letters"]


def write_and_remove(store):
    with store.work() as work:
        work.connection.execute(letters(store).insert().values(words=SECRET))
    with store.work() as work:
        work.connection.execute(letters(store).delete())
        wipe_after(work)


def test_what_was_removed_is_in_no_file_once_it_is_wiped(store, tmp_path):
    write_and_remove(store)
    if store.database.is_sqlite:
        assert any(SECRET.encode() in path.read_bytes() for path in tmp_path.iterdir())

    wipe(store)

    assert not any(SECRET.encode() in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    if not store.database.is_sqlite:
        with store.database.reading() as connection:
            [dead] = connection.exec_driver_sql("SELECT pg_stat_get_dead_tuples('letters'::regclass)").one()
            assert dead == 0


def test_wiping_is_a_job_of_the_transaction_that_removes(store):
    write_and_remove(store)

    with store.database.reading() as connection:
        assert connection.scalars(select(store.tables.jobs.c.kind)).all() == [WIPE]


def test_a_reader_in_the_way_has_it_tried_again_later(store, monkeypatch):
    if not store.database.is_sqlite:
        pytest.skip("PostgreSQL's VACUUM waits for no reader")
    monkeypatch.setattr(databases, "LOCK_TIMEOUT", 0.2)
    write_and_remove(store)
    with store.database.reading() as connection:
        connection.execute(select(letters(store))).all()
        with store.database.writing() as writer:
            writer.execute(letters(store).insert().values(words="newer"))

        with pytest.raises(Refused, match="truncated when they are done"):
            wipe(store)

    wipe(store)


def test_the_connection_that_wiped_keeps_its_limits(store):
    if store.database.is_sqlite:
        pytest.skip("SQLite has no time limit on statements")
    wipe(store)

    with store.database.reading() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "20s"


def test_a_personal_answer_is_given_and_not_kept(store):
    command = Command("key", "letters.export", "digest")
    token = current_command.set(command)
    try:
        with store.work() as work:
            assert work.answer_unkept({"name": SECRET}) == {"name": SECRET}
    finally:
        current_command.reset(token)

    with store.database.reading() as connection:
        assert connection.execute(select(store.tables.answers)).all() == []
    assert command.answered


def test_answers_that_hold_a_word_are_forgotten_however_it_was_escaped(store):
    answers = store.tables.answers
    with store.database.writing() as connection:
        for key, said in (("a", 'Ffïon "F" Môn'), ("b", "KT-7F3K-92"), ("c", "100%_sure"), ("d", "100 unsure")):
            store_answer(connection, answers, Command(key, "letters.write", "digest"), {"said": said}, NINE)

        assert forget_answers(connection, answers, []) == 0
        assert forget_answers(connection, answers, ['Ffïon "F" Môn', "KT-7F3K-92", "0%_s", ""]) == 3
        assert connection.scalars(select(answers.c.key)).all() == ["d"]
