"""Rules of the house that the linters cannot see."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from nameko.rpc import Rpc
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

import shared.contracts  # noqa: F401 - fills the list of contracts
from ops.gateway.permissions import CHANGE, OPERATIONS, READ
from shared.config import DATABASES, SERVICES
from shared.contracts.base import contracts
from shared.doors.events import Consumes
from shared.doors.rpc import Change
from shared.persistence.migrations import migrate

ROOT = Path(__file__).resolve().parents[2]


def _doors(service: str, kind: type) -> dict[str, object]:
    module = importlib.import_module(f"services.{service}.service")
    found = next(item for item in vars(module).values() if getattr(item, "name", None) == service)
    return {
        method: door
        for method, function in inspect.getmembers(found, inspect.isfunction)
        for door in getattr(function, ENTRYPOINT_EXTENSIONS_ATTR, ())
        if isinstance(door, kind)
    }


def test_every_operation_has_a_permission_and_every_permission_an_operation():
    operations = {
        (service, method): CHANGE if isinstance(door, Change) else READ
        for service in SERVICES
        for method, door in _doors(service, Rpc).items()
    }

    assert operations == OPERATIONS


def test_every_subscriber_of_a_contract_handles_it_and_nobody_else_does():
    promised = {(contract.type, service) for contract in contracts() for service in contract.subscribers}
    kept = {(door.contract.type, service) for service in SERVICES for door in _doors(service, Consumes).values()}

    assert kept == promised


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.type)
def test_a_sample_says_what_its_contract_promises(contract):
    assert contract.dump(contract.load(contract.sample)) == dict(contract.sample)


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.type)
def test_no_event_holds_personal_data(contract):
    of_places_and_programmes = {"establishment_name", "programme_name"}
    if contract.type == "establishment_changed":
        of_places_and_programmes |= {"name", "other_names"}
    names = set(contract.sample) - of_places_and_programmes

    assert not [name for name in names if re.search("name|mail|phone|address|contact|message$|text", name)]


@pytest.mark.parametrize("service", DATABASES)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migrations_lead_to_the_tables_the_code_expects(service, kind, tmp_path, request):
    if kind == "sqlite":
        url = make_url(f"sqlite:///{tmp_path}/{service}.sqlite3")
    else:
        given = request.getfixturevalue("postgres").new_database(f"migrated_{service}")
        url = make_url(given).set(drivername="postgresql+psycopg")
    migrate(service, url)
    metadata = importlib.import_module("ops.tables" if service == "ops" else f"services.{service}.tables").metadata
    engine = create_engine(url)

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    engine.dispose()
    assert differences == []


def test_no_file_names_a_package_registry():
    address = re.compile(r"--(extra-)?index-url[ =]http|find-links[ =]http|pypi\.org|registry\.npmjs")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    naming = [
        name
        for name in tracked.splitlines()
        if not name.startswith("tests/") and address.search((ROOT / name).read_text(errors="ignore"))
    ]

    assert naming == []
