"""A mail server that keeps no mail: it takes it as fast as it comes, notes the Message-ID, and fails as it is told.

    python -m tests.servers.mail_sink PORT LOG SHARES [KEEP]

A process of its own, so that whoever sends to it is measured alone. `SHARES` is the JSON of `Faults`. Every line of
LOG is a word and a Message-ID: `taken`, `lost` (taken, and the line cut in place of an answer), `dropped` (the line cut
in place of an answer, and not taken), `later` (refused for now). Where KEEP is named, what was taken is added to that
file.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.servers.processes import Child, Server, free_port, make_folder, remove_folder

_ROOT = Path(__file__).resolve().parents[2]
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
_END = b"\r\n.\r\n"
_SLOW_SECONDS = 0.05
_LINE = len("taken <> \n") + 40 + len("@keytalk.example")
"""Bytes of a line of the log, about: a Message-ID of ours has 40 figures."""

Prepared = tuple[str, str, bytes]
"""The sender and the recipient of the envelope, and the mail as it travelled."""


@dataclass(frozen=True)
class Faults:
    """The shares of mails that meet each fault, and the seed they are drawn from."""

    seed: int = 1
    later: float = 0.0
    """Refused for now, with 450 at the recipient or 451 at the content."""
    lost: float = 0.0
    """Taken, and the line cut in place of the answer."""
    dropped: float = 0.0
    """Not taken, and the line cut in place of the answer."""
    slow: float = 0.0
    """Answered late."""


class MailSink(Server):
    """Such a server on a free port; `url` is its address, `kept_in` the file of what it took, where it keeps that."""

    def __init__(self, faults: Faults | None = None, *, keep: bool = False) -> None:
        self.port = free_port()
        self.folder = make_folder("sink")
        self._log = self.folder / "log"
        self.kept_in = self.folder / "kept" if keep else None
        self._faults = faults or Faults()
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """`smtp://127.0.0.1:port?starttls=off`."""
        return f"smtp://127.0.0.1:{self.port}?starttls=off"

    def start(self) -> None:
        """Start the process, and return when it takes connections."""
        words = [str(self.port), str(self._log), json.dumps(asdict(self._faults))]
        words += [str(self.kept_in)] if self.kept_in else []
        command = [sys.executable, "-m", "tests.servers.mail_sink", *words]
        self._child = Child(command, log=self.folder / "said", env=os.environ, cwd=_ROOT)
        self._child.wait_until(self._answers, what="the mail sink", within=20)

    def close(self) -> None:
        """End the process and remove its log."""
        if self._child:
            self._child.end()
            self._child = None
        remove_folder(self.folder)

    @property
    def log(self) -> list[tuple[str, str]]:
        """What became of each mail that came, in that order: a word of the log and a Message-ID."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [(word, mark) for word, _space, mark in (line.partition(" ") for line in lines)]

    @property
    def seen(self) -> int:
        """About how many mails came so far: looked up at once, however many they are."""
        return self._log.stat().st_size // _LINE if self._log.exists() else 0

    @property
    def taken(self) -> Counter[str]:
        """How often each Message-ID was taken, whatever the sender heard of it."""
        return Counter(mark for word, mark in self.log if word in {"taken", "lost"})

    def marked(self, word: str) -> set[str]:
        """Give the Message-IDs that met one fault."""
        return {mark for each, mark in self.log if each == word}

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                return line.recv(3) == b"220"
        except OSError:
            return False


def unpickled(path: Path) -> Iterator[Prepared]:
    """Give the mails of a file that a sink kept."""
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)  # noqa: S301 - our own process wrote it


class _Line(socketserver.BaseRequestHandler):
    """One connection."""

    server: _Listener
    request: socket.socket

    def setup(self) -> None:
        self._unread = b""
        self._envelope = ("", "")

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._say(b"220 sink.example ESMTP")
            while (line := self._until(b"\r\n")) is not None and self._obey(line):
                pass
        except OSError:
            pass

    def _obey(self, line: bytes) -> bool:
        """Answer one command; say whether the line stays open."""
        verb = line[:4].upper()
        if verb == b"DATA":
            return self._take()
        if verb == b"QUIT":
            self._say(b"221 2.0.0 Goodbye")
            return False
        if verb == b"EHLO":
            self._say(b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
        elif verb == b"RCPT" and self.server.draw(self.server.faults.later / 2):
            self.server.note("later", b"<>")
            self._envelope = ("", "")
            self._say(b"450 4.2.1 Try again later")
        else:
            if verb in {b"MAIL", b"RCPT"}:
                address = line.partition(b"<")[2].partition(b">")[0].decode()
                self._envelope = (address, "") if verb == b"MAIL" else (self._envelope[0], address)
            self._say(b"250 2.1.0 Fine")
        return True

    def _take(self) -> bool:
        if not self._envelope[1]:
            # A client may say it all at once and hear of the recipient afterwards.
            self._say(b"554 5.5.1 No valid recipients")
            return True
        self._say(b"354 Go on")
        content = self._until(_END)
        if content is None:
            return False
        server, faults = self.server, self.server.faults
        found = _MESSAGE_ID.search(content)
        mark = found[1] if found else b"<>"
        if server.draw(faults.slow):
            time.sleep(_SLOW_SECONDS)
        for word, share in (("dropped", faults.dropped), ("lost", faults.lost)):
            if server.draw(share):
                server.note(word, mark)
                return False
        if server.draw(faults.later / 2):
            server.note("later", mark)
            self._say(b"451 4.3.0 Try again later")
            return True
        server.note("taken", mark)
        server.keep((*self._envelope, content + b"\r\n"))
        self._say(b"250 2.0.0 Taken")
        return True

    def _until(self, end: bytes) -> bytes | None:
        """Read up to an end and give what stands before it; None where the line ends first."""
        while (at := self._unread.find(end)) < 0:
            more = self.request.recv(65_536)
            if not more:
                return None
            self._unread += more
        given, self._unread = self._unread[:at], self._unread[at + len(end) :]
        return given

    def _say(self, answer: bytes) -> None:
        self.request.sendall(answer + b"\r\n")


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, log: Path, faults: Faults, keep: Path | None) -> None:
        self.faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311
        # Unbuffered: who reads it finds every mail that was answered.
        self._log = log.open("ab", buffering=0)
        self._keep = keep.open("ab") if keep else None
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Line)

    def draw(self, share: float) -> bool:
        """Say whether a fault comes that meets this share of mails."""
        return share > 0 and self._random.random() < share

    def note(self, word: str, mark: bytes) -> None:
        self._log.write(word.encode() + b" " + mark + b"\n")

    def keep(self, mail: Prepared) -> None:
        if self._keep:
            with self._lock:
                pickle.dump(mail, self._keep)
                self._keep.flush()


def main() -> None:
    """Serve until ended."""
    port, log, shares, *keep = sys.argv[1:]
    _Listener(int(port), Path(log), Faults(**json.loads(shares)), Path(keep[0]) if keep else None).serve_forever()


if __name__ == "__main__":
    main()
