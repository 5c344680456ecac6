"""The document that RabbitMQ loads holds the whole topology and no plain password."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from shared.contracts.base import contracts
from shared.messaging.definitions import PasswordMissing, definitions, main, password_hash, passwords_from
from shared.messaging.rights import rights_of
from shared.messaging.topology import inbox_queue

PASSWORDS = {name: f"secret-{name}" for name in ("enquiries", "notifications", "ops", "scheduling")}
VARIABLES = {f"KEYTALK_BROKER_PASSWORD_{name.upper()}": password for name, password in PASSWORDS.items()}


def salt() -> bytes:
    return b"salt"


@pytest.fixture
def document():
    return definitions(PASSWORDS, salt=salt)


def test_a_password_is_kept_as_its_salt_and_a_sha_256_over_both():
    hashed = base64.b64decode(password_hash("test12", bytes.fromhex("908dc60a")))

    assert hashed == bytes.fromhex("908dc60a") + hashlib.sha256(bytes.fromhex("908dc60a") + b"test12").digest()
    # The example of RabbitMQ's own page on passwords.
    assert password_hash("test12", bytes.fromhex("908dc60a")) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_each_service_has_a_user_of_its_own_that_is_no_administrator(document):
    assert {user["name"]: user["tags"] for user in document["users"]} == {f"keytalk_{name}": [] for name in PASSWORDS}


def test_two_users_get_a_salt_each():
    hashes = [user["password_hash"] for user in definitions(dict.fromkeys(PASSWORDS, "same"))["users"]]

    assert len(set(hashes)) == len(PASSWORDS)


def test_the_permissions_are_the_rights(document):
    (row,) = [row for row in document["permissions"] if row["user"] == "keytalk_ops"]
    keys = [row for row in document["topic_permissions"] if row["user"] == "keytalk_ops"]
    may = rights_of("ops", contracts())

    assert row == {
        "user": "keytalk_ops",
        "vhost": "keytalk",
        "configure": may.configure,
        "write": may.write,
        "read": may.read,
    }
    whose = {"user": "keytalk_ops", "vhost": "keytalk"}
    assert keys == [whose | {"exchange": each.exchange, "write": each.write, "read": each.read} for each in may.topics]


def test_every_exchange_stands_as_a_durable_topic(document):
    assert {row["name"] for row in document["exchanges"]} == {
        "nameko-rpc",
        "keytalk.dead",
        "enquiries.events",
        "notifications.events",
        "scheduling.events",
    }
    assert {(row["type"], row["durable"], row["auto_delete"]) for row in document["exchanges"]} == {
        ("topic", True, False)
    }


def test_every_queue_stands_with_the_arguments_that_its_service_declares(document):
    queues = {row["name"]: row["arguments"] for row in document["queues"]}

    assert set(queues) == {f"{name}.{kind}" for name in PASSWORDS if name != "ops" for kind in ("inbox", "dead")}
    assert queues["scheduling.inbox"] == inbox_queue("scheduling").queue_arguments


def test_every_event_is_bound_to_each_subscriber(document):
    bound = {(row["source"], row["destination"], row["routing_key"]) for row in document["bindings"]}

    assert bound == {
        *((f"{item.source}.events", f"{name}.inbox", item.type) for item in contracts() for name in item.subscribers),
        *(("keytalk.dead", f"{name}.dead", f"{name}.inbox") for name in PASSWORDS if name != "ops"),
    }


def test_all_of_it_lies_in_the_virtual_host_that_was_asked_for():
    document = definitions(PASSWORDS, vhost="other", salt=salt)
    kinds = ("permissions", "topic_permissions", "exchanges", "queues", "bindings")

    assert document["vhosts"] == [{"name": "other"}]
    assert {row["vhost"] for kind in kinds for row in document[kind]} == {"other"}


def test_a_missing_password_is_named():
    with pytest.raises(PasswordMissing, match="Set KEYTALK_BROKER_PASSWORD_ENQUIRIES, KEYTALK_BROKER_PASSWORD_OPS:"):
        passwords_from({**VARIABLES, "KEYTALK_BROKER_PASSWORD_ENQUIRIES": "", "KEYTALK_BROKER_PASSWORD_OPS": ""})


def test_the_command_prints_the_document_without_a_plain_password(monkeypatch, capsys):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)

    assert main([]) == 0

    printed = capsys.readouterr().out
    assert set(json.loads(printed)) == set(definitions(PASSWORDS))
    assert "secret-" not in printed


def test_the_command_replaces_the_file_in_one_step(monkeypatch, tmp_path):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "definitions.json"
    file.write_text("old")

    assert main([str(file)]) == 0

    assert json.loads(file.read_text())["vhosts"] == [{"name": "keytalk"}]
    assert [path.name for path in tmp_path.iterdir()] == ["definitions.json"]


def test_the_command_says_which_password_is_missing_and_leaves_the_file(monkeypatch, tmp_path, capsys):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "definitions.json"
    file.write_text("old")

    assert main([str(file)]) == 2

    assert "KEYTALK_BROKER_PASSWORD_SCHEDULING" in capsys.readouterr().err
    assert file.read_text() == "old"
