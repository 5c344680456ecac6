"""What an organisation asked for, was offered, has agreed to, and what was held of it: as they may see it themselves.

Drafts, notes, owners and reasons stay with us, and so does what is held back as suspected spam.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, func, select

from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import Kind
from services.enquiries.queries.commitments import list_agreements, list_proposals
from services.enquiries.schemas import PROGRAMMES
from services.enquiries.tables import enquiries, establishments, proposals, timeline
from shared.errors import Refused

MOST = 200
"""Of each kind, the newest."""

_OF_A_PROPOSAL = (
    "id", "reference", "version", "state", "programme_name", "establishment", "total_pence", "valid_until", "sent_at",
    "settled_at",
)  # fmt: skip
_OF_AN_AGREEMENT = (
    "id", "reference", "state", "programme_name", "establishment", "total_pence", "purchase_order", "unit",
    "agreed_units", "drawn_units", "balance", "signed_at", "ended_at",
)  # fmt: skip


def get_commissioned(connection: Connection, organisation_id: UUID) -> dict[str, Any]:
    """Give `enquiries`, `proposals` that were sent, `agreements`, and `sessions` with what became of them."""
    theirs = _theirs(organisation_id)
    return {
        "enquiries": _enquiries(connection, organisation_id),
        "proposals": [
            {name: each[name] for name in _OF_A_PROPOSAL}
            for each in list_proposals(connection, limit=MOST, within=theirs)
            if each["sent_at"]
        ],
        "agreements": [
            {name: each[name] for name in _OF_AN_AGREEMENT}
            for each in list_agreements(connection, limit=MOST, within=theirs)
        ],
        "sessions": _sessions(connection, theirs),
    }


def refuse_others_proposal(connection: Connection, proposal_id: UUID, organisation_id: UUID | None) -> None:
    """Raise `Refused("not_found")` for what was not sent to an organisation; None asks for nobody's in particular."""
    if organisation_id is None:
        return
    sent = (proposals.c.id == proposal_id) & proposals.c.sent_at.is_not(None)
    query = select(proposals.c.id).where(sent, proposals.c.reference.in_(_theirs(organisation_id)))
    if connection.execute(query).first() is None:
        raise Refused("not_found", f"There is no proposal {proposal_id} that was sent to you.")


def _theirs(organisation_id: UUID) -> Select[Any]:
    ours = (enquiries.c.organisation_id == organisation_id) & (enquiries.c.standing == Standing.FILED.value)
    return select(enquiries.c.reference).where(ours, enquiries.c.erased_at.is_(None))


def _enquiries(connection: Connection, organisation_id: UUID) -> list[dict[str, Any]]:
    place = func.coalesce(establishments.c.name, enquiries.c.establishment).label("place")
    query = (
        select(enquiries.c.reference, enquiries.c.stage, enquiries.c.programme, enquiries.c.received_at, place)
        .outerjoin(establishments, establishments.c.id == enquiries.c.establishment_id)
        .where(enquiries.c.reference.in_(_theirs(organisation_id)))
        .order_by(enquiries.c.received_at.desc(), enquiries.c.reference)
        .limit(MOST)
    )
    return [
        {
            "reference": row.reference,
            "stage": row.stage,
            "programme_name": PROGRAMMES[row.programme],
            "establishment": row.place,
            "received_at": row.received_at.isoformat(),
        }
        for row in connection.execute(query)
    ]


def _sessions(connection: Connection, theirs: Select[Any]) -> list[dict[str, Any]]:
    """Give what the history says last of each session, the newest first."""
    told = (timeline.c.kind == Kind.SESSION.value) & timeline.c.reference.in_(theirs)
    query = select(timeline.c.reference, timeline.c.about, timeline.c.now, timeline.c.at).where(told)
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in connection.execute(query.order_by(timeline.c.at, timeline.c.id)):
        said = {"reference": row.reference, "about": row.about, "state": row.now, "at": row.at.isoformat()}
        last[row.reference, row.about] = said
    held = [each for each in last.values() if each["state"] != "planned"]
    return sorted(held, key=lambda each: (each["at"], each["about"]), reverse=True)[:MOST]
