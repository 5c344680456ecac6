"""A change is looked at, then made, all or nothing, and can be taken back: on both databases."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest

from services.scheduling.domain.changes import Cancel, Cascade, MakeUp, Move, MoveRun, Swap
from services.scheduling.domain.outcomes import Charge
from services.scheduling.handlers import changing, delivery, memos, reversing
from services.scheduling.queries.changes import list_changes
from services.scheduling.tables import assignments, bookings, changes, gate_memos, outcomes, sessions
from shared.contracts.scheduling import GateMemoChanged, RunChanged, SessionRecorded, TaskNeeded
from shared.errors import Refused
from tests.unit.services.scheduling import change_cast as cast
from tests.unit.services.scheduling.change_cast import CASCADED, NINTH_OF_MARCH, TUESDAYS


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    made = cast.new_database(request.param, tmp_path_factory.mktemp("changes"), request)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return cast.emptied(database)


@pytest.fixture
def team(store):
    return cast.person(store, "Tom"), cast.person(store, "Ana")


@pytest.fixture
def run(store, team):
    return cast.confirmed(store, team)


@pytest.fixture
def that_morning(store, run, team):
    """The store on 9 March 2027 at 08:20, when Ana's access is known to end on 19 March."""
    cast.ends(store, team[1], dt.date(2027, 3, 19))
    return cast.at(store, NINTH_OF_MARCH)


def preview(store, run, change):
    with store.database.reading() as connection:
        return changing.preview(connection, run, change, now=store.clock()).diff


def would_tell(store, run, change):
    with store.database.reading() as connection:
        return changing.event_of(connection, changing.preview(connection, run, change, now=store.clock()))


def apply(store, run, change, basis=None, actor="priya", **more):
    with store.work() as work:
        return changing.apply(work, run, change, basis=basis, actor=actor, **more)


def take_back(store, change, basis=None, actor="priya", **more):
    with store.work() as work:
        return reversing.reverse_change(work, change, basis=basis, actor=actor, **more)


def lockdown(store, run, number=9):
    return Cascade(cast.session(store, run, number), "lockdown_or_incident", "prison")


def told(store, kind):
    return [event for event, _ in cast.told(store) if isinstance(event, kind)]


def test_a_preview_says_everything_and_changes_nothing(that_morning, run, team):
    before = cast.loaded(that_morning, run)

    diff = preview(that_morning, run, lockdown(that_morning, run))

    assert [(each.number, each.date.isoformat()) for each in diff.cancelled] == [(9, "2027-03-09")]
    assert [(each.number, each.date.isoformat()) for each in diff.added] == [(9, "2027-03-16")]
    assert diff.added[0].in_place_of == dt.date(2027, 3, 9)
    assert [(each.number, each.from_date.isoformat(), each.to_date.isoformat()) for each in diff.moved] == list(
        zip(range(10, 17), TUESDAYS[9:], CASCADED[9:], strict=True)
    )
    assert [(each.number, each.rule, each.facilitator_id) for each in diff.new_breaches] == [(10, "H3", team[1])]
    assert "19 March 2027" in diff.new_breaches[0].why
    assert [each.name for each in diff.told.facilitators] == ["Ana", "Tom"]
    assert (diff.told.contact_of, diff.told.ops) == ("KT-7F3K-92", False)
    assert (diff.calendars["updated"], diff.calendars["cancelled"], diff.calendars["new"]) == (
        tuple(range(10, 17)),
        (9,),
        (9,),
    )
    assert (diff.cancelled[0].chargeable, diff.cancelled[0].notice_minutes, diff.charged_pence) == (False, 325, 0)
    assert (diff.sessions_before, diff.sessions_after) == (16, 16)
    assert (diff.last_before, diff.last_after) == (dt.date(2027, 4, 27), dt.date(2027, 5, 4))
    assert cast.loaded(that_morning, run) == before
    assert told(that_morning, RunChanged) == []


def test_a_preview_of_the_same_thing_has_the_same_basis_from_one_minute_to_the_next(that_morning, run):
    change = lockdown(that_morning, run)
    later = cast.at(that_morning, NINTH_OF_MARCH + dt.timedelta(minutes=7))

    assert preview(that_morning, run, change).basis == preview(later, run, change).basis


def test_a_draft_is_changed_and_nobody_is_told(store, team):
    draft = cast.run(store, team)

    diff = preview(store, draft, MoveRun(dt.date(2027, 1, 26)))
    apply(store, draft, MoveRun(dt.date(2027, 1, 26)), diff.basis)

    assert (diff.told.facilitators, diff.told.contact_of, diff.told.ops) == ((), None, False)
    assert cast.dates(store, draft)[0] == "2027-01-26"
    assert told(store, RunChanged) == []
    assert cast.rows(store, bookings) == []


def test_applied_it_is_one_event_with_what_everyone_needs(that_morning, run, team):
    nine = cast.session(that_morning, run, 9)
    change = lockdown(that_morning, run)

    change_id = apply(that_morning, run, change, preview(that_morning, run, change).basis, accept_breaches=True)

    assert cast.dates(that_morning, run) == CASCADED
    [event] = told(that_morning, RunChanged)
    assert (event.change_id, event.kind, event.cause) == (change_id, "cascade", "lockdown_or_incident")
    assert [each.number for each in event.cancelled] == [9]
    assert (event.cancelled[0].id, event.cancelled[0].revision) == (nine, 1)
    assert len(event.sessions) == 16
    assert len(event.changed_ids) == 8
    assert set(event.facilitator_ids) == set(team)
    assert set(event.left_ids) == set(team)
    assert [sequence for each, sequence in cast.told(that_morning) if isinstance(each, RunChanged)] == [2]


def test_what_fell_out_is_put_down_and_told_apart_from_what_was_planned(that_morning, run):
    nine = cast.session(that_morning, run, 9)

    apply(that_morning, run, lockdown(that_morning, run), accept_breaches=True)

    [row] = cast.rows(that_morning, outcomes)
    assert (row.session_id, row.state, row.reason, row.party, row.remedy) == (
        nine,
        "cancelled",
        "lockdown_or_incident",
        "prison",
        "cascade",
    )
    assert (row.notice_minutes, row.chargeable, row.recorded_by) == (325, False, "priya")
    [event] = told(that_morning, SessionRecorded)
    assert (event.session_id, event.state, event.cause, event.chargeable) == (
        nine,
        "cancelled",
        "lockdown_or_incident",
        False,
    )


def test_somebody_may_decide_otherwise_on_the_charge_with_a_reason(that_morning, run):
    cancel = Cancel((cast.session(that_morning, run, 9),), "no_escort", "prison")
    assert preview(that_morning, run, cancel).charged_pence == 250_00

    apply(that_morning, run, cancel, charge=Charge(chargeable=False, reason="goodwill"))

    [row] = cast.rows(that_morning, outcomes)
    assert (row.chargeable, row.charge_reason) == (False, "goodwill")


def test_a_decision_on_the_charge_needs_a_session_that_falls_out(store, run):
    with pytest.raises(Refused, match="nothing to charge"):
        apply(store, run, MoveRun(dt.date(2027, 1, 26)), charge=Charge(chargeable=True, reason="goodwill"))


def test_new_breaches_are_refused_until_somebody_accepts_them(that_morning, run, team):
    change = lockdown(that_morning, run)

    with pytest.raises(Refused) as refusal:
        apply(that_morning, run, change, preview(that_morning, run, change).basis)

    assert refusal.value.code == "refused"
    assert list(refusal.value.fields) == ["H3"]
    assert cast.dates(that_morning, run) == TUESDAYS
    assert cast.rows(that_morning, changes) == []
    apply(that_morning, run, change, accept_breaches=True)
    with that_morning.database.reading() as connection:
        [listed] = list_changes(connection, run)
    assert listed["accepted"] == [
        {"number": 10, "rule": "H3", "name": "clearance_covers_every_session", "facilitator": str(team[1])}
    ]
    assert (listed["applied_by"], listed["sessions"]) == ("priya", list(range(9, 17)))


def test_a_move_onto_a_closed_day_shows_the_rule_and_needs_a_yes(store, run):
    easter = Move(cast.session(store, run, 12), dt.date(2027, 3, 29))

    diff = preview(store, run, easter)

    assert [(each.number, each.rule) for each in diff.new_breaches] == [(12, "H2")]
    with pytest.raises(Refused):
        apply(store, run, easter, diff.basis)
    apply(store, run, easter, diff.basis, accept_breaches=True)
    assert "2027-03-29" in cast.dates(store, run)


def test_a_stale_preview_is_refused_and_says_what_happened(store, run):
    move = Move(cast.session(store, run, 5), dt.date(2027, 2, 11))
    seen = preview(store, run, move).basis
    apply(store, run, MoveRun(dt.date(2027, 1, 19)), actor="sam")

    with pytest.raises(Refused) as refusal:
        apply(store, run, move, seen)

    assert refusal.value.code == "conflict"
    assert "sam made a change (move run)" in refusal.value.detail
    assert list(refusal.value.fields) == ["basis"]


def test_a_preview_is_stale_too_when_only_what_surrounds_the_run_is_another(store, run, team):
    move = Move(cast.session(store, run, 5), dt.date(2027, 2, 11))
    seen = preview(store, run, move).basis
    cast.ends(store, team[0], dt.date(2027, 2, 10))

    with pytest.raises(Refused) as refusal:
        apply(store, run, move, seen)

    assert refusal.value.code == "conflict"
    assert "its rules" in refusal.value.detail


@pytest.mark.parametrize("basis", ["", "1", "x-y", "9" * 50, "1-2-3-4-5-6-7", "-----"])
def test_a_basis_that_nobody_gave_is_stale(store, run, basis):
    with pytest.raises(Refused) as refusal:
        apply(store, run, MoveRun(dt.date(2027, 1, 26)), basis)

    assert refusal.value.code == "conflict"


def test_of_two_operators_at_once_one_wins_and_the_other_sees_what_changed(store, run):
    move = Move(cast.session(store, run, 5), dt.date(2027, 2, 11))
    moves = [move, MoveRun(dt.date(2027, 1, 26))]
    seen = [preview(store, run, each).basis for each in moves]
    line = threading.Barrier(2)

    def act(which):
        line.wait()
        try:
            apply(store, run, moves[which], seen[which], actor=("priya", "sam")[which])
        except Refused as refused:
            return refused
        return None

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(act, (0, 1)))

    [lost] = [each for each in found if each is not None]
    winner = ("priya", "sam")[found.index(None)]
    assert lost.code == "conflict"
    assert f"{winner} made a change" in lost.detail
    assert len(cast.rows(store, changes)) == 1
    assert len(told(store, RunChanged)) == 1


def test_time_is_taken_at_the_new_dates_and_given_back_at_the_old(store, run, team):
    apply(store, run, MoveRun(dt.date(2027, 1, 26)))

    taken = {each.starts_at.date().isoformat() for each in cast.rows(store, bookings)}
    assert taken == set(cast.dates(store, run))
    assert cast.booked(store, run) == 32


def test_somebody_who_is_elsewhere_at_the_new_time_shows_as_a_clash_and_the_database_refuses(store, run, team):
    other = cast.confirmed(store, team, "STI", "KT-STYAL-1", start=dt.date(2027, 1, 13), weekday="wed")
    move = Move(cast.session(store, run, 5), dt.date(2027, 2, 10))

    diff = preview(store, run, move)

    assert {(each.number, each.rule, each.facilitator_id) for each in diff.clashes} == {
        (5, "H6", each) for each in team
    }
    assert all("Styal" in each.why for each in diff.clashes)
    with pytest.raises(Refused) as refusal:
        apply(store, run, move, diff.basis, accept_breaches=True)
    assert refusal.value.code == "conflict"
    assert cast.dates(store, run) == TUESDAYS
    assert (cast.booked(store, run), cast.booked(store, other)) == (32, 32)


def test_a_gap_that_a_change_leaves_asks_for_a_holding_plan(that_morning, run):
    both = tuple(cast.session(that_morning, run, number) for number in (10, 11))

    apply(that_morning, run, Cancel(both, "prison_staff_training", "prison"))

    [task] = told(that_morning, TaskNeeded)
    assert (task.kind, task.reference) == ("holding_plan", "KT-7F3K-92")


def test_a_swap_tells_who_left_and_who_came(store, run, team):
    lee = cast.person(store, "Lee")
    swap = Swap((cast.session(store, run, 2),), out=team[1], into=lee)

    diff = preview(store, run, swap)
    apply(store, run, swap, diff.basis)

    [shift] = diff.people
    assert (shift.number, [each.name for each in shift.comes], [each.name for each in shift.goes]) == (
        2,
        ["Lee"],
        ["Ana"],
    )
    assert {each.name for each in diff.told.facilitators} == {"Tom", "Ana", "Lee"}
    [event] = told(store, RunChanged)
    assert (event.kind, event.left_ids, set(event.facilitator_ids)) == ("swap", (team[1],), {*team, lee})
    assert diff.people[0].number == 2


def test_memos_that_went_out_are_named_and_are_out_of_date_then(store, run):
    with store.work() as work:
        memo = memos.make_memo(
            work, run, organisation="Keytalk", purpose=None, host=None, session_id=None, actor="priya"
        )
        memos.send_memo(work, memo)
        memos.approve_memo(work, memo, None)

    diff = preview(store, run, MoveRun(dt.date(2027, 1, 26)))
    apply(store, run, MoveRun(dt.date(2027, 1, 26)), diff.basis)

    assert [(each.id, each.state) for each in diff.papers.memos] == [(memo, "approved")]
    assert diff.told.ops
    assert [row.state for row in cast.rows(store, gate_memos)] == ["out_of_date"]
    assert told(store, GateMemoChanged)[-1].state == "out_of_date"


def test_a_change_is_taken_back_exactly(that_morning, run, team):
    before = cast.loaded(that_morning, run)
    change = apply(that_morning, run, lockdown(that_morning, run), accept_breaches=True)
    with that_morning.database.reading() as connection:
        seen = reversing.preview_reversal(connection, change, now=that_morning.clock())

    back = take_back(that_morning, change, seen.basis)

    after = cast.loaded(that_morning, run)
    assert cast.dates(that_morning, run) == TUESDAYS
    assert [each.id for each in after.live] == [each.id for each in before.live]
    assert [(each.number, each.state) for each in after.sessions if not each.is_live] == [(9, "superseded")]
    [diff] = seen.diffs
    assert (diff.kind, [(each.number, each.rule) for each in diff.mended]) == ("reverse", [(10, "H3")])
    first, second = told(that_morning, RunChanged)
    assert (second.kind, second.change_id, [each.number for each in second.cancelled]) == ("reverse", back, [9])
    assert cast.booked(that_morning, run) == 32
    recorded = told(that_morning, SessionRecorded)
    assert [each.state for each in recorded] == ["cancelled", "planned"]
    assert [row.undone_by for row in cast.rows(that_morning, outcomes)] == ["priya"]
    revisions = {each.id: each.revision for each in first.sessions}
    assert all(each.revision > revisions.get(each.id, -1) for each in second.sessions if each.id in second.changed_ids)


def test_a_cancellation_is_taken_back_until_the_day_is_over(that_morning, run):
    change = apply(that_morning, run, Cancel((cast.session(that_morning, run, 9),), "no_escort", "prison"))
    evening = cast.at(that_morning, NINTH_OF_MARCH.replace(hour=20))
    next_day = cast.at(that_morning, NINTH_OF_MARCH + dt.timedelta(days=1))

    with pytest.raises(Refused, match="H11: session 9 would be put on 9 March 2027"):
        take_back(next_day, change)

    take_back(evening, change)
    assert cast.dates(that_morning, run) == TUESDAYS


def test_a_change_is_not_taken_back_twice(store, run):
    change = apply(store, run, MoveRun(dt.date(2027, 1, 26)))
    back = take_back(store, change)

    with pytest.raises(Refused, match="taken back already, by priya"):
        take_back(store, change)
    with pytest.raises(Refused, match="make it anew"):
        take_back(store, back)


def test_a_change_is_not_taken_back_once_a_later_one_touched_the_same_session(store, run):
    first = apply(store, run, Move(cast.session(store, run, 5), dt.date(2027, 2, 11)))
    second = apply(store, run, Move(cast.session(store, run, 5), dt.date(2027, 2, 10)))

    with pytest.raises(Refused, match="later change touched session 5"):
        take_back(store, first)

    take_back(store, second)
    take_back(store, first)
    assert cast.dates(store, run) == TUESDAYS


def test_a_change_of_other_sessions_does_not_stand_in_the_way(store, run):
    first = apply(store, run, Move(cast.session(store, run, 5), dt.date(2027, 2, 11)))
    apply(store, run, Move(cast.session(store, run, 7), dt.date(2027, 2, 24)))

    take_back(store, first)

    assert cast.dates(store, run) == (*TUESDAYS[:6], "2027-02-24", *TUESDAYS[7:])


def test_a_change_is_not_taken_back_once_a_session_of_it_was_held(store, run):
    change = apply(store, run, MoveRun(dt.date(2027, 1, 26)))
    first = cast.session(store, run, 1)
    with store.work() as work:
        work.connection.execute(sessions.update().where(sessions.c.id == first).values(state="delivered"))

    with pytest.raises(Refused, match="H11: session 1 was held on 26 January 2027 since"):
        take_back(cast.at(store, dt.datetime(2027, 1, 27, 9, tzinfo=dt.UTC)), change)


def test_what_was_made_up_since_has_to_go_first(that_morning, run):
    nine = cast.session(that_morning, run, 9)
    cancelled = apply(that_morning, run, Cancel((nine,), "no_escort", "prison"))
    made_up = apply(that_morning, run, MakeUp(nine, dt.date(2027, 3, 11)))

    with pytest.raises(Refused, match="would be there twice"):
        take_back(that_morning, cancelled)

    take_back(that_morning, made_up)
    take_back(that_morning, cancelled)
    assert cast.dates(that_morning, run) == TUESDAYS


def test_nothing_moves_on_with_a_session_that_is_out_of_the_row(store, run):
    session = cast.session(store, run, 2)
    apply(store, run, MakeUp(session, dt.date(2027, 2, 11), cause="no_escort", party="prison"), accept_breaches=True)

    with pytest.raises(Refused, match=r"Session 2 is out of the row.*Make it up on another date"):
        preview(store, run, lockdown(store, run, 2))


def held_all_but_the_last(store, run):
    evening = cast.at(store, dt.datetime(2027, 4, 20, 18, 0, tzinfo=dt.UTC))
    for number in range(1, 16):
        with evening.work() as work:
            delivery.record_delivered(work, cast.session(evening, run, number), actor="tom")
    return evening


def test_a_run_whose_last_session_falls_out_is_completed_and_goes_on_by_its_make_up(store, run):
    evening, last = held_all_but_the_last(store, run), cast.session(store, run, 16)

    gone = apply(evening, run, Cancel((last,), "no_escort", "prison"))
    assert cast.loaded(store, run).state == "completed"
    with pytest.raises(Refused, match="completed: nothing of it can be changed"):
        apply(evening, run, Cancel((last,), "no_escort", "prison"))
    take_back(evening, gone)
    assert cast.loaded(store, run).state == "confirmed"
    apply(evening, run, Cancel((last,), "no_escort", "prison"))
    apply(evening, run, MakeUp(last, dt.date(2027, 4, 28)))

    assert cast.loaded(store, run).state == "confirmed"
    assert cast.dates(store, run) == (*TUESDAYS[:15], "2027-04-28")
    assert {each.starts_at.date() for each in cast.rows(store, bookings)} >= {dt.date(2027, 4, 28)}


def test_a_run_whose_every_session_falls_out_is_cancelled_and_goes_on_by_a_make_up(store, run):
    every = tuple(each.id for each in cast.loaded(store, run).live)

    apply(store, run, Cancel(every, "no_escort", "prison"))
    assert (cast.loaded(store, run).state, cast.booked(store, run)) == ("cancelled", 0)
    apply(store, run, MakeUp(every[0], dt.date(2027, 1, 13)))

    assert (cast.loaded(store, run).state, cast.dates(store, run)) == ("confirmed", ("2027-01-13",))


def test_who_led_a_session_as_one_of_the_team_stays_so_when_the_team_is_another(store, run, team):
    first, lee = cast.session(store, run, 1), cast.person(store, "Lee")
    evening = cast.at(store, dt.datetime(2027, 1, 12, 17, 0, tzinfo=dt.UTC))

    apply(evening, run, Swap((), team[0], lee), accept_breaches=True)
    with evening.work() as work:
        delivery.record_delivered(work, first, actor="tom")

    led = {row.facilitator_id: row.role for row in cast.rows(store, assignments) if row.session_id == first}
    assert led == dict.fromkeys(team, "regular")


def test_a_change_there_is_none_of_is_not_found(store, run):
    with pytest.raises(Refused) as refusal:
        take_back(store, UUID(int=5))
    assert refusal.value.code == "not_found"
    with pytest.raises(Refused) as refusal:
        apply(store, UUID(int=5), MoveRun(dt.date(2027, 1, 26)))
    assert refusal.value.code == "not_found"


def test_when_something_breaks_on_the_way_nothing_is_stored(store, run, monkeypatch):
    def breaks(*_args):
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(changing, "mark_out_of_date", breaks)
    with pytest.raises(RuntimeError):
        apply(store, run, MoveRun(dt.date(2027, 1, 26)))

    assert cast.dates(store, run) == TUESDAYS
    assert cast.rows(store, changes) == []
    assert cast.booked(store, run) == 32
    assert told(store, RunChanged) == []
    assert told(store, GateMemoChanged) == []


def test_the_event_that_a_preview_gives_is_the_one_that_is_told(that_morning, run):
    move = Move(cast.session(that_morning, run, 12), dt.date(2027, 4, 1))
    seen = would_tell(that_morning, run, move)
    assert told(that_morning, RunChanged) == []

    apply(that_morning, run, move, accept_breaches=True)

    [published] = told(that_morning, RunChanged)
    assert replace(published, change_id=seen.change_id) == seen


def test_nobody_would_be_told_of_a_change_to_a_draft(store, team):
    draft = cast.run(store, team)

    assert would_tell(store, draft, MoveRun(dt.date(2027, 1, 26))) is None
