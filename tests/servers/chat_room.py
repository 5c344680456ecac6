"""The door of a chat room that takes alerts as JSON, or does not: what Apprise's `json://` addresses post to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ChatRoom(ThreadingHTTPServer):
    """`/taken` takes what it is told, `/refused` does not, `/silent` says nothing, `/endless` never ends its answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.told: list[dict[str, Any]] = []
        self.closing = threading.Event()

    def url(self, door: str = "taken") -> str:
        """Give the Apprise address of a door."""
        return f"json://127.0.0.1:{self.server_port}/{door}"


class _Door(BaseHTTPRequestHandler):
    server: ChatRoom

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        door = self.path.strip("/")
        if door == "silent":
            self.server.closing.wait(5)
            return
        if door == "endless":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.server.closing.wait(0.05):
                self.wfile.write(b"X-More: yes\r\n")
            return
        self.server.told.append({"door": door, **told})
        self.send_response(200 if door == "taken" else 500)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@contextmanager
def chat_room() -> Iterator[ChatRoom]:
    """Open a chat room; close it afterwards."""
    with ChatRoom() as room:
        thread = threading.Thread(target=room.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield room
        finally:
            room.closing.set()
            room.shutdown()
            thread.join()
