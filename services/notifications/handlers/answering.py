"""What the handlers of answers by mail share: what a mail is to bring about, and asking other services for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import OPS
from services.notifications.handlers.settling import about_of
from services.notifications.tables import messages
from shared.errors import Refused
from shared.persistence.work import Store, UnitOfWork

BY = "mailbox"
"""Who did it, in what other services keep."""
GIVE_UP_AFTER = timedelta(hours=24)
"""For how long a mail waits for a service that cannot be asked."""
_LATER = frozenset({"unavailable", "conflict", "too_many_requests"})


class Outcome(StrEnum):
    """What became of a mail that was read.

    `counted`: it changes nothing, such as a delay or a mail for many. `unmatched`: it is about nothing that we know.
    `not_believed`: it says of a message what anybody could have written. `not_filed`: somebody wrote, and it is to be
    read in the mailbox. `waiting`: a service could not be asked, so it is read again.
    """

    BOUNCED = "bounced"
    DELIVERED = "delivered"
    COMPLAINED = "complained"
    FILED = "filed"
    NOTED = "noted"
    COUNTED = "counted"
    UNMATCHED = "unmatched"
    NOT_BELIEVED = "not_believed"
    NOT_FILED = "not_filed"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a mail is to bring about: of which message, about which enquiry.

    `act` is done in the transaction in which the mail's mark is kept, and gets the id of its row. Where it finds that
    nothing can be done any more it gives another outcome.
    """

    outcome: Outcome
    message: UUID | None = None
    about: str | None = None
    act: Callable[[UnitOfWork, UUID], Outcome | None] = lambda _work, _id: None

    def with_outcome(self, outcome: Outcome, act: Callable[[UnitOfWork, UUID], Outcome | None] | None = None) -> Effect:
        """Give the same with another outcome, and something to do."""
        return replace(self, outcome=outcome, act=act or self.act)


class ServiceAway(Exception):
    """A service cannot be asked just now: what waits for its answer is tried again."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What answers are handled with.

    `call` calls another service: `call("enquiries", "log_answer", reference=...)`. `keys` are the settings' secret
    keys, under which addresses are remembered. With `may_ask` off, a mail has waited long enough: nobody is asked.
    """

    store: Store
    call: Callable[..., Any]
    keys: Sequence[str]
    ops_mailbox: str
    may_ask: bool = True

    def ask(self, service: str, operation: str, /, **arguments: Any) -> Any:
        """Call another service. Raises `Refused` as it said it, or ServiceAway where it cannot be asked just now."""
        if not self.may_ask:
            raise ServiceAway
        try:
            return self.call(service, operation, **arguments)
        except Refused as refused:
            if refused.code in _LATER:
                raise ServiceAway from None
            raise

    def address_of(self, message: Message) -> str | None:
        """Give the address that a message's recipient has, or None where nobody has one any more.

        The ledger holds none, so its owner is asked: one that was put right meanwhile is not the one it went to.
        Raises ServiceAway.
        """
        kind, _colon, key = self._asked_for(message).partition(":")
        if kind == OPS:
            return self.ops_mailbox
        try:
            if kind == "facilitator":
                return str(self.ask("scheduling", "get_facilitator", facilitator=key)["email"] or "") or None
            return str(self.ask("enquiries", "get_enquiry", reference=key)["contact"]["email"] or "") or None
        except Refused:
            return None

    def _asked_for(self, message: Message) -> str:
        """Give by whom a message's recipient is found: for a contact's digest, by an enquiry that it tells of."""
        if not message.recipient.startswith("contact:"):
            return message.recipient
        told = (messages.c.told_in == message.id) & messages.c.recipient.startswith("enquirer:")
        with self.store.database.reading() as connection:
            return connection.scalar(select(messages.c.recipient).where(told).limit(1)) or message.recipient


def about(message: Message, outcome: Outcome = Outcome.COUNTED) -> Effect:
    """Give the effect of a mail about a message."""
    return Effect(outcome, message.id, about_of(message) or None)
