"""The laboratory as fixtures: one for the quick faults of all modules, healed before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.lab import Lab


@pytest.fixture(scope="package")
def _lab(rabbitmq, postgres, _mail_server) -> Iterator[Lab]:
    if not (rabbitmq.owned and postgres.owned):
        pytest.skip("breaks the servers, so they have to be private")
    with Lab(rabbitmq, postgres, _mail_server) as lab:
        yield lab


@pytest.fixture
def lab(_lab: Lab, mail_server) -> Iterator[Lab]:
    """Services apart, one replica of each, all running and all connections whole at the start of the test."""
    _lab.heal()
    yield _lab
    _lab.heal()
