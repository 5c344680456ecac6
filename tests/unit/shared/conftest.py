"""The clock and the two services in miniature that the tests of the backbone share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from backbone_cast import Office, SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def scheduling(tmp_path, clock) -> Iterator[Office]:
    """The service that hears of stages."""
    office = Office("scheduling", tmp_path, clock)
    yield office
    office.database.close()


@pytest.fixture
def enquiries(tmp_path, clock) -> Iterator[Office]:
    """The service that tells of them."""
    office = Office("enquiries", tmp_path, clock)
    yield office
    office.database.close()
