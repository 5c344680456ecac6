"""What the enquiries service does: one function for each command, and for each event it hears of."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.exc import IntegrityError

from services.enquiries.domain.pipeline import Move, Progress, Stage
from services.enquiries.domain.preferences import preferred_weekday, preferred_window
from services.enquiries.domain.references import new_reference, not_found
from services.enquiries.tables import enquiries, establishments, timeline
from shared.contracts.enquiries import EnquiryReceived, StageChanged
from shared.contracts.notifications import MessageAccepted
from shared.contracts.scheduling import EstablishmentChanged
from shared.errors import Refused
from shared.establishment_names import bare_name
from shared.persistence.upsert import insert_or_update
from shared.persistence.work import Store, UnitOfWork

MOST_TRIES = 8
"""New references tried when one is taken; with 24 million of them, a second try is rare already."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an enquirer is told at once. `repeated` says that this very enquiry was here before."""

    reference: str
    received_at: datetime
    repeated: bool = False


def receive_enquiry(store: Store, answers: Mapping[str, Any], *, idempotency_key: str | None, channel: str) -> Receipt:
    """Store an enquiry and its news in one commit, and give its reference.

    `answers` are clean, as `schemas.parse_enquiry` gives them. With a key that was used before: the same answers
    give the same receipt. Raises `Refused("invalid")` for other answers under a used key, and
    `Refused("unavailable")` when the database is away: then nothing was stored.
    """
    digest = _digest(answers) if idempotency_key else None
    for _ in range(MOST_TRIES):
        try:
            with store.work() as work:
                return _store_enquiry(work, answers, idempotency_key, digest, channel)
        except IntegrityError:
            # Either the key was used before, or, rarely, the reference.
            known = _receipt_of(store, idempotency_key, digest)
            if known is not None:
                return known
    raise Refused("unavailable", "No free reference was found. Please try again in a minute.")


def _store_enquiry(
    work: UnitOfWork, answers: Mapping[str, Any], key: str | None, digest: str | None, channel: str
) -> Receipt:
    reference = new_reference(secrets.choice)
    establishment_id = work.connection.execute(
        _INSERT,
        {
            **_BLANK,
            **answers,
            **_place_meant(answers["establishment"]),
            "id": work.new_id(),
            "reference": reference,
            "channel": channel,
            "received_at": work.now,
            "idempotency_key": key,
            "answers_digest": digest,
        },
    ).scalar_one()
    times = answers.get("preferred_times", "")
    work.record(
        EnquiryReceived(
            reference=reference,
            programme=answers["programme"],
            establishment_id=establishment_id,
            group_size=answers.get("group_size"),
            preferred_start=answers.get("preferred_start"),
            preferred_weekday=preferred_weekday(times),
            preferred_window=preferred_window(times),
            received_at=work.now,
        ),
        subject=reference,
        sequence=1,
    )
    return Receipt(reference, work.now)


_BLANK: dict[str, Any] = {
    "stage": Stage.NEW.value,
    "version": 1,
    "contact_role": None,
    "contact_phone": None,
    "organisation": None,
    "group_size": None,
    "preferred_start": None,
    "preferred_times": None,
    "message": None,
    "acknowledged_at": None,
}


def _only(condition: Any) -> Any:
    """Give the id of the one establishment that fits, or null where none or several do."""
    return select(func.min(establishments.c.id)).where(condition).having(func.count() == 1).scalar_subquery()


# What was written is matched while it is stored: an id, else a name as it stands, else a bare name that is clear.
_INSERT = (
    enquiries.insert()
    .values(
        {
            "establishment_id": func.coalesce(
                _only(establishments.c.id == bindparam("place_id")),
                _only(func.lower(establishments.c.name) == bindparam("place_name")),
                _only(establishments.c.bare_name == bindparam("place_bare")),
            ),
            **{each.name: bindparam(each.name) for each in enquiries.c if each.name != "establishment_id"},
        }
    )
    .returning(enquiries.c.establishment_id)
)


def _place_meant(text: str) -> dict[str, str]:
    return {"place_id": text.upper(), "place_name": text.lower(), "place_bare": bare_name(text) or text}


def _digest(answers: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(answers, sort_keys=True, default=str).encode()).hexdigest()


def _receipt_of(store: Store, key: str | None, digest: str | None) -> Receipt | None:
    """Give the receipt of the enquiry that has this key, or None where there is none."""
    if key is None:
        return None
    columns = (enquiries.c.reference, enquiries.c.received_at, enquiries.c.answers_digest)
    with store.database.reading() as connection:
        row = connection.execute(select(*columns).where(enquiries.c.idempotency_key == key)).first()
    if row is None:
        return None
    if row.answers_digest != digest:
        why = "This key was used for an enquiry with other answers. Send a new key with new answers."
        raise Refused("invalid", why, {"Idempotency-Key": [why]})
    return Receipt(row.reference, row.received_at, repeated=True)


def move_enquiry(work: UnitOfWork, reference: str, to: Stage, *, actor: str, reason: str | None) -> None:
    """Move an enquiry to another stage. Raises `Refused` when it is unknown, or may not move there."""
    progress, step = _progress(work, reference).move(to, at=work.now, actor=actor, reason=reason)
    _save_move(work, progress, step)
    work.record(
        StageChanged(reference=reference, was=step.was.value, now=step.now.value),
        subject=reference,
        sequence=progress.version,
    )


def _progress(work: UnitOfWork, reference: str) -> Progress:
    columns = (enquiries.c.reference, enquiries.c.stage, enquiries.c.version)
    row = work.connection.execute(select(*columns).where(enquiries.c.reference == reference)).first()
    if row is None:
        raise not_found(reference)
    return Progress(row.reference, Stage(row.stage), row.version)


def _save_move(work: UnitOfWork, progress: Progress, step: Move) -> None:
    """Save, unless another operator was faster: the version must still be the one that was read."""
    unchanged = (enquiries.c.reference == progress.reference) & (enquiries.c.version == progress.version - 1)
    saved = work.connection.execute(
        update(enquiries).where(unchanged).values(stage=progress.stage.value, version=progress.version)
    )
    if saved.rowcount != 1:
        raise Refused("conflict", f"{progress.reference} was changed by someone else just now. Look at it again.")
    work.connection.execute(
        timeline.insert(),
        {
            "id": work.new_id(),
            "reference": progress.reference,
            "at": step.at,
            "actor": step.actor,
            "was": step.was.value,
            "now": step.now.value,
            "reason": step.reason,
        },
    )


def when_establishment_changed(work: UnitOfWork, event: EstablishmentChanged) -> None:
    """Keep the projection of establishments; an older version that comes late changes nothing."""
    version = work.cause.sequence if work.cause else 1
    known = work.connection.scalar(select(establishments.c.version).where(establishments.c.id == event.id))
    if known is not None and known >= version:
        return
    values = {
        "id": event.id,
        "name": event.name,
        "bare_name": bare_name(event.name),
        "town": event.town,
        "nation": event.nation,
        "active": event.active,
        "version": version,
    }
    insert_or_update(work.connection, establishments, "id", values)


def when_message_accepted(work: UnitOfWork, event: MessageAccepted) -> None:
    """Note when an enquirer's acknowledgement went out."""
    if event.template != "enquiry_received":
        return
    mine = (enquiries.c.reference == event.about) & enquiries.c.acknowledged_at.is_(None)
    work.connection.execute(update(enquiries).where(mine).values(acknowledged_at=event.accepted_at))
