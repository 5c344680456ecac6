from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.ledger import Entry, balance, bounds_of, days_to_close

DAY = date(2026, 12, 5)
NOON = datetime(2026, 12, 5, 12, tzinfo=UTC)
NIGHT = NOON + timedelta(hours=13)
ENTRY = Entry(
    reference="KT-7F3K-92",
    standing="filed",
    channel="form",
    let_in_at=NOON,
    filed_at=NOON,
    acknowledged_at=NOON,
    answerable=True,
    target_known=False,
)


def left_over(entry: Entry, now: datetime = NIGHT) -> list[str]:
    counts = {(entry.standing, entry.channel): 1}
    return [each.why for each in balance(DAY, counts, [entry], None, now).unaccounted]


def test_a_day_on_which_nothing_came_comes_out():
    assert balance(DAY, {}, [], None, NIGHT).comes_out


def test_what_came_is_filed_quarantined_or_merged_and_what_was_taken_by_hand_is_told():
    counts = {("filed", "form"): 3, ("filed", "phone"): 2, ("quarantined", "api"): 240, ("merged", "paper"): 1}

    drawn = balance(DAY, counts, [], None, NIGHT)

    assert (drawn.received, drawn.filed, drawn.quarantined, drawn.merged) == (246, 5, 240, 1)
    assert drawn.by_hand == 3
    assert drawn.comes_out


@given(st.dictionaries(st.tuples(st.sampled_from(["filed", "quarantined", "merged"]), st.text()), st.integers(0, 99)))
def test_whatever_came_the_parts_make_the_whole(counts):
    drawn = balance(DAY, counts, [], None, NIGHT)

    assert drawn.received == sum(counts.values())
    assert drawn.comes_out


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"filed_at": None}, "it was never filed"),
        ({"acknowledged_at": None}, "its acknowledgement did not go out"),
        ({"standing": "merged"}, "it was merged into an enquiry that does not exist"),
        ({"standing": "mislaid"}, "nobody knows the standing 'mislaid'"),
    ],
)
def test_an_enquiry_that_fell_out_is_named_with_the_reason(changes, why):
    [told] = left_over(replace(ENTRY, **changes))

    assert told.startswith(why)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"standing": "quarantined", "filed_at": None, "acknowledged_at": None},
        {"standing": "merged", "target_known": True},
        {"acknowledged_at": None, "answerable": False},
        {"acknowledged_at": None, "channel": "phone"},
        {"acknowledged_at": None, "channel": "paper"},
    ],
)
def test_an_enquiry_that_is_where_it_belongs_is_not_named(changes):
    assert left_over(replace(ENTRY, **changes)) == []


def test_an_enquiry_has_an_hour_to_be_filed_and_thanked():
    waiting = replace(ENTRY, filed_at=None, acknowledged_at=None)

    assert left_over(waiting, NOON + timedelta(hours=1)) == []
    assert left_over(waiting, NOON + timedelta(hours=1, seconds=1)) != []


def test_what_was_counted_at_the_days_end_and_is_gone_is_told():
    drawn = balance(DAY, {("filed", "form"): 3}, [], 5, NIGHT)

    assert [(each.reference, each.why) for each in drawn.unaccounted] == [
        ("2026-12-05", "2 that had been received by the end of the day are gone")
    ]
    assert not drawn.comes_out


@pytest.mark.parametrize(("day", "hours"), [(date(2027, 3, 27), 24), (date(2027, 3, 28), 23), (date(2026, 10, 25), 25)])
def test_a_day_is_one_in_london_also_when_the_clocks_change(day, hours):
    begins, ends = bounds_of(day)

    assert ends - begins == timedelta(hours=hours)
    assert bounds_of(day + timedelta(days=1))[0] == ends


@pytest.mark.parametrize(
    ("last_closed", "days"),
    [
        (None, [5]),
        (date(2026, 12, 4), [5]),
        (date(2026, 12, 2), [3, 4, 5]),
        (date(2026, 12, 5), []),
    ],
)
def test_every_day_that_has_ended_is_closed_once(last_closed, days):
    assert days_to_close(last_closed, date(2026, 12, 6)) == tuple(date(2026, 12, day) for day in days)


def test_after_a_long_outage_the_last_month_is_closed():
    closed = days_to_close(date(2025, 1, 1), date(2026, 12, 6))

    assert (len(closed), closed[-1]) == (31, DAY)
