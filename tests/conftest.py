"""What every test can ask for: the servers, and Keytalk itself in both of its modes."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator
from datetime import datetime

import pytest
from hypothesis import settings

from tests.examples import STORY_BEGINS
from tests.servers.keytalk import Keytalk

pytest_plugins = ["tests.servers.fixtures"]


@pytest.fixture(scope="module")
def began_at() -> datetime:
    """When Keytalk's clock begins: on a day in December. A module that tells of another day has one of its own."""
    return STORY_BEGINS


@pytest.fixture(scope="module")
def embedded(began_at: datetime) -> Iterator[Keytalk]:
    """One process, SQLite files, no broker, a Maildir; with the demonstration set."""
    with Keytalk(demo=True, began_at=began_at) as keytalk:
        yield keytalk


@pytest.fixture(scope="module")
def real_environment(rabbitmq, postgres, _mail_server) -> dict[str, str]:
    """The settings for real servers: a virtual host, databases and an empty mail server for each module."""
    _mail_server.clear()
    return {
        "KEYTALK_AMQP_URI": rabbitmq.new_vhost(),
        "KEYTALK_SMTP_URL": _mail_server.url,
        **postgres.service_databases(),
    }


@pytest.fixture(scope="module")
def real(real_environment: dict[str, str], began_at: datetime) -> Iterator[Keytalk]:
    """The same on RabbitMQ, PostgreSQL and SMTP."""
    with Keytalk(demo=True, env=real_environment, began_at=began_at) as keytalk:
        yield keytalk


@pytest.fixture(scope="module", params=["embedded", "real"])
def keytalk(request) -> Keytalk:
    """Keytalk in each mode in turn."""
    return request.getfixturevalue(request.param)


TOLD_IN_BOTH_MODES = frozenset({"test_the_human_answer"})
"""The story that every run tells embedded and on real servers. The others are told on servers, where more can go wrong;
the stories of the console are embedded ones. `--thorough` tells all in both."""

ON_BOTH_DATABASES = frozenset({"test_several_go_out_at_once", "test_prepared_messages", "test_the_ledger_is_read"})
"""The tests of the services' rooms that every run makes on SQLite and on PostgreSQL. The others are made on SQLite, and
the stories and faults on PostgreSQL; `--thorough` makes all on both."""

USUAL_SCREEN = "phone"
"""Where every run looks at all mails; `--thorough` looks on a desk and in the dark too."""

settings.register_profile("usual", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=300, deadline=None)
settings.load_profile("usual")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what a longer run may ask for."""
    parser.addoption(
        "--thorough",
        action="store_true",
        help="every story in both modes, every room on both databases, every mail on every screen",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what most stories and rooms are tested in twice, and most screens of mails, unless asked for them."""
    if config.getoption("--thorough"):
        return
    names = {item.nodeid for item in items}
    left_out = [
        item
        for item in items
        if item.get_closest_marker("thorough")
        or _is_told_twice(item)
        or _is_made_twice(item, names)
        or _is_another_screen(item)
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _is_told_twice(item: pytest.Item) -> bool:
    told = getattr(item, "callspec", None)
    if told is None or "embedded" not in told.params.values() or not {"e2e", "integration"} & {*item.path.parts}:
        return False
    return item.path.stem not in TOLD_IN_BOTH_MODES


def _is_made_twice(item: pytest.Item, names: Collection[str]) -> bool:
    if "services" not in item.path.parts or item.path.stem in ON_BOTH_DATABASES or "postgresql" not in item.nodeid:
        return False
    return item.nodeid.replace("postgresql", "sqlite") in names


def pytest_collection_finish() -> None:
    """Leave what was loaded to run all this out of collections of garbage: that took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _is_another_screen(item: pytest.Item) -> bool:
    return item.path.stem == "test_mails_in_a_browser" and not item.name.endswith(f"-{USUAL_SCREEN}]")
