"""What has to be done at a time is done then, by one replica, however processes end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from backbone_cast import NINE

from shared.messaging.jobs import Kind, NotFinished, Scheduler, daily, list_jobs
from shared.messaging.retry import RetryPolicy


class Diary:
    """A kind of job that notes what it was asked to do, and fails while `in_trouble`."""

    def __init__(self) -> None:
        self.done: list[list[str]] = []
        self.in_trouble: type[BaseException] | None = None

    def run(self, subjects: list[str], stopping: Any = None) -> None:
        self.done.append(subjects)
        if self.in_trouble is not None:
            raise self.in_trouble


@pytest.fixture
def diary() -> Diary:
    return Diary()


def scheduler(office: Any, diary: Diary, **options: Any) -> Scheduler:
    return Scheduler(office.store, [Kind("remind", diary.run, **options)], chance=lambda: 0.0)


def schedule(office: Any, *subjects: str, **after: float) -> None:
    with office.store.work() as work:
        for subject in subjects:
            work.schedule("remind", subject, work.now + timedelta(**after))


def listed(office: Any) -> list[tuple[str, str]]:
    with office.database.reading() as connection:
        return [(job["subject"], job["state"]) for job in list_jobs(connection, office.messaging, office.clock(), 10)]


def test_a_job_is_run_when_its_time_has_come_and_then_is_gone(enquiries, diary):
    schedule(enquiries, "KT-1", hours=1)

    assert scheduler(enquiries, diary).run_due() == 15.0
    assert diary.done == []
    enquiries.clock.move(minutes=59, seconds=50)
    assert scheduler(enquiries, diary).run_due() == 10.0
    enquiries.clock.move(seconds=10)
    scheduler(enquiries, diary).run_due()

    assert diary.done == [["KT-1"]]
    assert enquiries.jobs() == []


def test_all_that_is_due_of_a_kind_is_done_in_one_go(enquiries, diary):
    schedule(enquiries, "KT-2", "KT-1")

    scheduler(enquiries, diary).run_due()

    assert sorted(diary.done[0]) == ["KT-1", "KT-2"]
    assert len(diary.done) == 1


def test_a_job_under_a_lease_is_not_run_by_a_twin_until_the_lease_is_over(enquiries, diary):
    diary.in_trouble = SystemExit
    schedule(enquiries, "KT-1")
    with pytest.raises(SystemExit):
        scheduler(enquiries, diary, lease=timedelta(seconds=30)).run_due()
    diary.in_trouble = None
    twin = scheduler(enquiries, diary)

    enquiries.clock.move(seconds=20)
    assert twin.run_due() == 10.0
    assert len(diary.done) == 1

    enquiries.clock.move(seconds=10)
    twin.run_due()
    assert diary.done == [["KT-1"], ["KT-1"]]
    assert enquiries.jobs() == []


def test_a_job_that_fails_is_tried_again_after_a_growing_wait_and_given_up_in_the_end(enquiries, diary):
    diary.in_trouble = RuntimeError
    policy = RetryPolicy((timedelta(seconds=1), timedelta(seconds=5)))
    schedule(enquiries, "KT-1")
    ours = scheduler(enquiries, diary, policy=policy)

    ours.run_due()
    assert enquiries.jobs() == [("remind", enquiries.clock.at + timedelta(seconds=1))]
    enquiries.clock.move(seconds=1)
    ours.run_due()
    assert enquiries.jobs() == [("remind", enquiries.clock.at + timedelta(seconds=5))]
    enquiries.clock.move(seconds=5)
    ours.run_due()
    enquiries.clock.move(days=1)
    ours.run_due()

    assert len(diary.done) == 3
    assert listed(enquiries) == [("KT-1", "failed")]


def test_a_kind_that_stops_before_its_end_leaves_its_jobs_due(enquiries, diary):
    diary.in_trouble = NotFinished
    schedule(enquiries, "KT-1")
    ours = Scheduler(enquiries.store, [])

    def stop_and_give_up(subjects, stopping):
        assert not stopping()
        ours.stop()
        assert stopping()
        diary.run(subjects)

    ours.kinds = [Kind("remind", stop_and_give_up)]
    ours.run_due()
    diary.in_trouble = None
    scheduler(enquiries, diary).run_due()

    assert diary.done == [["KT-1"], ["KT-1"]]
    assert enquiries.jobs() == []


def test_a_job_of_no_use_any_more_is_marked_missed_and_one_that_still_helps_is_run(enquiries, diary):
    schedule(enquiries, "KT-1")
    schedule(enquiries, "KT-2", hours=2)
    enquiries.clock.move(hours=2, minutes=30)

    scheduler(enquiries, diary, useful_for=timedelta(hours=1)).run_due()

    assert diary.done == [["KT-2"]]
    assert listed(enquiries) == [("KT-1", "missed")]


def test_a_clock_that_was_missed_several_times_strikes_once_and_is_set_anew(enquiries, diary):
    ours = scheduler(enquiries, diary, every=daily(3))
    ours.run_due()
    assert enquiries.jobs() == [("remind", NINE.replace(day=25, hour=3))]

    enquiries.clock.move(days=4)
    ours.run_due()

    assert len(diary.done) == 1
    assert enquiries.jobs() == [("remind", NINE.replace(day=29, hour=3))]


def test_replicas_set_a_clock_once(enquiries, diary):
    for _ in range(2):
        scheduler(enquiries, diary, every=daily(3)).run_due()

    assert len(enquiries.jobs()) == 1


def test_a_kind_that_is_running_is_not_begun_again_and_holds_up_no_other(enquiries, diary):
    other = Diary()
    begun = []
    kinds = [Kind("remind", diary.run), Kind("tell", other.run)]
    ours = Scheduler(enquiries.store, kinds, spawn=begun.append)
    schedule(enquiries, "KT-1")
    ours.run_due()
    with enquiries.store.work() as work:
        work.schedule("tell", "KT-2", work.now)

    ours.run_due()

    assert len(begun) == 2
    begun[1]()
    assert (diary.done, other.done) == ([], [["KT-2"]])


def test_a_job_of_a_kind_that_nobody_runs_here_is_left_alone(enquiries, diary):
    with enquiries.store.work() as work:
        work.schedule("of another version", "KT-1", work.now)

    assert scheduler(enquiries, diary).run_due() == 15.0
    assert listed(enquiries) == [("KT-1", "waiting")]


def test_the_day_ends_at_the_hour_it_strikes():
    assert daily(9)(NINE) == NINE + timedelta(days=1)
    assert daily(9)(NINE - timedelta(seconds=1)) == NINE
