"""Enquiries listed and found: by filters, by words, and filters that were kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, cast, exists, func, literal, literal_column, or_, select, true
from sqlalchemy import tuple_ as row_of
from sqlalchemy.dialects.postgresql import TSQUERY

from services.enquiries.domain.filters import Filter, Place, cursor_of, no_such_filter
from services.enquiries.domain.pipeline import OPEN
from services.enquiries.domain.searching import reference_asked, words_asked
from services.enquiries.tables import ENTRY_AS_VECTOR, enquiries, establishments, saved_filters, search_entries, tasks
from shared.errors import Refused
from shared.establishment_names import bare_name
from shared.persistence.types import AnyRow

SAMPLE = 1_000
"""How many of the newest are always read through: what is said often is found there, the rest is seen to be seldom."""

LATELY, LATELY_FILTERED = 20_000, 2_500
"""How many of the newest are read through where a page may be expected among them, with a filter or without.

For what is said too seldom for that, the index of words is the quicker way. For what is said often it would be by far
the slower one: it brings everything that was ever said of it.
"""

COMMON = 50
"""A word that so many of the sample hold is not asked of the index, but looked at in what it brings of the others."""

_LISTED = (
    enquiries.c.reference,
    enquiries.c.stage,
    enquiries.c.standing,
    enquiries.c.establishment,
    enquiries.c.programme,
    enquiries.c.received_at,
    enquiries.c.owner,
    enquiries.c.waiting_on,
    enquiries.c.first_reply_due_at,
)


def list_enquiries(
    connection: Connection, wanted: Filter, *, now: datetime, limit: int, after: Place | None = None
) -> list[dict[str, Any]]:
    """List enquiries, the newest first, from after a place on.

    Each has reference, stage, standing, establishment, programme, received_at, owner, waiting_on, first_reply_due_at,
    and the `cursor` of its place; moments are ISO. `now` decides what is overdue. Raises `Refused("invalid")` for an
    establishment that is not known.
    """
    conditions = conditions_of(connection, wanted, now)
    if wanted.text is None:
        query = _newest(select(*_LISTED).where(*conditions, *after_place(enquiries, after)), enquiries, limit)
        return _listed(connection.execute(query).all())
    reference = reference_asked(wanted.text)
    if reference is not None:
        query = select(*_LISTED).where(enquiries.c.reference == reference, *conditions, *after_place(enquiries, after))
        return _listed(connection.execute(query).all())
    return _listed(_found(connection, _words_of(wanted.text), conditions, limit, after))


def _listed(rows: Sequence[AnyRow]) -> list[dict[str, Any]]:
    return [
        {
            **row._mapping,
            "received_at": row.received_at.isoformat(),
            "first_reply_due_at": row.first_reply_due_at.isoformat() if row.first_reply_due_at else None,
            "cursor": cursor_of(Place(row.received_at, row.reference)),
        }
        for row in rows
    ]


def conditions_of(connection: Connection, wanted: Filter, now: datetime) -> list[ColumnElement[bool]]:
    """Give what a filter asks of an enquiry's row, all but its words.

    Raises `Refused("invalid")` for an establishment that is not known.
    """
    table = enquiries.c
    conditions = [table[name] == str(value) for name, value in _same(wanted) if value is not None]
    # Written out, because their indexes are partial and are not used against a parameter.
    written = (("standing", wanted.standing), ("waiting_on", wanted.waiting_on))
    conditions += [
        table[name] == literal(str(each), literal_execute=True) for name, each in written if each is not None
    ]
    if wanted.establishment is not None:
        conditions.append(table.establishment_id == _establishment(connection, wanted.establishment))
    if wanted.received_from is not None:
        conditions.append(table.received_at >= wanted.received_from)
    if wanted.received_to is not None:
        conditions.append(table.received_at < wanted.received_to)
    if wanted.overdue is not None:
        conditions.append(_is_overdue(now) if wanted.overdue else _is_not_overdue(now))
    if wanted.has_open_task is not None:
        conditions.append(_HAS_OPEN_TASK if wanted.has_open_task else ~_HAS_OPEN_TASK)
    return conditions


_HAS_OPEN_TASK = exists().where(tasks.c.reference == enquiries.c.reference, tasks.c.done_at.is_(None))


def _same(wanted: Filter) -> Iterator[tuple[str, str | None]]:
    yield "stage", wanted.stage
    yield "owner", wanted.owner
    yield "programme", wanted.programme


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    table = enquiries.c
    waits = (table.first_reply_due_at < now) & table.first_reply_at.is_(None)
    return waits & table.stage.in_([stage.value for stage in sorted(OPEN)])


def _is_not_overdue(now: datetime) -> ColumnElement[bool]:
    table = enquiries.c
    in_time = or_(table.first_reply_due_at.is_(None), table.first_reply_due_at >= now)
    return or_(in_time, table.first_reply_at.is_not(None), table.stage.not_in([stage.value for stage in sorted(OPEN)]))


def _establishment(connection: Connection, text: str) -> str:
    """Give the id of the one establishment that is meant by its id or name."""
    places = establishments.c
    written = or_(places.id == text.upper(), func.lower(places.name) == text.lower())
    for meant in (written, places.bare_name == bare_name(text)):
        ids = connection.scalars(select(places.id).where(meant).limit(2)).all()
        if len(ids) == 1:
            return str(ids[0])
    why = (
        f"establishment: '{text}' is not one that we know, or several are called so. Take its id from `keytalk "
        "establishments list`. A place that is not in the register is found by searching for its name."
    )
    raise Refused("invalid", why, {"establishment": [why]})


def _words_of(text: str) -> list[str]:
    words = words_asked(text)
    if not words:
        why = "Give at least one word or number to look for."
        raise Refused("invalid", why, {"text": [why]})
    return words


def _found(
    connection: Connection,
    words: Sequence[str],
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
    after: Place | None,
) -> Sequence[AnyRow]:
    """Find the newest enquiries with all the words: among those of late, or by the index where they are seldom."""
    of, lately = (enquiries, LATELY_FILTERED) if conditions else (search_entries, LATELY)
    columns = (of.c.reference, of.c.received_at, *(column for column in of.c if column.name == "words"))
    every = select(*columns).where(*conditions, *after_place(of, after))

    def among(most: int | None) -> Sequence[AnyRow]:
        late = _newest(every, of, most).subquery("late")
        return connection.execute(_shown(_newest(_holding(connection, late, words), late, limit))).all()

    if connection.dialect.name == "sqlite":
        return among(None)
    rows = among(SAMPLE)
    if len(rows) == limit or connection.execute(_newest(every, of, 1).offset(SAMPLE)).first() is None:
        return rows
    if len(rows) * lately >= limit * SAMPLE:
        rows = among(lately)
    if len(rows) == limit:
        return rows
    return connection.execute(_shown(_by_index(connection, words, conditions, limit, after))).all()


def _holding(connection: Connection, late: Any, words: Sequence[str]) -> Select[Any]:
    """Give the places of those whose entries hold the words."""
    places = select(late.c.reference, late.c.received_at)
    if "words" in late.c:
        return places.where(*(_holds(connection, late.c.words, word) for word in words))
    entries = search_entries.c
    joined = places.join(search_entries, entries.reference == late.c.reference)
    return joined.where(*(_holds(connection, entries.words, word) for word in words))


def _holds(connection: Connection, entry: Any, word: str) -> ColumnElement[bool]:
    """Give the condition that an entry holds a word that begins so; LIKE would take three times as long."""
    place = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return place(entry, f" {word}") > 0


def _by_index(
    connection: Connection,
    words: Sequence[str],
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
    after: Place | None,
) -> Select[Any]:
    """Give the places of the newest enquiries with all the words, as PostgreSQL's index of words finds them."""
    entries = search_entries.c
    seldom = _seldom(connection, words)
    asked = cast(" & ".join(f"'{word}':*" for word in seldom), TSQUERY)
    found = select(entries.reference, entries.received_at).where(
        literal_column(ENTRY_AS_VECTOR).op("@@", is_comparison=True)(asked),
        *(_holds(connection, entries.words, word) for word in words if word not in seldom),
        *after_place(search_entries, after),
    )
    # All of them, and only then the newest: else the planner may hope to meet enough on its way through everything.
    whole = found.cte("whole").prefix_with("MATERIALIZED")
    if not conditions:
        return _newest(select(whole), whole, limit)
    # Sorted first, and then one after the other until there are enough: a plain join would fetch the enquiry of each.
    ordered = _newest(select(whole), whole, None).offset(0).subquery("ordered")
    fitting = select(enquiries.c.id).where(enquiries.c.reference == ordered.c.reference, *conditions).limit(1).lateral()
    return _newest(select(ordered).join(fitting, true()), ordered, limit)


def _seldom(connection: Connection, words: Sequence[str]) -> list[str]:
    """Give the words that few of the newest entries hold, or the one that the fewest hold."""
    sample = _newest(select(search_entries.c.words, search_entries.c.received_at), search_entries, SAMPLE).subquery()
    counts = [func.count().filter(_holds(connection, sample.c.words, word)) for word in words]
    held = dict(zip(words, connection.execute(select(*counts)).one(), strict=True))
    return [word for word, count in held.items() if count < COMMON] or [min(held, key=held.__getitem__)]


def _shown(places: Select[Any]) -> Select[Any]:
    """Give what is listed of the enquiries at some places."""
    top = places.subquery()
    query = select(*_LISTED).join(top, top.c.reference == enquiries.c.reference)
    return query.order_by(top.c.received_at.desc(), top.c.reference.desc())


def _newest(query: Select[Any], table: Any, limit: int | None) -> Select[Any]:
    return query.order_by(table.c.received_at.desc(), table.c.reference.desc()).limit(limit)


def after_place(table: Any, place: Place | None) -> list[ColumnElement[bool]]:
    """Give what keeps the rows of a table to those that come after a place in a listing; nothing where it is None."""
    if place is None:
        return []
    here = (literal(place.received_at, table.c.received_at.type), literal(place.reference))
    return [row_of(table.c.received_at, table.c.reference) < row_of(*here)]


def list_filters(connection: Connection, owner: str) -> list[dict[str, Any]]:
    """List the filters that somebody keeps, by name: name, filter (its fields) and at (ISO)."""
    query = select(saved_filters).where(saved_filters.c.owner == owner).order_by(saved_filters.c.name)
    return [
        {"name": row.name, "filter": json.loads(row.filter), "at": row.at.isoformat()}
        for row in connection.execute(query)
    ]


def get_filter(connection: Connection, owner: str, name: str) -> dict[str, Any]:
    """Give the fields of a filter that was kept. Raises `Refused("not_found")`."""
    mine = (saved_filters.c.owner == owner) & (saved_filters.c.name == name)
    kept = connection.scalar(select(saved_filters.c.filter).where(mine))
    if kept is None:
        raise no_such_filter(name)
    fields: dict[str, Any] = json.loads(kept)
    return fields
