"""Marks planted in every text that may hold something about a person, and looked for again afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, MetaData, String, Text, select, update

from services.enquiries import tables as t
from services.enquiries.domain.searching import entry_of, plain_words

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Marks:
    """What is planted: `gone` wherever it has to go, `kept` where the law has it stay, `phone` as a number."""

    gone: str
    kept: str
    phone: str

    @property
    def email(self) -> str:
        """An address with the mark in it."""
        return f"{self.gone.lower()}@risley.example"

    @property
    def name(self) -> str:
        """A name with the mark in it."""
        return f"Ffion {self.gone}"


def new_marks() -> Marks:
    """Give marks that are nowhere else."""
    chance = uuid4()
    number = f"{chance.int % 10**9:09d}"
    return Marks(f"Zq{chance.hex[:10]}", f"Kx{chance.hex[:10]}", f"07{number[:3]} {number[3:]}")


def answers(marks: Marks, **changes: Any) -> dict[str, Any]:
    """Give the answers of the public form with a mark in every text."""
    said = {
        "programme": "many-faces-of-trauma",
        "establishment": f"The {marks.gone} Centre",
        "contact_name": marks.name,
        "contact_role": f"Head of {marks.gone}",
        "contact_email": marks.email,
        "contact_phone": marks.phone,
        "organisation": f"{marks.gone} and partners",
        "group_size": 10,
        "preferred_times": f"Tuesdays, says {marks.gone}",
        "message": f"We know {marks.gone}. Please ring {marks.phone}.",
    }
    return {**said, **changes}


def plant(connection: Connection, marks: Marks, reference: str, other: str) -> UUID:
    """Plant in every table that stands around an enquiry; `other` is somebody else's. Gives the contact's id.

    Only what no door plants by itself: the tables are filled whatever the doors do.
    """
    gone = marks.gone
    insert = lambda table, **row: connection.execute(table.insert().values(**row))  # noqa: E731
    by = {"at": NOW, "actor": "operator"}
    contact = connection.scalar(select(t.contacts.c.id).where(t.contacts.c.email == marks.email))
    organisation, post = uuid4(), uuid4()
    insert(t.organisations, id=organisation, kind="funder", name="A fund", bare_name="fund", active=True,
           created_at=NOW, created_by="operator")  # fmt: skip
    insert(t.posts, id=post, organisation_id=organisation, title=f"Post of {gone}", bare_title=f"post of {gone}",
           created_at=NOW)  # fmt: skip
    if contact is None:
        contact = uuid4()
        insert(t.contacts, id=contact, name=marks.name, email=marks.email, phone=marks.phone, status="active",
               organisation_id=organisation, preferred_channel="email", status_since=NOW, source=f"From {gone}",
               created_at=NOW)  # fmt: skip
    theirs = t.contacts.c.id == contact
    connection.execute(update(t.contacts).where(theirs).values(phone=marks.phone, source=f"From {gone}"))
    insert(t.holdings, id=uuid4(), post_id=post, contact_id=contact, since=NOW)
    insert(t.contact_history, id=uuid4(), contact_id=contact, kind="name", was=f"Old {gone}", now=gone, **by)
    mine = t.enquiries.c.reference == reference
    spam = json.dumps([f"mentions {gone}"])
    values = {"contact_id": contact, "spam_reasons": spam, "idempotency_key": gone, "answers_digest": gone}
    connection.execute(update(t.enquiries).where(mine).values(**values))
    for about in ((reference, None), (other, reference)):
        entry = uuid4()
        insert(t.timeline, id=entry, reference=about[0], kind="noted", about=about[1], **by)
        insert(t.timeline_words, entry_id=entry, words=f"A note on {gone}")
    for task in ({"reference": reference}, {"contact_id": contact}):
        insert(t.tasks, id=uuid4(), kind="by_hand", title=f"Ring {gone}", outcome=f"{gone} said yes", due_on=NOW.date(),
               created_at=NOW, created_by="operator", **task)  # fmt: skip
    insert(t.checklists, reference=reference, item=f"i{uuid4().hex[:8]}", answer="yes", note=f"Says {gone}", **by)
    insert(t.matches, reference=reference, kind="contact", target=f"c{uuid4().hex[:8]}", score=9,
           reasons=json.dumps([f"same name {gone}"]), state="taken", at=NOW)  # fmt: skip
    insert(t.matches, reference=other, kind="duplicate", target=reference, score=9,
           reasons=json.dumps([f"same name {gone}"]), state="suggested", at=NOW)  # fmt: skip
    plant_search_entry(connection, reference, entry_of([gone.lower()]))
    insert(t.saved_filters, id=uuid4(), name=f"About {marks.name}", owner=f"o{gone[:4]}",
           filter=json.dumps({"words": marks.email}), at=NOW)  # fmt: skip
    insert(t.messaging.answers, key=f"k{uuid4().hex}", operation="enquiries.move_enquiry", digest="0" * 64,
           answer=json.dumps({"reference": reference, "words": gone}), at=NOW)  # fmt: skip
    _plant_commitments(connection, marks, reference)
    _plant_mentions(connection, marks, other)
    return UUID(str(contact))


def plant_search_entry(connection: Connection, reference: str, words: str) -> None:
    """Have an enquiry found by words."""
    entry = t.search_entries.c.reference == reference
    if connection.execute(update(t.search_entries).where(entry).values(words=words)).rowcount == 0:
        connection.execute(t.search_entries.insert().values(reference=reference, received_at=NOW, words=words))


def _plant_commitments(connection: Connection, marks: Marks, reference: str) -> None:
    """Plant an offer that came to nothing, which goes, and one that was agreed, of which the agreement stays."""
    agreed, dropped, agreement = uuid4(), uuid4(), uuid4()
    for version, (proposal, mark) in enumerate(((dropped, marks.gone), (agreed, marks.kept)), 101):
        lines = [{"what": f"Sessions for {mark}", "quantity": 16, "unit": "session", "unit_pence": 1, "pence": 16}]
        connection.execute(
            t.proposals.insert().values(
                id=proposal, reference=reference, version=version, state="accepted", lines=json.dumps(lines),
                total_pence=16, cancellation_terms=f"As told to {mark}", notes=f"For {marks.gone}",
                valid_until=date(2027, 1, 1), created_at=NOW, created_by="operator",
            )
        )  # fmt: skip
    connection.execute(
        t.agreements.insert().values(
            id=agreement, proposal_id=agreed, reference=reference, state="signed", purchase_order=f"PO {marks.kept}",
            cancellation_terms=f"As told to {marks.kept}", unit="session", agreed_units=16, created_at=NOW,
            signed_at=NOW,
        )
    )  # fmt: skip
    connection.execute(
        t.signatures.insert().values(
            id=uuid4(), agreement_id=agreement, side="prison", name=f"Ffion {marks.kept}", role=f"Head of {marks.kept}",
            signed_at=NOW, how="paper",
        )
    )  # fmt: skip
    connection.execute(
        t.drawdowns.insert().values(
            id=uuid4(), agreement_id=agreement, units=1, about=f"Session with {marks.gone}", at=NOW, actor="operator"
        )
    )


def _plant_mentions(connection: Connection, marks: Marks, other: str) -> None:
    """Have somebody else's words name the person by the address and the number that are theirs alone."""
    words = f"My colleague is at {marks.email.upper()} or {marks.phone}."
    theirs = t.enquiries.c.reference == other
    connection.execute(update(t.enquiries).where(theirs).values(message=words, filed_at=NOW))
    plant_search_entry(connection, other, entry_of(plain_words(words)))
    dead = {"event_id": uuid4(), "type": "unreadable", "subject": "", "state": "dead", "attempts": 0}
    came = {"envelope": f"<{marks.email}>", "error": f"not JSON: {marks.email}", "received_at": NOW, "handled_at": NOW}
    connection.execute(t.messaging.inbox.insert().values(**dead, **came))


NEVER_PERSONAL = {
    "answers.key": "drawn at random", "answers.operation": "the name of a door", "answers.digest": "a hash",
    "canaries.reference": "our own enquiry", "canaries.state": "a choice", "canaries.why": "our own words",
    "ledger_days.unaccounted": "references",
    "saved_filters.owner": "an operator",
    "suppressions.person_hash": "a keyed hash", "data_requests.person_hash": "a keyed hash",
    "proposals.created_by": "an operator", "organisations.created_by": "an operator",
    "tasks.key": "ids and choices", "matches.target": "an id",
    "outbox.envelope": "ids and choices", "outbox.drop_reason": "an operator's, on an event that holds ids",
    "outbox.error": "the broker's words",
    "inbox.drop_reason": "an operator's, on an event that holds ids",
    "jobs.error": "the name of an error",
    # Said by the register of establishments and by operators of an organisation, not of a person.
    "establishments.name": "a place", "establishments.bare_name": "a place", "establishments.town": "a place",
    "establishments.other_names": "a place", "organisations.name": "a body", "organisations.bare_name": "a body",
    "organisations.email_domain": "a body's",
    # Written by an operator after the erasure was decided; the person's name and address are taken out of it.
    "suppressions.reason": "see the test of the reason", "data_requests.outcome": "see the test of the reason",
}  # fmt: skip
"""Columns that hold no word of or about an enquirer, and why."""
CHOICES_AND_IDS = (
    {"id", "type", "subject", "state", "kind", "standing", "stage", "channel", "programme", "nation", "status", "unit"}
    | {"side", "how", "item", "answer", "clock", "step", "reference", "first", "second", "waiting_on", "merged_into"}
    | {"actor", "owner", "created_by", "done_by", "settled_by", "dropped_by", "establishment_id", "was", "now", "about"}
    | {"preferred_channel", "stage_before_merge"}
)
"""Names of columns that hold a choice, an id or the name of one of us, wherever they are."""
PLANTED_ALL_THE_SAME = {"contact_history.was", "contact_history.now", "drawdowns.about", "answers.answer"}


def not_planted(planted: set[str]) -> set[str]:
    """Give the columns of enquiries, as `table.column`, that may hold a person's words and are not among `planted`."""
    open_ = {
        f"{table}.{name}"
        for table, name in texts_of(t.metadata)
        if name not in CHOICES_AND_IDS or f"{table}.{name}" in PLANTED_ALL_THE_SAME
    }
    return open_ - planted - set(NEVER_PERSONAL)


def texts_of(metadata: MetaData) -> Iterator[tuple[str, str]]:
    """Give every column that may hold a text, as table and name."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, String | Text):
                yield table.name, column.name


def holding(connection: Connection, metadata: MetaData, mark: str) -> set[str]:
    """Give the columns, as `table.column`, in which a mark is found, in any case and in any kind of value."""
    found = set()
    for table in metadata.sorted_tables:
        for row in connection.execute(select(table)):
            found |= {f"{table.name}.{name}" for name, value in row._mapping.items() if mark.lower() in _said(value)}
    return found


def _said(value: Any) -> str:
    # What was escaped in JSON counts as well.
    said = str(value).lower()
    return said + json.dumps(value, default=str, ensure_ascii=False).lower()
