"""Calendars that follow a run: its feed over HTTP and the files in the mails name the same events, one revision after
another, until the feed's address is closed.

Tuesdays at Risley from 12 January 2027, 13:45 to 16:45. One session is moved, one is cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest
import requests
from icalendar import Calendar

from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

SECOND, THIRD = "2027-01-19", "2027-01-26"
BEFORE_ANY_REMINDER = "2027-01-05T10:00"


def ask(keytalk: Keytalk, method: str, **arguments: Any) -> Any:
    """Call an operation of scheduling through the gateway."""
    token = (keytalk.home / "ops-token").read_text().strip()
    answer = requests.post(
        f"{keytalk.ops_url}/rpc/scheduling/{method}",
        json=arguments,
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    assert answer.ok, answer.text
    return answer.json()["result"]


def change(keytalk: Keytalk, run: str, wanted: dict[str, Any]) -> None:
    """Change a run as its preview shows it."""
    shown = ask(keytalk, "preview_change", run=run, change=wanted)
    ask(keytalk, "apply_change", run=run, change=wanted, basis=shown["basis"], accept_breaches=True)


def events_of(text: str) -> dict[str, dict[str, Any]]:
    """The events of a calendar by their UIDs: sequence, status, local start, title."""
    return {
        str(event["UID"]): {
            "sequence": int(event["SEQUENCE"]),
            "status": str(event["STATUS"]),
            "start": f"{event.decoded('DTSTART'):%Y-%m-%dT%H:%M}",
            "title": str(event["SUMMARY"]),
        }
        for event in Calendar.from_ical(text).walk("VEVENT")
    }


@pytest.fixture(scope="module")
def tom(keytalk: Keytalk) -> str:
    return next(each["id"] for each in keytalk.cli("facilitators", "list") if each["name"].startswith("Tom"))


@pytest.fixture(scope="module")
def addresses(keytalk: Keytalk, tom: str) -> dict[str, str]:
    """A feed each for Tom, for Risley and for ops, made before there is anything in them."""
    wanted = {"facilitator": (tom,), "establishment": ("RSI",), "ops": ()}
    return {kind: keytalk.cli("feeds", "make", kind, *owner)["address"] for kind, owner in wanted.items()}


@pytest.fixture(scope="module")
def seen(addresses: dict[str, str]) -> Callable[[str], dict[str, dict[str, Any]]]:
    def look(kind: str) -> dict[str, dict[str, Any]]:
        answer = requests.get(addresses[kind], timeout=30)
        assert answer.status_code == 200, answer.text
        return events_of(answer.text)

    return look


@pytest.fixture(scope="module")
def run(keytalk: Keytalk, addresses: dict[str, str]) -> dict[str, Any]:
    people = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
    reference = keytalk.post(risley_enquiry(contact_email="feeds@risley.example")).json()["reference"]
    team = ("--facilitator", people["Tom"], "--facilitator", people["Ana"])
    planned = keytalk.cli("runs", "plan", "--enquiry", reference, "--start", "2027-01-12", "--window", "pm", *team)
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    confirmed = keytalk.cli("runs", "confirm", planned["run"])
    # A change that comes while the confirmation waits is told in it: what is wanted here is the news of a change.
    eventually(lambda: _is_told(keytalk, f"run_confirmed:{planned['run']}", people=3))
    return confirmed


def _is_told(keytalk: Keytalk, occasion: str, people: int) -> bool:
    keytalk.cli("jobs", "run-due", "--as-of", BEFORE_ANY_REMINDER)
    states = [row["state"] for row in keytalk.cli("messages", "list", "--occasion", occasion)]
    return states == ["accepted"] * people


def uid(run: dict[str, Any], number: int) -> str:
    [found] = [each["id"] for each in run["sessions"] if each["number"] == number]
    return f"{found}@keytalk"


def test_a_confirmed_run_is_in_every_feed_that_it_concerns(addresses, run, seen):
    for kind in addresses:
        shown = seen(kind)
        assert len(shown) == 16
        assert shown[uid(run, 2)] == {
            "sequence": 0,
            "status": "CONFIRMED",
            "start": f"{SECOND}T13:45",
            "title": "The Many Faces of Trauma, Risley (HMP), 2 of 16",
        }


def test_a_reader_who_has_it_is_told_that_nothing_changed(addresses, run):
    first = requests.get(addresses["ops"], timeout=30)
    again = requests.get(addresses["ops"], headers={"If-None-Match": first.headers["ETag"]}, timeout=30)

    assert first.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert (again.status_code, again.content) == (304, b"")
    assert not first.cookies


def test_a_session_that_is_moved_and_one_that_is_cancelled_are_so_in_the_feeds_under_the_same_ids(
    keytalk, addresses, run, seen
):
    change(keytalk, run["run"], {"kind": "move", "session": "2", "date": "2027-01-21"})
    fell_out = {"kind": "cancel", "sessions": ["3"], "cause": "lockdown_or_incident", "party": "prison"}
    change(keytalk, run["run"], fell_out)

    for kind in addresses:
        shown = seen(kind)
        moved, cancelled = shown[uid(run, 2)], shown[uid(run, 3)]
        assert (moved["start"], moved["status"], moved["sequence"]) == ("2027-01-21T13:45", "CONFIRMED", 1)
        assert (cancelled["start"], cancelled["status"], cancelled["sequence"]) == (f"{THIRD}T13:45", "CANCELLED", 1)
        assert cancelled["title"].startswith("Cancelled: ")
        assert {each["sequence"] for each in shown.values()} == {0, 1}


def test_the_mails_bring_the_same_events_with_the_same_sequence(keytalk, request, run):
    def told() -> list[Any]:
        rows = keytalk.cli("messages", "list", "--limit", "1000")
        return [row for row in rows if row["occasion"].startswith("run_changed:")]

    eventually(lambda: len(told()) == 6)  # two changes, for the contact and two facilitators
    keytalk.cli("jobs", "run-due", "--as-of", BEFORE_ANY_REMINDER)

    files = eventually(lambda: len(got := list(calendars_in(mails(keytalk, request)))) == 6 and got)

    methods = sorted((str(calendar["METHOD"]), tuple(events_of(text))) for text, calendar in files)
    assert methods == [("CANCEL", (uid(run, 3),))] * 3 + [("REQUEST", (uid(run, 2),))] * 3
    for text, calendar in files:
        [event] = events_of(text).values()
        is_moved = calendar["METHOD"] == "REQUEST"
        assert event["sequence"] == 1
        assert event["start"] == ("2027-01-21T13:45" if is_moved else f"{THIRD}T13:45")
        assert event["status"] == ("CONFIRMED" if is_moved else "CANCELLED")


def mails(keytalk: Keytalk, request: pytest.FixtureRequest) -> list[EmailMessage]:
    """The mails that went out: of the Maildir, or of the mail server."""
    if "KEYTALK_SMTP_URL" in keytalk.environment:
        return list(request.getfixturevalue("_mail_server").messages)
    parser = BytesParser(EmailMessage, policy=default)
    return [parser.parsebytes(path.read_bytes()) for path in (keytalk.home / "mail" / "new").iterdir()]


def calendars_in(sent: list[EmailMessage]) -> Iterator[tuple[str, Any]]:
    """The calendar files of the mails about changes."""
    for mail in sent:
        if str(mail["Subject"]).startswith("A change to your sessions"):
            for part in mail.iter_attachments():
                yield part.get_content(), Calendar.from_ical(part.get_content())


def test_reminders_of_the_moved_session_follow_and_of_the_cancelled_one_there_are_none(keytalk, run):
    def waiting(number: int) -> list[str]:
        session = uid(run, number).partition("@")[0]
        rows = [
            row
            for days in (5, 1)
            for row in keytalk.cli("messages", "list", "--occasion", f"session_reminder:{days}d:{session}")
        ]
        return sorted({row["due_at"] for row in rows if row["state"] == "scheduled"})

    assert eventually(lambda: waiting(3) == [])
    # Five days before Thursday 21 January are a Saturday, so that one goes on the Friday.
    assert waiting(2) == ["2027-01-15T15:00:00+00:00", "2027-01-20T15:00:00+00:00"]


def test_a_revoked_feed_is_gone_and_the_others_stay(keytalk, addresses):
    [feed] = [each for each in keytalk.cli("feeds", "list") if each["kind"] == "establishment"]
    keytalk.cli("feeds", "revoke", feed["id"])

    gone = requests.get(addresses["establishment"], timeout=30)

    assert gone.status_code == 404
    assert "There is nothing at this address." in gone.text
    assert requests.get(addresses["ops"], timeout=30).status_code == 200
    [feed] = [each for each in keytalk.cli("feeds", "list") if each["kind"] == "establishment"]
    assert feed["revoked_at"]


def test_a_feed_for_nobody_is_refused_by_name(keytalk):
    with pytest.raises(CommandRefused, match="There is no establishment XXI"):
        keytalk.cli("feeds", "make", "establishment", "XXI")


def test_no_address_is_in_a_log_or_a_list(keytalk, addresses):
    log = (keytalk.home / "keytalk.log").read_text()
    listed = str(keytalk.cli("feeds", "list"))

    assert "make_feed" in log
    for address in addresses.values():
        token = address.rpartition("/")[2].removesuffix(".ics")
        assert token not in log
        assert token not in listed
