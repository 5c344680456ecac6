"""What erasing does to each table: the person goes; what we did, agreed and counted stays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, exists, false, func, or_, select, update

from services.enquiries.domain.privacy import ERASED, Person, without
from services.enquiries.domain.timeline import Kind
from services.enquiries.handlers import history, searching
from services.enquiries.queries.privacy import conditions_of, holds, references_saying
from services.enquiries.tables import (
    agreements,
    checklists,
    contact_history,
    contacts,
    drawdowns,
    enquiries,
    establishments,
    holdings,
    matches,
    posts,
    proposals,
    saved_filters,
    signatures,
    tasks,
    timeline,
    timeline_words,
)
from shared.persistence.commands import forget_answers
from shared.persistence.work import UnitOfWork

Conditions = Mapping[Table, ColumnElement[bool]]

_OTHERS_WORDS: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (tasks, ("title", "outcome")),
    (checklists, ("note",)),
    (proposals, ("notes",)),
    (contact_history, ("was", "now")),
)
"""Where other people's words may name a person, beside what was asked and said under an enquiry.

They are looked for by address and number, which nobody else has.
"""


def erase(work: UnitOfWork, person: Person, *, actor: str, about: str) -> Counter[str]:
    """Take a person out of every table, and count what went by kind. `about` is the id of what asks for it.

    Safe to repeat: what is gone already is not counted again.
    """
    theirs = conditions_of(person)
    gone: Counter[str] = Counter()
    gone["answers kept for repeats"] = forget_answers(work.connection, work.tables.answers, _names_of(person))
    gone["posts held"] = _leave_posts(work, person)
    gone["words of the timeline"] = _blank_words(work, theirs)
    gone["tasks"] = _blank_tasks(work, theirs, actor)
    gone["notes on checklists"] = _blank(work, checklists, theirs, note=None)
    gone["notes on proposals"] = _blank(work, proposals, theirs, notes=None)
    gone["proposals that came to nothing"] = _blank_proposals(work, theirs)
    gone["notes on what was drawn"] = _blank(work, drawdowns, theirs, about=ERASED)
    gone["likenesses"] = _forget_likenesses(work, theirs)
    gone["history of contacts"] = _blank(work, contact_history, theirs, was=None, now=None)
    gone["contacts"] = _blank_contacts(work, theirs)
    gone["enquiries"] = _blank_enquiries(work, person, actor, about)
    gone["saved filters"] = _drop_filters(work, person)
    gone["mentions by others"] = _blank_mentions(work, person)
    return +gone


def _names_of(person: Person) -> list[str]:
    ids = [*person.references, *map(str, person.contact_ids)]
    return [*ids, *person.marks, *person.shared, *person.full_names]


def _blank(work: UnitOfWork, table: Table, theirs: Conditions, **values: Any) -> int:
    """Put the same values into all their rows of a table; count those that held something else."""
    differs = [table.c[name].is_distinct_from(value) for name, value in values.items()]
    return work.connection.execute(update(table).where(theirs[table], or_(*differs)).values(**values)).rowcount


def _blank_words(work: UnitOfWork, theirs: Conditions) -> int:
    said = theirs[timeline_words] & timeline_words.c.erased_at.is_(None)
    return work.connection.execute(update(timeline_words).where(said).values(words="", erased_at=work.now)).rowcount


def _blank_tasks(work: UnitOfWork, theirs: Conditions, actor: str) -> int:
    """Take their words out of tasks, and close those that are open: nobody is left to do them for."""
    still_open = tasks.c.done_at.is_(None)
    done = {"done_at": work.now, "done_by": actor}
    work.connection.execute(update(tasks).where(theirs[tasks], still_open).values(**done))
    return _blank(work, tasks, theirs, title=ERASED, outcome=None)


def _blank_proposals(work: UnitOfWork, theirs: Conditions) -> int:
    """Take free text out of proposals that no agreement rests on; their figures stay."""
    agreed = exists().where(agreements.c.proposal_id == proposals.c.id)
    return _blank_lines(work, theirs[proposals] & ~agreed & (proposals.c.cancellation_terms != ERASED))


def _blank_lines(work: UnitOfWork, which: ColumnElement[bool]) -> int:
    rows = work.connection.execute(select(proposals.c.id, proposals.c.lines).where(which)).all()
    for row in rows:
        lines = json.dumps([{**line, "what": ERASED} for line in json.loads(row.lines)])
        values = {"lines": lines, "cancellation_terms": ERASED}
        work.connection.execute(update(proposals).where(proposals.c.id == row.id).values(**values))
    return len(rows)


def _forget_likenesses(work: UnitOfWork, theirs: Conditions) -> int:
    """Drop what was only suggested; of what was decided, keep the decision without its reasons."""
    open_ = theirs[matches] & (matches.c.state == "suggested")
    dropped = work.connection.execute(delete(matches).where(open_)).rowcount
    return dropped + _blank(work, matches, theirs, reasons="[]")


def _blank_contacts(work: UnitOfWork, theirs: Conditions) -> int:
    gone = {"name": ERASED, "email": None, "phone": None, "source": ERASED, "status": "erased"}
    values = {**gone, "status_since": work.now, "organisation_id": None}
    known = theirs[contacts] & (contacts.c.status != "erased")
    return work.connection.execute(update(contacts).where(known).values(**values)).rowcount


def _leave_posts(work: UnitOfWork, person: Person) -> int:
    """Remove that they held posts, and those posts that nobody else ever held: their titles may be theirs alone."""
    left = delete(holdings).where(holdings.c.contact_id.in_(person.contact_ids)).returning(holdings.c.post_id)
    post_ids = list(work.connection.scalars(left))
    held_by_others = exists().where(holdings.c.post_id == posts.c.id)
    work.connection.execute(delete(posts).where(posts.c.id.in_(post_ids), ~held_by_others))
    return len(post_ids)


def _blank_enquiries(work: UnitOfWork, person: Person, actor: str, about: str) -> int:
    """Leave of an enquiry what counts and names nobody: reference, stage, dates, programme and the place we know."""
    theirs = enquiries.c.reference.in_(person.references) & enquiries.c.erased_at.is_(None)
    registered = select(establishments.c.name).where(establishments.c.id == enquiries.c.establishment_id)
    blank = {
        "contact_name": ERASED,
        "establishment": func.coalesce(registered.scalar_subquery(), ERASED),
        "first_reply_due_at": None,
        "erased_at": work.now,
    }
    empty = ("contact_role", "contact_email", "contact_phone", "organisation", "preferred_times", "message")
    # The key was chosen by whoever posted, and the digest is one of everything they wrote.
    blank |= dict.fromkeys((*empty, "idempotency_key", "answers_digest", "spam_reasons"))
    erased = update(enquiries).where(theirs).values(**blank).returning(enquiries.c.reference)
    references = list(work.connection.scalars(erased))
    for reference in references:
        history.write(work, reference, Kind.ERASED, actor=actor, about=about)
        searching.index_again(work, reference)
    return len(references)


def _drop_filters(work: UnitOfWork, person: Person) -> int:
    """Drop saved filters that look for this very person."""
    marks = (*person.marks, *person.full_names)
    named = [holds(column, mark) for column in (saved_filters.c.name, saved_filters.c.filter) for mark in marks]
    return work.connection.execute(delete(saved_filters).where(or_(*named))).rowcount if named else 0


def _blank_mentions(work: UnitOfWork, person: Person) -> int:
    """Take their addresses and numbers out of what others wrote, and out of events that could not be handled."""
    references = references_saying(work.connection, person.marks)
    steps = select(timeline.c.id).where(timeline.c.reference.in_(references))
    asked = enquiries.c.reference.in_(references)
    cleaned = _clean(work, enquiries, ("message", "preferred_times", "organisation"), asked, person)
    cleaned += _clean(work, timeline_words, ("words",), timeline_words.c.entry_id.in_(steps), person)
    for reference in references:
        searching.index_again(work, reference)
    backbone = ((work.tables.inbox, ("envelope", "error", "drop_reason")), (work.tables.outbox, ("drop_reason",)))
    for table, columns in (*_OTHERS_WORDS, *backbone):
        named = or_(false(), *(holds(table.c[name], mark) for name in columns for mark in person.marks))
        cleaned += _clean(work, table, columns, named, person)
    return cleaned


def _clean(work: UnitOfWork, table: Table, columns: tuple[str, ...], which: ColumnElement[bool], person: Person) -> int:
    """Take a person's marks out of some columns, and count the rows in which there were any."""
    count = 0
    for row in work.connection.execute(select(table).where(which)).mappings().all():
        cleaned = {name: without(row[name], person.marks) for name in columns if row[name]}
        if all(row[name] == value for name, value in cleaned.items()):
            continue
        key = [column == row[column.name] for column in table.primary_key]
        work.connection.execute(update(table).where(*key).values(**cleaned))
        count += 1
    return count


def erase_signatures(work: UnitOfWork, agreement_ids: Collection[UUID]) -> int:
    """Take names and words from agreements whose time is over, and count the names; the figures stay."""
    ended = agreements.c.id.in_(agreement_ids)
    work.connection.execute(update(agreements).where(ended).values(purchase_order=None, cancellation_terms=ERASED))
    _blank_lines(work, proposals.c.id.in_(select(agreements.c.proposal_id).where(ended)))
    signed = signatures.c.agreement_id.in_(agreement_ids) & (signatures.c.name != ERASED)
    return work.connection.execute(update(signatures).where(signed).values(name=ERASED, role=None)).rowcount
