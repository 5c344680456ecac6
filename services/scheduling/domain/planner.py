"""Fill a run: dates, times and facilitators together, and what each session still needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

from services.scheduling.domain.dates import AskedWindow, session_dates, session_times
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.rules import breaches_of, breaches_of_assignment
from services.scheduling.domain.runs import Breach, Run, Session, Slot
from shared.errors import Refused


def draft_run(
    *,
    run_id: UUID,
    enquiry: str,
    slot: Slot,
    facilitator_ids: Sequence[UUID],
    facts: Facts,
    new_id: Callable[[], UUID],
    room_id: UUID | None = None,
) -> Run:
    """Plan the programme of `facts` at its establishment, in a slot, as a draft.

    The facilitators named are taken as they are, in that order; with none named the best ones are chosen.
    The dates stand whoever is missing: `review` says what each session still needs.
    Raises Refused: "not_found" for a facilitator not on file, and as `session_dates` and `session_times` do.
    """
    _refuse_strangers(facilitator_ids, facts)
    dates, skipped = session_dates(facts.programme, slot.start, slot.weekday, facts.calendar)
    bare = tuple(
        replace(session_in(slot, new_id(), number, on, facts), room_id=room_id)
        for number, on in enumerate(dates, start=1)
    )
    named = tuple(dict.fromkeys(facilitator_ids))
    team = named or choose_facilitators(bare, facts, facts.programme.min_facilitators)
    return Run(
        id=run_id,
        enquiry=enquiry,
        establishment_id=facts.establishment.id,
        programme=facts.programme.slug,
        programme_version=facts.programme.version,
        state="draft",
        facilitator_ids=team,
        sessions=tuple(replace(session, facilitator_ids=team) for session in bare),
        skipped=skipped,
        slot=slot,
        mode=facts.mode,
        group_size=facts.group_size,
        room_id=room_id,
    )


def choose_facilitators(sessions: Sequence[Session], facts: Facts, needed: int) -> tuple[UUID, ...]:
    """Choose up to `needed` facilitators, those cleared and free for the most sessions first.

    Someone who can take no session at all is never chosen. Equals go by name, then id, so that the same facts
    always give the same people.
    """
    able = {person: _sessions_they_can_take(person, sessions, facts) for person in facts.facilitators}
    ranked = sorted(able, key=lambda person: (-able[person], facts.name_of(person), person))
    return tuple(person for person in ranked if able[person])[:needed]


def review(run: Run, facts: Facts) -> dict[int, tuple[Breach, ...]]:
    """Put every rule to every live session; give the breaches by session number, an empty tuple for none."""
    before = (None, *run.live)
    return {
        session.number: breaches_of(session, facts, previous)
        for session, previous in zip(run.live, before, strict=False)
    }


def session_in(slot: Slot, session_id: UUID, number: int, on: dt.date, facts: Facts) -> Session:
    """Give a session of a slot on a date, with the times that the establishment's windows give it there."""
    window = cast("AskedWindow | None", slot.window)
    start, end = session_times(facts.programme, facts.calendar.regime_on(on), on.weekday(), window, slot.time)
    return Session(session_id, number, on, start, end)


def _sessions_they_can_take(person: UUID, sessions: Sequence[Session], facts: Facts) -> int:
    return sum(not breaches_of_assignment(session, person, facts) for session in sessions)


def _refuse_strangers(facilitator_ids: Sequence[UUID], facts: Facts) -> None:
    strangers = [str(each) for each in facilitator_ids if each not in facts.facilitators]
    if strangers:
        why = f"No facilitator is on file with id {', '.join(strangers)}. Choose from the list of facilitators."
        raise Refused("not_found", why, {"facilitators": [why]})
