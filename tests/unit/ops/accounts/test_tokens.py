"""Tokens of the command line: for a time, until they are revoked, and no longer than the account."""

from __future__ import annotations

from datetime import datetime

import pytest

from shared.errors import Refused
from tests.unit.ops.gateway_cast import ANOTHER, PASSWORD


@pytest.fixture
def token(add, app) -> str:
    add()
    made = app.test_client().post("/tokens", json={"name": "priya", "password": PASSWORD, "label": "laptop"})
    assert made.status_code == 200
    return made.json["result"]["token"]


@pytest.fixture
def revoke(app):
    """Revoke a token that is named so, by a token."""

    def revoke(token: str, named: str):
        path, headers = "/rpc/ops/revoke_token", {"Authorization": f"Bearer {token}"}
        return app.test_client().post(path, json={"token": named}, headers=headers)

    return revoke


def holds(ask, token: str) -> bool:
    return ask("ops.whoami", token=token).status_code == 200


def test_a_token_opens_the_api_as_whose_it_is(ask, token):
    assert ask("ops.whoami", token=token).json["result"]["name"] == "priya"
    assert token.startswith("keytalk_")


def test_a_token_holds_for_its_days_and_no_longer(ask, token, clock):
    clock.on(days=90, seconds=-1)
    assert holds(ask, token)
    clock.on(seconds=1)
    assert not holds(ask, token)


@pytest.mark.parametrize("by", ["id", "token"])
def test_a_revoked_token_opens_nothing(ask, token, by, audit, revoke):
    (listed,) = ask("ops.list_tokens", token=token).json["result"]
    named = listed["id"] if by == "id" else token

    revoked = revoke(token, named)

    assert revoked.json["result"]["id"] == listed["id"]
    assert not holds(ask, token)
    assert audit(actor="priya")[0]["subject"] == listed["id"]


def test_nobody_revokes_anothers_token(ask, add, app, token, revoke):
    add("dan")
    dans = app.test_client().post("/tokens", json={"name": "dan", "password": PASSWORD}).json["result"]

    for named in (dans["id"], dans["token"], "nonsense", "keytalk_nonsense"):
        assert revoke(token, named).status_code == 404
    assert holds(ask, dans["token"])


def test_a_disabled_operators_tokens_end_for_good(ask, token):
    ask("ops.disable_operator", operator="priya", reason="left us")
    assert not holds(ask, token)

    ask("ops.enable_operator", operator="priya")
    assert not holds(ask, token)


def test_a_token_that_is_made_while_its_owner_is_disabled_is_not_made(add, gateway, ask):
    add()
    seen = gateway.entrance.sign_in("priya", PASSWORD, "", "192.0.2.7")
    ask("ops.disable_operator", operator="priya", reason="left us")

    with pytest.raises(Refused, match="changed in the meantime"):
        gateway.office.ask(seen, "make_token", {"label": "late"})


def test_an_admin_who_takes_the_code_off_ends_the_tokens_too(ask, token):
    ask("ops.remove_second_factor", operator="priya", reason="lost phone")

    assert not holds(ask, token)


def test_a_list_of_tokens_shows_no_token(ask, token):
    (listed,) = ask("ops.list_tokens", token=token).json["result"]

    assert listed.keys() == {"id", "label", "created_at", "expires_at", "last_used_at", "revoked_at"}
    assert (listed["label"], listed["revoked_at"]) == ("laptop", None)
    assert datetime.fromisoformat(listed["last_used_at"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": ""},
        {"label": "x" * 61},
        {"label": 7},
        {"label": "a\0b"},
        {"days": 0},
        {"days": 367},
        {"days": "90"},
        {"days": True},
    ],
)
def test_a_token_that_does_not_do_is_refused_by_the_field_at_fault(ask, token, wrong):
    answer = ask("ops.make_token", token=token, **({"label": "laptop"} | wrong))

    assert (answer.status_code, list(answer.json["errors"])) == (422, list(wrong))


@pytest.mark.parametrize("shown", ["", "None", "keytalk_", "keytalk_nonsense", "a-token-of-sixteeN", "ä" * 20])
def test_what_is_no_token_opens_nothing(app, shown):
    answer = app.test_client().post("/rpc/ops/whoami", json={}, headers={"Authorization": f"Bearer {shown}"})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "sign-in" in answer.json["detail"]


def test_another_scheme_or_none_opens_nothing(app):
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "a-token-of-sixteen"}):
        assert app.test_client().post("/rpc/ops/whoami", json={}, headers=headers).status_code == 401


def test_the_first_token_is_no_account(ask):
    for call in ("make_token", "list_tokens"):
        answer = ask(f"ops.{call}", **({"label": "x"} if call == "make_token" else {}))
        assert answer.status_code == (409 if call == "make_token" else 200)


def test_a_changed_password_leaves_tokens_as_they_are(ask, token, visitor):
    visitor.sign_in()
    visitor.post("/account/password", "/account", old=PASSWORD, new=ANOTHER, again=ANOTHER)

    assert holds(ask, token)
