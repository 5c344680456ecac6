"""Contacts and posts: what is on record, what was, and what happens when someone can be reached no longer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from services.enquiries.doors.people import PeopleDoors
from services.enquiries.handlers import leaving, merging, organisations, people, returning, untold
from services.enquiries.people_schemas import ContactForm, OrganisationForm, parse, parse_changes
from services.enquiries.queries import people as known
from services.enquiries.tables import contacts, holdings, tasks
from services.enquiries.tables import organisations as organisations_table
from shared.contracts.enquiries import ContactLeft
from shared.contracts.notifications import MessageAccepted, MessageUnsettled, RecipientBounced
from shared.errors import Refused
from tests.enquiry_store import at, emptied, filed, know_establishment, new_database, row_of, rows, shown, told

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=18)
KEYS = ("a key of sixteen or more",)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("contacts"), request)
    yield database
    database.close()


@pytest.fixture
def store(database):
    store = emptied(database, NOW)
    know_establishment(store, "RSI", "Risley (HMP)")
    return store


def add(store, **said):
    with store.work() as work:
        clean = parse(ContactForm, {"name": "Kim Lee", **said}, NOW.date())
        return people.add_contact(work, clean, keys=KEYS, actor="priya")


def change(store, contact_id, **said):
    with store.work() as work:
        clean = parse_changes(ContactForm, said, NOW.date())
        returning.change_contact(work, contact_id, clean, keys=KEYS, actor="priya")


def person(store, contact_id):
    with store.database.reading() as connection:
        return known.get_contact(connection, contact_id)


def test_people_are_listed_by_their_ids_at_once(store):
    kim, lee = add(store), add(store, name="Lee Vale")
    add(store, name="Ada Moss")
    doors = PeopleDoors()
    doors.store = store

    listed = doors.list_contacts(ids=[str(kim), str(lee), str(uuid4())])

    assert [each["name"] for each in listed] == ["Lee Vale", "Kim Lee"]
    assert doors.list_contacts(ids=[]) == []


@pytest.mark.parametrize(("ids", "code", "field"), [("KT", "invalid", "ids"), (["", "x"], "not_found", None)])
def test_what_are_no_ids_of_people_is_refused(store, ids, code, field):
    doors = PeopleDoors()
    doors.store = store

    with pytest.raises(Refused) as refused:
        doors.list_contacts(ids=ids)

    assert (refused.value.code, next(iter(refused.value.fields or {}), None)) == (code, field)


def bounce(store, reference, moment=LATER):
    with store.work() as work:
        leaving.when_recipient_bounced(work, RecipientBounced(message_id=uuid4(), about=reference, bounced_at=moment))


def left(store, contact_id, successor=None):
    with store.work() as work:
        leaving.mark_contact_left(work, contact_id, reason="New job", successor_id=successor, actor="priya")


def risley(store):
    return next(row.id for row in rows(store, organisations_table) if row.establishment_id == "RSI")


def test_every_change_is_kept_with_what_was(store):
    contact = add(store, email="kim@risley.example", organisation=str(risley(store)), role="Activities hub manager")
    change(store, contact, name="Kim Lee-Jones", email="", phone="01925 763871")

    now = person(store, contact)
    assert (now["name"], now["email"], now["phone"], now["preferred_channel"]) == (
        "Kim Lee-Jones",
        None,
        "01925 763871",
        "phone",
    )
    told_of = [(step["kind"], step["was"], step["now"]) for step in now["history"]]
    assert told_of[:2] == [("added", None, "added by hand"), ("post_begun", None, "Activities hub manager")]
    assert {
        ("name", "Kim Lee", "Kim Lee-Jones"),
        ("email", "kim@risley.example", None),
        ("phone", None, "01925 763871"),
        ("preferred_channel", "email", "phone"),
    } == set(told_of[2:])
    assert {step["actor"] for step in now["history"]} == {"priya"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"email": "KIM@risley.example"}, "email"),
        ({"email": "not an address"}, "email"),
        ({"preferred_channel": "email"}, "email"),
        ({"preferred_channel": "phone"}, "phone"),
        ({"preferred_channel": "pigeon"}, "preferred_channel"),
        ({"phone": "ring me"}, "phone"),
        ({"role": "Governor"}, "organisation"),
        ({"organisation": "no id"}, "organisation"),
        ({"name": " "}, "name"),
        ({"name": "About A1234BC"}, "name"),
    ],
)
def test_what_cannot_be_is_refused_by_field(store, said, field):
    add(store, email="kim@risley.example")

    with pytest.raises(Refused) as refusal:
        add(store, **said)

    assert list(refusal.value.fields) == [field]
    assert len(rows(store, contacts)) == 1


def test_someone_may_be_reached_on_paper_alone(store):
    assert person(store, add(store))["preferred_channel"] == "post"


def test_an_organisation_of_the_same_name_and_kind_is_refused(store):
    given = parse(OrganisationForm, {"kind": "funder", "name": "The Fund"}, NOW.date())
    with store.work() as work:
        organisations.add_organisation(work, given, actor="priya")

    with pytest.raises(Refused, match="of that name already"), store.work() as work:
        organisations.add_organisation(work, given, actor="priya")


def test_what_the_register_says_of_an_establishment_is_not_changed_here(store):
    with pytest.raises(Refused, match="comes from the register"), store.work() as work:
        organisations.change_organisation(work, risley(store), {"name": "Other"})


def test_a_post_has_its_holders_and_stays_when_they_go(store):
    contact = add(store, organisation=str(risley(store)), role="Governor")
    with store.database.reading() as connection:
        [post] = known.get_organisation(connection, risley(store))["posts"]
    assert [one["name"] for one in post["held_by"]] == ["Kim Lee"]
    for _ in range(2):
        with store.work() as work:
            people.assign_post(work, contact, UUID(post["id"]), actor="priya")
    assert len(rows(store, holdings)) == 1
    with store.work() as work:
        people.end_post(work, contact, UUID(post["id"]), actor="priya")

    with store.database.reading() as connection:
        assert known.get_organisation(connection, risley(store))["posts"] == [{**post, "held_by": []}]
    with pytest.raises(Refused, match="does not hold"), store.work() as work:
        people.end_post(work, contact, UUID(post["id"]), actor="priya")


def test_a_bounce_marks_the_contact_ends_the_post_and_asks_once_who_holds_it(store):
    reference = filed(store)
    for _ in range(2):
        bounce(at(store, LATER), reference)

    contact = shown(store, reference)["contact"]
    assert (contact["status"], contact["email"]) == ("bounced", "alex.morgan@risley.example")
    [holding] = rows(store, holdings)
    assert holding.until == LATER
    [task] = [row for row in rows(store, tasks) if row.kind == "post_vacant"]
    assert task.title == "Who holds the post of Head of reducing reoffending at Risley (HMP) now?"
    assert (task.reference, str(task.contact_id), task.due_on) == (reference, contact["id"], date(2026, 11, 23))
    assert [step["kind"] for step in shown(store, reference)["timeline"]].count("bounced") == 1
    [event] = told(store, ContactLeft)
    assert (str(event.person_id), event.why, event.references) == (contact["id"], "bounced", (reference,))


def came_back(store, reference, moment=LATER):
    """A message came back for good, as notifications tells of it."""
    message = uuid4()
    with store.work() as work:
        event = MessageUnsettled(message, "run_changed_contact", reference, "contact", "bounced", moment)
        untold.when_message_unsettled(work, event)
        leaving.when_recipient_bounced(work, RecipientBounced(message_id=message, about=reference, bounced_at=moment))


def still_open(store):
    return [row.kind for row in rows(store, tasks) if row.kind in {"post_vacant", "message"} and row.done_at is None]


def test_a_bounce_is_one_task_however_many_messages_came_back(store):
    reference = filed(store)
    for _ in range(3):
        came_back(at(store, LATER), reference)

    assert still_open(store) == ["post_vacant"]
    done = [row for row in rows(store, tasks) if row.kind == "message"]
    assert {(row.outcome, row.done_at) for row in done} == {(leaving.ASKED_ELSEWHERE, LATER)}


def test_a_message_that_arrived_after_all_is_nobodys_task(store):
    reference, message = filed(store), uuid4()
    with store.work() as work:
        event = MessageUnsettled(message, "reply_written", reference, "contact", "unknown", LATER)
        untold.when_message_unsettled(work, event)
    assert still_open(store) == ["message"]

    for of in (uuid4(), message):
        with store.work() as work:
            untold.when_message_accepted(work, MessageAccepted(of, "reply_written", reference, LATER))

    [task] = [row for row in rows(store, tasks) if row.kind == "message"]
    assert (task.outcome, still_open(store)) == (untold.ARRIVED, [])


def test_a_message_in_whose_place_another_arrived_or_a_call_was_made_is_nobodys_task(store):
    reference, message, other = filed(store), uuid4(), uuid4()
    with store.work() as work:
        for each in (message, other):
            event = MessageUnsettled(each, "reply_written", reference, "contact", "failed", LATER)
            untold.when_message_unsettled(work, event)
        untold.when_message_accepted(work, MessageAccepted(uuid4(), "told_by_hand", reference, LATER, (message,)))

    outcomes = {row.key: row.outcome for row in rows(store, tasks) if row.kind == "message"}
    assert outcomes == {untold.key_of(message): untold.KNOWN, untold.key_of(other): None}


def test_a_task_about_a_message_says_which_session_it_is_about(store):
    reference = filed(store)
    about = ("session_reminder_contact", reference, "contact", "to_call")
    with store.work() as work:
        event = MessageUnsettled(uuid4(), *about, LATER, session_number=1, session_date=date(2027, 1, 12))
        untold.when_message_unsettled(work, event)

    [task] = [row for row in rows(store, tasks) if row.kind == "message"]
    assert task.title == (
        "Ring the contact, who prefers a call: session reminder contact, session 1 on Tue 12 Jan 2027"
    )


def test_where_nobody_has_to_be_found_somebody_sees_to_the_message(store):
    reference = filed(store)
    new = add(store, name="Sam Hub", email="hub@risley.example")
    change(at(store, LATER), row_of(store, reference).contact_id, successor=str(new))
    came_back(at(store, LATER), reference, moment=LATER - timedelta(minutes=1))

    assert still_open(store) == ["message"]


def test_where_no_post_is_known_the_task_asks_who_to_write_to(store):
    reference = filed(store, contact_role=None)
    bounce(at(store, LATER), reference)

    [task] = [row for row in rows(store, tasks) if row.kind == "post_vacant"]
    assert task.title == "Who do we write to at Risley (HMP) now?"


def test_a_bounce_of_an_address_that_was_put_right_meanwhile_marks_nobody(store):
    reference = filed(store)
    change(at(store, LATER), row_of(store, reference).contact_id, email="alex@risley.example")
    bounce(at(store, LATER), reference, moment=LATER - timedelta(minutes=1))

    assert shown(store, reference)["contact"]["status"] == "active"


def test_a_bounce_about_a_merged_enquiry_is_its_threads(store):
    older = filed(store)
    newer = filed(at(store, NOW + timedelta(days=1)), contact_email="hub@risley.example", contact_name="Sam Hub")
    with store.work() as work:
        merging.merge_enquiry(work, newer, older, reason=None, actor="priya")
    bounce(at(store, LATER), newer)

    statuses = {row.email: row.status for row in rows(store, contacts)}
    assert statuses == {"alex.morgan@risley.example": "active", "hub@risley.example": "bounced"}
    assert "bounced" in [step["kind"] for step in shown(store, older)["timeline"]]


def test_a_bounce_about_nothing_we_know_changes_nothing(store):
    bounce(store, "KT-XXXX-XX")

    assert told(store, ContactLeft) == []


def test_a_successor_is_written_to_and_no_task_asks(store):
    reference = filed(store)
    new = add(store, name="Sam Hub", email="hub@risley.example")
    left(store, row_of(store, reference).contact_id, successor=new)

    contact = shown(store, reference)["contact"]
    assert (contact["name"], contact["email"], contact["status"], contact["role"]) == (
        "Sam Hub",
        "hub@risley.example",
        "active",
        None,
    )
    assert shown(store, reference)["asked_by"]["name"] == "Alex Morgan"
    assert [row.kind for row in rows(store, tasks) if row.kind == "post_vacant"] == []
    [event] = told(store, ContactLeft)
    assert event.references == ()


def test_when_a_successor_goes_too_the_enquiries_of_the_first_are_told_of(store):
    reference = filed(store)
    new = add(store, name="Sam Hub", email="hub@risley.example")
    left(store, row_of(store, reference).contact_id, successor=new)
    bounce(at(store, LATER), reference)

    assert shown(store, reference)["contact"]["status"] == "bounced"
    assert told(store, ContactLeft)[-1].references == (reference,)


def test_nobody_follows_themselves_by_way_of_others(store):
    first, second = add(store), add(store, name="Sam Hub")
    change(store, first, successor=str(second))

    with pytest.raises(Refused) as refusal:
        change(store, second, successor=str(first))

    assert "follow themselves" in refusal.value.fields["successor"][0]


def test_someone_who_left_is_marked_once_and_takes_up_no_post(store):
    reference = filed(store)
    contact = row_of(store, reference).contact_id
    left(store, contact)

    with pytest.raises(Refused, match="already"):
        left(store, contact)
    with store.database.reading() as connection:
        post = connection.scalar(select(holdings.c.post_id))
    with pytest.raises(Refused, match="cannot take up a post"), store.work() as work:
        people.assign_post(work, contact, post, actor="priya")
    assert [(step["kind"], step["now"]) for step in person(store, contact)["history"]][-3:] == [
        ("status", "left"),
        ("reason", "New job"),
        ("post_ended", None),
    ]


def back(store, contact_id):
    with store.work() as work:
        returning.bring_back(work, contact_id, reason="Their mailbox was full.", actor="priya")


def a_bounced_contact(store):
    reference = filed(store)
    contact = row_of(store, reference).contact_id
    bounce(at(store, LATER), reference)
    assert person(store, contact)["status"] == "bounced"
    return contact


def test_who_bounced_and_has_another_address_is_written_to_again(store):
    contact = a_bounced_contact(store)
    assert len(still_open(store)) == 1

    change(at(store, LATER + timedelta(hours=1)), contact, email="the.right.one@risley.example")

    now = person(store, contact)
    assert now["status"] == "active"
    assert ("status", "bounced", "active") in [(step["kind"], step["was"], step["now"]) for step in now["history"]]
    assert [post["until"] for post in now["posts"] if post["until"] is None] == [None]
    assert still_open(store) == []


@pytest.mark.parametrize("said", [{"phone": "01925 763871"}, {"email": "ALEX.MORGAN@risley.example"}, {"email": ""}])
def test_a_change_that_leaves_the_address_leaves_the_mark(store, said):
    contact = a_bounced_contact(store)

    change(store, contact, **said)

    assert person(store, contact)["status"] == "bounced"


def test_who_bounced_is_brought_back_at_the_same_address_with_the_reason(store):
    contact = a_bounced_contact(store)

    back(at(store, LATER + timedelta(hours=1)), contact)

    now = person(store, contact)
    assert (now["status"], now["posts"][-1]["until"], still_open(store)) == ("active", None, [])
    assert "Their mailbox was full." in [step["now"] for step in now["history"]]
    with pytest.raises(Refused, match="written to already"):
        back(store, contact)


def test_who_comes_back_is_written_to_in_place_of_their_successor_but_leaves_a_post_to_its_new_holder(store):
    contact = add(store, email="kim@risley.example", organisation=str(risley(store)), role="Hub manager")
    other = add(store, name="Sam Roe", email="sam@risley.example")
    left(store, contact, successor=other)
    later = at(store, LATER)
    change(later, other, organisation=str(risley(store)), role="Hub manager")

    back(later, contact)

    now = person(store, contact)
    assert (now["status"], now["successor"]) == ("active", None)
    assert all(post["until"] for post in now["posts"])
