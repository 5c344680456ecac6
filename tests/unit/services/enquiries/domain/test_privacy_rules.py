"""By when a request is due, how an erased address is remembered, and how long each record is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.privacy import (
    Person,
    due_dates,
    normalise_email,
    person_hash,
    person_hashes,
    without,
)
from services.enquiries.domain.retention import RULES, months_after
from shared.holidays import bank_holidays_of
from shared.working_days import is_working_day

HOLIDAYS = bank_holidays_of("england-and-wales")
days = st.dates(date(2020, 1, 1), date(2050, 12, 31))


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2027-01-05", "2027-02-05"),
        ("2026-11-28", "2026-12-29"),  # 28 December is a bank holiday: Boxing Day was a Saturday
        ("2026-11-25", "2026-12-29"),  # Christmas Day, Boxing Day, a Sunday, the day in lieu
        ("2027-01-31", "2027-03-01"),  # February has no 31st; its last day is a Sunday
        ("2027-02-26", "2027-03-30"),  # Good Friday, a weekend, Easter Monday
    ],
)
def test_a_request_is_due_a_month_on_or_the_next_working_day(received, due):
    assert due_dates(date.fromisoformat(received), HOLIDAYS).legal == date.fromisoformat(due)


@given(days)
def test_our_own_day_is_never_after_the_law_s_and_both_are_working_days(received):
    due = due_dates(received, HOLIDAYS)

    assert received < due.internal <= due.legal
    assert is_working_day(due.legal, HOLIDAYS)
    assert is_working_day(due.internal, HOLIDAYS)


def test_an_address_has_one_hash_in_whatever_way_it_is_written():
    assert person_hash("k" * 16, " Alex@Risley.EXAMPLE") == person_hash("k" * 16, "alex@risley.example")


def test_the_hash_of_an_address_depends_on_the_key_and_on_the_address():
    hashes = {
        *person_hashes(["k" * 16, "l" * 16], "alex@risley.example"),
        person_hash("k" * 16, "alexa@risley.example"),
    }

    assert len(hashes) == 3
    assert all("alex" not in each and len(each) == 64 for each in hashes)


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=8), max_size=4))
def test_no_mark_is_left_in_a_text_it_was_taken_out_of(text, marks):
    left = without(text, marks)

    # What stands in its place may itself hold a short mark.
    assert not [mark for mark in marks for part in left.split("(erased)") if mark in part]


def test_only_what_is_nobody_else_s_is_looked_for_in_other_people_s_words():
    person = Person(
        frozenset({"alex@risley.example"}),
        frozenset({"hub@risley.example"}),
        (UUID(int=1),),
        ("KT-7F3K-92",),
        frozenset({"Alex Morgan", "Alex"}),
        frozenset({"01925 763871", "ext 12"}),
    )

    assert person.marks == ("alex@risley.example", "01925 763871")
    assert person.full_names == ("Alex Morgan",)
    assert person.key == "alex@risley.example"
    assert normalise_email(" Alex@Risley.example ") in person.emails


def test_somebody_without_an_address_is_known_by_their_contact_id():
    assert Person.of(contact_ids=[UUID(int=1)], references=["KT-1"]).key == f"contact:{UUID(int=1)}"


@pytest.mark.parametrize(
    ("record", "since", "stays_on", "goes_on"),
    [
        ("spam", "2026-12-05", "2027-01-03", "2027-01-04"),
        ("enquiry", "2026-11-24", "2028-11-23", "2028-11-24"),
        ("contact_left", "2026-02-28", "2027-02-27", "2027-02-28"),
        ("agreement", "2027-04-27", "2033-12-31", "2034-01-01"),
        ("agreement", "2027-12-31", "2033-12-31", "2034-01-01"),
        ("data_request", "2027-02-05", "2033-12-31", "2034-01-01"),
    ],
)
def test_each_record_is_kept_for_its_time_and_no_longer(record, since, stays_on, goes_on):
    rule = RULES[record]

    assert not rule.is_due(date.fromisoformat(since), date.fromisoformat(stays_on))
    assert rule.is_due(date.fromisoformat(since), date.fromisoformat(goes_on))


@given(st.sampled_from(sorted(RULES)), days, st.integers(0, 400))
def test_what_is_due_stays_due(record, today, more):
    rule = RULES[record]

    assert rule.cut_off(today) <= rule.cut_off(today + timedelta(days=more)) < today + timedelta(days=more)


@given(days, st.integers(-60, 60))
def test_months_are_counted_to_the_same_day_or_the_last_of_the_month(day, months):
    later = months_after(day, months)

    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


def test_days_are_london_s():
    # Half past eleven at night in London's summer is half past ten by UTC.
    before_midnight = datetime(2027, 6, 30, 22, 30, tzinfo=UTC)

    assert RULES["spam"].cut_off_moment(before_midnight) == datetime(2027, 5, 31, 23, 0, tzinfo=UTC)
    assert RULES["spam"].cut_off_moment(before_midnight + timedelta(hours=1)) == datetime(2027, 6, 1, 23, tzinfo=UTC)


def test_every_rule_says_from_when_what_and_why():
    assert all(rule.since and rule.goes and rule.why and rule.period for rule in RULES.values())
