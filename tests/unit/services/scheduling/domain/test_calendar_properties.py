"""The calendar's rules for any timetables, closures, bank holidays and starts, against a plain reading of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st
from scheduling_cast import MANY_FACES, UNLOCKING, at, facts, hours, window

from services.scheduling.domain.calendar import (
    Blackout,
    EstablishmentCalendar,
    Regime,
    Timetable,
    default_blackouts,
    refuse_overlaps,
    with_timetable,
)
from services.scheduling.domain.dates import session_dates
from services.scheduling.domain.planner import draft_run
from services.scheduling.domain.runs import Session, Slot
from shared.errors import Refused
from shared.holidays import bank_holidays_of

A_DAY = dt.timedelta(1)
FIRST, LAST = dt.date(2026, 1, 1), dt.date(2030, 12, 31)
LOOKED_AT = {MANY_FACES.slug: 48, UNLOCKING.slug: 30}
"""How many dates a run may look at before it says that too few are open: written out, not read from the code."""

MORNINGS = ("08:30-11:30", "09:00-12:15", "08:45-11:50", "")


@dataclass
class Plain:
    """A calendar as somebody with a wall planner reads it."""

    timetables: list[Timetable]
    blackouts: list[Blackout]
    bank_holidays: dict[dt.date, str]

    def timetable(self, on: dt.date) -> Timetable | None:
        found = None
        for each in sorted(self.timetables, key=lambda each: each.valid_from):
            ended = each.valid_until is not None and on > each.valid_until
            if on.weekday() in each.weekdays and on >= each.valid_from and not ended:
                found = each
        return found

    def is_open(self, on: dt.date) -> bool:
        if on in self.bank_holidays or any(closed(each, on) for each in self.blackouts):
            return False
        known = self.timetable(on)
        return known is None or bool(known.regime.windows)

    def calendar(self) -> EstablishmentCalendar:
        return EstablishmentCalendar(Regime({}), tuple(self.blackouts), self.bank_holidays, tuple(self.timetables))


def closed(blackout: Blackout, on: dt.date) -> bool:
    """Say whether a blackout holds, by writing a yearly one out for this year and the one before."""
    if not blackout.yearly:
        return blackout.first <= on <= blackout.last
    runs_over = (blackout.last.month, blackout.last.day) < (blackout.first.month, blackout.first.day)
    for year in (on.year - 1, on.year):
        first = in_year(blackout.first, year, otherwise=dt.date(year, 3, 1))
        end = year + runs_over
        last = in_year(blackout.last, end, otherwise=dt.date(end, 2, 28))
        if first <= on <= last:
            return True
    return False


def in_year(day: dt.date, year: int, otherwise: dt.date) -> dt.date:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February in a year without one
        return otherwise


DAYS = st.dates(FIRST, LAST)
CLOSURES = st.builds(
    lambda first, days, yearly: Blackout(first, first + dt.timedelta(days), "closed", yearly),
    DAYS,
    st.integers(0, 200),
    st.booleans(),
)


@st.composite
def timetables(draw, weekdays):
    day, begins = draw(weekdays), draw(st.dates(dt.date(2025, 6, 1), LAST))
    lasts = draw(st.none() | st.integers(0, 400))
    morning = draw(st.sampled_from(MORNINGS))
    regime = Regime({(day, "am"): window(morning)} if morning else {})
    return Timetable(begins, None if lasts is None else begins + dt.timedelta(lasts), frozenset({day}), regime)


def one_a_date(those):
    """Keep what a table can hold: one timetable of a weekday from one date."""
    return list({(min(each.weekdays), each.valid_from): each for each in those}.values())


PLAINS = st.builds(
    Plain,
    st.lists(timetables(st.integers(0, 6)), max_size=8).map(one_a_date),
    st.lists(CLOSURES, max_size=3),
    st.dictionaries(DAYS, st.just("a bank holiday"), max_size=40),
)


def candidates(programme, start, weekday):
    """Give the dates a run may use, closed or not, as far as it looks."""
    day = start
    found = []
    while len(found) < LOOKED_AT[programme.slug]:
        first = not found
        fits = day.weekday() == (start.weekday() if weekday is None else weekday)
        if programme is UNLOCKING:
            fits = day.weekday() < 5 and (not first or weekday is None or day.weekday() == weekday)
        if fits:
            found.append(day)
        if day == dt.date.max:
            break
        day += A_DAY
    return found


@given(
    programme=st.sampled_from([MANY_FACES, UNLOCKING]), start=DAYS, weekday=st.none() | st.integers(0, 4), plain=PLAINS
)
@example(
    programme=MANY_FACES,
    start=dt.date(2028, 2, 1),
    weekday=1,
    plain=Plain([], [Blackout(dt.date(2024, 2, 29), dt.date(2024, 2, 29), "leap day", yearly=True)], {}),
)
@example(
    programme=UNLOCKING,
    start=dt.date(2027, 1, 1),
    weekday=None,
    plain=Plain([], [Blackout(dt.date(2026, 12, 31), dt.date(2027, 12, 31), "closed all year")], {}),
)
def test_a_run_has_the_first_open_dates_in_order_or_is_refused_when_they_are_too_few(programme, start, weekday, plain):
    looked_at = candidates(programme, start, weekday)
    open_days = [day for day in looked_at if plain.is_open(day)]
    needed = programme.sessions
    event(f"{programme.slug}: {'enough' if len(open_days) >= needed else 'too few'}")
    if len(open_days) < needed:
        with pytest.raises(Refused, match=f"only {len(open_days)} could be found") as refused:
            session_dates(programme, start, weekday, plain.calendar())
        assert refused.value.code == "refused"
        return

    dates, skipped = session_dates(programme, start, weekday, plain.calendar())
    assert list(dates) == open_days[:needed]
    assert all(before < after for before, after in pairwise(dates))
    passed_by = [day for day in looked_at if day < dates[-1] and day not in dates]
    assert [each.date for each in skipped] == passed_by
    assert all(each.why for each in skipped)


@given(start=st.dates(dt.date.max - dt.timedelta(200), dt.date.max), programme=st.sampled_from([MANY_FACES, UNLOCKING]))
def test_at_the_end_of_time_a_run_fits_or_is_refused(start, programme):
    left = candidates(programme, start, None)
    if len(left) < programme.sessions:
        with pytest.raises(Refused, match="could be found"):
            session_dates(programme, start, None, Plain([], [], {}).calendar())
    else:
        dates, _ = session_dates(programme, start, None, Plain([], [], {}).calendar())
        assert list(dates) == left[: programme.sessions]


def test_the_last_day_there_is_can_be_used():
    dates, _ = session_dates(UNLOCKING, dt.date(9999, 12, 29), None, Plain([], [], {}).calendar())

    assert dates == (dt.date(9999, 12, 29), dt.date(9999, 12, 30), dt.date(9999, 12, 31))


@given(start=DAYS, weekday=st.integers(0, 6), plain=PLAINS)
def test_times_follow_the_timetable_of_each_date(start, weekday, plain):
    known = replace(facts(clearances=()), calendar=plain.calendar())
    try:
        run = draft_run(
            run_id=None,
            enquiry="KT-7F3K-92",
            slot=Slot(start, weekday, "am"),
            facilitator_ids=(),
            facts=known,
            new_id=lambda: None,
        )
    except Refused:
        return
    for session in run.sessions:
        timetable = plain.timetable(session.date)
        begins = timetable.regime.windows[weekday, "am"].start if timetable else at("08:30")
        assert session.start == begins


@given(
    on_file=st.lists(timetables(st.just(1)), max_size=5).map(one_a_date),
    new=timetables(st.just(1)),
    same_start=st.booleans(),
)
def test_a_new_timetable_changes_its_own_dates_and_no_others(on_file, new, same_start):
    if same_start and on_file:
        lasts = None if new.valid_until is None else new.valid_until - new.valid_from
        begins = on_file[0].valid_from
        new = replace(new, valid_from=begins, valid_until=None if lasts is None else begins + lasts)
    same = next((each for each in on_file if each.valid_from == new.valid_from), None)
    goes_on = (
        same is not None
        and new.valid_until is not None
        and same.regime != new.regime
        and (same.valid_until is None or same.valid_until > new.valid_until)
    )
    if goes_on and any(new.valid_from < each.valid_from <= new.valid_until + A_DAY for each in on_file):
        event("refused")
        with pytest.raises(ValueError, match=r"^valid_until: .* Set that one anew first"):
            with_timetable(on_file, new)
        return
    event("goes on" if goes_on else "takes its place" if same else "stands beside")
    becomes = Plain(list(with_timetable(on_file, new)), [], {})
    was = Plain(on_file, [], {})
    others = Plain([each for each in on_file if each is not same], [], {})
    tuesday = dt.date(2025, 6, 3)
    while tuesday <= dt.date(2032, 6, 1):
        later = [each for each in on_file if each.valid_from > new.valid_from and each.holds_on(tuesday)]
        usual = (was if goes_on else others).timetable(tuesday)
        expected = new if new.holds_on(tuesday) and not later else usual
        found = becomes.timetable(tuesday)
        assert (found and found.regime) == (expected and expected.regime), tuesday
        tuesday += 7 * A_DAY


def test_christmas_2027_is_closed_on_its_days_and_on_the_days_given_for_them():
    listed = bank_holidays_of("england-and-wales")
    christmas = EstablishmentCalendar(hours(), default_blackouts(), listed)
    bare = EstablishmentCalendar(hours(), (), listed)

    assert [dt.date(2027, 12, day) in listed for day in (25, 26, 27, 28)] == [False, False, True, True]
    assert [christmas.closed_on(dt.date(2027, 12, day)) for day in (25, 26)] == ["Christmas and New Year closure"] * 2
    assert [christmas.closed_on(dt.date(2027, 12, day)) for day in (27, 28)] == ["Christmas Day", "Boxing Day"]
    assert bare.closed_on(dt.date(2027, 12, 25)) is None

    dates, skipped = session_dates(UNLOCKING, dt.date(2027, 12, 20), None, christmas)
    assert dates == (dt.date(2027, 12, 20), dt.date(2028, 1, 4), dt.date(2028, 1, 5))
    assert [each.date.isoformat() for each in skipped] == [
        *("2027-12-21", "2027-12-22", "2027-12-23", "2027-12-24", "2027-12-27", "2027-12-28"),
        *("2027-12-29", "2027-12-30", "2027-12-31", "2028-01-03"),
    ]


def test_the_clock_change_beside_easter_monday_2027_moves_no_local_time():
    listed = bank_holidays_of("england-and-wales")
    open_days = EstablishmentCalendar(hours(), default_blackouts(), listed)

    dates, skipped = session_dates(UNLOCKING, dt.date(2027, 3, 25), None, open_days)
    assert dates == (dt.date(2027, 3, 25), dt.date(2027, 3, 30), dt.date(2027, 3, 31))
    assert [each.why for each in skipped] == ["Good Friday", "Easter Monday"]
    begins = [Session(None, number, on, at("08:30"), at("16:45")).starts_at() for number, on in enumerate(dates, 1)]
    assert [each.isoformat() for each in begins] == [
        "2027-03-25T08:30:00+00:00",
        "2027-03-30T07:30:00+00:00",
        "2027-03-31T07:30:00+00:00",
    ]

    sundays, _ = session_dates(MANY_FACES, dt.date(2027, 3, 21), None, open_days)
    assert sundays[:3] == (dt.date(2027, 3, 21), dt.date(2027, 3, 28), dt.date(2027, 4, 4))
    [before, on_it, after] = [Session(None, 1, each, at("10:00"), at("13:00")).starts_at() for each in sundays[:3]]
    assert [each.hour for each in (before, on_it, after)] == [10, 9, 9]


def test_a_weekday_without_windows_is_passed_by_and_says_until_when():
    usual = Timetable(dt.date(2000, 1, 1), None, frozenset({1}), hours(days=[1]))
    none = Timetable(dt.date(2027, 2, 1), dt.date(2027, 2, 14), frozenset({1}), Regime({}))
    open_days = EstablishmentCalendar(Regime({}), (), {}, (usual, none))

    dates, skipped = session_dates(MANY_FACES, dt.date(2027, 1, 26), None, open_days)

    assert dates[:2] == (dt.date(2027, 1, 26), dt.date(2027, 2, 16))
    assert [(each.date.isoformat(), each.why) for each in skipped] == [
        ("2027-02-02", "no sessions on Tuesdays until 14 February 2027"),
        ("2027-02-09", "no sessions on Tuesdays until 14 February 2027"),
    ]


def test_a_weekday_of_which_nothing_is_on_file_is_open_until_somebody_says():
    wednesdays_only = Timetable(dt.date(2000, 1, 1), None, frozenset({2}), hours(days=[2]))
    open_days = EstablishmentCalendar(Regime({}), (), {}, (wednesdays_only,))

    assert open_days.no_session_on(dt.date(2027, 1, 12)) is None


def test_a_weekday_that_never_has_a_session_is_refused_with_that_reason():
    never = Timetable(dt.date(2000, 1, 1), None, frozenset({4}), Regime({}))
    open_days = EstablishmentCalendar(Regime({}), (), {}, (never,))

    with pytest.raises(Refused, match=r"only 0 could be found.*no sessions on Fridays.*would mend it"):
        session_dates(MANY_FACES, dt.date(2027, 1, 15), 4, open_days)


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ({"am": "08:30-11:30", "pm": "11:15-13:00"}, "pm"),
        ({"am": "13:00-15:00", "pm": "08:00-10:00"}, "pm"),
        ({"pm": "13:45-16:45", "ed": "16:30-19:00"}, "ed"),
        ({"am": "08:30-18:00", "ed": "17:30-19:00"}, "ed"),
    ],
)
def test_windows_that_lie_over_one_another_or_out_of_order_are_refused_by_name(named, field):
    with pytest.raises(ValueError, match=f"^{field}: .* or later"):
        refuse_overlaps({name: window(text) for name, text in named.items()})


def test_windows_may_touch():
    refuse_overlaps({"am": window("08:30-12:00"), "pm": window("12:00-16:30"), "ed": window("17:30-19:00")})
