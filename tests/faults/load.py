"""A client as good as we ask ours to be: a key for every enquiry, and again until it is answered."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.examples import risley_enquiry

ANSWER_WITHIN = 12.0
"""Seconds that the client waits for one answer before it tries again."""


@dataclass
class Posted:
    """One enquiry, and what its client was told: the references of its 201s, and how often it was told what."""

    key: str
    answers: dict[str, Any]
    references: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    @property
    def taken(self) -> bool:
        """Whether it was ever answered with a 201."""
        return bool(self.references)


class Load:
    """Posts enquiries to the addresses that `urls` gives, and keeps the log of them.

    Its keys begin with `name`, which must be its own. Every enquiry is sent by so many (`times`) at once, each until it
    is answered, and some (`twice`, a share) by twice as many, as by an impatient hand. Everything that is drawn is
    drawn from `seed`.
    """

    def __init__(
        self, urls: Callable[[], Sequence[str]], name: str, *, seed: int = 1, twice: float = 0.15, times: int = 1
    ) -> None:
        self.name = name
        self.log: list[Posted] = []
        self._urls = urls
        self._random = random.Random(seed)  # noqa: S311
        self._twice = twice
        self._times = times
        self._lock = threading.Lock()

    @property
    def taken(self) -> list[Posted]:
        """The enquiries that were answered with a 201."""
        return [posted for posted in self.log if posted.taken]

    @property
    def told(self) -> Counter[str]:
        """How often which answer was given: a status, or the name of an error."""
        return sum((posted.told for posted in list(self.log)), Counter())

    def post(self, count: int, *, rate: float = 1000.0, hands: int = 12, patience: float = 60.0) -> None:
        """Post `count` enquiries, `rate` a second at most, each again until it is taken or `patience` seconds ended."""
        self._post(count, rate, hands, patience, threading.Event())

    @contextmanager
    def flowing(
        self, *, rate: float, count: int = 1_000_000, hands: int = 24, patience: float = 90.0
    ) -> Iterator[None]:
        """Post beside the block, until it ends or `count` were posted; then wait for the answers that are due."""
        enough = threading.Event()
        thread = threading.Thread(target=self._post, args=(count, rate, hands, patience, enough))
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()

    def _post(self, count: int, rate: float, hands: int, patience: float, enough: threading.Event) -> None:
        begun = time.monotonic()
        with ThreadPoolExecutor(hands) as pool:
            for number in range(count):
                if enough.wait(max(0.0, begun + number / rate - time.monotonic())):
                    return
                posted = self._new()
                for _ in range(self._times * (2 if self._random.random() < self._twice else 1)):
                    pool.submit(self._until_taken, posted, time.monotonic() + patience)

    def _new(self) -> Posted:
        number = len(self.log) + 1
        email = f"{self.name}-{number}@risley.example"
        posted = Posted(f"{self.name}-{number}", risley_enquiry(contact_email=email))
        self.log.append(posted)
        return posted

    def _until_taken(self, posted: Posted, deadline: float) -> None:
        pause = 0.1
        while not self._is_taken(posted) and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(pause * 2, 1.0)

    def _is_taken(self, posted: Posted) -> bool:
        with self._lock:
            url = self._random.choice(list(self._urls()))
        try:
            answer = requests.post(
                f"{url}/api/enquiries",
                json=posted.answers,
                headers={"Idempotency-Key": posted.key},
                timeout=ANSWER_WITHIN,
            )
        except requests.RequestException as error:
            with self._lock:
                posted.told[type(error).__name__] += 1
            return False
        with self._lock:
            posted.told[str(answer.status_code)] += 1
            if answer.status_code == 201:
                posted.references.append(answer.json()["reference"])
        return answer.status_code == 201
