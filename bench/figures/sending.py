"""Sending: due messages a second that one process claims, renders and hands to a mail server on this machine.

Ours works through a ledger on PostgreSQL, over three connections at once: three messages are claimed in a durable
transaction, which records the three before. The limit is smtplib, which sends the same mails, made beforehand, on one
connection. The peer is a job of a Django site that sends by `send_mass_mail` and marks all at the end: one that is
killed sends all of them again. Beside it stands the same job as it has to be written where that may be no more than one
mail, and the same as tasks of Celery. The mail server is a bare one in a process of its own. They take turns.
"""

from pathlib import Path

from bench.lab import Lab, run_module
from bench.rows import Goal, Row, command_for
from bench.stats import Rounds
from tests.faults.desk import Desk, reminders
from tests.servers.mail_sink import MailSink

NAMES = ("messages_per_second", "messages_per_second_each", "messages_per_second_tasks")
ROUNDS = 3
COUNT = 2_000
WARMUP = 200
SHARE_OF_LIMIT = 0.4


class NotOnceEach(RuntimeError):
    """The mail server was sent other mails than each of those that were due, once."""


def run(lab: Lab) -> list[Row]:
    """Measure the sides in turns."""
    seen: dict[str, list[float]] = {"ours": [], "mass": [], "each": [], "tasks": [], "limit": []}
    for _ in range(ROUNDS):
        with MailSink(keep=True) as sink:
            seen["ours"].append(ours(lab, sink))
            assert sink.kept_in is not None
            seen["limit"].append(limit(lab, sink.kept_in))
        for how in ("mass", "each"):
            seen[how].append(peer(lab, how))
        seen["tasks"].append(tasks(lab))
    sides = {name: Rounds(tuple(rates)) for name, rates in seen.items()}
    for name, rates in sides.items():
        print(f"  {name}: {rates} messages a second")
    return rows_of(*(sides[name].median for name in ("ours", "mass", "each", "tasks", "limit")))


def rows_of(ours: float, mass: float, each: float, tasks: float, limit: float) -> list[Row]:
    """The rows; the goal has two sides."""
    met = ours >= SHARE_OF_LIMIT * limit and ours > mass
    goal = Goal(f"{SHARE_OF_LIMIT:g} of the limit and more than the peer", met)
    beside = ((NAMES[0], mass, goal), (NAMES[1], each, None), (NAMES[2], tasks, None))
    return [Row(name, "messages/s", ours, peer, limit, command_for(name), its) for name, peer, its in beside]


def ours(lab: Lab, sink: MailSink) -> float:
    """One round of our sender, at a ledger in which everything is due."""
    database = lab.postgres.new_database("sending")
    with Desk(database, sink.url) as desk:
        desk.enter(reminders(COUNT))
    lab.checkpoint()
    seen = run_module("bench.sending", database, sink.url, str(WARMUP))
    expect_once_each(sink, seen["count"])
    return float(seen["rate"])


def limit(lab: Lab, prepared: Path) -> float:
    """One round of smtplib with the same mails."""
    lab.checkpoint()
    with MailSink() as sink:
        seen = run_module("bench.limits.smtplib_send", str(prepared), str(sink.port), str(WARMUP))
        expect_once_each(sink, seen["count"])
    return float(seen["rate"])


def peer(lab: Lab, how: str) -> float:
    """One round of Django in one of its two ways, at a table in which everything is due."""
    database = lab.postgres.new_database("django")
    run_module("bench.peers.django_mail", "declare", database, str(COUNT))
    lab.checkpoint()
    with MailSink() as sink:
        seen = run_module("bench.peers.django_mail", how, database, str(sink.port), str(WARMUP))
        expect_once_each(sink, seen["count"])
    return float(seen["rate"])


def tasks(lab: Lab) -> float:
    """One round of Celery, with a task for each mail that waits on the broker."""
    database, uri = lab.postgres.new_database("celery"), lab.rabbitmq.new_vhost()
    run_module("bench.peers.django_mail", "declare", database, str(COUNT))
    with MailSink() as sink:
        where = (database, str(sink.port), uri)
        run_module("bench.peers.celery_mail", "declare", *where)
        lab.checkpoint()
        seen = run_module("bench.peers.celery_mail", "work", *where, str(WARMUP), str(COUNT))
        expect_once_each(sink, seen["count"])
    return float(seen["rate"])


def expect_once_each(sink: MailSink, said: int) -> None:
    """Raise NotOnceEach unless every mail came once: a rate of mails that were lost means nothing."""
    times = sorted(sink.taken.values())
    if said != COUNT or times != [1] * COUNT:
        raise NotOnceEach(f"of {COUNT} mails {said} were called sent, {sum(times)} came, {len(times)} different ones")
