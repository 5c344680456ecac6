"""Saving what sending makes of messages, several in one statement: each only while it is as it was last seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from services.notifications.domain.messages import Message, MessageState
from services.notifications.tables import message_row, messages
from shared.persistence.bulk import UpdateEach

_CHANGES = (
    *("state", "why", "attempts", "due_at", "retry_at", "claimed_at", "accepted_at", "answered_at", "next_attempt_at"),
    *("person", "template_version", "told_in"),
)
"""What becomes of a message; all else stays as it was entered."""
_GIVEN = {"key": messages.c.id} | {f"new_{name}": messages.c[name] for name in _CHANGES}


class Change(NamedTuple):
    """A message as it was last seen, and as it is to be."""

    was: Message
    now: Message


_claims = UpdateEach(
    messages,
    _GIVEN
    | {
        "attempts_before": messages.c.attempts,
        "next_before": messages.c.next_attempt_at,
        "told_in_before": messages.c.told_in,
    },
    lambda given: (
        (messages.c.state == MessageState.SCHEDULED.value)
        & (messages.c.attempts == given["attempts_before"])
        & (messages.c.next_attempt_at == given["next_before"])
        & messages.c.told_in.is_not_distinct_from(given["told_in_before"])
    ),
    # Whoever holds one is about to change it. To wait would keep the attempts before from being recorded.
    skip_locked=True,
)
_outcomes = UpdateEach(
    messages,
    _GIVEN | {"attempt": messages.c.attempts, "since": messages.c.claimed_at},
    lambda given: (
        messages.c.state.in_((MessageState.SENDING.value, MessageState.UNKNOWN.value))
        & (messages.c.attempts == given["attempt"])
        & (messages.c.claimed_at == given["since"])
    ),
)


def save_claims(connection: Connection, claims: Sequence[Change]) -> set[UUID]:
    """Save claimed messages, each while it waits as it did; give the ids of those that were saved."""
    return _claims.run(
        connection,
        [
            {
                **_changed(each.now),
                "attempts_before": each.was.attempts,
                "next_before": each.was.next_attempt_at,
                "told_in_before": each.was.told_in,
            }
            for each in claims
        ],
    )


def save_outcomes(connection: Connection, outcomes: Iterable[Change]) -> set[UUID]:
    """Save what became of attempts, each while that is the message's last one; give the ids of those saved."""
    return _outcomes.run(
        connection,
        [{**_changed(each.now), "attempt": each.was.attempts, "since": each.was.claimed_at} for each in outcomes],
    )


def _changed(message: Message) -> dict[str, Any]:
    row = message_row(message)
    return {"key": message.id} | {f"new_{name}": row[name] for name in _CHANGES}
