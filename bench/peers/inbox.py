"""What a good user of any framework writes for an event that may come twice: its id recorded with its effect.

Both peers of our consumer use these tables and statements. One transaction records the id and makes one insert; an id
that is known makes none. They write fewer columns than our inbox, which is in their favour.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, MetaData, String, Table, Uuid, func
from sqlalchemy.dialects.postgresql import insert as insert_or

PUBLISHER = "enquiries"
EVENT = "stage_changed"

metadata = MetaData()
inbox = Table(
    "inbox",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("type", String(100), nullable=False),
    Column("subject", String(100), nullable=False),
    Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
effects = Table(
    "effects",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("event_id", Uuid, nullable=False),
    Column("reference", String(20), nullable=False),
    Column("stage", String(20), nullable=False),
)

# `inline`: without it SQLAlchemy asks for the new key of each row.
RECORD = insert_or(inbox).on_conflict_do_nothing().inline()
EFFECT = effects.insert().inline()


def record_of(envelope: dict[str, Any]) -> dict[str, Any]:
    """The inbox's row for an envelope."""
    return {"event_id": UUID(envelope["id"]), "type": envelope["type"], "subject": envelope["subject"]}


def effect_of(envelope: dict[str, Any]) -> dict[str, Any]:
    """The row that the event has for its effect."""
    data = envelope["data"]
    return {"event_id": UUID(envelope["id"]), "reference": data["reference"], "stage": data["now"]}
