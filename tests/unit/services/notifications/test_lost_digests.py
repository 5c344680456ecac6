"""A digest that did not get through asks somebody to see to it, until all that it said was said in another way."""

from __future__ import annotations

import pytest

from services.notifications.channels.base import OutcomeUnknown, PermanentFailure
from services.notifications.handlers.resending import resend_message
from services.notifications.handlers.telling import note_told
from services.notifications.queries.messages import get_message
from services.notifications.queries.proof import list_not_told
from shared.errors import Refused
from tests.unit.services.notifications.sending_house import (
    CONTACT,
    DOMAIN,
    FACILITATOR,
    MONDAY,
    REF,
    SESSION,
    a_message,
    reminder,
    to_contact,
)

THREE = MONDAY.replace(hour=15)
TO_CONTACT = f"enquirer:{REF}"
GROUPS = dict.fromkeys(("cancelled", "moved", "new", "regrouped", "lost"), ())
OF_RUN = {"run": "run-1", "enquiry": REF, "establishment": "Risley (HMP)", "programme": "The Many Faces of Trauma"}
SECOND = {**SESSION, "id": "s4", "number": 4, "date": "2026-12-17"}


@pytest.fixture
def house(house):
    house.prefer(CONTACT, digest=True)
    return house


def lose(house, *parts, fault=None, at=MONDAY):
    """Have a digest of the contact's take these along, which are due by then, and not get through; give it."""
    house.enter(*parts)
    house.send(at)
    house.channel.fault = fault or OutcomeUnknown("lost")
    house.send(THREE)
    house.channel.fault = None
    [digest] = [each for each in house.ledger() if each.template == "digest"]
    assert [each["message_id"] for each in house.events("message_unsettled")] == [str(digest.id)]
    return digest


def note(house, recipient, run=None, session=None):
    with house.at_work() as work:
        return note_told(work, recipient, run, session, "phone", actor="priya", mail_domain=DOMAIN)


def settles(house, digest) -> bool:
    """Say whether anything told that the digest needs nobody any more, as enquiries hears it."""
    told = house.events("message_accepted")
    return any(str(digest.id) in (each["message_id"], *(each["instead_of"] or ())) for each in told)


def send_again(house, occasion):
    with house.at_work() as work:
        resend_message(work, house.message(occasion).id, "They rang: nothing had come.", actor="priya")
    house.prefer(CONTACT, digest=False)
    house.send()


def confirmation(sessions=(SESSION, SECOND)):
    facts = {**OF_RUN, "sessions": [{**each, "revision": 0} for each in sessions], "facilitators": ["ana"]}
    return a_message("run_confirmed_contact", TO_CONTACT, "run_confirmed:1", facts={**facts, "version": 1})


def change(**changes):
    facts = {**confirmation().facts, **GROUPS, "version": 2, "kind": "move", "of": 2, **changes}
    return a_message("run_changed_contact", TO_CONTACT, "run_changed:1", version=2, facts=facts)


def about_nothing_dated(occasion="hold:1", **more):
    """A letter of a run that names no session, such as that dates are held."""
    facts = {name: value for name, value in to_contact().facts.items() if name != "session"}
    return to_contact(occasion, facts=facts, **more)


@pytest.mark.parametrize("fault", [OutcomeUnknown("lost"), PermanentFailure("554")])
def test_it_is_settled_once_each_letter_that_it_told_was_sent_again(house, fault):
    digest = lose(house, to_contact("hold:1"), to_contact("hold:2"), fault=fault)

    send_again(house, "hold:1")
    assert not settles(house, digest)

    send_again(house, "hold:2")
    assert settles(house, digest)


def test_newer_news_in_another_digest_settles_it_as_that_one_is_taken(house):
    digest = lose(house, to_contact("hold:1"), to_contact("hold:2"))
    send_again(house, "hold:1")
    house.prefer(CONTACT, digest=True)
    house.enter(to_contact("hold:2", version=2, due_at=THREE.replace(day=8, hour=12)))
    house.send(THREE.replace(day=8, hour=12))
    assert not settles(house, digest)

    house.send(THREE.replace(day=8))

    assert house.ledger()[-1].state.value == "accepted"
    assert settles(house, digest)


def test_newer_news_of_the_same_settles_it(house):
    digest = lose(house, to_contact("hold:1"))

    house.prefer(CONTACT, digest=False)
    house.enter(to_contact("hold:1", version=2))
    house.send()

    assert settles(house, digest)


def test_a_note_of_the_run_settles_it(house):
    digest = lose(house, confirmation(), reminder(TO_CONTACT, "reminder"), about_nothing_dated())

    note(house, TO_CONTACT, "run-1")

    assert settles(house, digest)


def test_a_note_of_one_session_settles_it_once_the_others_that_it_told_are_noted_too(house):
    digest = lose(house, confirmation(), reminder(TO_CONTACT, "reminder"))

    note(house, TO_CONTACT, "run-1", 3)
    assert not settles(house, digest)

    note(house, TO_CONTACT, "run-1", 4)
    assert settles(house, digest)


def test_a_note_of_sessions_does_not_stand_for_what_names_none_of_them(house):
    digest = lose(house, confirmation((SESSION,)), about_nothing_dated())

    note(house, TO_CONTACT, "run-1", 3)

    assert not settles(house, digest)


def test_a_note_from_before_says_nothing_of_a_reminder_that_was_lost_later(house):
    house.prefer(CONTACT, digest=False)
    house.enter(confirmation())
    house.send()
    note(house, TO_CONTACT, "run-1")
    house.prefer(CONTACT, digest=True)
    later = MONDAY.replace(hour=13)
    lost = (reminder(TO_CONTACT, "reminder", due_at=later), about_nothing_dated(due_at=later))
    digest = lose(house, *lost, at=later)

    send_again(house, "hold:1")
    assert not settles(house, digest)

    send_again(house, "reminder")
    assert settles(house, digest)


def test_a_letter_about_what_changed_settles_it_only_where_nothing_else_stays_untold(house):
    lost = confirmation()
    digest = lose(house, lost)
    house.prefer(CONTACT, digest=False)
    moved = {**SESSION, "revision": 1, "start": "09:00", "end": "12:00"}
    sessions = [moved, {**SECOND, "revision": 0}]

    house.enter(change(sessions=sessions, moved=[{**moved, "was": SESSION}]))
    house.send()
    assert not settles(house, digest)

    facts = {"sessions": sessions, "new": sessions, "version": 3}
    again = change(**facts)
    house.enter(a_message("run_changed_contact", TO_CONTACT, "run_changed:2", version=3, facts=again.facts))
    house.send()
    assert settles(house, digest)


def test_the_digest_itself_is_noted_as_told_at_once_with_all_that_is_left_of_it(house):
    digest = lose(house, confirmation(), about_nothing_dated(), to_contact("hold:2"))
    send_again(house, "hold:2")

    noted = note(house, CONTACT)

    assert settles(house, digest)
    left = {house.message(each).id for each in ("run_confirmed:1", "hold:1")}
    assert {each.resend_of for each in noted} == left
    assert {each.recipient for each in noted} == {TO_CONTACT}
    with house.database.reading() as connection:
        assert TO_CONTACT not in [each["recipient"] for each in list_not_told(connection, MONDAY, 28, 50)]
    with pytest.raises(Refused, match="nothing is to be noted"):
        note(house, CONTACT)


def test_a_lost_digest_is_not_offered_to_be_sent_again_and_what_was_in_it_is_shown(house):
    digest = lose(house, to_contact("hold:1"))

    with house.database.reading() as connection:
        shown = get_message(connection, digest.id, house.now)

    assert not shown["may_be_sent_again"]
    assert [each["occasion"] for each in shown["tells"]] == ["hold:1"]


def test_a_facilitators_digest_is_noted_by_their_id(house):
    house.prefer(FACILITATOR, digest=True)
    digest = lose(house, reminder())

    note(house, FACILITATOR)

    assert settles(house, digest)


def test_what_says_something_for_the_first_time_settles_no_digest(house):
    digest = lose(house, to_contact("hold:1"))

    house.prefer(CONTACT, digest=False)
    house.enter(to_contact("hold:2"))
    house.send()

    assert not settles(house, digest)
