"""What the tests of `keytalk doctor` share: asking it, and servers that play a part word by word."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from ops.doctor.examining import examination
from ops.doctor.findings import Finding
from ops.doctor.patient import examine
from shared.clock import Clock, machine_clock


def ahead_by(**by: float) -> Clock:
    """The machine's clock, set wrong by so much."""
    return lambda: machine_clock() + timedelta(**by)


def found(
    env: Mapping[str, str], *, clock: Callable[[], datetime] = machine_clock, only: str | None = None
) -> Findings:
    """Examine in this process what an environment names; on a busy machine it takes its time."""
    return Findings(examination(examine(env, only), clock, within=90))


class Findings(list[Finding]):
    """What the doctor found, looked up by check and by state."""

    def of(self, check: str) -> Finding:
        """The one finding of a check."""
        [finding] = [each for each in self if each.check == check]
        return finding

    def wrong(self) -> dict[str, str]:
        """The state of every check that is not well."""
        return {each.check: each.state for each in self if each.state != "ok"}


class Script(socketserver.ThreadingTCPServer):
    """A server that greets, and answers a line by the longest beginning of it that the script has; it notes lines."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, greeting: str, answers: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Reading)
        self.greeting, self.answers = greeting, dict(answers)
        self.heard: list[str] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def answer(self, line: str) -> str:
        """Give the scripted answer to a line."""
        fitting = [begin for begin in self.answers if line.upper().startswith(begin)]
        return self.answers[max(fitting, key=len)] if fitting else "250 OK"


class _Reading(socketserver.StreamRequestHandler):
    server: Script

    def handle(self) -> None:
        self._say(self.server.greeting)
        for raw in self.rfile:
            line = raw.decode().strip()
            self.server.heard.append(line)
            tag, _space, command = line.partition(" ")
            answer = self.server.answer(line if self.server.greeting[:1] != "*" else command)
            self._say(answer.replace("TAG", tag))

    def _say(self, text: str) -> None:
        if text:
            self.wfile.write(text.replace("\n", "\r\n").encode() + b"\r\n")


@contextmanager
def playing(greeting: str, **answers: str) -> Iterator[Script]:
    """Play a server; the names of `answers` are beginnings of lines, with _ for a space."""
    script = Script(greeting, {begin.replace("_", " "): answer for begin, answer in answers.items()})
    thread = threading.Thread(target=script.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.shutdown()
        script.server_close()
