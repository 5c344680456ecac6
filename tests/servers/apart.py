"""Keytalk in production's shape: each service a process of its own, as many replicas as wanted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.servers.keytalk import CommandRefused, Keytalk
from tests.servers.processes import Child, Server, free_port, make_folder, remove_folder

_ROOT = Path(__file__).resolve().parents[2]

SERVICES = ("enquiries", "scheduling", "notifications")


class Replica:
    """One `keytalk serve`: started, ended, killed or paused by itself, on ports that stay its own.

    `launcher` are the words before the command, where something else than `keytalk` is to run it.
    """

    def __init__(self, service: str, log: Path, env: Mapping[str, str]) -> None:
        self.service = service
        self.public_port, self.internal_port = free_port(), free_port()
        names = ("KEYTALK_PUBLIC_PORT", "KEYTALK_CALENDAR_PORT", "KEYTALK_MESSAGES_PORT")
        ports = {**dict.fromkeys(names, str(self.public_port)), "KEYTALK_INTERNAL_PORT": str(self.internal_port)}
        self._env = {**env, **ports}
        self._log = log
        self._log_start = 0
        self._child: Child | None = None

    @property
    def public_url(self) -> str:
        """The address of the public API, where this is a replica of enquiries; no slash at the end."""
        return f"http://127.0.0.1:{self.public_port}"

    @property
    def internal_url(self) -> str:
        """The address of health and metrics, without a slash at the end."""
        return f"http://127.0.0.1:{self.internal_port}"

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._child
        return self._child.process.pid

    @property
    def running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._child is not None and self._child.running

    @property
    def output(self) -> str:
        """What the process wrote since it was last started."""
        return self._log.read_bytes()[self._log_start :].decode(errors="replace") if self._log.exists() else ""

    def launch(self, launcher: Sequence[str] = ("-m", "ops.cli"), env: Mapping[str, str] | None = None) -> None:
        """Start the process and return at once; `env` adds to its environment."""
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        command = [sys.executable, *launcher, "serve", self.service]
        self._child = Child(command, log=self._log, env={**self._env, **(env or {})}, cwd=_ROOT)

    def wait(self, within: float = 60) -> None:
        """Return when the line `ready` was printed."""
        assert self._child
        self._child.wait_until(self._is_ready, what=f"keytalk serve {self.service}", within=within)

    def start(self, launcher: Sequence[str] = ("-m", "ops.cli"), env: Mapping[str, str] | None = None) -> None:
        """Start the process and return when it is ready."""
        self.launch(launcher, env)
        self.wait()

    def stop(self) -> int:
        """Ask the process to end, as a service manager would; give its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Stop its clock, as a frozen virtual machine's."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run on."""
        os.kill(self.pid, signal.SIGCONT)

    def _is_ready(self) -> bool:
        return "ready" in (line.strip() for line in self.output.splitlines())

    def _end(self, sent: int) -> int:
        if self._child is None:
            return 0
        status = self._child.end(sent)
        self._child = None
        return status


class KeytalkApart(Server):
    """The three services as processes of their own, `replicas` of each, on the servers that `env` names."""

    def __init__(self, env: Mapping[str, str], *, replicas: int = 1) -> None:
        self._folder = make_folder("apart")
        self._frame = Keytalk(home=self._folder / "home", env=env)
        self._replicas: dict[str, list[Replica]] = {service: [] for service in SERVICES}
        for service in SERVICES:
            for _ in range(replicas):
                self.add(service)

    @property
    def all(self) -> list[Replica]:
        """Every replica, running or not."""
        return [replica for service in SERVICES for replica in self._replicas[service]]

    def of(self, service: str) -> list[Replica]:
        """The replicas of one service."""
        return self._replicas[service]

    @property
    def public_urls(self) -> list[str]:
        """The addresses of the public API: one for each replica of enquiries."""
        return [replica.public_url for replica in self._replicas["enquiries"]]

    def add(self, service: str) -> Replica:
        """Add a replica, which is not started yet."""
        log = self._folder / f"{service}-{len(self._replicas[service])}.log"
        replica = Replica(service, log, self._frame.environment)
        self._replicas[service].append(replica)
        return replica

    def remove(self, replica: Replica) -> None:
        """End a replica and forget it."""
        replica.stop()
        self._replicas[replica.service].remove(replica)

    def start(self) -> None:
        """Migrate the databases and start what does not run; return when all are ready."""
        self.migrate()
        self.start_missing()

    def migrate(self) -> None:
        """Bring the databases up to date."""
        command = [sys.executable, "-m", "ops.cli", "migrate"]
        done = subprocess.run(
            command, env=self._frame.environment, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise CommandRefused(("migrate",), done)

    def start_missing(self) -> list[Replica]:
        """Start every replica that does not run, wait for them, and give them."""
        missing = [replica for replica in self.all if not replica.running]
        for replica in missing:
            replica.launch()
        for replica in missing:
            replica.wait()
        return missing

    def close(self) -> None:
        """End every process and remove what they kept."""
        for replica in self.all:
            if replica.running:
                replica.resume()
                os.kill(replica.pid, signal.SIGTERM)
        for replica in self.all:
            replica.stop()
        remove_folder(self._folder)
