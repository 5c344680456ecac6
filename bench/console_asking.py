"""Asks for the pages of the console as an operator who is signed in, one after another, and notes times and sizes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import requests

from bench.console_stand import Stand
from bench.stats import percentile

PAGES = (
    *(
        "/today",
        "/today/not-told",
        "/tasks",
        "/pipeline",
        "/pipeline/list",
        "/search?words={word}",
        "/quarantine",
        "/enquiries/new",
    ),
    *("/enquiries/{reference}", "/enquiries/{won}/run", "/contacts", "/contacts/{contact}", "/organisations"),
    *("/organisations/{organisation}", "/privacy", "/privacy/retention"),
    *("/calendar", "/calendar?place={place}", "/calendar/week", "/calendar/gantt", "/calendar/gantt?by=facilitator"),
    *("/calendar/clashes?{month}", "/calendar/close"),
    *("/runs", "/runs/{run}", "/runs/{run}/sessions/{session}"),
    *("/holds", "/holds/{hold}", "/offers", "/offers/{offer}"),
    *("/facilitators", "/facilitators/{facilitator}", "/places", "/places/{place}", "/programmes"),
    *("/clearances", "/clearances/{facilitator}/P001", "/memos", "/memos/{memo}", "/kit?place={place}"),
    "/runs/{run}/kit",
    *("/messages", "/messages?state=accepted", "/messages/{message}", "/messages/runs/{told}", "/messages/ahead"),
    *("/messages/not-told", "/messages/returned"),
    *("/templates", "/templates/{template}", "/templates/{template}/look", "/reminders"),
    *("/reports", *(f"/reports/{name}" for name in ("funnel", "times", "sources", "sessions", "load", "reach"))),
    *("/system", "/system/jobs/enquiries", "/system/jobs/notifications"),
    *("/account", "/account/second-factor", "/operators", "/audit"),
)
"""Every page that is read, with what it is about in braces."""
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')


@dataclass
class Asked:
    """What came of asking for one page: milliseconds, and the bytes of its longest answer and of all that it loads."""

    page: str
    ms: list[float] = field(default_factory=list)
    html_bytes: int = 0
    first_visit_bytes: int = 0

    @property
    def p95(self) -> float:
        """The time that 95 of 100 answers do not exceed."""
        return percentile(self.ms, 95)


def ask_all(stand: Stand, operator: requests.Session, times: int, pages: Iterable[str] = PAGES) -> list[Asked]:
    """Ask for each page so many times, after one that is not counted. Raises RuntimeError for an answer but 200."""
    sizes: dict[str, int] = {}
    asked = []
    for page in pages:
        one = Asked(page)
        for number in range(times + 1):
            took, html, size = _ask(operator, stand.address(page, number))
            if number:
                one.ms.append(took)
            if size > one.html_bytes:
                one.html_bytes = size
                for asset in set(_ASSET.findall(html)) - sizes.keys():
                    sizes[asset] = _ask(operator, stand.url + asset)[2]
                one.first_visit_bytes = size + sum(sizes[asset] for asset in set(_ASSET.findall(html)))
        asked.append(one)
    return asked


def _ask(operator: requests.Session, address: str) -> tuple[float, str, int]:
    """Ask as a browser does; give the milliseconds to the last byte, the text, and the bytes of head and body."""
    headers = {"Accept-Encoding": "gzip, deflate, br"}
    begin = time.perf_counter()
    with operator.get(address, headers=headers, stream=True, allow_redirects=False, timeout=60) as answer:
        raw: bytes = answer.raw.read(decode_content=False)
        took = (time.perf_counter() - begin) * 1000
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")
        head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
        text = "" if "Content-Encoding" in answer.headers else raw.decode()
        return took, text, len(raw) + head


def told(asked: Iterable[Asked]) -> str:
    """Each page on a line, the slowest first."""
    lines = (
        f"  {each.p95:8.1f} ms  {each.html_bytes:8,} B, {each.first_visit_bytes:8,} B at first  {each.page}"
        for each in sorted(asked, key=lambda each: -each.p95)
    )
    return "\n".join(lines)


def slowest(asked: Iterable[Asked]) -> Any:
    """The page with the highest p95."""
    return max(asked, key=lambda each: each.p95)


def heaviest(asked: Iterable[Asked]) -> Any:
    """The page that is the most to load at a first visit."""
    return max(asked, key=lambda each: each.first_visit_bytes)
