"""A private RabbitMQ node: own ports, own cookie, own epmd, nothing shared with a node of the system."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import amqp

from shared.contracts.base import contracts
from shared.messaging.definitions import definitions
from shared.messaging.rights import services
from tests.servers.processes import (
    Child,
    NotOurServer,
    Server,
    ServerDidNotStart,
    free_port,
    make_folder,
    remove_folder,
)

_USER = "keytalk"
_VHOSTS_AT_ONCE = 4


class GivenRabbitMQ:
    """A RabbitMQ that runs elsewhere, named by `KEYTALK_TEST_AMQP_URI`. It is used as it is."""

    owned = False

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def new_vhost(self) -> str:
        """Give the one vhost there is: another cannot be made from here."""
        return self.uri

    def new_vhost_with_rights(self) -> dict[str, str]:
        """Give the one address there is, for each service."""
        return dict.fromkeys(services(contracts()), self.uri)

    def ctl(self, *args: str) -> str:
        raise NotOurServer(f"rabbitmqctl {args} needs a private RabbitMQ; unset KEYTALK_TEST_AMQP_URI.")

    def start(self) -> None:
        raise NotOurServer("Only a private RabbitMQ can be started; unset KEYTALK_TEST_AMQP_URI.")

    stop = kill = restart = start


class RabbitMQ(Server):
    """A RabbitMQ node of our own. `uri` is the address of its first vhost.

    With `load_definitions` it has what that file says from the start, and neither that vhost nor our user.
    """

    owned = True

    def __init__(self, *, load_definitions: Path | None = None) -> None:
        self._load_definitions = load_definitions
        self.scripts = _find_scripts()
        self.folder = make_folder("rabbitmq")
        self.port, self._dist_port, self._epmd_port = free_port(), free_port(), free_port()
        self._ctl_port = free_port()
        self._password = secrets.token_hex(8)
        self._node = f"keytalk-{secrets.token_hex(4)}@localhost"
        self._spare_vhosts: list[str] = []
        self._epmd: Child | None = None
        self._broker: Child | None = None
        self._write_settings()

    @property
    def uri(self) -> str:
        """The address of the first vhost, `amqp://user:password@127.0.0.1:port/vhost`."""
        return self._uri_of("keytalk")

    @property
    def pid(self) -> int:
        """The process id of the node, for tests that freeze or measure it."""
        assert self._broker
        return self._broker.process.pid

    def start(self) -> None:
        """Start the node on its port, with the data it had, and return when it takes connections."""
        if self._epmd is None:
            self._epmd = self._spawn("epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1")
        # As a child of systemd's would, the script then becomes the Erlang VM instead of watching over it.
        extra = {"RUNNING_UNDER_SYSTEMD": "1"}
        self._broker = self._spawn(self.scripts / "rabbitmq-server", **extra)
        self._broker.wait_until(self._answers, what="RabbitMQ", within=60)

    def stop(self) -> None:
        """Stop the node in order; its data stays."""
        if self._broker:
            self._broker.end(signal.SIGTERM)
            self._broker = None

    def kill(self) -> None:
        """End the node at once, as a power cut would; its data stays."""
        if self._broker:
            self._broker.end(signal.SIGKILL)
            self._broker = None

    def restart(self) -> None:
        """Stop the node in order and start it again: same port, same data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End the node and its epmd, and remove its data."""
        self.kill()
        if self._epmd:
            self._epmd.end(signal.SIGKILL)
            self._epmd = None
        remove_folder(self.folder)

    def ctl(self, *args: str) -> str:
        """Run `rabbitmqctl` (about a second a call) and give what it printed."""
        done = subprocess.run(
            [self.scripts / "rabbitmqctl", "--quiet", *args],
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"rabbitmqctl {' '.join(args)} said: {done.stdout}{done.stderr}")
        return done.stdout

    def new_vhost(self) -> str:
        """Give the address of an empty vhost that nobody else was given."""
        if not self._spare_vhosts:
            self._spare_vhosts = [f"keytalk-{secrets.token_hex(4)}" for _ in range(_VHOSTS_AT_ONCE)]
            names = ", ".join(f'<<"{name}">>' for name in self._spare_vhosts)
            # Several in one call: nearly all the time of a call goes into starting rabbitmqctl.
            self.ctl(
                "eval",
                f"[begin ok = rabbit_vhost:add(V, <<>>), ok = rabbit_auth_backend_internal:set_permissions("
                f'<<"{_USER}">>, V, <<".*">>, <<".*">>, <<".*">>, <<>>) end || V <- [{names}]].',
            )
        return self._uri_of(self._spare_vhosts.pop())

    def new_vhost_with_rights(self) -> dict[str, str]:
        """Make a vhost as production has it and give its address for each service, under that service's own user.

        Everything stands there already, and no user may do more than its service needs.
        """
        vhost = f"keytalk-{secrets.token_hex(4)}"
        passwords = {service: secrets.token_hex(8) for service in services(contracts())}
        document = definitions(passwords, vhost)
        document["permissions"].append({"user": _USER, "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*"})
        file = self.folder / f"{vhost}.json"
        file.write_text(json.dumps(document))
        self.ctl("import_definitions", str(file))
        return {
            service: f"amqp://{vhost}_{service}:{password}@127.0.0.1:{self.port}/{vhost}"
            for service, password in passwords.items()
        }

    def with_all_rights(self, uri: str) -> str:
        """Give the same vhost's address under the user that may do everything."""
        return self._uri_of(urlsplit(uri).path[1:])

    def _uri_of(self, vhost: str) -> str:
        return f"amqp://{_USER}:{self._password}@127.0.0.1:{self.port}/{vhost}"

    def _answers(self) -> bool:
        connection = amqp.Connection(
            f"127.0.0.1:{self.port}", _USER, self._password, virtual_host="keytalk", connect_timeout=5
        )
        try:
            connection.connect()
        except amqp.AccessRefused:
            return self._load_definitions is not None  # it answers: there is no such user
        except (OSError, amqp.AMQPError):
            return False
        connection.close()
        return True

    def _spawn(self, *command: str | Path, **extra: str) -> Child:
        log = self.folder / f"{Path(command[0]).name}.log"
        return Child(command, log=log, env=self._environment() | extra, cwd=self.folder)

    def _write_settings(self) -> None:
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(20).upper())
        cookie.chmod(0o400)
        (self.folder / "enabled_plugins").write_text("[].\n")
        (self.folder / "rabbitmq-env.conf").write_text("")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"default_user = {_USER}\n"
            f"default_pass = {self._password}\n"
            "default_vhost = keytalk\n"
            "vm_memory_high_watermark.absolute = 1GB\n"
            "disk_free_limit.absolute = 50MB\n"
            "raft.wal_max_size_bytes = 67108864\n"
            + (f"load_definitions = {self._load_definitions}\n" if self._load_definitions else "")
        )

    def _environment(self) -> dict[str, str]:
        cores = min(4, os.cpu_count() or 1)
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.folder / "generated"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+S {cores}:{cores} {loopback}",
            "RABBITMQ_CTL_ERL_ARGS": f"+S 1:1 {loopback}",
            "RABBITMQ_CTL_DIST_PORT_MIN": str(self._ctl_port),
            "RABBITMQ_CTL_DIST_PORT_MAX": str(self._ctl_port + 20),
        }


def _find_scripts() -> Path:
    """Give the folder of the server's own scripts; Debian's wrappers in /usr/sbin insist on another user."""
    installed = Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server")
    by_version = sorted(installed, key=lambda path: [int(n) for n in _version(path).split(".") if n.isdigit()])
    if by_version:
        return by_version[-1].parent
    elsewhere = shutil.which("rabbitmq-server")
    if elsewhere is None:
        raise ServerDidNotStart(
            "RabbitMQ is not installed: run scripts/system-packages.sh or set KEYTALK_TEST_AMQP_URI."
        )
    return Path(elsewhere).resolve().parent


def _version(script: Path) -> str:
    return script.parent.parent.name.removeprefix("rabbitmq_server-")
