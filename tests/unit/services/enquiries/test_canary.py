"""Our own test enquiry, from the sender to the door it comes in by."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.engine import URL

from services.enquiries import canary as module
from services.enquiries import queries
from services.enquiries.canary import HEADER, Canary, Marks
from services.enquiries.domain.screening import screen
from services.enquiries.handlers import upkeep
from services.enquiries.schemas import parse_enquiry
from services.enquiries.tables import enquiries, messaging, metadata
from services.enquiries.web.api import EnquiriesApi
from services.enquiries.web.limits import OPEN
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store

KEYS = ("the-newest-of-our-keys", "the-one-before-it")
NOW = datetime(2026, 12, 4, 12, tzinfo=UTC)


class Intake:
    """The intake behind the API, as far as a canary comes."""

    allowed_origins = ()

    def __init__(self, store: Store) -> None:
        self.store = store
        self.real: list[object] = []

    def today(self):
        return NOW.date()

    def receive(self, *enquiry):
        self.real.append(enquiry)
        raise Refused("unavailable", "Only canaries were expected.")

    def receive_canary(self, mark: str):
        with self.store.work() as work:
            return upkeep.canary_arrived(work, Marks(KEYS).read(mark))


class Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def store(tmp_path):
    database = Database(URL.create("sqlite", database=str(tmp_path / "enquiries.sqlite3")))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: NOW, "enquiries")
    database.close()


@pytest.fixture
def intake(store) -> Intake:
    return Intake(store)


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serve an app at an address of its own."""
    servers = []

    def start(app) -> str:
        server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def came_of(store: Store, url: str, keys=KEYS) -> dict:
    Canary(store, url, Marks(keys)).send()
    with store.database.reading() as connection:
        return queries.list_canaries(connection, limit=1)[0]


def answering(status: str):
    def app(_environ, start_response):
        start_response(status, [("Content-Length", "0"), ("Location", "https://elsewhere.example/")])
        return [b""]

    return app


def test_a_canary_goes_all_the_way_in_and_is_no_enquiry(store, intake, serve):
    told = came_of(store, serve(EnquiriesApi(intake, OPEN, answering("404 Not Found"))))

    assert (told["state"], told["why"]) == ("arrived", None)
    assert told["reference"].startswith("KT-")
    assert intake.real == []
    with store.database.reading() as connection:
        assert connection.execute(enquiries.select()).all() == []
        assert connection.execute(messaging.outbox.select()).all() == []


@pytest.mark.parametrize(
    ("status", "state", "why"),
    [
        ("503 Service Unavailable", "refused", "it was answered 503"),
        ("302 Found", "refused", "it was answered 302"),
        ("201 Created", "lost", "it was taken at the public address, and did not come in here"),
    ],
)
def test_an_answer_that_is_none_of_ours_is_no_arrival(store, serve, status, state, why):
    told = came_of(store, serve(answering(status)))

    assert (told["state"], told["why"], told["reference"]) == (state, why, None)


def test_nobody_at_the_address_is_a_canary_lost(store):
    told = came_of(store, "http://127.0.0.1:1")

    assert (told["state"], told["why"]) == ("lost", "no answer: ConnectionError")


def test_an_address_that_never_answers_is_a_canary_lost_in_seconds(store, serve, monkeypatch):
    monkeypatch.setattr(module, "ANSWER_WITHIN", 0.2)
    release = threading.Event()

    def silent(_environ, start_response):
        release.wait(10)
        start_response("201 Created", [])
        return [b""]

    told = came_of(store, serve(silent))
    release.set()

    assert (told["state"], told["why"]) == ("lost", "no answer: ReadTimeout")


def test_a_mark_of_somebody_elses_keys_is_refused_and_never_taken_for_an_enquiry(store, intake, serve):
    told = came_of(
        store, serve(EnquiriesApi(intake, OPEN, answering("404 Not Found"))), keys=("a-key-that-is-not-ours",)
    )

    assert (told["state"], told["why"]) == ("refused", "it was answered 422")
    assert intake.real == []


def test_a_mark_of_the_key_before_is_good_and_an_old_one_is_not(monkeypatch):
    canary_id = UUID(int=7)
    assert Marks(KEYS).read(Marks(KEYS[1:]).sign(canary_id)) == canary_id

    mark = Marks(KEYS).sign(canary_id)
    monkeypatch.setattr(module, "MARK_LASTS", -1)
    with pytest.raises(Refused, match=HEADER):
        Marks(KEYS).read(mark)


@pytest.mark.parametrize("signed", ["no uuid", 7, None, ["7"], {}])
def test_what_is_signed_but_no_canary_is_refused(signed):
    mark = URLSafeTimedSerializer(list(reversed(KEYS)), salt="canary").dumps(signed)

    with pytest.raises(Refused, match=HEADER):
        Marks(KEYS).read(mark)


def test_the_words_of_a_canary_are_no_suspect():
    assert not screen(parse_enquiry(dict(module.ANSWERS), NOW.date())).is_suspect
