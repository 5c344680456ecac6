"""Taking enquiries in: stored first, whatever they turn out to be."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, literal_column, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.preferences import preferred_weekday, preferred_window
from services.enquiries.domain.references import new_reference
from services.enquiries.domain.screening import CLEAN, NO_SIGNS, Signs, Verdict, screen
from services.enquiries.domain.standing import Standing
from services.enquiries.handlers import searching
from services.enquiries.tables import enquiries, establishments, messaging
from shared.contracts.enquiries import EnquiryQuarantined, EnquiryReceived
from shared.contracts.notifications import MessageAccepted
from shared.errors import Refused
from shared.establishment_names import bare_name
from shared.messaging.tables import outbox_rows
from shared.persistence.database import OUTBOX, tell
from shared.persistence.work import Store, UnitOfWork

MOST_TRIES = 8
"""New references tried when one is taken; with 24 million of them, a second try is rare already."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an enquirer is told at once. `repeated` says that this very enquiry was here before."""

    reference: str
    received_at: datetime
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class _Post:
    """What came in, and what was thought of it; with a key, `digest` is that of the answers."""

    answers: Mapping[str, Any]
    channel: str
    verdict: Verdict
    key: str | None = None
    digest: str | None = None


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
    post = _Post(answers, channel, _verdict_on(store, answers, signs), idempotency_key, digest)
    storing = _store_in_work if store.database.is_sqlite or post.verdict.is_suspect else _store_at_once
    for _ in range(MOST_TRIES):
        try:
            return storing(store, post)
        except IntegrityError:
            # Either the key was used before, or, rarely, the reference.
            known = _receipt_of(store, idempotency_key, digest)
            if known is not None:
                return known
    raise Refused("unavailable", "No free reference was found. Please try again in a minute.")


def _verdict_on(store: Store, answers: Mapping[str, Any], signs: Signs) -> Verdict:
    """Screen an enquiry; only for a suspect is it looked up whether the place it names is one we know."""
    verdict = screen(answers, signs)
    if not verdict.is_suspect:
        return verdict
    with store.database.reading() as connection:
        place = connection.scalar(select(_PLACE), _place_meant(answers["establishment"]))
    return screen(answers, replace(signs, known_place=place is not None))


def store_taken(work: UnitOfWork, answers: Mapping[str, Any], channel: str) -> Receipt:
    """Store an enquiry that an operator took down and vouches for; `contact_email` may be None.

    Raises `Refused("unavailable")` where no reference is free.
    """
    for _ in range(MOST_TRIES):
        try:
            with work.connection.begin_nested():
                return _store_enquiry(work, _Post(answers, channel, CLEAN))
        except IntegrityError:
            continue
    raise Refused("unavailable", "No free reference was found. Please try again in a minute.")


def _store_in_work(store: Store, post: _Post) -> Receipt:
    with store.work() as work:
        return _store_enquiry(work, post)


def _store_at_once(store: Store, post: _Post) -> Receipt:
    """Store an enquiry and its news in one statement, which takes half the time of a transaction with two."""
    with store.database.writing_at_once() as connection:
        work = store.unit(connection)
        row = _row(work, post)
        work.record(filed_event(post.answers, row["reference"], None, work.now), subject=row["reference"], sequence=1)
        [news] = outbox_rows(work.news)
        connection.exec_driver_sql(_INSERT_AT_ONCE, {**row, **news})
        tell(connection, OUTBOX)
    return Receipt(row["reference"], work.now)


def _store_enquiry(work: UnitOfWork, post: _Post) -> Receipt:
    row = _row(work, post)
    reference = row["reference"]
    establishment_id = work.connection.execute(_INSERT, row).scalar_one()
    if post.verdict.is_suspect:
        suspected = EnquiryQuarantined(reference=reference, score=post.verdict.score, received_at=work.now)
        work.record(suspected, subject=reference, sequence=1)
        searching.index_again(work, reference)  # others are found by their words once they are filed
    else:
        filed = filed_event(post.answers, reference, establishment_id, work.now)
        work.record(filed, subject=reference, sequence=1)
    return Receipt(reference, work.now)


def _row(work: UnitOfWork, post: _Post) -> dict[str, Any]:
    """Give what is stored of an enquiry, under a new reference, and what finds its place."""
    return {
        **_BLANK,
        **post.answers,
        **_place_meant(post.answers["establishment"]),
        "id": work.new_id(),
        "reference": new_reference(secrets.choice),
        "channel": post.channel,
        "received_at": work.now,
        "idempotency_key": post.key,
        "answers_digest": post.digest,
        "standing": (Standing.QUARANTINED if post.verdict.is_suspect else Standing.FILED).value,
        "spam_score": post.verdict.score,
        "spam_reasons": json.dumps(post.verdict.reasons) if post.verdict.reasons else None,
    }


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
    return (
        select(func.min(establishments.c.id))
        .where(condition)
        .having(func.count() == literal_column("1"))
        .scalar_subquery()
    )


# What was written is matched while it is stored: an id, else a name as it stands, else a bare name that is clear.
_PLACE = func.coalesce(
    _only(establishments.c.id == bindparam("place_id")),
    _only(func.lower(establishments.c.name) == bindparam("place_name")),
    _only(establishments.c.bare_name == bindparam("place_bare")),
)
_INSERT = (
    enquiries.insert()
    .values(
        {
            "establishment_id": _PLACE,
            **{name: bindparam(name) for name in _STORED},
        }
    )
    .returning(enquiries.c.establishment_id)
)


_NEWS = ("event_id", "type", "subject", "created_at", "attempts")


def _at_once() -> str:
    """Write `_INSERT` and the insert of its news as one statement of PostgreSQL.

    The news is written before the establishment is known; the database puts in the one that it recognises.
    """
    stored = _INSERT.cte("stored")
    told, recognised = bindparam("envelope", type_=Text), cast(func.to_json(stored.c.establishment_id), Text)
    nowhere, there = (literal_column(f"""'"establishment_id":{value}'""", Text) for value in ("null", ""))
    envelope = func.coalesce(func.replace(told, nowhere, there + recognised), told)
    columns = {name: bindparam(name, type_=messaging.outbox.c[name].type) for name in _NEWS} | {"envelope": envelope}
    news = messaging.outbox.insert().from_select(list(columns), select(*columns.values()).select_from(stored))
    return str(news.compile(dialect=make_url("postgresql+psycopg://").get_dialect()()))


_INSERT_AT_ONCE = _at_once()


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
    unnoted = enquiries.c.acknowledged_at.is_(None) & enquiries.c.erased_at.is_(None)
    mine = (enquiries.c.reference == event.about) & unnoted
    work.connection.execute(update(enquiries).where(mine).values(acknowledged_at=event.accepted_at))
