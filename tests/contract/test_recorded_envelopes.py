"""Services are not upgraded at the same moment: each reads what an older and a newer one wrote.

`recorded` keeps an envelope of each event as the first release published it, and one as a release to come might. They
are never changed with the code; a new event gets its two.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import shared.contracts  # noqa: F401 - fills the list of contracts
from shared.contracts.base import Contract, contract_for, contracts
from shared.contracts.wire import ATTRIBUTES
from shared.messaging.envelope import Envelope

RECORDED = Path(__file__).parent / "recorded"
EACH = pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.type)
BOTH = pytest.mark.parametrize("release", ["as_first_published", "from_the_future"])


def _recorded(contract: Contract, release: str) -> str:
    path = RECORDED / f"{contract.type}.{release}.json"
    assert path.exists(), f"Record an envelope of {contract.type} in tests/contract/recorded/{path.name}"
    return path.read_text()


@EACH
@BOTH
def test_an_envelope_of_another_release_still_loads(contract: Contract, release: str):
    text = _recorded(contract, release)
    written = json.loads(text)

    envelope = Envelope.from_json(text)

    assert contract_for(envelope.type) is contract
    assert (str(envelope.id), envelope.subject, envelope.sequence) == (written["id"], written["subject"], 1)
    assert (envelope.dataschema, envelope.correlation_id) == (written["dataschema"], written["correlationid"])
    assert _holds(contract.dump(contract.load(envelope.data)), _data(contract, "as_first_published"))


def _data(contract: Contract, release: str) -> Any:
    return json.loads(_recorded(contract, release))["data"]


def _holds(whole: Any, part: Any) -> bool:
    """Whether everything in `part` is in `whole`, to which later releases may have added."""
    if isinstance(part, dict):
        return all(_holds(whole[name], value) for name, value in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(_holds, whole, part))
    return bool(whole == part)


@EACH
def test_the_recorded_envelope_to_come_holds_what_nobody_knows_yet(contract: Contract):
    to_come = json.loads(_recorded(contract, "from_the_future"))

    assert set(to_come) - {item.name for item in ATTRIBUTES}
    assert set(to_come["data"]) - set(contract.schema.fields)


@EACH
def test_an_envelope_without_what_may_be_null_still_loads(contract: Contract):
    written = json.loads(_recorded(contract, "as_first_published"))
    bare = {name: value for name, value in written["data"].items() if contract.schema.fields[name].required}
    del written["correlationid"]

    envelope = Envelope.from_dict({**written, "data": bare})

    read = contract.dump(contract.load(envelope.data))
    assert _holds(read, bare)
    assert {name for name in read if name not in bare and read[name] is not None} == set()
