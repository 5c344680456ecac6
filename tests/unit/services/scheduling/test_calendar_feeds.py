"""Calendar feeds on both databases: who gets one, what each shows and to whom, and when its address ends."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import count
from uuid import UUID

import pytest
from icalendar import Calendar
from sqlalchemy import select, update
from sqlalchemy.engine import URL, make_url

from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.programmes import MANY_FACES
from services.scheduling.domain.runs import Run, Session
from services.scheduling.handlers import feeds as handlers
from services.scheduling.handlers import people, programmes
from services.scheduling.queries import feeds as queries
from services.scheduling.records import save_draft
from services.scheduling.tables import changes, establishments, facilitators, feeds, holds, messaging, metadata, runs
from services.scheduling.tables import sessions as session_table
from services.scheduling.web import feed_pages
from services.scheduling.web.app import create_app
from shared.clock import fixed_clock
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store

NOW = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
EARLIER = dt.datetime(2026, 11, 2, 8, 15, 7, tzinfo=dt.UTC)
RISLEY = Establishment("RSI", "Risley (HMP)", active=True, nation="england", town="Warrington")
STYAL = Establishment("STI", "Styal (HMP & YOI)", active=True, nation="england", town="Wilmslow")


class Cast:
    """Two establishments, three facilitators, and runs as a test asks for them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._references = count(1)
        with store.work() as work:
            programmes.load_catalogue(work)
            for each in (RISLEY, STYAL):
                row = {"id": each.id, "name": each.name, "town": each.town, "nation": each.nation, "active": True}
                level = {"required_level": "standard", "version": 1}
                work.connection.execute(establishments.insert(), {**row, **level})
            self.ana = people.add_facilitator(work, "Ana Reyes", "ana@facilitators.example")
            self.tom = people.add_facilitator(work, "Tom Okafor", "tom@facilitators.example")
            self.lee = people.add_facilitator(work, "Lee Whitfield", "lee@facilitators.example")

    def run(self, *planned: Session, state: str = "confirmed", at: str = "RSI", mode: str = "in_person") -> UUID:
        with self.store.work() as work:
            run = Run(
                id=work.new_id(),
                enquiry=f"KT-AAAA-{next(self._references):02}",
                establishment_id=at,
                programme=MANY_FACES.slug,
                state=state,
                facilitator_ids=(self.ana, self.tom),
                sessions=planned,
                mode=mode,
            )
            save_draft(work.connection, run, EARLIER)
            return run.id

    def session(self, number: int, day: dt.date, **more) -> Session:
        times = {"start": dt.time(13, 45), "end": dt.time(16, 45), "facilitator_ids": (self.ana, self.tom)}
        return Session(id=self.store.unit(None).new_id(), number=number, date=day, **{**times, **more})

    def feed(self, kind: str, owner=None) -> str:
        with self.store.work() as work:
            return handlers.make_feed(work, kind, str(owner) if owner else None, actor="priya")[1]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request, tmp_path_factory):
    url = URL.create("sqlite", database=str(tmp_path_factory.mktemp("feeds") / "scheduling.sqlite3"))
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres").new_database()
        url = make_url(address).set(drivername="postgresql+psycopg")
    made = Database(url)
    metadata.create_all(made.engine)
    yield made
    made.close()


@pytest.fixture
def store(database) -> Store:
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return Store(database, messaging, fixed_clock(NOW), "scheduling")


@pytest.fixture
def cast(store) -> Cast:
    return Cast(store)


def asked(store: Store, token: str, at: dt.datetime = NOW, **headers: str):
    stored = feed_pages.StoredFeeds(replace(store, clock=fixed_clock(at)))
    app = create_app("Key & Compass", (lambda app: feed_pages.mount(app, stored),))
    return app.test_client().get(f"/calendar/feeds/{token}.ics", headers=headers)


def events(answer) -> dict[str, dict[str, str]]:
    assert answer.status_code == 200
    found = Calendar.from_ical(answer.data).walk("VEVENT")
    return {str(event["UID"]).partition("@")[0]: event for event in found}


def test_a_feed_is_a_calendar_that_stays_with_its_owner_and_sets_no_cookie(store, cast):
    cast.run(cast.session(3, dt.date(2027, 1, 12)))

    answer = asked(store, cast.feed("facilitator", cast.ana))

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("private, no-cache", "no-referrer")
    assert "Set-Cookie" not in answer.headers
    assert str(Calendar.from_ical(answer.data)["NAME"]) == "My sessions"


def test_a_session_is_shown_with_its_programme_place_number_and_when_to_be_at_the_gate(store, cast):
    session = cast.session(3, dt.date(2027, 1, 12), revision=2)
    run = cast.run(session)

    [event] = events(asked(store, cast.feed("facilitator", cast.ana))).values()

    assert str(event["UID"]) == f"{session.id}@keytalk"
    assert str(event["SUMMARY"]) == "The Many Faces of Trauma, Risley (HMP), 3 of 16"
    assert str(event["LOCATION"]) == "Risley (HMP), Warrington"
    assert str(event["DESCRIPTION"]).splitlines() == [
        "At the gate by 12:45.",
        "With Ana and Tom.",
        "Reference KT-AAAA-01",
    ]
    assert (event["SEQUENCE"], event["STATUS"]) == (2, "CONFIRMED")
    assert event.decoded("DTSTART").isoformat() == "2027-01-12T13:45:00+00:00"
    assert event.decoded("DTSTAMP") == event.decoded("LAST-MODIFIED") == EARLIER
    assert run


def test_a_remote_session_is_online_and_has_no_gate(store, cast):
    cast.run(cast.session(1, dt.date(2027, 1, 12)), mode="remote")

    [event] = events(asked(store, cast.feed("facilitator", cast.ana))).values()

    assert (str(event["SUMMARY"]), str(event["LOCATION"])) == ("The Many Faces of Trauma, online, 1 of 16", "Online")
    assert "gate" not in str(event["DESCRIPTION"])


@pytest.mark.parametrize(
    ("kind", "owner", "said"),
    [("establishment", "RSI", "With Ana and Tom."), ("ops", None, "With Ana Reyes and Tom Okafor.")],
)
def test_only_the_ops_team_reads_full_names(store, cast, kind, owner, said):
    cast.run(cast.session(1, dt.date(2027, 1, 12)))

    answer = asked(store, cast.feed(kind, owner))

    [event] = events(answer).values()
    assert said in str(event["DESCRIPTION"])
    assert (b"Reyes" in answer.data) == (kind == "ops")
    assert b"@facilitators.example" not in answer.data


def test_each_feed_shows_its_owners_sessions_and_nobody_elses(store, cast):
    here, there = cast.session(1, dt.date(2027, 1, 12)), cast.session(1, dt.date(2027, 1, 13), facilitator_ids=())
    by_lee = cast.session(2, dt.date(2027, 1, 19), facilitator_ids=(cast.lee,))
    cast.run(here, by_lee)
    cast.run(there, at="STI")

    def seen(kind, owner=None):
        return set(events(asked(store, cast.feed(kind, owner))))

    assert seen("facilitator", cast.ana) == {str(here.id)}
    assert seen("facilitator", cast.lee) == {str(by_lee.id)}
    assert seen("establishment", "sti") == {str(there.id)}
    assert seen("ops") == {str(here.id), str(by_lee.id), str(there.id)}


def test_cancelled_sessions_stay_as_such_for_60_days_and_old_ones_for_a_year(store, cast):
    sixty, sixty_one = dt.date(2026, 9, 25), dt.date(2026, 9, 24)  # before 24 November
    kept = cast.session(1, sixty, state="cancelled")
    gone = cast.session(2, sixty_one, state="superseded")
    held = cast.session(3, dt.date(2025, 11, 24), state="delivered")
    long_ago = cast.session(4, dt.date(2025, 11, 23), state="delivered")
    cast.run(kept, gone, held, long_ago)

    shown = events(asked(store, cast.feed("ops")))

    assert {each: event["STATUS"] for each, event in shown.items()} == {
        str(kept.id): "CANCELLED",
        str(held.id): "CONFIRMED",
    }
    assert str(shown[str(kept.id)]["SUMMARY"]).startswith("Cancelled: ")
    assert "gate" not in str(shown[str(kept.id)]["DESCRIPTION"])


def test_what_is_held_first_is_tentative_and_drafts_and_later_ranks_are_not_shown(store, cast):
    first, second = cast.session(1, dt.date(2027, 3, 2)), cast.session(1, dt.date(2027, 3, 2))
    for rank, (session, at) in enumerate([(first, "RSI"), (second, "STI")], start=1):
        run = cast.run(session, state="held", at=at)
        with store.work() as work:
            row = {"id": work.new_id(), "run_id": run, "rank": rank, "state": "active", "placed_at": NOW}
            work.connection.execute(holds.insert(), {**row, "placed_by": "priya", "expires_on": dt.date(2026, 12, 8)})
    cast.run(cast.session(1, dt.date(2027, 3, 3)), state="draft")

    [event] = events(asked(store, cast.feed("ops"))).values()

    assert str(event["UID"]) == f"{first.id}@keytalk"
    assert event["STATUS"] == "TENTATIVE"
    assert str(event["SUMMARY"]) == "Held: The Many Faces of Trauma, Risley (HMP), 1 of 16"
    assert event.decoded("LAST-MODIFIED") == NOW


def test_an_extra_session_is_never_a_seventeenth_of_sixteen(store, cast):
    cast.run(cast.session(17, dt.date(2027, 5, 4), kind="extra"))

    [event] = events(asked(store, cast.feed("ops"))).values()

    assert str(event["SUMMARY"]).endswith("17 of 17")


def test_a_program_that_has_a_feed_as_it_is_gets_304_until_something_changes(store, cast):
    session = cast.session(1, dt.date(2027, 1, 12))
    run = cast.run(session)
    token = cast.feed("ops")
    first = asked(store, token)
    tag, since = first.headers["ETag"], first.headers["Last-Modified"]

    assert asked(store, token, **{"If-None-Match": tag}).status_code == 304
    assert asked(store, token, **{"If-Modified-Since": since}).status_code == 304
    assert asked(store, token, **{"If-None-Match": tag}).data == b""

    later = NOW + dt.timedelta(minutes=5)
    with store.work() as work:
        moved = {"date": dt.date(2027, 1, 19), "revision": 1}
        work.connection.execute(update(session_table).where(session_table.c.id == session.id).values(moved))
        ids = {"id": work.new_id(), "run_id": run, "group_id": work.new_id()}
        plain = {"kind": "move", "asked": {}, "before": {}, "after": {}, "version": 2, "applied_by": "priya"}
        work.connection.execute(changes.insert(), {**ids, **plain, "applied_at": later})

    after = asked(store, token, later, **{"If-None-Match": tag})
    assert asked(store, token, later, **{"If-Modified-Since": since}).status_code == 200
    [event] = events(after).values()
    assert (event["SEQUENCE"], event.decoded("DTSTART").date()) == (1, dt.date(2027, 1, 19))
    assert event.decoded("LAST-MODIFIED") == later
    assert str(event["UID"]) == f"{session.id}@keytalk"


def test_only_a_hash_of_an_address_is_kept(store, cast):
    token = cast.feed("ops")

    with store.database.reading() as connection:
        [row] = connection.execute(select(feeds))
        listed = queries.list_feeds(connection, limit=10)
    assert len(token) == 43  # 32 bytes in base64url
    assert token not in str(row) + str(listed)
    assert (listed[0]["kind"], listed[0]["made_by"], listed[0]["revoked_at"]) == ("ops", "priya", None)


def test_revoked_unknown_and_left_give_the_same_404_in_plain_words(store, cast):
    revoked, of_somebody_who_left = cast.feed("establishment", "RSI"), cast.feed("facilitator", cast.lee)
    with store.work() as work:
        [feed_id] = work.connection.scalars(select(feeds.c.id).where(feeds.c.kind == "establishment"))
        for _ in range(2):
            handlers.revoke_feed(work, feed_id)
        work.connection.execute(update(facilitators).where(facilitators.c.id == cast.lee).values(state="left"))

    answers = [asked(store, token) for token in (revoked, of_somebody_who_left, "x" * 43, "x", "%00", "ŵ" * 400)]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1
    assert "There is nothing at this address." in answers[0].text


@pytest.mark.parametrize(
    ("kind", "owner", "code", "words"),
    [
        ("facilitator", None, "invalid", "Say whose feed it is"),
        ("facilitator", "ana", "invalid", "'ana' is not an id"),
        ("facilitator", str(UUID(int=5)), "not_found", "There is no facilitator"),
        ("establishment", "XXI", "not_found", "There is no establishment XXI"),
        ("ops", "RSI", "invalid", "leave the owner out"),
    ],
)
def test_a_feed_for_nobody_is_refused_with_what_would_mend_it(store, cast, kind, owner, code, words):
    with pytest.raises(Refused, match=words) as refused, store.work() as work:
        handlers.make_feed(work, kind, owner, actor="priya")

    assert (refused.value.code, list(refused.value.fields)) == (code, ["owner"])


def test_a_feed_that_is_not_there_cannot_be_revoked(store, cast):
    with pytest.raises(Refused, match="There is no feed"), store.work() as work:
        handlers.revoke_feed(work, UUID(int=5))


def test_a_run_without_people_is_shown_to_its_establishment_all_the_same(store, cast):
    run = cast.run(cast.session(1, dt.date(2027, 1, 12), facilitator_ids=()))
    with store.work() as work:
        work.connection.execute(update(runs).where(runs.c.id == run).values(confirmed_at=NOW))

    [event] = events(asked(store, cast.feed("establishment", "RSI"))).values()

    assert "With" not in str(event["DESCRIPTION"])
    assert event.decoded("LAST-MODIFIED") == NOW
