"""The relay: events a second from a filled outbox to a durable quorum queue.

Ours drains its outbox on PostgreSQL. The peer publishes the same envelopes with the same client, one confirm at a
time, and the limit publishes them with pipelined confirms; neither has a database to read and mark. They take turns.
"""

from bench.backbone import service
from bench.lab import Lab, run_module
from bench.queues import declare_all
from bench.rows import Goal, Row, command_for
from bench.stats import Rounds

NAMES = ("relay_events",)
ROUNDS = 3
COUNT = 10_000
COUNT_EACH = 3_000
TIMES_THE_PEER = 6
SHARE_OF_LIMIT = 0.5


def run(lab: Lab) -> list[Row]:
    """Measure the three sides in turns."""
    seen: dict[str, list[float]] = {"ours": [], "peer": [], "limit": []}
    for _ in range(ROUNDS):
        seen["ours"].append(ours(lab))
        seen["peer"].append(bare(lab, "each", COUNT_EACH))
        seen["limit"].append(bare(lab, "pipelined", COUNT))
    sides = {name: Rounds(tuple(rates)) for name, rates in seen.items()}
    for name, rates in sides.items():
        print(f"  {name}: {rates} events a second")
    return rows_of(*(rates.median for rates in sides.values()))


def rows_of(ours: float, peer: float, limit: float) -> list[Row]:
    """The row; the goal has two sides."""
    met = ours >= TIMES_THE_PEER * peer and ours >= SHARE_OF_LIMIT * limit
    goal = Goal(f"{TIMES_THE_PEER} times the peer and {SHARE_OF_LIMIT:g} of the limit", met)
    return [Row(NAMES[0], "events/s", ours, peer, limit, command_for(NAMES[0]), goal)]


def ours(lab: Lab) -> float:
    """One round of our relay, in a process of its own, on an outbox that is full before it starts."""
    database, uri = lab.postgres.new_database("relay"), lab.rabbitmq.new_vhost()
    declare_all(uri)
    with service.open_store(database, service.PUBLISHER) as store:
        service.fill_outbox(store, COUNT)
    lab.checkpoint()
    seen = run_module("bench.backbone", "relay", database, uri, str(COUNT))
    lab.expect_messages(uri, service.QUEUE, COUNT)
    return float(seen["rate"])


def bare(lab: Lab, how: str, count: int) -> float:
    """One round of py-amqp alone."""
    uri = lab.rabbitmq.new_vhost()
    declare_all(uri)
    seen = run_module("bench.limits.bare_publish", how, uri, str(count))
    lab.expect_messages(uri, service.QUEUE, count)
    return float(seen["rate"])
