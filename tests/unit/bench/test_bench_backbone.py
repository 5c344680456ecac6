import json

from bench.backbone import service
from bench.peers import inbox
from shared.messaging.envelope import Envelope


def test_each_event_has_its_own_id_and_each_subject_its_four_in_order():
    seen = [Envelope.from_json(body) for body in service.bodies(40)]

    assert len({one.id for one in seen}) == 40
    by_subject = {}
    for one in seen:
        by_subject.setdefault(one.subject, []).append(one)
    assert len(by_subject) == 10
    for events in by_subject.values():
        assert [one.sequence for one in events] == [1, 2, 3, 4]
        assert [one.data["now"] for one in events] == list(service.STAGES)


def test_the_events_of_a_subject_lie_far_apart():
    subjects = [one.subject for one in service.envelopes(40)]

    assert len(set(subjects[:10])) == 10


def test_any_count_of_events_can_be_made():
    assert [len(list(service.envelopes(count))) for count in (1, 2, 5, 7)] == [1, 2, 5, 7]


def test_the_peers_listen_for_the_same_event_and_write_the_same_effect():
    envelope = next(service.envelopes(1))

    assert (inbox.PUBLISHER, inbox.EVENT) == (service.PUBLISHER, service.ROUTING_KEY)
    assert inbox.effects.c.keys() == service.effects.c.keys()
    heard = json.loads(envelope.to_json())
    assert inbox.record_of(heard)["event_id"] == envelope.id
    assert inbox.effect_of(heard) == {"event_id": envelope.id, "reference": "KT-0000000", "stage": "talking"}
