"""An enquiry and its news are stored together, in the same words on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from services.enquiries.handlers import intake
from services.enquiries.queries.enquiries import get_enquiry
from services.enquiries.schemas import parse_enquiry
from services.enquiries.tables import enquiries, messaging
from shared.contracts.enquiries import EnquiryQuarantined, EnquiryReceived
from shared.errors import Refused
from shared.messaging.envelope import Envelope
from shared.persistence.database import OUTBOX
from tests.enquiry_store import emptied, know_establishment, new_database, post, row_of, rows, told
from tests.examples import risley_enquiry

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("at_once"), request)
    yield database
    database.close()


@pytest.fixture
def store(database):
    return emptied(database, NOW)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("rsi", "RSI"),
        ("Risley (HMP)", "RSI"),
        ("HMP Risley", "RSI"),
        ("Atlantis", None),
        ("HMP Parc", None),
        ('a"b', None),
    ],
)
def test_the_news_names_the_establishment_that_the_row_does(store, written, meant):
    know_establishment(store, "RSI", "Risley (HMP)")
    know_establishment(store, "PRI", "Parc (HMP)")
    know_establishment(store, "PFI", "Parc (YOI)")

    reference = post(store, establishment=written)

    [news] = told(store, EnquiryReceived)
    assert (row_of(store, reference).establishment_id, news.establishment_id) == (meant, meant)
    assert (news.reference, news.group_size, news.preferred_weekday) == (reference, 10, "tue")
    with store.database.reading() as connection:
        asked = get_enquiry(connection, reference)
    assert (asked["establishment"], asked["establishment_name"]) == (written, "Risley (HMP)" if meant else None)


def test_an_establishments_id_is_written_as_json_writes_it(store):
    know_establishment(store, 'A"\\B', "Odd (HMP)")

    post(store, establishment="Odd")

    assert [news.establishment_id for news in told(store, EnquiryReceived)] == ['A"\\B']


def test_the_news_is_as_any_other(store):
    reference = post(store)

    [row] = rows(store, messaging.outbox)
    envelope = Envelope.from_json(row.envelope)
    assert (row.event_id, row.type, row.subject, row.created_at) == (envelope.id, "enquiry_received", reference, NOW)
    assert (envelope.subject, envelope.sequence, envelope.source, row.attempts) == (reference, 1, "enquiries", 0)
    assert envelope.correlation_id == str(envelope.id)


def test_answers_that_were_left_out_are_null_and_the_rest_is_as_it_was_given(store):
    answers = {"contact_role": None, "organisation": None, "group_size": None, "preferred_start": None}

    row = row_of(store, post(store, message="Môn", preferred_times=None, **answers))

    assert (row.message, row.contact_role, row.group_size, row.preferred_start, row.version) == (
        "Môn",
        None,
        None,
        None,
        1,
    )
    assert (row.stage, row.standing, row.spam_score, row.spam_reasons, row.waiting_on) == (
        "new",
        "filed",
        0,
        None,
        "us",
    )


def test_the_same_key_and_answers_are_stored_once_and_other_answers_refused(store):
    def receive(**changes):
        answers = parse_enquiry(risley_enquiry(**changes), NOW.date())
        return intake.receive_enquiry(store, answers, idempotency_key="a key", channel="api")

    first, second = receive(), receive()

    assert (second.reference, second.received_at, second.repeated) == (first.reference, first.received_at, True)
    with pytest.raises(Refused, match="other answers"):
        receive(group_size=11)
    assert len(rows(store, enquiries)) == len(rows(store, messaging.outbox)) == 1


def test_a_reference_that_is_taken_stores_neither_and_another_is_drawn(store, monkeypatch):
    drawn = iter(["KT-2222-22", "KT-2222-22", "KT-3333-33"])
    monkeypatch.setattr(intake, "new_reference", lambda _choose: next(drawn))

    assert [post(store), post(store)] == ["KT-2222-22", "KT-3333-33"]
    assert len(rows(store, messaging.outbox)) == 2


def test_who_waits_for_news_is_woken_once_it_is_stored(store):
    seen = []

    def wake():
        with store.database.reading() as connection:
            seen.append(len(connection.execute(select(messaging.outbox)).all()))

    store.database.when_told(OUTBOX, wake)
    post(store)

    assert seen == [1]


def test_a_suspect_has_its_own_news_and_a_row_all_the_same(store):
    reference = post(store, message="<a href='https://a.example'>x</a> https://b.example https://c.example")

    assert [news.reference for news in told(store, EnquiryQuarantined)] == [reference]
    assert told(store, EnquiryReceived) == []
    assert row_of(store, reference).standing == "quarantined"
