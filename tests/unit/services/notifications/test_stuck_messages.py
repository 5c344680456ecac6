"""Messages that nothing would wake are found and woken, once a day and at each start."""

from __future__ import annotations

import datetime as dt

from services.notifications.handlers import sweeping
from services.notifications.handlers.sweeping import TO_SETTLE, wake_stuck
from services.notifications.tables import SEND_MESSAGES
from tests.unit.services.notifications.sending_house import MONDAY, reminder, to_contact

LEASE = dt.timedelta(minutes=10)


def wake(house) -> int:
    return wake_stuck(house.store, LEASE)


def test_where_every_message_has_its_job_nothing_is_found(house):
    house.enter(to_contact(), reminder())

    assert wake(house) == 0


def test_a_message_without_a_job_gets_one_for_its_next_attempt(house):
    house.enter(to_contact(), reminder(), to_contact("later", due_at=MONDAY + dt.timedelta(days=9)))
    house.remove_jobs()
    house.enter(to_contact("has one"))

    assert wake(house) == 3

    assert house.jobs(SEND_MESSAGES) == {str(message.id) for message in house.ledger()}
    assert wake(house) == 0


def test_what_has_come_to_its_end_is_left_alone(house):
    house.enter(to_contact())
    house.send(MONDAY)
    house.remove_jobs()

    assert wake(house) == 0
    assert house.jobs(SEND_MESSAGES) == set()


def test_more_than_it_takes_at_a_time_are_all_found(house, monkeypatch):
    monkeypatch.setattr(sweeping, "AT_A_TIME", 3)
    house.enter(*(to_contact(f"hold:{number}") for number in range(7)))
    house.remove_jobs()

    assert wake(house) == 7
    assert len(house.jobs(SEND_MESSAGES)) == 7


def test_what_was_under_way_longer_than_its_lease_is_settled(house):
    house.enter(to_contact())
    house.put(house.message("hold:1").claim(MONDAY))
    house.remove_jobs()

    assert wake(house) == 0
    house.now = MONDAY + LEASE + dt.timedelta(seconds=1)
    assert wake(house) == 1
    assert house.jobs(SEND_MESSAGES) == {TO_SETTLE}
    house.send()
    assert house.message("hold:1").state.value == "unknown"
