"""Writes what RabbitMQ loads at its start: one user a service with its rights, the exchanges, queues and bindings.

`python -m shared.messaging.definitions [FILE]` prints it, or puts it into a file. It reads each service's password from
`KEYTALK_BROKER_PASSWORD_<SERVICE>`; in the outcome there are salted hashes only. To load it into a broker that already
runs: `rabbitmqctl import_definitions FILE`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import shared.contracts  # noqa: F401 - fills the list of contracts
from shared.contracts.base import contracts
from shared.messaging.rights import Rights, TopicRights, rights_of, services, taken_by
from shared.messaging.topology import (
    DEAD_EXCHANGE,
    RPC_EXCHANGE,
    Binding,
    bindings,
    dead_queue,
    events_exchange,
    inbox_queue,
)

VHOST = "keytalk"


class PasswordMissing(Exception):
    """One or more services have no password for the broker; the message names the variables."""


def random_salt() -> bytes:
    """Give four bytes of chance."""
    return os.urandom(4)


def definitions(
    passwords: Mapping[str, str], vhost: str = VHOST, salt: Callable[[], bytes] = random_salt
) -> dict[str, Any]:
    """Give the document for a virtual host, with a user `<vhost>_<service>` for each service.

    `passwords` holds one for each service.
    """
    language, here = contracts(), {"vhost": vhost}
    users = {name: f"{vhost}_{name}" for name in services(language)}
    rights = {user: rights_of(name, language) for name, user in users.items()}
    taken = {name: events for name in users if (events := taken_by(name, language))}
    sources = sorted({contract.source for contract in language})
    return {
        "vhosts": [{"name": vhost}],
        "users": [_user(user, passwords[name], salt()) for name, user in users.items()],
        "permissions": [_permissions(user, theirs) | here for user, theirs in rights.items()],
        "topic_permissions": [_keys(user, topic) | here for user, theirs in rights.items() for topic in theirs.topics],
        "exchanges": [_exchange(item) | here for item in (DEAD_EXCHANGE, RPC_EXCHANGE, *map(events_exchange, sources))],
        "queues": [_queue(queue) | here for name in taken for queue in (inbox_queue(name), dead_queue(name))],
        "bindings": [_binding(item) | here for name, events in taken.items() for item in bindings(name, events)],
    }


def password_hash(password: str, salt: bytes) -> str:
    """Give a password as RabbitMQ keeps it: the salt, then SHA-256 over the salt and the password, in base64."""
    return b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _user(user: str, password: str, salt: bytes) -> dict[str, Any]:
    return {
        "name": user,
        "password_hash": password_hash(password, salt),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
    }


def _permissions(user: str, rights: Rights) -> dict[str, Any]:
    return {"user": user, "configure": rights.configure, "write": rights.write, "read": rights.read}


def _keys(user: str, topic: TopicRights) -> dict[str, Any]:
    return {"user": user, "exchange": topic.exchange, "write": topic.write, "read": topic.read}


def _exchange(exchange: Any) -> dict[str, Any]:
    return {
        "name": exchange.name,
        "type": exchange.type,
        "durable": exchange.durable,
        "auto_delete": exchange.auto_delete,
        "internal": False,
        "arguments": {},
    }


def _queue(queue: Any) -> dict[str, Any]:
    return {
        "name": queue.name,
        "durable": queue.durable,
        "auto_delete": queue.auto_delete,
        "arguments": queue.queue_arguments,
    }


def _binding(binding: Binding) -> dict[str, Any]:
    return {
        "source": binding.exchange.name,
        "destination": binding.queue.name,
        "destination_type": "queue",
        "routing_key": binding.key,
        "arguments": {},
    }


def passwords_from(environ: Mapping[str, str]) -> dict[str, str]:
    """Read each service's password from the environment. Raises `PasswordMissing`."""
    variables = {name: f"KEYTALK_BROKER_PASSWORD_{name.upper()}" for name in services(contracts())}
    missing = [variable for variable in variables.values() if not environ.get(variable)]
    if missing:
        raise PasswordMissing(f"Set {', '.join(missing)}: each service needs its own password on the broker.")
    return {name: environ[variable] for name, variable in variables.items()}


def main(args: list[str] | None = None) -> int:
    """Print the definitions, or write them into a file; give the exit status: 0, or 2 when a password is missing."""
    parser = argparse.ArgumentParser(prog="python -m shared.messaging.definitions", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="where to write; printed when left out")
    file = parser.parse_args(args).file
    try:
        text = json.dumps(definitions(passwords_from(os.environ)), indent=2) + "\n"
    except PasswordMissing as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if file is None:
        sys.stdout.write(text)
    else:
        _replace(file, text)
    return 0


def _replace(file: Path, text: str) -> None:
    """Put the text into the file in one step: a broker that starts meanwhile reads all of the old or of the new."""
    draft = file.with_name(f"{file.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


if __name__ == "__main__":
    sys.exit(main())
