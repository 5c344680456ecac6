"""An SMTP server that says what a test tells it to say, and drops the line where it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

DROP = ""
"""Instead of an answer: close the connection."""
HANG = "hang"
"""Instead of an answer: say nothing until the client has gone."""

USUAL = {
    "greeting": "220 ready",
    "EHLO": "250 scripted",
    "HELO": "250 scripted",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "content": "250 2.0.0 taken",
    "QUIT": "221 bye",
}


@dataclass
class ScriptedServer:
    """One listening socket; answers by verb, `greeting` first and `content` after the final full stop."""

    answers: Mapping[str, str]
    listener: socket.socket
    heard: list[str] = field(default_factory=list)
    content: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(5)
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        if not self._answer(connection, "greeting"):
            return
        for line in file:
            verb = line.decode().split()[0].upper()
            self.heard.append(line.decode().strip())
            if not self._answer(connection, verb):
                return
            if verb == "DATA" and self.answers["DATA"].startswith("354"):
                taken = []
                for body_line in file:
                    if body_line == b".\r\n":
                        break
                    taken.append(body_line)
                self.content.append(b"".join(taken))
                if not self._answer(connection, "content"):
                    return

    def _answer(self, connection: socket.socket, step: str) -> bool:
        answer = self.answers[step]
        if answer == HANG:
            connection.recv(1)
            return False
        if answer != DROP:
            connection.sendall(answer.encode() + b"\r\n")
        return answer != DROP


@contextmanager
def scripted(**answers: str) -> Iterator[ScriptedServer]:
    """Start a server with these answers instead of the usual ones; stop it afterwards."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = ScriptedServer(USUAL | answers, listener)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        # A thread that waits in accept is woken by shutdown, not by close.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)
