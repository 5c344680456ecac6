"""The web server of every port."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from typing import Any

import eventlet

from shared.web.server import WebServer, _PatientSocket


def test_an_answer_is_sent_without_waiting_for_the_client_to_say_that_its_head_came() -> None:
    seen: list[int] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        connection = environ["eventlet.input"].get_socket()
        seen.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        start_response("200 OK", [("Content-Length", "4")])
        return [b"here"]

    server = WebServer("127.0.0.1", 0, app)
    server.start()
    try:
        with eventlet.connect(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(4096), b""))
    finally:
        server.stop()

    assert answer.endswith(b"here")
    assert seen
    assert all(seen)


def test_a_client_that_left_before_it_was_let_in_ends_no_server() -> None:
    class Left:
        def setsockopt(self, *_how: int) -> None:
            raise OSError(errno.EINVAL, "Invalid argument")

        def shutdown(self, _how: int) -> None:
            pass

    class Listening:
        def accept(self) -> tuple[Left, str]:
            return Left(), "there"

    client, address = _PatientSocket(Listening()).accept()

    assert (isinstance(client, Left), address) == (True, "there")
