"""Fill a run: dates, times and facilitators together, and what each session still needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

from services.scheduling.domain.dates import AskedWindow, session_dates, session_times
from services.scheduling.domain.facts import Facts, Override
from services.scheduling.domain.preferences import of_member, points_of
from services.scheduling.domain.rules import breaches_of, breaches_of_assignment
from services.scheduling.domain.rules.order import OUT_OF_THE_ROW
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
    dates, skipped = session_dates(facts.programme, slot.start, slot.weekday, facts.open_calendar)
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
    """Choose up to `needed` facilitators to lead all the sessions: one team throughout.

    Those cleared and free for the most sessions come first, of equals whoever has the fewest points by the preferences
    (their journey, a full week, a fair share of the work), then by name and id, so that the same facts always give the
    same people. Among them is somebody with each accreditation that one of the team needs, where anybody has it.
    Someone who can take no session at all is never chosen.
    """
    able = {person: _sessions_they_can_take(person, sessions, facts) for person in facts.facilitators}
    cost = {person: points_of(of_member(person, sessions, facts)) for person, taken in able.items() if taken}
    ranked = sorted(cost, key=lambda person: (-able[person], cost[person], facts.name_of(person), person))
    needs = facts.programme.one_needs
    holders = [next((each for each in ranked if _holds(each, kind, sessions, facts)), None) for kind in needs]
    wanted = list(dict.fromkeys(each for each in holders if each))[:needed]
    wanted += [each for each in ranked if each not in wanted][: needed - len(wanted)]
    return tuple(sorted(wanted, key=ranked.index))


def review(run: Run, facts: Facts) -> dict[int, tuple[Breach, ...]]:
    """Put every rule to every live session; give the breaches by session number, an empty tuple for none.

    What somebody has decided to keep open is left out: see `kept_open`.
    """
    return {
        session.number: tuple(each for each in found if facts.override_of(each, session) is None)
        for session, found in _put_every_rule(run, facts)
    }


def kept_open(run: Run, facts: Facts) -> dict[int, tuple[tuple[Breach, Override], ...]]:
    """Give the breaches that somebody has decided to keep open, by session number, each with that decision."""
    return {
        session.number: tuple((each, decision) for each in found if (decision := facts.override_of(each, session)))
        for session, found in _put_every_rule(run, facts)
    }


def _put_every_rule(run: Run, facts: Facts) -> Iterator[tuple[Session, tuple[Breach, ...]]]:
    """Put the rules to each session by number. A session taken out of the row is no session's predecessor."""
    previous: Session | None = None
    by_date: dict[dt.date, list[Session]] = {}
    for session in run.live:
        by_date.setdefault(session.date, []).append(session)
    for session in run.live:
        yield session, breaches_of(session, facts, previous, by_date[session.date])
        if session.kind not in OUT_OF_THE_ROW:
            previous = session


def session_in(slot: Slot, session_id: UUID, number: int, on: dt.date, facts: Facts) -> Session:
    """Give a session of a slot on a date, with the times that the establishment's windows give it there."""
    window = cast("AskedWindow | None", slot.window)
    start, end = session_times(facts.programme, facts.open_calendar.regime_on(on), on.weekday(), window, slot.time)
    return Session(session_id, number, on, start, end)


def _sessions_they_can_take(person: UUID, sessions: Sequence[Session], facts: Facts) -> int:
    return sum(not breaches_of_assignment(session, person, facts) for session in sessions)


def _holds(person: UUID, kind: str, sessions: Sequence[Session], facts: Facts) -> bool:
    """Say whether someone holds an accreditation on the date of every session."""
    return all(facts.facilitators[person].is_accredited(kind, each.date) for each in sessions)


def _refuse_strangers(facilitator_ids: Sequence[UUID], facts: Facts) -> None:
    strangers = [str(each) for each in facilitator_ids if each not in facts.facilitators]
    if strangers:
        why = f"No facilitator is on file with id {', '.join(strangers)}. Choose from the list of facilitators."
        raise Refused("not_found", why, {"facilitators": [why]})
