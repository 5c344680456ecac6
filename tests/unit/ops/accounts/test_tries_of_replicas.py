"""Tries to sign in are counted for all gateways on one database together, and forgotten in time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import RateLimitItemPerMinute
from sqlalchemy import func, select

from ops.accounts.entrance import FROM_ONE_PLACE, NotLetIn
from ops.accounts.tries import Tries
from ops.gateway.gateway import Gateway, make_gateway
from ops.tables import tries
from shared.config import read_settings
from shared.errors import Refused
from shared.persistence.database import Database
from shared.web.limits import TooMany
from tests.unit.ops.gateway_cast import ANOTHER, HERE, PASSWORD, TOKEN

FIVE = RateLimitItemPerMinute(5, 15)
KEY = "a-key-of-thirty-two-characters-or-more"


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request) -> dict[str, str]:
    if request.param == "sqlite":
        return {}
    return {"KEYTALK_OPS_DATABASE_URL": request.getfixturevalue("postgres").new_database("ops")}


@pytest.fixture
def second(gateway, services, clock, settings, tmp_path):
    """Another gateway on the same database; on SQLite, which one process has to itself, of the same process."""
    read = read_settings({"KEYTALK_HOME": str(tmp_path), "KEYTALK_OPS_TOKEN": TOKEN, **settings})
    shared = gateway.entrance.database
    database = shared if shared.is_sqlite else Database(read.database_url_of("ops"))
    yield make_gateway(services.call, database, clock, read)
    database.close()


def tried(gateway: Gateway) -> None:
    with pytest.raises(NotLetIn):
        gateway.entrance.sign_in("priya", ANOTHER, "", HERE)


def rows(gateway: Gateway) -> list[str]:
    with gateway.entrance.database.reading() as connection:
        return list(connection.scalars(select(tries.c.key_hash)))


def test_two_gateways_give_no_more_tries_than_one(gateway, second, add, clock):
    add()
    for number in range(FROM_ONE_PLACE.amount):
        tried((gateway, second)[number % 2])

    for each in (gateway, second):
        with pytest.raises(TooMany) as waits:
            each.entrance.sign_in("priya", PASSWORD, "", HERE)
        assert waits.value.seconds > 0
    clock.on(minutes=31)
    assert second.entrance.sign_in("priya", PASSWORD, "", HERE).name == "priya"


def test_nobody_reads_in_the_table_who_tried(gateway, second):
    tried(gateway)

    assert len(rows(second)) == 3
    assert not any("priya" in each or HERE in each for each in rows(second))


def test_counts_are_forgotten_and_those_that_still_matter_stay(gateway, second, clock):
    tried(gateway)
    clock.on(minutes=50)
    with pytest.raises(NotLetIn):
        gateway.entrance.sign_in("dan", ANOTHER, "", "198.51.100.7")
    assert len(rows(gateway)) == 6
    clock.on(minutes=30)
    tried(second)

    assert len(rows(second)) == 6  # priya's of now, and dan's
    clock.on(minutes=90)
    second.entrance._tries._forget_old()
    assert rows(second) == []


def test_many_at_once_are_let_in_as_often_as_one_after_the_other(gateway, second, clock):
    counted = [Tries(each.entrance.database, clock, KEY) for each in (gateway, second)]

    def one(number: int) -> bool:
        try:
            counted[number % 2].admit([(FIVE, "somebody"), (FIVE, f"number {number % 3}")], "Wait.")
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(24))) == FIVE.amount
    with second.entrance.database.reading() as connection:
        assert connection.scalar(select(func.max(tries.c.count))) == FIVE.amount


def test_what_has_no_room_in_one_limit_is_not_counted_in_the_next(gateway, clock):
    counted = Tries(gateway.entrance.database, clock, KEY)
    for _ in range(FIVE.amount):
        counted.admit([(FIVE, "a place")], "Wait.")

    for _ in range(20):
        with pytest.raises(TooMany):
            counted.admit([(FIVE, "a place"), (FIVE, "a name")], "Wait.")
    counted.admit([(FIVE, "a name")], "Wait.")


def test_a_database_that_is_away_is_not_said_to_be_many_tries(gateway, monkeypatch, caplog):
    def away(*_limits: object) -> None:
        raise Refused("unavailable", "The database does not answer.")

    monkeypatch.setattr(Tries, "admit", away)

    with pytest.raises(Refused, match="does not answer"):
        gateway.entrance.sign_in("priya", PASSWORD, "", HERE)

    assert "too many tries to sign in" not in caplog.messages
