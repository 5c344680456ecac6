"""Messages are prepared together and claimed one by one: what becomes of each in between, and of who falls then."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import select

from services.notifications.channels.base import TemporaryFailure
from services.notifications.domain.messages import MessageState
from services.notifications.domain.urgency import Urgency
from services.notifications.handlers.entering import supersede
from services.notifications.handlers.erasing import when_facilitator_erased, when_person_erased
from services.notifications.sending import composing, delivery
from services.notifications.sending.delivery import Sender
from services.notifications.tables import messages
from shared.contracts.enquiries import PersonErased
from shared.contracts.scheduling import FacilitatorErased
from shared.errors import Refused
from shared.messaging.jobs import NotFinished
from shared.persistence.work import new_id
from tests.unit.services.notifications.sending_house import ANA, MONDAY, REF, SAM, reminder, to_contact

S = MessageState
LATER = MONDAY + dt.timedelta(seconds=1)


class Killed(BaseException):
    """Ends the sender as a kill would: nothing that it had in mind is done any more."""


@pytest.fixture
def house(house):
    house.enter(to_contact("first"))
    return house


@contextmanager
def as_the_first_goes_out(house, step):
    """Have something happen while the first mail is on its way, when the others are prepared."""

    def once() -> None:
        house.channel.before = lambda: None
        step()

    house.channel.before = once
    yield


def states(house) -> dict[str, str]:
    return {each.occasion: each.state.value for each in house.ledger()}


def sent(house) -> list[str]:
    known = {each.message_id: each.occasion for each in house.ledger()}
    return [known[mail.message_id] for mail in house.mails]


def asked_of(house) -> list[str]:
    """Note what the owners of people are asked from now on."""
    asked, call = [], house.owners.call

    def noting(service, method, **words):
        asked.append(method)
        return call(service, method, **words)

    house.owners.call = noting
    return asked


def kill() -> None:
    raise Killed


def test_what_was_prepared_and_then_replaced_is_not_sent(house):
    house.enter(to_contact("second", due_at=LATER))

    def replaced() -> None:
        with house.at_work() as work:
            supersede(work, messages.c.occasion == "second", "There is newer news.")

    with as_the_first_goes_out(house, replaced):
        assert house.send(LATER) == {"accepted": 1}

    assert sent(house) == ["first"]
    assert states(house) == {"first": "accepted", "second": "superseded"}


def test_what_was_prepared_for_somebody_who_is_then_erased_is_not_sent(house):
    house.enter(to_contact("second", due_at=LATER))

    def erased() -> None:
        with house.at_work() as work:
            when_person_erased(work, PersonErased(new_id(), person_ids=(SAM,), references=(REF,), nobody_left=None))

    with as_the_first_goes_out(house, erased):
        house.send(LATER)

    assert sent(house) == ["first"]
    assert states(house)["second"] == "suppressed"


def test_what_was_prepared_for_a_facilitator_who_is_then_erased_is_not_sent(house):
    house.enter(reminder(occasion="second", due_at=LATER))

    def erased() -> None:
        with house.at_work() as work:
            when_facilitator_erased(work, FacilitatorErased(ANA))

    with as_the_first_goes_out(house, erased):
        house.send(LATER)

    assert sent(house) == ["first"]
    assert states(house)["second"] == "suppressed"


def test_what_was_prepared_and_would_now_come_too_late_is_missed(house):
    house.enter(to_contact("second", due_at=LATER, useful_until=LATER + dt.timedelta(minutes=1)))

    def time_passes() -> None:
        house.now = LATER + dt.timedelta(minutes=1)

    with as_the_first_goes_out(house, time_passes):
        assert house.send(LATER) == {"accepted": 1, "missed": 1}

    assert sent(house) == ["first"]
    assert house.unsettled() == [("hold_placed_contact", "missed")]


def test_what_would_have_been_held_back_and_now_comes_too_late_is_missed(house):
    house.enter(reminder(due_at=LATER, useful_until=LATER + dt.timedelta(minutes=1)))
    house.owners.facilitator = {"name": "A former facilitator", "email": "a1@erased.invalid"}

    def time_passes() -> None:
        house.now = LATER + dt.timedelta(minutes=1)

    with as_the_first_goes_out(house, time_passes):
        assert house.send(LATER) == {"accepted": 1, "missed": 1}

    assert states(house)["session_reminder:5d:s3"] == "missed"
    assert house.unsettled() == [("session_reminder_facilitator", "missed")]


def test_what_comes_too_late_already_is_missed_and_nobody_is_asked_for_its_reader(house):
    house.enter(reminder(useful_until=LATER))
    asked = asked_of(house)

    assert house.send(LATER) == {"accepted": 1, "missed": 1}

    assert "get_facilitator" not in asked


def test_what_was_prepared_and_is_then_in_anothers_hands_is_left_to_them(house):
    house.enter(to_contact("second", due_at=LATER))
    taken = {"state": S.SENDING, "attempts": 1, "claimed_at": LATER}
    with as_the_first_goes_out(house, lambda: house.put(house.message("second"), **taken)):
        assert house.send(LATER) == {"accepted": 1}

    assert sent(house) == ["first"]
    assert states(house) == {"first": "accepted", "second": "sending"}


@pytest.mark.parametrize("changes", [{"attempts": 1}, {"due_at": MONDAY}, {"told_in": UUID(int=9)}])
def test_what_was_prepared_and_has_changed_is_prepared_anew(house, changes):
    house.enter(to_contact("second", due_at=LATER))
    asked = asked_of(house)
    with as_the_first_goes_out(house, lambda: house.put(house.message("second"), **changes)):
        assert house.send(LATER) == {"accepted": 2}

    second = house.message("second")
    assert sent(house) == ["first", "second"]
    assert (second.attempts, second.told_in) == (changes.get("attempts", 0) + 1, None)
    assert len(asked) >= 3


def test_what_was_to_be_held_back_and_is_then_replaced_stays_replaced(house):
    house.owners.enquiry["standing"] = "filed"
    evening = MONDAY.replace(hour=19)
    house.enter(to_contact("urgent", urgency=Urgency.CRITICAL), to_contact("waits", due_at=LATER))

    def replaced() -> None:
        with house.at_work() as work:
            supersede(work, messages.c.occasion == "waits", "There is newer news.")

    with as_the_first_goes_out(house, replaced):
        house.send(evening)

    assert states(house)["waits"] == "superseded"


def test_whoever_is_killed_after_preparing_leaves_in_doubt_only_what_was_claimed(house):
    house.enter(to_contact("second", due_at=LATER), to_contact("third", due_at=LATER))
    with as_the_first_goes_out(house, kill), pytest.raises(Killed):
        house.send(LATER)
    assert states(house) == {"first": "sending", "second": "scheduled", "third": "scheduled"}
    assert {each.attempts for each in house.ledger()} == {0, 1}

    # The one who comes next need not wait for anything.
    assert house.send(LATER) == {"accepted": 2}
    house.send(LATER + dt.timedelta(minutes=11))

    assert states(house) == {"first": "unknown", "second": "accepted", "third": "accepted"}
    assert sorted(sent(house)) == ["second", "third"]


def test_what_was_sent_is_recorded_although_the_next_one_cannot_be_claimed(house, monkeypatch):
    house.enter(to_contact("second", due_at=LATER))
    claim = Sender._claim

    def failing(self, work, this, candidates):
        if candidates[0].waiting.occasion == "second":
            raise fault
        return claim(self, work, this, candidates)

    monkeypatch.setattr(Sender, "_claim", failing)
    for fault in (RuntimeError("a fault of ours"), Refused("unavailable", "Others hold it.")):
        with pytest.raises(type(fault)):
            house.send(LATER)
        assert states(house) == {"first": "accepted", "second": "scheduled"}
    assert len(house.events("message_accepted")) == 1


def test_many_are_each_sent_once_however_few_are_prepared_together(house, monkeypatch):
    monkeypatch.setattr(delivery, "AT_ONCE", 3)
    house.enter(*(to_contact(f"more:{number}") for number in range(20)))

    assert house.send(LATER) == {"accepted": 21}

    assert sorted(sent(house)) == sorted(states(house))


def test_where_looking_people_up_takes_long_the_first_are_sent_first(house, monkeypatch):
    monkeypatch.setattr(composing, "LOOK_UPS_WITHIN", -1)
    house.enter(to_contact("second", due_at=LATER), to_contact("third", due_at=LATER))
    claim, claimed = Sender._claim, []

    def noting(self, work, this, candidates):
        claimed.extend(candidates)
        return claim(self, work, this, candidates)

    monkeypatch.setattr(Sender, "_claim", noting)

    assert house.send(LATER) == {"accepted": 3}

    assert sent(house)[0] == "first"
    assert all(each.found is not None for each in claimed)


def test_what_is_no_longer_good_as_it_was_prepared_is_prepared_again(house, monkeypatch):
    monkeypatch.setattr(delivery, "GOOD_FOR", 0.2)
    house.enter(to_contact("second", due_at=LATER))

    def moved() -> None:
        house.owners.contact["email"] = "sam@elsewhere.example"
        time.sleep(0.3)  # as a slow mail server would take

    with as_the_first_goes_out(house, moved):
        assert house.send(LATER) == {"accepted": 2}

    assert [mail.recipient for mail in house.mails] == ["sam@risley.example", "sam@elsewhere.example"]


def test_who_is_asked_to_stop_records_what_was_sent_and_leaves_the_rest_as_it_was(house):
    house.enter(to_contact("second", due_at=LATER))
    house.now = LATER

    with pytest.raises(NotFinished):
        house.sender.send_due(stopping=lambda: True)

    assert states(house) == {"first": "accepted", "second": "scheduled"}
    assert house.message("second").attempts == 0


def test_an_owner_that_is_away_puts_off_only_its_own_people(house):
    house.owners.away.add("scheduling")
    house.enter(reminder())

    assert house.send(LATER) == {"accepted": 1, "scheduled": 1}

    waiting = house.message("session_reminder:5d:s3")
    assert (waiting.state, waiting.attempts) == (S.SCHEDULED, 1)


def test_an_address_that_makes_no_sense_keeps_no_other_from_going_out(house):
    house.owners.contact["email"] = 7
    house.enter(reminder())

    assert house.send(LATER)["accepted"] == 1

    assert states(house) == {"first": "scheduled", "session_reminder:5d:s3": "accepted"}


def test_a_failure_before_the_content_is_tried_again(house):
    house.channel.fault = TemporaryFailure("451")
    assert house.send(LATER) == {"scheduled": 1}
    house.channel.fault = None

    assert house.send(house.message("first").next_attempt_at) == {"accepted": 1}


def test_what_somebody_holds_is_passed_over_and_holds_up_nothing(house):
    if house.database.is_sqlite:
        pytest.skip("a file has one writer at a time")
    house.enter(to_contact("second", due_at=LATER))
    with house.database.engine.connect() as other:
        other.execute(select(messages).where(messages.c.occasion == "second").with_for_update())

        assert house.send(LATER) == {"accepted": 1}

        other.rollback()
    assert house.send(LATER) == {"accepted": 1}
