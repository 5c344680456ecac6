"""Making and revoking calendar feeds."""

from __future__ import annotations

import secrets
from uuid import UUID

from sqlalchemy import select, update

from services.scheduling.domain.feeds import token_hash
from services.scheduling.tables import establishments, facilitators, feeds
from shared.errors import Refused
from shared.persistence.work import UnitOfWork

_TOKEN_BYTES = 32


def make_feed(work: UnitOfWork, kind: str, owner: str | None, *, actor: str) -> tuple[UUID, str]:
    """Open a feed for a facilitator, an establishment or ops; give its id and its token.

    Only a hash of the token is kept, so this is the one time that anybody sees it. Raises `Refused` for an owner that
    is not on file, or has left.
    """
    owner = _owner(work, kind, owner)
    feed_id, token = work.new_id(), secrets.token_urlsafe(_TOKEN_BYTES)
    row = {"id": feed_id, "kind": kind, "owner": owner, "token_hash": token_hash(token)}
    work.connection.execute(feeds.insert(), {**row, "made_at": work.now, "made_by": actor})
    return feed_id, token


def revoke_feed(work: UnitOfWork, feed_id: UUID) -> None:
    """Close a feed: its address gives nothing any more. Closing it again changes nothing. Raises `not_found`."""
    known = work.connection.execute(select(feeds.c.revoked_at).where(feeds.c.id == feed_id)).first()
    if known is None:
        raise Refused("not_found", f"There is no feed {feed_id}. `keytalk feeds list` shows them.")
    still_open = (feeds.c.id == feed_id) & feeds.c.revoked_at.is_(None)
    work.connection.execute(update(feeds).where(still_open).values(revoked_at=work.now))


def _owner(work: UnitOfWork, kind: str, owner: str | None) -> str | None:
    if kind == "ops":
        if owner is not None:
            raise _not_so("The feed of the ops team belongs to nobody else: leave the owner out.")
        return None
    if owner is None:
        raise _not_so(f"Say whose feed it is: give the {kind}'s id.")
    return _facilitator(work, owner) if kind == "facilitator" else _establishment(work, owner.upper())


def _facilitator(work: UnitOfWork, owner: str) -> str:
    try:
        wanted = UUID(owner)
    except ValueError:
        raise _not_so(f"'{owner}' is not an id. `keytalk facilitators list` shows them.") from None
    state = work.connection.scalar(select(facilitators.c.state).where(facilitators.c.id == wanted))
    if state is None:
        raise _unknown(f"There is no facilitator {owner}. `keytalk facilitators list` shows them.")
    if state == "left":
        why = "This facilitator has left, so there is no calendar for them. Take them back on first."
        raise Refused("refused", why, {"owner": [why]})
    return str(wanted)


def _establishment(work: UnitOfWork, owner: str) -> str:
    if work.connection.scalar(select(establishments.c.id).where(establishments.c.id == owner)) is None:
        raise _unknown(f"There is no establishment {owner}. `keytalk establishments list` shows them.")
    return owner


def _unknown(why: str) -> Refused:
    return Refused("not_found", why, {"owner": [why]})


def _not_so(why: str) -> Refused:
    return Refused("invalid", why, {"owner": [why]})
