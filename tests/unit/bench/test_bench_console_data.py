"""The data that the console is measured with holds together."""

from collections import Counter

import pytest
from sqlalchemy import select

from bench import console_data
from services.enquiries.domain.pipeline import MOVES, Stage
from services.enquiries.tables import agreements, enquiries, proposals, search_entries, tasks, timeline
from tests.enquiry_store import new_database

COUNT = 300


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    database = new_database("sqlite", tmp_path_factory.mktemp("console"), None)
    yield database, console_data.enquiries(database, COUNT)
    database.close()


def rows(filled, table):
    with filled[0].reading() as connection:
        return connection.execute(select(table).order_by(*table.primary_key)).all()


def test_as_many_are_stored_as_were_asked_for_each_to_be_found(filled):
    stored = rows(filled, enquiries)

    assert len(stored) == len(rows(filled, search_entries)) == COUNT
    assert [row.reference for row in stored] == filled[1].references
    assert max(row.received_at for row in stored) <= filled[1].now


def test_every_enquiry_came_to_its_stage_by_moves_that_may_be_made(filled):
    here = {row.reference: Stage.NEW for row in rows(filled, enquiries)}
    for step in rows(filled, timeline):
        if step.kind == "moved":
            assert step.was == here[step.reference].value
            assert Stage(step.now) in MOVES[Stage(step.was)]
            here[step.reference] = Stage(step.now)

    assert all(row.stage == here[row.reference].value for row in rows(filled, enquiries) if row.standing == "filed")


def test_there_is_something_of_everything(filled):
    stored = rows(filled, enquiries)

    assert set(Counter(row.standing for row in stored)) == {"filed", "quarantined", "merged"}
    assert {"won", "lapsed", "declined", "withdrawn"} <= {row.stage for row in stored}
    assert any(row.first_reply_at is None and row.standing == "filed" for row in stored)
    assert {row.state for row in rows(filled, proposals)} >= {"accepted", "expired"}
    assert all(row.signed_at is not None or row.state == "awaiting_signature" for row in rows(filled, agreements))
    assert any(row.done_at is None for row in rows(filled, tasks))


def test_what_has_not_happened_yet_is_not_told(filled):
    now = filled[1].now

    assert all(step.at <= now for step in rows(filled, timeline))
    assert all(row.done_at is None or row.done_at <= now for row in rows(filled, tasks))
