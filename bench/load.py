"""The HTTP load client: a process of its own that posts enquiries and prints what it saw as one line of JSON.

The same client measures us and the peers. It keeps `--connections` connections alive and works in one of two ways:
as fast as the answers come (the default), or with `--rate` at a steady pace whatever the answers do, counting the
wait for a free connection into the latency. No two bodies are alike.

    python -m bench.load http://127.0.0.1:8000/api/enquiries --connections 32 --warmup 2 --seconds 8
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.stats import percentile

LAST_ANSWERS_SECONDS = 10.0
RECONNECT_SECONDS = 0.05

_BODY = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Jordan Ellis",
    "contact_role": "Head of reducing reoffending",
    "contact_email": "reducing.reoffending.NUMBER@example.com",
    "contact_phone": "01925 555 010",
    "organisation": "HMP Risley",
    "group_size": 10,
    "preferred_start": "2027-01-12",
    "preferred_times": "Tuesday afternoons, from January",
    "message": "We would like to offer the programme to a group of ten. Our note is called NUMBER.",
}
# The same words from many senders would be taken for spam, and numbers are no words.
_LETTERS = bytes.maketrans(b"0123456789", b"abcdefghij")


@dataclass(frozen=True)
class Plan:
    """What to send: where, over how many connections, for how long or how often, and how fast."""

    url: str
    connections: int
    warmup: float
    seconds: float
    rate: float | None
    count: int | None


def requests_to(url: str, first: int) -> Callable[[int], bytes]:
    """A function from a running number to one whole HTTP request, ready to be written to the socket."""
    where = urlsplit(url)
    before, middle, after = json.dumps(_BODY).encode().split(b"NUMBER")
    length = len(before) + len(middle) + len(after) + 2 * 12
    head = (
        f"POST {where.path or '/'} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()

    def request(number: int) -> bytes:
        digits = b"%012d" % (first + number)
        return b"".join((head, before, digits, middle, digits.translate(_LETTERS), after))

    return request


def answer_end(buffer: bytes) -> int | None:
    """Where the first answer in `buffer` ends, or None while part of it is still to come."""
    head_end = buffer.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    head = buffer[:head_end].lower()
    start = head.find(b"\r\ncontent-length:")
    if start >= 0:
        line_end = head.find(b"\r\n", start + 2)
        length = int(head[start + 17 : line_end if line_end >= 0 else None])
        return head_end + 4 + length if len(buffer) >= head_end + 4 + length else None
    if b"chunked" in head:
        last = buffer.find(b"\r\n0\r\n\r\n", head_end + 2)
        return last + 7 if last >= 0 else None
    return head_end + 4


@dataclass
class Tally:
    """What was seen: answers by status and latencies while the clock ran, and everything counted over all."""

    opens: float
    closes: float
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    accepted_in_all: int = 0
    broken: int = 0

    def answered(self, status: int, since: float, now: float) -> None:
        """Count one answer; `since` and `now` are seconds of the performance counter."""
        accepted = 200 <= status < 300
        self.accepted_in_all += accepted
        if self.opens <= now < self.closes:
            self.statuses[status] += 1
            if accepted:
                self.latencies.append(now - since)

    def summary(self, ended: float) -> dict[str, object]:
        """What is printed; the rate is of accepted requests over the seconds that were counted."""
        seconds = min(self.closes, ended) - self.opens
        accepted = len(self.latencies)
        return {
            "rate": round(accepted / seconds, 2),
            "seconds": round(seconds, 3),
            "accepted": accepted,
            "accepted_in_all": self.accepted_in_all,
            "refused": sum(self.statuses.values()) - accepted,
            "broken": self.broken,
            "statuses": {str(status): number for status, number in sorted(self.statuses.items())},
            "p50_ms": round(percentile(self.latencies, 50) * 1000, 3) if accepted else None,
            "p99_ms": round(percentile(self.latencies, 99) * 1000, 3) if accepted else None,
        }


class Load:
    """The run itself: hands the next request to whichever connection is free."""

    def __init__(self, plan: Plan, first: int) -> None:
        self.plan = plan
        self.request = requests_to(plan.url, first)
        self.sent = 0
        self.busy = 0
        self.stopped = False
        self.free: deque[Connection] = deque()
        self.due: deque[float] = deque()
        self.reconnecting: set[asyncio.Future[None]] = set()
        self.done = asyncio.Event()
        now = time.perf_counter()
        self.tally = Tally(now + plan.warmup, now + plan.warmup + plan.seconds)

    async def run(self) -> dict[str, object]:
        """Connect, send until the plan ends, wait for the last answers."""
        await asyncio.gather(*(self.connect() for _ in range(self.plan.connections)))
        pace = asyncio.create_task(self.pace()) if self.plan.rate else None
        await self.until_the_end()
        self.stopped = True
        ended = time.perf_counter()
        if pace:
            await pace
        await self.last_answers()
        return self.tally.summary(ended)

    async def connect(self) -> None:
        """Open one connection; it asks for work as soon as it is there."""
        where = urlsplit(self.plan.url)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Connection(self), where.hostname, where.port or 80)

    async def until_the_end(self) -> None:
        """Wait for the planned seconds, or for the planned number of answers."""
        left = self.tally.closes - time.perf_counter()
        try:
            await asyncio.wait_for(self.done.wait(), left)
        except TimeoutError:
            return

    async def last_answers(self) -> None:
        """Give what is under way a while to be answered, so that nothing accepted is missed."""
        give_up = time.perf_counter() + LAST_ANSWERS_SECONDS
        while (self.busy or self.due) and time.perf_counter() < give_up:
            await asyncio.sleep(0.01)

    async def pace(self) -> None:
        """Make requests due at a steady rate; they wait in line when every connection is busy."""
        begin, made = time.perf_counter(), 0
        while not self.stopped:
            at = begin + made / self.plan.rate
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            made += 1
            if self.free:
                self.send(self.free.popleft(), at)
            else:
                self.due.append(at)

    def ready(self, connection: "Connection") -> None:
        """A connection is free: give it what is due, or the next request where there is no pace to keep."""
        if self.due:
            self.send(connection, self.due.popleft())
        elif self.plan.rate or self.stopped or self.sent == self.plan.count:
            self.free.append(connection)
        else:
            self.send(connection, time.perf_counter())

    def send(self, connection: "Connection", since: float) -> None:
        """Send the next request; its latency counts from `since`."""
        number, self.sent = self.sent, self.sent + 1
        self.busy += 1
        connection.send(self.request(number), since)

    def answered(self, connection: "Connection", status: int, since: float) -> None:
        """Count an answer and use the connection again."""
        self.busy -= 1
        self.tally.answered(status, since, time.perf_counter())
        if self.sent == self.plan.count and not self.busy:
            self.done.set()
        if connection.open:
            self.ready(connection)

    def lost(self, connection: "Connection", *, unanswered: bool) -> None:
        """A connection ended: count the request it carried as broken, and open another one."""
        if unanswered:
            self.busy -= 1
            self.tally.broken += 1
        if connection in self.free:
            self.free.remove(connection)
        if not self.stopped:
            task = asyncio.ensure_future(self.reconnect())
            self.reconnecting.add(task)
            task.add_done_callback(self.reconnecting.discard)

    async def reconnect(self) -> None:
        """Open a connection in place of a lost one, however often it takes."""
        while not self.stopped:
            await asyncio.sleep(RECONNECT_SECONDS)
            try:
                await self.connect()
            except OSError:
                self.tally.broken += 1
            else:
                return


class Connection(asyncio.Protocol):
    """One kept-alive connection with at most one request under way."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.open = False
        self.buffer = b""
        self.since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first request."""
        self.transport = transport
        self.open = True
        self.load.ready(self)

    def send(self, request: bytes, since: float) -> None:
        """Write one whole request."""
        self.since = since
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer; when it is whole, report its status."""
        self.buffer = self.buffer + data if self.buffer else data
        end = answer_end(self.buffer)
        if end is None or self.since is None:
            return
        answer, self.buffer = self.buffer[:end], self.buffer[end:]
        if b"\r\nconnection: close" in answer.lower():
            self.open = False
            self.transport.close()
        since, self.since = self.since, None
        self.load.answered(self, int(answer[9:12]), since)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end, with whether a request was under way."""
        self.open = False
        self.load.lost(self, unanswered=self.since is not None)


def read_plan(arguments: list[str]) -> Plan:
    """The plan that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--warmup", type=float, default=2.0, help="seconds that are not counted")
    parser.add_argument("--seconds", type=float, default=8.0, help="seconds that are counted")
    parser.add_argument("--rate", type=float, help="requests a second; without it, as fast as answers come")
    parser.add_argument("--count", type=int, help="stop after this many requests")
    return Plan(**vars(parser.parse_args(arguments)))


async def _run(plan: Plan) -> dict[str, object]:
    return await Load(plan, first=random.randrange(900) * 1_000_000_000).run()


def main() -> None:
    """Run the plan of the command line and print the summary."""
    import uvloop  # noqa: PLC0415 - only the bench installs it, and the tests read this module without it

    print(json.dumps(uvloop.run(_run(read_plan(sys.argv[1:])))))


if __name__ == "__main__":
    main()
