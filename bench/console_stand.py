"""Keytalk as a team of some years would have it, for the figures of the console: filled, running, operators signed in.

On servers, each service and the ops gateway are processes of their own, as in production; embedded, all is one process
on SQLite.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from bench import console_data, console_ledger, console_sessions
from bench.lab import Lab
from shared.config import read_settings
from shared.persistence.database import Database
from tests.servers.apart import SERVICES, Replica
from tests.servers.keytalk import Keytalk
from tests.servers.operators import add_operator, signed_in

ENQUIRIES, SESSIONS = 50_000, 20_000
ROLES = ("coordinator", "scheduler", "data_protection", "admin")
OTHERS = 20
"""How many of each thing are asked about in turn: what is asked for once more is not what was asked for just before."""


@dataclass
class Stand:
    """A running console with its data. `pid` is that of the gateway; `things` are ids by name, for addresses."""

    keytalk: Keytalk
    pid: int
    public_url: str
    internal_url: str
    things: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address of the console, without a slash at the end."""
        return self.keytalk.ops_url

    def operator(self, name: str) -> requests.Session:
        """Add an operator who may see everything, and sign them in."""
        add_operator(self.keytalk, name, *ROLES)
        return signed_in(self.keytalk, name)

    def address(self, page: str, number: int) -> str:
        """Give the address of a page; what stands in braces is another one for each number."""
        names = {name: those[number % len(those)] for name, those in self.things.items() if those}
        return self.url + page.format_map(names)


def fill(environment: Mapping[str, str], counts: tuple[int, int] = (ENQUIRIES, SESSIONS)) -> None:
    """Fill the migrated, empty databases that an environment names."""
    settings = read_settings({name: value for name, value in environment.items() if name.startswith("KEYTALK_")})
    begin, now = time.monotonic(), datetime.now(UTC)

    @contextmanager
    def opened(service: str) -> Iterator[Database]:
        database = Database(settings.database_url_of(service))
        try:
            yield database
        finally:
            database.close()

    with opened("enquiries") as database:
        console_data.enquiries(database, counts[0], now=now)
    with opened("scheduling") as database:
        years = console_sessions.sessions(database, counts[1])
    with opened("notifications") as database:
        messages = console_ledger.ledger(database, years, now=now)
    print(
        f"  filled {counts[0]:,} enquiries, {counts[1]:,} sessions and {len(messages):,} messages in "
        f"{time.monotonic() - begin:.0f} s",
        flush=True,
    )


@contextmanager
def on_servers(lab: Lab) -> Iterator[Stand]:
    """A filled console whose services and gateway are processes of their own, on PostgreSQL and RabbitMQ."""
    frame = lab.keytalk()
    try:
        frame.run("migrate").check_returncode()
        fill(frame.environment)
        with apart(frame, lab.folder) as stand:
            yield stand
    finally:
        frame.close()


@contextmanager
def apart(frame: Keytalk, folder: Path) -> Iterator[Stand]:
    """Serve the services and the gateway on the servers and databases of a frame, a process each."""
    replicas = {name: Replica(name, folder / f"{name}.log", frame.environment) for name in (*SERVICES, "ops")}
    try:
        for replica in replicas.values():
            replica.launch()
        for replica in replicas.values():
            replica.wait(within=120)
        ops, public = replicas["ops"], replicas["enquiries"]
        yield with_things(Stand(frame, ops.pid, public.public_url, ops.internal_url))
    finally:
        for replica in replicas.values():
            replica.stop()


@contextmanager
def embedded() -> Iterator[Stand]:
    """A filled console in one process on SQLite."""
    frame = Keytalk(demo=False)
    try:
        frame.run("migrate").check_returncode()
        fill(frame.environment)
        frame.start(within=120)
        yield with_things(Stand(frame, frame.pid, frame.public_url, frame.public_url))
    finally:
        frame.close()


def with_things(stand: Stand) -> Stand:
    """Look up what the pages are about, as an operator's command line would."""
    token = (stand.keytalk.home / "ops-token").read_text(encoding="ascii").strip()

    def asked(operation: str, **arguments: Any) -> Any:
        answer = requests.post(
            f"{stand.url}/rpc/{operation}",
            json=arguments,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()["result"]

    runs = [row["run"] for row in asked("scheduling/list_runs", limit=OTHERS)]
    sessions = [asked("scheduling/get_run", run=run)["sessions"][0]["id"] for run in runs]
    told = asked("notifications/list_messages", limit=OTHERS, template="run_confirmed_contact")
    matrix = asked("scheduling/clearance_matrix", establishments=["P001"])["facilitators"]
    stand.things = {
        "reference": [row["reference"] for row in asked("enquiries/list_enquiries", limit=OTHERS)],
        "won": [row["reference"] for row in asked("enquiries/list_enquiries", limit=OTHERS, stage="won")],
        "run": runs,
        "session": sessions,
        "told": [row["subject"].removeprefix("run:") for row in told],
        "message": [row["id"] for row in told],
        "hold": [row["hold"] for row in asked("scheduling/list_holds")[:OTHERS]],
        "offer": [row["offer"] for row in asked("scheduling/list_offers")[:OTHERS]],
        "memo": [row["memo"] for row in asked("scheduling/list_memos", limit=OTHERS)],
        "contact": [row["id"] for row in asked("enquiries/list_contacts", limit=OTHERS)],
        "organisation": [row["id"] for row in asked("enquiries/list_organisations", limit=OTHERS)],
        "facilitator": [row["id"] for row in itertools.islice(matrix, OTHERS)],
        "word": [row["contact"]["name"].split()[-1] for row in _enquiries(asked)],
        "place": [f"P{number:03}" for number in range(OTHERS)],
        "template": ["enquiry_received"],
        "month": [_weeks_ahead()],
    }
    return stand


def _weeks_ahead() -> str:
    """The six weeks that a page of a month shows, as its clashes are asked for."""
    today = datetime.now(UTC).date()
    return f"start={today.isoformat()}&end={(today + timedelta(days=41)).isoformat()}"


def _enquiries(asked: Any) -> list[Any]:
    rows = asked("enquiries/list_enquiries", limit=OTHERS)
    return [asked("enquiries/get_enquiry", reference=row["reference"]) for row in rows]
