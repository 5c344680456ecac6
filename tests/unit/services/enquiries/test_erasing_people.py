"""Erasing a person: every text goes, what must stay stays with its reason, and nobody else is touched."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import select, update
from sqlalchemy.engine import URL, make_url

from services.enquiries.handlers import filing, intake, privacy
from services.enquiries.handlers.retention import keep_no_longer
from services.enquiries.queries.privacy import find_person, gather, is_suppressed
from services.enquiries.queries.retention import preview
from services.enquiries.tables import (
    agreements,
    contacts,
    data_requests,
    enquiries,
    messaging,
    metadata,
    signatures,
    suppressions,
    tasks,
    timeline,
)
from shared.contracts.enquiries import EnquiryReceived
from shared.contracts.notifications import MessageAccepted
from shared.errors import Refused
from shared.messaging.housekeeping import wipe
from shared.messaging.jobs import NotFinished
from shared.persistence.database import Database
from shared.persistence.migrations import migrate
from shared.persistence.work import Store
from tests.planting import NOW, answers, holding, new_marks, not_planted, plant

KEYS = ("a key of sixteen or more", "an older key of sixteen")


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory):
    """A database file with every table, and the triggers that migrations add."""
    path = tmp_path_factory.mktemp("migrated") / "enquiries.sqlite3"
    migrate("enquiries", URL.create("sqlite", database=str(path)))
    return path


@pytest.fixture(scope="module")
def migrated_database(postgres):
    """The same on PostgreSQL."""
    address = postgres.new_database("erasing")
    migrate("enquiries", on_psycopg(address))
    return address


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path)
        url = URL.create("sqlite", database=str(path))
    else:
        url = on_psycopg(copy_of(request.getfixturevalue("migrated_database")))
    database = Database(url)
    yield Store(database, messaging, lambda: NOW, "enquiries")
    database.close()


def on_psycopg(address):
    return make_url(address).set(drivername="postgresql+psycopg")


def copy_of(address):
    known = make_url(address)
    name = f"copy_{uuid4().hex[:8]}"
    server = known.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {known.database}")
    return known.set(database=name)


def at(store, moment):
    return Store(store.database, store.tables, lambda: moment, store.service)


def post(store, said):
    return intake.receive_enquiry(store, {**said}, idempotency_key=None, channel="web").reference


def erase(store, who, reason="They asked by letter."):
    with store.work() as work:
        return privacy.erase_person(work, who, KEYS, reason=reason, received_on=None, actor="operator")


def found(store, mark):
    with store.database.reading() as connection:
        return holding(connection, metadata, mark)


@pytest.fixture
def marks():
    return new_marks()


@pytest.fixture
def planted(store, marks):
    """One person with an enquiry and everything around it, and somebody else with theirs."""
    reference = post(store, answers(marks))
    other = post(store, answers(new_marks()))
    with store.database.writing() as connection:
        contact = plant(connection, marks, reference, other)
    return SimpleNamespace(reference=reference, other=other, contact=contact)


def test_every_column_that_could_hold_the_person_was_planted(store, planted, marks):
    assert not_planted(found(store, marks.gone) | found(store, marks.kept) | found(store, marks.phone)) == set()


def test_nothing_of_an_erased_person_is_left_but_what_they_signed(store, planted, marks):
    receipt = erase(store, marks.email)

    assert (found(store, marks.gone), found(store, marks.phone)) == (set(), set())
    kept = {"signatures.name", "signatures.role", "agreements.purchase_order", "agreements.cancellation_terms"}
    assert found(store, marks.kept) == kept | {"proposals.lines", "proposals.cancellation_terms"}
    assert receipt["references"] == [planted.reference]
    assert receipt["person_ids"] == [str(planted.contact)]
    assert [entry["why"] for entry in receipt["kept"] if entry["what"] == "names under agreements"] == [
        "An agreement needs the names of those who signed it, for legal claims (UK GDPR, article 17(3)(e))."
    ]
    assert receipt["erased"]["enquiries"] == 1


def test_the_bytes_leave_the_files_of_sqlite(store, planted, marks, tmp_path):
    if not store.database.is_sqlite:
        pytest.skip("PostgreSQL keeps its own files")
    files = sorted(tmp_path.glob("enquiries.sqlite3*"))
    assert any(marks.gone.encode() in file.read_bytes() for file in files)

    erase(store, marks.email)
    wipe(store)

    assert [file.name for file in files if file.exists() and marks.gone.encode() in file.read_bytes()] == []


def test_the_bytes_leave_the_file_also_when_pages_were_split_over_and_over(store, marks, tmp_path):
    if not store.database.is_sqlite:
        pytest.skip("PostgreSQL keeps its own files")
    for number in range(150):
        post(store, answers(marks, message=f"{marks.gone} " * (1 + number * 7 % 300)))
        post(store, answers(new_marks()))

    erase(store, marks.email)
    wipe(store)

    files = sorted(tmp_path.glob("enquiries.sqlite3*"))
    assert [file.name for file in files if marks.gone.encode() in file.read_bytes()] == []


def test_a_vacuum_runs_after_an_erasure_on_either_database(store, planted, marks):
    erase(store, marks.email)

    wipe(store)

    assert found(store, marks.gone) == set()


def test_what_counts_is_kept(store, planted, marks):
    erase(store, marks.email)

    with store.database.reading() as connection:
        row = connection.execute(select(enquiries).where(enquiries.c.reference == planted.reference)).one()
        steps = connection.execute(select(timeline).where(timeline.c.reference == planted.reference)).all()
        names = connection.scalars(select(signatures.c.name)).all()
        open_tasks = connection.execute(select(tasks).where(tasks.c.done_at.is_(None))).all()
    assert (row.stage, row.programme, row.received_at) == ("new", "many-faces-of-trauma", NOW)
    assert (row.contact_name, row.contact_email, row.establishment, row.erased_at) == (
        "(erased)",
        None,
        "(erased)",
        NOW,
    )
    assert steps[-1].kind == "erased"
    assert names == [f"Ffion {marks.kept}"]
    assert open_tasks == []


def test_somebody_with_a_similar_address_keeps_everything(store, marks):
    like = marks.email.replace("@", "2@")
    post(store, answers(marks))
    post(store, answers(marks, contact_email=like, message="Theirs"))

    receipt = erase(store, marks.email.upper())

    assert len(receipt["references"]) == 1
    with store.database.reading() as connection:
        assert connection.scalars(select(enquiries.c.contact_email).where(enquiries.c.erased_at.is_(None))).all() == [
            like
        ]


def test_an_address_that_several_contacts_use_asks_which_of_them(store, marks):
    first, second = post(store, answers(marks)), post(store, answers(marks, contact_name="Gwen Else"))
    ids = [uuid4(), uuid4()]
    with store.database.writing() as connection:
        for each, reference, name in zip(ids, (first, second), (marks.name, "Gwen Else"), strict=True):
            new = {"id": each, "name": name, "status_since": NOW, "source": reference, "created_at": NOW}
            connection.execute(contacts.insert().values(**new))
            mine = enquiries.c.reference == reference
            connection.execute(update(enquiries).where(mine).values(contact_id=each))

    with pytest.raises(Refused) as refused:
        erase(store, marks.email)
    assert refused.value.code == "conflict"
    assert all(str(each) in refused.value.detail for each in ids)

    assert erase(store, str(ids[0]))["references"] == [first]
    with store.database.reading() as connection:
        left = connection.execute(select(enquiries).where(enquiries.c.erased_at.is_(None))).one()
        # The mailbox is the other's too, who may be brought in by an import.
        assert not is_suppressed(connection, marks.email, KEYS)
    assert (left.reference, left.contact_name, left.contact_email) == (second, "Gwen Else", marks.email)


def test_erasing_again_gives_the_first_receipt_and_changes_nothing(store, planted, marks):
    first = erase(store, marks.email)

    assert erase(store, marks.email) == {**first, "repeated": True}
    assert erase(store, str(planted.contact)) == {**first, "repeated": True}
    with store.database.reading() as connection:
        assert len(connection.execute(select(data_requests)).all()) == 1
        erasures = select(messaging.outbox.c.type).where(messaging.outbox.c.type == "person_erased")
        assert len(connection.execute(erasures).all()) == 1


def test_a_person_nobody_has_heard_of_is_not_found(store):
    with pytest.raises(Refused, match="Nothing is held"):
        erase(store, "nobody@nowhere.example")


def test_a_new_enquiry_of_an_erased_person_is_welcome_and_can_be_erased_again(store, planted, marks):
    erase(store, marks.email)
    reference = post(store, answers(marks))

    with store.database.reading() as connection:
        assert is_suppressed(connection, marks.email.upper(), KEYS)
        assert is_suppressed(connection, marks.email, ("a new key, sixteen or more", *KEYS[:1]))
        assert not is_suppressed(connection, "else" + marks.email, KEYS)
    assert erase(store, marks.email)["references"] == [reference]
    assert found(store, marks.gone) == set()


def test_events_that_come_late_bring_nothing_back(store, planted, marks):
    erase(store, marks.email)

    with store.work() as work:
        late = EnquiryReceived(planted.reference, "many-faces-of-trauma", None, 10, None, None, None, NOW)
        filing.when_enquiry_received(work, late)
        intake.when_message_accepted(work, MessageAccepted(uuid4(), "enquiry_received", planted.reference, NOW))

    with store.database.reading() as connection:
        row = connection.execute(select(enquiries).where(enquiries.c.reference == planted.reference)).one()
    assert (row.filed_at, row.acknowledged_at) == (None, None)
    assert found(store, marks.gone) == set()


def test_the_reason_of_an_erasure_does_not_keep_the_person(store, planted, marks):
    erase(store, marks.email, reason=f"{marks.name} wrote from {marks.email}")

    assert found(store, marks.gone) == set()
    with store.database.reading() as connection:
        assert connection.scalars(select(suppressions.c.reason)).all() == ["(erased) wrote from (erased)"]


def test_the_event_names_ids_alone(store, planted, marks):
    receipt = erase(store, marks.email)

    with store.database.reading() as connection:
        told = select(messaging.outbox.c.envelope).where(messaging.outbox.c.type == "person_erased")
        data = json.loads(connection.scalar(told))["data"]
    assert data == {
        "request_id": receipt["request_id"],
        "references": [planted.reference],
        "person_ids": [str(planted.contact)],
        "nobody_left": [planted.reference],
    }


def test_of_a_former_contact_whom_somebody_follows_the_thread_goes_on(store, planted, marks):
    successor = uuid4()
    new = {"id": successor, "name": "Gwen Else", "email": "gwen@risley.example", "source": "x", "created_at": NOW}
    with store.database.writing() as connection:
        connection.execute(contacts.insert().values(**new, status_since=NOW))
        theirs = contacts.c.id == planted.contact
        connection.execute(update(contacts).where(theirs).values(status="left", successor_id=successor))

    erase(store, marks.email)

    with store.database.reading() as connection:
        told = select(messaging.outbox.c.envelope).where(messaging.outbox.c.type == "person_erased")
        assert json.loads(connection.scalar(told))["data"]["nobody_left"] == []


def test_an_address_with_two_names_at_one_contact_asks_first(store, planted, marks):
    second = post(store, answers(marks, contact_name="Gwen Else"))
    with store.database.writing() as connection:
        mine = enquiries.c.reference == second
        connection.execute(update(enquiries).where(mine).values(contact_id=planted.contact))

    with pytest.raises(Refused, match="under different names") as refused:
        erase(store, marks.email)

    assert refused.value.code == "conflict"
    assert str(planted.contact) in refused.value.detail
    assert set(erase(store, str(planted.contact))["references"]) == {planted.reference, second}


def test_an_export_holds_every_mark(store, planted, marks):
    with store.database.reading() as connection:
        given = gather(connection, find_person(connection, marks.email), KEYS)

    said = json.dumps(given)
    assert {name for name, rows in given.items() if marks.gone in json.dumps(rows)} == {
        *("enquiries", "timeline_words", "tasks", "checklists", "matches", "proposals", "drawdowns", "contacts"),
        *("contact_history", "posts_held", "saved_filters"),
    }
    assert marks.kept in said
    assert marks.phone in said


def test_a_request_that_was_noted_is_settled_by_the_erasure(store, planted, marks):
    with store.work() as work:
        noted = privacy.note_request(work, "erasure", marks.email, KEYS, date(2027, 1, 5), "operator")

    receipt = erase(store, marks.email)

    assert (receipt["request_id"], receipt["received_on"], receipt["due_on"]) == (
        str(noted.id), "2027-01-05", "2027-02-05",
    )  # fmt: skip


# Retention


def age(store, reference, **values):
    with store.database.writing() as connection:
        connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(**values))


def left_of(store, reference):
    with store.database.reading() as connection:
        return connection.execute(select(enquiries).where(enquiries.c.reference == reference)).one()


def test_spam_loses_its_words_after_30_days_and_keeps_its_entry(store, marks):
    reference = post(store, answers(marks))
    age(store, reference, standing="quarantined", stage="spam")

    assert keep_no_longer(at(store, NOW + timedelta(days=29))) == {}
    assert keep_no_longer(at(store, NOW + timedelta(days=31))) == {"spam": 1}
    assert keep_no_longer(at(store, NOW + timedelta(days=32))) == {}

    row = left_of(store, reference)
    assert (row.standing, row.stage, row.received_at, row.message) == ("quarantined", "spam", NOW, None)
    assert found(store, marks.gone) == set()


def test_an_enquiry_that_led_to_nothing_goes_24_months_after_the_last_word(store, marks):
    reference, spoken_since = post(store, answers(marks)), post(store, answers(new_marks()))
    age(store, spoken_since, last_word_at=NOW + timedelta(days=200))
    two_years_on = datetime(2028, 11, 26, 9, 0, tzinfo=UTC)

    with store.database.reading() as connection:
        assert [(row["record"], row["key"]) for row in preview(connection, two_years_on, limit=10)] == [
            ("enquiry", reference)
        ]
    assert keep_no_longer(at(store, two_years_on)) == {"enquiry": 1}
    assert left_of(store, spoken_since).erased_at is None


def test_what_was_won_stays_while_its_agreement_runs_and_six_years_after(store, planted, marks):
    age(store, planted.reference, stage="won")
    long_after = datetime(2045, 1, 1, 12, 0, tzinfo=UTC)
    keep_no_longer(at(store, long_after))
    assert left_of(store, planted.reference).erased_at is None

    with store.database.writing() as connection:
        connection.execute(update(agreements).values(state="ended", ended_at=datetime(2038, 3, 1, tzinfo=UTC)))
    assert keep_no_longer(at(store, datetime(2044, 12, 31, 12, 0, tzinfo=UTC))) == {}
    assert keep_no_longer(at(store, datetime(2045, 1, 1, 12, 0, tzinfo=UTC)))["agreement"] == 1
    assert (found(store, marks.kept), found(store, marks.gone) & {"enquiries.message"}) == (set(), set())


def test_a_contact_goes_a_year_after_they_left(store, planted, marks):
    with store.database.writing() as connection:
        connection.execute(update(contacts).where(contacts.c.id == planted.contact).values(status="left"))

    assert keep_no_longer(at(store, NOW + timedelta(days=360))) == {}
    assert keep_no_longer(at(store, NOW + timedelta(days=370))) == {"contact_left": 1}
    with store.database.reading() as connection:
        row = connection.execute(select(contacts).where(contacts.c.id == planted.contact)).one()
    assert (row.status, row.name, row.email) == ("erased", "(erased)", None)


def test_retention_that_is_broken_off_goes_on_from_there(store, monkeypatch):
    monkeypatch.setattr("services.enquiries.handlers.retention.AT_ONCE", 2)
    references = [post(store, answers(new_marks())) for _ in range(5)]
    later = at(store, NOW + timedelta(days=800))

    with pytest.raises(NotFinished):
        keep_no_longer(later, stopping=lambda: True)
    assert sum(left_of(store, each).erased_at is not None for each in references) == 2

    keep_no_longer(later)
    assert all(left_of(store, each).erased_at is not None for each in references)
