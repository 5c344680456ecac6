"""The API's OpenAPI document: a true OpenAPI 3.1 document, and what the running API really does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from services.enquiries.schemas import QUESTIONS
from tests.servers.keytalk import Keytalk

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def document(embedded: Keytalk) -> dict[str, Any]:
    answer = requests.get(f"{embedded.public_url}/api/openapi.json", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def test_schemathesis_finds_nothing_in_the_running_api(embedded: Keytalk) -> None:
    url = embedded.public_url
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/openapi.json", "--url", url),
            *("--checks", "all", "--max-examples", "60", "--seed", "20261125", "--continue-on-failure"),
        ],
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.contract.new_keys", "COLUMNS": "200"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[0-9]{2,} generated", done.stdout), done.stdout
    assert "incident" not in embedded.output


def test_it_is_an_openapi_3_1_document(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors({**document, "info": {}})] != []


def _enquiry(document: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**document, "$ref": "#/components/schemas/Enquiry"})


def test_every_question_has_a_shape_and_only_those(document: dict[str, Any]) -> None:
    enquiry = document["components"]["schemas"]["Enquiry"]

    assert set(enquiry["properties"]) == set(QUESTIONS)
    assert enquiry["required"] == ["contact_email", "contact_name", "establishment", "programme"]
    assert enquiry["additionalProperties"] is False
    for shape in enquiry["properties"].values():
        assert shape["description"]
        assert {"type", "anyOf"} & set(shape)


def test_its_example_is_taken(document: dict[str, Any], embedded: Keytalk) -> None:
    example = document["components"]["schemas"]["Enquiry"]["example"]
    _enquiry(document).validate(example)

    answer = embedded.post(example, key="the example of the document")

    assert answer.status_code == 422  # a key has no spaces
    answer = embedded.post(example)
    assert answer.status_code == 201
    receipt = Draft202012Validator({**document, "$ref": "#/components/schemas/Receipt"})
    receipt.validate(answer.json())


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"group_size": ""}, 201),
        ({"group_size": None, "message": " ", "preferred_start": ""}, 201),
        ({"preferred_start": "2028-02-29"}, 201),
        ({"preferred_start": "2027-02-29"}, 422),
        ({"group_size": 501}, 422),
        ({"contact_name": " "}, 422),
        ({"contact_role": "two\nlines"}, 422),
        ({"message": "two\nlines"}, 201),
        ({"contact_phone": "call me"}, 422),
        ({"nickname": "x"}, 422),
    ],
)
def test_the_document_and_the_api_agree_on_what_is_an_enquiry(
    document: dict[str, Any], embedded: Keytalk, changed: dict[str, Any], status: int
) -> None:
    enquiry = document["components"]["schemas"]["Enquiry"]["example"] | changed

    assert _enquiry(document).is_valid(enquiry) == (status == 201)
    assert embedded.post(enquiry).status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_document_is_only_read(embedded: Keytalk, method: str) -> None:
    answer = requests.request(method, f"{embedded.public_url}/api/openapi.json", timeout=30)

    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == "application/problem+json"
