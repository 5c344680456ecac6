"""A TCP proxy before another server, which cuts, refuses or freezes what goes through it, and heals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.servers.processes import Server, free_port

Mode = Literal["pass", "down", "freeze"]

_CHUNK = 65_536


class FaultProxy(Server):
    """Passes connections to its own `port` on to the `target` port, and does to them what a bad network does.

    A frozen connection is held, not lost, as a network with a hole in it does: what either side sent meanwhile goes
    on when it heals, also what a side sent that has given up since. `latency` (seconds) is added to each packet.
    """

    def __init__(self, target: int, *, latency: float = 0.0) -> None:
        self.port = free_port()
        self.latency = latency
        self._target = target
        self._mode: Mode = "pass"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)
        self._listener: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def mode(self) -> Mode:
        """What it does at this moment."""
        return self._mode

    @property
    def connections(self) -> int:
        """How many connections from clients are open."""
        return len(self._open) // 2

    def address(self, uri: str) -> str:
        """Give a server's address with this proxy's port in the place of its own."""
        parts = urlsplit(uri)
        user = parts.netloc.rpartition("@")[0]
        return parts._replace(netloc=f"{user}@127.0.0.1:{self.port}").geturl()

    def start(self) -> None:
        """Listen on the port and pass on."""
        self._thread.start()
        self.heal()

    def heal(self) -> None:
        """Pass everything on; take connections again."""
        self._do(self._heal())

    def cut(self) -> None:
        """Reset every connection there is now; new ones are taken and passed on."""
        self._do(self._cut())

    def down(self) -> None:
        """Reset every connection and refuse new ones, until `heal`."""
        self._do(self._down())

    def freeze(self) -> None:
        """Go on taking connections and packets, and pass none on, until `heal`."""
        self._do(self._freeze())

    def close(self) -> None:
        """Reset every connection and end."""
        if not self._thread.is_alive():
            return
        self.down()
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _heal(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=512)
        self._mode = "pass"
        self._flowing.set()

    async def _cut(self) -> None:
        for writer in self._open:
            _reset(writer)
        self._open.clear()

    async def _down(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._mode = "down"
        await self._cut()

    async def _freeze(self) -> None:
        self._mode = "freeze"
        self._flowing.clear()

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _reset(writer)
            return
        if self._mode == "down":
            _reset(writer)
            _reset(back)
            return
        self._open |= {writer, back}
        for source, sink in ((reader, back), (there, writer)):
            task = self._loop.create_task(self._pump(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carry one direction until its source ends; then end the sink too, once what was held has gone."""
        with contextlib.suppress(OSError):
            while chunk := await source.read(_CHUNK):
                if self.latency:
                    await asyncio.sleep(self.latency)
                await self._flowing.wait()
                sink.write(chunk)
                await sink.drain()
        await self._flowing.wait()
        self._open.discard(sink)
        sink.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once with a reset, as a firewall does, and not in order."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()
