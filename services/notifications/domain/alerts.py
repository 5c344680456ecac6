"""What the team's own tools, such as a chat room, are told besides the ops mailbox: only what cannot wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.notifications.domain.messages import Message, MessageState, stable_message_id
from services.notifications.domain.occasions import Drafting, draft
from services.notifications.domain.urgency import Urgency

TEAM = "team"


def team(place: int) -> str:
    """Name one of the team's addresses for alerts as a recipient, by its place in the settings: the first is 1."""
    return f"{TEAM}:{place}"


def is_to_the_team(recipient: str) -> bool:
    """Say whether a recipient is one of the team's addresses for alerts."""
    return recipient.partition(":")[0] == TEAM


def alerts_beside(told: Message, places: int, drafting: Drafting) -> list[Message]:
    """Give the alerts that go with a message to the ops mailbox, one to each of so many addresses; mostly none."""
    template = _alert_of(told.template, told.facts)
    return [] if template is None else [_alert(told, template, place, drafting) for place in range(1, places + 1)]


def alerts_of_failure(failed: Message, now: datetime, places: int, drafting: Drafting) -> list[Message]:
    """Give the alerts that a message did not get through for good: one an hour to each address, however many fail.

    An alert that fails itself calls for none.
    """
    if failed.state is not MessageState.FAILED or is_to_the_team(failed.recipient):
        return []
    return [
        draft(
            drafting,
            recipient=team(place),
            occasion=f"messages_failed:{now:%Y-%m-%dT%H}",
            template="messages_failed_team",
            subject_ref="messages",
            due_at=now,
            facts={},
            urgency=Urgency.CRITICAL,
        )
        for place in range(1, places + 1)
    ]


def _alert_of(template: str, facts: Mapping[str, Any]) -> str | None:
    if template == "intake_alarm_ops":
        return "intake_alarm_team"
    return "first_reply_due_team" if template == "first_reply_due_ops" and facts["step"] == "late" else None


def _alert(told: Message, template: str, place: int, drafting: Drafting) -> Message:
    recipient = team(place)
    return replace(
        told,
        id=drafting.new_id(),
        recipient=recipient,
        template=template,
        message_id=stable_message_id(recipient, told.occasion, told.version, drafting.mail_domain),
        urgency=Urgency.CRITICAL,
    )
