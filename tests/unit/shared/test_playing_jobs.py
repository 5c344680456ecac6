"""Another time is played: what would be due then is done, and its own time still comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.clock import fixed_clock
from shared.messaging.jobs import Kind, daily, play, subjects_due

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def scheduled(office, kind, subject, due_at):
    with office.store.work() as work:
        work.schedule(kind, subject, due_at)


def test_all_that_is_due_by_then_is_done_once_and_stays_for_its_own_time(enquiries):
    then = replace(enquiries.store, clock=fixed_clock(NOON))
    done = []
    for subject, due_at in (("early", NOON), ("late", NOON + timedelta(seconds=1))):
        scheduled(enquiries, "expire", subject, due_at)

    assert play(then, [Kind("expire", lambda subjects, _: done.append(tuple(subjects)))]) == {"expire": 1}

    assert done == [("early",)]
    assert subjects_due(then, "expire") == ["early"]


def test_what_a_job_schedules_is_done_too_where_it_is_due_by_then(enquiries):
    then = replace(enquiries.store, clock=fixed_clock(NOON))
    done = []

    def expire(subjects, _):
        done.extend(f"expired {subject}" for subject in subjects)
        scheduled(enquiries, "promote", "next", NOON)

    kinds = [Kind("promote", lambda subjects, _: done.extend(subjects)), Kind("expire", expire)]
    scheduled(enquiries, "expire", "first", NOON)

    assert play(then, kinds) == {"promote": 1, "expire": 1}
    assert done == ["expired first", "next"]


def test_a_clock_strikes_once_whatever_the_time(enquiries):
    struck = []
    clock = Kind("look", lambda subjects, _: struck.append(subjects), every=daily(3))

    assert play(replace(enquiries.store, clock=fixed_clock(NOON)), [clock]) == {"look": 1}
    assert struck == [[""]]
