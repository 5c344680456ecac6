"""The doors to the ledger: what an operator asks and does, safely repeated, and shown before it is done."""

from __future__ import annotations

import datetime as dt

import pytest

from services.notifications.channels.base import OutcomeUnknown, PermanentFailure
from services.notifications.doors.messages import MessageDoors
from services.notifications.doors.post_room import Post
from shared.errors import Refused
from tests.unit.services.notifications.sending_house import DOMAIN, MONDAY, to_contact

WHY = "They rang: nothing had come."


class Doors(MessageDoors):
    """The doors, hung at a house of the tests."""

    name = "notifications"

    def __init__(self, house) -> None:
        self.store = house.store
        self.post_room = Post(house.sender, DOMAIN, may_play_time=True, alert_places=0)


@pytest.fixture
def failed(house):
    house.channel.fault = PermanentFailure("554")
    house.enter(to_contact())
    house.send(MONDAY)
    house.channel.fault = None
    return house.message("hold:1")


def refusal(call, *arguments, **more) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*arguments, **more)
    return caught.value


def test_a_dry_run_shows_what_would_go_out_and_sends_nothing(house, failed):
    found = Doors(house).resend_message(str(failed.id), WHY, dry_run=True)

    assert (found["recipient"], found["goes_at"]) == (failed.recipient, MONDAY.isoformat())
    assert [message.occasion for message in house.ledger()] == ["hold:1"]


def test_asked_twice_with_one_key_it_goes_out_once(house, failed):
    first, second = (Doors(house).resend_message(str(failed.id), WHY, idempotency_key="once") for _ in range(2))

    assert first == second
    assert [message.occasion for message in house.ledger()] == ["hold:1", "hold:1:again:1"]


def test_what_nobody_would_get_is_refused_and_not_entered(house, failed):
    house.owners.contact["status"] = "erased"
    assert refusal(Doors(house).resend_message, str(failed.id), WHY).code == "refused"
    house.owners.away.add("enquiries")
    assert refusal(Doors(house).resend_message, str(failed.id), WHY).code == "unavailable"
    assert len(house.ledger()) == 1


def test_what_was_unknown_is_settled_after_it_was_shown(house):
    house.channel.fault = OutcomeUnknown("lost")
    house.enter(to_contact())
    house.send(MONDAY)
    message, doors = house.message("hold:1"), Doors(house)

    shown = doors.settle_message(str(message.id), "failed", WHY, dry_run=True, actor="priya")
    assert (shown["state"], doors.get_message(str(message.id))["state"]) == ("failed", "unknown")
    settled = doors.settle_message(str(message.id), "failed", WHY, actor="priya")
    assert (settled["state"], settled["why"]) == ("failed", f"{WHY} (priya)")


@pytest.mark.parametrize("method", ["get_message", "resend_message", "settle_message"])
def test_an_id_that_is_none_is_refused_by_its_name(house, method):
    more = {"get_message": (), "resend_message": (WHY,), "settle_message": ("failed", WHY)}[method]
    for id_ in ("nonsense", "", None, 7):
        assert "message" in refusal(getattr(Doors(house), method), id_, *more).fields


def test_the_list_takes_every_filter(house, failed):
    doors = Doors(house)
    [line] = doors.list_messages(template="hold_placed_contact", subject="run:run-1", recipient=failed.recipient)
    assert (line["state"], line["id"]) == ("failed", str(failed.id))
    assert doors.list_messages(template="other") == []


def test_playing_another_time_keeps_the_quiet_hours_of_that_time(house):
    house.enter(to_contact(due_at=MONDAY + dt.timedelta(hours=7)))
    doors = Doors(house)

    evening = doors.run_due_jobs("2026-12-07T19:00")
    morning = doors.run_due_jobs("2026-12-08T08:00")

    assert (evening["sent"], evening["scheduled"], evening["waiting"]) == (0, 1, 1)
    assert (morning["sent"], morning["waiting"]) == (1, 0)
