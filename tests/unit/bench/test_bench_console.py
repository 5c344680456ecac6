"""How the console is measured: which pages, what counts as their bytes, and when a goal is met."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from werkzeug.routing import Rule

from bench.console_asking import PAGES, Asked, ask_all, heaviest, slowest
from bench.console_crowd import Seen
from bench.console_stand import Stand
from bench.figures import console
from ops.gateway.app import create_app
from ops.gateway.gateway import make_gateway
from shared.clock import machine_clock
from shared.config import read_settings
from shared.persistence.database import Database

CROWD = {"errors": 0, "posts_failed": 0, "streams": console.OPERATORS, "p95_ms": 300.0}


def asked(page: str, ms: float = 100.0, size: int = 50_000) -> Asked:
    return Asked(page, [ms] * 20, size, size)


def goals(rows):
    return {row.name: row.goal.met for row in rows}


def test_the_worst_page_is_the_figure_and_the_sign_in_page_its_limit():
    pages = [asked("/today", ms=150.0), asked("/runs", size=90_000)]
    rows = console.rows_of(pages, asked("/sign-in", ms=2.0, size=30_000), {"/today": 700.0, "/calendar": 900.0}, CROWD)

    assert [row.name for row in rows] == list(console.NAMES)
    assert [(row.ours, row.limit) for row in rows] == [(150.0, 2.0), (90_000, 30_000), (900.0, None), (300.0, None)]
    assert set(goals(rows).values()) == {True}


@pytest.mark.parametrize(
    ("page", "painted", "crowd", "missed"),
    [
        (asked("/today", ms=200.0), 900.0, {}, "console_page_p95"),
        (asked("/today", size=100_000), 900.0, {}, "console_page_bytes"),
        (asked("/today"), 1_000.0, {}, "console_first_paint"),
        (asked("/today"), 900.0, {"errors": 1}, "console_fifty_operators"),
        (asked("/today"), 900.0, {"posts_failed": 1}, "console_fifty_operators"),
        (asked("/today"), 900.0, {"streams": 49}, "console_fifty_operators"),
        (asked("/today"), 900.0, {"p95_ms": 1_000.0}, "console_fifty_operators"),
    ],
)
def test_one_that_is_over_is_a_goal_not_met(page, painted, crowd, missed):
    rows = console.rows_of([page], asked("/sign-in"), {"/today": painted}, CROWD | crowd)

    assert [name for name, met in goals(rows).items() if not met] == [missed]


def test_of_many_pages_the_slowest_and_the_heaviest_are_found():
    pages = [asked("/a"), asked("/b", ms=120.0), asked("/c", size=60_000)]

    assert (slowest(pages).page, heaviest(pages).page) == ("/b", "/c")


def test_what_nobody_did_has_no_percentile():
    assert Seen().plain()["p95_ms"] is None
    assert (
        Seen(ms=[1.0, 2.0], posts_ms=[5.0]).plain() | {"p95_ms": 2.0, "post_p95_ms": 5.0, "errors": 0}
        == Seen(ms=[1.0, 2.0], posts_ms=[5.0]).plain()
    )


@pytest.fixture(scope="module")
def rules(tmp_path_factory) -> Iterator[list[Rule]]:
    settings = read_settings({"KEYTALK_HOME": str(tmp_path_factory.mktemp("console"))})
    database = Database(settings.database_url_of("ops"))
    app = create_app(make_gateway(lambda *_, **__: None, database, machine_clock, settings))
    yield [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("console.") and "GET" in rule.methods]
    database.close()


def test_every_page_that_is_read_is_measured(rules):
    shapes = {tuple("{}" if "{" in part else part for part in page.partition("?")[0].split("/")) for page in PAGES}

    def is_measured(rule: Rule) -> bool:
        parts = rule.rule.split("/")
        return any(
            len(parts) == len(shape)
            and all(ours.startswith("<") or ours == theirs for ours, theirs in zip(parts, shape, strict=True))
            for shape in shapes
        )

    missing = [rule.rule for rule in rules if not is_measured(rule)]
    assert [rule for rule in missing if rule not in OTHERWISE] == []


OTHERWISE = {
    # No page of its own: a stream, a way on, or a file within a page.
    *("/", "/live", "/enquiries/<reference>/proposals/<proposal_id>/paper", "/memos/<memo>/paper"),
    *("/templates/<template>/preview", "/sign-in/organisation", "/sign-in/organisation/back"),
    # Before anybody is signed in.
    *("/sign-in", "/first/<key>", "/invitation/<key>"),
    # For who sees only what is theirs: the bench signs in who sees everything.
    *("/your-work", "/your-calendar", "/your-agreements", "/your-agreements/proposals/<uuid:proposal>/paper"),
    # About what the stored years have none of: set aside events, and proposals that are looked at one by one.
    *(
        "/system/<any(enquiries,scheduling,notifications):service>/<event_id>",
        "/enquiries/<reference>/proposals/<proposal_id>",
    ),
}


class _Pages(BaseHTTPRequestHandler):
    """A page with a style sheet that goes out packed, and one that is not there."""

    STYLE = gzip.compress(b"p { color: black }" * 100)
    PAGE = b'<link href="/static/a.css"><script src="/static/a.css"></script>' + b"x" * 1000

    def do_GET(self) -> None:
        found = {"/page": self.PAGE, "/static/a.css": self.STYLE}.get(self.path)
        self.send_response(200 if found else 404)
        body = found or b""
        self.send_header("Content-Length", str(len(body)))
        if found is self.STYLE:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def stand() -> Iterator[Stand]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield type("Served", (), {"url": url, "address": staticmethod(lambda page, _number: url + page)})()
    server.shutdown()
    server.server_close()


def test_bytes_are_those_on_the_wire_and_each_file_counts_once(stand):
    [page] = ask_all(stand, requests.Session(), 3, ["/page"])

    assert len(page.ms) == 3
    assert len(_Pages.PAGE) < page.html_bytes < len(_Pages.PAGE) + 300
    assert len(_Pages.STYLE) < page.first_visit_bytes - page.html_bytes < len(_Pages.STYLE) + 300


def test_a_page_that_is_not_there_is_no_figure(stand):
    with pytest.raises(RuntimeError, match="404"):
        ask_all(stand, requests.Session(), 1, ["/none"])
