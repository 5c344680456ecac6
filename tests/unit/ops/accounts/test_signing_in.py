"""Who is let in, who is not, and that nobody learns from it which accounts there are."""

from __future__ import annotations

import logging
from dataclasses import replace

import pyotp
import pytest
from argon2 import PasswordHasher

from ops.accounts import entrance, passwords
from ops.accounts.entrance import FOR_ONE_NAME, FROM_ONE_ADDRESS, FROM_ONE_PLACE, NotLetIn
from shared.web.limits import TooMany
from tests.unit.ops.gateway_cast import ANOTHER, ELSEWHERE, HERE, PASSWORD, TOKEN, path_of

WRONG = "That name and password do not fit together, or the code has run out. Please try again."


@pytest.fixture
def hashed(monkeypatch) -> list[str | None]:
    """The hashes that passwords were compared with; None stands for nobody's."""
    compared: list[str | None] = []

    def comparing(password: str, kept: str | None) -> bool:
        compared.append(kept)
        return passwords.is_password(password, kept)

    monkeypatch.setattr(entrance, "is_password", comparing)
    return compared


@pytest.fixture
def secret(add, visitor, clock) -> str:
    """The secret of the app of priya, who is asked for codes."""
    add()
    visitor.sign_in()
    page = visitor.get("/account/second-factor").text
    secret = page.partition('name="secret" value="')[2].partition('"')[0]
    given = {"secret": secret, "code": pyotp.TOTP(secret).at(clock.now), "old": PASSWORD}
    assert visitor.post("/account/second-factor", **given).status_code == 302
    clock.on(minutes=5)
    return secret


@pytest.mark.parametrize("login", ["priya", "PRIYA", " priya ", "Priya@Example.org"])
def test_an_operator_signs_in_by_name_or_email_however_it_is_written(add, visitor, login):
    add()

    assert visitor.sign_in(login).status_code == 302
    assert visitor.is_in()


def test_nothing_tells_a_name_that_exists_from_one_that_does_not(add, visitor, ask, hashed):
    add()
    add("dan")
    ask("ops.disable_operator", operator="dan", reason="left us")
    ask("ops.add_operator", name="yet", email="yet@example.org", roles=["viewer"])
    hashed.clear()

    answers = [
        visitor.sign_in(*given) for given in (("priya", ANOTHER), ("nobody", ANOTHER), ("dan", PASSWORD), ("yet", ""))
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert all(WRONG in answer.text for answer in answers)
    assert (
        len(
            {
                len(answer.text.replace(name, ""))
                for answer, name in zip(answers, ("priya", "nobody", "dan", "yet"), strict=True)
            }
        )
        == 1
    )
    assert [kept is None for kept in hashed] == [False, True, True, True]  # a hash was computed each time


def test_a_token_for_a_wrong_password_is_refused_in_the_same_words(add, app):
    add()

    answers = [
        app.test_client().post("/tokens", json={"name": name, "password": ANOTHER}) for name in ("priya", "nobody")
    ]

    assert [(answer.status_code, answer.json["detail"]) for answer in answers] == [(401, WRONG)] * 2


@pytest.mark.parametrize("login", ["", "a\0b", "\ud800", "x" * 100_000, "' or 1=1 --"])
def test_a_name_that_is_none_is_refused_like_any_other(gateway, login):
    with pytest.raises(NotLetIn):
        gateway.entrance.sign_in(login, "\ud800\0" * 10, "", HERE)


def test_what_is_no_text_is_no_password(add, app):
    add()

    for wrong in ({"password": None}, {"password": {"$ne": ""}}, {"name": ["priya"]}, {"password": True}):
        assert app.test_client().post("/tokens", json={"name": "priya", "password": ""} | wrong).status_code == 401


def test_where_a_code_is_asked_for_a_password_is_not_enough(secret, another, clock):
    assert another.sign_in().status_code == 401
    assert another.sign_in(code="000000").status_code == 401
    assert another.sign_in(code=pyotp.TOTP(secret).at(clock.now)).status_code == 302


def test_a_code_lets_in_once(secret, visitor, another, clock):
    code = pyotp.TOTP(secret).at(clock.now)

    assert visitor.sign_in(code=code).status_code == 302
    assert another.sign_in(code=code).status_code == 401


def test_of_two_replicas_that_take_a_code_at_the_same_moment_one_lets_in(secret, gateway, clock):
    code = pyotp.TOTP(secret).at(clock.now)
    with gateway.entrance.database.reading() as connection:
        as_both_saw_it = entrance.people.the_operator(connection, "priya")

    assert gateway.entrance._takes_code(as_both_saw_it, code)
    assert not gateway.entrance._takes_code(as_both_saw_it, code)


def test_a_code_is_set_up_by_whoever_knows_the_password_and_has_the_app(add, visitor, clock):
    add()
    visitor.sign_in()
    secret = visitor.get("/account/second-factor").text.partition('name="secret" value="')[2].partition('"')[0]
    good = {"secret": secret, "code": pyotp.TOTP(secret).at(clock.now), "old": PASSWORD}

    for wrong in ({"old": ANOTHER}, {"code": "000000"}, {"secret": "A"}, {"secret": "no base 32!"}):
        assert visitor.post("/account/second-factor", **(good | wrong)).status_code == 422
    assert visitor.post("/account/second-factor", **good).status_code == 302


def test_who_asks_again_for_a_code_is_shown_the_same_secret_and_its_own_address(add, visitor):
    add()
    visitor.sign_in()
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

    page = visitor.post("/account/second-factor", secret=secret, code="000000", old=PASSWORD).text

    assert page.count(secret) >= 3
    assert f"secret={secret}" in page


def test_a_code_that_is_set_up_ends_other_sessions(add, visitor, another, clock):
    add()
    visitor.sign_in()
    another.sign_in()
    secret = visitor.get("/account/second-factor").text.partition('name="secret" value="')[2].partition('"')[0]

    visitor.post("/account/second-factor", secret=secret, code=pyotp.TOTP(secret).at(clock.now), old=PASSWORD)

    assert (visitor.is_in(), another.is_in()) == (True, False)


def test_a_new_password_by_a_link_does_not_go_round_the_code(secret, ask, another):
    invited = ask("ops.invite_operator", operator="priya").json["result"]

    answer = another.post(path_of(invited), password=ANOTHER, again=ANOTHER)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in")
    assert not another.is_in()


def test_an_admin_takes_a_code_off_with_a_reason_and_nobody_their_own(secret, ask, add, another):
    add("ada", "admin")
    another.sign_in("ada")

    assert ask("ops.remove_second_factor", operator="priya", reason=" ").status_code == 422
    assert another.post("/operators/ada/remove-second-factor", "/operators", reason="mine").status_code == 409
    assert another.post("/operators/priya/remove-second-factor", "/operators", reason="lost phone").status_code == 302
    assert another.sign_in().status_code == 302


def test_after_many_tries_for_a_name_from_one_address_a_while_has_to_pass(add, visitor, another, clock):
    add()
    for _ in range(FROM_ONE_PLACE.amount):
        assert visitor.sign_in(password=ANOTHER).status_code == 401

    waiting = visitor.sign_in()
    assert (waiting.status_code, "There were many tries" in waiting.text) == (429, True)
    assert another.sign_in().status_code == 302
    clock.on(minutes=31)
    assert visitor.sign_in().status_code == 302


def test_names_that_do_not_exist_have_to_wait_in_the_same_words(gateway, add):
    add()

    def tries(name: str) -> list[str]:
        said = []
        for _ in range(FROM_ONE_PLACE.amount + 2):
            with pytest.raises((NotLetIn, TooMany)) as refused:
                gateway.entrance.sign_in(name, ANOTHER, "", HERE)
            said.append(refused.value.detail)
        return said

    assert tries("priya") == tries("nobody")


def test_many_addresses_do_not_help_to_guess_the_password_of_one_name(gateway, add):
    add()
    for number in range(FOR_ONE_NAME.amount):
        with pytest.raises(NotLetIn):
            gateway.entrance.sign_in("priya", ANOTHER, "", f"203.0.113.{number}")

    with pytest.raises(TooMany):
        gateway.entrance.sign_in("priya", PASSWORD, "", "203.0.113.250")


def test_a_name_and_its_email_are_not_guessed_twice_as_fast(gateway, add):
    add()
    for number in range(FOR_ONE_NAME.amount):
        with pytest.raises(NotLetIn):
            gateway.entrance.sign_in(("priya", "priya@example.org")[number % 2], ANOTHER, "", f"203.0.113.{number}")

    with pytest.raises(TooMany):
        gateway.entrance.sign_in("priya", PASSWORD, "", "203.0.113.250")


@pytest.mark.parametrize("place", ["203.0.113.4", "2001:db8:0:1::{0:x}"])
def test_one_address_does_not_try_one_password_on_many_names(gateway, place):
    for number in range(FROM_ONE_ADDRESS.amount):
        with pytest.raises(NotLetIn):
            gateway.entrance.sign_in(f"name{number}", ANOTHER, "", place.format(number + 1))

    with pytest.raises(TooMany) as refused:
        gateway.entrance.sign_in("another", ANOTHER, "", place.format(9999))
    assert refused.value.seconds > 0


def test_the_api_says_how_long_to_wait(app, gateway):
    client = app.test_client()
    answers = [
        client.post("/tokens", json={"name": "priya", "password": "x"}) for _ in range(FROM_ONE_PLACE.amount + 1)
    ]

    assert [answer.status_code for answer in answers[-2:]] == [401, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_changed_password_is_guessed_no_faster_than_at_the_door(add, visitor):
    add()
    visitor.sign_in()
    given = {"old": ANOTHER, "new": ANOTHER, "again": ANOTHER}

    statuses = {visitor.post("/account/password", "/account", **given).status_code for _ in range(12)}

    assert statuses == {422, 429}


def test_a_hash_of_older_settings_is_made_anew_and_still_lets_in(add, gateway, monkeypatch):
    add()
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))

    first, second = (gateway.entrance.sign_in("priya", PASSWORD, "", HERE) for _ in range(2))

    assert "t=2" in str(first.password_hash)
    assert first.password_hash == second.password_hash
    assert gateway.entrance.begin_session(first)


def test_who_signs_in_with_an_old_password_while_it_is_changed_stays_out(add, gateway):
    add()
    old = gateway.entrance.sign_in("priya", PASSWORD, "", ELSEWHERE)
    gateway.entrance.change_password(old, PASSWORD, ANOTHER, HERE)

    with pytest.raises(NotLetIn):
        gateway.entrance.begin_session(old)


def test_who_signs_in_while_they_are_disabled_stays_out(add, ask, gateway):
    add()
    seen = gateway.entrance.sign_in("priya", PASSWORD, "", HERE)
    ask("ops.disable_operator", operator="priya", reason="left us")

    with pytest.raises(NotLetIn):
        gateway.entrance.begin_session(seen)
    ask("ops.enable_operator", operator="priya")
    assert gateway.entrance.begin_session(replace(seen))


def test_an_entrance_without_a_first_token_is_a_mistake(gateway):
    with pytest.raises(ValueError, match="no first token"):
        entrance.Entrance(gateway.entrance.database, gateway.clock, ("k" * 16,), "")


def test_what_the_log_says_of_a_refusal_names_no_person(add, visitor, caplog):
    add()
    with caplog.at_level(logging.INFO):
        visitor.sign_in("priya", ANOTHER)
        visitor.sign_in("somebody@example.org", "a secret typed wrong")

    refusals = [record for record in caplog.records if record.message == "sign-in refused"]
    assert [record.operator_id is None for record in refusals] == [False, True]
    everything = " ".join(str(vars(record)) for record in caplog.records)
    assert not [word for word in ("priya", "example.org", "typed wrong", ANOTHER, HERE, TOKEN) if word in everything]
