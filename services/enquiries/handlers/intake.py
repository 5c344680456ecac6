"""Taking enquiries in: stored first, whatever they turn out to be."""

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

from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.preferences import preferred_weekday, preferred_window
from services.enquiries.domain.references import new_reference
from services.enquiries.domain.screening import NO_SIGNS, Signs, Verdict, screen
from services.enquiries.domain.standing import Standing
from services.enquiries.tables import enquiries, establishments
from shared.contracts.enquiries import EnquiryQuarantined, EnquiryReceived
from shared.contracts.notifications import MessageAccepted
from shared.errors import Refused
from shared.establishment_names import bare_name
from shared.persistence.work import Store, UnitOfWork

MOST_TRIES = 8
"""New references tried when one is taken; with 24 million of them, a second try is rare already."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an enquirer is told at once. `repeated` says that this very enquiry was here before."""

    reference: str
    received_at: datetime
    repeated: bool = False


def receive_enquiry(
    store: Store, answers: Mapping[str, Any], *, idempotency_key: str | None, channel: str, signs: Signs = NO_SIGNS
) -> Receipt:
    """Store an enquiry and its news in one commit, and give its reference.

    `answers` are clean, as `schemas.parse_enquiry` gives them. What looks like spam is stored just as well and gets a
    reference too; it is kept aside. Who an enquiry is from and what it resembles is found out after this.

    With a key that was used before, the same answers give the same receipt. Raises `Refused("invalid")` for other
    answers under a used key, and `Refused("unavailable")` when the database is away: then nothing was stored.
    """
    digest = _digest(answers) if idempotency_key else None
    verdict = screen(answers, signs)
    for _ in range(MOST_TRIES):
        try:
            with store.work() as work:
                return _store_enquiry(work, answers, idempotency_key, digest, channel, verdict)
        except IntegrityError:
            # Either the key was used before, or, rarely, the reference.
            known = _receipt_of(store, idempotency_key, digest)
            if known is not None:
                return known
    raise Refused("unavailable", "No free reference was found. Please try again in a minute.")


def _store_enquiry(
    work: UnitOfWork,
    answers: Mapping[str, Any],
    key: str | None,
    digest: str | None,
    channel: str,
    verdict: Verdict,
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
            "standing": (Standing.QUARANTINED if verdict.is_suspect else Standing.FILED).value,
            "spam_score": verdict.score,
            "spam_reasons": json.dumps(verdict.reasons) if verdict.reasons else None,
        },
    ).scalar_one()
    if verdict.is_suspect:
        suspected = EnquiryQuarantined(reference=reference, score=verdict.score, received_at=work.now)
        work.record(suspected, subject=reference, sequence=1)
        return Receipt(reference, work.now)
    work.record(filed_event(answers, reference, establishment_id, work.now), subject=reference, sequence=1)
    return Receipt(reference, work.now)


def filed_event(
    answers: Mapping[str, Any], reference: str, establishment_id: str | None, received_at: datetime
) -> EnquiryReceived:
    """Give the news of an enquiry that is filed: no word of who asked."""
    times = answers.get("preferred_times") or ""
    return EnquiryReceived(
        reference=reference,
        programme=answers["programme"],
        establishment_id=establishment_id,
        group_size=answers.get("group_size"),
        preferred_start=answers.get("preferred_start"),
        preferred_weekday=preferred_weekday(times),
        preferred_window=preferred_window(times),
        received_at=received_at,
    )


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
}


_STORED = (
    *("id", "reference", "channel", "received_at", "idempotency_key", "answers_digest", "programme", "establishment"),
    *("contact_name", "contact_email", "standing", "spam_score", "spam_reasons", *_BLANK),
)


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
            **{name: bindparam(name) for name in _STORED},
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


def when_message_accepted(work: UnitOfWork, event: MessageAccepted) -> None:
    """Note when an enquirer's acknowledgement went out."""
    if event.template != "enquiry_received":
        return
    mine = (enquiries.c.reference == event.about) & enquiries.c.acknowledged_at.is_(None)
    work.connection.execute(update(enquiries).where(mine).values(acknowledged_at=event.accepted_at))
