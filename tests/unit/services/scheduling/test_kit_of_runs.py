"""What is brought in, on both databases: agreed or not, left out or replaced, counted out and in again."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import update

from services.scheduling.handlers import kit
from services.scheduling.queries import papers
from services.scheduling.tables import kit_approvals, kit_counts, runs
from shared.contracts.scheduling import TaskNeeded
from shared.errors import Refused
from tests.unit.services.scheduling.papers_cast import (
    BOOKS,
    ITEMS,
    NEEDLES,
    RUN,
    add_run,
    at,
    change_session,
    furnished,
    new_database,
    rows,
    session_id,
    told,
)

OTHER = UUID(int=901)
DAY_ONE = "2027-01-12T17:00"
GOING_IN = {ITEMS: 12, NEEDLES: 100}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("kit"), request)
    yield database
    database.close()


@pytest.fixture
def store(database):
    return furnished(database)


def kit_list(store, run_id=RUN):
    with store.database.reading() as connection:
        return papers.get_kit_list(connection, run_id)


def test_a_list_names_the_place(store):
    assert kit_list(store, RUN)["establishment"] == "Risley (HMP)"


def standing(store, run_id=RUN):
    return {each["item"]: each["standing"] for each in kit_list(store, run_id)["items"]}


def approve(store, item, until=None, place="RSI"):
    with store.work() as work:
        kit.approve_kit(work, place, item, until=until, approval="SEC-1", actor="priya")


def refuse(store, item, place="RSI"):
    with store.work() as work:
        return kit.refuse_kit(work, place, item, actor="priya")


def count_out(store, counts, number=1, moment="2027-01-12T12:00"):
    with at(store, moment).work() as work:
        kit.count_out(work, session_id(number), counts, actor="tom")


def count_in(store, counts, number=1, moment=DAY_ONE):
    with at(store, moment).work() as work:
        return kit.count_in(work, session_id(number), counts, actor="tom")


def test_each_item_says_how_it_stands_up_to_the_last_session(store):
    with store.work() as work:
        kit.request_kit(work, "rsi", [BOOKS, NEEDLES], actor="priya")
    assert standing(store) == {BOOKS: "requested", ITEMS: "not_asked", NEEDLES: "requested"}

    approve(store, BOOKS)
    approve(store, ITEMS, until=dt.date(2027, 4, 27))
    approve(store, NEEDLES, until=dt.date(2027, 4, 26))

    assert standing(store) == {BOOKS: "approved", ITEMS: "approved", NEEDLES: "lapses"}


def test_asking_again_does_not_take_an_answer_back(store):
    approve(store, BOOKS)
    with store.work() as work:
        kit.request_kit(work, "RSI", [BOOKS], actor="priya")

    assert standing(store)[BOOKS] == "approved"


def test_an_item_refused_at_one_site_is_a_choice_for_its_runs_and_stays_agreed_elsewhere(store):
    with store.work() as work:
        add_run(work, OTHER, "STI", "KT-2222-22", offset=100)
    approve(store, NEEDLES, place="STI")

    assert refuse(store, NEEDLES) == [RUN]

    [task] = told(store, TaskNeeded)
    assert (task.kind, task.reference, task.due_on) == ("kit_refused", "KT-7F3K-92", dt.date(2026, 12, 1))
    assert "bring something else" in task.title
    assert len(task.key) <= 120
    [item] = [each for each in kit_list(store)["items"] if each["item"] == NEEDLES]
    assert (item["standing"], len(item["choices"])) == ("refused", 2)
    assert standing(store, OTHER)[NEEDLES] == "approved"


def test_nothing_is_dropped_by_a_refusal(store):
    refuse(store, NEEDLES)

    assert NEEDLES in standing(store)
    assert kit_list(store)["left_out"] == []


def test_runs_that_do_without_it_are_over_or_remote_are_not_asked(store):
    with store.work() as work:
        kit.leave_out_kit(work, RUN, NEEDLES, instead=None, actor="priya")
    assert refuse(store, NEEDLES) == []
    assert refuse(at(store, "2027-05-01T09:00"), BOOKS) == []
    with store.work() as work:
        work.connection.execute(update(runs).values(mode="remote"))
    assert refuse(store, ITEMS) == []


def test_what_is_brought_instead_has_the_same_number_and_has_to_be_agreed_itself(store):
    with store.work() as work:
        kit.leave_out_kit(work, RUN, NEEDLES, instead="ear seeds", actor="priya")

    items = {each["item"]: each for each in kit_list(store)["items"]}
    assert NEEDLES not in items
    seeds = items["ear seeds"]
    assert (seeds["quantity"], seeds["instead_of"], seeds["standing"]) == (120, NEEDLES, "not_asked")
    approve(store, "ear seeds")
    assert standing(store)["ear seeds"] == "approved"


@pytest.mark.parametrize("state", ["draft", "held"])
def test_nothing_is_counted_out_for_a_run_that_is_not_confirmed(store, state):
    with store.work() as work:
        work.connection.execute(update(runs).values(state=state))

    with pytest.raises(Refused, match=f"This run is {state}. Kit goes in once it is confirmed"):
        count_out(store, GOING_IN)
    assert rows(store, kit_counts) == []


def test_what_was_left_out_can_be_brought_again(store):
    with store.work() as work:
        kit.leave_out_kit(work, RUN, NEEDLES, instead=None, actor="priya")
        kit.leave_out_kit(work, RUN, NEEDLES, instead="ear seeds", actor="priya")
        kit.bring_kit(work, RUN, NEEDLES)

    assert list(standing(store)) == [BOOKS, ITEMS, NEEDLES]
    with pytest.raises(Refused, match="was not left out"), store.work() as work:
        kit.bring_kit(work, RUN, NEEDLES)


def test_what_comes_instead_must_be_new_and_not_refused_there_too(store):
    with store.work() as work:
        kit.leave_out_kit(work, RUN, BOOKS, instead="ear seeds", actor="priya")
    refuse(store, "ear seeds")
    with store.work() as work:
        kit.bring_kit(work, RUN, BOOKS)

    for instead, why in (("ear seeds", "either"), (BOOKS, "already"), (NEEDLES, "already")):
        with pytest.raises(Refused, match=why) as caught, store.work() as work:
            kit.leave_out_kit(work, RUN, NEEDLES, instead=instead, actor="priya")
        assert caught.value.fields["instead"]
    assert kit_list(store)["left_out"] == []


def test_unknown_items_places_and_runs_are_said_to_be_unknown(store):
    for act in (
        lambda work: kit.request_kit(work, "RSI", ["needels"], actor="priya"),
        lambda work: kit.approve_kit(work, "RSI", "needels", until=None, approval=None, actor="priya"),
        lambda work: kit.refuse_kit(work, "RSI", "needels", actor="priya"),
        lambda work: kit.leave_out_kit(work, RUN, "needels", instead=None, actor="priya"),
    ):
        with pytest.raises(Refused, match="acupuncture needles") as caught, store.work() as work:
            act(work)
        assert caught.value.code == "not_found"
    with pytest.raises(Refused, match="no establishment"), store.work() as work:
        kit.approve_kit(work, "ZZZ", NEEDLES, until=None, approval=None, actor="priya")
    with pytest.raises(Refused, match="no run"), store.work() as work:
        kit.leave_out_kit(work, UUID(int=5), NEEDLES, instead=None, actor="priya")
    assert rows(store, kit_approvals) == []


def test_an_approval_that_has_ended_already_is_not_one(store):
    with pytest.raises(Refused, match="date is past"):
        approve(store, NEEDLES, until=dt.date(2026, 11, 30))
    approve(store, NEEDLES, until=dt.date(2026, 12, 1))


def test_a_run_that_is_over_changes_no_kit(store):
    with store.work() as work:
        work.connection.execute(update(runs).values(state="completed"))
    with pytest.raises(Refused, match="is completed"), store.work() as work:
        kit.leave_out_kit(work, RUN, NEEDLES, instead=None, actor="priya")


def test_all_that_came_back_is_no_task(store):
    count_out(store, GOING_IN)

    assert count_in(store, GOING_IN) == ()
    assert told(store, TaskNeeded) == []
    counted = {each["item"]: (each["counted_out"], each["counted_in"]) for each in kit_list(store)["counts"]}
    assert counted == {ITEMS: (12, 12), NEEDLES: (100, 100)}


def test_a_needle_that_did_not_come_back_is_told_at_once_and_is_a_task_for_today(store):
    count_out(store, GOING_IN)

    [difference] = count_in(store, {ITEMS: 12, NEEDLES: 99})

    assert (difference.item, difference.missing) == (NEEDLES, 1)
    [task] = told(store, TaskNeeded)
    assert (task.kind, task.due_on, task.key) == ("kit_count", dt.date(2027, 1, 12), f"kit-count:{session_id(1)}")


def test_more_than_went_in_is_a_difference_too_and_a_count_can_be_corrected(store):
    count_out(store, GOING_IN)

    [difference] = count_in(store, {ITEMS: 13, NEEDLES: 100})
    assert difference.missing == -1
    assert count_in(store, GOING_IN) == ()


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ({NEEDLES: 100}, "Count 'sensory and grounding items' too."),
        ({**GOING_IN, "drum": 1}, "'drum' is not on the kit list"),
        ({ITEMS: 12, NEEDLES: 121}, "The list has 120"),
    ],
)
def test_a_count_out_that_cannot_be_is_refused_whole(store, counts, why):
    with pytest.raises(Refused) as caught:
        count_out(store, counts)

    assert any(why in said for said in caught.value.fields["counts"])
    assert rows(store, kit_counts) == []


@pytest.mark.parametrize(
    ("counts", "why"),
    [({NEEDLES: 100}, "Count 'sensory and grounding items' too."), ({**GOING_IN, BOOKS: 1}, "did not go in")],
)
def test_a_count_in_that_leaves_something_out_is_refused(store, counts, why):
    count_out(store, GOING_IN)
    with pytest.raises(Refused) as caught:
        count_in(store, counts)

    assert any(why in said for said in caught.value.fields["counts"])


def test_counting_has_its_time_and_its_order(store):
    with pytest.raises(Refused, match="on the day itself"):
        count_out(store, GOING_IN, number=2)
    with pytest.raises(Refused, match="Nothing was counted out"):
        count_in(store, GOING_IN)
    count_out(store, GOING_IN)
    count_out(store, {**GOING_IN, NEEDLES: 90})
    count_in(store, {**GOING_IN, NEEDLES: 90})
    with pytest.raises(Refused, match="counted in again already"):
        count_out(store, GOING_IN)
    with store.work() as work:
        change_session(work, 2, state="cancelled")
    with pytest.raises(Refused, match="does not take place"):
        count_out(store, GOING_IN, number=2, moment="2027-01-19T12:00")
    with pytest.raises(Refused, match="no session"):
        count_out(store, GOING_IN, number=99)


def lists_due(store, moment):
    with at(store, moment).work() as work:
        kit.find_due_lists(work)
    return [task for task in told(store, TaskNeeded) if task.kind == "kit_list_due"]


def test_a_kit_list_that_is_not_agreed_is_asked_for_fifteen_working_days_before(store):
    # Ten working days before 12 January 2027 is 24 December; five more: 23, 22, 21, 18, 17 December.
    assert lists_due(store, "2026-12-16T05:00") == []
    [task] = lists_due(store, "2026-12-17T05:00")

    assert (task.reference, task.due_on) == ("KT-7F3K-92", dt.date(2026, 12, 17))


def test_a_kit_list_that_is_asked_for_or_agreed_throughout_is_not_due(store):
    approve(store, BOOKS)
    approve(store, ITEMS)
    with store.work() as work:
        kit.request_kit(work, "RSI", [NEEDLES], actor="priya")
    assert lists_due(store, "2026-12-17T05:00") == []

    approve(store, NEEDLES, until=dt.date(2027, 3, 1))
    [task] = lists_due(store, "2026-12-17T05:00")
    assert NEEDLES in task.title
    assert BOOKS not in task.title
