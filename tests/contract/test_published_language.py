"""What every event of the published language promises to those who hear it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from marshmallow import fields

import shared.contracts  # noqa: F401 - fills the list of contracts
from shared.config import SERVICES
from shared.contracts.base import Contract, contract_for, contracts
from shared.messaging.envelope import Envelope

EACH = pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.type)

_ABOUT_RUNS = ("run_confirmed", "run_changed", "hold_changed", "offer_made", "offer_settled", "gate_memo_changed")

# What names a place or a programme and nobody. Another name goes on this list only after someone has thought about it.
NOT_PERSONAL = {
    ("establishment_changed", "name"),
    ("establishment_changed", "town"),
    ("expiry_near", "establishment_name"),
    *((told, name) for told in _ABOUT_RUNS for name in ("programme_name", "establishment_name")),
    # The number of a message, not its words.
    ("message_accepted", "message_id"),
    ("recipient_bounced", "message_id"),
    ("message_unsettled", "message_id"),
    # Ids, which say nothing to who may not ask enquiries.
    ("contact_left", "person_id"),
    ("person_erased", "person_ids"),
    # Of places.
    ("establishment_changed", "other_names"),
}
PERSONAL = re.compile(
    r"name|mail|phone|mobile|tel(_|$)|address|town|postcode|contact|person|role|birth|gender|message|note|comment"
    r"|text|reason|organisation|actor|recipient|answers|times"
)


def _names(schema: Any) -> Iterator[str]:
    """Every field of a shape, at every depth."""
    for name, field in schema.fields.items():
        yield name
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from _names(inner.schema)


@EACH
def test_an_event_comes_out_of_its_envelope_as_it_went_in(contract: Contract):
    event = contract.load(contract.sample)
    sent = Envelope.of(
        event,
        id=UUID(int=7),
        source=contract.source,
        subject=str(contract.sample[contract.subject]),
        sequence=1,
        time=datetime.now(UTC),
    )

    arrived = Envelope.from_json(sent.to_json())

    assert arrived == sent
    assert contract_for(arrived.type).load(arrived.data) == event


@EACH
def test_no_field_of_an_event_at_any_depth_could_hold_personal_data(contract: Contract):
    suspect = {(contract.type, name) for name in _names(contract.schema) if PERSONAL.search(name)}

    assert suspect <= NOT_PERSONAL


@EACH
def test_a_sample_fills_in_every_field(contract: Contract):
    empty = [name for name, value in contract.sample.items() if value in (None, "", [], ())]

    assert (set(contract.sample), empty) == (set(contract.schema.fields), [])


@EACH
def test_an_event_goes_from_one_service_to_others(contract: Contract):
    assert contract.source in SERVICES
    assert set(contract.subscribers) - {contract.source}
    assert set(contract.subscribers) <= set(SERVICES)


@EACH
def test_a_later_publisher_may_add_a_field(contract: Contract):
    assert contract.load({**contract.sample, "added_later": [1]}) == contract.load(contract.sample)


@EACH
def test_the_subject_is_a_field_that_is_always_there(contract: Contract):
    assert contract.schema.fields[contract.subject].required


@EACH
def test_an_event_says_what_happened_in_a_sentence(contract: Contract):
    assert re.match(r"[A-Z][^.()]+\.", contract.cls.__doc__ or "")
