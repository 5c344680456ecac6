"""Told once: 10,000 reminders through 50 kills of senders and a mail server that fails, counted against its log.

Two senders work at one ledger; at moments drawn from a seed one of them is killed and another takes its place. The mail
server refuses a tenth for now, takes some and cuts the line in place of its answer, and is slow at times.
"""

from bench.lab import Lab
from bench.rows import Goal, Row, command_for
from tests.faults.once import Plan, Told, play

NAMES = ("sending_exactly_once",)
PLAN = Plan(count=10_000, kills=50, seed=20_270_112)


def run(lab: Lab) -> list[Row]:
    """Play it once."""
    told = play(lab.postgres.new_database("once"), PLAN)
    print(f"  {told}")
    return rows_of(told)


def rows_of(told: Told) -> list[Row]:
    """The row: what went wrong, which is to be nothing."""
    wrong = len(told.doubles) + len(told.silent) + len(told.untrue)
    words = f"no double, no silent miss and no untrue unknown in {told.plan.count:,} through {told.plan.kills} kills"
    return [
        Row(NAMES[0], "doubles and misses", wrong, command=command_for(NAMES[0]), goal=Goal(words, told.good)),
    ]
