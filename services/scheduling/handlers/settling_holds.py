"""How holds end, each told once: converted, released, expired; and whose time a run may not take."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import exists, select

from services.scheduling.domain.facts import Facts
from services.scheduling.domain.holds import Hold, HoldState, clashes_of, said
from services.scheduling.domain.runs import Run
from services.scheduling.domain.words import in_words
from services.scheduling.handlers import telling
from services.scheduling.records import free, load_establishment, load_programme, load_run, save_run
from services.scheduling.records.holds import IS_ACTIVE, hold_of_run, holds_of_runs, save_hold
from services.scheduling.tables import holds
from shared.contracts.scheduling import HoldChanged
from shared.errors import Refused
from shared.persistence.work import UnitOfWork

PROMOTE_HOLDS = "promote_holds"
"""The kind of job that looks who of those in line can move up. Its subjects are the runs whose time has changed."""


def look_at_waiting(work: UnitOfWork, run: Run) -> None:
    """Have those who wait in line looked at once this is committed, since this run's time or state has changed.

    Every change of a run that has taken time, or waits for it, calls this. Each in line is looked at in a transaction
    of its own, so that nobody ever holds two runs and waits for a third.
    """
    if work.connection.scalar(select(exists().where(IS_ACTIVE, holds.c.rank > 1))):
        work.schedule(PROMOTE_HOLDS, str(run.id), work.now)


def end_hold(work: UnitOfWork, hold: Hold, run: Run, state: HoldState) -> None:
    """End a hold whose run is locked: its time is free, its run a draft again, and it is told.

    One that is converted leaves its run and its time as they are.
    """
    ended = replace(hold, state=state, ended_at=work.now)
    if state != "converted" and hold.has_the_time:
        if run.state == "held":
            save_run(work.connection, replace(run, state="draft", version=run.version + 1), was=run)
        free(work.connection, run.id)
    tell(work, ended, run, state)
    look_at_waiting(work, run)


def tell(work: UnitOfWork, hold: Hold, run: Run, state: str) -> None:
    """Save a hold as it is now, and tell what became of it."""
    told = replace(hold, told=hold.told + 1)
    save_hold(work.connection, told)
    establishment = load_establishment(work.connection, run.establishment_id)
    programme = load_programme(work.connection, run.programme, run.programme_version)
    dates = [session.date for session in run.live] or [session.date for session in run.sessions]
    event = HoldChanged(
        **telling.about_run(run, establishment, programme),
        hold_id=hold.id,
        state=state,
        rank=hold.rank,
        first_date=min(dates),
        last_date=max(dates),
        expires_on=hold.expires_on,
    )
    work.record(event, subject=str(hold.id), sequence=told.told)


def convert_hold(work: UnitOfWork, run: Run) -> None:
    """Turn the hold of a run that was just confirmed into its booking. Those in line behind it are looked at."""
    hold = hold_of_run(work.connection, run.id)
    if hold is not None:
        end_hold(work, hold, run, "converted")
    else:
        look_at_waiting(work, run)


def release_for_new_plan(work: UnitOfWork, run: Run) -> Run:
    """Release the hold that a draft may have, since its dates are planned anew, and give the draft as it is then."""
    hold = hold_of_run(work.connection, run.id)
    if hold is None:
        return run
    end_hold(work, hold, run, "released")
    return load_run(work.connection, run.id)


def refuse_what_others_hold(work: UnitOfWork, run: Run, facts: Facts) -> None:
    """Refuse to confirm a run whose time is held for another prison, saying which one's it is and until when.

    The place is named, never a person. Raises `Refused("refused")`.
    """
    clashes = clashes_of(run, facts) if run.state in {"draft", "held"} else ()
    others = holds_of_runs(work.connection, {each.run_id for each in clashes if each.run_id})
    if not others:
        return
    held = [each for each in clashes if each.run_id in others]
    whose = "; ".join(dict.fromkeys(_whose(work, others[each.run_id]) for each in held if each.run_id))
    why = (
        f"This run cannot be confirmed: its time is held. {whose}. They clash here: {said(held)}. "
        f"`keytalk holds place {run.id}` puts this run next in line; another day, time or team is open to it now."
    )
    raise Refused("refused", why, {"H6": [why]})


def _whose(work: UnitOfWork, hold: Hold) -> str:
    other = load_run(work.connection, hold.run_id)
    place = load_establishment(work.connection, other.establishment_id)
    return f"{place.name} holds it until the end of {in_words(hold.expires_on)}"
