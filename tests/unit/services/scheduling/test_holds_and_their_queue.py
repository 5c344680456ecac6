"""Holds take time for a while, queue, and let the next one up; every date here was counted on a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.scheduling.domain.commands import PlanRun
from services.scheduling.handlers import holds, planning
from services.scheduling.queries.holds import list_holds
from shared.contracts.scheduling import HoldChanged, TaskNeeded
from shared.errors import Refused
from tests.unit.services.scheduling import hold_cast as cast
from tests.unit.services.scheduling.meeting import meeting

ENGLAND_TEN_WORKING_DAYS = date(2026, 12, 30)
"""After 14 December: 15, 16, 17, 18, 21, 22, 23, 24, then 29 and 30: the 25th and the 28th are bank holidays."""
END_OF_30_DECEMBER = datetime(2026, 12, 31, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    made = cast.new_database(request.param, tmp_path_factory.mktemp("holds"), request)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return cast.emptied(database)


@pytest.fixture
def team(store):
    return cast.pair(store)


@pytest.fixture
def featherstone(store, team):
    return cast.draft(store, "KT-FSI", "FSI", team)


@pytest.fixture
def oakwood(store, team):
    return cast.draft(store, "KT-OWI", "OWI", team)


def changes(store):
    return [(event.state, event.establishment_id, event.rank) for event, _ in cast.told(store) if _is_hold(event)]


def _is_hold(event):
    return isinstance(event, HoldChanged)


def listed(store, state="active"):
    with store.database.reading() as connection:
        return list_holds(connection, state=state, limit=50)


def test_the_first_hold_takes_the_time_for_ten_working_days_and_warns_after_seven(store, featherstone):
    hold = cast.place(store, featherstone)

    row = cast.hold_row(store, hold)
    assert (row.rank, row.state, row.expires_on) == (1, "active", ENGLAND_TEN_WORKING_DAYS)
    assert cast.state_of(store, featherstone) == "held"
    assert cast.booked(store, featherstone) == 32
    assert cast.jobs(store) == [
        ("warn_of_holds", str(hold), datetime(2026, 12, 23, 9, 0, tzinfo=UTC)),
        ("expire_holds", str(hold), END_OF_30_DECEMBER),
    ]
    [(event, sequence)] = [each for each in cast.told(store) if _is_hold(each[0])]
    assert (event.state, event.rank, event.expires_on, sequence) == ("placed", 1, ENGLAND_TEN_WORKING_DAYS, 1)
    assert (event.first_date, event.last_date) == (date(2027, 3, 2), date(2027, 6, 15))


def test_a_hold_in_scotland_counts_scottish_days(store, team):
    with store.work() as work:
        work.connection.execute(
            cast.establishments.update().where(cast.establishments.c.id == "FSI").values(nation="scotland")
        )
    hold = cast.place(cast.at(store, datetime(2026, 12, 30, 10, tzinfo=UTC)), cast.draft(store, "KT-1", "FSI", team), 2)

    # 31 December is worked; 1 January is a Friday off, and 4 January stands in for the 2nd, in Scotland only.
    assert cast.hold_row(store, hold).expires_on == date(2027, 1, 5)


def test_a_hold_of_the_same_pair_waits_behind_and_takes_no_time(store, featherstone, oakwood):
    cast.place(store, featherstone)

    hold = cast.place(store, oakwood)

    assert cast.hold_row(store, hold).rank == 2
    assert cast.state_of(store, oakwood) == "draft"
    assert cast.booked(store, oakwood) == 0
    first, second = listed(store)
    assert [each["establishment"]["id"] for each in first["waiting_behind"]] == ["OWI"]
    assert first["expires_on"] == "2026-12-30"
    assert [(each["establishment"]["id"], each["expires_on"]) for each in second["waits_for"]] == [
        ("FSI", "2026-12-30")
    ]
    assert second["expires_on"] is None


def test_a_gap_that_is_too_short_makes_a_hold_wait_though_no_hour_is_shared(store, team):
    # Featherstone until 11:30; the gate out and the gate in take longer than the hour that is left.
    cast.place(store, cast.draft(store, "KT-FSI", "FSI", team))
    close = cast.draft(store, "KT-OWI", "OWI", team, time=cast.time(12, 30), window=None)

    hold = cast.place(store, close)

    assert cast.hold_row(store, hold).rank == 2


def test_a_facilitator_on_a_tuesday_programme_is_free_on_wednesday(store, team, featherstone):
    cast.confirm(store, featherstone)

    hold = cast.place(store, cast.draft(store, "KT-OWI", "OWI", team, weekday="wed"))

    assert cast.hold_row(store, hold).rank == 1


def test_a_room_that_is_held_makes_a_hold_of_other_people_wait(store, team):
    taken = cast.room(store, "FSI")
    others = cast.facilitator(store, "Lee"), cast.facilitator(store, "Sam")
    cast.place(store, cast.draft(store, "KT-1", "FSI", team, room=taken))

    hold = cast.place(store, cast.draft(store, "KT-2", "FSI", others, room=taken))

    assert cast.hold_row(store, hold).rank == 2
    assert [each["establishment"]["id"] for each in listed(store)[0]["waiting_behind"]] == ["FSI"]


def test_time_that_is_confirmed_cannot_be_held_and_the_words_say_which_session_and_with_what(
    store, featherstone, oakwood
):
    cast.confirm(store, featherstone)

    with pytest.raises(Refused, match="session 1 on 2 March 2027 with a session at Featherstone") as refused:
        cast.place(store, oakwood)

    assert refused.value.code == "refused"
    assert "Tom" not in str(refused.value)
    assert cast.state_of(store, oakwood) == "draft"


def test_a_run_is_held_once(store, featherstone):
    cast.place(store, featherstone)

    with pytest.raises(Refused, match="has a hold already"):
        cast.place(store, featherstone)


def test_a_run_that_has_begun_is_not_held(store, featherstone):
    with pytest.raises(Refused, match="not ahead of us"):
        cast.place(cast.at(store, datetime(2027, 3, 2, 9, tzinfo=UTC)), featherstone)


def test_when_the_first_lapses_the_next_moves_up_with_a_fresh_end_and_both_are_told(store, featherstone, oakwood):
    first, second = cast.place(store, featherstone), cast.place(store, oakwood)
    on_the_day = cast.at(store, datetime(2026, 12, 30, 23, 59, tzinfo=UTC))
    holds.expire_holds(on_the_day, [first])
    assert cast.hold_row(store, first).state == "active"

    then = cast.at(store, END_OF_30_DECEMBER)
    for _ in range(2):
        holds.expire_holds(then, [first, second])
        holds.promote_holds(then)

    assert cast.hold_row(store, first).state == "expired"
    assert (cast.state_of(store, featherstone), cast.booked(store, featherstone)) == ("draft", 0)
    row = cast.hold_row(store, second)
    # After 31 December: 4 to 8 and 11 to 15 January; the 1st is a bank holiday.
    assert (row.rank, row.state, row.expires_on) == (1, "active", date(2027, 1, 15))
    assert (cast.state_of(store, oakwood), cast.booked(store, oakwood)) == ("held", 32)
    assert changes(store) == [
        ("placed", "FSI", 1),
        ("placed", "OWI", 2),
        ("expired", "FSI", 1),
        ("promoted", "OWI", 1),
    ]
    assert [sequence for event, sequence in cast.told(store) if _is_hold(event)] == [1, 1, 2, 2]


def test_a_lapse_has_those_who_wait_looked_at(store, featherstone, oakwood):
    first, _ = cast.place(store, featherstone), cast.place(store, oakwood)

    holds.expire_holds(cast.at(store, END_OF_30_DECEMBER), [first])

    assert ("promote_holds", str(featherstone), END_OF_30_DECEMBER) in cast.jobs(store)


def test_a_release_lets_the_next_up_and_the_third_stays_behind_it(store, team, featherstone, oakwood):
    first, second = cast.place(store, featherstone), cast.place(store, oakwood)
    third = cast.place(store, cast.draft(store, "KT-3", "OWI", team))
    assert cast.hold_row(store, third).rank == 3

    cast.release(store, first)
    holds.promote_holds(store)

    assert [cast.hold_row(store, each).rank for each in (second, third)] == [1, 2]
    assert cast.hold_row(store, third).expires_on == ENGLAND_TEN_WORKING_DAYS
    with pytest.raises(Refused, match="released already"):
        cast.release(store, first)


@pytest.mark.parametrize("by", ["release", "a new plan"])
def test_one_placed_while_the_first_is_being_released_moves_up(store, team, featherstone, oakwood, by):
    first, placed = cast.place(store, featherstone), []
    anew = PlanRun(date(2027, 3, 4), "thu", "am", team)

    def release(work):
        if by == "release":
            holds.release_hold(work, first)
        else:
            planning.plan_run(work, cast.won("KT-FSI", "FSI"), anew)

    meeting(
        store,
        lambda work: placed.append(holds.place_hold(work, oakwood, days=10, actor="priya")),
        release,
    )

    assert "promote_holds" in {kind for kind, _, _ in cast.jobs(store)}
    holds.promote_holds(store)
    assert cast.hold_row(store, placed[0]).rank == 1


def test_who_fits_moves_up_past_one_who_does_not(store):
    tom, ana, lee, sam = (cast.facilitator(store, name) for name in ("Tom", "Ana", "Lee", "Sam"))
    first = cast.place(store, cast.draft(store, "KT-1", "FSI", (tom, ana)))
    cast.place(store, cast.draft(store, "KT-2", "FSI", (lee, sam)))
    stuck = cast.place(store, cast.draft(store, "KT-3", "OWI", (tom, lee)))
    fits = cast.place(store, cast.draft(store, "KT-4", "OWI", (ana, tom)))

    cast.release(store, first)
    holds.promote_holds(store)

    assert cast.hold_row(store, fits).rank == 1
    assert cast.hold_row(store, stuck).rank == 2


def test_a_draft_planned_anew_releases_its_hold_and_the_next_moves_up(store, team, featherstone, oakwood):
    first, second = cast.place(store, featherstone), cast.place(store, oakwood)

    again = cast.draft(store, "KT-FSI", "FSI", team, weekday="thu")
    holds.promote_holds(store)

    assert again == featherstone
    assert cast.hold_row(store, first).state == "released"
    assert (cast.state_of(store, featherstone), cast.booked(store, featherstone)) == ("draft", 0)
    assert cast.hold_row(store, second).rank == 1


def test_confirming_a_held_run_converts_its_hold_and_releases_who_waited_for_its_time(store, featherstone, oakwood):
    first, second = cast.place(store, featherstone), cast.place(store, oakwood)

    cast.confirm(store, featherstone)
    holds.promote_holds(store)

    assert (cast.hold_row(store, first).state, cast.state_of(store, featherstone)) == ("converted", "confirmed")
    assert cast.booked(store, featherstone) == 32
    assert (cast.hold_row(store, second).state, cast.state_of(store, oakwood)) == ("released", "draft")
    assert changes(store)[2:] == [("converted", "FSI", 1), ("released", "OWI", 2)]
    [task] = [event for event, _ in cast.told(store) if isinstance(event, TaskNeeded)]
    assert (task.reference, task.kind, task.due_on) == ("KT-OWI", "hold_given_up", date(2026, 12, 14))
    assert task.title == "Tell them that the dates they waited for went to somebody else, and look for others"


def test_confirming_a_draft_is_refused_with_whose_hold_it_is_and_until_when(store, featherstone, oakwood):
    cast.place(store, featherstone)

    with pytest.raises(Refused) as refused:
        cast.confirm(store, oakwood, place="OWI")

    assert refused.value.code == "refused"
    assert "Featherstone (HMP) holds it until the end of 30 December 2026" in refused.value.detail
    assert "Tom" not in refused.value.detail
    assert cast.state_of(store, oakwood) == "draft"


def test_a_hold_ends_soon_is_told_once_for_each_last_day(store, featherstone):
    hold = cast.place(store, featherstone)
    holds.warn_of_holds(cast.at(store, datetime(2026, 12, 22, 9, tzinfo=UTC)), [hold])
    assert changes(store) == [("placed", "FSI", 1)]

    seventh = cast.at(store, datetime(2026, 12, 23, 9, tzinfo=UTC))
    holds.warn_of_holds(seventh, [hold])
    holds.warn_of_holds(seventh, [hold])
    with seventh.work() as work:
        holds.extend_hold(work, hold, days=10)
    holds.warn_of_holds(seventh, [hold])
    # Ten working days after 30 December: 31, then 4 to 8 and 11 to 14 January; three before the end is the 11th.
    assert cast.hold_row(store, hold).expires_on == date(2027, 1, 14)
    holds.warn_of_holds(cast.at(store, datetime(2027, 1, 11, 9, tzinfo=UTC)), [hold])

    assert changes(store) == [("placed", "FSI", 1), ("ending", "FSI", 1), ("ending", "FSI", 1)]
    assert ("warn_of_holds", str(hold), datetime(2027, 1, 11, 9, tzinfo=UTC)) in cast.jobs(store)


def test_an_extended_hold_outlives_its_first_end_and_is_not_extended_twice(store, featherstone):
    hold = cast.place(store, featherstone)
    with store.work() as work:
        holds.extend_hold(work, hold, days=3)

    holds.expire_holds(cast.at(store, END_OF_30_DECEMBER), [hold])

    # 31 December, 4 and 5 January.
    assert cast.hold_row(store, hold).expires_on == date(2027, 1, 5)
    assert cast.hold_row(store, hold).state == "active"
    with pytest.raises(Refused, match="once is all"), store.work() as work:
        holds.extend_hold(work, hold, days=1)


def test_where_somebody_waits_an_extension_takes_force_and_a_reason(store, featherstone, oakwood):
    first, second = cast.place(store, featherstone), cast.place(store, oakwood)

    with pytest.raises(Refused, match="Oakwood") as refused, store.work() as work:
        holds.extend_hold(work, first, days=5, reason="prison_asked")
    assert refused.value.code == "refused"
    with pytest.raises(Refused, match="Say why") as refused, store.work() as work:
        holds.extend_hold(work, first, days=5, force=True)
    assert "reason" in refused.value.fields
    with store.work() as work:
        holds.extend_hold(work, first, days=5, force=True, reason="agreement_being_signed")
    holds.promote_holds(store)

    row = cast.hold_row(store, first)
    # 31 December, then 4 to 7 January.
    assert (row.expires_on, row.extended_for) == (date(2027, 1, 7), "agreement_being_signed")
    waiting = cast.hold_row(store, second)
    assert (waiting.rank, waiting.expires_on) == (2, date(2027, 1, 7))


def test_one_that_waits_is_not_extended_and_does_not_lapse_by_itself(store, featherstone, oakwood):
    first, second = cast.place(store, featherstone), cast.place(store, oakwood)
    with pytest.raises(Refused, match="waits with rank 2"), store.work() as work:
        holds.extend_hold(work, second, days=5)
    cast.release(store, second)

    assert cast.hold_row(store, second).state == "released"
    assert cast.hold_row(store, first).state == "active"
    assert cast.booked(store, featherstone) == 32


def test_events_name_no_person(store, featherstone):
    cast.place(store, featherstone)

    event = next(event for event, _ in cast.told(store) if _is_hold(event))

    assert not any("Tom" in str(value) or "priya" in str(value) for value in vars_of(event))


def vars_of(event):
    return [getattr(event, name) for name in type(event).__slots__]
