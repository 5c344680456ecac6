"""Where a group would go without a session for too long, a holding plan is asked for in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from types import SimpleNamespace
from uuid import UUID

import pytest

from services.scheduling.domain.runs import Run, Session
from services.scheduling.handlers.holding_plans import need_holding_plans
from shared.persistence.work import new_id

RUN = UUID(int=9)
DECEMBER = ("2026-12-10", "2026-12-17", "2027-01-07", "2027-01-14")


def asked(now: str, *days: str):
    """Give the tasks that are asked for at a moment, of a run on these days."""
    told = []
    work = SimpleNamespace(
        now=datetime.fromisoformat(now).replace(tzinfo=UTC),
        new_id=new_id,
        record=lambda event, subject, sequence: told.append((event, subject, sequence)),
    )
    sessions = tuple(
        Session(UUID(int=100 + n), n, date.fromisoformat(day), time(8, 30), time(11, 30))
        for n, day in enumerate(days, start=1)
    )
    need_holding_plans(work, Run(RUN, "KT-1", "DHI", "many-faces-of-trauma", "confirmed", (), sessions))
    assert all((subject, sequence) == (str(event.task_id), 1) for event, subject, sequence in told)
    return [event for event, _subject, _sequence in told]


def test_a_gap_of_three_weeks_asks_for_a_plan_two_weeks_before_the_last_session_ahead_of_it():
    (task,) = asked("2026-10-02T09:00", *DECEMBER)

    assert (task.reference, task.kind, task.due_on) == ("KT-1", "holding_plan", date(2026, 12, 3))
    assert task.key == f"holding-plan:{RUN}:2026-12-24"
    assert task.title == (
        "Agree a holding plan for the three weeks without a session from 17 December 2026 to 7 January 2027: "
        "a closing exercise, an in-cell pack, a wellbeing contact"
    )


@pytest.mark.parametrize(("later", "tasks"), [("2026-12-31", 0), ("2027-01-01", 1)])
def test_two_weeks_are_no_gap(later, tasks):
    assert len(asked("2026-10-02T09:00", "2026-12-17", later)) == tasks


def test_a_gap_that_is_near_already_is_due_today_and_one_that_is_past_is_not_asked_about():
    assert [each.due_on for each in asked("2026-12-20T09:00", *DECEMBER)] == [date(2026, 12, 20)]
    assert asked("2027-01-07T09:00", *DECEMBER) == []


def test_asked_again_it_is_the_same_task():
    assert {each.key for _ in range(2) for each in asked("2026-10-02T09:00", *DECEMBER)} == {
        f"holding-plan:{RUN}:2026-12-24"
    }


def test_each_gap_has_its_own_and_a_title_fits():
    tasks = asked("2026-10-02T09:00", "2026-12-17", "2027-01-07", "2027-09-30", "2027-10-15")

    assert [each.key.rpartition(":")[2] for each in tasks] == ["2026-12-24", "2027-01-14", "2027-10-07"]
    assert "the 266 days without" in tasks[1].title
    assert "the 15 days without" in tasks[2].title
    assert all(len(each.title) <= 200 for each in tasks)
