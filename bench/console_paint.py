"""When Chromium first paints a page of the console, on a line that is slow and far: with nothing in its cache."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from tests.e2e.browser import chromium, visiting

BITS_PER_SECOND, LATENCY_MS = 1_600_000, 150
"""Slow 4G, as Lighthouse has it: bits a second each way, and milliseconds added to each request."""
LOADS = 5
_PAINTED = """() => new Promise((resolve) => {
    const seen = () => performance.getEntriesByName("first-contentful-paint")[0];
    if (seen()) return resolve(seen().startTime);
    new PerformanceObserver(() => seen() && resolve(seen().startTime)).observe({type: "paint", buffered: true});
})"""


def first_paints(url: str, cookies: Mapping[str, str], paths: Iterable[str], loads: int = LOADS) -> dict[str, float]:
    """Give the median milliseconds to the first contentful paint of each page, as somebody who is signed in."""
    kept: list[Any] = [{"name": name, "value": value, "url": url} for name, value in cookies.items()]
    with chromium() as browser:
        return {path: statistics.median(_once(browser, url + path, kept) for _ in range(loads)) for path in paths}


def _once(browser: Any, address: str, cookies: list[Any]) -> float:
    """Load a page in a new context, whose cache is empty, and give the milliseconds to its first contentful paint."""
    with visiting(browser) as page:
        page.context.add_cookies(cookies)
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        line = dict.fromkeys(("downloadThroughput", "uploadThroughput"), BITS_PER_SECOND / 8)
        devtools.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **line})
        page.goto(address)
        painted: float = page.evaluate(_PAINTED)
        return painted
