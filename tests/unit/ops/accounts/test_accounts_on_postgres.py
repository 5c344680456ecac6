"""What accounts promise holds on PostgreSQL too, where others write at the same time."""

from __future__ import annotations

import threading

import pytest

from ops.accounts import operators as people
from ops.accounts.entrance import NotLetIn
from shared.errors import Refused
from tests.unit.ops.gateway_cast import ANOTHER, HERE, PASSWORD, path_of
from tests.waiting import eventually

MAKING = {"name": "priya", "full_name": "Priya Shah", "email": "priya@example.org"}


@pytest.fixture
def settings(postgres) -> dict[str, str]:
    return {"KEYTALK_OPS_DATABASE_URL": postgres.new_database("ops_accounts")}


def test_the_first_account_is_made_once_and_signs_in(gateway):
    key = gateway.entrance.first_link()

    made = gateway.entrance.make_first(key, MAKING, PASSWORD)

    assert gateway.entrance.by_session(gateway.entrance.begin_session(made)).name == "priya"
    with pytest.raises(Refused, match="first account only"):
        gateway.entrance.make_first(key, MAKING | {"name": "eve", "email": "eve@example.org"}, PASSWORD)


def test_whoever_makes_the_first_account_keeps_others_waiting(gateway):
    database, seen = gateway.entrance.database, []

    def another() -> None:
        with database.writing() as connection:
            people.be_alone(connection)
            seen.append(people.count_operators(connection))

    with database.writing() as connection:
        people.be_alone(connection)
        beside = threading.Thread(target=another)
        beside.start()
        people.add_operator(connection, MAKING | {"roles": ["admin"]}, gateway.clock())
        assert seen == []
    beside.join(10)

    assert seen == [1]


def test_a_session_that_is_begun_while_the_account_is_disabled_waits_and_stays_out(add, ask, gateway):
    add()
    seen, ended = gateway.entrance.sign_in("priya", PASSWORD, "", HERE), []

    def begin() -> None:
        try:
            ended.append(gateway.entrance.begin_session(seen))
        except NotLetIn as refused:
            ended.append(refused)

    with gateway.entrance.database.writing() as connection:
        people.disable_operator(connection, "priya", gateway.clock())
        beside = threading.Thread(target=begin)
        beside.start()
        assert ended == []
    beside.join(10)

    assert isinstance(eventually(lambda: ended)[0], NotLetIn)


def test_a_link_is_used_once(ask, gateway, visitor):
    invited = ask("ops.add_operator", name="dan", email="dan@example.org", roles=["viewer"]).json["result"]
    key = path_of(invited).rpartition("/")[2]
    gateway.entrance.choose_password(key, PASSWORD)

    with pytest.raises(Refused):
        gateway.entrance.choose_password(key, ANOTHER)
    assert visitor.sign_in("dan").status_code == 302


@pytest.mark.parametrize("login", ["a\0b", "\ud800", "x" * 100_000])
def test_a_name_that_no_database_takes_is_refused_like_any_other(gateway, login):
    with pytest.raises(NotLetIn):
        gateway.entrance.sign_in(login, "x", "", HERE)


def test_what_no_database_takes_is_refused_by_its_field(ask):
    for call, given in (("invite_operator", {"operator": "a\0b"}), ("list_audit", {"actor": "\0"})):
        assert ask(f"ops.{call}", **given).status_code == 422
