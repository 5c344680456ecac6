"""The fault proxy does to connections what the fault tests say it does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.servers.processes import free_port
from tests.servers.proxy import FaultProxy
from tests.waiting import eventually


class Echo:
    """A server that says back what it hears, and keeps what it heard."""

    def __init__(self) -> None:
        self.heard = b""
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                talk, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(talk,), daemon=True).start()

    def _answer(self, talk: socket.socket) -> None:
        with talk:
            try:
                while heard := talk.recv(1000):
                    self.heard += heard
                    talk.sendall(heard)
            except OSError:
                return

    def close(self) -> None:
        # A close alone would leave it listening while its thread waits in `accept`.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    with contextlib.suppress(OSError):
        server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    with FaultProxy(echo.port) as proxy:
        yield proxy


def call(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def says_back(talk: socket.socket, words: bytes) -> bool:
    talk.sendall(words)
    heard = b""
    while len(heard) < len(words):
        heard += talk.recv(1000)
    return heard == words


def test_what_goes_in_comes_out_at_the_other_end(proxy):
    with call(proxy) as one, call(proxy) as other:
        assert says_back(one, b"one" * 100_000)
        assert says_back(other, b"other")


def test_a_cut_resets_the_open_connections_and_takes_new_ones(proxy):
    with call(proxy) as before:
        assert says_back(before, b"before")

        proxy.cut()

        with pytest.raises(ConnectionResetError):
            before.recv(1)
    with call(proxy) as after:
        assert says_back(after, b"after")


def test_down_resets_the_open_connections_and_refuses_new_ones_until_it_heals(proxy):
    with call(proxy) as before:
        assert says_back(before, b"before")

        proxy.down()

        with pytest.raises(ConnectionResetError):
            before.recv(1)
    with pytest.raises(ConnectionRefusedError):
        call(proxy)
    proxy.heal()
    with call(proxy) as after:
        assert says_back(after, b"after")


def test_a_frozen_connection_takes_what_it_is_given_and_passes_it_on_when_it_heals(proxy, echo):
    with call(proxy) as before:
        assert says_back(before, b"before")

        proxy.freeze()

        with call(proxy) as during:
            during.settimeout(0.3)
            during.sendall(b"during")
            with pytest.raises(TimeoutError):
                during.recv(1)
            assert echo.heard == b"before"
            proxy.heal()
            during.settimeout(5)
            assert during.recv(10) == b"during"
        assert says_back(before, b"again")


def test_words_of_a_caller_who_gave_up_while_it_was_frozen_arrive_all_the_same(proxy, echo):
    with call(proxy) as gone:
        assert says_back(gone, b"before ")
        proxy.freeze()
        gone.sendall(b"late")
    proxy.heal()

    assert eventually(lambda: echo.heard == b"before late")


def test_a_connection_that_ends_on_one_side_ends_on_the_other(proxy):
    with call(proxy) as talk:
        assert says_back(talk, b"hello")
        assert proxy.connections == 1
        talk.shutdown(socket.SHUT_WR)
        assert talk.recv(1) == b""
    assert eventually(lambda: proxy.connections == 0)


def test_a_server_that_is_away_looks_away_through_the_proxy(proxy, echo):
    echo.close()
    with pytest.raises(ConnectionResetError), call(proxy) as talk:
        talk.recv(1)


def test_latency_is_added_in_each_direction(echo):
    with FaultProxy(echo.port, latency=0.2) as proxy, call(proxy) as talk:
        talk.settimeout(0.3)
        talk.sendall(b"slow")
        with pytest.raises(TimeoutError):
            talk.recv(1)
        talk.settimeout(5)
        assert talk.recv(10) == b"slow"


def test_an_address_is_given_with_the_port_of_the_proxy_and_the_rest_as_it_was(proxy):
    assert (
        proxy.address("amqp://me:secret@localhost:5672/a-vhost") == f"amqp://me:secret@127.0.0.1:{proxy.port}/a-vhost"
    )
