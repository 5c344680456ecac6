"""What cannot wait is told in the team's own chat room as well: once, in few words, and about nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import pytest

from shared.clock import LONDON
from shared.holidays import bank_holidays_of
from shared.working_days import add_working_days
from tests.examples import risley_enquiry
from tests.servers.chat_room import ChatRoom, chat_room
from tests.servers.keytalk import Keytalk
from tests.waiting import eventually


@pytest.fixture(scope="module")
def room() -> Iterator[ChatRoom]:
    with chat_room() as opened:
        yield opened


@pytest.fixture(scope="module")
def with_alerts(room: ChatRoom) -> Iterator[Keytalk]:
    """Keytalk in one process, with a chat room and one more address of it."""
    with Keytalk(env={"KEYTALK_ALERT_URLS": f"{room.url('taken')},{room.url('taken')}/"}) as keytalk:
        yield keytalk


def test_a_late_answer_is_told_once_at_each_address(with_alerts: Keytalk, room: ChatRoom) -> None:
    reference = with_alerts.post(risley_enquiry()).json()["reference"]
    due_at = eventually(lambda: with_alerts.cli("enquiries", "show", reference)["first_reply_due_at"])
    due_on = datetime.fromisoformat(due_at).astimezone(LONDON).date()
    late = add_working_days(due_on, 1, bank_holidays_of("england-and-wales"))

    for hour in ("09:00", "12:00"):
        with_alerts.cli("jobs", "run-due", "--as-of", f"{late.isoformat()}T{hour}")
    eventually(lambda: told(with_alerts, reference) == ["accepted", "accepted"], within=60)

    assert [each["title"] for each in room.told] == [f"Still waiting for a first answer: {reference}"] * 2
    assert "What happens next: " in room.told[0]["message"]
    enquiry = risley_enquiry()
    for personal in (enquiry["contact_name"], enquiry["contact_email"]):
        assert personal not in json.dumps(room.told)


def told(keytalk: Keytalk, reference: str) -> list[str]:
    """The states of the alerts about an enquiry."""
    rows = keytalk.cli("messages", "list", "--limit", "1000")
    alerts = [row for row in rows if row["recipient"].startswith("team:")]
    assert all(row["occasion"].startswith(f"first_reply:late:{reference}") for row in alerts)
    return [row["state"] for row in alerts]
