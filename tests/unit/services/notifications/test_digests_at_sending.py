"""Whoever asked for it gets one mail a day: each thing in it once, whatever happens on the way."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from services.notifications.channels.base import OutcomeUnknown, PermanentFailure, RecipientRefused, TemporaryFailure
from services.notifications.domain.digests import DIGEST, DigestDay
from services.notifications.domain.facts import RunFacts
from services.notifications.domain.messages import MessageState
from services.notifications.domain.occasions import facilitator
from services.notifications.domain.preferences import Way
from services.notifications.domain.urgency import Urgency
from services.notifications.domain.verdicts import NOT_WANTED
from services.notifications.handlers.digests import collect
from services.notifications.handlers.entering import supersede
from services.notifications.handlers.erasing import held_on
from services.notifications.handlers.known_runs import told_before
from services.notifications.handlers.reports import note_report
from services.notifications.handlers.sweeping import wake_stuck
from services.notifications.tables import messages
from tests.unit.services.notifications.sending_house import (
    CONTACT,
    FACILITATOR,
    MONDAY,
    REF,
    SESSION,
    a_message,
    reminder,
    to_contact,
)

S = MessageState
THREE = MONDAY.replace(hour=15)
OCCASION = f"digest:{CONTACT}:2026-12-07"
TOLD = "Told in the digest of 2026-12-07."
TO_CONTACT = f"enquirer:{REF}"
SOON = {"session": {**SESSION, "date": "2026-12-08"}}


@pytest.fixture
def house(house):
    house.prefer(CONTACT, digest=True)
    return house


def confirmation(occasion: str = "run_confirmed:1"):
    facts = {"run": "run-1", "enquiry": REF, "establishment": "Risley (HMP)", "programme": "The Many Faces of Trauma"}
    sessions = {"sessions": [{**SESSION, "revision": 0}], "facilitators": ["ana"], "version": 1}
    return a_message("run_confirmed_contact", TO_CONTACT, occasion, facts=facts | sessions)


class Killed(BaseException):
    """The process ends here."""


def killed() -> None:
    raise Killed


def states(house, *occasions: str) -> list[str]:
    return [house.message(occasion).state.value for occasion in occasions]


def test_what_falls_due_before_three_is_told_at_three_in_one_mail(house):
    house.enter(to_contact("hold:1"), to_contact("hold:2"), reminder(TO_CONTACT, "reminder"), reminder())

    house.send(MONDAY)
    assert [mail.recipient for mail in house.mails] == ["ana@facilitators.example"]
    assert {house.message(each).state for each in ("hold:1", "hold:2", "reminder")} == {S.SCHEDULED}
    house.send(THREE - dt.timedelta(seconds=1))
    house.mails.clear()
    house.send(THREE)

    [mail] = house.mails
    digest = house.message(OCCASION)
    assert (mail.recipient, mail.message_id, mail.subject) == (
        "sam@risley.example",
        digest.message_id,
        "Your news of Monday 7 December 2026",
    )
    assert (digest.state, digest.template, digest.recipient, digest.person) == (S.ACCEPTED, DIGEST, CONTACT, CONTACT)
    for occasion in ("hold:1", "hold:2", "reminder"):
        part = house.message(occasion)
        assert (part.state, part.why, part.told_in) == (S.SUPERSEDED, TOLD, digest.id)


def test_each_part_is_said_once_in_the_order_of_its_time_without_greeting_and_leave_taking(house):
    house.enter(
        reminder(TO_CONTACT, "reminder", due_at=MONDAY + dt.timedelta(minutes=5)),
        to_contact("hold:1", due_at=MONDAY),
    )
    house.send(MONDAY + dt.timedelta(minutes=10))
    house.send(THREE)

    [mail] = house.mails
    for words in (mail.text, mail.html):
        assert words.count("Hello Sam O'Neil" if words is mail.text else "Hello Sam O&#39;Neil") == 1
        assert words.count("Questions, or something to change?") == 1
        assert words.count("Choose how we write to you") == 1
        assert words.index("Part 1 of 2: Dates held for you, reference KT-7F3K-92") < words.index(
            "Part 2 of 2: Session 3"
        )
        assert words.count("We are keeping dates and people free for you.") == 1
    assert mail.html.count("<!doctype html>") == mail.html.count("</html>") == 1
    assert "&lt;p&gt;" not in mail.html
    assert mail.unsubscribe
    assert mail.return_path


def test_reminders_of_three_o_clock_are_in_the_digest_of_three_o_clock(house):
    house.enter(*(reminder(TO_CONTACT, f"reminder:{n}", due_at=THREE, useful_until=None) for n in range(3)))

    house.send(THREE)

    [mail] = house.mails
    assert mail.message_id == house.message(OCCASION).message_id
    assert states(house, "reminder:0", "reminder:1", "reminder:2") == ["superseded"] * 3


def test_whoever_has_one_mail_a_day_and_stops_what_can_wait_is_still_told_what_the_work_needs(house):
    house.enter(confirmation(), to_contact("hold:1", urgency=Urgency.ORDINARY), reminder(TO_CONTACT, "reminder"))
    house.send(MONDAY)
    house.prefer(CONTACT, digest=True, non_critical=False)

    house.send(THREE)

    [mail] = house.mails
    assert "The dates are confirmed" in mail.text
    assert states(house, "run_confirmed:1", "hold:1", "reminder") == ["superseded", "suppressed", "suppressed"]
    assert house.message("hold:1").why == NOT_WANTED


@pytest.mark.parametrize("heard", [S.DELIVERED, S.BOUNCED])
def test_what_a_digest_took_along_ends_with_it_when_the_report_comes_before_the_outcome(house, heard):
    house.enter(to_contact())
    house.send(MONDAY)
    house.channel.before = killed
    with pytest.raises(Killed):
        house.send(THREE)
    assert states(house, "hold:1", OCCASION) == ["sending", "sending"]

    with house.at_work() as work:
        assert note_report(work, house.message(OCCASION), heard)

    assert states(house, "hold:1", OCCASION) == ["superseded", heard.value]


def test_what_a_digest_left_behind_is_found_and_ends_with_it(house):
    house.enter(to_contact())
    house.send(MONDAY)
    house.channel.before = killed
    with pytest.raises(Killed):
        house.send(THREE)
    house.put(house.message(OCCASION), state=S.DELIVERED)

    assert wake_stuck(house.store, dt.timedelta(minutes=10)) == 1

    assert states(house, "hold:1") == ["superseded"]
    assert wake_stuck(house.store, dt.timedelta(minutes=10)) == 0


def test_a_reminder_whose_session_begins_before_the_next_digest_goes_by_itself(house):
    next_morning = dt.datetime(2026, 12, 8, 9, 0, tzinfo=dt.UTC)
    late = THREE + dt.timedelta(hours=1)
    house.enter(reminder(TO_CONTACT, "reminder", due_at=late, useful_until=next_morning))

    house.send(late)

    assert states(house, "reminder") == ["accepted"]


def test_what_comes_after_the_digest_went_out_is_in_that_of_the_next_day(house):
    house.enter(to_contact("hold:1"))
    house.send(MONDAY)
    house.send(THREE)
    house.enter(to_contact("hold:2", due_at=THREE + dt.timedelta(minutes=5)))

    house.send(THREE + dt.timedelta(minutes=5))
    assert len(house.mails) == 1
    house.send(THREE + dt.timedelta(days=1))

    assert len(house.mails) == 2
    assert house.message("hold:2").told_in == house.message(f"digest:{CONTACT}:2026-12-08").id


def test_calendar_files_of_all_parts_go_with_it_under_names_of_their_own(house):
    house.enter(confirmation("run_confirmed:1"), confirmation("run_confirmed:2"))
    house.send(MONDAY)
    house.send(THREE)

    [mail] = house.mails
    assert [file.filename for file in mail.attachments] == ["sessions.ics", "sessions-2.ics"]
    assert {file.parameters["method"] for file in mail.attachments} == {"PUBLISH"}


def test_what_newer_news_took_the_place_of_is_left_out_and_what_is_not_needed_any_more(house):
    house.enter(to_contact("hold:1"), to_contact("hold:2"), reminder(TO_CONTACT, "reminder"))
    house.send(MONDAY)
    with house.at_work() as work:
        supersede(work, messages.c.occasion == "hold:2", "There is newer news.")

    house.send(THREE)

    [mail] = house.mails
    assert mail.text.count("We are keeping dates and people free for you.") == 1
    fallen_out = house.message("hold:2")
    assert (fallen_out.state, fallen_out.why, fallen_out.told_in) == (S.SUPERSEDED, "There is newer news.", None)


def test_where_nothing_is_left_to_tell_nothing_goes_out(house):
    house.enter(to_contact("hold:1"))
    house.send(MONDAY)
    house.owners.contact["status"] = "left"

    house.send(THREE)

    assert house.mails == []
    digest, part = house.message(OCCASION), house.message("hold:1")
    assert (digest.state, digest.why) == (S.SUPPRESSED, "Nothing is left to tell.")
    assert (part.state, part.told_in) == (S.SUPPRESSED, None)
    assert part.why.startswith("The contact has left.")


def test_what_is_for_somebody_else_by_then_goes_to_them_and_not_into_the_digest(house):
    house.enter(to_contact("hold:1"))
    house.send(MONDAY)
    house.owners.contact |= {"id": "0192f0c8-0000-7000-8000-0000000000ff", "email": "kim@risley.example"}

    house.send(THREE)

    assert [mail.recipient for mail in house.mails] == ["kim@risley.example"]
    assert states(house, OCCASION, "hold:1") == ["suppressed", "accepted"]


def test_a_part_that_has_no_words_holds_up_no_other_and_is_seen_to(house):
    house.enter(to_contact("hold:1"), to_contact("broken", facts={"enquiry": REF}))
    house.send(MONDAY)

    house.send(THREE)

    assert states(house, OCCASION, "hold:1", "broken") == ["accepted", "superseded", "failed"]
    assert house.unsettled() == [("hold_placed_contact", "failed")]


def test_while_the_owner_of_the_people_is_away_the_digest_waits_with_all_it_tells(house):
    house.enter(to_contact("hold:1"))
    house.send(MONDAY)
    house.owners.away.add("enquiries")

    assert house.send(THREE) == {"scheduled": 1}
    assert states(house, OCCASION, "hold:1") == ["scheduled", "scheduled"]
    house.owners.away.clear()
    house.send(house.message(OCCASION).next_attempt_at)

    assert len(house.mails) == 1
    assert states(house, OCCASION, "hold:1") == ["accepted", "superseded"]


@pytest.mark.parametrize(
    ("fault", "digest", "part", "why"),
    [
        (TemporaryFailure("421"), "scheduled", "scheduled", None),
        (PermanentFailure("554"), "failed", "superseded", "whose own line says"),
        (OutcomeUnknown("lost"), "unknown", "superseded", "whose own line says"),
    ],
)
def test_what_it_tells_shares_its_fate_and_is_one_task(house, fault, digest, part, why):
    house.enter(to_contact("hold:1"), to_contact("hold:2"))
    house.send(MONDAY)
    house.channel.fault = fault

    house.send(THREE)

    assert states(house, OCCASION, "hold:1", "hold:2") == [digest, part, part]
    assert house.message("hold:1").told_in == house.message(OCCASION).id
    if why:
        assert why in house.message("hold:1").why
        assert house.unsettled() == [(DIGEST, digest)]


def test_where_it_comes_back_the_owner_of_what_it_told_hears_of_the_address_and_has_the_task(house):
    house.enter(to_contact("hold:1"), to_contact("hold:2"))
    house.send(MONDAY)
    house.channel.fault = RecipientRefused("550 5.1.1")

    house.send(THREE)

    [bounced], [task] = house.events("recipient_bounced"), house.events("message_unsettled")
    assert (bounced["about"], task["about"], task["kind"], task["state"]) == (REF, REF, "contact", "bounced")


@pytest.mark.parametrize(("fault", "told"), [(None, 2), (OutcomeUnknown("lost"), 2), (PermanentFailure("554"), None)])
def test_the_next_change_of_a_run_is_told_against_what_a_digest_told(house, fault, told):
    plain = {**confirmation().facts, **dict.fromkeys(("cancelled", "moved", "new", "regrouped", "lost"), ())}
    facts = {**plain, "version": 2, "kind": "move", "of": 3}
    house.enter(a_message("run_changed_contact", TO_CONTACT, "run_changed:1", version=2, facts=facts))
    house.send(MONDAY)
    house.channel.fault = fault
    house.send(THREE)

    with house.database.reading() as connection:
        known, waiting = told_before(connection, TO_CONTACT, RunFacts.from_plain({**facts, "version": 3}), hold=False)

    assert (known.run and known.run.version, waiting) == (told, [])


def test_newer_news_counts_also_while_a_digest_waits_for_its_second_attempt(house):
    house.enter(to_contact("hold:1"), to_contact("hold:2"))
    house.send(MONDAY)
    house.channel.fault = TemporaryFailure("421")
    house.send(THREE)
    with house.at_work() as work:
        supersede(work, messages.c.occasion == "hold:2", "There is newer news.")
    house.channel.fault = None

    house.send(house.message(OCCASION).next_attempt_at)

    assert house.mails[0].text.count("We are keeping dates and people free for you.") == 1


@pytest.mark.parametrize(("knows", "digest"), [(None, "unknown"), (True, "accepted")])
def test_killed_on_the_way_it_and_all_it_tells_are_settled_together_and_nothing_goes_out_again(house, knows, digest):
    house.enter(to_contact("hold:1"), to_contact("hold:2"))
    house.send(MONDAY)
    house.channel.before = raises(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        house.send(THREE)
    assert states(house, OCCASION, "hold:1", "hold:2") == ["sending"] * 3
    house.channel.before, house.channel.knows = (lambda: None), knows

    # Within the lease nobody touches them, also not when they would be tried by themselves.
    house.put(house.message(OCCASION), claimed_at=THREE + dt.timedelta(minutes=55))
    assert house.send(THREE + dt.timedelta(minutes=61)) == {}
    house.send(THREE + dt.timedelta(hours=2))
    house.send(THREE + dt.timedelta(days=3))

    assert states(house, OCCASION, "hold:1", "hold:2") == [digest, "superseded", "superseded"]
    assert house.mails == []


def test_killed_before_a_maildir_had_it_the_same_digest_goes_out_once_with_all_it_tells(house):
    house.enter(to_contact("hold:1"), to_contact("hold:2"))
    house.send(MONDAY)
    house.channel.before = raises(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        house.send(THREE)
    house.channel.before, house.channel.knows = (lambda: None), False

    house.send(THREE + dt.timedelta(minutes=11))

    assert states(house, OCCASION, "hold:1", "hold:2") == ["accepted", "superseded", "superseded"]
    [mail] = house.mails
    assert mail.text.count("We are keeping dates and people free for you.") == 2


def test_another_replica_finds_nothing_left_while_a_digest_is_under_way(house):
    house.enter(to_contact("hold:1"), to_contact("hold:2"))
    house.send(MONDAY)
    others = []
    house.channel.before = lambda: others.append(dict(house.sender.send_due()))

    house.send(THREE + dt.timedelta(hours=2))

    assert others == [{}]
    assert len(house.mails) == 1


def test_what_would_join_a_digest_that_another_replica_just_claimed_is_in_the_next(house):
    house.enter(to_contact("hold:1"))
    house.send(MONDAY)
    joined = []

    def meanwhile() -> None:
        if not joined:
            joined.append(True)
            house.enter(to_contact("hold:2", due_at=THREE))
            house.sender.send_due()

    house.channel.before = meanwhile
    house.send(THREE)

    assert len(house.mails) == 1
    assert house.message("hold:2").told_in == house.message(f"digest:{CONTACT}:2026-12-08").id


def test_where_it_is_claimed_in_the_very_moment_of_joining_the_message_is_due_again_at_once(house):
    house.enter(to_contact("hold:1"), to_contact("hold:2", due_at=THREE))
    house.send(MONDAY)
    house.put(house.message(OCCASION), state=S.SENDING, claimed_at=THREE)
    house.now = THREE
    with house.at_work() as work:
        late = collect(work, house.message("hold:2").claim(THREE), DigestDay(THREE.date(), THREE), CONTACT)

    assert (late.state, late.next_attempt_at, late.told_in, late.attempts) == (S.SCHEDULED, THREE, None, 0)


def test_what_no_digest_has_told_an_hour_after_its_time_is_in_the_next_or_goes_by_itself(house):
    """As after somebody removed the digest from the ledger: nothing in it may be lost."""
    house.enter(
        to_contact("hold:1"),
        reminder(
            TO_CONTACT, "soon", useful_until=THREE + dt.timedelta(hours=3), facts={**a_message("x", "y").facts, **SOON}
        ),
    )
    house.send(MONDAY)
    with house.database.writing() as connection:
        connection.execute(messages.delete().where(messages.c.template == DIGEST))

    house.send(THREE + dt.timedelta(minutes=61))

    assert states(house, "soon", "hold:1") == ["accepted", "scheduled"]
    assert house.message("hold:1").told_in == house.message(f"digest:{CONTACT}:2026-12-08").id


def test_who_prefers_a_call_by_then_is_rung_once_for_all_of_it(house):
    house.enter(to_contact("hold:1"), to_contact("hold:2"))
    house.send(MONDAY)
    house.prefer(CONTACT, digest=True, channel=Way.PHONE)

    house.send(THREE)

    assert house.mails == []
    assert house.unsettled() == [(DIGEST, "to_call")]


def test_somebody_with_several_enquiries_gets_one_digest_and_two_people_get_two(house):
    house.prefer(FACILITATOR, digest=True)
    another = replace(to_contact("hold:2"), recipient="enquirer:KT-2222-22")
    house.enter(to_contact("hold:1"), another, reminder(), reminder(facilitator("other"), "their own"))
    house.send(MONDAY)
    house.mails.clear()

    house.send(THREE)

    assert sorted(mail.recipient for mail in house.mails) == ["ana@facilitators.example", "sam@risley.example"]


def test_a_digest_is_given_out_and_removed_with_what_is_held_on_its_reader(house, tmp_path):
    from services.notifications.channels.maildir import MaildirChannel
    from services.notifications.handlers.erasing import remove_mail

    house.channel = MaildirChannel(tmp_path / "mail")
    house.enter(to_contact("hold:1"))
    house.send(MONDAY)
    house.send(THREE)
    with house.database.reading() as connection:
        assert len(held_on(connection, house.channel, [REF])["mails"]) == 1

    assert remove_mail(house.store, house.channel, [REF]) == 1
    assert house.channel.list_mail() == []


def raises(error):
    def raise_it() -> None:
        raise error

    return raise_it
