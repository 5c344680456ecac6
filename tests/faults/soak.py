"""A long hurt: `python -m tests.faults.soak --seed N --minutes M` breaks everything at random under a steady load.

Services apart, two replicas each, behind the fault proxy. Each fault, its moment and its victim are drawn from the
seed. Prints what it does as it goes and at the end what it counted; ends with 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

from tests.faults.checking import Verdict
from tests.faults.lab import Lab
from tests.servers.apart import Replica
from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.smtp import MailServer

RATE = 20.0
"""Enquiries a second: the same on every machine, so that a soak is bounded."""
LEAST_FAULTS = 4
"""A soak on a busy machine lasts until it has hurt so often."""
SETTLE_WITHIN = 90.0
"""Seconds after the last fault in which at least one more thing that waits comes to its end."""


class Soak:
    """One run of `seconds` on a lab, with `rate` enquiries a second; `say` is given each line of its log."""

    def __init__(
        self, lab: Lab, seed: int, seconds: float, rate: float = RATE, say: Callable[[str], None] = print
    ) -> None:
        self._lab = lab
        self._seed = seed
        self._seconds = seconds
        self._rate = rate
        self._say = say
        self._chance = random.Random(seed)  # noqa: S311
        self._begun = time.monotonic()
        self.faults: Counter[str] = Counter()
        self._ways = {
            "kill": (6, self._kill),
            "pause": (2, self._pause),
            "cut": (4, self._cut),
            "down": (2, self._down),
            "freeze": (2, self._freeze),
            "end backends": (4, self._end_backends),
            "restart the broker": (1, self._restart_the_broker),
        }

    def run(self) -> Verdict:
        """Hurt under load, let it heal, and give the verdict."""
        load = self._lab.load(seed=self._seed)
        self._begun = time.monotonic()
        self._tell(f"seed {self._seed}, {self._seconds:g} s, {self._rate:g} enquiries a second")
        with load.flowing(rate=self._rate, patience=SETTLE_WITHIN):
            while time.monotonic() - self._begun < self._seconds or sum(self.faults.values()) < LEAST_FAULTS:
                time.sleep(self._chance.uniform(0.3, 2.0))
                self._hurt()
            self._lab.heal()
        self._tell(f"no more enquiries: {len(load.taken)} of {len(load.log)} were taken")
        # A sender that lives may have a claim in hand; once all were ended, every claim left is broken off.
        for sender in self._lab.apart.of("notifications"):
            sender.stop()
        self._lab.heal()
        verdict = self._lab.wait(load, within=SETTLE_WITHIN)
        self._tell("the end")
        self._say("faults: " + ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items())))
        self._say(str(verdict))
        self._say("every promise was kept" if verdict.good else "A PROMISE WAS BROKEN")
        return verdict

    def _tell(self, words: str) -> None:
        self._say(f"{time.monotonic() - self._begun:7.1f} s  {words}")

    def _hurt(self) -> None:
        names = list(self._ways)
        (name,) = self._chance.choices(names, [self._ways[name][0] for name in names])
        self.faults[name] += 1
        self._ways[name][1]()

    def _victim(self) -> Replica:
        return self._chance.choice(self._lab.apart.all)

    def _seconds_of(self, shortest: float, longest: float) -> float:
        """Draw how long a fault lasts; none lasts longer than the soak."""
        return min(self._chance.uniform(shortest, longest), max(1.0, self._seconds / 4))

    def _kill(self) -> None:
        victim = self._victim()
        self._tell(f"kill {victim.service} {victim.pid}")
        victim.kill()
        victim.start()

    def _pause(self) -> None:
        victim, seconds = self._victim(), self._seconds_of(3, 15)
        self._tell(f"pause {victim.service} {victim.pid} for {seconds:.1f} s")
        victim.pause()
        time.sleep(seconds)
        victim.resume()

    def _cut(self) -> None:
        self._tell(f"cut {self._lab.proxy.connections} connections to the broker")
        self._lab.proxy.cut()

    def _down(self) -> None:
        seconds = self._seconds_of(1, 8)
        self._tell(f"the broker is down for {seconds:.1f} s")
        self._lab.proxy.down()
        time.sleep(seconds)
        self._lab.proxy.heal()

    def _freeze(self) -> None:
        seconds = self._seconds_of(2, 14)
        self._tell(f"the way to the broker is frozen for {seconds:.1f} s")
        self._lab.proxy.freeze()
        time.sleep(seconds)
        self._lab.proxy.heal()

    def _end_backends(self) -> None:
        self._tell(f"ended {self._lab.terminate_backends()} connections to the databases")

    def _restart_the_broker(self) -> None:
        self._tell("restart the broker")
        self._lab.broker.restart()


def main() -> int:
    """Start the servers, soak, end the servers; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=None, help="draws the faults; a new one where none is given")
    parser.add_argument("--minutes", type=float, default=3.0, help="how long to hurt (default 3)")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if asked.seed is None else asked.seed
    with ExitStack() as stack:
        broker = stack.enter_context(RabbitMQ())
        postgres = stack.enter_context(Postgres())
        mail = stack.enter_context(MailServer())
        lab = stack.enter_context(Lab(broker, postgres, mail, replicas=2))
        verdict = Soak(lab, seed, asked.minutes * 60, say=lambda line: print(line, flush=True)).run()
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())
