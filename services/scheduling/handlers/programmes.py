"""The programmes that can be put on, in versions: a live one never changes, and runs keep theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from services.scheduling.domain.programmes import CATALOGUE, Programme, ProgrammeState, problems_of
from services.scheduling.records.runs import programme_in, programme_row
from services.scheduling.tables import programmes
from shared.errors import Refused
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork


def load_catalogue(work: UnitOfWork) -> None:
    """Put the real programmes in. One that is on file in any version is left as it is: it may have been changed."""
    known = set(work.connection.scalars(select(programmes.c.slug)))
    for programme in CATALOGUE.values():
        if programme.slug not in known:
            insert_or_leave(work.connection, programmes, programme_row(programme))


def draft_programme_version(work: UnitOfWork, slug: str, changes: Mapping[str, Any]) -> int:
    """Draft the next version of a programme and give its number: the last one with some changes.

    `changes` has fields of `Programme`. A programme has one draft at a time: drafting again changes that one. Raises
    `Refused` for a programme that is not on file, for no change at all, and for what `problems_of` says.
    """
    versions = _versions(work, slug)
    if not changes:
        raise Refused("invalid", "Say what is to change, such as the number of sessions.")
    newest = versions[-1]
    number = newest.version if newest.state == "draft" else newest.version + 1
    drafted = replace(_base(versions), **changes, version=number, state="draft")
    problems = problems_of(drafted)
    if problems:
        raise Refused("invalid", "This programme cannot be put on as it is.", problems)
    if number == newest.version:
        work.connection.execute(update(programmes).where(_is(drafted)).values(programme_row(drafted)))
    else:
        work.connection.execute(programmes.insert(), programme_row(drafted))
    return number


def publish_programme_version(work: UnitOfWork, slug: str, version: int | None = None) -> int:
    """Make a draft the live version, which new runs take from now on, and give its number.

    The version that was live is retired; runs that were planned with it keep it. Raises `Refused` where there is no
    such draft.
    """
    versions = _versions(work, slug)
    drafts = [each for each in versions if each.state == "draft" and version in {None, each.version}]
    if not drafts:
        what = f"version {version} of {slug} is no draft" if version else f"{slug} has no draft"
        raise Refused("refused", f"There is nothing to publish: {what}. Draft a version first.")
    for former in versions:
        if former.state == "live":
            _become(work, former, "retired")
    _become(work, drafts[0], "live")
    return drafts[0].version


def retire_programme(work: UnitOfWork, slug: str) -> int:
    """Take a programme off: no new run is planned with it, and runs that are keep it. Gives the version that was live.

    Raises `Refused` where none is.
    """
    live = [each for each in _versions(work, slug) if each.state == "live"]
    if not live:
        raise Refused("refused", f"No version of {slug} is live, so there is nothing to retire.")
    _become(work, live[0], "retired")
    return live[0].version


def _versions(work: UnitOfWork, slug: str) -> list[Programme]:
    """Lock and load all versions of a programme, the first first. Raises `Refused("not_found")`."""
    query = select(programmes).where(programmes.c.slug == slug).order_by(programmes.c.version)
    found = [programme_in(row) for row in work.connection.execute(query.with_for_update(key_share=True))]
    if not found:
        why = f"There is no programme '{slug}'. `keytalk programmes list` shows them."
        raise Refused("not_found", why, {"programme": [why]})
    return found


def _base(versions: list[Programme]) -> Programme:
    """Give what a draft starts from: the draft there is, else the live version, else the last."""
    newest = versions[-1]
    live = [each for each in versions if each.state == "live"]
    return newest if newest.state == "draft" or not live else live[0]


def _become(work: UnitOfWork, programme: Programme, state: ProgrammeState) -> None:
    work.connection.execute(update(programmes).where(_is(programme)).values(state=state))


def _is(programme: Programme) -> Any:
    return (programmes.c.slug == programme.slug) & (programmes.c.version == programme.version)
