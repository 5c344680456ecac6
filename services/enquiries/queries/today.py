"""What needs a person now: each group counted, with its first few."""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, exists, func, literal, or_, select

from services.enquiries.domain.attention import (
    RUNS_OUT_WITHIN,
    WITHIN_WORKING_DAYS,
    end_of_today,
    silences_at,
    step_of_silence,
)
from services.enquiries.domain.canaries import how_canaries_are
from services.enquiries.domain.clocks import Step
from services.enquiries.domain.pipeline import NEEDS_A_REASON, OPEN, Side, Stage
from services.enquiries.domain.privacy import due_dates
from services.enquiries.domain.proposals import ProposalState
from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import Kind
from services.enquiries.queries.upkeep import last_canary
from services.enquiries.tables import data_requests, enquiries, establishments, proposals, tasks, timeline
from shared.clock import day_in_london
from shared.holidays import bank_holidays_in, bank_holidays_of
from shared.nations import Division
from shared.persistence.types import AnyRow
from shared.working_days import working_days_between

SHOWN = 10
"""How many of each group are shown; the lists have the others."""

ELSEWHERE: tuple[Division, ...] = ("scotland", "northern-ireland")
"""Divisions whose bank holidays only one nation keeps. All else, and what is not known, is England's and Wales's."""

_PLACE = func.coalesce(establishments.c.name, enquiries.c.establishment).label("title")
_RECOGNISED = establishments.c.id == enquiries.c.establishment_id
_OF_AN_ENQUIRY = (
    *(enquiries.c.reference, _PLACE, enquiries.c.programme, enquiries.c.stage, enquiries.c.owner),
    *(enquiries.c.received_at, establishments.c.nation),
)
_SILENT_SINCE = func.coalesce(enquiries.c.waiting_since, enquiries.c.received_at)

Group = dict[str, Any]


def count_today(connection: Connection, whose: str, *, now: datetime, canary_every: timedelta | None) -> dict[str, Any]:
    """Give what needs a person now.

    `whose` is the operator who asks, for their own tasks, and `canary_every` how often our own test enquiries are sent,
    None where they are not. Each group has `count` and the `first` ten, as plain data with moments and days in ISO:

    - `first_replies`: enquiries that nobody has replied to, in the groups `in_time`, `due_today` and `late`, the oldest
      first, each with `due_at` and the `working_days` that it has waited (of the `within_working_days` that it may);
    - `not_filed`: enquiries that were taken and not filed, which takes a moment when all is well;
    - `tasks`: the groups `overdue`, `due` (today) and `mine` (of both), the first due first;
    - `quarantine`: suspects that nobody has looked at; `proposals`: those that run out within a week;
    - `no_answer`: the prison is silent past its first nudge, with the `step` that the silence has come to;
    - `data_requests`: those that are open; `canary`: as `domain.canaries.how_canaries_are` has it.
    """
    today = day_in_london(now)
    return {
        "as_of": now.isoformat(),
        "day": today.isoformat(),
        "within_working_days": WITHIN_WORKING_DAYS,
        "first_replies": _first_replies(connection, now),
        "not_filed": _not_filed(connection, now),
        "tasks": _tasks(connection, whose, today),
        "quarantine": _quarantine(connection),
        "proposals": _proposals(connection, today),
        "no_answer": _no_answer(connection, now),
        "data_requests": _data_requests(connection),
        "canary": how_canaries_are(last_canary(connection), canary_every, now),
    }


def is_running() -> ColumnElement[bool]:
    """Give the condition that an enquiry's clocks run: it is filed, open and not erased."""
    table = enquiries.c
    return and_(
        table.standing == Standing.FILED.value,
        table.stage.in_([stage.value for stage in sorted(OPEN)]),
        table.filed_at.is_not(None),
        table.erased_at.is_(None),
    )


def silent_past(step: Step, now: datetime) -> ColumnElement[bool]:
    """Give the condition that the prison, whose turn it is, has been silent until a step, by the days where it lies."""
    nation = establishments.c.nation
    usual = or_(nation.is_(None), nation.not_in(ELSEWHERE))
    lies_in: dict[Division, ColumnElement[bool]] = {
        "england-and-wales": usual,
        **{division: nation == division for division in ELSEWHERE},
    }
    silent = []
    for division, there in lies_in.items():
        began_before = silences_at(Side.PRISON, now, bank_holidays_of(division))[step]
        silent.append(and_(there, began_before > _SILENT_SINCE))
    return and_(enquiries.c.waiting_on == Side.PRISON.value, or_(*silent))


def _group(connection: Connection, query: Select[Any], shown: Callable[[AnyRow], dict[str, Any]]) -> Group:
    """Give the count of what a query in its order finds, and the first of it as it is shown."""
    rows = connection.execute(query.add_columns(func.count().over().label("of_all")).limit(SHOWN)).all()
    return {"count": rows[0].of_all if rows else 0, "first": [shown(row) for row in rows]}


def _of_enquiries(
    *conditions: ColumnElement[bool], extra: tuple[Any, ...] = (), of: FromClause = enquiries
) -> Select[Any]:
    query = select(*_OF_AN_ENQUIRY, *extra).select_from(of).outerjoin(establishments, _RECOGNISED)
    return query.where(*conditions)


def _first_replies(connection: Connection, now: datetime) -> Group:
    due = enquiries.c.first_reply_due_at
    unanswered = and_(
        is_running(),
        enquiries.c.waiting_on == Side.US.value,
        enquiries.c.first_reply_at.is_(None),
        due.is_not(None),
    )
    midnight = end_of_today(now)
    bounds = {"in_time": due >= midnight, "due_today": and_(due >= now, due < midnight), "late": due < now}
    order = (enquiries.c.received_at, enquiries.c.reference)
    return {
        state: _group(
            connection,
            _of_enquiries(unanswered, lies, extra=(due,)).order_by(*order),
            lambda row: _enquiry(row) | _age(row, now) | {"due_at": row.first_reply_due_at.isoformat()},
        )
        for state, lies in bounds.items()
    }


def _not_filed(connection: Connection, now: datetime) -> Group:
    table = enquiries.c
    taken = (table.standing == Standing.FILED.value, table.stage == Stage.NEW.value, table.filed_at.is_(None))
    query = _of_enquiries(*taken, table.erased_at.is_(None)).order_by(table.received_at, table.reference)
    return _group(connection, query, lambda row: _enquiry(row) | _age(row, now))


def _tasks(connection: Connection, whose: str, today: date) -> Group:
    owner = func.coalesce(tasks.c.owner, enquiries.c.owner).label("whose")
    columns = (tasks.c.id, tasks.c.reference, tasks.c.title, tasks.c.due_on, tasks.c.kind, owner, enquiries.c.stage)
    place = func.coalesce(establishments.c.name, enquiries.c.establishment).label("establishment")
    open_ = (
        select(*columns, place)
        .outerjoin(enquiries, enquiries.c.reference == tasks.c.reference)
        .outerjoin(establishments, _RECOGNISED)
        .where(tasks.c.done_at.is_(None))
        .order_by(tasks.c.due_on, tasks.c.id)
    )
    by_now = tasks.c.due_on <= today
    groups = {
        "overdue": (tasks.c.due_on < today,),
        "due": (tasks.c.due_on == today,),
        "mine": (by_now, owner.element == whose),
    }
    return {name: _group(connection, open_.where(*which), _task) for name, which in groups.items()}


def _quarantine(connection: Connection) -> Group:
    held = (enquiries.c.standing == Standing.QUARANTINED.value, enquiries.c.stage != Stage.SPAM.value)
    query = _of_enquiries(*held, extra=(enquiries.c.spam_score,))
    return _group(
        connection,
        query.order_by(enquiries.c.received_at, enquiries.c.id),
        lambda row: _enquiry(row) | {"score": row.spam_score},
    )


def _proposals(connection: Connection, today: date) -> Group:
    """Give those that wait for an answer still: none whose enquiry is closed, or was won after they went out.

    Only what is filed is offered anything, and what is merged is closed: its standing need not be asked for.
    """
    won = and_(timeline.c.kind == Kind.MOVED.value, timeline.c.now == Stage.WON.value)
    won_since = and_(
        enquiries.c.stage == Stage.WON.value,
        exists().where(timeline.c.reference == proposals.c.reference, won, timeline.c.at >= proposals.c.sent_at),
    )
    query = _of_enquiries(
        # Written out, because its index is partial and is not used against a parameter.
        proposals.c.state == literal(ProposalState.SENT.value, literal_execute=True),
        proposals.c.valid_until <= today + RUNS_OUT_WITHIN,
        enquiries.c.stage.not_in([stage.value for stage in sorted(NEEDS_A_REASON)]),
        enquiries.c.erased_at.is_(None),
        ~won_since,
        extra=(proposals.c.id, proposals.c.version, proposals.c.valid_until, proposals.c.sent_at),
        of=proposals.join(enquiries, enquiries.c.reference == proposals.c.reference),
    ).order_by(proposals.c.valid_until, proposals.c.id)
    return _group(connection, query, lambda row: _enquiry(row) | _offer(row))


def _no_answer(connection: Connection, now: datetime) -> Group:
    query = _of_enquiries(
        is_running(), silent_past(Step.FIRST_NUDGE, now), extra=(_SILENT_SINCE.label("silent_since"),)
    )

    def shown(row: AnyRow) -> dict[str, Any]:
        holidays, since = bank_holidays_in(row.nation), row.silent_since
        step = step_of_silence(since, silences_at(Side.PRISON, now, holidays))
        waited = _working_days(since, now, holidays)
        return _enquiry(row) | {
            "since": since.isoformat(),
            "working_days": waited,
            "step": step.value if step else None,
        }

    return _group(connection, query.order_by(_SILENT_SINCE, enquiries.c.reference), shown)


def _data_requests(connection: Connection) -> Group:
    holidays = bank_holidays_of("england-and-wales")
    query = select(data_requests).where(data_requests.c.state == "open")

    def shown(row: AnyRow) -> dict[str, Any]:
        return {
            "id": str(row.id),
            "title": row.kind,
            "received_on": row.received_on.isoformat(),
            "due_on": row.due_on.isoformat(),
            "internal_due_on": due_dates(row.received_on, holidays).internal.isoformat(),
        }

    return _group(connection, query.order_by(data_requests.c.due_on, data_requests.c.id), shown)


def _enquiry(row: AnyRow) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "title": row.title,
        "programme": row.programme,
        "stage": row.stage,
        "owner": row.owner,
        "received_at": row.received_at.isoformat(),
    }


def _age(row: AnyRow, now: datetime) -> dict[str, Any]:
    return {"working_days": _working_days(row.received_at, now, bank_holidays_in(row.nation))}


def _working_days(since: datetime, now: datetime, holidays: Container[date]) -> int:
    return working_days_between(day_in_london(since), day_in_london(now), holidays)


def _task(row: AnyRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "reference": row.reference,
        "title": row.title,
        "kind": row.kind,
        "establishment": row.establishment,
        "stage": row.stage,
        "owner": row.whose,
        "due_on": row.due_on.isoformat(),
    }


def _offer(row: AnyRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "version": row.version,
        "valid_until": row.valid_until.isoformat(),
        "sent_at": row.sent_at.isoformat(),
    }
