"""How an account comes to be: by a link, once, and in its time."""

from __future__ import annotations

import itsdangerous.timed
import pytest
from sqlalchemy import select

from ops.tables import operators
from shared.errors import Refused
from tests.unit.ops.gateway_cast import ANOTHER, PASSWORD, path_of

MAKING = {"name": "Priya", "full_name": "Priya Shah", "email": "Priya@Example.org"}


@pytest.fixture
def first(gateway) -> str:
    return f"/first/{gateway.entrance.first_link()}"


def test_the_first_account_may_do_everything_and_is_let_in(visitor, first, ask):
    answer = visitor.post(first, **MAKING, password=PASSWORD, again=PASSWORD)

    assert (answer.status_code, visitor.is_in()) == (302, True)
    (made,) = ask("ops.list_operators").json["result"]
    assert (made["name"], made["email"]) == ("priya", "priya@example.org")
    assert made["roles"] == ["admin", "coordinator", "data_protection", "scheduler"]


def test_the_first_account_is_made_once(visitor, another, first, gateway, ask):
    assert another.get(first).status_code == 200
    visitor.post(first, **MAKING, password=PASSWORD, again=PASSWORD)

    assert another.get(first).status_code == 404
    with pytest.raises(Refused, match="first account only"):
        gateway.entrance.make_first(first.rpartition("/")[2], MAKING | {"name": "eve"}, ANOTHER)
    assert gateway.entrance.first_link() is None
    assert len(ask("ops.list_operators").json["result"]) == 1


def test_two_who_make_the_first_account_at_the_same_moment_make_one(first, gateway, monkeypatch, ask):
    key = first.rpartition("/")[2]
    hashing = gateway.entrance._new_password

    def while_another_is_quicker(password, about):
        monkeypatch.setattr(gateway.entrance, "_new_password", hashing)
        gateway.entrance.make_first(key, MAKING | {"name": "quick", "email": "quick@example.org"}, PASSWORD)
        return hashing(password, about)

    monkeypatch.setattr(gateway.entrance, "_new_password", while_another_is_quicker)

    with pytest.raises(Refused, match="first account only"):
        gateway.entrance.make_first(key, MAKING, ANOTHER)
    assert [one["name"] for one in ask("ops.list_operators").json["result"]] == ["quick"]


def test_the_link_to_the_first_account_holds_for_an_hour(visitor, first, monkeypatch):
    made = itsdangerous.timed.time.time()
    monkeypatch.setattr(itsdangerous.timed.time, "time", lambda: made + 3590)
    assert visitor.get(first).status_code == 200

    monkeypatch.setattr(itsdangerous.timed.time, "time", lambda: made + 3610)
    assert visitor.get(first).status_code == 404


def test_a_link_that_was_made_up_is_none(visitor):
    assert visitor.get("/first/ImZpcnN0Ig.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb").status_code == 404


def test_whoever_is_invited_chooses_a_password_and_is_let_in(ask, visitor):
    invited = ask("ops.add_operator", name="dan", email="dan@example.org", roles=["viewer"]).json["result"]

    answer = visitor.post(path_of(invited), password=PASSWORD, again=PASSWORD)

    assert (answer.status_code, visitor.is_in()) == (302, True)
    assert invited["link_holds_days"] == 3


def test_an_invitation_is_used_once(add, visitor):
    invited = add()

    assert visitor.get(path_of(invited)).status_code == 404


def test_of_two_who_come_with_a_link_at_the_same_moment_one_chooses(ask, gateway, monkeypatch):
    invited = ask("ops.add_operator", name="dan", email="dan@example.org", roles=["viewer"]).json["result"]
    key = path_of(invited).rpartition("/")[2]
    hashing = gateway.entrance._new_password

    def while_another_is_quicker(password, about):
        monkeypatch.setattr(gateway.entrance, "_new_password", hashing)
        gateway.entrance.choose_password(key, PASSWORD)
        return hashing(password, about)

    monkeypatch.setattr(gateway.entrance, "_new_password", while_another_is_quicker)

    with pytest.raises(Refused, match="used already"):
        gateway.entrance.choose_password(key, ANOTHER)
    assert gateway.entrance.sign_in("dan", PASSWORD, "", "192.0.2.7").name == "dan"


def test_a_link_that_a_newer_one_ends_while_a_password_is_chosen_does_nothing(ask, gateway, monkeypatch):
    invited = ask("ops.add_operator", name="dan", email="dan@example.org", roles=["viewer"]).json["result"]
    hashing = gateway.entrance._new_password

    def while_an_admin_makes_another(password, about):
        ask("ops.invite_operator", operator="dan")
        return hashing(password, about)

    monkeypatch.setattr(gateway.entrance, "_new_password", while_an_admin_makes_another)

    with pytest.raises(Refused, match="used already"):
        gateway.entrance.choose_password(path_of(invited).rpartition("/")[2], PASSWORD)


def test_an_invitation_runs_out(ask, visitor, clock):
    invited = ask("ops.add_operator", name="dan", email="dan@example.org", roles=["viewer"]).json["result"]

    clock.on(days=3, seconds=-1)
    assert visitor.get(path_of(invited)).status_code == 200
    clock.on(seconds=2)
    assert visitor.get(path_of(invited)).status_code == 404


def test_a_new_invitation_ends_the_older_one(add, ask, visitor):
    add()
    older = ask("ops.invite_operator", operator="priya").json["result"]
    newer = ask("ops.invite_operator", operator="priya").json["result"]

    assert visitor.get(path_of(older)).status_code == 404
    assert visitor.get(path_of(newer)).status_code == 200


def test_nobody_chooses_a_password_for_a_disabled_account(add, ask, visitor):
    add()
    invited = ask("ops.invite_operator", operator="priya").json["result"]
    ask("ops.disable_operator", operator="priya", reason="left us")

    assert visitor.get(path_of(invited)).status_code == 404
    assert ask("ops.invite_operator", operator="priya").status_code == 409


def test_a_weak_password_leaves_the_link_open(ask, visitor):
    invited = ask("ops.add_operator", name="dan", email="dan@example.org", roles=["viewer"]).json["result"]

    answer = visitor.post(path_of(invited), password="password1234", again="password1234")

    assert (answer.status_code, "found by guessing" in answer.text) == (422, True)
    assert visitor.get(path_of(invited)).status_code == 200


def test_pages_behind_a_key_tell_their_address_to_nobody(ask, visitor, first):
    for path in (first, path_of(ask("ops.add_operator", name="d1", email="d@e.org", roles=["viewer"]).json["result"])):
        answer = visitor.get(path)
        if answer.status_code == 200:
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "noindex" in answer.headers["X-Robots-Tag"]


def test_no_key_is_kept_as_it_is(add, ask, gateway, visitor):
    invited = add()
    visitor.sign_in()
    token = ask("ops.whoami").json and visitor.post("/account/tokens", "/account", label="laptop").text
    with gateway.entrance.database.reading() as connection:
        kept = [
            str(row)
            for name in ("invitations", "sessions", "tokens", "operators")
            for row in connection.execute(select(operators.metadata.tables[name]))
        ]

    everything = " ".join(kept)
    assert path_of(invited).rpartition("/")[2] not in everything
    assert "keytalk_" in token
    assert "keytalk_" not in everything
    assert PASSWORD not in everything


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"name": "A B"}, "name"),
        ({"email": "nowhere"}, "email"),
        ({"roles": []}, "roles"),
        ({"roles": ["king"]}, "roles"),
        ({"roles": ["facilitator"]}, "stands_for"),
        ({"roles": ["facilitator", "admin"], "stands_for": "f-1"}, "roles"),
        ({"full_name": "x" * 101}, "full_name"),
        ({"name": 7}, "name"),
        ({"roles": "admin"}, "roles"),
        ({"full_name": "a\0b"}, "full_name"),
    ],
)
def test_an_account_that_does_not_do_is_refused_by_the_field_at_fault(ask, wrong, named):
    given = {"name": "dan", "email": "dan@example.org", "roles": ["viewer"]}

    answer = ask("ops.add_operator", **(given | wrong))

    assert answer.status_code == 422
    assert named in answer.json["errors"]
    assert ask("ops.list_operators").json["result"] == []


def test_a_name_or_an_email_is_nobody_elses(add, ask):
    add()

    for given in ({"name": "priya", "email": "p2@example.org"}, {"name": "p2", "email": "PRIYA@example.org"}):
        assert ask("ops.add_operator", **given, roles=["viewer"]).status_code == 409
