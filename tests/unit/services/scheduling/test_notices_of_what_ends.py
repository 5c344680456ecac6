"""Notices of what ends soon: when, once, and how many sessions each is about. Dates were counted by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from services.scheduling.domain.facilitators import Accreditation
from services.scheduling.doors.people import PeopleDoors
from services.scheduling.handlers import expiry, people
from services.scheduling.tables import programmes, runs, sessions
from shared.contracts.base import contract_of
from shared.contracts.scheduling import ExpiryNear
from shared.errors import Refused
from tests.unit.services.scheduling import hold_cast
from tests.unit.services.scheduling import people_cast as cast

GRANTED, LAST = date(2025, 3, 20), date(2027, 3, 19)
TUESDAYS = [date(2027, 1, 12) + timedelta(weeks=week) for week in range(16)]
"""12 January to 27 April 2027. Of these 23 and 30 March, 6, 13, 20 and 27 April come after the 19th: six."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    made = hold_cast.new_database(request.param, tmp_path_factory.mktemp("notices"), request)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return cast.emptied(database)


@pytest.fixture
def ana(store):
    return cast.person(store, "Ana Reyes")


def afternoon(year, month, day):
    """Three in London, in winter."""
    return datetime(year, month, day, 15, 0, tzinfo=UTC)


def look(store, moment):
    """Look at a time; give what is told: what, how many days are left, sessions after."""
    with cast.at(store, moment).work() as work:
        expiry.tell_of_expiries(work)
    told = [(each.what, each.days_left, each.sessions_after) for each in cast.news(store)]
    cast.forget_news(store)
    return told


def test_each_notice_falls_on_its_day_at_three_and_says_how_many_sessions_come_after(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)
    cast.a_run(store, "KT-RSI", "RSI", TUESDAYS, (ana,))

    told = {}
    for day in range(140):
        on = date(2026, 11, 20) + timedelta(days=day)
        for found in look(store, datetime(on.year, on.month, on.day, 15, tzinfo=UTC)):
            told[on] = found

    assert told == {
        date(2026, 12, 19): ("clearance", 90, 6),
        date(2027, 1, 18): ("clearance", 60, 6),
        date(2027, 2, 17): ("clearance", 30, 6),
        date(2027, 3, 5): ("clearance", 14, 6),
        date(2027, 3, 12): ("clearance", 7, 6),
    }


def foreseen(store, moment, days, limit=100):
    """Give what is foreseen: the day, what, how many days are left then, sessions after."""
    doors = PeopleDoors()
    doors.store = cast.at(store, moment)
    ahead = doors.preview_expiries(days=days, limit=limit)
    events = [contract_of(ExpiryNear).load(each["event"]) for each in ahead["notices"]]
    return [
        (datetime.fromisoformat(each["due_at"]), told.what, told.days_left, told.sessions_after)
        for each, told in zip(ahead["notices"], events, strict=True)
    ]


@pytest.mark.parametrize("hour", [9, 16])
def test_what_is_foreseen_is_what_the_daily_look_tells_then(store, ana, hour):
    tom = cast.person(store, "Tom Okafor")
    cast.cleared(store, ana, "RSI", GRANTED, LAST, keys_until=date(2027, 1, 20))
    cast.cleared(store, tom, "STI", GRANTED, date(2027, 2, 3))
    cast.a_run(store, "KT-RSI", "RSI", TUESDAYS, (ana,))
    now = datetime(2026, 12, 10, hour, tzinfo=UTC)
    look(store, now)

    ahead = foreseen(store, now, 100)

    told = [
        (moment, *each)
        for moment in (datetime(2026, 12, 10, 15, tzinfo=UTC) + timedelta(days=day) for day in range(101))
        if now < moment <= now + timedelta(days=100)
        for each in look(store, moment)
    ]
    assert sorted(ahead) == sorted(told)
    assert [each[1:] for each in ahead if each[1] == "clearance" and each[3]] == [
        ("clearance", left, 6) for left in (90, 60, 30, 14, 7)
    ]


def test_foreseeing_tells_nobody_and_the_first_ones_are_shown_with_the_count_of_all(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)
    doors = PeopleDoors()
    doors.store = cast.at(store, afternoon(2026, 12, 1))

    ahead = doors.preview_expiries(days=60, limit=1)

    assert ahead["count"] == 2
    assert [each["due_at"] for each in ahead["notices"]] == ["2026-12-19T15:00:00+00:00"]
    assert cast.news(store) == []
    assert look(store, afternoon(2026, 12, 19)) == [("clearance", 90, 0)]


def test_what_is_late_is_foreseen_for_the_next_look(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)

    assert foreseen(store, datetime(2027, 3, 7, 9, tzinfo=UTC), 1) == [(afternoon(2027, 3, 7), "clearance", 12, 0)]


@pytest.mark.parametrize("days", [0, 401, "soon", None])
def test_so_many_days_cannot_be_foreseen(store, days):
    doors = PeopleDoors()
    doors.store = store
    with pytest.raises(Refused) as refused:
        doors.preview_expiries(days=days)

    assert refused.value.fields == {"days": ["Give days as a whole number from 1 to 400."]}


def test_before_three_nothing_is_told(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)

    assert look(store, datetime(2026, 12, 19, 14, 59, tzinfo=UTC)) == []
    assert look(store, afternoon(2026, 12, 19)) == [("clearance", 90, 0)]


def test_after_an_outage_one_notice_is_told_and_it_says_the_days_that_are_left(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)

    # In the night: that of 5 March is the latest whose day has come.
    assert look(store, datetime(2027, 3, 7, 2, 0, tzinfo=UTC)) == [("clearance", 12, 0)]
    assert look(store, afternoon(2027, 3, 7)) == []
    assert look(store, afternoon(2027, 3, 12)) == [("clearance", 7, 0)]


def test_what_has_ended_is_told_of_no_more(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)

    assert look(store, datetime(2027, 3, 20, 2, 0, tzinfo=UTC)) == []


def test_replicas_that_look_at_once_tell_it_once(store, ana):
    for place in ("RSI", "STI"):
        cast.cleared(store, ana, place, GRANTED, LAST)

    def tell(_):
        with cast.at(store, afternoon(2026, 12, 19)).work() as work:
            return expiry.tell_of_expiries(work)

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(tell, range(4)))

    assert sum(counts) == 2
    assert sorted(each.establishment_id for each in cast.news(store)) == ["RSI", "STI"]


def test_a_renewal_beside_the_running_one_silences_what_is_left(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)
    assert look(store, afternoon(2027, 1, 18)) == [("clearance", 60, 0)]

    cast.cleared(store, ana, "RSI", date(2027, 3, 20), date(2029, 3, 19))

    assert [look(store, afternoon(2027, month, day)) for month, day in ((2, 17), (3, 5), (3, 12))] == [[], [], []]


@pytest.mark.parametrize(
    "more", [{"state": "applied"}, {"state": "refused"}, {"site_access": False}, {"level": "baseline"}]
)
def test_a_renewal_that_opens_no_gate_silences_nothing(store, ana, more):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)
    cast.cleared(store, ana, "RSI", date(2027, 3, 20), date(2029, 3, 19), **more)

    assert look(store, afternoon(2027, 2, 17)) == [("clearance", 30, 0)]


def test_a_new_end_has_notices_of_its_own(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)
    look(store, afternoon(2027, 2, 17))

    assert cast.cleared(store, ana, "RSI", GRANTED, date(2027, 4, 19)) == "changed"

    # 61 days are left of the new end: that of 90 days is the latest whose day has come.
    assert look(store, afternoon(2027, 2, 17)) == [("clearance", 61, 0)]


def test_keys_insurance_and_accreditations_are_told_of_too(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, date(2028, 3, 19), keys_until=LAST)
    with store.work() as work:
        people.change_facilitator(work, ana, {"insured_until": LAST})
        people.add_accreditation(work, ana, Accreditation("NADA", GRANTED, LAST))
        people.add_accreditation(work, ana, Accreditation("safeguarding", GRANTED, None))
    cast.a_run(store, "KT-STI", "STI", TUESDAYS, (ana,))
    cast.a_run(store, "KT-RSI", "RSI", [date(2027, 4, 1), date(2027, 4, 8)], (ana,))

    # Insurance is needed for all eight, keys for the two at Risley; no programme asks for NADA.
    assert sorted(look(store, afternoon(2027, 3, 5))) == [
        ("accreditation", 14, 0),
        ("insurance", 14, 8),
        ("keys", 14, 2),
    ]


def test_an_accreditation_counts_the_sessions_of_programmes_that_ask_for_it(store, ana):
    with store.work() as work:
        here = programmes.c.slug == "many-faces-of-trauma"
        work.connection.execute(update(programmes).where(here).values(one_needs=["NADA"]))
        people.add_accreditation(work, ana, Accreditation("NADA", GRANTED, LAST))
    cast.a_run(store, "KT-STI", "STI", TUESDAYS, (ana,))
    with cast.at(store, afternoon(2027, 3, 5)).work() as work:
        expiry.tell_of_expiries(work)

    [told] = cast.news(store)

    assert (told.accreditation, told.establishment_id, told.sessions_after) == ("NADA", None, 6)


def test_only_live_sessions_of_runs_that_are_to_be_count_and_only_theirs(store, ana):
    tom = cast.person(store, "Tom Okafor")
    cast.cleared(store, ana, "RSI", GRANTED, LAST)
    april = [date(2027, 4, day) for day in (6, 13, 20)]
    draft = cast.a_run(store, "KT-1", "RSI", april, (ana, tom))
    cancelled = cast.a_run(store, "KT-2", "RSI", [date(2027, 4, 7)], (ana,))
    cast.a_run(store, "KT-3", "RSI", [date(2027, 4, 8)], (tom,))
    cast.a_run(store, "KT-4", "RSI", [date(2027, 4, 9)], (ana,), mode="remote")
    cast.a_run(store, "KT-5", "RSI", [LAST], (ana,))
    with store.work() as work:
        work.connection.execute(update(runs).where(runs.c.id == cancelled.id).values(state="cancelled"))
        fell_out = sessions.c.id == draft.sessions[0].id
        work.connection.execute(update(sessions).where(fell_out).values(state="cancelled"))

    assert look(store, afternoon(2027, 2, 17)) == [("clearance", 30, 2)]


def test_someone_who_has_left_is_told_nothing(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)
    with store.work() as work:
        people.change_facilitator(work, ana, {"state": "left", "insured_until": LAST})

    assert look(store, afternoon(2027, 2, 17)) == []


def test_the_news_names_the_place_and_no_person(store, ana):
    cast.cleared(store, ana, "RSI", GRANTED, LAST)
    with cast.at(store, afternoon(2026, 12, 19)).work() as work:
        expiry.tell_of_expiries(work)

    [told] = cast.news(store)

    assert told == replace(
        told, facilitator_id=ana, establishment_id="RSI", establishment_name="Risley (HMP)", valid_until=LAST
    )
    assert isinstance(told.notice_id, UUID)
