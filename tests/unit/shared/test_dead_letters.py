"""What an operator sees of an event that could not be handled or published, and what becomes of it then."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import uuid4

import pytest
from backbone_cast import moved

from shared.errors import Refused
from shared.messaging import dead_letters
from shared.messaging.housekeeping import tidy_up
from shared.messaging.relay import Relay
from shared.messaging.undelivered import bury


def listed(office):
    with office.database.reading() as connection:
        return dead_letters.list_dead(connection, office.messaging, 10)


def shown(office, event_id):
    with office.database.reading() as connection:
        return dead_letters.get_dead(connection, office.messaging, event_id)


def replay(office, event_id):
    with office.store.work() as work:
        return dead_letters.replay_dead(work, event_id)


def drop(office, event_id, reason="It was sent by mistake."):
    with office.store.work() as work:
        return dead_letters.drop_dead(work, event_id, reason, "sam")


def delivered(body, reason="rejected", **changes):
    death = {"reason": reason, "queue": "scheduling.inbox", "exchange": "enquiries.events"}
    deaths = [{**death, "routing-keys": ["stage_changed"], **changes}]
    return SimpleNamespace(body=body, headers={"x-death": deaths})


@pytest.fixture
def dead(scheduling):
    """An event of a wrong shape, and a good one that waits behind it."""
    event = moved("KT-1 agreement", data={"reference": "KT-1"})
    scheduling.inbox().receive([event, moved("KT-1 won")])
    return event


class _Refuses:
    """A broker that refuses everything."""

    most = 10
    ends_with_its_subscribers = False

    def carry(self, rows):
        return SimpleNamespace(arrived=set(), held_back={}, refused={row.seq: "406 too large" for row in rows})


def test_a_dead_letter_says_what_happened_and_how_many_wait_behind_it(scheduling, dead):
    [row] = listed(scheduling)

    assert (row["id"], row["way"], row["type"], row["subject"]) == (str(dead.id), "in", "stage_changed", "KT-1")
    assert (row["state"], row["attempts"], row["held_up"]) == ("dead", 1, 1)
    assert row["error"].startswith("ValidationError")
    assert shown(scheduling, dead.id)["envelope"]["data"] == {"reference": "KT-1"}


def test_a_dropped_letter_lets_go_what_waited_behind_it_and_is_kept_with_the_reason(scheduling, dead):
    assert drop(scheduling, dead.id) == "dropped"
    scheduling.inbox().retry_due()

    assert scheduling.done() == ["KT-1 won"]
    assert listed(scheduling) == []
    [row, _behind] = scheduling.received()
    assert (row.dropped_by, row.drop_reason, row.state) == ("sam", "It was sent by mistake.", "dropped")


def test_a_replayed_letter_is_tried_again_under_its_own_id(scheduling):
    scheduling.in_trouble = {"KT-1"}
    event, inbox = moved("KT-1 won"), scheduling.inbox()
    inbox.receive([event])
    for _ in range(2):
        scheduling.clock.move(minutes=2)
        inbox.retry_due()
    assert [row["id"] for row in listed(scheduling)] == [str(event.id)]
    scheduling.in_trouble.clear()

    assert replay(scheduling, event.id) == "waiting"
    inbox.retry_due()

    assert scheduling.done() == ["KT-1 won"]
    assert [row.event_id for row in scheduling.received()] == [event.id]
    inbox.receive([event])
    assert scheduling.done() == ["KT-1 won"]


def test_replaying_and_dropping_wake_the_scheduler(scheduling, dead):
    replay(scheduling, dead.id)

    assert scheduling.jobs() == [("retry_events", scheduling.clock.at)]


@pytest.mark.parametrize("settle", [replay, drop])
def test_what_is_no_dead_letter_is_not_found(scheduling, settle):
    good = moved("KT-2 won")
    scheduling.inbox().receive([good])

    for event_id in (good.id, uuid4()):
        with pytest.raises(Refused, match="no dead letter") as refusal:
            settle(scheduling, event_id)
        assert refusal.value.code == "not_found"


@pytest.mark.parametrize("reason", ["", "  no  ", "x" * 501])
def test_dropping_needs_a_reason(scheduling, dead, reason):
    with pytest.raises(Refused) as refusal:
        drop(scheduling, dead.id, reason)

    assert list(refusal.value.fields) == ["reason"]
    assert len(listed(scheduling)) == 1


def test_an_event_that_the_broker_refused_is_a_dead_letter_on_its_way_out(enquiries):
    enquiries.tell("KT-1 agreement", "KT-1 won")
    Relay(enquiries.store, _Refuses()).relay_once()

    [row] = listed(enquiries)

    assert (row["way"], row["state"], row["error"], row["held_up"]) == ("out", "parked", "406 too large", 1)


@pytest.mark.parametrize(("settle", "left"), [(replay, ["KT-1", "KT-1"]), (drop, ["KT-1"])])
def test_a_parked_event_is_tried_again_or_given_up(enquiries, settle, left):
    enquiries.tell("KT-1 agreement", "KT-1 won")
    Relay(enquiries.store, _Refuses()).relay_once()
    [parked, _behind] = enquiries.rows(published=False)

    settle(enquiries, parked.event_id)

    assert listed(enquiries) == []
    assert [row.subject for row in enquiries.rows(published=False) if row.dropped_at is None] == left
    assert enquiries.jobs()[0][0] == "relay_again"


def test_what_the_broker_gave_up_on_is_stored_once_and_can_be_tried_again(scheduling):
    event, inbox = moved("KT-1 won"), scheduling.inbox()
    for _ in range(2):
        bury(inbox, delivered(event.to_json().encode(), "delivery_limit"), "scheduling")
    [row] = listed(scheduling)
    assert "may end the process" in row["error"]

    replay(scheduling, event.id)
    inbox.retry_due()

    assert scheduling.done() == ["KT-1 won"]


def test_an_event_that_was_handled_after_all_is_no_dead_letter(scheduling):
    event, inbox = moved("KT-1 won"), scheduling.inbox()
    inbox.receive([event])

    bury(inbox, delivered(event.to_json(), "delivery_limit"), "scheduling")

    assert listed(scheduling) == []


@pytest.mark.parametrize("body", [b"no JSON", b"\x80\x04\x95", b"a\x00b", "no JSON"])
def test_what_cannot_be_read_is_kept_as_it_came_blocks_nobody_and_can_only_be_dropped(scheduling, body):
    inbox = scheduling.inbox()
    for _ in range(2):
        bury(inbox, delivered(body), "scheduling")

    [row] = listed(scheduling)
    assert (row["type"], row["subject"], row["held_up"]) == ("unread", "", 0)
    assert shown(scheduling, row["id"] and scheduling.received()[0].event_id)["envelope"]
    with pytest.raises(Refused, match="cannot be tried again"):
        replay(scheduling, scheduling.received()[0].event_id)
    inbox.receive([moved("KT-1 won")])
    assert scheduling.done() == ["KT-1 won"]
    drop(scheduling, scheduling.received()[0].event_id)
    assert listed(scheduling) == []


@pytest.mark.parametrize(
    "forged",
    [{"queue": "a.queue.of.my.own"}, {"exchange": "notifications.events"}, {"routing-keys": ["message_accepted"]}],
    ids=lambda forged: next(iter(forged)),
)
def test_a_dead_letter_that_did_not_come_by_its_own_way_can_never_be_replayed(scheduling, forged):
    event = moved("KT-1 won")

    bury(scheduling.inbox(), delivered(event.to_json(), "delivery_limit", **forged), "scheduling")

    [row] = listed(scheduling)
    assert (row["type"], row["subject"]) == ("unread", "")
    assert "came by" in row["error"]


def test_tidying_up_removes_what_is_settled_and_old_and_nothing_that_waits(scheduling, dead):
    inbox = scheduling.inbox()
    inbox.receive([moved("KT-2 won")])
    scheduling.tell("KT-3 won")
    scheduling.clock.move(days=91)
    inbox.receive([moved("KT-4 won")])

    assert tidy_up(scheduling.store) == 1

    assert scheduling.states() == [("KT-1", "dead"), ("KT-1", "waiting"), ("KT-4", "handled")]
    assert len(scheduling.rows(published=False)) == 3
