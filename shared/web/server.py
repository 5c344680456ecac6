"""The web server of every port: eventlet's WSGI server with the limits that nameko's own lacks."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import eventlet
from eventlet import wsgi

_log = logging.getLogger(__name__)

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

SOCKET_TIMEOUT = 20
"""Seconds that a connection may keep silent, in the middle of a request or between two."""
MOST_CONNECTIONS = 500

_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_GONE = {errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.EINTR}


class _PatientSocket:
    """A listening socket whose `accept` outlives a full file table and clients that left at once."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def accept(self) -> Any:
        while True:
            try:
                client, address = self._sock.accept()
                return _answering_to_the_end(_answering_at_once(client)), address
            except OSError as error:
                if error.errno in _FULL:
                    _log.warning("no room for another connection", extra={"error": str(error)})
                    eventlet.sleep(0.5)
                elif error.errno not in _GONE:
                    raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def _answering_at_once(client: Any) -> Any:
    """Send each part of an answer when it is there.

    eventlet sends the head and the body apart. The kernel would keep the body back until the client has said that the
    head came, which clients put off for up to 40 ms.
    """
    with suppress(OSError):  # macOS refuses it where the client has left already: that ends no server
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _answering_to_the_end(client: Any) -> Any:
    """Let a connection be shut for reading only.

    At a stop eventlet shuts those on which it has read nothing yet. A request that is there already would be carried
    out all the same, and its answer lost; like this it is answered.
    """
    shutdown = client.shutdown
    client.shutdown = lambda _how: shutdown(socket.SHUT_RD)
    return client


class WebServer:
    """Serves one WSGI app on one address, each connection in a green thread of a pool of its own."""

    def __init__(self, bind: str, port: int, app: Wsgi) -> None:
        """Open the socket. Raises `OSError` when the port is taken."""
        # Left to itself, eventlet lets two processes share a port without a word: each gets some of the requests.
        self._socket = eventlet.listen((bind, port), backlog=512, reuse_port=False)
        self._app = app
        self._pool = eventlet.GreenPool(MOST_CONNECTIONS)
        self._thread: Any = None

    @property
    def port(self) -> int:
        """The port that is really listened on."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Begin to serve."""
        self._thread = eventlet.spawn(
            wsgi.server,
            _PatientSocket(self._socket),
            terminated_input(self._app),
            log=logging.getLogger("keytalk.access"),
            log_output=False,
            debug=False,
            custom_pool=self._pool,
            socket_timeout=SOCKET_TIMEOUT,
            keepalive=True,
            url_length_limit=4096,
        )

    def stop(self, seconds: float = 5.0) -> None:
        """Take no more connections; give those in hand `seconds` to end."""
        if self._thread is not None:
            self._thread.kill()
        self._socket.close()
        with eventlet.Timeout(seconds, False):
            self._pool.waitall()


def terminated_input(app: Wsgi) -> Wsgi:
    """Let an app read a chunked body: without this mark it would be taken for an empty one."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            environ["wsgi.input_terminated"] = True
        return app(environ, start_response)

    return serve
