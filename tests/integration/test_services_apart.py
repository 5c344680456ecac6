"""Each service as a process of its own, two replicas of each, and each under its own user, as in production."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import amqp
import pytest
import requests

import shared.contracts  # noqa: F401 - fills the list of contracts
from shared.contracts.base import contract_for
from shared.messaging.broker import open_connection
from shared.messaging.envelope import Envelope
from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.servers.processes import Child, free_port
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]


def _cli(env: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.cli", *args]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def _serve(env: dict[str, str], service: str, log: Path) -> tuple[Child, int]:
    internal = free_port()
    of_their_own = ("KEYTALK_CALENDAR_PORT", "KEYTALK_MESSAGES_PORT")
    ports = {"KEYTALK_INTERNAL_PORT": str(internal), **dict.fromkeys(of_their_own, str(free_port()))}
    child = Child([sys.executable, "-m", "ops.cli", "serve", service], log=log, env={**env, **ports}, cwd=ROOT)
    return child, internal


@pytest.fixture(scope="module")
def uris(rabbitmq) -> dict[str, str]:
    """The broker's address for each service."""
    return rabbitmq.new_vhost_with_rights()


@pytest.fixture(scope="module")
def apart(
    real_environment: dict[str, str], uris: dict[str, str], tmp_path_factory
) -> Iterator[tuple[Keytalk, dict[str, list[int]]]]:
    """The three services and the gateway, two of each service that has no port to share."""
    folder = tmp_path_factory.mktemp("apart")
    frame = Keytalk(home=folder / "home", env=real_environment)
    env = frame.environment
    assert _cli(env, "migrate").returncode == 0
    children, internal = [], {}
    for service in ("enquiries", "scheduling", "scheduling", "notifications", "notifications", "ops"):
        log = folder / f"{service}-{len(children)}.log"
        child, port = _serve(env | {"KEYTALK_AMQP_URI": uris[service]}, service, log)
        children.append((child, log))
        internal.setdefault(service, []).append(port)
    try:
        for child, log in children:
            child.wait_until(lambda log=log: "ready" in log.read_text().split(), what="keytalk serve", within=60)
        yield frame, internal
    finally:
        for child, _log in children:
            child.end()


def test_an_enquiry_travels_between_processes_and_each_message_goes_out_once(apart, mail_server):
    keytalk, _ports = apart
    register = ROOT / "tests" / "data" / "register.csv"
    regimes = ROOT / "tests" / "data" / "regimes.csv"
    assert keytalk.cli("establishments", "import", str(register))["added"] == 3
    assert keytalk.cli("establishments", "regimes", str(regimes))["added"] == 5
    people = []
    for name in ("Ana", "Tom"):
        person = keytalk.cli("facilitators", "add", "--name", name, "--email", f"{name.lower()}@team.example")["id"]
        keytalk.cli(
            "clearances", "grant", "--facilitator", person, "--establishment", "RSI", "--from", "2026-01-01",
            "--until", "2028-01-01",
        )  # fmt: skip
        people.append(person)

    reference = keytalk.post(risley_enquiry()).json()["reference"]
    run = keytalk.cli("runs", "plan", "--enquiry", reference, "--start", "2027-01-12", "--window", "pm")
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    keytalk.cli("runs", "confirm", run["run"])

    # Overnight a confirmation waits until the office opens: it is enough that it is on the ledger.
    eventually(lambda: str(keytalk.cli("messages", "list")).count("'run_confirmed_") == 3)
    keytalk.cli("jobs", "run-due", "--as-of", "2027-01-07T15:00")
    eventually(lambda: len(mail_server.messages) >= 10)
    recipients = sorted(message["To"] for message in mail_server.messages)
    assert recipients == sorted(
        ["alex.morgan@risley.example"] * 2  # the acknowledgement, and the kit list
        + ["ops@localhost.localdomain"] * 2  # the new enquiry, and the summary of 7 January
        + ["alex.morgan@risley.example", "ana@team.example", "tom@team.example"] * 2
    )
    assert len({message["Message-ID"] for message in mail_server.messages}) == 10


def test_health_and_metrics_are_on_the_internal_port_and_metrics_nowhere_else(apart):
    keytalk, ports = apart

    for port in (ports["scheduling"][0], ports["notifications"][1], ports["ops"][0]):
        assert requests.get(f"http://127.0.0.1:{port}/health/live", timeout=10).status_code == 200
        ready = requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=10)
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert "python_info" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    for url in (keytalk.public_url, keytalk.ops_url):
        assert requests.get(f"{url}/health/ready", timeout=10).status_code == 200
        assert requests.get(f"{url}/metrics", timeout=10).status_code == 404


def test_an_import_again_changes_nothing_and_a_dry_run_stores_nothing(apart, tmp_path):
    keytalk, _ports = apart
    register = (ROOT / "tests" / "data" / "register.csv").read_text()
    changed = tmp_path / "register.csv"
    changed.write_text(register.replace("Risley (HMP),", "Risley (HMP & YOI),"))

    again = keytalk.cli("establishments", "import", str(ROOT / "tests" / "data" / "register.csv"))
    dry = keytalk.cli("establishments", "import", str(changed), "--dry-run")
    names = [row["name"] for row in keytalk.cli("establishments", "list", "--search", "RSI")]

    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 3)
    assert (dry["changed"], dry["unchanged"]) == (1, 2)
    assert names == ["Risley (HMP)"]


def test_the_planner_takes_a_closed_establishment_with_a_breach_and_skips_the_default_blackout(apart):
    keytalk, _ports = apart
    reference = keytalk.post(risley_enquiry(establishment="Old Hall")).json()["reference"]

    plan = keytalk.cli("runs", "plan", "--enquiry", reference, "--start", "2026-12-01", "--weekday", "tue")

    assert "active" in {breach["rule"] for breach in plan["sessions"][0]["breaches"]}
    assert [skipped["date"] for skipped in plan["skipped"]] == ["2026-12-22", "2026-12-29"]


class Payload:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def _dead_after(keytalk: Keytalk, service: str, publish: Callable[[], object]) -> dict[str, Any]:
    """Publish something, wait until it is a dead letter of a service, drop that, and give it."""
    before = keytalk.cli("dead", "list", "--service", service)
    publish()
    (dead,) = eventually(
        lambda: [row for row in keytalk.cli("dead", "list", "--service", service) if row not in before]
    )
    keytalk.cli("dead", "drop", dead["id"], "--service", service, "--reason", "sent by a test", "--yes")
    return dead


def _publish(uri: str, exchange: str, key: str, message: amqp.Message) -> None:
    with open_connection(uri) as connection:
        connection.channel().basic_publish_confirm(message, exchange, key)


def test_a_pickle_is_set_aside_unread_and_the_service_lives(apart, uris, tmp_path):
    keytalk, ports = apart
    made = tmp_path / "made"
    pickled = amqp.Message(
        pickle.dumps(Payload(made)), content_type="application/x-python-serialize", content_encoding="binary"
    )

    dead = _dead_after(
        keytalk, "scheduling", lambda: _publish(uris["enquiries"], "enquiries.events", "stage_changed", pickled)
    )

    assert dead["error"].startswith("NotAnEnvelope")
    assert not made.exists()
    for port in ports["scheduling"]:
        assert requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).status_code == 200


def test_an_event_of_one_service_inside_a_message_of_another_is_set_aside(apart, uris):
    keytalk, _ports = apart
    contract = contract_for("establishment_changed")
    forged = Envelope.of(
        contract.load({**contract.sample, "name": "Forged"}),
        id=uuid4(),
        source="scheduling",
        subject="RSI",
        sequence=1_000_000,
        time=datetime.now(UTC),
    )

    dead = _dead_after(
        keytalk,
        "enquiries",
        lambda: _publish(
            uris["notifications"], "notifications.events", "message_accepted", amqp.Message(forged.to_json())
        ),
    )

    assert dead["type"] == "unread"
    assert "came by 'notifications.events' as 'message_accepted'" in dead["error"]
