"""The doors to the ledger: what an operator asks and does, safely repeated, and shown before it is done."""

from __future__ import annotations

import datetime as dt

import pytest

from services.notifications.channels.base import OutcomeUnknown, PermanentFailure, TemporaryFailure
from services.notifications.domain.messages import MessageState
from services.notifications.doors.messages import MessageDoors
from services.notifications.doors.post_room import Post
from services.notifications.doors.wanted import read_wanted
from services.notifications.handlers.summarising import enter_summary
from shared.errors import Refused
from tests.unit.services.notifications.sending_house import DOMAIN, MONDAY, OPS, to_contact

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
    assert doors.list_messages(template="reply_written") == []
    assert [each["id"] for each in doors.list_messages(since=house.now.date().isoformat(), days=1)] == [line["id"]]


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ({"template": "sesion_reminder_contact"}, "Did you mean session_reminder_contact"),
        ({"recipient": "Ana"}, "facilitator:ID"),
        ({"subject": "something"}, "the id of a run"),
        ({"since": "soon"}, "such as 2027-01-12"),
        ({"days": 0}, "from 1 to 400"),
    ],
)
def test_what_no_message_can_be_is_refused_with_what_could_be_meant(house, said, mend):
    refused = refusal(Doors(house).list_messages, **said)

    assert list(refused.fields) == list(said)
    assert mend in refused.detail


def test_a_reference_and_the_id_of_a_run_are_enough_to_name_them():
    def meant(**said):
        nothing = dict.fromkeys(("state", "occasion", "template", "subject", "recipient", "since", "days"))
        return read_wanted(**{**nothing, **said}, now=MONDAY)

    run = "0192f0c8-0000-7000-8000-0000000000c1"
    assert meant(recipient="kt-7f3k-92").recipient == "enquirer:KT-7F3K-92"
    assert meant(subject="KT7F3K92").subject == "enquiry:KT-7F3K-92"
    assert meant(subject=run).subject == f"run:{run}"


def test_playing_another_time_keeps_the_quiet_hours_of_that_time(house):
    house.enter(to_contact(due_at=MONDAY + dt.timedelta(hours=7)))
    doors = Doors(house)

    evening = doors.run_due_jobs("2026-12-07T19:00")
    morning = doors.run_due_jobs("2026-12-08T08:00")

    assert (evening["sent"], evening["scheduled"], evening["waiting"]) == (0, 1, 1)
    assert (morning["sent"], morning["waiting"]) == (2, 0)
    assert {mail.recipient for mail in house.mails} == {"sam@risley.example", OPS}


def test_playing_another_time_tells_ops_of_that_working_morning_once(house):
    house.enter(to_contact(due_at=MONDAY + dt.timedelta(days=1)))
    doors = Doors(house)

    before_it_opens = doors.run_due_jobs("2026-12-08T07:00")
    for _again in range(2):
        doors.run_due_jobs("2026-12-08T12:00")
    doors.run_due_jobs("2026-12-12T12:00")  # a Saturday

    assert before_it_opens["sent"] == 0
    assert [message.facts["day"] for message in house.ledger() if message.template == "daily_summary_ops"] == [
        "2026-12-08"
    ]
    house.now = MONDAY
    house.put(house.message("hold:1"), state=MessageState.FAILED)
    with house.at_work() as work:
        enter_summary(work, DOMAIN)
    assert house.message("daily_summary:2026-12-07").facts["failed"] == 1


def test_playing_a_later_time_with_a_server_that_takes_nothing_comes_to_an_end(house):
    house.channel.fault = TemporaryFailure("the mail server answered 451")
    house.enter(to_contact(due_at=MONDAY + dt.timedelta(days=7)))
    tries = []
    house.channel.before = lambda: tries.append(1) if len(tries) < 50 else pytest.fail("It is tried without end.")

    Doors(house).run_due_jobs("2026-12-16T12:00")

    assert len(tries) < 20
    assert house.message("hold:1").state in {MessageState.FAILED, MessageState.SCHEDULED}
