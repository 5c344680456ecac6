"""Keytalk itself as a process: `keytalk up` with a home and ports of its own, and the CLI beside it."""

from __future__ import annotations

import json as jsonlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from typer.main import get_command
from typer.testing import CliRunner

from ops.cli.main import app
from tests.servers.processes import Child, Server, free_port, make_folder, remove_folder

_ROOT = Path(__file__).resolve().parents[2]


class CommandRefused(RuntimeError):
    """A `keytalk` command ended with another status than 0; the message holds what it said."""

    def __init__(self, args: tuple[str, ...], done: subprocess.CompletedProcess[str]) -> None:
        super().__init__(f"keytalk {' '.join(args)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        self.status, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr


def asks_first(args: Sequence[str]) -> bool:
    """Whether a command line names a command that asks before it acts, and neither agrees nor only looks."""
    command = get_command(app)
    for name in args:
        if not hasattr(command, "commands"):
            break
        command = command.commands[name]
    knows = any("--yes" in param.opts for param in command.params)
    return knows and not {"--yes", "-y", "--dry-run"} & set(args)


class Keytalk(Server):
    """One `keytalk up`. Embedded unless `env` names servers; `KEYTALK_*` of the surrounding process do not count.

    `home` is kept when given, and removed at the end otherwise. Limits on the intake are off and scheduled jobs may be
    run as of any time, unless `env` says otherwise. With `began_at`, an aware moment, its clock runs on from there.
    """

    def __init__(
        self,
        *,
        demo: bool = False,
        home: Path | None = None,
        env: Mapping[str, str] | None = None,
        began_at: datetime | None = None,
    ) -> None:
        self._folder = make_folder("home")
        self.home = home or self._folder / "home"
        self.public_port, self.ops_port = free_port(), free_port()
        self._demo = demo
        self._began_at = began_at
        self._extra = dict(env or {})
        self._process: Child | None = None
        self._log_start = 0

    @property
    def public_url(self) -> str:
        """The address of the public form and its API, without a slash at the end."""
        return f"http://127.0.0.1:{self.public_port}"

    @property
    def ops_url(self) -> str:
        """The address of the ops gateway, without a slash at the end."""
        return f"http://127.0.0.1:{self.ops_port}"

    @property
    def pid(self) -> int:
        """The process id, for tests that freeze or measure it."""
        assert self._process
        return self._process.process.pid

    @property
    def output(self) -> str:
        """What the process printed since it was last started."""
        log = self._folder / "keytalk.log"
        return log.read_bytes()[self._log_start :].decode(errors="replace") if log.exists() else ""

    @property
    def environment(self) -> dict[str, str]:
        """The environment that the process and its CLI run in."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KEYTALK_")}
        ours = {
            "PYTHONUNBUFFERED": "1",
            "KEYTALK_HOME": str(self.home),
            "KEYTALK_PUBLIC_PORT": str(self.public_port),
            "KEYTALK_OPS_PORT": str(self.ops_port),
            "KEYTALK_INTAKE_LIMITS": "off",
            "KEYTALK_TESTING": "on",
        }
        return inherited | ours | self._extra

    def start(self, *, within: float = 60) -> None:
        """Start and return when the line `ready` was printed."""
        log = self._folder / "keytalk.log"
        self._log_start = log.stat().st_size if log.exists() else 0
        demo = "--demo" if self._demo else "--no-demo"
        at = self._began_at
        program = ["ops.cli"] if at is None else ["tests.servers.at_another_time", at.isoformat()]
        command = [sys.executable, "-m", *program, "up", demo]
        self._process = Child(command, log=log, env=self.environment, cwd=_ROOT)
        self._process.wait_until(self._is_ready, what="keytalk up", within=within)

    def stop(self) -> int:
        """Ask the process to end, as a service manager would; give its exit status. Its home stays."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once, as a power cut would. Its home stays."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start again: same home, same ports."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End the process and remove its home, unless that was given."""
        self.stop()
        remove_folder(self._folder)

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run one `keytalk` command and give what came of it, whatever its status."""
        command = [sys.executable, "-m", "ops.cli", *args]
        return subprocess.run(
            command, env=self.environment, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False
        )

    def cli(self, *args: str, json: bool = True) -> Any:
        """Run one `keytalk` command; give its parsed JSON, or its text with `json=False`.

        It runs in this process, which saves the second that a new one takes to begin; `run` starts a real one. What
        asks first is agreed to. Raises `CommandRefused` when the command ends with another status than 0.
        """
        words = (*args, "--json") if json else args
        if asks_first(args):
            words = (*words, "--yes")
        ours = {name: value for name, value in self.environment.items() if name.startswith("KEYTALK_")}
        theirs = {name: None for name in os.environ if name.startswith("KEYTALK_")}
        done = CliRunner().invoke(app, words, env={**theirs, **ours})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        if done.exit_code:
            ended = subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)
            raise CommandRefused(words, ended)
        return jsonlib.loads(done.stdout) if json else done.stdout

    def post(self, json: Any, *, key: str | None = None, path: str = "/api/enquiries") -> requests.Response:
        """Post JSON to the public API, with an `Idempotency-Key` where given."""
        headers = {"Idempotency-Key": key} if key else {}
        return requests.post(f"{self.public_url}{path}", json=json, headers=headers, timeout=30)

    def _is_ready(self) -> bool:
        return "ready" in (line.strip() for line in self.output.splitlines())

    def _end(self, sent: int) -> int:
        if self._process is None:
            return 0
        status = self._process.end(sent)
        self._process = None
        return status
