"""The pipeline as a board: a column for each stage, with its count, its first cards and the moves that lead from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, union_all

from services.enquiries.domain.attention import reply_state, silences_at, step_of_silence
from services.enquiries.domain.board import choices_from, questions_before
from services.enquiries.domain.clocks import Clock, Step
from services.enquiries.domain.filters import Filter, Place, cursor_of
from services.enquiries.domain.pipeline import OPEN, Side, Stage
from services.enquiries.domain.standing import Standing
from services.enquiries.queries.searching import after_place, conditions_of
from services.enquiries.schemas import PROGRAMMES
from services.enquiries.tables import enquiries, establishments, organisations, tasks
from shared.clock import day_in_london
from shared.errors import Refused
from shared.holidays import bank_holidays_of
from shared.nations import Division, division_of
from shared.persistence.bulk import is_any_of
from shared.persistence.types import AnyRow

NO_WORDS = "text: a board is not searched by words. Look for them in the list of enquiries, or choose other filters."

_CARD = (
    *(enquiries.c.reference, enquiries.c.stage, enquiries.c.standing, enquiries.c.programme, enquiries.c.owner),
    *(enquiries.c.establishment, enquiries.c.establishment_id, enquiries.c.received_at, enquiries.c.filed_at),
    *(enquiries.c.waiting_on, enquiries.c.waiting_since, enquiries.c.first_reply_due_at, enquiries.c.first_reply_at),
    establishments.c.name.label("place"),
    establishments.c.nation,
    func.coalesce(organisations.c.name, enquiries.c.organisation).label("organisation"),
)


def get_board(connection: Connection, wanted: Filter, *, now: datetime, per_stage: int) -> dict[str, Any]:
    """Give the pipeline as a board: `as_of` (ISO), and `stages` in their order, only the one a filter asks for.

    Each stage has stage, open (whether something is still to be done there), total, cards (the newest first, at most
    `per_stage`), `more` (the cursor from which `list_cards` goes on, or None), moves and questions. A move has to,
    forward and needs_reason; it is for what is filed: what is quarantined or merged moves nowhere. `questions` has, by
    programme, what a step forward is told about where it is not answered yes: a list of {"item", "question"}.

    A card has reference, stage, standing, organisation, establishment, establishment_id, programme, programme_name,
    owner, waiting_on, waiting_since, received_at, age_days, next_step (the open task that is due first: id, title,
    due_on, owner; or None), clock and cursor. A clock is {"clock": "first_reply", "state", "due_at"}, or {"clock":
    "answer", "side", "step", "since"} with the step that the silence has come to, or None where none runs.

    Raises `Refused("invalid")` for an establishment that is not known, and for words, which are looked for in lists.
    """
    columns = [stage for stage in Stage if wanted.stage in (None, stage)]
    asked = _conditions(connection, replace(wanted, stage=None), now)
    totals = _totals(connection, asked)
    filled = [stage for stage in columns if totals.get(stage.value)]
    tops = [_places([*asked, enquiries.c.stage == stage.value], per_stage) for stage in filled]
    cards = _cards(connection, union_all(*(select(top.subquery()) for top in tops)), now) if tops else []
    of_stage = {stage: [card for card in cards if card["stage"] == stage.value] for stage in columns}
    return {
        "as_of": now.isoformat(),
        "per_stage": per_stage,
        "stages": [_column(stage, totals.get(stage.value, 0), of_stage[stage]) for stage in columns],
    }


def list_cards(
    connection: Connection, wanted: Filter, *, now: datetime, limit: int, after: Place | None = None
) -> list[dict[str, Any]]:
    """List the cards that a filter lets through, as `get_board` has them, the newest first, from after a place on."""
    conditions = [*_conditions(connection, wanted, now), *after_place(enquiries, after)]
    return _cards(connection, _places(conditions, limit), now)


def _conditions(connection: Connection, wanted: Filter, now: datetime) -> list[ColumnElement[bool]]:
    """Give what a filter asks for; unlike a list, a board counts all of it, so open tasks are gathered once."""
    if wanted.text is not None:
        raise Refused("invalid", NO_WORDS, {"text": [NO_WORDS]})
    conditions = conditions_of(connection, replace(wanted, has_open_task=None), now)
    if wanted.has_open_task is not None:
        to_do = select(tasks.c.reference).where(tasks.c.done_at.is_(None), tasks.c.reference.is_not(None))
        has_one = enquiries.c.reference.in_(to_do)
        conditions.append(has_one if wanted.has_open_task else ~has_one)
    return conditions


def _totals(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> dict[str, int]:
    query = select(enquiries.c.stage, func.count()).where(*conditions).group_by(enquiries.c.stage)
    return {stage: int(count) for stage, count in connection.execute(query)}


def _places(conditions: Sequence[ColumnElement[bool]], limit: int) -> Select[Any]:
    query = select(enquiries.c.reference, enquiries.c.received_at).where(*conditions)
    return query.order_by(enquiries.c.received_at.desc(), enquiries.c.reference.desc()).limit(limit)


def _cards(connection: Connection, places: Any, now: datetime) -> list[dict[str, Any]]:
    top = places.subquery("top")
    query = (
        select(*_CARD)
        .join(top, top.c.reference == enquiries.c.reference)
        .outerjoin(establishments, establishments.c.id == enquiries.c.establishment_id)
        .outerjoin(organisations, organisations.c.id == enquiries.c.organisation_id)
        .order_by(enquiries.c.received_at.desc(), enquiries.c.reference.desc())
    )
    rows = connection.execute(query).all()
    next_steps = _next_steps(connection, [row.reference for row in rows])
    clocks = _Clocks(now)
    return [_card(row, next_steps.get(row.reference), clocks) for row in rows]


def _next_steps(connection: Connection, references: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Give the open task of each enquiry that is due first."""
    query = (
        select(tasks.c.reference, tasks.c.id, tasks.c.title, tasks.c.due_on, tasks.c.owner)
        .where(tasks.c.done_at.is_(None), is_any_of(connection, tasks.c.reference, references))
        .order_by(tasks.c.due_on.desc(), tasks.c.id.desc())
    )
    return {
        row.reference: {
            "id": str(row.id),
            "title": row.title,
            "due_on": row.due_on.isoformat(),
            "owner": row.owner,
        }
        for row in connection.execute(query)
    }


class _Clocks:
    """How the clocks of many enquiries stand at one moment."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.today = day_in_london(now)
        self._steps: dict[tuple[Division, Side], Mapping[Step, datetime]] = {}

    def of(self, row: AnyRow) -> dict[str, Any] | None:
        """Give the clock of one, or None where none runs."""
        if row.standing != Standing.FILED.value or Stage(row.stage) not in OPEN or row.filed_at is None:
            return None
        if row.waiting_on != Side.US.value:
            return self._answer(row)
        return self._first_reply(row)

    def _first_reply(self, row: AnyRow) -> dict[str, Any] | None:
        if row.first_reply_at is not None or row.first_reply_due_at is None:
            return None
        due_at = row.first_reply_due_at
        return {
            "clock": Clock.FIRST_REPLY.value,
            "state": reply_state(due_at, self.now).value,
            "due_at": due_at.isoformat(),
        }

    def _answer(self, row: AnyRow) -> dict[str, Any]:
        side, since = Side(row.waiting_on), row.waiting_since or row.received_at
        key = (division_of(row.nation), side)
        if key not in self._steps:
            self._steps[key] = silences_at(side, self.now, bank_holidays_of(key[0]))
        step = step_of_silence(since, self._steps[key])
        said = {"side": side.value, "step": step.value if step else None, "since": since.isoformat()}
        return {"clock": Clock.ANSWER.value, **said}


def _card(row: AnyRow, next_step: dict[str, Any] | None, clocks: _Clocks) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "stage": row.stage,
        "standing": row.standing,
        "organisation": row.organisation,
        "establishment": row.place or row.establishment,
        "establishment_id": row.establishment_id,
        "programme": row.programme,
        "programme_name": PROGRAMMES[row.programme],
        "owner": row.owner,
        "waiting_on": row.waiting_on,
        "waiting_since": (row.waiting_since or row.received_at).isoformat(),
        "received_at": row.received_at.isoformat(),
        "age_days": (clocks.today - day_in_london(row.received_at)).days,
        "next_step": next_step,
        "clock": clocks.of(row),
        "cursor": cursor_of(Place(row.received_at, row.reference)),
    }


def _column(stage: Stage, total: int, cards: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "stage": stage.value,
        "open": stage in OPEN,
        "total": total,
        "cards": cards,
        "more": cards[-1]["cursor"] if total > len(cards) > 0 else None,
        **_moves(stage),
    }


@lru_cache(maxsize=len(Stage))
def _moves(stage: Stage) -> dict[str, Any]:
    moves = [
        {"to": each.to.value, "forward": each.forward, "needs_reason": each.needs_reason}
        for each in choices_from(stage)
    ]
    asked = PROGRAMMES if stage in OPEN else ()
    questions = {
        slug: [{"item": item.key, "question": item.question} for item in questions_before(stage, slug)]
        for slug in asked
    }
    return {"moves": moves, "questions": questions}
