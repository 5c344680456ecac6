"""How long a session lasts, what ends it, and that a cookie from before opens nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops.accounts.sessions import IDLE, LONGEST
from tests.unit.ops.gateway_cast import ANOTHER, PASSWORD, Visitor


@pytest.fixture
def signed_in(add, visitor) -> Visitor:
    add()
    visitor.sign_in()
    assert visitor.is_in()
    return visitor


def test_a_session_ends_when_nobody_uses_it(signed_in, clock):
    clock.now += IDLE - timedelta(minutes=1)
    assert signed_in.is_in()
    clock.now += IDLE - timedelta(minutes=1)
    assert signed_in.is_in()
    clock.now += IDLE + timedelta(seconds=1)
    assert not signed_in.is_in()


def test_a_session_ends_after_a_working_day_however_it_is_used(signed_in, clock):
    for _ in range(11):
        clock.on(hours=1)
        assert signed_in.is_in()

    clock.on(minutes=59)
    assert signed_in.is_in()
    clock.on(minutes=1)
    assert clock.now.hour - 9 == LONGEST.total_seconds() / 3600
    assert not signed_in.is_in()


def test_a_session_that_a_page_asks_by_itself_ends_all_the_same(add, gateway, clock):
    add()
    key = gateway.entrance.begin_session(gateway.entrance.sign_in("priya", PASSWORD, "", "192.0.2.7"))
    for _ in range(3):
        clock.on(minutes=39)
        assert gateway.entrance.by_session(key, note=False)

    clock.on(minutes=4)
    assert gateway.entrance.by_session(key, note=False) is None


def test_signing_out_ends_the_session_and_not_only_the_cookie(signed_in, app):
    cookie = signed_in.client.get_cookie("keytalk").value
    assert signed_in.post("/sign-out", "/account").status_code == 302

    thief = Visitor(app.test_client())
    thief.client.set_cookie("keytalk", cookie)
    assert not signed_in.is_in()
    assert not thief.is_in()


def test_a_disabled_operator_is_out_at_once(signed_in, ask):
    ask("ops.disable_operator", operator="priya", reason="left us")

    assert not signed_in.is_in()
    ask("ops.enable_operator", operator="priya")
    assert not signed_in.is_in()
    assert signed_in.sign_in().status_code == 302


def test_a_changed_password_ends_every_other_session(signed_in, another):
    another.sign_in()

    changed = signed_in.post("/account/password", "/account", old=PASSWORD, new=ANOTHER, again=ANOTHER)

    assert changed.status_code == 302
    assert (signed_in.is_in(), another.is_in()) == (True, False)
    assert another.sign_in().status_code == 401
    assert another.sign_in(password=ANOTHER).status_code == 302


def test_a_password_is_changed_only_by_who_knows_it(signed_in):
    for given in ({"old": ANOTHER}, {"again": "something else entirely"}, {"new": "short", "again": "short"}):
        form = {"old": PASSWORD, "new": ANOTHER, "again": ANOTHER} | given
        assert signed_in.post("/account/password", "/account", **form).status_code == 422


def test_one_can_sign_out_everywhere_else(signed_in, another):
    another.sign_in()

    assert signed_in.post("/account/sign-out-elsewhere", "/account").status_code == 302
    assert (signed_in.is_in(), another.is_in()) == (True, False)


def test_a_cookie_that_was_planted_before_the_sign_in_opens_nothing(add, app):
    add()
    attacker, victim = Visitor(app.test_client()), Visitor(app.test_client())
    attacker.get("/sign-in")
    planted = attacker.client.get_cookie("keytalk").value
    victim.client.set_cookie("keytalk", planted)
    victim.sign_in()

    assert victim.is_in()
    assert victim.client.get_cookie("keytalk").value != planted
    assert not attacker.is_in()


def test_each_sign_in_has_a_key_of_its_own(signed_in, app):
    first = signed_in.client.get_cookie("keytalk").value
    signed_in.post("/sign-out", "/account")
    signed_in.sign_in()

    assert signed_in.client.get_cookie("keytalk").value != first


@pytest.mark.parametrize("cookie", ["", "garbage", "eyJrZXkiOiJ4In0.aaaaaa.bbbbbbbb"])
def test_a_cookie_that_we_did_not_sign_opens_nothing(visitor, cookie):
    visitor.client.set_cookie("keytalk", cookie)

    assert visitor.get("/account").headers["Location"] == "/sign-in?next=/account"


def test_the_console_takes_no_token_and_the_api_no_cookie(signed_in, app):
    assert app.test_client().get("/account", headers={"Authorization": "Bearer a-token-of-sixteen"}).status_code == 302
    assert signed_in.client.post("/rpc/ops/whoami", json={}).status_code == 401


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "evil.example",
        "https:evil.example",
        "///evil.example",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(add, visitor, elsewhere):
    add()

    answer = visitor.sign_in(next=elsewhere)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize("inside", ["/account", "/audit?actor=priya&before=x", "/first%20page"])
def test_who_wanted_a_page_comes_to_it_after_signing_in(add, visitor, inside):
    add()

    assert visitor.sign_in(next=inside).headers["Location"] == inside


def test_a_line_break_in_an_address_adds_no_header(add, visitor):
    add()

    answer = visitor.sign_in(next="/account\r\nSet-Cookie: planted=1")

    assert answer.status_code == 302
    assert "planted" not in str(answer.headers.getlist("Set-Cookie"))
