"""What is done with a message whose time has come, by what its reader prefers."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import islice
from uuid import UUID

import pytest

from services.notifications.domain.digests import DIGEST, days_ahead
from services.notifications.domain.preferences import DEFAULT, Way
from services.notifications.domain.urgency import Urgency, urgency_of
from services.notifications.domain.verdicts import NOT_WANTED, TO_BE_RUNG, Collect, HoldBack, Send, Wait, judge
from shared.holidays import bank_holidays_in

ENGLAND, SCOTLAND = map(bank_holidays_in, ("england", "scotland"))
NOON = dt.datetime(2026, 12, 7, 12, 0, tzinfo=dt.UTC)  # a Monday
EVENING = dt.datetime(2026, 12, 7, 19, 0, tzinfo=dt.UTC)
NEXT_MORNING = dt.datetime(2026, 12, 8, 8, 0, tzinfo=dt.UTC)
NO_MORE = replace(DEFAULT, non_critical=False)
BY_PHONE = replace(DEFAULT, channel=Way.PHONE)
ONCE_A_DAY = replace(DEFAULT, digest=True)


def a(message, urgency, **changes):
    return replace(message, urgency=urgency, useful_until=None, **changes)


@pytest.mark.parametrize("urgency", [Urgency.REPLY, Urgency.CRITICAL])
@pytest.mark.parametrize("preferences", [NO_MORE, BY_PHONE, ONCE_A_DAY, DEFAULT])
def test_replies_and_what_is_critical_pass_every_preference_at_any_hour(message, urgency, preferences):
    assert judge(a(message, urgency), preferences, ENGLAND, EVENING) == Send()


def test_what_the_work_needs_cannot_be_switched_off_and_waits_for_the_morning(message):
    dates = a(message, urgency_of("run_confirmed_contact"))
    only_urgent = replace(DEFAULT, non_critical=False)

    assert judge(dates, only_urgent, ENGLAND, NOON) == Send()
    assert judge(dates, only_urgent, ENGLAND, EVENING) == Wait(NEXT_MORNING)


@pytest.mark.parametrize("urgency", [Urgency.ORDINARY, Urgency.REMINDER])
def test_what_is_not_wanted_is_held_back_and_somebody_who_prefers_a_call_is_rung(message, urgency):
    assert judge(a(message, urgency), NO_MORE, ENGLAND, NOON) == HoldBack(NOT_WANTED)
    assert judge(a(message, urgency), BY_PHONE, ENGLAND, NOON) == HoldBack(TO_BE_RUNG, to_call=True)


def test_an_ordinary_message_waits_for_the_morning_and_a_reminder_does_not(message):
    assert judge(a(message, Urgency.ORDINARY), DEFAULT, ENGLAND, NOON) == Send()
    assert judge(a(message, Urgency.ORDINARY), DEFAULT, ENGLAND, EVENING) == Wait(NEXT_MORNING)
    assert judge(a(message, Urgency.REMINDER, due_at=EVENING), DEFAULT, ENGLAND, EVENING) == Send()


def test_a_late_reminder_waits_for_the_morning_unless_its_session_is_in_that_morning(message):
    late = replace(message, urgency=Urgency.REMINDER, due_at=NOON, useful_until=NEXT_MORNING + dt.timedelta(hours=5))
    assert judge(late, DEFAULT, ENGLAND, EVENING) == Wait(NEXT_MORNING)
    assert judge(late, DEFAULT, ENGLAND, NEXT_MORNING) == Send()
    in_the_morning = replace(late, useful_until=NEXT_MORNING + dt.timedelta(hours=1))
    assert judge(in_the_morning, DEFAULT, ENGLAND, EVENING) == Send()


def test_what_would_come_too_late_by_waiting_goes_at_once(message):
    offer = replace(message, urgency=Urgency.ORDINARY, useful_until=NEXT_MORNING)
    assert judge(offer, DEFAULT, ENGLAND, EVENING) == Send()
    assert judge(
        replace(offer, useful_until=NEXT_MORNING + dt.timedelta(minutes=1)), DEFAULT, ENGLAND, EVENING
    ) == Wait(NEXT_MORNING)


def told_on(verdict) -> str:
    assert isinstance(verdict, Collect)
    return verdict.digest.due_at.isoformat()


@pytest.mark.parametrize(
    ("falls_due", "holidays", "told_at"),
    [
        ("2026-12-07T12:00+00:00", ENGLAND, "2026-12-07T15:00:00+00:00"),
        ("2026-12-07T15:00+00:00", ENGLAND, "2026-12-07T15:00:00+00:00"),
        ("2026-12-07T15:30+00:00", ENGLAND, "2026-12-07T15:00:00+00:00"),
        ("2026-12-07T15:31+00:00", ENGLAND, "2026-12-08T15:00:00+00:00"),
        ("2026-12-05T12:00+00:00", ENGLAND, "2026-12-07T15:00:00+00:00"),
        ("2027-03-26T12:00+00:00", ENGLAND, "2027-03-30T14:00:00+00:00"),  # over Easter, into summer time
        ("2027-03-26T12:00+00:00", SCOTLAND, "2027-03-29T14:00:00+00:00"),  # where Easter Monday is a working day
        ("2026-11-30T12:00+00:00", SCOTLAND, "2026-12-01T15:00:00+00:00"),
    ],
)
def test_a_digest_tells_it_at_three_on_the_next_working_day_of_their_nation(message, falls_due, holidays, told_at):
    moment = dt.datetime.fromisoformat(falls_due)
    for urgency in (Urgency.ORDINARY, Urgency.REMINDER):
        assert told_on(judge(a(message, urgency), ONCE_A_DAY, holidays, moment)) == told_at


def test_a_digest_that_has_gone_out_takes_in_nothing_more(message):
    closed = {NOON.date()}
    assert (
        told_on(judge(a(message, Urgency.ORDINARY), ONCE_A_DAY, ENGLAND, NOON, closed)) == "2026-12-08T15:00:00+00:00"
    )


def test_a_reminder_whose_session_begins_before_the_digest_goes_by_itself(message):
    three = dt.datetime(2026, 12, 7, 15, 0, tzinfo=dt.UTC)
    early = replace(message, urgency=Urgency.REMINDER, useful_until=three)
    assert judge(early, ONCE_A_DAY, ENGLAND, NOON) == Send()
    assert told_on(judge(replace(early, useful_until=three + dt.timedelta(minutes=1)), ONCE_A_DAY, ENGLAND, NOON))


def test_an_offer_is_in_the_mail_of_the_day_only_where_that_leaves_time_to_answer(message):
    three = dt.datetime(2026, 12, 7, 15, 0, tzinfo=dt.UTC)
    offer = replace(message, urgency=Urgency.NEEDED, useful_until=three + dt.timedelta(hours=4))
    assert judge(offer, ONCE_A_DAY, ENGLAND, NOON) == Send()
    assert told_on(judge(replace(offer, useful_until=three + dt.timedelta(hours=5)), ONCE_A_DAY, ENGLAND, NOON))


def test_a_digest_itself_and_what_an_operator_sends_again_go_by_themselves(message):
    assert judge(a(message, Urgency.ORDINARY, template=DIGEST), ONCE_A_DAY, ENGLAND, NOON) == Send()
    what_is_needed = replace(ONCE_A_DAY, non_critical=False)
    assert judge(a(message, Urgency.ORDINARY, template=DIGEST), what_is_needed, ENGLAND, NOON) == Send()
    assert judge(a(message, Urgency.ORDINARY, resend_of=UUID(int=7)), ONCE_A_DAY, ENGLAND, NOON) == Send()


def test_digests_keep_out_of_quiet_hours_that_lie_over_three_o_clock():
    siesta = replace(ONCE_A_DAY, quiet_from=dt.time(13, 0), quiet_until=dt.time(16, 0))
    due = [each.due_at.isoformat() for each in islice(days_ahead(NOON, siesta, ENGLAND), 2)]
    assert due == ["2026-12-07T16:00:00+00:00", "2026-12-08T16:00:00+00:00"]
