"""Fifty operators at the console at once, as one process: each clicks through pages, thinks, and hears what is new.

    python -m bench.console_crowd PLAN

PLAN is a JSON file: `url`, `public_url`, `cookies` (a dictionary for each operator), `addresses` (of pages, without the
url), `seconds`, `think` (seconds between an answer and the next click), `arrivals` (enquiries a second, posted to the
public form's API). Prints what was seen as JSON: `p50_ms`, `p95_ms`, `asked`, `errors`, `why` (how often which answer
other than 200 came), `streams` (that were open to the end), `news` (events heard on them all), `posts`, `posts_failed`
and `post_p95_ms`.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from bench.stats import percentile

ASKED = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Alex Morgan",
    "group_size": 10,
}


@dataclass
class Seen:
    """What happened, over all operators."""

    ms: list[float] = field(default_factory=list)
    posts_ms: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)

    def plain(self) -> dict[str, Any]:
        """Give it as JSON; a percentile of nothing is None."""
        return {
            "p50_ms": percentile(self.ms, 50) if self.ms else None,
            "p95_ms": percentile(self.ms, 95) if self.ms else None,
            "asked": len(self.ms),
            "post_p95_ms": percentile(self.posts_ms, 95) if self.posts_ms else None,
            "errors": self.why.total(),
            "why": dict(self.why),
            **{name: self.counts[name] for name in ("streams", "news", "posts", "posts_failed")},
        }


@dataclass
class Crowd:
    """The operators, and the enquiries that arrive meanwhile."""

    plan: dict[str, Any]
    seen: Seen = field(default_factory=Seen)

    def run(self) -> Seen:
        """Let them work for the seconds of the plan."""
        self.until = time.monotonic() + self.plan["seconds"]
        workers = [threading.Thread(target=self._arrive)]
        for number, cookies in enumerate(self.plan["cookies"]):
            threading.Thread(target=self._listen, args=(cookies,), daemon=True).start()
            workers.append(threading.Thread(target=self._work, args=(number, cookies)))
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return self.seen

    def _work(self, number: int, cookies: dict[str, str]) -> None:
        """Click from page to page. Nobody begins at the same moment as another."""
        chance, browser = random.Random(number), requests.Session()
        time.sleep(chance.uniform(0, 2 * self.plan["think"]))
        while time.monotonic() < self.until:
            begin = time.perf_counter()
            address = self.plan["url"] + chance.choice(self.plan["addresses"])
            try:
                answer = browser.get(address, cookies=cookies, allow_redirects=False, timeout=30)
                if answer.status_code != 200:
                    self.seen.why[f"{answer.status_code} of {answer.request.path_url}"] += 1
            except requests.RequestException as error:
                self.seen.why[type(error).__name__] += 1
            self.seen.ms.append((time.perf_counter() - begin) * 1000)
            time.sleep(self.plan["think"] * chance.uniform(0.5, 1.5))

    def _listen(self, cookies: dict[str, str]) -> None:
        """Keep a stream open, and count what comes; it counts as open once it is, and no more where it ends."""
        url = f"{self.plan['url']}/live"
        with requests.get(url, cookies=cookies, stream=True, timeout=60) as stream:
            if stream.status_code != 200:
                return
            self.seen.counts["streams"] += 1
            for line in stream.iter_lines(chunk_size=1):
                self.seen.counts["news"] += line.startswith(b"event:")
            self.seen.counts["streams"] -= 1

    def _arrive(self) -> None:
        """Post enquiries at an even pace."""
        number, browser, every = 0, requests.Session(), 1 / self.plan["arrivals"]
        while time.monotonic() < self.until:
            number += 1
            asked = ASKED | {"contact_email": f"crowd{number}@risley.example", "message": f"Question {number}."}
            begin = time.perf_counter()
            try:
                answer = browser.post(f"{self.plan['public_url']}/api/enquiries", json=asked, timeout=30)
                self.seen.counts["posts" if answer.ok else "posts_failed"] += 1
            except requests.RequestException:
                self.seen.counts["posts_failed"] += 1
            took = time.perf_counter() - begin
            self.seen.posts_ms.append(took * 1000)
            time.sleep(max(0.0, every - took))


def main() -> None:
    """Play the plan."""
    print(json.dumps(Crowd(json.loads(Path(sys.argv[1]).read_text())).run().plain()))


if __name__ == "__main__":
    main()
