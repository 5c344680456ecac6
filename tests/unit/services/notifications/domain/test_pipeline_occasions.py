from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest

from services.notifications.domain import pipeline_occasions as occasions
from services.notifications.domain.holding_back import why_no_longer_needed, why_not_written_to
from services.notifications.domain.occasions import Drafting
from services.notifications.domain.working_hours import next_opening
from shared.holidays import bank_holidays_of

ID = UUID(int=7)
REF = "KT-7F3K-92"
HOLIDAYS = bank_holidays_of("england-and-wales")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("came", "opens"),
    [
        ("2026-12-05T02:11+00:00", "2026-12-07T08:00+00:00"),  # a Saturday
        ("2026-12-07T07:59+00:00", "2026-12-07T08:00+00:00"),
        ("2026-12-07T08:00+00:00", "2026-12-08T08:00+00:00"),
        ("2026-12-24T20:00+00:00", "2026-12-29T08:00+00:00"),  # Christmas, a weekend, and Monday in lieu
        ("2026-07-03T22:00+01:00", "2026-07-06T08:00+01:00"),  # summer time
    ],
)
def test_suspects_are_told_of_when_the_office_next_opens(came, opens):
    assert next_opening(at(came), HOLIDAYS) == at(opens)


def test_a_whole_weekend_of_suspects_is_one_message(drafting: Drafting):
    night, sunday, monday = (at(f"2026-12-0{day}T02:11+00:00") for day in (5, 6, 8))
    digests = [occasions.quarantine_digest(moment, HOLIDAYS, drafting) for moment in (night, sunday, monday)]

    assert [each.occasion for each in digests] == [
        "quarantine_digest:2026-12-07",
        "quarantine_digest:2026-12-07",
        "quarantine_digest:2026-12-08",
    ]
    assert {each.recipient for each in digests} == {"ops"}


def test_the_enquirer_is_asked_twice_and_then_we_are_told_to_call(now, drafting):
    steps = ("first_nudge", "second_nudge", "offer_call")
    told = [occasions.answer_awaited(REF, step, now, now, drafting) for step in steps]

    assert [each.recipient for each in told] == [f"enquirer:{REF}", f"enquirer:{REF}", "ops"]


def test_the_same_step_of_another_wait_is_another_occasion(now, drafting):
    earlier, later = (
        occasions.answer_awaited(REF, "first_nudge", now + dt.timedelta(days=ahead), now, drafting) for ahead in (0, 30)
    )

    assert earlier.occasion != later.occasion
    assert len(later.occasion) <= 120


@pytest.mark.parametrize(
    ("outcome", "templates"),
    [
        ("accepted", ["proposal_settled_ops", "proposal_accepted"]),
        ("declined", ["proposal_settled_ops", "proposal_declined"]),
        ("withdrawn", ["proposal_settled_ops", "proposal_withdrawn"]),
        ("expired", ["proposal_settled_ops"]),
        ("superseded", []),
    ],
)
def test_who_answered_a_proposal_is_thanked_and_one_that_was_replaced_is_no_news(outcome, templates, now, drafting):
    told = occasions.proposal_settled(REF, ID, 2, outcome, now, drafting)

    assert [each.template for each in told] == templates


def test_both_sides_hear_of_the_agreement(now, drafting):
    told = occasions.agreement_signed(REF, ID, "session", 16, now, drafting)

    assert [each.recipient for each in told] == ["ops", f"enquirer:{REF}"]
    assert {each.occasion for each in told} == {f"agreement_signed:{ID}"}


def enquiry(**changes):
    return {"contact": {"name": "Sam", "email": "sam@prison.example", **changes.pop("contact", {})}, **changes}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"contact": {"status": "active"}}, None),
        ({"contact": {"status": "left"}}, "The contact has left"),
        ({"contact": {"status": "bounced"}}, "The contact's address turned a message down"),
        ({"contact": {"status": "erased"}}, "What was held on the contact was erased"),
        ({"contact": {"email": None}}, "The contact gave no email address"),
        ({"contact": {"email": ""}}, "The contact gave no email address"),
        ({"standing": "quarantined"}, "The enquiry is held as suspected spam"),
        ({"standing": "filed"}, None),
    ],
)
def test_who_cannot_be_reached_is_not_written_to_and_it_says_why(changes, why):
    said = why_not_written_to(enquiry(**changes))

    assert said is None if why is None else said.startswith(why)


@pytest.mark.parametrize(
    ("template", "changes", "needed"),
    [
        ("first_reply_due_ops", {"first_reply_at": None}, True),
        ("first_reply_due_ops", {"first_reply_at": "2026-11-25T10:00:00+00:00"}, False),
        ("answer_awaited_first_nudge", {"waiting_on": "prison"}, True),
        ("answer_awaited_first_nudge", {"waiting_on": "us"}, False),
        ("call_to_offer_ops", {"waiting_on": "us"}, False),
        ("answer_awaited_first_nudge", {"waiting_on": "prison", "stage": "agreement"}, True),
        ("answer_awaited_first_nudge", {"waiting_on": "prison", "stage": "declined"}, False),
        ("first_reply_due_ops", {"first_reply_at": None, "stage": "spam"}, False),
        ("proposal_reminder", {"stage": "won"}, True),
        ("proposal_reminder", {"stage": "lapsed"}, False),
        ("proposal_withdrawn", {"stage": "declined"}, True),
        ("enquiry_received", {"waiting_on": "us", "first_reply_at": "2026-11-25T10:00:00+00:00"}, True),
    ],
)
def test_what_has_become_needless_meanwhile_is_not_said(template, changes, needed):
    assert (why_no_longer_needed(template, enquiry(**changes)) is None) is needed
