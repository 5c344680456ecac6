"""How messages come to their end: what is heard of them later, what an operator says, and what is sent again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from services.notifications.channels.base import OutcomeUnknown, PermanentFailure, RecipientRefused
from services.notifications.domain.holding_back import ERASED, unreachable
from services.notifications.domain.messages import MessageState
from services.notifications.domain.preferences import Way
from services.notifications.domain.urgency import Urgency
from services.notifications.handlers.erasing import when_facilitator_erased, when_person_erased
from services.notifications.handlers.resending import resend_message
from services.notifications.handlers.settling import settle, settle_message
from services.notifications.handlers.suppressions import lift
from services.notifications.handlers.telling import note_told
from services.notifications.queries.messages import get_message
from services.notifications.queries.suppressions import suppressed_because
from shared.contracts.enquiries import PersonErased
from shared.contracts.scheduling import FacilitatorErased
from shared.errors import Refused
from shared.persistence.work import new_id
from tests.unit.services.notifications.sending_house import (
    ANA,
    CONTACT,
    DOMAIN,
    FACILITATOR,
    KEYS,
    MONDAY,
    REF,
    RUN,
    SAM,
    SESSION,
    a_message,
    reminder,
    to_contact,
)

S = MessageState
WHY = "They rang: nothing had come."


def refusal(call, *arguments, **more) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*arguments, **more)
    return caught.value


def came_to(house, fault, message=None):
    """Have a message come to an end that a fault of the mail server brings."""
    message = message or to_contact()
    house.enter(message)
    house.channel.fault = fault
    house.send(MONDAY)
    house.channel.fault = None
    return house.message(message.occasion)


def again(house, message, reason=WHY):
    with house.at_work() as work:
        return resend_message(work, message.id, reason, actor="priya")


def settled(house, message, state, reason=WHY):
    with house.at_work() as work:
        return settle_message(work, message.id, state, reason, actor="priya")


def erased_event():
    return PersonErased(request_id=new_id(), person_ids=(SAM,), references=(REF,), nobody_left=None)


def heard(house, message, state, why=None, **more):
    with house.at_work() as work:
        return settle(work, message.id, state, why, **more)


class TestOneTaskAMessage:
    @pytest.mark.parametrize(
        ("fault", "state"),
        [
            (PermanentFailure("554"), "failed"),
            (OutcomeUnknown("lost"), "unknown"),
            (RecipientRefused("550 5.1.1"), "bounced"),
        ],
    )
    def test_one_opens_for_what_did_not_get_through(self, house, fault, state):
        came_to(house, fault)
        house.send(MONDAY + dt.timedelta(days=2))

        [event] = house.events("message_unsettled")
        message = house.message("hold:1")
        assert event["message_id"] == str(message.id)
        assert (event["template"], event["about"], event["kind"], event["state"]) == (
            "hold_placed_contact",
            REF,
            "contact",
            state,
        )

    def test_an_address_that_was_turned_down_at_once_is_written_to_no_more(self, house):
        def why(address="sam@risley.example"):
            with house.store.database.reading() as connection:
                return suppressed_because(connection, address, KEYS)

        came_to(house, PermanentFailure("552 too large"), to_contact("hold:large"))
        assert why() is None
        came_to(house, RecipientRefused("550 5.1.1"))
        assert why() == "550 5.1.1"

    def test_what_was_in_doubt_and_is_reported_as_delivered_is_told_as_accepted(self, house):
        message = came_to(house, OutcomeUnknown("lost"))
        assert house.events("message_accepted") == []
        heard(house, message, S.DELIVERED)
        assert len(house.events("message_accepted")) == 1

    def test_none_opens_for_what_got_through_is_not_wanted_or_has_been_replaced(self, house):
        house.enter(to_contact())
        house.send(MONDAY)

        assert house.unsettled() == []

    def test_what_was_unknown_and_comes_back_or_failed_is_no_second_task(self, house):
        for ends in (
            lambda message: heard(house, message, S.BOUNCED, "It came back."),
            lambda message: settled(house, message, "failed"),
        ):
            message = came_to(house, OutcomeUnknown("lost"), to_contact(f"hold:{new_id()}"))
            ends(message)

        assert house.unsettled() == [("hold_placed_contact", "unknown")] * 2

    def test_after_an_outage_each_person_and_session_is_one_task_however_many_reminders_came_too_late(self, house):
        contact = f"enquirer:{REF}"
        other = {**a_message("x", "y").facts, "session": {**SESSION, "id": "s4"}}
        house.enter(
            reminder(FACILITATOR, "session_reminder:5d:s3"),
            reminder(FACILITATOR, "session_reminder:1d:s3"),
            reminder(contact, "session_reminder:5d:s3"),
            reminder(contact, "session_reminder:1d:s3"),
            reminder(contact, "session_reminder:1d:s4", facts=other),
        )

        assert house.send(MONDAY + dt.timedelta(days=10)) == {"missed": 5}

        assert sorted(house.unsettled()) == [
            ("session_reminder_contact", "missed"),
            ("session_reminder_contact", "missed"),
            ("session_reminder_facilitator", "missed"),
        ]


class TestWhatIsHeardLater:
    def test_a_report_settles_what_was_accepted_or_unknown(self, house):
        for fault in (None, OutcomeUnknown("lost")):
            message = came_to(house, fault, to_contact(f"hold:{fault}"))
            assert heard(house, message, S.DELIVERED).state is S.DELIVERED
            known = house.message(message.occasion)
            assert (known.state, known.answered_at) == (S.DELIVERED, MONDAY)

    def test_a_mail_that_came_back_is_a_task_and_its_owner_is_told_of_the_address(self, house):
        message = came_to(house, None)
        heard(house, message, S.BOUNCED, "550 5.1.1")

        assert (house.message("hold:1").state, house.message("hold:1").why) == (S.BOUNCED, "550 5.1.1")
        assert house.unsettled() == [("hold_placed_contact", "bounced")]
        [event] = house.events("recipient_bounced")
        assert event["about"] == REF

    def test_one_that_came_back_for_another_cause_says_nothing_of_the_address(self, house):
        message = came_to(house, None)
        heard(house, message, S.BOUNCED, "552 5.2.2", address_gone=False)

        assert house.unsettled() == [("hold_placed_contact", "bounced")]
        assert house.events("recipient_bounced") == []

    def test_heard_again_or_of_what_nobody_knows_it_changes_nothing(self, house):
        message = came_to(house, None)
        heard(house, message, S.BOUNCED, "first")
        assert heard(house, message, S.BOUNCED, "second") is None
        assert heard(house, message, S.DELIVERED) is None
        assert heard(house, replace(message, id=new_id()), S.DELIVERED) is None

        assert house.message("hold:1").why == "first"
        assert len(house.unsettled()) == 1

    def test_what_waits_is_not_settled_by_a_report_about_something_else(self, house):
        house.enter(to_contact())
        assert heard(house, house.message("hold:1"), S.DELIVERED) is None


class TestAnOperatorSettlesWhatWasUnknown:
    @pytest.mark.parametrize("state", ["accepted", "failed"])
    def test_with_a_reason_that_is_kept_beside_who_said_so(self, house, state):
        message = came_to(house, OutcomeUnknown("lost"))
        settled(house, message, state, "They  rang:\nnothing had come.")

        known = house.message("hold:1")
        assert (known.state.value, known.why) == (state, "They rang: nothing had come. (priya)")
        assert len(house.events("message_accepted")) == (state == "accepted")

    @pytest.mark.parametrize("fault", [None, PermanentFailure("554")])
    def test_nothing_else_is_settled_by_hand(self, house, fault):
        message = came_to(house, fault)
        assert refusal(settled, house, message, "accepted").code == "refused"

    def test_what_is_asked_has_to_make_sense(self, house):
        message = came_to(house, OutcomeUnknown("lost"))
        assert "state" in refusal(settled, house, message, "delivered").fields
        for reason in ("", "  x ", None, 7, "x" * 501, "It was about A1234BC."):
            assert "reason" in refusal(settled, house, message, "failed", reason).fields
        assert refusal(settled, house, replace(message, id=new_id()), "failed").code == "not_found"
        assert house.message("hold:1").state is S.UNKNOWN


class TestSendingAgain:
    @pytest.mark.parametrize("fault", [PermanentFailure("554"), OutcomeUnknown("lost"), RecipientRefused("550 5.1.1")])
    def test_makes_a_new_message_that_refers_to_the_first_and_goes_out_once(self, house, fault):
        message = came_to(house, fault)
        house.now += dt.timedelta(hours=1)
        if isinstance(fault, RecipientRefused):
            with house.at_work() as work:
                lift(work, str(message.id), WHY, actor="priya")
        again(house, message)
        house.send()
        house.send()

        new = house.message("hold:1:again:1")
        assert (new.state, new.resend_of, new.due_at) == (S.ACCEPTED, message.id, house.now)
        assert new.facts["sent_again"] == {"by": "priya", "reason": WHY}
        assert (new.template, new.recipient, new.subject_ref, new.version) == (
            message.template,
            message.recipient,
            message.subject_ref,
            message.version,
        )
        assert new.message_id != message.message_id
        assert len(house.mails) == 1

    def test_it_says_in_whose_place_it_arrived_so_that_nobody_sees_to_those_any_more(self, house):
        first = came_to(house, PermanentFailure("554"))
        house.channel.fault = PermanentFailure("554")
        again(house, first)
        house.send()
        house.channel.fault = None
        second = house.message("hold:1:again:1")
        again(house, second)
        house.send()

        [event] = house.events("message_accepted")
        assert event["message_id"] == str(house.message("hold:1:again:2").id)
        assert event["instead_of"] == [str(first.id), str(second.id)]

    def test_each_time_is_another_and_refers_to_the_one_before(self, house):
        message = came_to(house, PermanentFailure("554"))
        house.channel.fault = PermanentFailure("554")
        again(house, message)
        house.send()
        second = again(house, house.message("hold:1:again:1"))

        assert second.occasion == "hold:1:again:2"
        with house.database.reading() as connection:
            found = get_message(connection, message.id, house.now)
        assert [each["occasion"] for each in found["resends"]] == ["hold:1", "hold:1:again:1", "hold:1:again:2"]
        assert not found["may_be_sent_again"]  # the second is on its way

    def test_what_is_on_its_way_again_or_arrived_is_not_sent_once_more(self, house):
        message = came_to(house, PermanentFailure("554"))
        again(house, message)
        assert "already" in refusal(again, house, message).detail
        house.send()
        assert "already" in refusal(again, house, message).detail

    def test_what_got_through_waits_or_was_replaced_is_not_sent_again(self, house):
        accepted = came_to(house, None)
        house.enter(to_contact("later", due_at=MONDAY + dt.timedelta(days=1)))
        waiting = house.message("later")
        for message in (accepted, waiting, house.put(waiting, state=S.SUPERSEDED)):
            assert "only what did not get through" in refusal(again, house, message).detail

    def test_what_came_too_late_is_sent_all_the_same_where_an_operator_says_so(self, house):
        house.enter(reminder(useful_until=MONDAY))
        house.send(MONDAY)
        again(house, house.message("session_reminder:5d:s3"))

        assert house.send() == {"accepted": 1}

    def test_somebody_who_was_erased_is_not_written_to(self, house):
        house.enter(to_contact())
        with house.at_work() as work:
            when_person_erased(work, erased_event())
        erased = house.message("hold:1")
        assert erased.why == unreachable("erased")

        assert refusal(again, house, erased).detail == unreachable("erased")

    def test_a_facilitator_who_was_erased_is_not_written_to_either(self, house):
        house.enter(reminder())
        with house.at_work() as work:
            when_facilitator_erased(work, FacilitatorErased(ANA))

        assert refusal(again, house, house.message("session_reminder:5d:s3")).detail == ERASED

    def test_what_there_is_newer_news_of_is_not_sent_again(self, house):
        message = came_to(house, PermanentFailure("554"))
        house.enter(to_contact(version=2))

        assert "newer news" in refusal(again, house, message).detail

    def test_a_confirmation_is_not_sent_again_once_a_letter_told_of_a_change(self, house):
        facts = {**RUN, "sessions": [{**SESSION, "revision": 0}], "facilitators": ["ana"], "version": 1}
        old = a_message("run_confirmed_contact", f"enquirer:{REF}", "run_confirmed:1", facts=facts)
        message = came_to(house, PermanentFailure("554"), old)
        groups = {group: [] for group in ("cancelled", "moved", "new", "regrouped", "lost")}
        changed = {**facts, **groups, "version": 2, "kind": "move", "of": 1}
        house.enter(a_message("run_changed_contact", f"enquirer:{REF}", "run_changed:1", version=2, facts=changed))

        assert "newer news" in refusal(again, house, message).detail

    @pytest.mark.parametrize(("day", "holds"), [("2026-12-10", True), ("2026-12-17", False)])
    def test_a_reminder_is_sent_again_only_while_its_session_is_when_it_says(self, house, day, holds):
        facts = {**RUN, "sessions": [{**SESSION, "date": day, "revision": 1}], "facilitators": ["ana"], "version": 2}
        house.enter(a_message("run_confirmed_contact", f"enquirer:{REF}", "run_confirmed:1", version=2, facts=facts))
        message = came_to(house, PermanentFailure("554"), reminder())
        if holds:
            assert again(house, message).resend_of == message.id
        else:
            assert "was moved" in refusal(again, house, message).detail

    def test_what_a_lost_digest_told_is_sent_again_by_itself_and_the_digest_is_not(self, house):
        house.prefer(CONTACT, digest=True)
        house.enter(to_contact())
        house.send(MONDAY)
        house.channel.fault = OutcomeUnknown("lost")
        house.send(MONDAY.replace(hour=15))
        house.channel.fault = None
        digest = house.message(f"digest:{CONTACT}:2026-12-07")

        assert "messages show" in refusal(again, house, digest).detail
        again(house, house.message("hold:1"))

        assert house.send() == {"accepted": 1}
        assert house.message("hold:1:again:1").state is S.ACCEPTED

    def test_it_is_said_beforehand_when_it_would_go_out_and_that_nobody_would_get_it(self, house):
        message = came_to(house, PermanentFailure("554"))
        assert house.sender.goes_at(message) == MONDAY
        house.now = MONDAY.replace(hour=19)
        assert house.sender.goes_at(message) == dt.datetime(2026, 12, 8, 8, 0, tzinfo=dt.UTC)
        assert house.sender.goes_at(replace(message, urgency=Urgency.CRITICAL)) == house.now
        house.prefer(CONTACT, channel=Way.PHONE)
        assert "prefer a call" in refusal(house.sender.goes_at, message).detail
        house.owners.contact["status"] = "left"
        assert "has left" in refusal(house.sender.goes_at, message).detail
        assert "undefined" in refusal(house.sender.goes_at, replace(reminder(due_at=house.now), facts={})).detail
        assert house.mails == []


def test_what_somebody_was_told_by_phone_is_not_sent_again_and_the_refusal_says_so(house):
    thanks = a_message("enquiry_received", f"enquirer:{REF}", "thanks", subject_ref=f"enquiry:{REF}")
    house.enter(thanks)
    house.put(thanks, state=S.FAILED, why="554")
    with house.at_work() as work:
        note_told(work, f"enquirer:{REF}", None, None, "phone", actor="priya", mail_domain=DOMAIN)

    [event] = house.events("message_accepted")
    assert (event["template"], event["about"], event["instead_of"]) == ("told_by_hand", REF, [str(thanks.id)])
    detail = refusal(again, house, thanks).detail
    assert detail.startswith("They know already, so nothing is sent again. Told by phone, priya says.")
    assert "07 Dec 2026 at 12:00" in detail


def test_what_the_mail_server_took_names_the_way_to_write_once_more(house):
    message = came_to(house, None)

    assert f"keytalk enquiries reply {REF} --words WORDS" in refusal(again, house, message).detail


def test_what_was_sent_again_is_not_offered_once_more(house):
    message = came_to(house, PermanentFailure("554"))
    with house.database.reading() as connection:
        assert get_message(connection, message.id, house.now)["may_be_sent_again"]

    again(house, message)

    with house.database.reading() as connection:
        assert not get_message(connection, message.id, house.now)["may_be_sent_again"]
