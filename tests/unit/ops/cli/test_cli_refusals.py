"""How a command ends when the answer is no, or when there is nobody to answer."""

import socket

import pytest

from ops.cli import client


@pytest.fixture
def nobody_home(monkeypatch, tmp_path):
    """No settings at all, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("KEYTALK_OPS_URL", "KEYTALK_OPS_PORT", "KEYTALK_OPS_TOKEN", "KEYTALK_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_refusal_is_a_sentence_on_stderr_and_exit_1(keytalk, gateway, status):
    gateway.will_refuse("enquiries.move_enquiry", status, "It cannot go from new to won. Next: availability.")

    result = keytalk("enquiries", "move", "KT-7F3K-92", "won", "--json")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "It cannot go from new to won. Next: availability.\n"


def test_each_answer_at_fault_has_a_line(keytalk, gateway):
    errors = {"email": ["That is not an address.", "It is too long."], "name": ["Give a name."]}
    gateway.will_refuse("scheduling.add_facilitator", 422, "Some answers need a change.", errors=errors)

    result = keytalk("facilitators", "add", "--name", "x", "--email", "y")

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Some answers need a change.",
        "email: That is not an address.",
        "email: It is too long.",
        "name: Give a name.",
    ]


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_does_not_open_is_exit_3_and_says_where_it_came_from(keytalk, gateway, status):
    gateway.will_refuse("enquiries.list_enquiries", status, "This token is not known.")

    result = keytalk("enquiries", "list")

    assert result.exit_code == 3
    assert "This token is not known." in result.stderr
    assert "KEYTALK_OPS_TOKEN" in result.stderr
    assert "a-token" not in result.output


def test_a_service_that_is_not_available_is_exit_3(keytalk, gateway):
    gateway.will_refuse("enquiries.list_enquiries", 503, "Enquiries is not answering just now.")

    result = keytalk("enquiries", "list")

    assert result.exit_code == 3
    assert result.stderr == "Enquiries is not answering just now.\n"


@pytest.mark.parametrize("answer", [(500, b"<html>"), (302, b""), (200, b"<html>"), (200, b"[]")])
def test_an_answer_that_is_not_the_gateways_is_exit_3_in_words(keytalk, gateway, answer):
    gateway.answers["enquiries.list_enquiries"].append(answer)

    result = keytalk("enquiries", "list")

    assert result.exit_code == 3
    assert result.stderr.startswith(("Keytalk answered", "What answers at"))


def test_nobody_at_the_address_is_exit_3_with_the_hint(keytalk, monkeypatch):
    address = f"http://127.0.0.1:{unused_port()}"
    monkeypatch.setenv("KEYTALK_OPS_URL", address)
    monkeypatch.setenv("KEYTALK_OPS_TOKEN", "a-token")

    result = keytalk("enquiries", "list")

    assert result.exit_code == 3
    assert result.stderr.startswith(f"Keytalk is not answering at {address}. Start it with `make run`")


def test_an_answer_that_takes_too_long_says_that_it_may_have_been_done(keytalk, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(client.Gateway.__init__, "__defaults__", (0.05, "a setting"))
        monkeypatch.setenv("KEYTALK_OPS_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("KEYTALK_OPS_TOKEN", "a-token")

        result = keytalk("enquiries", "list")

    assert result.exit_code == 3
    assert "took longer than" in result.stderr
    assert "may still have been done" in result.stderr


def test_an_address_that_is_none_is_exit_3_and_names_the_setting(keytalk, monkeypatch):
    monkeypatch.setenv("KEYTALK_OPS_URL", "over there")
    monkeypatch.setenv("KEYTALK_OPS_TOKEN", "a-token")

    result = keytalk("enquiries", "list")

    assert result.exit_code == 3
    assert "KEYTALK_OPS_URL" in result.stderr


def test_without_a_token_both_ways_to_give_one_are_named(keytalk, nobody_home):
    result = keytalk("enquiries", "list")

    assert result.exit_code == 3
    assert "KEYTALK_OPS_TOKEN" in result.stderr
    assert "KEYTALK_HOME" in result.stderr


def test_the_token_is_found_in_the_home(keytalk, gateway, monkeypatch, tmp_path):
    monkeypatch.delenv("KEYTALK_OPS_TOKEN")
    monkeypatch.setenv("KEYTALK_HOME", str(tmp_path))
    (tmp_path / "ops-token").write_text("from-the-file\nsecond line\n")
    gateway.will_answer("enquiries.list_enquiries", [])

    assert keytalk("enquiries", "list").exit_code == 0
    assert gateway.tokens == ["Bearer from-the-file"]


def test_no_proxy_stands_between_on_the_same_machine(keytalk, gateway, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
    gateway.will_answer("enquiries.list_enquiries", [])

    assert keytalk("enquiries", "list").exit_code == 0


def test_a_netrc_entry_for_a_host_does_not_replace_the_token(keytalk, gateway, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setattr(client, "LOOPBACK", set())  # as if it were another machine
    gateway.will_answer("enquiries.list_enquiries", [])

    assert keytalk("enquiries", "list").exit_code == 0
    assert gateway.tokens == ["Bearer a-token"]


def test_the_gateway_is_on_this_machine_unless_settings_name_another():
    token = {"KEYTALK_OPS_TOKEN": "t"}

    assert client.find_gateway(token).base_url == "http://127.0.0.1:8001"
    assert client.find_gateway({**token, "KEYTALK_OPS_PORT": "9001"}).base_url == "http://127.0.0.1:9001"
    named = {**token, "KEYTALK_OPS_PORT": "9001", "KEYTALK_OPS_URL": "https://ops.example/"}
    assert client.find_gateway(named).base_url == "https://ops.example"


@pytest.mark.parametrize("token", ["naïve", "two\nlines", "\x1b[0m"])
def test_a_token_no_header_can_carry_is_refused_before_it_is_sent(token):
    with pytest.raises(client.GatewayOutOfReach, match="KEYTALK_OPS_TOKEN"):
        client.find_gateway({"KEYTALK_OPS_TOKEN": token})


def test_what_the_reason_says_already_is_not_said_again(keytalk, gateway):
    why = "'123' is not an id. `keytalk runs list` shows them."
    gateway.will_refuse("scheduling.get_run", 422, why, errors={"run": [why], "more": ["Something else."]})

    result = keytalk("runs", "show", "123")

    assert result.stderr.splitlines() == [why, "more: Something else."]


def test_a_word_that_is_none_of_several_is_told_plainly(keytalk, gateway):
    refused = keytalk("messages", "told", "enquirer:KT-7F3K-92", "--by", "pigeon")

    assert refused.exit_code == 2
    assert "'--by': 'pigeon' is not one of 'phone', 'paper', 'in_person'." in refused.stderr
