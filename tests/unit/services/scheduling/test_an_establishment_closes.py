"""An establishment closes on some dates: every session hit, over all runs, with what is done about each, as one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import event, select

from services.scheduling.domain.changes import Close, MakeUp
from services.scheduling.handlers import changing, closing, reversing
from services.scheduling.tables import blackouts, changes, outcomes, runs, sessions
from shared.contracts.scheduling import RunChanged, SessionRecorded
from shared.errors import Refused
from shared.persistence.work import new_id
from tests.unit.services.scheduling import change_cast as cast
from tests.unit.services.scheduling.change_cast import CASCADED, NINTH_OF_MARCH, TUESDAYS

THE_DAY = dt.date(2027, 3, 9)
MORNINGS = {"window": "am"}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    made = cast.new_database(request.param, tmp_path_factory.mktemp("closing"), request)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return cast.emptied(database)


@pytest.fixture
def two_runs(store):
    """One on Tuesday afternoons and one on Tuesday mornings, of two pairs, at Risley; both stand."""
    first = (cast.person(store, "Tom"), cast.person(store, "Ana"))
    second = (cast.person(store, "Lee"), cast.person(store, "Mo"))
    return cast.confirmed(store, first), cast.confirmed(store, second, reference="KT-7F3K-93", **MORNINGS)


@pytest.fixture
def that_morning(store, two_runs):
    return cast.at(store, NINTH_OF_MARCH)


def close(store, what, basis=None, **more):
    with store.work() as work:
        return closing.close_establishment(work, what, basis=basis, actor="priya", **more)


def preview(store, what):
    with store.database.reading() as connection:
        return closing.preview_closure(connection, what, now=store.clock())


def told(store, kind):
    return [each for each, _ in cast.told(store) if isinstance(each, kind)]


def lockdown(remedy="cascade", **more):
    return Close("RSI", THE_DAY, more.pop("last", THE_DAY), "lockdown_or_incident", remedy, **more)


def closures(store):
    return [(row.first, row.last, row.why, row.reason) for row in cast.rows(store, blackouts) if not row.yearly]


# The morning session of the day has begun at 08:30; at 08:20 both are still to come.
def test_the_preview_lists_every_session_over_all_runs_with_what_can_be_done(that_morning, two_runs):
    found = preview(that_morning, lockdown())

    hits = {(each.run.id, each.session.number, each.session.date) for each in found.hits}
    assert hits == {(each, 9, THE_DAY) for each in two_runs}
    for each in found.hits:
        dates = {choice.remedy: (choice.date, choice.last) for choice in each.choices}
        assert dates == {
            "cascade": (dt.date(2027, 3, 16), dt.date(2027, 5, 4)),
            "make_up": (dt.date(2027, 3, 10), dt.date(2027, 4, 27)),
            "drop": (None, dt.date(2027, 4, 27)),
        }
    assert [each.kind for each in found.several.diffs] == ["close", "close"]
    assert closures(that_morning) == []


def test_applied_it_is_one_group_a_blackout_and_an_event_for_each_run(that_morning, two_runs):
    group = close(that_morning, lockdown(), preview(that_morning, lockdown()).several.basis)

    assert [cast.dates(that_morning, each) for each in two_runs] == [CASCADED, CASCADED]
    assert closures(that_morning) == [(THE_DAY, THE_DAY, "lockdown or incident", "lockdown_or_incident")]
    assert {row.group_id for row in cast.rows(that_morning, changes)} == {group}
    assert {(each.run_id, each.kind, each.cause) for each in told(that_morning, RunChanged)} == {
        (each, "close", "lockdown_or_incident") for each in two_runs
    }
    assert [(row.remedy, row.chargeable) for row in cast.rows(that_morning, outcomes)] == [("cascade", False)] * 2
    assert [cast.booked(that_morning, each) for each in two_runs] == [32, 32]


def test_each_session_has_its_own_remedy(that_morning, two_runs):
    afternoon, morning = (cast.session(that_morning, each, 9) for each in two_runs)
    what = lockdown("drop", remedies=((morning, "make_up"),))

    close(that_morning, what)

    assert cast.dates(that_morning, two_runs[0]) == (*TUESDAYS[:8], *TUESDAYS[9:])
    assert cast.dates(that_morning, two_runs[1]) == (*TUESDAYS[:8], "2027-03-10", *TUESDAYS[9:])
    remedies = {row.session_id: row.remedy for row in cast.rows(that_morning, outcomes)}
    assert remedies == {afternoon: "drop", morning: "make_up"}


def test_where_the_day_of_a_make_up_closes_it_is_made_up_again_and_nothing_else_moves(store, two_runs):
    made_up = MakeUp(cast.session(store, two_runs[0], 2), dt.date(2027, 2, 11), cause="no_escort", party="prison")
    with store.work() as work:
        changing.apply(work, two_runs[0], made_up, basis=None, actor="priya", accept_breaches=True)
    eleventh = replace(lockdown(), first=dt.date(2027, 2, 11), last=dt.date(2027, 2, 11))

    [hit] = preview(store, eleventh).hits
    close(store, eleventh)

    assert (hit.session.number, hit.session.date) == (2, dt.date(2027, 2, 11))
    # The next day that is worked, a Friday.
    assert sorted(cast.dates(store, two_runs[0])) == sorted(("2027-02-12", TUESDAYS[0], *TUESDAYS[2:]))
    assert [row.remedy for row in cast.rows(store, outcomes) if row.session_id == hit.session.id] == ["make_up"]


def test_a_run_that_is_held_remotely_goes_on_where_a_place_closes(that_morning, two_runs):
    with that_morning.work() as work:
        work.connection.execute(runs.update().where(runs.c.id == two_runs[0]).values(mode="remote"))

    assert {each.run.id for each in preview(that_morning, lockdown()).hits} == {two_runs[1]}
    close(that_morning, lockdown())

    assert [cast.dates(that_morning, each) for each in two_runs] == [TUESDAYS, CASCADED]


def test_taken_back_the_whole_group_goes_and_the_closure_with_it(that_morning, two_runs):
    group = close(that_morning, lockdown())
    with that_morning.database.reading() as connection:
        seen = reversing.preview_reversal(connection, group, now=that_morning.clock())
    assert len(seen.diffs) == 2
    assert [each.new_breaches for each in seen.diffs] == [(), ()]

    with that_morning.work() as work:
        reversing.reverse_change(work, group, basis=seen.basis, actor="priya")

    assert [cast.dates(that_morning, each) for each in two_runs] == [TUESDAYS, TUESDAYS]
    assert closures(that_morning) == []
    assert [each.state for each in told(that_morning, SessionRecorded)] == ["cancelled"] * 2 + ["planned"] * 2


def test_one_run_that_cannot_be_changed_so_holds_up_all(that_morning, two_runs, store):
    ana = cast.loaded(store, two_runs[0]).facilitator_ids[1]
    cast.ends(store, ana, dt.date(2027, 3, 19))

    with pytest.raises(Refused) as refusal:
        close(that_morning, lockdown())

    assert list(refusal.value.fields) == ["H3"]
    assert [cast.dates(that_morning, each) for each in two_runs] == [TUESDAYS, TUESDAYS]
    assert closures(that_morning) == []
    assert close(that_morning, lockdown(), accept_breaches=True) is not None


def test_a_stale_look_at_a_closure_is_refused(that_morning, two_runs):
    seen = preview(that_morning, lockdown()).several.basis
    close(that_morning, replace(lockdown("drop"), first=dt.date(2027, 3, 16), last=dt.date(2027, 3, 16)))

    with pytest.raises(Refused) as refusal:
        close(that_morning, lockdown(), seen)

    assert refusal.value.code == "conflict"


def test_a_closure_that_hits_nothing_is_put_on_file_all_the_same(that_morning):
    assert close(that_morning, replace(lockdown(), first=dt.date(2027, 3, 10), last=dt.date(2027, 3, 11))) is None
    assert [row[:2] for row in closures(that_morning)] == [(dt.date(2027, 3, 10), dt.date(2027, 3, 11))]


def test_what_has_begun_and_what_was_held_stay_as_they_are(that_morning, two_runs):
    noon = cast.at(that_morning, NINTH_OF_MARCH.replace(hour=12))

    close(noon, lockdown())

    assert cast.dates(noon, two_runs[0]) == CASCADED
    assert cast.dates(noon, two_runs[1]) == TUESDAYS


def test_a_draft_that_lies_on_the_dates_is_changed_and_nobody_is_told_of_it(store):
    pair = cast.person(store, "Tom"), cast.person(store, "Ana")
    draft = cast.run(store, pair)

    close(cast.at(store, NINTH_OF_MARCH), lockdown())

    assert cast.dates(store, draft) == CASCADED
    assert told(store, RunChanged) == []
    assert cast.rows(store, outcomes) == []


@pytest.mark.parametrize(
    ("changes_of_it", "code", "field"),
    [
        ({"establishment_id": "XXX"}, "not_found", "establishment"),
        ({"first": dt.date(2027, 3, 1), "last": dt.date(2027, 3, 8)}, "invalid", "first"),
        ({"first": dt.date(2027, 3, 20)}, "invalid", "last"),
        ({"last": dt.date(2029, 3, 9)}, "invalid", "last"),
        ({"remedies": ((UUID(int=4), "drop"),)}, "not_found", "remedies"),
    ],
)
def test_a_closure_that_cannot_be_is_refused(that_morning, changes_of_it, code, field):
    with pytest.raises(Refused) as refusal:
        preview(that_morning, replace(lockdown(), **changes_of_it))

    assert refusal.value.code == code
    assert list(refusal.value.fields) == [field]


def test_ten_thousand_sessions_of_other_days_cost_one_query(that_morning, two_runs):
    """The hits are found by one statement; runs on other days are not looked at one by one."""
    with that_morning.database.reading() as connection:
        pattern = dict(connection.execute(select(runs).where(runs.c.id == two_runs[0])).one()._mapping)
        session = dict(connection.execute(select(sessions).where(sessions.c.run_id == two_runs[0])).first()._mapping)
    known = [{**pattern, "id": new_id(), "enquiry": f"KT-MANY-{each}", "state": "draft"} for each in range(625)]
    many = [
        {**session, "id": new_id(), "run_id": run["id"], "number": number + 1, "date": THE_DAY + dt.timedelta(days=1)}
        for run in known
        for number in range(16)
    ]
    with that_morning.work() as work:
        work.connection.execute(runs.insert(), known)
        work.connection.execute(sessions.insert(), many)
    statements = []
    engine = that_morning.database.engine
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    found = preview(that_morning, lockdown())

    assert len(found.hits) == 2
    assert len(statements) < 200
