"""What scheduling knows of an enquiry is the same, in whatever order it hears."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

from services.scheduling.handlers import hearing
from services.scheduling.tables import enquiries, messaging, metadata, runs
from shared.contracts.enquiries import EnquiryReceived, StageChanged
from shared.persistence.database import Database
from shared.persistence.work import Store

NINE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RECEIVED = (1, EnquiryReceived("KT-1", "many-faces-of-trauma", None, 10, None, "tue", "pm", NINE))
AVAILABLE = (2, StageChanged("KT-1", "new", "availability"))
WON = (6, StageChanged("KT-1", "agreement", "won"))


@pytest.fixture
def store(tmp_path):
    database = Database(URL.create("sqlite", database=str(tmp_path / "scheduling.sqlite3")))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: NINE, "scheduling")
    database.close()


def hear(store, sequence, event):
    with store.database.writing() as connection:
        work = store.unit(connection, cause=SimpleNamespace(sequence=sequence))
        if isinstance(event, EnquiryReceived):
            hearing.when_enquiry_received(work, event)
        else:
            hearing.when_stage_changed(work, event)


@pytest.mark.parametrize("order", list(itertools.permutations([RECEIVED, AVAILABLE, WON])))
def test_in_any_order_the_enquiry_ends_at_its_last_stage_with_what_was_asked_for(store, order):
    for sequence, event in order:
        hear(store, sequence, event)

    with store.database.reading() as connection:
        [row] = connection.execute(select(enquiries))
    assert (row.stage, row.version, row.programme, row.group_size) == ("won", 6, "many-faces-of-trauma", 10)


def test_an_event_heard_again_changes_nothing(store):
    for sequence, event in (RECEIVED, WON, RECEIVED, AVAILABLE):
        hear(store, sequence, event)

    with store.database.reading() as connection:
        [row] = connection.execute(select(enquiries))
        assert connection.execute(select(runs)).all() == []
    assert (row.stage, row.version) == ("won", 6)
