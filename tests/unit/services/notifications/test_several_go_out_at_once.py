"""Several messages go out at once: what becomes of each where one is slow, turned down, lost, or our own fault."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest

from services.notifications.channels.base import OutcomeUnknown, PermanentFailure
from services.notifications.domain.messages import MessageState
from services.notifications.sending import delivery
from services.notifications.sending.beside import together
from tests.unit.services.notifications.sending_house import MONDAY, to_contact

S = MessageState
LATER = MONDAY + dt.timedelta(minutes=1)


@pytest.fixture
def house(house):
    house.at_once = 3
    house.enter(*(to_contact(f"m:{number}", due_at=MONDAY + dt.timedelta(seconds=number)) for number in range(7)))
    return house


def states(house) -> dict[str, str]:
    return {each.occasion: each.state.value for each in house.ledger()}


def faulty(house, faults: dict[str, BaseException]) -> None:
    """Have the channel fail with the mails of some occasions."""
    occasions = {each.message_id: each.occasion for each in house.ledger()}
    deliver = house.channel.deliver

    def failing(mail: Any) -> None:
        fault = faults.get(occasions[mail.message_id])
        if fault is not None:
            raise fault
        deliver(mail)

    house.channel.deliver = failing


def test_as_many_are_on_their_way_at_once_as_there_are_connections(house):
    all_there, most, under_way = threading.Barrier(3), 0, 0
    lock = threading.Lock()

    def meet() -> None:
        nonlocal most, under_way
        with lock:
            under_way += 1
            most = max(most, under_way)
        if house.message("m:6").state is S.SCHEDULED:
            all_there.wait(timeout=10)
        with lock:
            under_way -= 1

    house.channel.before = meet

    assert house.send(LATER) == {"accepted": 7}

    assert most == 3
    assert len({mail.message_id for mail in house.mails}) == len(house.mails) == 7
    assert len(house.events("message_accepted")) == 7


def test_each_comes_to_its_own_end(house):
    faulty(house, {"m:1": PermanentFailure("turned down"), "m:2": OutcomeUnknown("the answer was lost")})

    assert house.send(LATER) == {"accepted": 5, "failed": 1, "unknown": 1}

    assert states(house)["m:1"] == "failed"
    assert states(house)["m:2"] == "unknown"
    assert sorted(house.unsettled()) == [("hold_placed_contact", "failed"), ("hold_placed_contact", "unknown")]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_fault_of_ours_keeps_none_of_the_others_from_being_recorded(house, number):
    faulty(house, {f"m:{number}": RuntimeError("a fault of ours")})

    with pytest.raises(RuntimeError, match="a fault of ours"):
        house.send(LATER)

    found = states(house)
    assert found.pop(f"m:{number}") == "sending"
    assert sorted(found.values()) == ["accepted"] * 2 + ["scheduled"] * 4


@pytest.mark.parametrize("number", [0, 1, 2])
def test_where_one_cannot_be_recorded_the_others_are(house, monkeypatch, number):
    follow_up, its = delivery.follow_up, house.message(f"m:{number}").id

    def failing(work, was, message, **more):
        if message.id == its:
            raise RuntimeError("it cannot be told of")
        follow_up(work, was, message, **more)

    monkeypatch.setattr(delivery, "follow_up", failing)

    with pytest.raises(RuntimeError, match="cannot be told of"):
        house.send(LATER)

    found = states(house)
    assert found.pop(f"m:{number}") == "sending"
    assert sorted(found.values()) == ["accepted"] * 2 + ["scheduled"] * 4


def test_one_that_somebody_else_took_is_left_out_and_the_others_go(house):
    house.put(house.message("m:1"), state=S.SENDING, attempts=1, claimed_at=LATER)

    assert house.send(LATER) == {"accepted": 6}

    assert states(house)["m:1"] == "sending"


def test_steps_together_give_what_came_of_each_in_their_order():
    def broken() -> int:
        raise ValueError("no")

    one, fault, three = together([lambda: 1, broken, lambda: 3])
    assert (one, str(fault), three) == (1, "no", 3)
    assert together([]) == []
