"""The gateway with a database of its own, services that a test answers for, and a clock that a test turns."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from ops.accounts import passwords
from ops.gateway.app import create_app
from ops.gateway.gateway import Gateway, make_gateway
from shared.config import read_settings
from shared.persistence.database import Database
from shared.persistence.migrations import migrate

TOKEN = "a-token-of-sixteen"
PASSWORD, ANOTHER = "green otter lamp river", "seven quiet copper kites"
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"


class Turned:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.now = datetime(2027, 1, 12, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def on(self, **by: float) -> None:
        self.now += timedelta(**by)


class Services:
    """Answers `done` or what a test sets, or raises it; keeps what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.error: Exception | None = None
        self.when_called: Callable[[], None] = lambda: None
        self.answers: dict[str, Any] = {}

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        self.calls.append((service, method, arguments))
        self.when_called()
        if self.error:
            raise self.error
        answer = self.answers.get(method, "done")
        if isinstance(answer, Exception):
            raise answer
        return answer


class Visitor:
    """A browser, from one address, that follows the console's forms."""

    def __init__(self, client: FlaskClient, address: str = HERE) -> None:
        self.client = client
        self._at = {"REMOTE_ADDR": address}

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, environ_base=self._at, **more)

    def post(self, path: str, page: str | None = None, /, **form: Any) -> Any:
        """Send a form as it stands on `page`, or on the page at its own address."""
        token = csrf_token(self.get(page or path).text)
        return self.client.post(path, data=form | {"csrf_token": token}, environ_base=self._at)

    def sign_in(self, name: str = "priya", password: str = PASSWORD, code: str = "", **more: str) -> Any:
        return self.post("/sign-in", name=name, password=password, code=code, **more)

    def is_in(self) -> bool:
        return self.get("/account").status_code == 200


def csrf_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found.group(1)


@pytest.fixture(autouse=True, scope="session")
def _quick_hashes() -> Iterator[None]:
    """Hash as the real thing does, with less work: a test hashes many times."""
    kept, nobodys = passwords._hasher, passwords.NOBODYS
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    passwords.NOBODYS = passwords._hasher.hash("nobody has this password")
    yield
    passwords._hasher, passwords.NOBODYS = kept, nobodys


@pytest.fixture
def clock() -> Turned:
    return Turned()


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def settings() -> dict[str, str]:
    """More settings of a test."""
    return {}


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory) -> Path:
    """A database with tables and nothing in them, to be copied."""
    url = read_settings({"KEYTALK_HOME": str(tmp_path_factory.mktemp("migrated"))}).database_url_of("ops")
    migrate("ops", url)
    return Path(str(url.database))


@pytest.fixture
def gateway(services, clock, settings, tmp_path, _migrated) -> Iterator[Gateway]:
    read = read_settings({"KEYTALK_HOME": str(tmp_path), "KEYTALK_OPS_TOKEN": TOKEN, **settings})
    url = read.database_url_of("ops")
    if url.get_backend_name() == "sqlite":
        shutil.copy(_migrated, str(url.database))
    else:
        migrate("ops", url)
    database = Database(read.database_url_of("ops"))
    yield make_gateway(services.call, database, clock, read)
    database.close()


@pytest.fixture
def app(gateway) -> Flask:
    return create_app(gateway)


@pytest.fixture
def visitor(app) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
def another(app) -> Visitor:
    """Somebody else, at another place."""
    return Visitor(app.test_client(), ELSEWHERE)


@pytest.fixture
def ask(app) -> Callable[..., Any]:
    """Ask an operation by a token, the first one unless another is given, and give the answer."""

    def ask(call: str, *, token: str = TOKEN, **arguments: Any) -> Any:
        path = f"/rpc/{call.replace('.', '/')}"
        return app.test_client().post(path, json=arguments, headers={"Authorization": f"Bearer {token}"})

    return ask


@pytest.fixture
def add(ask, app) -> Callable[..., dict[str, Any]]:
    """Add an operator who has chosen `PASSWORD`; give what the gateway said of them."""

    def add(name: str = "priya", *roles: str, stands_for: str | None = None) -> dict[str, Any]:
        given = {"name": name, "email": f"{name}@example.org", "roles": roles or ["coordinator"]}
        added = ask("ops.add_operator", **given, stands_for=stands_for).json["result"]
        Visitor(app.test_client()).post(path_of(added), password=PASSWORD, again=PASSWORD)
        return added

    return add


@pytest.fixture
def audit(ask) -> Callable[..., list[dict[str, Any]]]:
    """Give what is in the audit, the newest first."""

    def audit(**chosen: Any) -> list[dict[str, Any]]:
        return ask("ops.list_audit", limit=200, **chosen).json["result"]

    return audit


def path_of(invited: dict[str, Any]) -> str:
    """Give the path of an invitation's link."""
    return "/invitation/" + invited["link"].rpartition("/")[2]
