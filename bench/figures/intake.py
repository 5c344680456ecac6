"""Intake: durable `POST /api/enquiries` a second at 32 connections, and how long one takes.

Ours is `keytalk serve enquiries`, the one process that takes posts in production: beside them it relays each event
to RabbitMQ, where the other services' queues keep it. The peer only takes posts. The limit is pgbench doing the same
two inserts. The three take turns, on empty databases each time, because machines are noisy; the median counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench.lab import POOL, Lab, Load
from bench.limits import pgbench
from bench.rows import Goal, Row, command_for
from bench.stats import Rounds

NAMES = ("intake_posts", "intake_p50_ms", "intake_p99_ms")
ROUNDS = 3
WARMUP = 2
SECONDS = 8


@dataclass(frozen=True)
class Side:
    """One side of the comparison over all rounds."""

    rate: Rounds
    p50_ms: Rounds
    p99_ms: Rounds

    def __str__(self) -> str:
        return f"{self.rate} a second, p50 {self.p50_ms} ms, p99 {self.p99_ms} ms"


def run(lab: Lab) -> list[Row]:
    """Measure the three sides in turns."""
    seen: dict[str, list[Load | pgbench.Limit]] = {"ours": [], "peer": [], "limit": []}
    for _ in range(ROUNDS):
        seen["ours"].append(ours(lab))
        peer, limit = peer_and_limit(lab)
        seen["peer"].append(peer)
        seen["limit"].append(limit)
    sides = {name: side_of(rounds) for name, rounds in seen.items()}
    for name, side in sides.items():
        print(f"  {name}: {side}")
    return rows_of(**sides)


def ours(lab: Lab) -> Load:
    """One round of Keytalk: one process, a pool of 20 connections, intake limits off."""
    lab.checkpoint()
    with lab.alone("enquiries") as served:
        return lab.load(f"{served.public_url}/api/enquiries", warmup=WARMUP, seconds=SECONDS)


def peer_and_limit(lab: Lab) -> tuple[Load, pgbench.Limit]:
    """One round of the peer and one of pgbench, in the tables that the peer made."""
    url = lab.postgres.new_database("peer")
    env = {"BENCH_DATABASE_URL": url.replace("postgresql://", "postgresql+asyncpg://", 1), "BENCH_POOL": str(POOL)}
    lab.checkpoint()
    with lab.serving("bench.peers.fastapi_intake:app", env) as address:
        peer = lab.load(f"{address}/api/enquiries", warmup=WARMUP, seconds=SECONDS)
    lab.checkpoint()
    return peer, pgbench.run(url, SECONDS)


def side_of(rounds: list[Load | pgbench.Limit]) -> Side:
    """The rounds of one side, figure by figure."""
    return Side(
        Rounds(tuple(one.rate for one in rounds)),
        Rounds(tuple(one.p50_ms for one in rounds)),
        Rounds(tuple(one.p99_ms for one in rounds)),
    )


def rows_of(ours: Side, peer: Side, limit: Side) -> list[Row]:
    """The rows; the product's goal is the peer's throughput at least, and a slowest post no slower."""
    goals = {
        "intake_posts": Goal("at least the peer", ours.rate.median >= peer.rate.median),
        "intake_p99_ms": Goal("no worse than the peer", ours.p99_ms.median <= peer.p99_ms.median),
    }
    picks: dict[str, Callable[[Side], Rounds]] = {
        "intake_posts": lambda side: side.rate,
        "intake_p50_ms": lambda side: side.p50_ms,
        "intake_p99_ms": lambda side: side.p99_ms,
    }
    return [
        Row(
            name,
            "requests/s" if name == "intake_posts" else "ms",
            *(pick(side).median for side in (ours, peer, limit)),
            command=command_for(name),
            goal=goals.get(name),
        )
        for name, pick in picks.items()
    ]
