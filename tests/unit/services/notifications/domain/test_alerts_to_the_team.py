from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from services.notifications.domain import pipeline_occasions as occasions
from services.notifications.domain.alerts import alerts_beside, alerts_of_failure, is_to_the_team
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import Drafting
from services.notifications.domain.urgency import Urgency

REFERENCE = "KT-7F3K-92"


def alarm(now: dt.datetime, drafting: Drafting) -> Message:
    return occasions.intake_alarm(UUID(int=99), "canary", now, now, drafting)


def test_an_alarm_is_told_once_to_each_address_and_waits_for_no_morning(now: dt.datetime, drafting: Drafting) -> None:
    to_ops = alarm(now, drafting)
    alerts = alerts_beside(to_ops, 2, drafting)
    assert [each.recipient for each in alerts] == ["team:1", "team:2"]
    assert {each.template for each in alerts} == {"intake_alarm_team"}
    assert {each.occasion for each in alerts} == {to_ops.occasion}
    assert {each.urgency for each in alerts} == {Urgency.CRITICAL}
    assert len({each.id for each in (to_ops, *alerts)}) == 3
    assert len({each.message_id for each in (to_ops, *alerts)}) == 3
    assert [each.message_id for each in alerts_beside(alarm(now, drafting), 2, drafting)] == [
        each.message_id for each in alerts
    ]


@pytest.mark.parametrize(("step", "alerts"), [("due", 0), ("late", 1)])
def test_a_first_answer_is_worth_an_alert_only_once_it_is_late(
    now: dt.datetime, drafting: Drafting, step: str, alerts: int
) -> None:
    to_ops = occasions.first_reply_due(REFERENCE, step, now, now, drafting)
    assert len(alerts_beside(to_ops, 1, drafting)) == alerts


def test_nothing_else_and_nobody_without_addresses_is_alerted(now: dt.datetime, drafting: Drafting) -> None:
    assert alerts_beside(occasions.quarantine_digest(now, (), drafting), 3, drafting) == []
    assert alerts_beside(alarm(now, drafting), 0, drafting) == []


def test_messages_that_did_not_get_through_are_one_alert_an_hour(
    message: Message, now: dt.datetime, drafting: Drafting
) -> None:
    failed = replace(message, state=MessageState.FAILED)
    [first] = alerts_of_failure(failed, now, 1, drafting)
    [same_hour] = alerts_of_failure(failed, now + dt.timedelta(minutes=29), 1, drafting)
    [next_hour] = alerts_of_failure(failed, now + dt.timedelta(minutes=30), 1, drafting)
    assert first.message_id == same_hour.message_id != next_hour.message_id
    assert first.facts == {}


@pytest.mark.parametrize("state", [state for state in MessageState if state is not MessageState.FAILED])
def test_only_what_is_given_up_is_alerted(
    message: Message, now: dt.datetime, drafting: Drafting, state: MessageState
) -> None:
    assert alerts_of_failure(replace(message, state=state), now, 1, drafting) == []


def test_an_alert_that_does_not_get_through_alerts_nobody(
    message: Message, now: dt.datetime, drafting: Drafting
) -> None:
    failed = replace(message, recipient="team:1", state=MessageState.FAILED)
    assert alerts_of_failure(failed, now, 1, drafting) == []


def test_only_the_teams_addresses_are_the_team(now: dt.datetime, drafting: Drafting) -> None:
    assert is_to_the_team("team:12")
    assert not any(map(is_to_the_team, ("ops", "facilitator:team", "enquirer:team:1")))
