"""Repeats, strangers and poison on the wire: no process ends, the next event is handled, and nothing is silent."""

from __future__ import annotations

import json
import pickle
import random
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any
from uuid import uuid4

import amqp
import pytest

from tests.faults.checking import SERVICES
from tests.faults.lab import Lab
from tests.faults.wire import envelope, handled, publish, put, sample
from tests.waiting import eventually

pytestmark = pytest.mark.slow

HEARD_BY = {
    "establishment_changed": ("enquiries",),
    "enquiry_received": ("enquiries", "scheduling", "notifications"),
}
"""Event types that between them reach every service."""


def good(type_: str, **changes: Any) -> dict[str, Any]:
    """Give an event of a type about a subject of its own; `changes` are put over its envelope."""
    key = {"establishment_changed": "id", "enquiry_received": "reference"}[type_]
    subject = uuid4().hex[:8].upper()
    return {**envelope(type_, subject, sample(type_, **{key: subject})), **changes}


POISON: dict[str, Callable[[str], str | bytes]] = {
    "no JSON": lambda _: b'{"specversion": "1.0", ',
    "no text": lambda _: b"\xff\xfe\x00\xd8",
    "no envelope": lambda _: b'["of", "nobody"]',
    "wrong schema": lambda type_: json.dumps(good(type_, data={"surprise": True})),
    "a subject with a null": lambda type_: json.dumps(good(type_, subject="KT-\u0000")),
    "a subject too long": lambda type_: json.dumps(good(type_, subject="K" * 5000)),
    "a subject that is half a letter": lambda type_: json.dumps(good(type_, subject="\ud800")),
    "a null within": lambda type_: json.dumps(good(type_, data=sample(type_, **_second_text(type_, "\u0000")))),
    "half a letter within": lambda type_: json.dumps(good(type_, data=sample(type_, **_second_text(type_, "\ud800")))),
    "an id that is none": lambda type_: json.dumps(good(type_, id="1; DROP TABLE inbox")),
    "brackets without end": lambda _: b"[" * 1_000_000,
    "fifteen megabytes": lambda _: b" " * 15_000_000,
}

HEADERS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "pickle": (
        pickle.dumps({"a": 1}),
        {"content_type": "application/x-python-serialize", "content_encoding": "binary"},
    ),
    "an encoding nobody knows": (b'{"encoding": 1}', {"content_encoding": "klingon"}),
    "headers of wrong kinds": (
        b'{"headers": 1}',
        {"application_headers": {"nameko.call_id_stack": 5, "x-death": "no", "x-delivery-count": "many"}},
    ),
}


def _second_text(type_: str, text: str) -> dict[str, str]:
    return {"town" if type_ == "establishment_changed" else "programme": text}


@pytest.fixture
def clean(lab: Lab) -> Iterator[Lab]:
    """The lab; what was set aside for an operator is gone after the test."""
    yield lab
    with lab.connect() as connection:
        for service in SERVICES:
            connection.channel().queue_purge(f"{service}.dead")
            lab.books.change(service, "DELETE FROM inbox WHERE state IN ('dead', 'waiting')")


def set_aside(lab: Lab, service: str) -> int:
    """How many messages of a service wait for an operator, on the broker or in its inbox."""
    return lab.queues()[f"{service}.dead"] + len(lab.books.dead(service))


def is_empty(lab: Lab, service: str) -> bool:
    return lab.queues()[f"{service}.inbox"] == 0


@pytest.mark.parametrize("kind", [*POISON, *HEADERS])
@pytest.mark.parametrize("type_", HEARD_BY)
def test_poison_is_set_aside_at_once_and_what_comes_behind_it_is_handled(clean: Lab, type_, kind):
    lab = clean
    before = [replica.pid for replica in lab.apart.all]
    body, properties = (POISON[kind](type_), {}) if kind in POISON else HEADERS[kind]
    next_one = good(type_)

    put(lab, type_, body, **properties)
    publish(lab, next_one)

    for service in HEARD_BY[type_]:
        assert eventually(lambda service=service: handled(lab, service, next_one["id"]))
        assert eventually(lambda service=service: set_aside(lab, service) == 1)
        assert eventually(lambda service=service: is_empty(lab, service))
    assert [replica.pid for replica in lab.apart.all if replica.running] == before


def test_events_said_three_times_and_shuffled_and_said_late_take_effect_once(lab):
    load = lab.load(twice=0)
    load.post(20)
    lab.judge(load)
    mails = len(lab.mail.messages)
    said = [row["envelope"] for row in lab.books.rows("enquiries", "SELECT envelope FROM outbox")][-20:] * 3
    random.Random(17).shuffle(said)  # noqa: S311

    publish(lab, *said)
    time.sleep(1)
    publish(lab, *said[:20])

    eventually(lambda: all(count == 0 for count in lab.queues().values()))
    lab.judge(load)
    assert len(lab.mail.messages) == mails


def test_versions_of_an_establishment_that_come_in_any_order_end_with_the_last(lab):
    id_ = uuid4().hex[:8].upper()
    said = [
        envelope(
            "establishment_changed", id_, sample("establishment_changed", id=id_, name=f"Name {n}"), sequence=str(n)
        )
        for n in range(1, 9)
    ] * 2
    random.Random(17).shuffle(said)  # noqa: S311

    publish(lab, *said)

    eventually(lambda: all(handled(lab, "enquiries", each["id"]) for each in said))
    (row,) = lab.books.rows("enquiries", "SELECT name, version FROM establishments WHERE id = :id", id=id_)
    assert (row["name"], row["version"]) == ("Name 8", 8)


def test_stages_that_arrive_before_their_enquiry_are_not_forgotten(lab):
    reference = f"KT-{uuid4().hex[:8]}"
    received = envelope("enquiry_received", reference, sample("enquiry_received", reference=reference))
    stages = ("new", "availability", "suitability", "next_steps")
    moved = [
        envelope("stage_changed", reference, {"reference": reference, "was": was, "now": now}, sequence=str(n))
        for n, (was, now) in enumerate(pairwise(stages), start=2)
    ]

    publish(lab, moved[0], moved[2], moved[1], received)

    def stage() -> bool:
        query = "SELECT stage, version FROM enquiries WHERE reference = :reference"
        rows = lab.books.rows("scheduling", query, reference=reference)
        return [(row["stage"], row["version"]) for row in rows] == [("next_steps", 4)]

    assert eventually(stage, within=20)


def test_unknown_types_and_unknown_fields_are_passed_over_and_lacking_optional_ones_are_none(lab):
    before = [replica.pid for replica in lab.apart.all]
    stranger = {
        **good("enquiry_received"),
        "type": "enquiry_sung",
        "dataschema": "urn:keytalk:enquiries:enquiry_sung:1",
    }
    new = good("enquiry_received", colour="blue", dataschema="urn:keytalk:enquiries:enquiry_received:7")
    new["data"]["future"] = {"deep": [1, 2, 3]}
    old = good("enquiry_received")
    for field in ("group_size", "preferred_start", "preferred_weekday", "preferred_window", "establishment_id"):
        del old["data"][field]

    with lab.connect() as connection:
        # As a queue stays bound to what an earlier version of its service took.
        connection.channel().queue_bind("scheduling.inbox", "enquiries.events", "enquiry_sung")
    publish(lab, stranger, new, old)

    eventually(lambda: handled(lab, "scheduling", new["id"]) and handled(lab, "scheduling", old["id"]))
    assert not lab.books.rows("scheduling", "SELECT 1 FROM inbox WHERE event_id = :id", id=stranger["id"])
    assert eventually(lambda: is_empty(lab, "scheduling"))
    assert set_aside(lab, "scheduling") == 0
    assert [replica.pid for replica in lab.apart.all if replica.running] == before


def test_enquiries_taken_before_a_subscriber_was_ever_started_reach_it_when_it_is(lab):
    load = lab.load(twice=0)
    for service in ("enquiries", "scheduling"):
        lab.kill(*lab.apart.of(service))
    with lab.connect() as connection:
        connection.channel().queue_delete("scheduling.inbox")
    lab.apart.of("enquiries")[0].start()

    load.post(10)
    time.sleep(1)
    lab.heal()

    lab.judge(load)


def test_the_dead_letter_exchange_deleted_under_way_stops_nothing_and_loses_no_dead_letter(clean: Lab):
    lab, load = clean, clean.load(twice=0)
    with lab.connect() as connection:
        connection.channel().exchange_delete("keytalk.dead")
    put(lab, "enquiry_received", b"poison without a way out")

    load.post(5)
    assert eventually(lambda: _all_known(lab, len(load.taken)), within=20)
    for replica in lab.apart.all:
        lab.kill(replica)
    lab.heal()

    with lab.connect() as connection:
        connection.channel().exchange_declare("keytalk.dead", "topic", passive=True)
    put(lab, "enquiry_received", b"poison with a way out")
    # The broker kept what had no way out, and looks for one again when it starts.
    lab.broker.restart()
    for service in HEARD_BY["enquiry_received"]:
        assert eventually(lambda service=service: _unread(lab, service) == {"poison without", "poison with"}, within=40)
    load.post(1)
    assert eventually(lambda: _all_known(lab, len(load.taken)), within=40)


def _unread(lab: Lab, service: str) -> set[str]:
    """What a service put before an operator, without its end."""
    return {str(row["envelope"]).removesuffix(" a way out") for row in lab.books.dead(service)}


def _all_known(lab: Lab, count: int) -> bool:
    query = "SELECT 1 FROM inbox WHERE type = 'enquiry_received' AND state = 'handled'"
    return len(lab.books.rows("scheduling", query)) >= count


def test_a_consumer_that_dies_twelve_times_with_messages_in_hand_dead_letters_none_of_them(lab):
    load = lab.load(twice=0)
    (victim,) = lab.apart.of("scheduling")
    victim.kill()
    load.post(10)
    _wait_for_ten(lab, "scheduling.inbox")

    for _ in range(12):
        _take_and_die(lab, "scheduling.inbox")
    lab.heal()

    lab.judge(load)


def _take_and_die(lab: Lab, queue: str) -> None:
    """Be a consumer that holds every message of a queue when its connection breaks."""
    connection = lab.connect()
    channel = connection.channel()
    taken: list[amqp.Message] = []
    channel.basic_consume(queue, callback=taken.append)
    while len(taken) < 10:
        connection.drain_events(timeout=10)
    connection.collect()
    _wait_for_ten(lab, queue)


def _wait_for_ten(lab: Lab, queue: str) -> None:
    """Wait until ten messages are in a queue, or more, since one may be published twice; if not, say what is kept."""
    try:
        eventually(lambda: lab.queues()[queue] >= 10, within=30)
    except AssertionError as late:
        kept = lab.books.rows("enquiries", "SELECT type, attempts, retry_at, error FROM outbox")
        raise AssertionError(f"{lab.queues()}; the outbox keeps {kept}") from late
