"""The programmes that can be put on."""

from __future__ import annotations

from sqlalchemy import select

from services.scheduling.domain.programmes import CATALOGUE
from services.scheduling.records.runs import programme_row
from services.scheduling.tables import programmes
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork


def load_catalogue(work: UnitOfWork) -> None:
    """Put the real programmes in. One that is on file in any version is left as it is: it may have been changed."""
    known = set(work.connection.scalars(select(programmes.c.slug)))
    for programme in CATALOGUE.values():
        if programme.slug not in known:
            insert_or_leave(work.connection, programmes, programme_row(programme))
