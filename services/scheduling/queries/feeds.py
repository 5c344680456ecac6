"""Reading calendar feeds: which there are, and what each shows."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from services.scheduling.domain.feeds import CANCELLED_FOR, SHOWN_FOR, Feed, Shown, token_hash
from services.scheduling.domain.runs import NOT_HELD
from services.scheduling.tables import (
    assignments,
    changes,
    establishments,
    facilitators,
    feeds,
    holds,
    programmes,
    rooms,
    runs,
    sessions,
)
from shared.clock import LONDON
from shared.persistence.types import AnyRow

_IN_FORCE = ("confirmed", "completed", "ended_early", "cancelled")


def list_feeds(connection: Connection, *, limit: int) -> list[dict[str, Any]]:
    """List feeds, the newest first: whose each is, and whether it is open. Their addresses are nowhere."""
    query = select(feeds).order_by(feeds.c.made_at.desc(), feeds.c.id.desc()).limit(limit)
    found = connection.execute(query).all()
    people = _names(connection, found)
    return [
        {
            "id": str(row.id),
            "kind": row.kind,
            "owner": row.owner,
            "owner_name": people.get(row.owner),
            "made_at": row.made_at.isoformat(),
            "made_by": row.made_by,
            "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
        }
        for row in found
    ]


def find_feed(connection: Connection, token: str) -> Feed | None:
    """Give the open feed that a token is for, or None where it was never given out or was revoked, or its owner left.

    Found by its hash, so how long the search takes says nothing about the token.
    """
    hashed = token_hash(token)
    row = connection.execute(select(feeds).where(feeds.c.token_hash == hashed)).first()
    if row is None or not hmac.compare_digest(row.token_hash, hashed) or row.revoked_at is not None:
        return None
    if row.kind == "facilitator" and _has_left(connection, UUID(row.owner)):
        return None
    name = _names(connection, [row]).get(row.owner)
    return Feed(row.id, row.kind, row.owner, name, row.made_at)


def last_changed(connection: Connection, feed: Feed, now: dt.datetime) -> dt.datetime:
    """Give a moment since which a feed is as it is, to the second.

    Never too early: a session that went to somebody else changes a feed in which it is no longer found, so every run
    counts, and so does last midnight, at which days fall out of it and what was renamed is told at the latest.
    """
    local = now.astimezone(LONDON)
    midnight = dt.datetime.combine(local.date(), dt.time(), LONDON).astimezone(dt.UTC)
    asked = (
        *(runs.c.planned_at, runs.c.confirmed_at, holds.c.placed_at, holds.c.ended_at),
        *(changes.c.applied_at, changes.c.reversed_at),
    )
    latest = connection.execute(select(*(select(func.max(each)).scalar_subquery() for each in asked))).one()
    moments: list[dt.datetime] = [midnight, feed.made_at, *filter(None, latest)]
    return max(moments).replace(microsecond=0)


def shown_in(connection: Connection, feed: Feed, today: dt.date) -> Iterator[Shown]:
    """Give what a feed shows, by date: what is confirmed or held in the first rank, and what was cancelled lately."""
    mine = _of(feed) & _recent(today) & _counts()
    names = _who_leads(connection, mine)
    for row in connection.execute(_sessions(mine)):
        yield Shown(
            id=row.id,
            number=row.number,
            of=row.planned,
            revision=row.revision,
            state=row.state,
            is_held=row.run_state == "held",
            date=row.date,
            start=row.start,
            end=row.end,
            mode=row.mode,
            programme=row.programme,
            establishment=row.establishment,
            town=row.town,
            room=row.room,
            report_minutes=row.report_minutes,
            reference=row.enquiry,
            names=names.get(row.id, ()),
            changed_at=_latest(row),
        )


def _sessions(mine: ColumnElement[bool]) -> Select[Any]:
    changed = (
        select(
            changes.c.run_id,
            func.max(changes.c.applied_at).label("applied"),
            func.max(changes.c.reversed_at).label("reversed"),
        )
        .group_by(changes.c.run_id)
        .subquery()
    )
    return (
        select(
            *(sessions.c.id, sessions.c.number, sessions.c.revision, sessions.c.state),
            *(sessions.c.date, sessions.c.start, sessions.c.end),
            *(runs.c.mode, runs.c.enquiry, runs.c.planned_at, runs.c.confirmed_at, runs.c.state.label("run_state")),
            *(establishments.c.name.label("establishment"), establishments.c.town, establishments.c.report_minutes),
            *(programmes.c.name.label("programme"), programmes.c.sessions.label("planned")),
            *(rooms.c.name.label("room"), changed.c.applied, changed.c.reversed, holds.c.placed_at),
        )
        .join_from(sessions, runs, runs.c.id == sessions.c.run_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .join(programmes, and_(programmes.c.slug == runs.c.programme, programmes.c.version == runs.c.programme_version))
        .outerjoin(rooms, rooms.c.id == sessions.c.room_id)
        .outerjoin(holds, _is_held())
        .outerjoin(changed, changed.c.run_id == runs.c.id)
        .where(mine)
        .order_by(sessions.c.starts_at, sessions.c.id)
    )


def _who_leads(connection: Connection, mine: ColumnElement[bool]) -> dict[UUID, tuple[str, ...]]:
    query = (
        select(assignments.c.session_id, facilitators.c.name)
        .join_from(assignments, sessions, sessions.c.id == assignments.c.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .join(facilitators, facilitators.c.id == assignments.c.facilitator_id)
        .outerjoin(holds, _is_held())
        .where(mine)
        .order_by(assignments.c.session_id, assignments.c.place)
    )
    names: dict[UUID, list[str]] = {}
    for session_id, name in connection.execute(query):
        names.setdefault(session_id, []).append(name)
    return {session_id: tuple(theirs) for session_id, theirs in names.items()}


def _of(feed: Feed) -> ColumnElement[bool]:
    if feed.kind == "facilitator":
        theirs = select(assignments.c.session_id).where(assignments.c.facilitator_id == UUID(feed.owner))
        return sessions.c.id.in_(theirs)
    if feed.kind == "establishment":
        return runs.c.establishment_id == feed.owner
    return sessions.c.id.is_not(None)


def _recent(today: dt.date) -> ColumnElement[bool]:
    is_cancelled = sessions.c.state.in_(sorted(NOT_HELD))
    return (sessions.c.date >= today - SHOWN_FOR) & (~is_cancelled | (sessions.c.date >= today - CANCELLED_FOR))


def _counts() -> ColumnElement[bool]:
    """Say whether a session is anybody's business: a hold behind another takes no time, and a draft is only a plan."""
    return or_(runs.c.state.in_(_IN_FORCE), and_(runs.c.state == "held", holds.c.rank == 1))


def _is_held() -> ColumnElement[bool]:
    return and_(holds.c.run_id == runs.c.id, holds.c.state == "active")


def _latest(row: AnyRow) -> dt.datetime:
    moments: tuple[dt.datetime | None, ...] = (
        row.planned_at,
        row.confirmed_at,
        row.placed_at,
        row.applied,
        row.reversed,
    )
    return max(each for each in moments if each is not None)


def _has_left(connection: Connection, facilitator_id: UUID) -> bool:
    state = connection.scalar(select(facilitators.c.state).where(facilitators.c.id == facilitator_id))
    return state in {None, "left"}


def _names(connection: Connection, found: Iterable[AnyRow]) -> dict[str | None, str]:
    """Give the names of the owners of feeds, by id."""
    owners = {(row.kind, row.owner) for row in found if row.owner is not None}
    people = [UUID(owner) for kind, owner in owners if kind == "facilitator"]
    places = [owner for kind, owner in owners if kind == "establishment"]
    asked = (
        select(facilitators.c.id, facilitators.c.name).where(facilitators.c.id.in_(people)),
        select(establishments.c.id, establishments.c.name).where(establishments.c.id.in_(places)),
    )
    return {str(row.id): row.name for query in asked for row in connection.execute(query)}
