from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest

from services.notifications.domain.facts import EnquiryFacts, RunFacts, SessionFacts
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import (
    Drafting,
    acknowledgement,
    ops_notice,
    run_confirmations,
    session_reminders,
)


def due(reminders: list[Message], occasion: str, recipient: str = "facilitator:tom") -> dt.datetime:
    [found] = [each.due_at for each in reminders if (each.occasion, each.recipient) == (occasion, recipient)]
    return found


def test_an_enquiry_is_acknowledged_and_the_ops_team_told_at_once(
    enquiry: EnquiryFacts, now: dt.datetime, drafting: Drafting
) -> None:
    thanks, notice = acknowledgement(enquiry, now, drafting), ops_notice(enquiry, now, drafting)
    assert (thanks.recipient, thanks.template) == ("enquirer:KT-7F3K-92", "enquiry_received")
    assert (notice.recipient, notice.template) == ("ops", "enquiry_received_ops")
    for message in (thanks, notice):
        assert message.occasion == "enquiry_received:KT-7F3K-92"
        assert message.subject_ref == "enquiry:KT-7F3K-92"
        assert (message.due_at, message.state, message.attempts) == (now, MessageState.SCHEDULED, 0)
    assert thanks.message_id != notice.message_id


def test_a_confirmed_run_is_told_once_to_the_contact_and_to_each_facilitator(
    run: RunFacts, now: dt.datetime, drafting: Drafting
) -> None:
    messages = run_confirmations(run, now, drafting)
    assert [(each.recipient, each.template) for each in messages] == [
        ("enquirer:KT-7F3K-92", "run_confirmed_contact"),
        ("facilitator:tom", "run_confirmed_facilitator"),
        ("facilitator:ana", "run_confirmed_facilitator"),
    ]
    assert {each.occasion for each in messages} == {"run_confirmed:run-1"}
    assert {each.due_at for each in messages} == {now}


def test_every_session_is_announced_twice_to_everyone_who_takes_part(
    run: RunFacts, now: dt.datetime, drafting: Drafting
) -> None:
    reminders = session_reminders(run, now, drafting)
    assert len(reminders) == 16 * 2 * 3
    assert {each.recipient for each in reminders} == {"enquirer:KT-7F3K-92", "facilitator:tom", "facilitator:ana"}


def test_a_reminder_stays_at_three_in_the_afternoon_when_the_clocks_change(
    run: RunFacts, now: dt.datetime, drafting: Drafting
) -> None:
    # Session 12 is on Tuesday 30 March 2027, two days into summer time.
    reminders = session_reminders(run, now, drafting)
    assert due(reminders, "session_reminder:5d:s12") == dt.datetime(2027, 3, 25, 15, tzinfo=dt.UTC)
    assert due(reminders, "session_reminder:1d:s12") == dt.datetime(2027, 3, 29, 14, tzinfo=dt.UTC)


def test_a_reminder_is_useful_until_its_session_starts(run: RunFacts, now: dt.datetime, drafting: Drafting) -> None:
    useful = {each.occasion: each.useful_until for each in session_reminders(run, now, drafting)}
    assert useful["session_reminder:1d:s11"] == dt.datetime(2027, 3, 23, 13, 45, tzinfo=dt.UTC)
    assert useful["session_reminder:1d:s12"] == dt.datetime(2027, 3, 30, 12, 45, tzinfo=dt.UTC)


@pytest.mark.parametrize(("seconds", "left"), [(-1, True), (0, False), (1, False)])
def test_a_reminder_whose_time_has_come_is_left_out(
    run: RunFacts, drafting: Drafting, seconds: int, left: bool
) -> None:
    now = dt.datetime(2027, 1, 7, 15, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    occasions = {each.occasion for each in session_reminders(run, now, drafting)}
    assert ("session_reminder:5d:s1" in occasions) is left
    assert "session_reminder:1d:s1" in occasions


def test_no_reminder_is_left_once_the_run_is_over(run: RunFacts, drafting: Drafting) -> None:
    assert session_reminders(run, dt.datetime(2027, 4, 27, 16, tzinfo=dt.UTC), drafting) == []


def test_no_two_messages_of_a_run_share_a_key_an_id_or_a_message_id(
    run: RunFacts, now: dt.datetime, drafting: Drafting
) -> None:
    changed = replace(run, version=2)
    messages = [
        message
        for facts in (run, changed)
        for message in (*run_confirmations(facts, now, drafting), *session_reminders(facts, now, drafting))
    ]
    keys = {(each.recipient, each.occasion, each.version) for each in messages}
    assert len(messages) == 2 * (3 + 96)
    assert len(keys) == len({each.id for each in messages}) == len({each.message_id for each in messages}) == 198


def test_everything_about_a_run_can_be_found_by_the_run(run: RunFacts, now: dt.datetime, drafting: Drafting) -> None:
    messages = (*run_confirmations(run, now, drafting), *session_reminders(run, now, drafting))
    assert {each.subject_ref for each in messages} == {"run:run-1"}


def test_the_facts_of_every_message_are_json(
    enquiry: EnquiryFacts, run: RunFacts, now: dt.datetime, drafting: Drafting
) -> None:
    confirmations, reminders = run_confirmations(run, now, drafting), session_reminders(run, now, drafting)
    for message in (acknowledgement(enquiry, now, drafting), *confirmations, *reminders):
        assert json.loads(json.dumps(message.facts)) == message.facts
    assert RunFacts.from_plain(confirmations[0].facts) == run
    assert EnquiryFacts.from_plain(enquiry.to_plain()) == enquiry


def test_sessions_are_put_in_order_and_a_facilitator_named_twice_counts_once(run: RunFacts) -> None:
    plain = run.to_plain()
    plain["sessions"].reverse()
    plain["facilitators"] = ["tom", "ana", "tom"]
    assert RunFacts.from_plain(plain) == run


def _closed(first: str, days: int) -> frozenset[dt.date]:
    return frozenset(dt.date.fromisoformat(first) + dt.timedelta(each) for each in range(days))


def _due(session: SessionFacts, run, drafting) -> list[str]:
    only = replace(run, sessions=(session,), facilitators=())
    reminders = session_reminders(only, dt.datetime(2026, 9, 14, 9, tzinfo=dt.UTC), drafting)
    return [each.due_at.isoformat() for each in reminders]


def test_no_reminder_falls_into_a_closure_but_on_the_last_working_day_before_it(run, drafting):
    # Thursday 7 January 2027, after a closure from 21 December to 3 January: the fifth day before is the 2nd, and the
    # 19th and 20th of December are a weekend.
    after = replace(run.sessions[0], date=dt.date(2027, 1, 7), closed=_closed("2026-12-21", 14))

    assert _due(after, run, drafting) == ["2026-12-18T15:00:00+00:00", "2027-01-06T15:00:00+00:00"]


def test_two_reminders_that_come_to_the_same_day_are_one(run, drafting):
    after = replace(run.sessions[0], date=dt.date(2027, 1, 4), closed=_closed("2026-12-21", 14))

    assert _due(after, run, drafting) == ["2026-12-18T15:00:00+00:00"]


def test_a_weekend_without_a_closure_stays_as_it_is(run, drafting):
    monday = replace(run.sessions[0], date=dt.date(2027, 2, 1))

    assert _due(monday, run, drafting) == ["2027-01-27T15:00:00+00:00", "2027-01-31T15:00:00+00:00"]
