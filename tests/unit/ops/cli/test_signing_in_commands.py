"""`keytalk sign-in`, `sign-out` and `whoami`, and where a token is found."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from ops.cli.client import GatewayOutOfReach, find_gateway, keep_token, kept_tokens

ME = {"name": "priya", "full_name": "Priya", "email": "p@example.org", "roles": ["viewer"], "second_factor": False}
THEIRS = "keytalk_their-own"


@pytest.fixture
def kept(monkeypatch, tmp_path, gateway) -> Path:
    """The file that tokens are kept in."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("KEYTALK_OPS_TOKEN")
    gateway.will_answer("ops.whoami", ME)
    return tmp_path / "config" / "keytalk" / "tokens.json"


def test_signing_in_asks_for_name_password_and_code_and_keeps_the_token(keytalk, gateway, kept):
    gateway.will_answer(".tokens", {"id": "t-1", "token": THEIRS, "label": "x", "expires_at": "2027-04-12"})

    done = keytalk("sign-in", typed="priya\ngreen otter lamp river\n123456\n")

    assert done.exit_code == 0
    asked = {"name": "priya", "password": "green otter lamp river", "code": "123456", "label": "command line"}
    assert gateway.asked == [(".tokens", asked), ("ops.whoami", {})]
    assert gateway.tokens == [None, f"Bearer {THEIRS}"]
    assert json.loads(kept.read_text()) == {gateway.url: THEIRS}
    assert f"signed in to {gateway.url} as priya" in done.stdout


def test_neither_password_nor_token_is_shown(keytalk, gateway, kept):
    gateway.will_answer(".tokens", {"id": "t-1", "token": THEIRS, "label": "x", "expires_at": "2027-04-12"})

    done = keytalk("sign-in", "--name", "priya", typed="green otter lamp river\n\n")

    assert done.exit_code == 0
    assert not [word for word in (THEIRS, "otter") if word in done.stdout + done.stderr]


def test_the_file_is_its_owners_only(keytalk, gateway, kept):
    keytalk("sign-in", "--token", THEIRS)

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert [each.name for each in kept.parent.iterdir()] == ["tokens.json"]


def test_a_wrong_password_is_told_in_the_gateways_words_and_nothing_is_kept(keytalk, gateway, kept):
    gateway.will_refuse(".tokens", 401, "That name and password do not fit together.")

    done = keytalk("sign-in", typed="priya\nwrong\n\n")

    assert done.exit_code == 1
    assert done.stderr.endswith("That name and password do not fit together.\n")
    assert not kept.exists()


def test_a_token_can_be_given_and_is_tried_before_it_is_kept(keytalk, gateway, kept):
    assert keytalk("sign-in", "--token", THEIRS).exit_code == 0
    assert gateway.asked == [("ops.whoami", {})]

    gateway.answers["ops.whoami"].clear()
    gateway.will_refuse("ops.whoami", 401, "Send a token that holds.")
    assert keytalk("sign-in", "--token", "keytalk_bad").exit_code == 3
    assert json.loads(kept.read_text()) == {gateway.url: THEIRS}


def test_a_token_can_come_from_standard_input(keytalk, gateway, kept):
    assert keytalk("sign-in", "--token", "-", typed=f"{THEIRS}\n").exit_code == 0

    assert json.loads(kept.read_text()) == {gateway.url: THEIRS}


@pytest.mark.parametrize("given", ["", "ä", "two\nlines"])
def test_what_is_no_token_is_not_sent(keytalk, gateway, kept, given):
    assert keytalk("sign-in", "--token", given).exit_code == 1
    assert gateway.asked == []


def test_where_nobody_is_there_no_password_is_asked_for(keytalk, gateway, kept):
    done = keytalk("sign-in")

    assert (done.exit_code, "--token -" in done.stderr) == (2, True)


def test_commands_use_the_token_of_who_signed_in(keytalk, gateway, kept):
    keytalk("sign-in", "--token", THEIRS)
    done = keytalk("whoami")

    assert gateway.tokens[-1] == f"Bearer {THEIRS}"
    assert "Name: priya" in done.stdout
    assert "keytalk sign-in" in done.stderr
    assert json.loads(keytalk("whoami", "--json").stdout) == ME


def test_signing_out_ends_the_token_and_removes_it(keytalk, gateway, kept):
    gateway.will_answer("ops.revoke_token", {"id": "t-1", "revoked_at": "2027-01-12"})
    keytalk("sign-in", "--token", THEIRS)

    done = keytalk("sign-out")

    assert (done.exit_code, gateway.asked[-1]) == (0, ("ops.revoke_token", {"token": THEIRS}))
    assert json.loads(kept.read_text()) == {}
    assert keytalk("sign-out").exit_code == 1


def test_a_token_that_cannot_be_ended_is_removed_all_the_same_and_that_is_said(keytalk, gateway, kept):
    gateway.will_refuse("ops.revoke_token", 503, "The database cannot be reached.")
    keytalk("sign-in", "--token", THEIRS)

    done = keytalk("sign-out")

    assert (done.exit_code, json.loads(kept.read_text())) == (3, {})
    assert "could not end it: The database cannot be reached." in done.stderr


def test_the_environment_goes_before_who_signed_in_and_they_before_the_folder(tmp_path):
    env = {"KEYTALK_HOME": str(tmp_path / "var"), "XDG_CONFIG_HOME": str(tmp_path), "KEYTALK_OPS_URL": "https://ops/"}
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "ops-token").write_text("of-the-folder")
    assert find_gateway(env).token == "of-the-folder"

    keep_token(tmp_path / "keytalk" / "tokens.json", "https://ops", THEIRS)
    assert find_gateway(env).token == THEIRS
    assert find_gateway({**env, "KEYTALK_OPS_TOKEN": "given"}).token == "given"


def test_a_token_is_shown_to_no_gateway_but_its_own(tmp_path):
    keep_token(tmp_path / "keytalk" / "tokens.json", "https://ops.example.org", THEIRS)

    with pytest.raises(GatewayOutOfReach, match="no operator token"):
        find_gateway({"XDG_CONFIG_HOME": str(tmp_path), "KEYTALK_HOME": "/nowhere", "KEYTALK_OPS_URL": "https://evil"})


def test_tokens_for_two_gateways_are_kept_side_by_side_and_a_broken_file_is_none(tmp_path):
    path = tmp_path / "keytalk" / "tokens.json"
    keep_token(path, "https://a", "one")
    keep_token(path, "https://b", "two")
    keep_token(path, "https://a", None)
    assert kept_tokens(path) == {"https://b": "two"}

    path.write_text("[broken")
    assert kept_tokens(path) == {}
