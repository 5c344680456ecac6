"""What scheduling holds on people: nothing but choices under a reference, and its own facilitators."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

from services.scheduling.handlers import hearing, people
from services.scheduling.queries import privacy
from services.scheduling.tables import messaging, metadata
from shared.contracts.enquiries import EnquiryReceived, PersonErased
from shared.persistence.commands import Command, store_answer
from shared.persistence.database import Database
from shared.persistence.work import Store

NINE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    database = Database(URL.create("sqlite", database=str(tmp_path / "scheduling.sqlite3")))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: NINE, "scheduling")
    database.close()


def received(reference):
    return EnquiryReceived(reference, "many-faces-of-trauma", None, 10, date(2027, 1, 12), "tue", "pm", NINE)


def test_answers_kept_under_an_erased_person_s_reference_go_and_others_stay(store):
    with store.work() as work:
        for key, reference in (("a", "KT-7F3K-92"), ("b", "KT-QQQQ-22")):
            command = Command(key, "scheduling.plan_run", "digest")
            store_answer(work.connection, messaging.answers, command, {"enquiry": reference}, NINE)
        hearing.when_person_erased(work, PersonErased(UUID(int=1), ("KT-7F3K-92",), ()))

    with store.database.reading() as connection:
        assert connection.scalars(select(messaging.answers.c.key)).all() == ["b"]


def test_an_export_gives_what_is_under_their_references_and_their_own_entry_as_facilitator(store):
    with store.work() as work:
        for reference in ("KT-7F3K-92", "KT-QQQQ-22"):
            hearing.when_enquiry_received(work, received(reference))
        mine = people.add_facilitator(work, "Ana", "Ana@facilitators.example")
        people.add_facilitator(work, "Tom", "tom@facilitators.example")

    with store.database.reading() as connection:
        given = privacy.export_person(connection, ["KT-7F3K-92"], ["ana@facilitators.example"])

    assert [(row["reference"], row["preferred_start"]) for row in given["enquiries"]] == [("KT-7F3K-92", "2027-01-12")]
    assert [each["id"] for each in given["facilitators"]] == [str(mine)]
    assert given["runs"] == []
