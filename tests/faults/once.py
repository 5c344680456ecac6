"""The proof of "told once": many reminders, senders that are killed, a mail server that fails, and a count of the rest.

Everything that is drawn is drawn from one seed. When a sender dies also depends on how fast the machine is.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess

from services.notifications.domain.messages import Message
from tests.faults.desk import ENDED, NOON, PAST_THE_LEASE, Desk, SendingProcesses, reminders
from tests.servers.mail_sink import Faults, MailSink

FAULTS = Faults(later=0.10, lost=0.01, dropped=0.002, slow=0.02)
"""What the mail server does, as shares of the mails that come."""
_LOOK = 0.002
_TOLD_OF = {"unknown", "failed", "missed"}
"""The states in which somebody was not told, or nobody can say: a person is told of each."""


@dataclass(frozen=True)
class Plan:
    """How many reminders, by how many senders at once, and how many of these are killed on the way."""

    count: int
    kills: int
    senders: int = 2
    seed: int = 1


@dataclass
class Told:
    """What became of all reminders, counted against the mail server's log. The lists hold Message-IDs."""

    plan: Plan
    states: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    doubles: list[str] = field(default_factory=list)
    """Taken by the mail server more than once."""
    silent: list[str] = field(default_factory=list)
    """Not told and nobody knows: in no end state, called accepted and never taken, or not told of to a person."""
    untrue: list[str] = field(default_factory=list)
    """Called unknown though the sender had the server's answer and lived to record it."""
    unknown_taken: int = 0
    """How many of the unknown the server had taken."""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether everybody was told once, or it is known of whom nobody can say."""
        return not (self.doubles or self.silent or self.untrue) and self.kills == self.plan.kills

    def __str__(self) -> str:
        unknown = self.states["unknown"]
        return (
            f"{self.plan.count:,} reminders, {self.kills} kills, seed {self.plan.seed}, {self.seconds:.0f} s: "
            f"{len(self.doubles)} doubles, {len(self.silent)} silent misses, {unknown} unknown "
            f"({self.unknown_taken} of them taken by the server, {unknown - self.unknown_taken} not; "
            f"{len(self.untrue)} untrue); {dict(self.states)}"
        )


def play(address: str, plan: Plan, faults: Faults = FAULTS) -> Told:
    """Play it on an empty database, and give what became of all."""
    begin = time.monotonic()
    with (
        MailSink(replace(faults, seed=plan.seed)) as sink,
        Desk(address, sink.url) as desk,
        SendingProcesses() as processes,
    ):
        desk.enter(reminders(plan.count, useful_for=timedelta(days=3)))
        killed = _send_and_kill(desk, sink, processes, plan)
        broken_off = {message.message_id for message in desk.ledger if message.state == "sending"}
        _send_the_rest(desk, processes)
        told = judge(plan, desk.ledger, desk.events("message_unsettled"), sink, broken_off)
    told.kills, told.seconds = killed, time.monotonic() - begin
    return told


def _send_and_kill(desk: Desk, sink: MailSink, processes: SendingProcesses, plan: Plan) -> int:
    """Have some send at once, and kill one of them, and put another in its place, at moments that are drawn."""
    chance, begin = random.Random(plan.seed), time.monotonic()  # noqa: S311

    def start() -> BaseProcess:
        return processes.start(desk, NOON + timedelta(seconds=time.monotonic() - begin))

    living = [start() for _ in range(plan.senders)]
    killed = 0
    for threshold in sorted(chance.sample(range(1, plan.count * 9 // 10), plan.kills)):
        while sink.seen < threshold and any(process.is_alive() for process in living):
            time.sleep(_LOOK)
        # Not always just after a mail was taken.
        time.sleep(chance.random() * 0.02)
        victim = chance.choice(living)
        victim.kill()
        victim.join()
        killed += victim.exitcode == -signal.SIGKILL
        living[living.index(victim)] = start()
    for process in living:
        process.join()
    return killed


def _send_the_rest(desk: Desk, processes: SendingProcesses) -> None:
    """Let the time pass until nothing waits any more, and then as long as an attempt may take."""
    at = NOON
    while (next_at := desk.next_at()) is not None:
        at = max(at, next_at) + timedelta(seconds=1)
        assert processes.send(desk, at) == 0
    assert processes.send(desk, _after_all(desk, at)) == 0


def _after_all(desk: Desk, at: datetime) -> datetime:
    claimed = [message.claimed_at for message in desk.ledger if message.state == "sending" and message.claimed_at]
    return max([at, *claimed]) + PAST_THE_LEASE


def judge(plan: Plan, ledger: list[Message], told_of: Counter[str], sink: MailSink, broken_off: set[str]) -> Told:
    """Hold the ledger against the mail server's log. `broken_off` are those that a killed sender had in hand."""
    taken, unanswered = sink.taken, sink.marked("lost") | sink.marked("dropped")
    told = Told(plan, states=Counter(message.state.value for message in ledger))
    told.doubles = [mark for mark, times in taken.items() if times > 1]
    for message in ledger:
        mark, state = message.message_id, message.state.value
        called_sent = state == "accepted" and not taken[mark]
        kept_quiet = state in _TOLD_OF and told_of[str(message.id)] != 1
        if state not in ENDED or called_sent or kept_quiet:
            told.silent.append(mark)
        if state == "unknown":
            told.unknown_taken += bool(taken[mark])
            if mark not in unanswered | broken_off:
                told.untrue.append(mark)
    # An answer that was lost is never called accepted or failed: nobody had it.
    told.untrue += [m.message_id for m in ledger if m.state == "accepted" and m.message_id in unanswered]
    return told
