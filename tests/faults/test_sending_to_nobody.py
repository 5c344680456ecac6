"""Who a message goes to is asked as it is sent; an answer that is nobody's address sends nothing and is seen."""

from __future__ import annotations

import pytest

from services.notifications.queries.messages import MessagesWanted, list_messages
from tests.faults.desk import Desk, Owners, an_enquiry, reminders

CONTACT = 4
"""Every fourth reminder is a prison contact's."""


@pytest.fixture
def desk(tmp_path, mail_server):
    with Desk(f"sqlite:///{tmp_path}/ledger.sqlite3", mail_server.url) as desk:
        yield desk


def the_contact(desk: Desk) -> dict[str, object]:
    """What an operator sees of the contact's message."""
    with desk.store.database.reading() as connection:
        listed = list_messages(connection, MessagesWanted(), limit=10, now=desk.clock())
    [contact] = [message for message in listed if message["recipient"].startswith("enquirer")]
    return contact


def reached(mail_server) -> set[str]:
    return {address for mail in mail_server.mails for address in mail.recipients}


FACILITATORS = {f"f{number:06}@facilitators.example" for number in range(1, CONTACT)}


@pytest.mark.parametrize(
    "contact",
    [
        pytest.param({"status": "erased", "name": None, "email": None}, id="erased"),
        pytest.param({"status": "erased"}, id="erased-with-an-address-left"),
        pytest.param({"status": "left"}, id="left"),
        pytest.param({"email": None}, id="no-address"),
        pytest.param({"email": ""}, id="an-empty-address"),
    ],
)
def test_a_contact_who_went_between_scheduling_and_sending_gets_nothing_and_others_theirs(desk, mail_server, contact):
    desk.enter(reminders(CONTACT))
    owners = Owners(given={"get_enquiry": an_enquiry("KT-000004", **contact)})

    desk.sender(owners).send_due()

    seen = the_contact(desk)
    assert (seen["state"], bool(seen["why"])) == ("suppressed", True)
    assert desk.states == {"suppressed": 1, "accepted": 3}
    assert reached(mail_server) == FACILITATORS


@pytest.mark.parametrize(
    "address",
    [
        "alex@risley.example\nBcc: eve@elsewhere.example",
        "alex@risley.example\r\nBcc: eve@elsewhere.example",
        "alex@risley.example>\r\nRCPT TO:<eve@elsewhere.example",
        "alex@risley.example\u2028Bcc: eve@elsewhere.example",
        "alex@risley.example, eve@elsewhere.example",
        "Alex <alex@risley.example>",
        "alex",
    ],
)
def test_an_address_that_is_not_exactly_one_fails_at_once_and_is_seen(desk, mail_server, address):
    desk.enter(reminders(CONTACT))
    owners = Owners(given={"get_enquiry": an_enquiry("KT-000004", email=address)})

    desk.sender(owners).send_due()

    seen = the_contact(desk)
    assert seen["state"] == "failed"
    assert "address" in str(seen["why"])
    assert "elsewhere" not in str(seen["why"])
    assert "risley" not in str(seen["why"])
    assert sum(desk.events("message_unsettled").values()) == 1
    assert reached(mail_server) == FACILITATORS


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({}, id="nothing"),
        pytest.param(None, id="null"),
        pytest.param("busy", id="words"),
        pytest.param({"contact": None}, id="no-contact"),
        pytest.param(an_enquiry("KT-000004", email=["alex@risley.example"]), id="a-list-of-addresses"),
    ],
)
def test_an_owner_whose_answer_makes_no_sense_holds_up_nobody_and_is_seen(desk, mail_server, answer):
    desk.enter(reminders(CONTACT * 2))
    owners = Owners(given={"get_enquiry": answer})

    desk.sender(owners).send_due()

    assert desk.states["accepted"] == 6
    assert desk.states["sending"] == 0
    assert len(reached(mail_server)) == 6


def test_a_name_that_no_mail_can_hold_keeps_nobody_from_being_told(desk, mail_server):
    desk.enter(reminders(CONTACT * 2))
    owners = Owners(given={"get_enquiry": an_enquiry("KT-000004", name="Al\ud800ex")})

    desk.sender(owners).send_due()

    assert desk.states == {"accepted": CONTACT * 2}
    assert len(mail_server.mails) == CONTACT * 2
