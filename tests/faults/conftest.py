"""The laboratory as a fixture: one for all modules, healed before each test, and made anew after one that failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.lab import Lab

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember of each test whether it failed: what it left behind is nothing to begin with."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


class LabKeeper:
    """Keeps a lab from test to test, as long as they pass."""

    def __init__(self, make: Callable[[], Lab]) -> None:
        self._make = make
        self._lab: Lab | None = None

    def lab(self) -> Lab:
        """Give the lab, with all services running and all connections whole."""
        if self._lab is None:
            self._lab = self._make().__enter__()
        self._lab.heal()
        return self._lab

    def drop(self) -> None:
        """End the lab; the next test gets another."""
        lab, self._lab = self._lab, None
        if lab is not None:
            lab.__exit__(None, None, None)

    def lend(self, request: pytest.FixtureRequest) -> Iterator[Lab]:
        """Give the lab to one test, and drop it where the test failed."""
        yield self.lab()
        if request.node.stash.get(_FAILED, False):
            self.drop()


@pytest.fixture(scope="session")
def lab_keeper(rabbitmq, postgres, _mail_server) -> Iterator[Callable[[int], LabKeeper]]:
    """Gives the keeper of the labs that have so many replicas of each service."""
    if not (rabbitmq.owned and postgres.owned):
        pytest.skip("breaks the servers, so they have to be private")
    keepers: dict[int, LabKeeper] = {}

    def keeper(replicas: int) -> LabKeeper:
        def make() -> Lab:
            return Lab(rabbitmq, postgres, _mail_server, replicas=replicas)

        for other in set(keepers) - {replicas}:
            keepers[other].drop()
        return keepers.setdefault(replicas, LabKeeper(make))

    yield keeper
    for each in keepers.values():
        each.drop()


@pytest.fixture
def lab(request, lab_keeper, mail_server) -> Iterator[Lab]:
    """Services apart, one replica of each."""
    yield from lab_keeper(1).lend(request)


@pytest.fixture
def crowd(request, lab_keeper, mail_server) -> Iterator[Lab]:
    """Services apart, two replicas of each."""
    yield from lab_keeper(2).lend(request)
