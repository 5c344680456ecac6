"""The console: what an operator waits for and what goes over the wire, with years of work stored; and fifty at once.

The data are 50,000 enquiries, 20,000 sessions and some 120,000 messages. Each service and the gateway are processes of
their own, on PostgreSQL and RabbitMQ; the pages are asked for again of embedded Keytalk, which is printed. The limit
beside the time and the bytes of the slowest and the heaviest page is the sign-in page, which the same gateway serves
without asking any service. There is no peer: an admin of the tables by Django or Flask-Admin has neither the rules nor
the other services to ask.
"""

from __future__ import annotations

import json
import random
from typing import Any

import requests

from bench.console_asking import Asked, ask_all, heaviest, slowest, told
from bench.console_paint import BITS_PER_SECOND, LATENCY_MS, first_paints
from bench.console_stand import Stand, embedded, on_servers
from bench.lab import Lab, run_module
from bench.rows import Goal, Row, command_for
from bench.usage import cpu_seconds

NAMES = ("console_page_p95", "console_page_bytes", "console_first_paint", "console_fifty_operators")
TIMES = 20
"""Times that each page is asked for, about other things each time."""
TIMES_EMBEDDED = 5
MOST_MS, MOST_BYTES, MOST_PAINT_MS = 200, 100_000, 1_000
PAINTED = ("/today", "/calendar")
OPERATORS, SECONDS, SECONDS_ALONE, THINK, ARRIVALS = 50, 60, 15, 5.0, 2
CLICKED = (
    *("/today",) * 4,
    *("/pipeline", "/pipeline/list", "/search?words={word}") * 2,
    *("/enquiries/{reference}",) * 6,
    *("/tasks", "/contacts/{contact}", "/calendar", "/calendar/week", "/runs/{run}") * 2,
    *("/runs/{run}/sessions/{session}", "/messages", "/messages/{message}", "/clearances", "/memos"),
)
"""What operators click on, as often as they do so among each other."""
CLICKS = 400


def run(lab: Lab) -> list[Row]:
    """Measure all of it; embedded Keytalk comes last and makes no row."""
    with on_servers(lab) as stand:
        operator = stand.operator("priya")
        asked = ask_all(stand, operator, TIMES)
        bare = ask_all(stand, requests.Session(), TIMES, ["/sign-in"])[0]
        print(told([*asked, bare]), flush=True)
        painted = first_paints(stand.url, dict(operator.cookies), PAINTED)
        print(f"  first paint, ms: {painted}", flush=True)
        crowd = fifty(lab, stand)
        print(f"  {OPERATORS} operators: {json.dumps(crowd)}", flush=True)
    with embedded() as stand:
        print(f"  embedded:\n{told(ask_all(stand, stand.operator('priya'), TIMES_EMBEDDED))}", flush=True)
    return rows_of(asked, bare, painted, crowd)


def rows_of(asked: list[Asked], bare: Asked, painted: dict[str, float], crowd: dict[str, Any]) -> list[Row]:
    """The rows, each of the worst page."""
    slow, heavy, late = slowest(asked), heaviest(asked), max(painted.values())
    over = sum(each.p95 >= MOST_MS for each in asked)
    at_once = crowd["errors"] == crowd["posts_failed"] == 0 and crowd["streams"] == OPERATORS
    goals = (
        Goal(f"every page under {MOST_MS} ms; {over} of {len(asked)} are not", over == 0),
        Goal(f"under {MOST_BYTES // 1000} KB with all it loads", heavy.first_visit_bytes < MOST_BYTES),
        Goal(f"under 1 s at {BITS_PER_SECOND / 1e6:g} Mbit/s and {LATENCY_MS} ms", late < MOST_PAINT_MS),
        Goal(f"{OPERATORS} at once on one process, no error, p95 under 1 s", at_once and crowd["p95_ms"] < 1_000),
    )
    figures = (
        ("ms", slow.p95, bare.p95),
        ("bytes", heavy.first_visit_bytes, bare.first_visit_bytes),
        ("ms", late, None),
        ("ms", crowd["p95_ms"], None),
    )
    return [
        Row(name, unit, ours, limit=limit, command=command_for(name), goal=goal)
        for name, (unit, ours, limit), goal in zip(NAMES, figures, goals, strict=True)
    ]


def fifty(lab: Lab, stand: Stand) -> dict[str, Any]:
    """Let operators work at once while enquiries arrive; give what they saw.

    Beside it stand the share of a core that the gateway's process took, and how long posts of the form took before,
    without anybody at the console.
    """
    chance = random.Random(3)
    addresses = [
        stand.address(chance.choice(CLICKED), chance.randrange(1000)).removeprefix(stand.url) for _ in range(CLICKS)
    ]
    cookies = [dict(stand.operator(f"operator-{number}").cookies) for number in range(OPERATORS)]
    given = {"url": stand.url, "public_url": stand.public_url, "cookies": cookies, "addresses": addresses}
    alone = _crowd(lab, given | {"cookies": [], "seconds": SECONDS_ALONE})
    before = cpu_seconds(stand.pid)
    seen = _crowd(lab, given | {"seconds": SECONDS})
    core = (cpu_seconds(stand.pid) - before) / SECONDS
    return seen | {"gateway_core": round(core, 2), "post_p95_alone_ms": alone["post_p95_ms"]}


def _crowd(lab: Lab, plan: dict[str, Any]) -> dict[str, Any]:
    path = lab.folder / "crowd.json"
    path.write_text(json.dumps(plan | {"think": THINK, "arrivals": ARRIVALS}))
    return run_module("bench.console_crowd", str(path))
