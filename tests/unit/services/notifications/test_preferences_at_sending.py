"""What people prefer counts at the moment of sending: their hours, their channel, their address, the words of then."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from services.notifications.channels.base import OutcomeUnknown, TemporaryFailure
from services.notifications.domain.messages import MessageState
from services.notifications.domain.preferences import Way
from services.notifications.domain.urgency import Urgency
from services.notifications.domain.verdicts import NOT_WANTED, TO_BE_RUNG
from services.notifications.handlers.erasing import when_facilitator_erased
from services.notifications.handlers.places import report_minutes_at, when_establishment_changed
from services.notifications.handlers.suppressions import suppress
from services.notifications.tables import template_versions
from shared.contracts.scheduling import EstablishmentChanged, FacilitatorErased
from shared.persistence.work import new_id
from tests.unit.services.notifications.sending_house import (
    ANA,
    CONTACT,
    FACILITATOR,
    KEYS,
    MONDAY,
    OPS,
    REF,
    a_message,
    reminder,
    to_contact,
)

S = MessageState
EVENING = MONDAY.replace(hour=19)
MORNING = dt.datetime(2026, 12, 8, 8, 0, tzinfo=dt.UTC)


def critical(**changes):
    return to_contact("hold:critical", urgency=Urgency.CRITICAL, **changes)


def reply(**changes):
    return a_message(
        "enquiry_received",
        f"enquirer:{REF}",
        f"enquiry_received:{REF}",
        subject_ref=f"enquiry:{REF}",
        facts={"reference": REF, "programme": "x", "establishment": "RSI"},
        **changes,
    )


def test_an_ordinary_message_waits_for_the_morning_as_no_attempt_and_has_a_job_for_it(house):
    house.enter(to_contact())

    assert house.send(EVENING) == {"scheduled": 1}

    waiting = house.message("hold:1")
    assert (waiting.state, waiting.attempts, waiting.next_attempt_at) == (S.SCHEDULED, 0, MORNING)
    assert house.mails == []
    house.remove_jobs()
    assert house.send(MORNING - dt.timedelta(seconds=1)) == {}
    assert house.send(MORNING) == {"accepted": 1}


def test_replies_reminders_and_what_is_critical_go_out_in_the_evening(house):
    house.enter(reply(), reminder(due_at=EVENING), critical())

    assert house.send(EVENING) == {"accepted": 3}


def test_a_reminder_that_an_outage_held_up_wakes_nobody_at_night(house):
    house.enter(reminder(due_at=MONDAY))
    house.channel.fault = TemporaryFailure("the mail server answered 421")
    house.send(MONDAY)
    house.channel.fault = None

    assert house.send(EVENING) == {"scheduled": 1}
    assert house.send(MORNING) == {"accepted": 1}


def test_what_no_server_takes_is_given_up_although_the_nights_between_do_not_count(house):
    house.enter(to_contact())
    house.channel.fault = TemporaryFailure("the mail server answered 451")
    at = MONDAY
    while house.message("hold:1").state is S.SCHEDULED and at < MONDAY + dt.timedelta(days=7):
        house.send(at)
        at = max(at, house.message("hold:1").next_attempt_at)

    assert house.message("hold:1").state is S.FAILED
    assert dt.timedelta(days=1) < at - MONDAY < dt.timedelta(days=3)
    assert house.unsettled() == [("hold_placed_contact", "failed")]


def test_whoever_has_waited_over_a_weekend_is_not_given_up_as_late(house):
    house.enter(to_contact(due_at=dt.datetime(2026, 12, 4, 18, 5, tzinfo=dt.UTC)))
    house.send(dt.datetime(2026, 12, 4, 18, 5, tzinfo=dt.UTC))
    house.channel.fault = TemporaryFailure("the mail server answered 421")

    house.now = dt.datetime(2026, 12, 7, 8, 0, tzinfo=dt.UTC)
    for _ in range(6):
        house.send()
        house.now = house.message("hold:1").next_attempt_at

    assert house.message("hold:1").state is S.SCHEDULED


def test_ops_keep_office_hours_too_but_for_what_is_critical(house):
    about = {"subject_ref": f"enquiry:{REF}", "facts": {"reference": REF, "programme": "x", "establishment": "RSI"}}
    house.enter(
        a_message("enquiry_received_ops", "ops", "ordinary", **about),
        a_message("enquiry_received_ops", "ops", "critical", urgency=Urgency.CRITICAL, **about),
    )

    house.send(EVENING)

    assert house.message("ordinary").next_attempt_at == MORNING
    assert [mail.recipient for mail in house.mails] == [OPS]


def test_the_holidays_are_those_of_the_nation_in_which_the_contact_works(house):
    st_andrews = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)
    house.enter(to_contact("hold:1", due_at=st_andrews))
    house.nations["RSI"] = "scotland"
    house.send(st_andrews)
    assert house.message("hold:1").next_attempt_at == dt.datetime(2026, 12, 1, 8, 0, tzinfo=dt.UTC)

    house.nations["RSI"] = "wales"
    house.enter(to_contact("hold:2", due_at=st_andrews))
    assert house.send() == {"accepted": 1}


def test_an_offer_whose_answer_is_due_before_the_morning_is_not_kept_until_it_is_no_use(house):
    house.enter(to_contact(useful_until=MORNING))

    assert house.send(EVENING) == {"accepted": 1}


def test_hours_of_ones_own_are_kept_also_where_they_were_chosen_before_the_contact_was_known(house):
    house.prefer(f"enquirer:{REF}", quiet_from=dt.time(12, 0), quiet_until=dt.time(14, 0))
    house.enter(to_contact())

    house.send(MONDAY)

    assert house.message("hold:1").next_attempt_at == MONDAY.replace(hour=14)


def test_what_is_not_wanted_is_held_back_and_no_task_opens(house):
    house.prefer(CONTACT, non_critical=False)
    asked = to_contact(urgency=Urgency.ORDINARY)
    house.enter(asked, reminder(f"enquirer:{REF}", "reminder"), critical(), reply())

    assert house.send(MONDAY) == {"suppressed": 2, "accepted": 2}

    assert house.message("hold:1").why == NOT_WANTED
    assert house.message("hold:1").person == CONTACT
    assert house.unsettled() == []


def test_who_prefers_a_call_is_rung_once_but_what_is_urgent_or_an_answer_comes_by_mail(house):
    house.prefer(CONTACT, channel=Way.PHONE)
    house.enter(to_contact(), critical(), reply())

    assert house.send(MONDAY) == {"suppressed": 1, "accepted": 2}
    house.send(MONDAY + dt.timedelta(days=1))

    assert house.message("hold:1").why == TO_BE_RUNG
    [event] = house.events("message_unsettled")
    assert (event["state"], event["kind"], event["about"]) == ("to_call", "contact", REF)


def test_the_task_to_ring_somebody_says_which_session_it_is_about(house):
    house.prefer(CONTACT, channel=Way.PHONE)
    near = reminder(f"enquirer:{REF}", "session_reminder:1d:s3", due_at=MONDAY)
    house.enter(near)
    house.send(MONDAY)

    [event] = house.events("message_unsettled")
    session = near.facts["session"]
    assert (event["session_number"], event["session_date"]) == (session["number"], session["date"])


@pytest.mark.parametrize("make", [to_contact, critical, reply])
def test_an_address_that_turned_mail_down_for_good_gets_nothing(house, make):
    with house.at_work() as work:
        suppress(work, "Sam@Risley.example", "Mail to it came back.", None, KEYS)
    message = make()
    house.enter(message)

    assert house.send(MONDAY) == {"suppressed": 1}

    assert house.message(message.occasion).why == "Mail to it came back."
    # Of what is urgent somebody has to tell them by another way.
    assert house.unsettled() == ([(message.template, "failed")] if make is critical else [])


def test_somebody_has_to_tell_a_contact_who_has_left_of_what_is_urgent(house):
    house.owners.contact["status"] = "left"
    house.enter(to_contact(), critical())

    assert house.send(MONDAY) == {"suppressed": 2}

    assert house.unsettled() == [("hold_placed_contact", "failed")]


def test_a_mail_says_how_to_choose_where_bounces_go_and_what_it_is_about(house):
    house.enter(to_contact(urgency=Urgency.ORDINARY), critical(), reply(), reminder())
    house.send(MONDAY)

    ordinary, urgent, answer, session = (
        next(mail for mail in house.mails if mail.message_id == house.message(occasion).message_id)
        for occasion in ("hold:1", "hold:critical", f"enquiry_received:{REF}", "session_reminder:5d:s3")
    )
    assert ordinary.unsubscribe.startswith("https://keys.example/messages/stop/")
    assert ordinary.page.startswith("https://keys.example/messages/c")
    assert session.page.startswith("https://keys.example/messages/f")
    assert ordinary.page in ordinary.text
    assert ordinary.page in ordinary.html
    assert (urgent.unsubscribe, urgent.page) == (None, None)
    assert answer.unsubscribe is None
    assert answer.page == ordinary.page
    for mail, occasion in ((ordinary, "hold:1"), (urgent, "hold:critical")):
        known = house.message(occasion)
        assert mail.return_path == f"bounces+{known.id.hex}@mail.example.org"
        assert f"<{mail.idempotency_key}@mail.example.org>" == known.message_id
        assert mail.reference == REF


def test_mail_to_ops_offers_no_choice_and_has_no_reference_to_file_answers_under(house):
    about = {"subject_ref": f"enquiry:{REF}", "facts": {"reference": REF, "programme": "x", "establishment": "RSI"}}
    house.enter(a_message("enquiry_received_ops", "ops", **about))
    house.send(MONDAY)

    [mail] = house.mails
    assert (mail.unsubscribe, mail.page, mail.reference) == (None, None, None)


def publish(house, text: str, html: str) -> None:
    row = {"id": new_id(), "template": "hold_placed_contact", "version": 4, "state": "live", "text": text, "html": html}
    made = {"made_at": MONDAY, "made_by": "priya"}
    with house.database.writing() as connection:
        connection.execute(template_versions.insert().values(row | made))


TEXT = """{% extends "layout.txt" %}
{% block subject %}Your dates, {{ enquiry }}{% endblock %}
{% block body %}
WORDS
{% endblock %}
{% block quote %}Please mention {{ enquiry }}.{% endblock %}
"""
HTML = """{% extends "layout.html" %}
{% block body %}
<p>WORDS</p>
{% endblock %}
{% block quote %}Please mention {{ enquiry }}.{% endblock %}
"""


def test_the_words_that_ops_published_are_sent_and_their_version_is_kept(house):
    publish(house, TEXT.replace("WORDS", "We keep them for you."), HTML.replace("WORDS", "We keep them for you."))
    house.enter(to_contact(), reminder())
    house.send(MONDAY)

    [edited] = [mail for mail in house.mails if mail.recipient.startswith("sam")]
    assert "We keep them for you." in edited.text
    assert "<p>We keep them for you.</p>" in edited.html
    assert (house.message("hold:1").template_version, house.message("session_reminder:5d:s3").template_version) == (
        4,
        None,
    )


def test_words_that_cannot_be_used_keep_nobody_untold(house, caplog):
    publish(house, TEXT.replace("WORDS", "{{ nobody_knows_this }}"), HTML)
    house.enter(to_contact())

    assert house.send(MONDAY) == {"accepted": 1}

    assert house.mails[0].subject == f"Dates held for you, reference {REF}"
    assert house.message("hold:1").template_version is None
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "edited words cannot be used"
    ]


def test_a_fault_of_ours_in_one_message_keeps_no_other_from_going_out(house):
    house.enter(replace(to_contact("broken"), facts={"session": 7}, template="run_confirmed_contact"), reminder())
    house.owners.enquiry["standing"] = {}  # nothing that anybody expects

    outcomes = house.send(MONDAY)

    assert outcomes["accepted"] == 1
    assert house.message("broken").state in {S.SCHEDULED, S.FAILED}


def test_an_outcome_that_is_recorded_late_changes_nothing_that_has_become_of_it_since(house):
    house.enter(to_contact())
    sent = house.message("hold:1")

    def meanwhile() -> None:
        # The lease ran out, another replica put it back, and it was claimed again for the same first attempt.
        house.put(house.message("hold:1"), claimed_at=MONDAY + dt.timedelta(minutes=11))

    house.channel.before = meanwhile
    house.channel.fault = OutcomeUnknown("the line was lost")
    house.send(MONDAY)

    assert house.message("hold:1").state is S.SENDING
    assert house.message("hold:1").id == sent.id


def test_a_facilitators_preferences_count_by_their_own_id(house):
    house.prefer(FACILITATOR, non_critical=False)
    house.enter(reminder(), to_contact())

    assert house.send(MONDAY) == {"suppressed": 1, "accepted": 1}
    assert house.message("session_reminder:5d:s3").person == FACILITATOR


def test_nothing_goes_to_the_address_that_stands_where_an_erased_facilitators_was(house):
    house.owners.facilitator = {"name": "A former facilitator", "email": f"{ANA.hex}@erased.invalid"}
    house.enter(reminder())

    assert house.send(MONDAY) == {"suppressed": 1}
    assert house.mails == []
    assert (
        house.message("session_reminder:5d:s3").why == "What was held on the facilitator was erased at their request."
    )


def test_what_is_entered_for_a_facilitator_after_the_erasure_was_heard_goes_nowhere_and_opens_no_task(house):
    house.owners.facilitator = {"name": "A former facilitator", "email": f"{ANA.hex}@erased.invalid"}
    with house.at_work() as work:
        when_facilitator_erased(work, FacilitatorErased(ANA))
    house.enter(reminder())

    assert house.send(MONDAY) == {"suppressed": 1}
    assert (house.mails, house.unsettled()) == ([], [])


def test_a_reminder_says_when_its_place_asks_people_to_report_at_the_gate(house):
    house.report_minutes["RSI"] = 90
    at_risley = {**reminder().facts, "place": "RSI", "mode": "in_person"}
    house.enter(
        reminder(occasion="at Risley", facts=at_risley),
        reminder(occasion="elsewhere", facts={**at_risley, "place": "LPI"}),
        reminder(f"enquirer:{REF}", occasion="to the contact", facts=at_risley),
    )

    house.send(MONDAY)

    found = {mail.message_id: mail.text for mail in house.mails}
    texts = [found[house.message(each).message_id] for each in ("at Risley", "elsewhere", "to the contact")]
    assert "Arrive: by 12.15pm, 90 minutes before" in texts[0]
    assert "Arrive: by 12.45pm, 60 minutes before" in texts[1]
    assert "at the gate by 12.15pm" in texts[2]


def test_what_is_told_of_a_place_is_kept_and_what_was_not_told_is_the_usual(house):
    told = EstablishmentChanged("RSI", "Risley (HMP)", None, "england", True)
    for minutes, expected in ((90, 90), (None, 60), (0, 0)):
        with house.at_work() as work:
            when_establishment_changed(work, replace(told, report_minutes=minutes))
        with house.database.reading() as connection:
            assert report_minutes_at(connection, "RSI") == expected
            assert report_minutes_at(connection, None) == 60
