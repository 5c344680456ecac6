"""Child processes and folders that never outlive the process that made them."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

_PORT_TRIES = 200
_handed_out: dict[int, TextIO] = {}
"""The ports given so far, each with the lock that keeps other runs away from it."""
_random = random.SystemRandom()


class ServerDidNotStart(RuntimeError):
    """A server ended early or was not ready in time; the message holds the end of what it said."""


class NotOurServer(RuntimeError):
    """A server that runs elsewhere was asked to stop, restart or do what only a private one can."""


def free_port() -> int:
    """Give a free TCP port of the loopback address, never the same twice, and to no other run of the tests either.

    Ports that the kernel gives to outgoing connections (32768 and up) are left out: while a server is down for a
    restart, a client that tries to reach it could otherwise be given its port.
    """
    for _ in range(_PORT_TRIES):
        port = _random.randrange(18_000, 32_000)
        if port not in _handed_out and _is_free(port) and _is_ours(port):
            return port
    raise ServerDidNotStart("No free port between 18000 and 32000 was found.")


def _is_ours(port: int) -> bool:
    """Take a port for this process, unless another run has it; the kernel gives it back when the process ends."""
    folder = Path(tempfile.gettempdir()) / f"keytalk-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = (folder / str(port)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _handed_out[port] = lock
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class _Watcher:
    """The process that ends what this one leaves behind. Started with the first child."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def note(self, sign: str, kind: str, name: object) -> None:
        """Add (`+`) or drop (`-`) a `group` or a `folder`."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(Path(__file__).with_name("watcher.py"))],
                stdin=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdin
        self._process.stdin.write(f"{sign} {kind} {name}\n")
        self._process.stdin.flush()


_watcher = _Watcher()


def make_folder(name: str) -> Path:
    """Make a temporary folder that is removed with this process at the latest."""
    folder = Path(tempfile.mkdtemp(prefix=f"keytalk-{name}-"))
    _watcher.note("+", "folder", folder)
    return folder


def remove_folder(folder: Path) -> None:
    """Remove a folder that `make_folder` made."""
    shutil.rmtree(folder, ignore_errors=True)
    _watcher.note("-", "folder", folder)


class Child:
    """One child process in a group of its own, so that a Ctrl-C in the terminal does not reach it."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
        user: int | None = None,
        group: int | None = None,
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                start_new_session=True,
            )
        _watcher.note("+", "group", self.process.pid)

    @property
    def running(self) -> bool:
        """Whether the process has not ended yet."""
        return self.process.poll() is None

    def end(self, sent: int = signal.SIGTERM, within: float = 20) -> int:
        """Send a signal, wait up to `within` seconds, then kill what is left of the group; give the exit status."""
        if self.running:
            self.process.send_signal(sent)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(within)
        self._kill_group()
        status = self.process.wait()
        _watcher.note("-", "group", self.process.pid)
        return status

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def tail(self, lines: int = 40) -> str:
        """Give the last lines that the process wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_until(self, ready: Callable[[], bool], *, what: str, within: float) -> None:
        """Ask `ready` until it says yes; raise `ServerDidNotStart` when the process ends or the time is up."""
        deadline = time.monotonic() + within
        while not ready():
            if not self.running:
                raise ServerDidNotStart(f"{what} ended with status {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ServerDidNotStart(f"{what} was not ready within {within:g} s:\n{self.tail()}")
            time.sleep(0.02)


class Server:
    """What every server here shares: `with` starts and closes it, and it is closed at exit at the latest."""

    def start(self) -> None:
        """Start the server and return when it answers."""
        raise NotImplementedError

    def close(self) -> None:
        """End the server for good and remove what it kept."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        atexit.register(self.close)
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        atexit.unregister(self.close)
