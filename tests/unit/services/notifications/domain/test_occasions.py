from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

from services.notifications.domain.facts import EnquiryFacts, RunFacts
from services.notifications.domain.messages import MessageState
from services.notifications.domain.occasions import (
    Drafting,
    acknowledgement,
    ops_notice,
    run_confirmations,
)
from services.notifications.domain.reminder_rules import RULES, SESSION_REMINDER
from services.notifications.domain.reminders import reminders_of


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


def test_no_two_messages_of_a_run_share_a_key_an_id_or_a_message_id(
    run: RunFacts, now: dt.datetime, drafting: Drafting
) -> None:
    changed = replace(run, version=2)
    messages = [
        message
        for facts in (run, changed)
        for message in (
            *run_confirmations(facts, now, drafting),
            *reminders_of(facts, [SESSION_REMINDER], (), drafting),
        )
    ]
    keys = {(each.recipient, each.occasion, each.version) for each in messages}
    assert len(messages) == 2 * (3 + 96)
    assert len(keys) == len({each.id for each in messages}) == len({each.message_id for each in messages}) == 198


def test_everything_about_a_run_can_be_found_by_the_run(run: RunFacts, now: dt.datetime, drafting: Drafting) -> None:
    messages = (*run_confirmations(run, now, drafting), *reminders_of(run, RULES.values(), (), drafting))
    assert {each.subject_ref for each in messages} == {"run:run-1"}


def test_the_facts_of_every_message_are_json(
    enquiry: EnquiryFacts, run: RunFacts, now: dt.datetime, drafting: Drafting
) -> None:
    confirmations, reminders = run_confirmations(run, now, drafting), reminders_of(run, RULES.values(), (), drafting)
    for message in (acknowledgement(enquiry, now, drafting), *confirmations, *reminders):
        assert json.loads(json.dumps(message.facts)) == message.facts
    assert RunFacts.from_plain(confirmations[0].facts) == run
    assert EnquiryFacts.from_plain(enquiry.to_plain()) == enquiry


def test_sessions_are_put_in_order_and_a_facilitator_named_twice_counts_once(run: RunFacts) -> None:
    plain = run.to_plain()
    plain["sessions"].reverse()
    plain["facilitators"] = ["tom", "ana", "tom"]
    assert RunFacts.from_plain(plain) == run
