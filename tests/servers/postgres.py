"""A private PostgreSQL server: own data, own port, durable as in production."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.servers.processes import (
    Child,
    NotOurServer,
    Server,
    ServerDidNotStart,
    free_port,
    make_folder,
    remove_folder,
)

_DATABASES = ("enquiries", "scheduling", "notifications", "ops")


class _Databases:
    """Making databases on a server, private or given."""

    url: str

    def new_database(self, name: str = "test") -> str:
        """Make an empty database and give its address; `name` only helps who looks at the server."""
        unique = f"{name}_{secrets.token_hex(4)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unique)))
        return urlsplit(self.url)._replace(path=f"/{unique}").geturl()

    def service_databases(self) -> dict[str, str]:
        """Make one empty database a service and give the variables that name them to Keytalk."""
        return {f"KEYTALK_{service.upper()}_DATABASE_URL": self.new_database(service) for service in _DATABASES}


class GivenPostgres(_Databases):
    """A PostgreSQL that runs elsewhere, named by `KEYTALK_TEST_DATABASE_URL`.

    Databases that tests make there stay; their user must be allowed to make them.
    """

    owned = False

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self) -> None:
        raise NotOurServer("Only a private PostgreSQL can be started; unset KEYTALK_TEST_DATABASE_URL.")

    stop = kill = restart = start


class Postgres(_Databases, Server):
    """A PostgreSQL server of our own; `url` names its first database. Nothing about durability is switched off."""

    owned = True

    def __init__(self, *, max_connections: int = 200) -> None:
        self.programs = find_programs()
        self.folder = make_folder("postgres")
        self.port = free_port()
        self._max_connections = max_connections
        self._password = secrets.token_hex(8)
        self._server: Child | None = None
        self._user, self._group = _account()
        if self._user is not None:
            os.chown(self.folder, self._user, self._group or -1)

    @property
    def url(self) -> str:  # type: ignore[override]
        """`postgresql://keytalk:password@127.0.0.1:port/keytalk`."""
        return f"postgresql://keytalk:{self._password}@127.0.0.1:{self.port}/keytalk"

    @property
    def pid(self) -> int:
        """The process id of the server's first process, for tests that freeze or measure it."""
        assert self._server
        return self._server.process.pid

    def start(self) -> None:
        """Start the server on its port, with the data it had, and return when it takes connections."""
        is_new = not (self.folder / "data").exists()
        if is_new:
            self._create_cluster()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "max_connections": self._max_connections,
            "fsync": "on",
            "synchronous_commit": "on",
            "timezone": "UTC",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._server = self._spawn("postgres", "-D", str(self.folder / "data"), *words)
        self._server.wait_until(self._answers, what="PostgreSQL", within=30)
        if is_new:
            with psycopg.connect(self._maintenance_url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE keytalk")

    def stop(self) -> None:
        """Stop the server in order, ending its connections; its data stays."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the server and its children at once, as a power cut would; its data stays."""
        if self._server is None:
            return
        # Each child is in a group of its own, so that the server's group does not hold them.
        children = _children_of(self.pid)
        self._server.process.kill()
        for child in children:
            _kill(child)
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop the server in order and start it again: same port, same data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End the server without a last checkpoint, and remove its data."""
        self._end(signal.SIGQUIT)
        remove_folder(self.folder)

    def _end(self, sent: int) -> None:
        if self._server:
            self._server.end(sent)
            self._server = None

    @property
    def _maintenance_url(self) -> str:
        return urlsplit(self.url)._replace(path="/postgres").geturl()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._maintenance_url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_cluster(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self._password)
        secret.chmod(0o644)  # the folder itself is its owner's only
        command = ["initdb", "-D", str(self.folder / "data"), "-U", "keytalk", "--auth=scram-sha-256"]
        child = self._spawn(*command, f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        try:
            status = child.process.wait(60)
        except subprocess.TimeoutExpired:
            status = -1
        child.end(signal.SIGKILL)
        if status:
            raise ServerDidNotStart(f"initdb ended with status {status}:\n{child.tail()}")

    def _spawn(self, program: str, *args: str) -> Child:
        return Child(
            [self.programs / program, *args],
            log=self.folder / f"{program}.log",
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
            cwd=self.folder,
            user=self._user,
            group=self._group,
        )


def find_programs() -> Path:
    """Give the folder that holds `initdb`, `postgres` and `pgbench`: the newest of Debian's, or the one in PATH."""
    needed = ("initdb", "postgres", "pgbench")
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: [int(n) for n in re.findall(r"\d+", str(f))]
    )
    in_path = shutil.which("postgres")
    if in_path:
        folders.insert(0, Path(in_path).resolve().parent)
    for folder in reversed(folders):
        if all((folder / name).exists() for name in needed):
            return folder
    raise ServerDidNotStart(
        "PostgreSQL is not installed: run scripts/system-packages.sh or set KEYTALK_TEST_DATABASE_URL."
    )


def _account() -> tuple[int | None, int | None]:
    """Give who the server runs as: ourselves, or, since it refuses root, the first of two usual accounts."""
    if os.geteuid() != 0:
        return None, None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise ServerDidNotStart("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.")


def _children_of(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in listed.split()]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
