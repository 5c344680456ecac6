"""Holds: placed, extended and released; what ends in time, and who moves up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from services.scheduling.domain.holds import (
    HOLD_DAYS,
    Clash,
    Hold,
    last_day,
    rank_behind,
    said,
    warned_on,
)
from services.scheduling.domain.runs import Run
from services.scheduling.domain.words import in_words, listed
from services.scheduling.handlers.asking import ask_for, today
from services.scheduling.handlers.planning import hold_facilitators, taking_time
from services.scheduling.handlers.settling_holds import end_hold, look_at_waiting, tell
from services.scheduling.records import book, load_establishment, load_run, save_run
from services.scheduling.records.holds import (
    add_hold,
    hold_of_run,
    holds_of_runs,
    load_clashes,
    load_hold,
    save_hold,
    waiting_holds,
)
from shared.clock import LONDON
from shared.errors import Refused
from shared.holidays import bank_holidays_in
from shared.messaging.jobs import NotFinished
from shared.persistence.work import Store, UnitOfWork

EXPIRE_HOLDS, WARN_OF_HOLDS = "expire_holds", "warn_of_holds"
"""Kinds of job; their subjects are ids of holds."""
MORNING = dt.time(9)
"""When a warning is given, London time."""


def place_hold(work: UnitOfWork, run_id: UUID, *, days: int = HOLD_DAYS, actor: str) -> UUID:
    """Hold the time of a draft run for so many working days, and give the hold's id.

    Where another hold has some of that time, this one waits in line behind it and takes none. Raises `Refused` for a
    run that is no draft, has a hold, or has begun, and where a confirmed run has the time.
    """
    run = load_run(work.connection, run_id, lock=True)
    _refuse_unless_it_can_be_held(work, run)
    hold_facilitators(work, run)
    clashes = load_clashes(work.connection, run)
    ahead = holds_of_runs(work.connection, _runs_in(clashes))
    _refuse_what_is_confirmed([each for each in clashes if each.run_id not in ahead])
    rank = rank_behind(ahead.values())
    hold = Hold(
        id=work.new_id(),
        run_id=run.id,
        rank=rank,
        state="active",
        placed_at=work.now,
        placed_by=actor,
        expires_on=_fresh_end(work, run, days) if rank == 1 else _end_of(ahead.values()),
    )
    add_hold(work.connection, hold)
    if rank == 1:
        _take_the_time(work, hold, run)
    tell(work, hold, run, "placed")
    return hold.id


def _refuse_unless_it_can_be_held(work: UnitOfWork, run: Run) -> None:
    hold = hold_of_run(work.connection, run.id)
    if hold is not None:
        raise Refused("refused", f"This run has a hold already, of rank {hold.rank}: {hold.id}.")
    if run.state != "draft":
        raise Refused("refused", f"Only a draft run can be held, and this one is {run.state.replace('_', ' ')}.")
    if not run.live:
        raise Refused("refused", "This run has no sessions yet. Plan its dates first, then place the hold.")
    if _has_begun(work, run):
        first = run.live[0]
        raise Refused(
            "refused",
            f"Session {first.number} is on {in_words(first.date)}, which is not ahead of us. "
            "Plan the run anew from a later day, then place the hold.",
        )


def _has_begun(work: UnitOfWork, run: Run) -> bool:
    return run.live[0].date <= today(work)


def _refuse_what_is_confirmed(clashes: Sequence[Clash]) -> None:
    if not clashes:
        return
    numbers = list(dict.fromkeys(str(each.session.number) for each in clashes))
    why = (
        f"This time cannot be held: session{'s' if len(numbers) > 1 else ''} {listed(numbers)} "
        f"{'clash' if len(numbers) > 1 else 'clashes'} with what is confirmed. In words: {said(clashes)}. "
        "Another day, time or team would mend it: plan the run anew."
    )
    raise Refused("refused", why, {"run": [why]})


def release_hold(work: UnitOfWork, hold_id: UUID) -> None:
    """Let go of a hold before its end. Raises `Refused` where it has ended already."""
    hold, run = _locked(work, hold_id)
    if hold.state != "active":
        raise Refused("refused", f"This hold is {hold.state} already, so there is nothing to let go of.")
    end_hold(work, hold, run, "released")


def extend_hold(work: UnitOfWork, hold_id: UUID, *, days: int, force: bool = False, reason: str | None = None) -> None:
    """Let a hold last longer, once. Where somebody waits behind it, that takes `force` and a reason from the list.

    Raises `Refused`.
    """
    hold, run = _locked(work, hold_id)
    behind = those_behind(work, hold, run)
    longer = hold.extended(days, work.now, reason if behind else None, _holidays(work, run))
    if behind and not force:
        raise Refused("refused", f"{_names_of(work, behind)} waits for this time. {_HOW_TO_FORCE}")
    if behind and reason is None:
        why = "Say why it lasts longer while others wait."
        raise Refused("invalid", why, {"reason": [why]})
    save_hold(work.connection, longer)
    _set_clocks(work, longer, run)
    look_at_waiting(work, run)


_HOW_TO_FORCE = "If you have spoken with them, extend it with --force and a --reason; else let it end in its time."


def those_behind(work: UnitOfWork, hold: Hold, run: Run) -> list[Hold]:
    """Give the holds that wait for some of the time of this one."""
    others = holds_of_runs(work.connection, _runs_in(load_clashes(work.connection, run)))
    return sorted((each for each in others.values() if each.rank > hold.rank), key=lambda each: each.rank)


def expire_holds(store: Store, hold_ids: Iterable[UUID], stopping: Callable[[], bool] = lambda: False) -> None:
    """End holds whose last day has passed; others stay as they are. Safe to repeat."""
    for hold_id in hold_ids:
        if stopping():
            raise NotFinished
        with store.work() as work:
            hold, run = _locked(work, hold_id)
            if hold.is_over(today(work)):
                end_hold(work, hold, run, "expired")


def warn_of_holds(store: Store, hold_ids: Iterable[UUID], stopping: Callable[[], bool] = lambda: False) -> None:
    """Tell, once for each last day, that a hold ends soon. Safe to repeat."""
    for hold_id in hold_ids:
        if stopping():
            raise NotFinished
        with store.work() as work:
            hold, run = _locked(work, hold_id)
            if hold.wants_warning(today(work), _holidays(work, run)):
                tell(work, replace(hold, warned_for=hold.expires_on), run, "ending")


def promote_holds(store: Store, stopping: Callable[[], bool] = lambda: False) -> None:
    """Let those who wait in line move up, the one placed first first: who fits now takes the time. Safe to repeat.

    One whose time a confirmed run has taken is released: what it waits for will not come. Each is looked at in a
    transaction of its own. Raises the last `Refused` once all were looked at: the job is then tried again.
    """
    with store.database.reading() as connection:
        waiting = waiting_holds(connection)
    refused: Refused | None = None
    for hold in waiting:
        if stopping():
            raise NotFinished
        try:
            with store.work() as work:
                _move_up(work, hold.id)
        except Refused as error:
            refused = error
    if refused is not None:
        raise refused


def _move_up(work: UnitOfWork, hold_id: UUID) -> None:
    hold, run = _locked(work, hold_id)
    if not hold.waits:
        return
    if run.state != "draft" or _has_begun(work, run):
        end_hold(work, hold, run, "released")
        return
    clashes = load_clashes(work.connection, run)
    others = holds_of_runs(work.connection, _runs_in(clashes))
    if _runs_in(clashes) - set(others):
        end_hold(work, hold, run, "released")
        title = "Tell them that the dates they waited for went to somebody else, and look for others"
        key = f"hold-given-up:{hold.id}"
        ask_for(work, key=key, reference=run.enquiry, kind="hold_given_up", title=title, due_on=today(work))
        return
    ahead = [each for each in others.values() if each.has_the_time or _came_before(each, hold)]
    rank = rank_behind(ahead)
    if rank > 1:
        save_hold(work.connection, replace(hold, rank=rank, expires_on=_end_of(ahead)))
        return
    promoted = replace(hold, rank=1, expires_on=_fresh_end(work, run, HOLD_DAYS))
    _take_the_time(work, promoted, run)
    tell(work, promoted, run, "promoted")


def _came_before(other: Hold, hold: Hold) -> bool:
    return (other.placed_at, other.id) < (hold.placed_at, hold.id)


def _take_the_time(work: UnitOfWork, hold: Hold, run: Run) -> None:
    held = replace(run, state="held", version=run.version + 1)
    save_run(work.connection, held, was=run)
    with taking_time():
        book(work.connection, held)
    _set_clocks(work, hold, run)


def _set_clocks(work: UnitOfWork, hold: Hold, run: Run) -> None:
    work.schedule(EXPIRE_HOLDS, str(hold.id), _at(hold.expires_on + dt.timedelta(days=1), dt.time.min))
    warning = _at(warned_on(hold.expires_on, _holidays(work, run)), MORNING)
    if warning > work.now:
        work.schedule(WARN_OF_HOLDS, str(hold.id), warning)


def _locked(work: UnitOfWork, hold_id: UUID) -> tuple[Hold, Run]:
    """Lock the run of a hold and its people, then give the hold as it is now: whoever changes a hold has both."""
    run = load_run(work.connection, load_hold(work.connection, hold_id).run_id, lock=True)
    hold_facilitators(work, run)
    return load_hold(work.connection, hold_id), run


def _runs_in(clashes: Iterable[Clash]) -> set[UUID]:
    return {each.run_id for each in clashes if each.run_id is not None}


def _names_of(work: UnitOfWork, waiting: Iterable[Hold]) -> str:
    places = (load_run(work.connection, each.run_id).establishment_id for each in waiting)
    return listed(list(dict.fromkeys(load_establishment(work.connection, place).name for place in places)))


def _end_of(ahead: Iterable[Hold]) -> dt.date:
    return max(each.expires_on for each in ahead)


def _fresh_end(work: UnitOfWork, run: Run, days: int) -> dt.date:
    return last_day(today(work), days, _holidays(work, run))


def _holidays(work: UnitOfWork, run: Run) -> Mapping[dt.date, str]:
    return bank_holidays_in(load_establishment(work.connection, run.establishment_id).nation)


def _at(day: dt.date, hour: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, hour, LONDON)
