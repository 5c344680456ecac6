"""Under which key the gateway passes a change on, and what a body cannot say."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from ops.gateway.app import create_app
from ops.gateway.gateway import make_gateway
from shared.clock import machine_clock
from shared.config import read_settings
from shared.observability.context import correlation_id
from shared.persistence.database import Database
from shared.persistence.migrations import migrate

TOKEN = "a-token-of-sixteen"
CHANGE, READ = "/rpc/enquiries/move_enquiry", "/rpc/enquiries/get_enquiry"


class Services:
    """Keeps what it was called with."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.about: list[str | None] = []

    def call(self, _service: str, _method: str, /, **arguments: Any) -> str:
        self.calls.append(arguments)
        self.about.append(correlation_id.get())
        return "done"


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def client(services, tmp_path) -> Iterator[FlaskClient]:
    settings = read_settings({"KEYTALK_HOME": str(tmp_path), "KEYTALK_OPS_TOKEN": TOKEN})
    migrate("ops", settings.database_url_of("ops"))
    database = Database(settings.database_url_of("ops"))
    yield create_app(make_gateway(services.call, database, machine_clock, settings)).test_client()
    database.close()


def post(client: FlaskClient, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, json=body, headers={"Authorization": f"Bearer {TOKEN}", **headers})


def test_a_change_is_passed_on_under_the_key_of_its_request(client, services):
    assert post(client, CHANGE, {"to": "won"}, **{"Idempotency-Key": "k-1"}).json == {"result": "done"}

    assert services.calls == [{"to": "won", "actor": "operator", "idempotency_key": "k-1"}]


def test_a_change_without_a_key_is_a_change_of_its_own(client, services):
    for _ in range(2):
        post(client, CHANGE, {"to": "won"})

    keys = [str(uuid.UUID(call["idempotency_key"])) for call in services.calls]
    assert len(set(keys)) == 2


def test_a_read_is_passed_on_without_a_key(client, services):
    post(client, READ, {"reference": "KT-1"}, **{"Idempotency-Key": "k-1"})

    assert services.calls == [{"reference": "KT-1"}]


@pytest.mark.parametrize("path", [CHANGE, READ])
def test_a_body_says_neither_who_acts_nor_how_often_nor_for_how_long(client, services, path):
    forged = {"actor": "the director", "idempotency_key": "theirs", "deadline": 0}

    assert post(client, path, forged).status_code == 200

    (call,) = services.calls
    assert call.get("actor", "operator") == "operator"
    assert call.get("idempotency_key") != "theirs"
    assert "deadline" not in call


def test_each_request_is_told_apart_by_an_id_of_its_own(client, services):
    for _ in range(2):
        post(client, READ, {"reference": "KT-1"})

    assert None not in services.about
    assert len(set(services.about)) == 2
    assert correlation_id.get() is None
