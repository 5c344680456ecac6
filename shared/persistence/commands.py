"""Commands that are safe to repeat: the answer given the first time is kept beside its effect, by the command's key.

Both are written in one transaction, so neither is there without the other. Whoever comes with the key of an answer that
is kept gets that answer; a command that was refused or broken off has left none and runs again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, MetaData, String, Table, Text, or_, select

from shared.errors import Refused
from shared.persistence.types import Moment


@dataclass(slots=True)
class Command:
    """A command that came with a key: which operation it asks for, and a digest of the arguments.

    `answered` becomes true once its answer was stored, or would have been but for a trial.
    """

    key: str
    operation: str
    digest: str
    answered: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command was answered the first time; the result may be anything JSON holds, `None` too."""

    result: Any


current_command: ContextVar[Command | None] = ContextVar("current_command", default=None)
"""The command in hand, where it came with a key."""


def answers_table(metadata: MetaData) -> Table:
    """Define the table of answers in a service's metadata."""
    return Table(
        "answers",
        metadata,
        Column("key", String(200), primary_key=True),
        Column("operation", String(100), nullable=False),
        Column("digest", String(64), nullable=False),
        Column("answer", Text, nullable=False),
        Column("at", Moment, nullable=False),
    )


def store_answer(connection: Connection, table: Table, command: Command, answer: Any, now: datetime) -> None:
    """Keep an answer in the transaction of its effect.

    Raises `IntegrityError` when one is kept under this key already: another was quicker, and this effect must go.
    """
    connection.execute(
        table.insert().values(
            key=command.key,
            operation=command.operation,
            digest=command.digest,
            answer=json.dumps(answer),
            at=now,
        )
    )
    command.answered = True


def forget_answers(connection: Connection, table: Table, words: Iterable[str]) -> int:
    """Drop the kept answers that hold any of these words, such as a reference or an address; give how many.

    A repeat of such a command runs again. That is better than a copy of what was erased.
    """
    holding = [table.c.answer.contains(json.dumps(word)[1:-1], autoescape=True) for word in words if word]
    return connection.execute(table.delete().where(or_(*holding))).rowcount if holding else 0


def stored_answer(connection: Connection, table: Table, command: Command) -> Answer | None:
    """Give the answer that is kept for a command, if there is one.

    Raises `Refused("invalid")` when the key was used for something else.
    """
    row = connection.execute(select(table).where(table.c.key == command.key)).one_or_none()
    if row is None:
        return None
    if (row.operation, row.digest) != (command.operation, command.digest):
        why = "This key was used before, for another command or with other arguments. Send a new key."
        raise Refused("invalid", why, {"idempotency_key": [why]})
    return Answer(json.loads(row.answer))
