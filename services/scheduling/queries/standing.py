"""What runs that stand still lack at an establishment: put before a change and after it, its consequences show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.planner import review
from services.scheduling.records import facts_about, load_establishment, load_programme, load_run
from services.scheduling.tables import runs

STANDING = ("held", "confirmed")

Lacking = set[tuple[str, str, int, str, str, str]]
"""Run, enquiry, number of the session, its date, and the rule it breaks: its code and its name."""


@contextmanager
def consequences(connection: Connection, establishment_id: str, today: dt.date) -> Iterator[list[dict[str, Any]]]:
    """Gather what a change of an establishment makes of runs that are held or confirmed, into the list given.

    It has the sessions from today on that break a rule once the block ends and kept it before, by date. Who is
    concerned is not in it: `get_run` says so.
    """
    found: list[dict[str, Any]] = []
    before = _lacking(connection, establishment_id, today)
    yield found
    new = _lacking(connection, establishment_id, today) - before
    for run, enquiry, number, date, rule, name in sorted(new, key=lambda each: (each[3], *each)):
        found.append({"run": run, "enquiry": enquiry, "number": number, "date": date, "rule": rule, "name": name})


def _lacking(connection: Connection, establishment_id: str, today: dt.date) -> Lacking:
    here = (runs.c.establishment_id == establishment_id.upper()) & runs.c.state.in_(STANDING)
    standing = connection.scalars(select(runs.c.id).where(here)).all()
    return {each for run_id in standing for each in _lacking_in(connection, run_id, today)}


def _lacking_in(connection: Connection, run_id: UUID, today: dt.date) -> Lacking:
    run = load_run(connection, run_id)
    establishment = load_establishment(connection, run.establishment_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    breaches = review(run, facts_about(connection, run, establishment, programme))
    return {
        (str(run.id), run.enquiry, session.number, session.date.isoformat(), each.rule, each.name)
        for session in run.live
        if session.date >= today
        for each in breaches.get(session.number, ())
    }
