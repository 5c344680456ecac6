"""What the ops team is told each working morning: once, at eight by the clock on the wall, where there is something."""

from __future__ import annotations

import datetime as dt

import pytest

from services.notifications.channels.base import OutcomeUnknown, PermanentFailure
from services.notifications.doors.messages import each_opening
from services.notifications.handlers.summarising import enter_summary
from tests.unit.services.notifications.sending_house import DOMAIN, MONDAY, OPS, reminder, to_contact

EIGHT = MONDAY.replace(hour=8)
A_DAY = dt.timedelta(days=1)


def summarise(house, at: dt.datetime) -> None:
    house.now = at
    for _replica in range(2):
        with house.at_work() as work:
            enter_summary(work, DOMAIN)


def told(house) -> list[dict[str, object]]:
    keys = ("day", "due_today", "failed", "unknown", "bounced", "missed")
    rows = [message for message in house.ledger() if message.template == "daily_summary_ops"]
    return [{key: message.facts[key] for key in keys} for message in rows]


@pytest.mark.parametrize(
    ("moment", "strikes"),
    [
        ("2026-12-07T07:59+00:00", "2026-12-07T08:00+00:00"),
        ("2026-12-07T08:00+00:00", "2026-12-08T08:00+00:00"),
        ("2026-12-04T09:00+00:00", "2026-12-07T08:00+00:00"),  # over a weekend
        ("2026-12-24T09:00+00:00", "2026-12-29T08:00+00:00"),  # over Christmas
        ("2027-03-25T09:00+00:00", "2027-03-30T08:00+01:00"),  # over Easter, into summer time
        ("2027-07-05T06:59+00:00", "2027-07-05T08:00+01:00"),
        ("2027-07-05T07:00+00:00", "2027-07-06T08:00+01:00"),
        ("2027-10-29T09:00+01:00", "2027-11-01T08:00+00:00"),  # out of it
    ],
)
def test_it_is_made_at_eight_in_london_on_working_days_in_summer_too(moment, strikes):
    assert each_opening(dt.datetime.fromisoformat(moment)) == dt.datetime.fromisoformat(strikes)


def test_it_counts_what_is_due_today_and_goes_out_once_however_many_replicas_make_it(house):
    house.enter(
        to_contact("today", due_at=EIGHT.replace(hour=17)),
        to_contact("at midnight", due_at=EIGHT.replace(hour=23, minute=59)),
        to_contact("tomorrow", due_at=EIGHT + A_DAY),
    )
    summarise(house, EIGHT)
    house.send()
    summarise(house, EIGHT + dt.timedelta(hours=1))

    assert told(house) == [{"day": "2026-12-07", "due_today": 2, "failed": 0, "unknown": 0, "bounced": 0, "missed": 0}]
    [mail] = house.mails
    assert (mail.recipient, mail.subject) == (OPS, "Messages today, Monday 7 December 2026")
    assert "2 messages are due today." in mail.text
    assert "Everybody was told since the last of these summaries." in mail.text


def test_it_counts_who_was_not_told_since_the_last_one(house):
    house.channel.fault = PermanentFailure("554")
    house.enter(to_contact("fails"))
    house.send(MONDAY)
    house.channel.fault = OutcomeUnknown("lost")
    house.enter(to_contact("unknown"), reminder(useful_until=MONDAY))
    house.send(MONDAY)
    house.channel.fault = None

    summarise(house, EIGHT + A_DAY)
    house.send()
    assert told(house)[-1] == {
        "day": "2026-12-08",
        "due_today": 0,
        "failed": 1,
        "unknown": 1,
        "bounced": 0,
        "missed": 1,
    }
    [mail] = house.mails
    for words in (mail.text, mail.html):
        for state in ("failed", "unknown", "missed"):
            assert f"keytalk messages list --state {state}" in words
        assert "--state bounced" not in words

    summarise(house, EIGHT + 2 * A_DAY)
    assert len(told(house)) == 1


def test_there_is_none_where_there_is_nothing_to_say(house):
    house.enter(to_contact("in a week", due_at=EIGHT + 7 * A_DAY))
    summarise(house, EIGHT)

    assert told(house) == []


@pytest.mark.parametrize("day", ["2026-12-05", "2026-12-25"])
def test_one_that_is_late_is_not_made_on_a_day_on_which_nobody_works(house, day):
    at = dt.datetime.fromisoformat(f"{day}T10:00+00:00")
    house.enter(to_contact(due_at=at))
    summarise(house, at)

    assert told(house) == []
