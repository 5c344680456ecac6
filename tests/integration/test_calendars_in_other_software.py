"""Calendar feeds and the files in our mails, read by software that shares nothing with ours.

libical (what GNOME and KDE read calendars with), calcurse (a parser of its own), and khal with vdirsyncer, which
follows a feed by HTTP as a desktop does. `scripts/system-packages.sh` installs them on Debian.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from werkzeug.serving import make_server

from services.notifications.channels.calendar import change_calendar, run_calendar
from services.notifications.domain.facts import RunFacts, SessionFacts
from services.scheduling.domain.ical import Entry, feed_text
from services.scheduling.web import feed_pages
from services.scheduling.web.app import create_app

pytestmark = pytest.mark.slow

CHANGED = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
TITLE = "The Many Faces of Trauma, Risley (HMP), {} of 16"


def entry(number: int, day: str, **more) -> Entry:
    return Entry(
        **{
            "id": UUID(int=number),
            "revision": 0,
            "status": "CONFIRMED",
            "date": dt.date.fromisoformat(day),
            "start": dt.time(10),
            "end": dt.time(13),
            "title": TITLE.format(number),
            "place": "Carchar Ynys Môn, Warrington",
            "words": ("At the gate by 09:00.",),
            "changed_at": CHANGED,
            **more,
        }
    )


# Tuesdays at ten in London. The clocks change on 25 October 2026 and on 28 March 2027.
ENTRIES = [
    entry(1, "2026-10-20"),
    entry(2, "2026-10-27"),
    entry(3, "2027-03-23", status="TENTATIVE"),
    entry(4, "2027-03-30"),
    entry(5, "2027-04-06", revision=1, status="CANCELLED", title=f"Cancelled: {TITLE.format(5)}"),
]
MOMENTS = {
    1: "2026-10-20T09:00+00:00",
    2: "2026-10-27T10:00+00:00",
    3: "2027-03-23T10:00+00:00",
    4: "2027-03-30T09:00+00:00",
    5: "2027-04-06T09:00+00:00",
}
STARTS = {number: int(dt.datetime.fromisoformat(moment).timestamp()) for number, moment in MOMENTS.items()}


def needs(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (on Debian: scripts/system-packages.sh)")


class Feeds:
    """Feeds as a test makes them."""

    def __init__(self) -> None:
        self.entries = ENTRIES
        self.changed_at = CHANGED

    def read(self, token: str) -> feed_pages.FeedFile | None:
        if token != "the-token":
            return None
        return feed_pages.FeedFile(feed_text("My sessions", self.entries), self.changed_at)


@pytest.fixture
def feeds() -> Feeds:
    return Feeds()


@pytest.fixture
def address(feeds) -> Iterator[str]:
    app = create_app("Key & Compass", (lambda app: feed_pages.mount(app, feeds),))
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield feed_pages.address_of(f"http://127.0.0.1:{server.server_port}", "the-token")
    server.shutdown()
    thread.join()


class Time(ctypes.Structure):
    """libical's `icaltimetype`."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("year", "month", "day", "hour", "minute", "second", "is_date", "daylight")),
        ("zone", ctypes.c_void_p),
    )


@pytest.fixture(scope="module")
def libical() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libical.so.3")
    except OSError:
        pytest.skip("not installed: libical3 (on Debian: scripts/system-packages.sh)")
    component, text = ctypes.c_void_p, ctypes.c_char_p
    for name, takes, gives in (
        ("icalparser_parse_string", [text], component),
        ("icalcomponent_string_to_kind", [text], ctypes.c_int),
        ("icalcomponent_count_errors", [component], ctypes.c_int),
        ("icalcomponent_get_first_component", [component, ctypes.c_int], component),
        ("icalcomponent_get_next_component", [component, ctypes.c_int], component),
        ("icalcomponent_get_dtstart", [component], Time),
        ("icalcomponent_get_dtend", [component], Time),
        ("icaltime_as_timet_with_zone", [Time, component], ctypes.c_long),
        ("icalcomponent_get_uid", [component], text),
        ("icalcomponent_get_location", [component], text),
        ("icalcomponent_get_sequence", [component], ctypes.c_int),
        ("icalcomponent_get_status", [component], ctypes.c_int),
        ("icalproperty_status_to_string", [ctypes.c_int], text),
    ):
        function = getattr(library, name)
        function.argtypes, function.restype = takes, gives
    return library


def by_libical(library: ctypes.CDLL, text: str) -> dict[str, dict[str, object]]:
    """Read the events of a calendar; their zone is the one that the file itself describes."""
    calendar = library.icalparser_parse_string(text.encode())
    assert calendar
    assert library.icalcomponent_count_errors(calendar) == 0
    kind, found = library.icalcomponent_string_to_kind(b"VEVENT"), {}
    event = library.icalcomponent_get_first_component(calendar, kind)
    while event:
        start, end = library.icalcomponent_get_dtstart(event), library.icalcomponent_get_dtend(event)
        assert start.zone
        found[library.icalcomponent_get_uid(event).decode()] = {
            "start": library.icaltime_as_timet_with_zone(start, start.zone),
            "end": library.icaltime_as_timet_with_zone(end, end.zone),
            "sequence": library.icalcomponent_get_sequence(event),
            "status": library.icalproperty_status_to_string(library.icalcomponent_get_status(event)).decode(),
            "place": library.icalcomponent_get_location(event).decode(),
        }
        event = library.icalcomponent_get_next_component(calendar, kind)
    return found


def test_libical_finds_every_moment_by_the_rules_in_the_file(libical):
    found = by_libical(libical, feed_text("My sessions", ENTRIES))

    assert found == {
        f"{entry.id}@keytalk": {
            "start": STARTS[entry.id.int],
            "end": STARTS[entry.id.int] + 3 * 3600,
            "sequence": entry.revision,
            "status": entry.status,
            "place": "Carchar Ynys Môn, Warrington",
        }
        for entry in ENTRIES
    }


def sessions() -> tuple[SessionFacts, ...]:
    ten, one = dt.time(10), dt.time(13)
    return tuple(SessionFacts(str(each.id), each.id.int, each.date, ten, one, revision=0) for each in ENTRIES[:4])


RUN = RunFacts("run-1", "KT-7F3K-92", "Risley (HMP)", "The Many Faces of Trauma", ("ana",), sessions(), 1)


def test_libical_reads_the_files_in_our_mails_as_the_same_events(libical):
    published = by_libical(libical, run_calendar(RUN, "ops@keytalk.example", CHANGED))
    moved = replace(RUN.sessions[3], date=dt.date(2027, 4, 13), revision=1)
    changed, cancelled = (
        by_libical(libical, change_calendar(method, RUN, [moved], "ops@keytalk.example", "ana@f.example", CHANGED))
        for method in ("REQUEST", "CANCEL")
    )

    assert {uid: event["start"] for uid, event in published.items()} == {
        f"{UUID(int=number)}@keytalk": STARTS[number] for number in (1, 2, 3, 4)
    }
    [(uid, event)] = changed.items()
    assert uid in published
    assert (event["sequence"], event["status"]) == (1, "CONFIRMED")
    assert event["start"] == int(dt.datetime(2027, 4, 13, 9, tzinfo=dt.UTC).timestamp())
    assert [(uid, event["status"]) for uid, event in cancelled.items()] == [(uid, "CANCELLED")]


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "UTC"])
def test_calcurse_shows_every_session_at_its_moment_wherever_its_reader_is(tmp_path, zone):
    needs("calcurse")
    file = tmp_path / "feed.ics"
    file.write_bytes(feed_text("My sessions", ENTRIES).encode())
    calcurse = ["calcurse", "-D", str(tmp_path / "data"), "-C", str(tmp_path / "settings")]

    run(tmp_path, zone, *calcurse, "-q", "-i", str(file))
    said = run(tmp_path, zone, *calcurse, "-Q", "--from", "10/01/2026", "--days", "300", "--format-apt", "%s %d %m\n")

    shown = [line.split(" ", 2) for line in said.splitlines() if line[:1].isdigit() and "/" not in line]
    assert shown == [[str(STARTS[each.id.int]), "10800", each.title] for each in ENTRIES]


SYNC = """
[general]
status_path = "{folder}/status"
[pair feed]
a = "theirs"
b = "mine"
collections = null
conflict_resolution = "a wins"
[storage theirs]
type = "http"
url = "{address}"
[storage mine]
type = "filesystem"
path = "{folder}/calendar"
fileext = ".ics"
"""
KHAL = """
[calendars]
[[sessions]]
path = {folder}/calendar
[locale]
local_timezone = Europe/London
default_timezone = Europe/London
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {folder}/khal.db
"""
LISTED = "{start-long} {end-time}|{status}|{title}"


class Desktop:
    """A calendar program of somebody's own: khal, and vdirsyncer where it follows a feed."""

    def __init__(self, folder: Path, address: str = "") -> None:
        self._folder = folder
        (folder / "calendar").mkdir()
        (folder / "khal.conf").write_text(KHAL.format(folder=folder))
        (folder / "sync.conf").write_text(SYNC.format(folder=folder, address=address))

    def follow(self) -> None:
        settings = ("vdirsyncer", "-c", str(self._folder / "sync.conf"))
        if not (self._folder / "status").exists():
            self._run(*settings, "discover")
        self._run(*settings, "sync")

    def take(self, text: str) -> None:
        file = self._folder / "attached.ics"
        file.write_bytes(text.encode())
        self._khal("import", "--batch", "-a", "sessions", str(file))

    def shows(self) -> list[tuple[str, str, str]]:
        said = self._khal("list", "--day-format", "", "--format", LISTED, "2026-10-01", "2027-06-30")
        lines = [line.split("|") for line in said.splitlines() if "|" in line]
        return [(when, status.strip(), title) for when, status, title in lines]

    def _khal(self, *words: str) -> str:
        return self._run("khal", "-c", str(self._folder / "khal.conf"), *words)

    def _run(self, *words: str) -> str:
        return run(self._folder, "Europe/London", *words)


def run(folder: Path, zone: str, *words: str) -> str:
    home = {"HOME": str(folder), "TZ": zone, "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    done = subprocess.run(words, env=home, input="y\n", capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_desktop_that_follows_a_feed_shows_it_and_every_change_of_it(tmp_path, feeds, address):
    needs("khal", "vdirsyncer")
    desktop = Desktop(tmp_path, address)

    desktop.follow()

    assert desktop.shows() == [
        ("2026-10-20 10:00 13:00", "CONFIRMED", TITLE.format(1)),
        ("2026-10-27 10:00 13:00", "CONFIRMED", TITLE.format(2)),
        ("2027-03-23 10:00 13:00", "TENTATIVE", TITLE.format(3)),
        ("2027-03-30 10:00 13:00", "CONFIRMED", TITLE.format(4)),
        ("2027-04-06 10:00 13:00", "CANCELLED", f"Cancelled: {TITLE.format(5)}"),
    ]

    moved = replace(ENTRIES[3], date=dt.date(2027, 4, 13), revision=1)
    gone = replace(ENTRIES[1], status="CANCELLED", revision=1, title=f"Cancelled: {TITLE.format(2)}")
    feeds.entries = [ENTRIES[0], gone, ENTRIES[2], ENTRIES[4], moved]
    feeds.changed_at += dt.timedelta(minutes=1)
    desktop.follow()

    assert desktop.shows() == [
        ("2026-10-20 10:00 13:00", "CONFIRMED", TITLE.format(1)),
        ("2026-10-27 10:00 13:00", "CANCELLED", f"Cancelled: {TITLE.format(2)}"),
        ("2027-03-23 10:00 13:00", "TENTATIVE", TITLE.format(3)),
        ("2027-04-06 10:00 13:00", "CANCELLED", f"Cancelled: {TITLE.format(5)}"),
        ("2027-04-13 10:00 13:00", "CONFIRMED", TITLE.format(4)),
    ]


def test_a_desktop_that_takes_our_mails_files_in_turn_has_each_session_once_as_it_is_now(tmp_path):
    needs("khal")
    desktop, us, reader = Desktop(tmp_path), "ops@keytalk.example", "ana@f.example"
    title = "Keytalk session {} of 4, Risley (HMP)"

    desktop.take(run_calendar(RUN, us, CHANGED))
    moved = replace(RUN.sessions[3], date=dt.date(2027, 4, 13), revision=1)
    desktop.take(change_calendar("REQUEST", RUN, [moved], us, reader, CHANGED))
    desktop.take(change_calendar("CANCEL", RUN, [replace(RUN.sessions[1], revision=1)], us, reader, CHANGED))

    assert desktop.shows() == [
        ("2026-10-20 10:00 13:00", "CONFIRMED", title.format(1)),
        ("2026-10-27 10:00 13:00", "CANCELLED", title.format(2)),
        ("2027-03-23 10:00 13:00", "CONFIRMED", title.format(3)),
        ("2027-04-13 10:00 13:00", "CONFIRMED", title.format(4)),
    ]
