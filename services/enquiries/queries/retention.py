"""What has had its time: for each rule of `domain.retention`, the records that are due and since when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.privacy import ERASED
from services.enquiries.domain.retention import RULES
from services.enquiries.domain.standing import Standing
from services.enquiries.tables import (
    agreements,
    contact_history,
    contacts,
    data_requests,
    enquiries,
    signatures,
    tasks,
    timeline,
)
from shared.persistence.types import AnyRow

_last_word = func.coalesce(enquiries.c.last_word_at, enquiries.c.received_at)
_last_step = func.coalesce(
    select(func.max(timeline.c.at)).where(timeline.c.reference == enquiries.c.reference).scalar_subquery(),
    enquiries.c.received_at,
)


def list_due(connection: Connection, record: str, now: datetime, *, limit: int, hold: bool = False) -> list[AnyRow]:
    """List records of a kind that are due now, the oldest first: each has `key` and `since`. `hold` locks them."""
    rule = RULES[record]
    query = _DUE[record](rule.cut_off_moment(now)).limit(limit)
    return list(connection.execute(query.with_for_update(skip_locked=True) if hold else query).all())


def preview(connection: Connection, now: datetime, *, limit: int) -> list[dict[str, Any]]:
    """List what would go now and why.

    Each has record, key (a reference or an id), since (ISO), period, counted_from, goes and why.
    """
    return [
        {
            "record": record,
            "key": str(row.key),
            "since": row.since.isoformat(),
            "period": rule.period,
            "counted_from": rule.since,
            "goes": rule.goes,
            "why": rule.why,
        }
        for record, rule in RULES.items()
        for row in list_due(connection, record, now, limit=limit)
    ]


def _enquiries(since: Any, before: datetime, *more: ColumnElement[bool]) -> Select[Any]:
    # An index knows when one was received, and nothing counts from before that.
    old = and_(enquiries.c.received_at < before, since < before, enquiries.c.erased_at.is_(None))
    query = select(enquiries.c.reference.label("key"), since.label("since")).where(old, *more)
    return query.order_by(enquiries.c.received_at, enquiries.c.reference)


def _spam(before: datetime) -> Select[Any]:
    return _enquiries(_last_step, before, enquiries.c.stage == Stage.SPAM.value)


def _unconverted(before: datetime) -> Select[Any]:
    """Enquiries that led to nothing; one that lies with another goes once that one has gone."""
    signed = exists().where(agreements.c.reference == enquiries.c.reference, agreements.c.signed_at.is_not(None))
    older = enquiries.alias("older")
    alive = exists().where(older.c.reference == enquiries.c.merged_into, older.c.erased_at.is_(None))
    merged = enquiries.c.standing == Standing.MERGED.value
    stages = enquiries.c.stage.not_in([Stage.WON.value, Stage.SPAM.value])
    return _enquiries(_last_word, before, stages | merged, ~signed, or_(~merged, ~alive))


def _contacts(before: datetime, *which: ColumnElement[bool]) -> Select[Any]:
    query = select(contacts.c.id.label("key"), contacts.c.status_since.label("since"))
    return query.where(contacts.c.status_since < before, *which).order_by(contacts.c.status_since, contacts.c.id)


def _contacts_left(before: datetime) -> Select[Any]:
    return _contacts(before, contacts.c.status.in_(("left", "bounced")))


def _contacts_without_enquiries(before: datetime) -> Select[Any]:
    """People known through enquiries that have all gone. Those whom an operator added for other reasons stay."""
    theirs = enquiries.c.contact_id == contacts.c.id
    changed = exists().where(contact_history.c.contact_id == contacts.c.id, contact_history.c.at >= before)
    to_do = exists().where(tasks.c.contact_id == contacts.c.id, tasks.c.done_at.is_(None))
    alive = exists().where(theirs, enquiries.c.erased_at.is_(None))
    active = contacts.c.status == "active"
    return _contacts(before, active, exists().where(theirs), ~alive, ~changed, ~to_do)


def _agreements(before: datetime) -> Select[Any]:
    named = exists().where(signatures.c.agreement_id == agreements.c.id, signatures.c.name != ERASED)
    query = select(agreements.c.id.label("key"), agreements.c.ended_at.label("since"))
    return query.where(agreements.c.ended_at < before, named).order_by(agreements.c.ended_at, agreements.c.id)


def _data_requests(before: datetime) -> Select[Any]:
    query = select(data_requests.c.id.label("key"), data_requests.c.closed_at.label("since"))
    closed = (data_requests.c.state == "closed") & (data_requests.c.closed_at < before)
    return query.where(closed).order_by(data_requests.c.closed_at, data_requests.c.id)


_DUE: Mapping[str, Callable[[datetime], Select[Any]]] = {
    "spam": _spam,
    "enquiry": _unconverted,
    "contact_left": _contacts_left,
    "contact": _contacts_without_enquiries,
    "agreement": _agreements,
    "data_request": _data_requests,
}


def won_are_due(connection: Connection, references: list[str], before: datetime) -> list[str]:
    """Give those of the enquiries whose every agreement ended before a moment, and whose last word was before it."""
    running = exists().where(
        agreements.c.reference == enquiries.c.reference,
        or_(agreements.c.ended_at.is_(None), agreements.c.ended_at >= before),
    )
    over = and_(enquiries.c.reference.in_(references), _last_word < before, enquiries.c.erased_at.is_(None), ~running)
    return list(connection.scalars(select(enquiries.c.reference).where(over)))
