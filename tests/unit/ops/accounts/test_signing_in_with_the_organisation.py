"""Signing in with the organisation's OpenID provider, which is a real one in another thread."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc.jwk import OctKey, RSAKey

from shared.config import BadSettings, read_settings
from tests.servers.openid import CLIENT_ID, CLIENT_SECRET, OpenIDProvider
from tests.unit.ops.gateway_cast import PASSWORD, TOKEN, Visitor

DID_NOT_WORK = "did not work out"


@pytest.fixture(scope="module")
def _provider() -> Iterator[OpenIDProvider]:
    with OpenIDProvider() as provider:
        yield provider


@pytest.fixture
def provider(_provider) -> OpenIDProvider:
    _provider.reset()
    return _provider


@pytest.fixture
def settings(provider) -> dict[str, str]:
    return provider.settings | {"KEYTALK_CONSOLE_URL": "http://127.0.0.1:8001"}


def there(visitor: Visitor, onward: str = "") -> str:
    """Go to the provider, which lets the person in; give the address that it sends them back to."""
    leaving = visitor.get("/sign-in/organisation" + onward)
    assert leaving.status_code == 302, leaving.text
    back = requests.get(leaving.headers["Location"], allow_redirects=False, timeout=10)
    assert back.status_code == 302, back.text
    return back.headers["Location"]


def sign_in(visitor: Visitor, onward: str = ""):
    back = urlsplit(there(visitor, onward))
    return visitor.get(f"{back.path}?{back.query}")


def test_the_sign_in_page_offers_it(visitor):
    page = visitor.get("/sign-in?next=/account").text

    assert "Sign in with your organisation" in page
    assert 'href="/sign-in/organisation?next=/account"' in page
    assert 'type="password"' in page


def test_whoever_the_organisation_knows_and_we_know_is_let_in(add, visitor, provider, audit):
    add()

    answer = sign_in(visitor, "?next=/account")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/account")
    assert visitor.is_in()
    assert provider.used == ["S256"]
    assert audit(actor="priya")[0]["operation"] == "ops.sign_in_by_organisation"


def test_the_way_there_names_state_nonce_and_challenge_and_keeps_the_verifier(visitor):
    address = visitor.get("/sign-in/organisation").headers["Location"]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}

    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 40
    assert len(asked["nonce"]) >= 40
    assert asked["redirect_uri"] == "http://127.0.0.1:8001/sign-in/organisation/back"
    assert CLIENT_SECRET not in address


def test_each_way_there_is_another(visitor):
    first, second = (parse_qs(urlsplit(there(visitor)).query)["state"] for _ in range(2))

    assert first != second


def test_an_email_in_capitals_is_the_same_email(add, visitor, provider):
    add()
    provider.email = "PRIYA@EXAMPLE.ORG"

    assert sign_in(visitor).status_code == 302


def test_an_email_that_is_only_in_the_user_info_does_as_well(add, visitor, provider):
    add()
    provider.in_user_info = True

    assert sign_in(visitor).status_code == 302
    assert visitor.is_in()


def test_a_user_info_of_somebody_else_does_not(add, visitor, provider):
    add()
    provider.in_user_info = provider.somebody_else = True

    refused(visitor, DID_NOT_WORK)


def refused(visitor: Visitor, words: str) -> None:
    answer = sign_in(visitor)
    assert answer.status_code == 401
    assert words in answer.text.replace("&#39;", "'")
    assert not visitor.is_in()


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ("nonce", "another nonce"),
        ("issuer_said", "https://evil.example"),
        ("audience", "another client"),
        ("seconds_ago", 3600),
        ("seconds_ago", -3600),
        ("signing_key", RSAKey.generate_key(2048, {"kid": "of-today"})),
    ],
)
def test_an_id_token_that_is_not_right_lets_nobody_in(add, visitor, provider, wrong, value):
    add()
    setattr(provider, wrong, value)

    refused(visitor, DID_NOT_WORK)


def test_an_id_token_that_is_for_another_client_lets_nobody_in_though_we_asked_for_it(add, visitor, provider):
    add()
    provider.audience, provider.authorised = "another client", CLIENT_ID

    refused(visitor, DID_NOT_WORK)


def test_an_id_token_that_is_signed_with_what_both_know_lets_nobody_in(add, visitor, provider):
    add()
    provider.algorithm, provider.signing_key = "HS256", OctKey.import_key(CLIENT_SECRET * 3)

    refused(visitor, DID_NOT_WORK)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_email_that_is_not_verified_lets_nobody_in(add, visitor, provider, verified):
    add()
    provider.is_verified = verified

    refused(visitor, "has not verified your email")


def test_a_person_without_an_email_is_not_let_in(add, visitor, provider):
    add()
    provider.email = None

    refused(visitor, "has not verified your email")


def test_who_has_no_account_is_told_so_and_gets_none(add, visitor, provider, ask):
    add()
    provider.email = "stranger@example.org"

    refused(visitor, "no account here has your email")
    assert [one["name"] for one in ask("ops.list_operators").json["result"]] == ["priya"]


def test_a_name_that_looks_like_the_email_of_nobody_lets_nobody_in(add, visitor, provider):
    add()
    provider.email = "priya"

    refused(visitor, "no account here has your email")


def test_who_is_disabled_is_told_the_same_as_who_has_no_account(add, visitor, ask):
    add()
    ask("ops.disable_operator", operator="priya", reason="left us")

    refused(visitor, "no account here has your email, or it is disabled")


def test_an_answer_with_another_state_lets_nobody_in(add, visitor, provider):
    add()
    back = urlsplit(there(visitor))
    state = parse_qs(back.query)["state"][0]

    wrong = visitor.get(f"{back.path}?{back.query.replace(state, 'x' * len(state))}")
    right_but_too_late = visitor.get(f"{back.path}?{back.query}")

    assert (wrong.status_code, right_but_too_late.status_code) == (401, 401)
    assert (visitor.is_in(), provider.used) == (False, [])


def test_an_answer_that_was_meant_for_another_browser_lets_nobody_in(add, visitor, another, provider):
    add()
    back = urlsplit(there(another))

    for victim in (visitor, another):
        victim.get("/sign-in")
    answer = visitor.get(f"{back.path}?{back.query}")

    assert (answer.status_code, visitor.is_in(), provider.used) == (401, False, [])


def test_an_answer_does_once(add, visitor):
    add()
    back = urlsplit(there(visitor))
    assert visitor.get(f"{back.path}?{back.query}").status_code == 302
    visitor.post("/sign-out", "/account")

    assert visitor.get(f"{back.path}?{back.query}").status_code == 401


def test_an_answer_of_another_provider_lets_nobody_in(add, visitor, provider):
    add()
    back = urlsplit(there(visitor))

    assert visitor.get(f"{back.path}?{back.query}&iss=https://evil.example").status_code == 401
    assert provider.used == []


def test_who_says_no_at_the_provider_comes_back_to_the_sign_in_page(visitor):
    leaving = visitor.get("/sign-in/organisation").headers["Location"]
    state = parse_qs(urlsplit(leaving).query)["state"][0]

    answer = visitor.get(f"/sign-in/organisation/back?error=access_denied&state={state}")

    assert (answer.status_code, DID_NOT_WORK in answer.text) == (401, True)


def test_nobody_is_sent_elsewhere_afterwards(add, visitor):
    add()

    assert sign_in(visitor, "?next=//evil.example").headers["Location"] == "/"


def test_a_password_still_does(add, visitor):
    add()

    assert visitor.sign_in(password=PASSWORD).status_code == 302


def test_who_never_chose_a_password_signs_in_and_is_asked_for_none(ask, visitor):
    ask("ops.add_operator", name="priya", email="priya@example.org", roles=["viewer"])

    assert sign_in(visitor).status_code == 302
    page = visitor.get("/account").text
    assert "You sign in with your organisation" in page
    assert "Set one up" not in page


class TestWhereThereIsNoProvider:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {}

    def test_it_is_not_offered_and_not_there(self, visitor):
        assert "organisation" not in visitor.get("/sign-in").text
        assert visitor.get("/sign-in/organisation").status_code == 404
        assert visitor.get("/sign-in/organisation/back?code=x&state=x").status_code == 404


class TestWhereTheProviderIsAway:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        named = {"ISSUER": "http://127.0.0.1:9", "CLIENT_ID": "x", "CLIENT_SECRET": "x"}
        return {f"KEYTALK_OIDC_{name}": value for name, value in named.items()}

    def test_one_is_told_to_use_the_password(self, add, visitor):
        add()
        answer = visitor.get("/sign-in/organisation")

        assert (answer.status_code, "use your password here" in answer.text) == (503, True)
        assert visitor.sign_in().status_code == 302


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"ISSUER": "http://login.example.org", "CLIENT_ID": "x", "CLIENT_SECRET": "x"}, "ISSUER"),
        ({"ISSUER": "login.example.org", "CLIENT_ID": "x", "CLIENT_SECRET": "x"}, "ISSUER"),
        ({"ISSUER": "https://login.example.org"}, "CLIENT_ID"),
        ({"ISSUER": "https://login.example.org", "CLIENT_ID": "x"}, "CLIENT_SECRET"),
        ({"CLIENT_ID": "x", "CLIENT_SECRET": "x"}, "ISSUER"),
    ],
)
def test_settings_that_do_not_do_stop_the_start_by_name(tmp_path, given, named):
    environ = {f"KEYTALK_OIDC_{name}": value for name, value in given.items()}

    with pytest.raises(BadSettings, match=f"KEYTALK_OIDC_{named}"):
        read_settings({"KEYTALK_HOME": str(tmp_path), "KEYTALK_OPS_TOKEN": TOKEN, **environ})
