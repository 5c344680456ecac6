"""The consumer: events a second that one process takes from its queue into PostgreSQL, each with one insert.

Ours reads a durable quorum queue in batches. The peers are a stock nameko event handler and a FastStream subscriber,
each on the durable queue it declares by itself, with the same record of the event's id, the same insert, and one
transaction an event. All find the same number of the same envelopes in their queue. They take turns.
"""

from collections.abc import Callable

from bench.lab import Lab, count_rows, run_module
from bench.limits.bare_publish import fill
from bench.queues import declare_all
from bench.rows import Goal, Row, command_for
from bench.stats import Rounds

NAMES = ("consume_events",)
ROUNDS = 3
COUNT = 6_000
TIMES_THE_PEER = 2
STRETCH = 3

PEERS = {"nameko": "bench.peers.nameko_consumer", "FastStream": "bench.peers.faststream_consumer"}


def run(lab: Lab) -> list[Row]:
    """Measure ours and the peers in turns."""
    seen: dict[str, list[float]] = {"ours": [], **{name: [] for name in PEERS}}
    for _ in range(ROUNDS):
        seen["ours"].append(ours(lab))
        for name, module in PEERS.items():
            seen[name].append(peer(lab, module))
    sides = {name: Rounds(tuple(rates)) for name, rates in seen.items()}
    for name, rates in sides.items():
        print(f"  {name}: {rates} events a second")
    return rows_of(sides["ours"].median, {name: sides[name].median for name in PEERS})


def rows_of(ours: float, peers: dict[str, float]) -> list[Row]:
    """The row, beside the better of the peers."""
    name, best = max(peers.items(), key=lambda pair: pair[1])
    stretch = f", and {STRETCH} times" if ours >= STRETCH * best else ""
    goal = Goal(f"{TIMES_THE_PEER} times {name}{stretch}", ours >= TIMES_THE_PEER * best)
    return [Row(NAMES[0], "events/s", ours, best, command=command_for(NAMES[0]), goal=goal)]


def ours(lab: Lab) -> float:
    """One round of ours."""
    return drained(lab, "bench.backbone", lambda _database, uri: declare_all(uri))


def peer(lab: Lab, module: str) -> float:
    """One round of a peer; it declares its queue and makes its tables by itself."""
    return drained(lab, module, lambda database, uri: run_module(module, "declare", database, uri))


def drained(lab: Lab, module: str, declare: Callable[[str, str], object]) -> float:
    """Fill a queue, have a process drain it, see that all has been done; give the events a second."""
    database, uri = lab.postgres.new_database("consume"), lab.rabbitmq.new_vhost()
    declare(database, uri)
    fill(uri, COUNT)
    lab.checkpoint()
    seen = run_module(module, "consume", database, uri, str(COUNT))
    for table in ("inbox", "effects"):
        if (found := count_rows(database, table)) != COUNT:
            raise RuntimeError(f"{module} left {found} rows in {table} for {COUNT} events")
    return float(seen["rate"])
