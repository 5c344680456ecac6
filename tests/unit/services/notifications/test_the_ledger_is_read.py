"""What can be asked of the ledger: which messages there are, and all that is known of one."""

from __future__ import annotations

import datetime as dt

import pytest

from services.notifications.channels.base import TemporaryFailure
from services.notifications.queries.messages import MessagesWanted, get_message, list_messages
from shared.errors import Refused
from shared.persistence.work import new_id
from tests.unit.services.notifications.sending_house import CONTACT, FACILITATOR, MONDAY, REF, reminder, to_contact


def listed(house, **wanted) -> list[str]:
    with house.database.reading() as connection:
        rows = list_messages(connection, MessagesWanted(**wanted), limit=50, now=house.now)
    return [row["occasion"] for row in rows]


@pytest.fixture
def house(house):
    house.enter(
        to_contact("told", subject_ref="enquiry:KT-1111-11"),
        reminder(occasion="reminder", due_at=MONDAY + dt.timedelta(hours=1)),
        to_contact("later", due_at=MONDAY + dt.timedelta(days=1)),
    )
    house.send(MONDAY)
    house.now = MONDAY + dt.timedelta(hours=2)
    return house


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["reminder", "told", "later"]),
        ({"since": MONDAY}, ["told", "reminder", "later"]),
        ({"since": MONDAY, "until": MONDAY + dt.timedelta(minutes=1)}, ["told"]),
        ({"state": "accepted"}, ["told"]),
        ({"state": "due"}, ["reminder"]),
        ({"state": "scheduled"}, ["later"]),
        ({"template": "session_reminder_facilitator"}, ["reminder"]),
        ({"subject": "enquiry:KT-1111-11"}, ["told"]),
        ({"recipient": FACILITATOR}, ["reminder"]),
        ({"recipient": f"enquirer:{REF}", "state": "scheduled"}, ["later"]),
        ({"occasion": "later"}, ["later"]),
        ({"template": "no_such"}, []),
    ],
)
def test_messages_are_listed_by_what_is_known_of_them(house, wanted, found):
    assert listed(house, **wanted) == found


def test_what_waits_although_its_time_has_come_is_shown_as_due(house):
    with house.database.reading() as connection:
        rows = list_messages(connection, MessagesWanted(), limit=50, now=house.now)
    assert [row["state"] for row in rows] == ["due", "accepted", "scheduled"]


def test_what_was_tried_in_vain_is_due_until_it_goes_out_and_says_when_it_is_tried_next(house):
    house.enter(to_contact("in vain", due_at=house.now))
    house.channel.fault = TemporaryFailure("the mail server is away")
    house.send(house.now)
    message = house.message("in vain")
    assert message.next_attempt_at > house.now

    with house.database.reading() as connection:
        [row] = list_messages(connection, MessagesWanted(occasion="in vain"), limit=50, now=house.now)
    assert (row["state"], row["why"]) == ("due", "the mail server is away")
    assert row["next_attempt_at"] == message.next_attempt_at.isoformat()
    assert "in vain" in listed(house, state="due")
    assert "in vain" not in listed(house, state="scheduled")


def test_a_state_that_there_is_not_is_refused_with_those_there_are(house):
    with pytest.raises(Refused) as refused:
        listed(house, state="waiting")
    assert "due, scheduled, sending" in refused.value.fields["state"][0]


def test_a_message_is_given_with_all_that_is_known_and_nobodys_name(house):
    message = house.message("told")
    with house.database.reading() as connection:
        found = get_message(connection, message.id, house.now)

    assert (found["state"], found["person"], found["attempts"], found["urgency"]) == (
        "accepted",
        CONTACT,
        1,
        "needed",
    )
    assert found["claimed_at"] == found["accepted_at"] == MONDAY.isoformat()
    assert (found["resends"], found["digest"], found["tells"]) == ([], None, [])
    assert (found["may_be_sent_again"], found["may_be_settled"]) == (False, False)
    assert "risley.example" not in str(found)
    assert "Sam" not in str(found)


def test_a_digest_and_what_it_told_name_each_other(house):
    house.prefer(CONTACT, digest=True)
    house.enter(to_contact("in it"))
    house.send()
    house.send(MONDAY.replace(hour=15))
    part, digest = house.message("in it"), house.message(f"digest:{CONTACT}:2026-12-07")
    with house.database.reading() as connection:
        told = get_message(connection, part.id, house.now)
        whole = get_message(connection, digest.id, house.now)

    assert told["digest"]["id"] == str(digest.id)
    assert [each["id"] for each in whole["tells"]] == [str(part.id)]


def test_a_message_that_nobody_knows_is_not_found(house):
    with house.database.reading() as connection, pytest.raises(Refused) as refused:
        get_message(connection, new_id(), house.now)
    assert refused.value.code == "not_found"
