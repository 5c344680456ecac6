"""Whose turn it is: what sets the clocks of an enquiry, pauses them and stops them."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from typing import Any

from sqlalchemy import Connection, select, update

from services.enquiries.domain import clocks
from services.enquiries.domain.pipeline import Side
from services.enquiries.domain.references import not_found
from services.enquiries.tables import enquiries, establishments
from shared.holidays import bank_holidays_in
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork


def locked(work: UnitOfWork, reference: str) -> AnyRow:
    """Give an enquiry's row, kept from others until the work ends. Raises `Refused("not_found")`."""
    query = select(enquiries).where(enquiries.c.reference == reference).with_for_update()
    row = work.connection.execute(query).first()
    if row is None:
        raise not_found(reference)
    return row


def bank_holidays(connection: Connection, establishment_id: str | None) -> Container[date]:
    """Give the bank holidays that an enquiry's establishment keeps: England's and Wales's where it is not known."""
    nation = None
    if establishment_id is not None:
        nation = connection.scalar(select(establishments.c.nation).where(establishments.c.id == establishment_id))
    return bank_holidays_in(nation)


def working_day_ahead(work: UnitOfWork, row: AnyRow, count: int) -> date:
    """Give the day that is `count` working days from now, where the enquiry's establishment is."""
    return clocks.working_day_after(work.now, count, bank_holidays(work.connection, row.establishment_id))


def set_first_reply_clock(work: UnitOfWork, row: AnyRow) -> None:
    """Set when the first reply of a person is due, counted from when the enquiry came."""
    due_at = clocks.first_reply_due(row.received_at, bank_holidays(work.connection, row.establishment_id))
    _save(work, row.reference, first_reply_due_at=due_at)


def turn_to(work: UnitOfWork, row: AnyRow, side: Side, **more: Any) -> None:
    """Say whose turn it is from now on; `row` is the enquiry as it was, `more` are further columns to set with it.

    The silence of either side counts anew from here. Where our first reply is still owed, the working days for which
    we waited on others are added to its time.
    """
    values: dict[str, Any] = {"waiting_on": side.value, "waiting_since": work.now, **more}
    comes_back = row.waiting_on != Side.US.value and side is Side.US
    if comes_back and row.first_reply_at is None and row.first_reply_due_at is not None:
        paused_at, holidays = row.waiting_since or row.received_at, bank_holidays(work.connection, row.establishment_id)
        values["first_reply_due_at"] = clocks.resumed_reply_due(row.first_reply_due_at, paused_at, work.now, holidays)
    _save(work, row.reference, **values)


def begin_again(work: UnitOfWork, row: AnyRow) -> None:
    """Set the clocks of an enquiry that was opened again: it is our turn, from now."""
    values: dict[str, Any] = {"waiting_on": Side.US.value, "waiting_since": work.now}
    if row.first_reply_at is None:
        values["first_reply_due_at"] = clocks.first_reply_due(
            work.now, bank_holidays(work.connection, row.establishment_id)
        )
    _save(work, row.reference, **values)


def _save(work: UnitOfWork, reference: str, **values: Any) -> None:
    work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(values))
