"""Pages hear what is new as it happens: inside one process, and over RabbitMQ with its exact rights."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from tests.examples import risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.servers.operators import add_operator, signed_in


@pytest.fixture(scope="module", params=["embedded", "on servers"])
def keytalk(request) -> Iterator[Keytalk]:
    env = {}
    if request.param == "on servers":
        rabbitmq, postgres = request.getfixturevalue("rabbitmq"), request.getfixturevalue("postgres")
        env = {"KEYTALK_AMQP_URI": rabbitmq.new_vhost(), **postgres.service_databases()}
    with Keytalk(env=env) as running:
        add_operator(running, "priya", "coordinator")
        yield running


@pytest.fixture
def priya(keytalk) -> requests.Session:
    return signed_in(keytalk)


def lines_of(session: requests.Session, keytalk: Keytalk) -> Iterator[str]:
    answer = session.get(f"{keytalk.ops_url}/live", stream=True, timeout=30)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    return answer.iter_lines(chunk_size=1, decode_unicode=True)


def test_a_new_enquiry_is_heard_of_by_who_looks_on(keytalk, priya):
    lines = lines_of(priya, keytalk)
    assert next(lines) == "retry: 5000"
    time.sleep(1.5)  # over a broker: until the queue is bound

    reference = keytalk.post(risley_enquiry()).json()["reference"]

    told = next(line for line in lines if reference in line)
    assert told == f'data: ["{reference}"]'


def test_nobody_looks_on_who_is_not_signed_in(keytalk):
    answer = requests.get(f"{keytalk.ops_url}/live", timeout=30, allow_redirects=False)

    assert answer.status_code == 302
    assert "/sign-in" in answer.headers["Location"]


def test_who_sees_only_what_is_theirs_hears_of_nothing_else(keytalk):
    add_operator(keytalk, "ana", "facilitator", stands_for="01a2166d-5623-7789-935b-a0117266c90e")

    assert signed_in(keytalk, "ana").get(f"{keytalk.ops_url}/live", timeout=30).status_code == 403


def test_a_process_with_onlookers_ends_in_time(keytalk, priya):
    lines = lines_of(priya, keytalk)
    next(lines)

    assert keytalk.stop() == 0
    assert [line for line in lines if line.startswith("event")] == []
    assert "stopped before all in hand had ended" not in (keytalk.home / "keytalk.log").read_text()
    keytalk.start()
