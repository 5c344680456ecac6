"""The AsyncAPI document, held to AsyncAPI's own schema, and its messages to what the services really write."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft7Validator

import shared.contracts  # noqa: F401 - fills the list of contracts
from shared.contracts.asyncapi import asyncapi_document
from shared.contracts.base import Contract, contracts
from shared.contracts.wire import ATTRIBUTES
from shared.messaging.envelope import Envelope
from tests.npm import kept_package

EACH = pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.type)
SPECS = Path(__file__).parent / "asyncapi"
"""Names the npm package that holds the schemas, with its digest."""


@pytest.fixture(scope="session")
def asyncapi(request) -> Draft7Validator:
    """What holds a document to AsyncAPI 3.0.0."""
    package = kept_package(request.config.cache, SPECS, "@asyncapi/specs")
    return Draft7Validator(json.loads((package / "schemas" / "3.0.0.json").read_text()))


@pytest.fixture
def document() -> dict[str, Any]:
    return asyncapi_document(contracts())


def _payload(document: dict[str, Any], contract: Contract) -> Draft7Validator:
    """What holds an envelope to what the document says of it, its references followed into the document."""
    schema = {**document, "$ref": f"#/components/messages/{contract.type}/payload"}
    return Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)


def _minimal_envelope(contract: Contract) -> dict[str, Any]:
    """An envelope with nothing in it that may be left out."""
    return Envelope.of(
        contract.load(contract.sample),
        id=UUID(int=7),
        source=contract.source,
        subject="KT-7F3K-92",
        sequence=3,
        time=datetime(2026, 11, 24, 9, 30, 5, 250, tzinfo=UTC),
    ).as_dict()


def test_the_document_is_an_asyncapi_3_document(asyncapi, document):
    assert [error.message for error in asyncapi.iter_errors(document)] == []


def _without_a_title(document):
    del document["info"]["title"]


def _with_an_unknown_action(document):
    document["operations"]["enquiries_sends_stage_changed"]["action"] = "shout"


def _with_an_unknown_delivery_mode(document):
    document["operations"]["enquiries_sends_stage_changed"]["bindings"]["amqp"]["deliveryMode"] = 3


def _with_an_unknown_exchange_type(document):
    document["channels"]["stage_changed"]["bindings"]["amqp"]["exchange"]["type"] = "post"


def _with_a_shape_that_is_none(document):
    document["components"]["schemas"]["stage_changed"]["type"] = "text"


@pytest.mark.parametrize(
    "spoil",
    [
        _without_a_title,
        _with_an_unknown_action,
        _with_an_unknown_delivery_mode,
        _with_an_unknown_exchange_type,
        _with_a_shape_that_is_none,
    ],
)
def test_the_schema_would_notice_a_mistake(asyncapi, document, spoil):
    spoilt = copy.deepcopy(document)
    spoil(spoilt)

    assert not asyncapi.is_valid(spoilt)


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {reference for item in value for reference in _references(item)}
    if not isinstance(value, dict):
        return set()
    return {value["$ref"]} if "$ref" in value else _references(list(value.values()))


def test_every_reference_leads_somewhere(document):
    for reference in _references(document):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_each_event_has_one_sender_and_all_its_receivers(document):
    told = {
        (name, operation["action"], operation["channel"]["$ref"]) for name, operation in document["operations"].items()
    }

    assert told == {
        (f"{service}_{verb}s_{contract.type}", verb, f"#/channels/{contract.type}")
        for contract in contracts()
        for service, verb in [(contract.source, "send"), *((name, "receive") for name in contract.subscribers)]
    }


@EACH
def test_an_event_travels_on_its_publishers_exchange(document, contract):
    channel = document["channels"][contract.type]

    assert (channel["address"], channel["bindings"]["amqp"]["exchange"]["name"]) == (
        contract.type,
        f"{contract.source}.events",
    )


@EACH
def test_what_a_service_writes_is_what_the_document_says(document, contract):
    payload = _payload(document, contract)
    example = document["components"]["messages"][contract.type]["examples"][0]["payload"]

    assert [error.message for error in payload.iter_errors(example)] == []
    assert [error.message for error in payload.iter_errors(_minimal_envelope(contract))] == []


@EACH
def test_an_envelope_with_more_in_it_is_still_what_the_document_says(document, contract):
    envelope = _minimal_envelope(contract)
    envelope["addedlater"] = "yes"
    envelope["data"]["added_later"] = [1]

    assert _payload(document, contract).is_valid(envelope)


@EACH
def test_the_document_says_which_attributes_must_be_there(document, contract):
    payload, envelope = _payload(document, contract), _minimal_envelope(contract)
    always = {item.name for item in ATTRIBUTES if item.always}

    assert set(envelope) == always
    for name in always:
        assert not payload.is_valid({key: value for key, value in envelope.items() if key != name}), name


@EACH
def test_the_document_refuses_an_event_of_another_shape(document, contract):
    payload, envelope = _payload(document, contract), _minimal_envelope(contract)

    for field in contract.schema.fields:
        assert not payload.is_valid({**envelope, "data": {**envelope["data"], field: {"of": "another kind"}}}), field


def test_every_attribute_of_the_envelope_is_described(document):
    example = document["components"]["messages"]["stage_changed"]["examples"][0]["payload"]

    assert list(example) == [item.name for item in ATTRIBUTES]
    assert list(example) == list(
        Envelope(
            UUID(int=7), "enquiries", "stage_changed", "KT", 1, datetime.now(UTC), {}, "urn:x", "one", "two", "three"
        ).as_dict()
    )
