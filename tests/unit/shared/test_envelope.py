"""Events travel as CloudEvents 1.0 in structured JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from backbone_cast import moved

from shared.contracts.base import NotInTheLanguage
from shared.contracts.enquiries import StageChanged
from shared.messaging.envelope import Envelope, NotAnEnvelope

ID = UUID("0192f0c8-0000-7000-8000-000000000010")
WON = Envelope.of(
    StageChanged("KT-7F3K-92", "agreement", "won"),
    id=ID,
    source="enquiries",
    subject="KT-7F3K-92",
    sequence=6,
    time=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
)


def _without(name):
    attributes = WON.as_dict()
    del attributes[name]
    return attributes


def test_an_envelope_reads_as_a_cloud_event():
    assert WON.as_dict() == {
        "specversion": "1.0",
        "id": str(ID),
        "source": "enquiries",
        "type": "stage_changed",
        "subject": "KT-7F3K-92",
        "sequence": "6",
        "time": "2026-11-24T09:30:00Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:keytalk:enquiries:stage_changed:1",
        "correlationid": str(ID),
        "data": {"reference": "KT-7F3K-92", "was": "agreement", "now": "won"},
    }


def test_an_envelope_comes_back_as_it_was_sent():
    envelope = moved("KT-1 won", causation_id="a cause", traceparent="00-trace-span-01")

    assert Envelope.from_json(envelope.to_json()) == envelope
    assert Envelope.from_json(envelope.to_json().encode()) == envelope


def test_welsh_letters_travel_as_they_are():
    assert "Tŷ" in moved("KT-1 won", data={"name": "Tŷ"}).to_json()


@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "sequence", "time", "dataschema", "data"])
def test_a_missing_attribute_is_named(name):
    with pytest.raises(NotAnEnvelope, match=f"^{name}: missing$"):
        Envelope.from_dict(_without(name))


@pytest.mark.parametrize("name", ["source", "type", "subject", "dataschema", "data"])
def test_an_attribute_of_the_wrong_kind_is_named(name):
    with pytest.raises(NotAnEnvelope, match=f"^{name}: "):
        Envelope.from_dict({**WON.as_dict(), name: 7})


@pytest.mark.parametrize(("name", "value"), [("id", "no-uuid"), ("id", 7), ("sequence", "six"), ("time", "teatime")])
def test_an_attribute_that_cannot_be_read_is_refused(name, value):
    with pytest.raises(NotAnEnvelope):
        Envelope.from_dict({**WON.as_dict(), name: value})


@pytest.mark.parametrize("other", [_without("specversion"), {**WON.as_dict(), "specversion": "2.0"}, [], "text", None])
def test_what_is_no_cloud_event_of_this_version_is_refused(other):
    with pytest.raises(NotAnEnvelope, match="specversion"):
        Envelope.from_json(json.dumps(other))


@pytest.mark.parametrize("text", ["", "not json", "{", b"\xff\xfe"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(NotAnEnvelope, match="not JSON"):
        Envelope.from_json(text)


def test_an_attribute_that_we_do_not_know_is_left_aside():
    assert Envelope.from_dict({**WON.as_dict(), "partitionkey": "north"}) == WON


def test_only_events_of_the_published_language_are_wrapped():
    with pytest.raises(NotInTheLanguage, match="str"):
        Envelope.of("Won!", id=ID, source="enquiries", subject="KT-1", sequence=1, time=WON.time)
