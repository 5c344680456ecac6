"""The peer of the public form's JSON API: FastAPI, Pydantic 2 and SQLAlchemy 2 async on asyncpg.

It checks an enquiry by the same rules (those about people in prison and about spam are ours, called as they are),
writes the same two rows (the enquiry and its event) under the same indexes in one transaction and answers 201 with the
reference after the commit. The inserts are SQLAlchemy Core on an async connection, which is as
usual as the ORM and was the faster of the two when both were tried. What it leaves out is in its favour: no relay
runs beside it and nothing is filed, no establishment is looked up, no idempotency key, no limit on the size of a body,
no rate limit.

    BENCH_DATABASE_URL=postgresql+asyncpg://... BENCH_POOL=20 uvicorn bench.peers.fastapi_intake:app --loop uvloop
"""

import json
import os
import re
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Annotated, Literal
from unicodedata import normalize
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, StringConstraints
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    insert,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.enquiries.domain.screening import Signs, screen
from services.enquiries.domain.words import details_in
from services.enquiries.web.alike import Alike

ATTEMPTS = 5
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
HEADER = re.compile(
    r"\s*(?:to|cc|bcc|from|sender|subject|date|reply-to|return-path|message-id|in-reply-to|references"
    r"|mime-version|content-[a-z-]+|x-[a-z-]+|list-[a-z-]+)\s*:",
    re.IGNORECASE,
)

metadata = MetaData()

enquiries = Table(
    "enquiries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("programme", Text, nullable=False),
    Column("establishment", Text, nullable=False),
    Column("establishment_id", Text),
    Column("contact_name", Text, nullable=False),
    Column("contact_role", Text),
    Column("contact_email", Text, nullable=False),
    Column("contact_phone", Text),
    Column("organisation", Text),
    Column("group_size", Integer),
    Column("preferred_start", Date),
    Column("preferred_times", Text),
    Column("message", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("stage", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("idempotency_key", Text),
    Column("answers_digest", Text),
    Column("standing", Text, nullable=False),
    Column("spam_score", Integer, nullable=False),
    Column("spam_reasons", Text),
    UniqueConstraint("reference", name="uq_enquiries_reference"),
    UniqueConstraint("idempotency_key", name="uq_enquiries_idempotency_key"),
    Index("ix_enquiries_received_at", "received_at", "reference"),
    Index("ix_enquiries_standing_stage", "standing", "stage", "received_at"),
    Index("ix_enquiries_establishment_id", "establishment_id", "received_at"),
)
Index("ix_enquiries_contact_email", func.lower(enquiries.c.contact_email))

outbox = Table(
    "outbox",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=True),
    Column("event_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("published_at", DateTime(timezone=True)),
    UniqueConstraint("event_id", name="uq_outbox_event_id"),
    Index("ix_outbox_unpublished", "seq", postgresql_where=text("published_at IS NULL")),
)


def composed(value: str) -> str:
    """The text in Unicode's composed form, as we store it."""
    return normalize("NFC", value)


def without_details(value: str) -> str:
    """Refuse text that seems to point to a person in prison."""
    if found := details_in(value, datetime.now(UTC).date()):
        raise ValueError(f"Please leave out the {' and the '.join(found)}.")
    return value


def without_header(value: str) -> str:
    """Refuse text that reads like the start of an email header."""
    if HEADER.match(value):
        raise ValueError("Please leave out the colon and the word before it.")
    return value


def _rules(longest: int, pattern: str) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest, pattern=pattern)


ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffd]*$"
LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffd]*$"
TELEPHONE = r"^(?i)[\d +()-]*\d[\d +()-]*(?:(?:ext\.?|x)[\d -]*)?$"

Words = AfterValidator(composed), AfterValidator(without_details)
Name = Annotated[str, _rules(120, ONE_LINE), *Words, AfterValidator(without_header)]
Organisation = Annotated[str, _rules(200, ONE_LINE), *Words, AfterValidator(without_header)]
Establishment = Annotated[str, _rules(200, ONE_LINE), *Words]
Times = Annotated[str, _rules(500, ONE_LINE), *Words]
Message = Annotated[str, _rules(10_000, LINES), *Words]
Telephone = Annotated[str, _rules(40, TELEPHONE)]
GroupSize = Annotated[int, Field(strict=True, ge=1, le=500)]
Start = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]


class Enquiry(BaseModel):
    """What the form sends."""

    model_config = ConfigDict(extra="forbid")

    programme: Literal["many-faces-of-trauma", "unlocking-the-key-to-compassion"]
    establishment: Establishment
    contact_name: Name
    contact_email: EmailStr
    contact_role: Name | None = None
    contact_phone: Telephone | None = None
    organisation: Organisation | None = None
    group_size: GroupSize | None = None
    preferred_start: Start | None = None
    preferred_times: Times | None = None
    message: Message | None = None


class Received(BaseModel):
    """What the sender hears."""

    reference: str
    received_at: datetime


def new_reference() -> str:
    letters = [secrets.choice(ALPHABET) for _ in range(6)]
    return f"KT-{''.join(letters[:4])}-{''.join(letters[4:])}"


def envelope_of(event_id: str, enquiry_id: str, enquiry: Enquiry, received: Received) -> str:
    """The event in the CloudEvents form: ids and choices, no personal data."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "enquiries",
            "type": "enquiry_received",
            "subject": enquiry_id,
            "sequence": 1,
            "time": received.received_at.isoformat(),
            "dataschema": "enquiries/enquiry_received/1",
            "datacontenttype": "application/json",
            "correlationid": event_id,
            "causationid": None,
            "traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
            "data": {
                "enquiry": enquiry_id,
                "reference": received.reference,
                "programme": enquiry.programme,
                "group_size": enquiry.group_size,
                "preferred_start": enquiry.preferred_start and enquiry.preferred_start.isoformat(),
            },
        }
    )


INSERT_ENQUIRY = insert(enquiries)
INSERT_EVENT = insert(outbox).inline()


alike = Alike()


def screened(enquiry: Enquiry, now: datetime) -> dict[str, object]:
    """The columns that say how much an enquiry looks like spam."""
    answers = enquiry.model_dump(exclude_none=True)
    verdict = screen(answers, Signs(alike=alike.others(answers, now)))
    standing = "quarantined" if verdict.is_suspect else "filed"
    reasons = json.dumps(verdict.reasons) if verdict.reasons else None
    return {"standing": standing, "spam_score": verdict.score, "spam_reasons": reasons}


async def store(engine: AsyncEngine, enquiry: Enquiry, received: Received) -> None:
    """Write the enquiry and its event in one transaction; raises IntegrityError when the reference is taken."""
    enquiry_id, event_id = uuid4(), uuid4()
    row = {
        **enquiry.model_dump(),
        "id": enquiry_id,
        "reference": received.reference,
        "received_at": received.received_at,
        "channel": "api",
        "stage": "new",
        "version": 1,
        **screened(enquiry, received.received_at),
    }
    event = {
        "event_id": event_id,
        "type": "enquiry_received",
        "subject": str(enquiry_id),
        "envelope": envelope_of(str(event_id), str(enquiry_id), enquiry, received),
        "created_at": received.received_at,
    }
    async with engine.begin() as connection:
        await connection.execute(INSERT_ENQUIRY, row)
        await connection.execute(INSERT_EVENT, event)


@asynccontextmanager
async def lifespan(api: FastAPI) -> AsyncIterator[None]:
    pool = int(os.environ["BENCH_POOL"])
    engine = create_async_engine(os.environ["BENCH_DATABASE_URL"], pool_size=pool, max_overflow=0)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    api.state.engine = engine
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/api/enquiries", status_code=201)
async def receive_enquiry(enquiry: Enquiry, request: Request) -> Received:
    for _ in range(ATTEMPTS):
        received = Received(reference=new_reference(), received_at=datetime.now(UTC))
        try:
            await store(request.app.state.engine, enquiry, received)
        except IntegrityError:
            continue
        return received
    raise RuntimeError("no free reference was found")


@app.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "alive"}


@app.exception_handler(RequestValidationError)
async def name_each_field(_: Request, refused: RequestValidationError) -> JSONResponse:
    errors: dict[str, list[str]] = defaultdict(list)
    for error in refused.errors():
        errors[str(error["loc"][-1])].append(error["msg"])
    problem = {"type": "about:blank", "title": "Unprocessable Content", "status": 422, "errors": errors}
    return JSONResponse(problem, status_code=422, media_type="application/problem+json")
