"""Nobody and no room is booked twice, whatever comes at once: the database itself refuses it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from services.scheduling.domain.commands import PlanRun
from services.scheduling.handlers import holds, planning
from services.scheduling.records import load_run
from services.scheduling.tables import bookings, runs, sessions
from shared.contracts.scheduling import RunConfirmed
from shared.errors import Refused
from shared.persistence.contention import one_after_another
from shared.persistence.work import new_id
from tests.unit.services.scheduling import hold_cast as cast
from tests.unit.services.scheduling.meeting import meeting

TOGETHER = 50
TEN, ELEVEN, TWELVE = (datetime(2027, 3, 2, hour, tzinfo=UTC) for hour in (10, 11, 12))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("no_double_booking")
    made = cast.new_database(request.param, folder, request, pool_size=TOGETHER)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return cast.emptied(database)


@pytest.fixture
def team(store):
    return cast.pair(store)


@pytest.fixture
def patience(monkeypatch):
    """Let each wait for the others as long as it takes: this is about who wins, not about how quick the machine is."""
    monkeypatch.setattr("shared.persistence.database.LOCK_TIMEOUT", 120.0)


def all_at_once(acts):
    """Run them in threads that begin together; give for each None, or the refusal that it met."""
    line = threading.Barrier(len(acts))

    def run(act):
        line.wait()
        try:
            act()
        except Refused as refused:
            return refused
        return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def confirming(store, those):
    return [lambda run=run: cast.confirm(store, run) for run in those]


def is_consistent(store, winner, losers):
    """Say that the winner is stored whole, and nothing of the others."""
    with store.database.reading() as connection:
        states = dict(connection.execute(select(runs.c.id, runs.c.state)).all())
        taken = set(
            connection.scalars(select(sessions.c.run_id).join(bookings, bookings.c.session_id == sessions.c.id))
        )
    confirmed = [event.run_id for event, _ in cast.told(store) if isinstance(event, RunConfirmed)]
    assert states[winner] == "confirmed"
    assert {states[each] for each in losers} == {"draft"}
    assert taken == {winner}
    assert confirmed == [winner]


def test_of_fifty_confirms_of_the_same_people_at_once_exactly_one_wins(store, team, patience):
    drafts = [cast.draft(store, f"KT-{number}", "FSI", team) for number in range(TOGETHER)]

    ends = all_at_once(confirming(store, drafts))

    winners = [run for run, end in zip(drafts, ends, strict=True) if end is None]
    assert len(winners) == 1
    refusals = [end for end in ends if end is not None]
    assert {each.code for each in refusals} <= {"conflict", "refused"}
    assert all("facilitator" in each.detail or "people" in each.detail for each in refusals)
    is_consistent(store, winners[0], [each for each in drafts if each not in winners])


def test_of_confirms_of_the_same_room_at_once_exactly_one_wins(store, patience):
    shared_room = cast.room(store, "FSI")
    drafts = []
    for number in range(12):
        people = cast.facilitator(store, f"Tom{number}"), cast.facilitator(store, f"Ana{number}")
        drafts.append(cast.draft(store, f"KT-{number}", "FSI", people, room=shared_room))

    ends = all_at_once(confirming(store, drafts))

    winners = [run for run, end in zip(drafts, ends, strict=True) if end is None]
    assert len(winners) == 1
    assert {end.code for end in ends if end is not None} <= {"conflict", "refused"}
    is_consistent(store, winners[0], [each for each in drafts if each not in winners])


@pytest.mark.parametrize("attempt", range(3))
def test_two_near_prisons_cannot_both_have_them_though_no_hour_is_shared(store, team, patience, attempt):
    # 08:30 to 11:30, and 12:30 to 15:15 next door: an hour lies between, and two gates take an hour and a half.
    morning = [cast.draft(store, f"KT-A{number}", "FSI", team) for number in range(4)]
    midday = [cast.draft(store, f"KT-B{number}", "OWI", team, time=time(12, 30), window=None) for number in range(4)]
    for each in midday:
        _waive_the_window(store, each)

    ends = all_at_once(confirming(store, [*morning, *midday]))

    assert [end is None for end in ends].count(True) == 1
    assert {end.code for end in ends if end is not None} <= {"conflict", "refused"}


def _waive_the_window(store, run):
    """Put the sessions where H1 does not stand in the way: this is about the gap alone."""
    row = {"id": new_id(), "run_id": run, "rule": "H1", "session_id": None, "reason": "r", "actor": "priya"}
    with store.work() as work:
        work.connection.execute(cast.metadata.tables["overrides"].insert(), {**row, "at": work.now})
        windows = cast.regime_windows
        midday = update(windows).where(windows.c.establishment_id == "OWI", windows.c.name == "pm")
        work.connection.execute(midday.values(start=time(12, 30), end=time(16, 30)))


def test_holds_placed_at_once_stand_in_one_line(store, team, patience):
    drafts = [cast.draft(store, f"KT-{number}", "FSI", team) for number in range(8)]

    ends = all_at_once([lambda run=run: cast.place(store, run) for run in drafts])

    assert ends == [None] * 8
    with store.database.reading() as connection:
        ranks = sorted(connection.scalars(select(cast.holds_table.c.rank)))
    assert ranks == [1, 2, 3, 4, 5, 6, 7, 8]


def test_confirms_releases_and_promotions_at_once_leave_one_owner_of_the_time(store, team, patience):
    drafts = [cast.draft(store, f"KT-{number}", "FSI", team) for number in range(6)]
    placed = [cast.place(store, run) for run in drafts[:5]]
    acts = [
        lambda: cast.release(store, placed[0]),
        lambda: cast.release(store, placed[1]),
        *[lambda: holds.promote_holds(store)] * 3,
        *confirming(store, drafts),
        *[lambda run=run: cast.draft(store, f"KT-{run}", "FSI", team) for run in (4, 5)],
    ]

    ends = all_at_once(acts)

    assert {end.code for end in ends if end is not None} <= {"conflict", "refused"}
    with store.database.reading() as connection:
        owners = set(
            connection.scalars(select(sessions.c.run_id).join(bookings, bookings.c.session_id == sessions.c.id))
        )
        states = dict(connection.execute(select(runs.c.id, runs.c.state)).all())
    assert len(owners) <= 1
    assert [run for run, state in states.items() if state in {"confirmed", "held"}] == list(owners)


@pytest.fixture
def one_run(store, team):
    return cast.draft(store, "KT-1", "FSI", team)


def test_a_run_can_be_planned_with_people_whom_another_is_being_confirmed_with(store, team, one_run):
    if store.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time.")
    with store.work() as work:
        planning.hold_facilitators(work, load_run(work.connection, one_run))

        # Where this had to wait, it would be for ever: the lock goes with this very block.
        planned = cast.draft(store, "KT-2", "OWI", team, weekday="wed")

    assert cast.state_of(store, planned) == "draft"


def test_of_two_who_plan_an_enquiry_for_the_first_time_at_once_the_other_hears_of_it(store, team):
    enquiry, planned = cast.won("KT-1", "FSI"), []
    tuesdays, thursdays = (PlanRun(date(2027, 3, 2), day, "am", team) for day in ("tue", "thu"))

    refused = meeting(
        store,
        lambda work: planned.append(planning.plan_run(work, enquiry, tuesdays)),
        lambda work: planning.plan_run(work, enquiry, thursdays),
    )

    assert refused is not None
    assert (refused.code, "planned by somebody else just now" in refused.detail) == ("conflict", True)
    with store.database.reading() as connection:
        assert connection.scalars(select(runs.c.id)).all() == planned


def take(store, run, person, start, end, room=None):
    """Book by hand, past every rule and lock: raw SQL, as nobody should."""
    with store.database.writing() as connection:
        session = connection.scalar(select(sessions.c.id).where(sessions.c.run_id == run).limit(1))
        found = new_id()
        row = {"id": found, "session_id": session, "facilitator_id": person, "room_id": room}
        connection.execute(insert(bookings), {**row, "starts_at": start, "ends_at": end})
    return found


def test_the_database_refuses_a_second_booking_of_a_person_by_insert_and_by_update(store, team, one_run):
    take(store, one_run, team[0], TEN, ELEVEN)
    half_past = TEN + timedelta(minutes=30)

    with pytest.raises(IntegrityError, match="ex_bookings_facilitator_id"):
        take(store, one_run, team[0], half_past, TWELVE)
    later = take(store, one_run, team[0], ELEVEN, TWELVE)
    with (
        pytest.raises(IntegrityError, match="ex_bookings_facilitator_id"),
        store.database.writing() as connection,
    ):
        connection.execute(update(bookings).where(bookings.c.id == later).values(starts_at=half_past))
    someone_else = take(store, one_run, team[1], TEN, ELEVEN)
    with (
        pytest.raises(IntegrityError, match="ex_bookings_facilitator_id"),
        store.database.writing() as connection,
    ):
        connection.execute(update(bookings).where(bookings.c.id == someone_else).values(facilitator_id=team[0]))


def test_the_database_refuses_a_second_booking_of_a_room_by_insert_and_by_update(store, one_run):
    room = cast.room(store, "FSI")
    take(store, one_run, None, TEN, TWELVE, room)

    with pytest.raises(IntegrityError, match="ex_bookings_room_id"):
        take(store, one_run, None, ELEVEN, TWELVE, room)
    later = take(store, one_run, None, TWELVE, TWELVE + timedelta(hours=1), room)
    with pytest.raises(IntegrityError, match="ex_bookings_room_id"), store.database.writing() as connection:
        connection.execute(update(bookings).where(bookings.c.id == later).values(starts_at=ELEVEN))


def test_one_booking_may_begin_as_another_ends(store, team, one_run):
    take(store, one_run, team[0], TEN, ELEVEN)

    take(store, one_run, team[0], ELEVEN, TWELVE)
    take(store, one_run, team[0], TEN - timedelta(hours=1), TEN)


def test_a_booking_that_slips_past_the_rules_is_told_as_a_conflict_and_nothing_is_half_stored(
    store, team, one_run, monkeypatch
):
    other = cast.draft(store, "KT-2", "FSI", team, weekday="thu")
    take(store, other, team[0], datetime(2027, 6, 15, 7, 30, tzinfo=UTC), datetime(2027, 6, 15, 10, 30, tzinfo=UTC))
    monkeypatch.setattr(planning, "review", lambda run, _facts: {each.number: () for each in run.live})

    with pytest.raises(Refused) as refused:
        cast.confirm(store, one_run)

    assert refused.value.code == "conflict"
    assert "booked for one of its hours by another run" in refused.value.detail
    assert (cast.state_of(store, one_run), cast.booked(store, one_run)) == ("draft", 0)
    assert cast.told(store) == []


def test_a_facilitator_on_a_tuesday_programme_can_be_confirmed_on_wednesday(store, team, one_run):
    wednesdays = cast.draft(store, "KT-2", "OWI", team, start=date(2027, 3, 3), weekday="wed")
    cast.confirm(store, one_run)

    cast.confirm(store, wednesdays)

    assert (cast.state_of(store, wednesdays), cast.booked(store, wednesdays)) == ("confirmed", 32)


class Sql(Exception):
    """What psycopg raises, as far as it matters."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize("sqlstate", ["40P01", "40001", "55P03"])
def test_a_deadlock_and_a_lock_that_is_not_had_are_told_as_a_conflict(sqlstate):
    with pytest.raises(Refused, match="nothing was changed here") as refused, one_after_another():
        raise OperationalError("SELECT 1", {}, Sql(sqlstate))

    assert refused.value.code == "conflict"


def test_a_database_that_is_away_is_no_conflict():
    with pytest.raises(OperationalError), one_after_another():
        raise OperationalError("SELECT 1", {}, Sql("57P01"))


def test_a_real_deadlock_is_told_as_a_conflict(store, team):
    if store.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time, so nobody waits crosswise.")
    line = threading.Barrier(2)

    def lock(first: UUID, second: UUID):
        with store.work() as work, one_after_another():
            for number, person in enumerate((first, second)):
                table = cast.metadata.tables["facilitators"]
                work.connection.execute(select(table.c.id).where(table.c.id == person).with_for_update()).all()
                if number == 0:
                    line.wait()

    ends = all_at_once([lambda: lock(*team), lambda: lock(*reversed(team))])

    assert [each.code for each in ends if each is not None] == ["conflict"]
