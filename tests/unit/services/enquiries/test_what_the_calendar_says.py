"""What scheduling tells enquiries: tasks for whoever an enquiry is with, and what became of its sessions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import update

from services.enquiries.handlers import calendar, merging, tasks
from services.enquiries.queries.tasks import TasksWanted, list_tasks
from services.enquiries.tables import enquiries, timeline
from services.enquiries.tables import tasks as tasks_table
from shared.clock import parse_moment
from shared.contracts.scheduling import SessionRecorded, TaskNeeded
from tests.enquiry_store import at, emptied, filed, new_database, rows, shown

TUESDAY = parse_moment("2026-11-24T09:30")
DUE = dt.date(2026, 12, 24)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("calendar"), request)
    yield database
    database.close()


@pytest.fixture
def store(database):
    return emptied(database, TUESDAY)


@pytest.fixture
def reference(store):
    return filed(store)


def needed(reference, number=1, key="gate-memo-due:run:2027-01-12", **more):
    task = TaskNeeded(UUID(int=number), key, reference, "gate_memo_due", "Make and send the gate memo", DUE)
    return replace(task, **more)


def session(reference, state="delivered", number=1, **more):
    event = SessionRecorded(
        session_id=UUID(int=50),
        run_id=UUID(int=9),
        reference=reference,
        number=number,
        date=dt.date(2027, 1, 12),
        state=state,
        cause=None,
        party=None,
        remedy=None,
        chargeable=True,
        attended=None,
    )
    return replace(event, **more)


def hear(store, *events):
    with store.work() as work:
        for event in events:
            if isinstance(event, TaskNeeded):
                calendar.when_task_needed(work, event)
            else:
                calendar.when_session_recorded(work, event)


def own(store, reference, owner):
    with store.work() as work:
        work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(owner=owner))


def of_calendar(store):
    return [row for row in rows(store, tasks_table) if row.kind == "gate_memo_due"]


def steps(store):
    found = [row for row in rows(store, timeline) if row.kind == "session"]
    return [(row.about, row.was, row.now) for row in sorted(found, key=lambda row: (row.at, row.id))]


def test_a_task_is_for_whoever_the_enquiry_is_with(store, reference):
    own(store, reference, "priya")
    hear(store, needed(reference))

    [task] = of_calendar(store)
    assert (task.id, task.reference, task.owner, task.due_on) == (UUID(int=1), reference, "priya", DUE)
    assert (task.title, task.created_by) == ("Make and send the gate memo", "clock")
    assert [step["to"] for step in shown(store, reference)["timeline"] if step["kind"] == "task_added"][-1:] == [
        "gate_memo_due"
    ]


def test_a_task_of_nobody_s_enquiry_is_nobody_s_and_is_listed(store, reference):
    hear(store, needed(reference))

    [task] = of_calendar(store)
    assert task.owner is None


def test_a_task_about_an_enquiry_that_is_not_known_is_kept_without_one(store):
    hear(store, needed("KT-9999-99"))

    [task] = of_calendar(store)
    assert (task.reference, task.owner) == (None, None)
    with store.database.reading() as connection:
        listed = list_tasks(connection, TasksWanted(), limit=10)
    assert "Make and send the gate memo" in [each["title"] for each in listed]


def test_the_same_event_and_the_same_key_again_are_the_same_task(store, reference):
    hear(store, needed(reference), needed(reference), needed(reference, number=2, title="Other words"))

    [task] = of_calendar(store)
    assert (task.id, task.title) == (UUID(int=1), "Make and send the gate memo")
    added = [step for step in shown(store, reference)["timeline"] if step["to"] == "gate_memo_due"]
    assert len(added) == 1


def test_a_key_used_again_does_not_reopen_what_is_done(store, reference):
    hear(store, needed(reference))
    with store.work() as work:
        tasks.finish_task(work, UUID(int=1), outcome=None, actor="priya")
    hear(store, needed(reference, number=2))

    [task] = of_calendar(store)
    assert task.done_by == "priya"


def test_another_key_is_another_task(store, reference):
    hear(store, needed(reference), needed(reference, number=2, key="gate-memo-due:run:2027-02-02"))

    assert len(of_calendar(store)) == 2


def test_long_keys_and_titles_fit_and_stay_apart(store, reference):
    long = "k" * 150
    hear(
        store,
        needed(reference, key=long + "a", title="t" * 300),
        needed(reference, number=2, key=long + "b"),
        needed(reference, number=3, key=long + "a"),
    )

    assert sorted(task.id.int for task in of_calendar(store)) == [1, 2]
    assert max(len(task.title) for task in of_calendar(store)) == 200


def test_a_task_about_a_merged_enquiry_goes_with_its_thread(store, reference):
    other = filed(store, contact_email="hub@risley.example", contact_name="Sam Lee")
    own(store, reference, "priya")
    with store.work() as work:
        merging.merge_enquiry(work, other, into=reference, reason=None, actor="priya")
    hear(store, needed(other))

    [task] = of_calendar(store)
    assert (task.reference, task.owner) == (reference, "priya")


def test_what_became_of_a_session_is_in_the_history(store, reference):
    hear(store, session(reference))

    assert steps(store) == [("session 1 on 2027-01-12", None, "delivered")]
    last = shown(store, reference)["timeline"][-1]
    assert (last["kind"], last["to"], last["about"]) == ("session", "delivered", "session 1 on 2027-01-12")


def test_counts_that_come_later_and_repeats_are_no_step(store, reference):
    hear(store, session(reference))
    hear(at(store, parse_moment("2026-11-25T09:30")), session(reference, attended=9), session(reference, attended=10))

    assert len(steps(store)) == 1


def test_what_is_taken_back_is_a_step_and_so_is_what_is_put_down_then(store, reference):
    for day, state in enumerate(("delivered", "planned", "part_delivered"), start=24):
        hear(at(store, parse_moment(f"2026-11-{day}T09:30")), session(reference, state=state))

    assert [step[1:] for step in steps(store)] == [
        (None, "delivered"),
        ("delivered", "planned"),
        ("planned", "part_delivered"),
    ]


def test_each_session_has_its_own_history(store, reference):
    hear(store, session(reference), session(reference, number=2, date=dt.date(2027, 1, 19)))

    assert [step[0] for step in steps(store)] == ["session 1 on 2027-01-12", "session 2 on 2027-01-19"]


def test_a_session_of_an_enquiry_that_is_not_known_is_nothing_to_us(store):
    hear(store, session("KT-9999-99"))

    assert steps(store) == []
