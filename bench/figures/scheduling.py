"""Scheduling: what an operator waits for, with 20,000 sessions stored and with 1,000, on PostgreSQL.

Each is asked many times, for other runs and places each time, of the service's own handlers and queries. The limit
beside it is the same question put to facts that are in memory already: what is more is the database's part.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.engine import make_url

from bench import planned
from bench.lab import Lab
from bench.rows import Goal, Row, command_for
from bench.stats import percentile
from services.scheduling.domain.changes import MoveRun
from services.scheduling.domain.changing import changed
from services.scheduling.domain.commands import FindSlots, PlanRun
from services.scheduling.domain.cover import cover_for
from services.scheduling.domain.diff import Papers, compare
from services.scheduling.domain.feeds import Feed, entry_of
from services.scheduling.domain.ical import feed_text
from services.scheduling.domain.placing import Wanted, options, why_not
from services.scheduling.domain.planner import draft_run, review
from services.scheduling.domain.runs import Slot
from services.scheduling.handlers import changing, planning
from services.scheduling.queries import cover, feeds, placing, runs
from services.scheduling.records import load_establishment, load_facts, load_programme, load_run
from services.scheduling.tables import messaging
from shared.persistence.database import Database
from shared.persistence.migrations import migrate
from shared.persistence.work import Store, new_id

MANY, FEW = 20_000, 1_000
KINDS = ("generate", "preview", "slots", "explain", "cover", "feed")
NAMES = tuple(f"schedule_{kind}_p95{of}" for kind in KINDS for of in ("", "_1k"))
ASKED = 60
WARMUP = 5
MOST_MS = 100
TIMES_FEW = 2

BUSY = Feed(UUID(int=1), "establishment", "P000", "P000 (HMP)", planned.NOW)
"""The feed of the establishment that has a thousand sessions, whatever else is stored."""

Ask = Callable[[int], Any]
"""Asks one question, another one for each number."""


@dataclass(frozen=True)
class Shelf:
    """A filled database, the store over it, and what it was filled with."""

    store: Store
    years: planned.Years

    def running(self, number: int) -> UUID:
        """Give a run that lies ahead, another one for each number."""
        ahead = [run for run, _, first in self.years.runs if first > planned.TODAY + timedelta(days=7)]
        return ahead[number * 7 % len(ahead)]

    def session(self, number: int) -> UUID:
        """Give a session that lies ahead."""
        ahead = [session for session, on in self.years.sessions if on > planned.TODAY]
        return ahead[number * 101 % len(ahead)]

    def place(self, number: int) -> str:
        """Give an establishment at which at least two may work."""
        able = [place for place, people in self.years.cleared.items() if len(people) > 1]
        return able[number % len(able)]


def run(lab: Lab) -> list[Row]:
    """Measure both sizes."""
    with shelf(lab, FEW) as few, shelf(lab, MANY) as many:
        took_few, took_many, limits = p95s(stored(few)), p95s(stored(many)), p95s(in_memory(many))
    return rows_of(took_many, took_few, limits)


@contextmanager
def shelf(lab: Lab, count: int) -> Iterator[Shelf]:
    """A database with `count` sessions."""
    url = lab.postgres.new_database(f"planned_{count}")
    address = make_url(url).set(drivername="postgresql+psycopg")
    migrate("scheduling", address)
    begin = time.monotonic()
    years = planned.fill(url, count)
    print(f"  filled {count:,} sessions in {time.monotonic() - begin:.0f} s", flush=True)
    database = Database(address)
    # What the filling left in this process is no part of a service, so the garbage collector need not look at it.
    gc.collect()
    gc.freeze()
    try:
        yield Shelf(Store(database, messaging, lambda: planned.NOW, "scheduling"), years)
    finally:
        database.close()


def stored(shelf: Shelf) -> dict[str, Ask]:
    """The questions as the service is asked them, of the database."""
    reading = shelf.store.database.reading

    def generate(number: int) -> None:
        place = shelf.place(number)
        with shelf.store.work(trial=True) as work:
            enquiry = {"reference": f"KT-NEW-{number}", "programme": planned.MANY_FACES.slug, "group_size": 10}
            plan = PlanRun(planned.TODAY + timedelta(days=60), "tue", "pm", establishment=place)
            runs.get_run(work.connection, planning.plan_run(work, enquiry, plan))

    def preview(number: int) -> None:
        with reading() as connection:
            run_id = shelf.running(number)
            start = load_run(connection, run_id).live[0].date + timedelta(weeks=2)
            changing.preview(connection, run_id, MoveRun(start), now=planned.NOW)

    def find(place: str) -> dict[str, Any]:
        with reading() as connection:
            return placing.find_slots(connection, FindSlots(enquiry=f"KT-WON-{place}"), planned.TODAY)

    possible = [place for place in shelf.years.places if find(place)["options"]]
    impossible = shelf.years.places[-planned.LONELY :]

    def slots(number: int) -> None:
        find(possible[number % len(possible)])

    def explain(number: int) -> None:
        find(impossible[number % len(impossible)])

    def who_could(number: int) -> None:
        with reading() as connection:
            cover.get_cover(connection, shelf.session(number))

    def feed(_number: int) -> None:
        with reading() as connection:
            shown = feeds.shown_in(connection, BUSY, planned.TODAY)
            feed_text(BUSY.name, (entry_of(each, BUSY.kind) for each in shown))

    asks = {"generate": generate, "preview": preview, "slots": slots, "explain": explain}
    return {**asks, "cover": who_could, "feed": feed}


def in_memory(shelf: Shelf) -> dict[str, Ask]:
    """The same rules on facts that are loaded already: the limit."""
    with shelf.store.database.reading() as connection:
        place = load_establishment(connection, shelf.place(0))
        programme = load_programme(connection, planned.MANY_FACES.slug)
        cleared = set(shelf.years.cleared[place.id])
        start = planned.TODAY + timedelta(days=60)
        between = (start, start + timedelta(weeks=40))
        facts = replace(load_facts(connection, place, programme, people=cleared, between=between), group_size=10)
        moved = load_run(connection, shelf.running(0))
        there = load_establishment(connection, moved.establishment_id)
        of_run = load_facts(connection, there, programme, run=moved, people=set(moved.facilitator_ids))
        everyone = load_facts(connection, place, programme, between=(start, start))
        shown = list(feeds.shown_in(connection, BUSY, planned.TODAY))
    slot = Slot(start, 1, "pm")

    def generate(_number: int) -> Any:
        run = draft_run(run_id=new_id(), enquiry="KT", slot=slot, facilitator_ids=(), facts=facts, new_id=new_id)
        return review(run, facts)

    def preview(_number: int) -> None:
        change = MoveRun(moved.live[0].date + timedelta(weeks=2))
        after = changed(moved, change, of_run, planned.NOW, new_id)
        compare(
            moved, after, change, kind="move_run", was=of_run, now_true=of_run, papers=Papers((), ()), now=planned.NOW
        )

    wanted = Wanted(start, start + timedelta(weeks=12))

    def slots(_number: int) -> None:
        options(wanted, facts)

    def explain(_number: int) -> None:
        why_not(wanted, facts)

    run = draft_run(run_id=new_id(), enquiry="KT", slot=slot, facilitator_ids=(), facts=facts, new_id=new_id)

    def who_could(_number: int) -> None:
        cover_for(run.live[0], run, everyone)

    def feed(_number: int) -> None:
        feed_text(BUSY.name, (entry_of(each, BUSY.kind) for each in shown))

    asks = {"generate": generate, "preview": preview, "slots": slots, "explain": explain}
    return {**asks, "cover": who_could, "feed": feed}


def p95s(asks: dict[str, Ask]) -> dict[str, float]:
    """The p95 of each kind in milliseconds, after a few that do not count."""
    return {
        kind: percentile([timed(ask, number) for number in range(WARMUP + ASKED)][WARMUP:], 95)
        for kind, ask in asks.items()
    }


def timed(ask: Ask, number: int) -> float:
    """Ask once, and give the milliseconds it took."""
    begin = time.perf_counter()
    ask(number)
    return (time.perf_counter() - begin) * 1000


def rows_of(many: dict[str, float], few: dict[str, float], limits: dict[str, float]) -> list[Row]:
    """The rows: those of many stored carry the goals."""
    rows = []
    for kind in KINDS:
        met = many[kind] < MOST_MS and many[kind] <= TIMES_FEW * few[kind]
        goal = Goal(f"under {MOST_MS} ms and {TIMES_FEW} times that of {FEW:,}", met)
        name, small = f"schedule_{kind}_p95", f"schedule_{kind}_p95_1k"
        rows.append(Row(name, "ms", many[kind], limit=limits[kind], command=command_for(name), goal=goal))
        rows.append(Row(small, "ms", few[kind], command=command_for(small)))
    return rows
