"""An SMTP server that says what a test tells it to say, and drops the line where it is told to."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

DROP = ""
"""Instead of an answer: close the connection."""
HANG = "hang"
"""Instead of an answer: say nothing until the client has gone."""
THEN_DROP = " <then drop>"
"""At the end of an answer: close the connection after it."""
LATE_BY = 0.6
LATE = "<late> "
"""Before an answer: give it only after `LATE_BY` seconds."""

USUAL = {
    "greeting": "220 ready",
    "EHLO": "250 scripted",
    "HELO": "250 scripted",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "content": "250 2.0.0 taken",
    "RSET": "250 2.0.0 ok",
    "QUIT": "221 bye",
}

TOGETHER = "250-scripted\r\n250 PIPELINING"
"""The answer to EHLO of a server that takes commands together."""

Answers = str | Sequence[str]
"""What is said at a step, always; or the first time, the second time and so on, the last of them from then on."""


@dataclass
class ScriptedServer:
    """One listening socket; answers by verb, `greeting` first and `content` after the final full stop."""

    answers: Mapping[str, Answers]
    listener: socket.socket
    heard: list[str] = field(default_factory=list)
    content: list[bytes] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    walked_out: int = 0
    """How many clients left by themselves where nothing was said to them; after 5 seconds the server leaves."""

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def stop(self) -> None:
        for each in (self.listener, *self.connections):
            # A thread that waits in accept or recv is woken by shutdown, not by close.
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve_one(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            self._talk(connection)
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _talk(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        if not self._answer(connection, "greeting"):
            return
        for line in file:
            verb = line.decode().split()[0].upper()
            self.heard.append(line.decode().strip())
            if verb == "DATA" and self.asked["RCPT"] and not self._said("RCPT").removeprefix(LATE).startswith("2"):
                # Said together with what was refused.
                connection.sendall(b"503 5.5.1 no valid recipients\r\n")
                continue
            if not self._answer(connection, verb):
                return
            if verb == "DATA" and self._said("DATA").startswith("354"):
                taken = []
                for body_line in file:
                    if body_line == b".\r\n":
                        break
                    taken.append(body_line)
                else:
                    return  # cut off before its full stop: there is no mail
                self.content.append(b"".join(taken))
                if not self._answer(connection, "content"):
                    return

    def _said(self, step: str) -> str:
        """Give what was answered at a step the last time."""
        answers = self.answers[step]
        return answers if isinstance(answers, str) else answers[min(self.asked[step], len(answers)) - 1]

    def _answer(self, connection: socket.socket, step: str) -> bool:
        self.asked[step] += 1
        answer = self._said(step)
        if answer == HANG:
            connection.recv(1)
            self.walked_out += 1
            return False
        if answer.startswith(LATE):
            time.sleep(LATE_BY)
            answer = answer.removeprefix(LATE)
        if answer != DROP:
            connection.sendall(answer.removesuffix(THEN_DROP).encode() + b"\r\n")
        return answer != DROP and not answer.endswith(THEN_DROP)


@contextmanager
def scripted(**answers: Answers) -> Iterator[ScriptedServer]:
    """Start a server with these answers instead of the usual ones; stop it afterwards."""
    server = ScriptedServer(USUAL | answers, socket.create_server(("127.0.0.1", 0)))
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(timeout=5)
