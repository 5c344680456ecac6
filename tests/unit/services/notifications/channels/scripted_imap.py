"""An IMAP server that says what a test tells it to, line by line, and then nothing or goodbye."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping

from tests.servers.processes import Server


class ScriptedImap(Server):
    """Answers the commands that `answers` names, such as `{"LOGIN": "NO no"}`; `OK` to any other.

    An answer of None drops the line; one of "" is never given. Lines before the last go untagged. `greeting` comes
    first.
    """

    def __init__(self, answers: Mapping[str, str | None] | None = None, greeting: str | None = "* OK ready") -> None:
        self._answers = {"CAPABILITY": "* CAPABILITY IMAP4rev1\nOK done", **(answers or {})}
        self._greeting = greeting
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self.heard: list[str] = []

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listening.getsockname()[1])

    def start(self) -> None:
        """Listen."""
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Stop listening and drop every line."""
        for each in (self._listening, *self._lines):
            with contextlib.suppress(OSError):
                each.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _address = self._listening.accept()
                self._lines.append(line)
                threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line, line.makefile("rb") as reading:
            if self._greeting is None:
                return
            if self._greeting:
                line.sendall(f"{self._greeting}\r\n".encode())
            for said in reading:
                tag, _space, command = said.decode(errors="replace").strip().partition(" ")
                self.heard.append(command)
                answer = self._answers.get(_named(command), "OK done")
                if answer is None:
                    return
                *before, last = answer.split("\n") if answer else [""]
                text = "".join(f"{each}\r\n" for each in before) + (f"{tag} {last}\r\n" if last else "")
                line.sendall(text.encode())


def _named(command: str) -> str:
    words = command.split(" ")
    return words[1] if words[0] == "UID" and len(words) > 1 else words[0]
