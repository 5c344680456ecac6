"""Writing no more to an address that turned mail down for good, and lifting that again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete, select, update

from services.notifications.domain.reasons import read_reason
from services.notifications.domain.suppressing import address_hashes
from services.notifications.queries.suppressions import the_one_named
from services.notifications.tables import messages, suppressions
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_update
from shared.persistence.work import UnitOfWork


def suppress(work: UnitOfWork, address: str, why: str, message_id: UUID | None, keys: Sequence[str]) -> None:
    """Send nothing to an address from now on; `why` and the message that came back are kept with it.

    One that is held back already keeps its first date and reason. One that was lifted is held back anew.
    """
    hashes = address_hashes(keys, address)
    standing = suppressions.c.address_hash.in_(hashes) & suppressions.c.lifted_at.is_(None)
    if work.connection.execute(select(suppressions.c.address_hash).where(standing)).first() is not None:
        return
    lifted = {"lifted_at": None, "lifted_by": None, "lifted_because": None}
    values = {"address_hash": hashes[0], "since": work.now, "why": why, "message": message_id, **lifted}
    insert_or_update(work.connection, suppressions, "address_hash", values)


def lift(work: UnitOfWork, which: str, reason: str, *, actor: str) -> AnyRow:
    """Let an address be written to again, and give its row. `which` is as `the_one_named` takes it.

    Raises `Refused`: "invalid" without a reason, "not_found", "conflict" where it fits several, "refused" for one that
    is lifted already.
    """
    because = read_reason(reason)
    row = the_one_named(work.connection, which)
    if row.lifted_at is not None:
        raise Refused("refused", "This address is written to again already: it was lifted before.")
    lifted = {"lifted_at": work.now, "lifted_by": actor, "lifted_because": because}
    this = suppressions.c.address_hash == row.address_hash
    work.connection.execute(update(suppressions).where(this).values(lifted))
    return the_one_named(work.connection, row.address_hash)


def forget(work: UnitOfWork, recipients: Iterable[str]) -> None:
    """Let go of what is remembered of the addresses of people who were erased, by the messages to them."""
    theirs = select(messages.c.id).where(messages.c.recipient.in_(list(recipients)))
    work.connection.execute(delete(suppressions).where(suppressions.c.message.in_(theirs)))
