"""What holds for every establishment, date and closure: the rules by their properties."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

from hypothesis import assume, given
from hypothesis import strategies as st
from scheduling_cast import ANA, MANY_FACES, PEOPLE, TOM, UNLOCKING, hours, session

from services.scheduling.domain.calendar import Blackout, EstablishmentCalendar
from services.scheduling.domain.clearances import LEVELS, Clearance
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.facts import Booking, Facts
from services.scheduling.domain.planner import draft_run, review
from services.scheduling.domain.preferences import preferences_of
from services.scheduling.domain.rules import breaches_of, breaches_of_assignment
from services.scheduling.domain.runs import Session, Slot
from services.scheduling.domain.travel import Travel, pair
from shared.errors import Refused

DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2031, 1, 1))
ENGLAND = "england"

establishments = st.builds(
    lambda level, ctc, gates: Establishment(
        "RSI", "Risley (HMP)", True, ENGLAND, "Warrington", required_level=level, ctc_required=ctc,
        report_minutes=gates[0], exit_minutes=gates[1],
    ),
    st.sampled_from(sorted(LEVELS)),
    st.booleans(),
    st.tuples(st.integers(0, 120), st.integers(0, 60)),
)  # fmt: skip
closures = st.builds(
    lambda first, days, yearly: Blackout(first, first + dt.timedelta(days), "closed", yearly),
    DAYS,
    st.integers(0, 40),
    st.booleans(),
)
calendars = st.builds(
    lambda blackouts, holidays: EstablishmentCalendar(hours(), tuple(blackouts), holidays),
    st.lists(closures, max_size=3),
    st.dictionaries(DAYS, st.just("a bank holiday"), max_size=20),
)
clearances = st.builds(
    lambda who, level, first, days, state, access, ctc: Clearance(
        who, "RSI", level, first, first + dt.timedelta(days), state, access, ctc
    ),
    st.sampled_from([TOM, ANA]),
    st.sampled_from(sorted(LEVELS)),
    DAYS,
    st.integers(0, 900),
    st.sampled_from(["applied", "granted", "suspended", "refused"]),
    st.booleans(),
    st.booleans(),
)
facts = st.builds(
    lambda place, calendar, held: Facts(place, calendar, MANY_FACES, PEOPLE, tuple(held)),
    establishments,
    calendars,
    st.lists(clearances, max_size=4),
)
slots = st.builds(Slot, DAYS, st.none() | st.integers(0, 6), st.sampled_from([None, "am", "pm"]))


def rules(found) -> set[tuple[str, str]]:
    return {(each.rule, each.name) for each in found}


def planned(known: Facts, slot: Slot):
    numbers = iter(range(1000, 2000))
    try:
        return draft_run(
            run_id=UUID(int=9),
            enquiry="KT-1",
            slot=slot,
            facilitator_ids=(TOM, ANA),
            facts=known,
            new_id=lambda: UUID(int=next(numbers)),
        )
    except Refused:
        return None


@given(known=facts, slot=slots, programme=st.sampled_from([MANY_FACES, UNLOCKING]))
def test_a_session_that_the_calendar_placed_is_on_an_open_day_and_in_its_order(known, slot, programme):
    known = replace(known, programme=programme)
    slot = slot if programme is MANY_FACES else replace(slot, window=None)
    run = planned(known, slot)
    assume(run is not None)

    found = {each.rule for breaches in review(run, known).values() for each in breaches}
    assert not found & {"H2", "H10"}


@given(known=facts, slot=slots)
def test_a_remote_run_keeps_bank_holidays_whatever_is_closed(known, slot):
    workshop = replace(UNLOCKING, cadence="weekly", minutes=120, modes=("remote",))
    known = replace(known, programme=workshop, mode="remote")
    run = planned(known, slot)
    assume(run is not None)

    assert not any(each.date in known.calendar.bank_holidays for each in run.sessions)
    assert all(each.why == "a bank holiday" for each in run.skipped)
    assert not any(review(run, known).values())


# A clearance that was taken away can grow over an escort: that is the one breach that a longer one can add.
standing = st.builds(replace, clearances, state=st.sampled_from(["applied", "granted"]))


@given(known=facts, day=DAYS, more=st.integers(1, 400), shorter=standing)
def test_a_longer_clearance_never_adds_a_breach(known, day, more, shorter):
    longer = replace(shorter, valid_until=shorter.valid_until + dt.timedelta(more))
    one = session(day.isoformat())

    with_longer, with_shorter = (replace(known, clearances=(*known.clearances, each)) for each in (longer, shorter))

    assert rules(breaches_of(one, with_longer)) <= rules(breaches_of(one, with_shorter))


@given(known=facts, day=DAYS, closure=closures)
def test_an_opened_closure_never_adds_a_breach(known, day, closure):
    one = session(day.isoformat())
    closed = replace(known, calendar=replace(known.calendar, blackouts=(*known.calendar.blackouts, closure)))

    assert rules(breaches_of(one, known)) <= rules(breaches_of(one, closed))


@given(known=facts, day=DAYS)
def test_an_agreed_escort_never_adds_a_breach(known, day):
    one = session(day.isoformat())
    escorted = replace(known, escorts=frozenset({(TOM, day), (ANA, day)}))

    assert rules(breaches_of(one, escorted)) <= rules(breaches_of(one, known))


def the_other_way_round(one: Session, other: Session, known: Facts, in_prison: tuple[bool, bool], same: bool) -> bool:
    """Say whether a session at RSI is in the way of one at FSI (or at RSI too), seen from the first."""
    where = "RSI" if same else "FSI"
    elsewhere = Booking(TOM, where, other.starts_at(), other.ends_at(), "another", in_prison=in_prison[1])
    here = replace(known, bookings=(elsewhere,), mode="in_person" if in_prison[0] else "remote")
    return any(each.rule == "H6" for each in breaches_of_assignment(one, TOM, here))


moments = st.tuples(st.integers(0, 2), st.integers(0, 22 * 4), st.integers(1, 4))


def at(moment: tuple[int, int, int], number: int) -> Session:
    day, quarter, length = moment
    start = dt.datetime(2027, 3, 27) + dt.timedelta(days=day, minutes=15 * quarter)  # noqa: DTZ001 - wall time
    end = start + dt.timedelta(minutes=15 * length)
    people = (TOM,)
    return Session(UUID(int=number), number, start.date(), start.time(), end.time(), facilitator_ids=people)


@given(
    one=moments,
    other=moments,
    gates=st.tuples(*[st.tuples(st.integers(0, 120), st.integers(0, 60))] * 2),
    journey=st.none() | st.integers(0, 600),
    in_prison=st.tuples(st.booleans(), st.booleans()),
    same=st.booleans(),
)
def test_what_is_too_close_is_so_from_both_sides(one, other, gates, journey, in_prison, same):
    travel = Travel(known={} if journey is None else {pair("RSI", "FSI"): journey})
    there_gates = gates[0] if same else gates[1]
    here, there = (
        Establishment(id_, id_, True, ENGLAND, "", report_minutes=report, exit_minutes=out)
        for id_, (report, out) in (("RSI", gates[0]), ("RSI" if same else "FSI", there_gates))
    )
    calendar = EstablishmentCalendar(hours(), (), {})
    from_here = Facts(here, calendar, MANY_FACES, PEOPLE, travel=travel, gates={there.id: there_gates})
    first, second = at(one, 1), at(other, 2)

    forth = the_other_way_round(first, second, from_here, in_prison, same)

    back_booking = Booking(TOM, "RSI", first.starts_at(), first.ends_at(), "another", in_prison=in_prison[0])
    from_there = replace(
        from_here,
        establishment=there,
        gates={"RSI": gates[0]},
        bookings=(back_booking,),
        mode="in_person" if in_prison[1] else "remote",
    )
    back = any(each.rule == "H6" for each in breaches_of_assignment(second, TOM, from_there))
    assert forth == back


@given(known=facts, slot=slots)
def test_preferences_never_count_below_nothing_and_always_say_why(known, slot):
    run = planned(known, slot)
    assume(run is not None)

    found = preferences_of(run, known)
    assert found
    assert all(each.points >= 0 and each.why for each in found)
