"""When reminders go, and to whom: each rule, on dates worked out from a calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import Drafting, draft
from services.notifications.domain.reminder_rules import (
    RULES,
    SESSION_REMINDER,
    STAFF_TRAINING,
    Offset,
    ReminderRule,
)
from services.notifications.domain.reminders import follows_from, reminders_of, still_to_come
from services.notifications.domain.urgency import Urgency
from shared.holidays import bank_holidays_in

ENGLAND = bank_holidays_in("england")
PLANNED_ON = dt.datetime(2026, 9, 14, 9, tzinfo=dt.UTC)


def session_reminders(run: RunFacts, now: dt.datetime, drafting: Drafting) -> list[Message]:
    return still_to_come(reminders_of(run, [SESSION_REMINDER], (), drafting), now)


def due(reminders: list[Message], occasion: str, recipient: str = "facilitator:tom") -> dt.datetime:
    [found] = [each.due_at for each in reminders if (each.occasion, each.recipient) == (occasion, recipient)]
    return found


def times(reminders: list[Message]) -> list[tuple[str, str, str]]:
    """Rule and offset, recipient without its id, and when, in the order of their times."""
    ordered = sorted(reminders, key=lambda each: (each.due_at, each.recipient))
    return [
        (each.occasion.rpartition(":")[0], each.recipient.partition(":")[0], each.due_at.isoformat()[:16])
        for each in ordered
    ]


def one(run: RunFacts, day: str, **more: object) -> RunFacts:
    """Give a run of a single session, led by Tom, on a day."""
    session = replace(run.sessions[0], date=dt.date.fromisoformat(day), **more)
    return replace(run, sessions=(session,), facilitators=("tom",))


def by(rule: str, run: RunFacts, drafting: Drafting, holidays=ENGLAND) -> list[Message]:
    return reminders_of(run, [RULES[rule]], holidays, drafting)


class TestSessions:
    def test_every_session_is_announced_twice_to_everyone_who_takes_part(self, run, now, drafting):
        reminders = session_reminders(run, now, drafting)
        assert len(reminders) == 16 * 2 * 3
        assert {each.recipient for each in reminders} == {"enquirer:KT-7F3K-92", "facilitator:tom", "facilitator:ana"}

    def test_a_reminder_stays_at_three_in_the_afternoon_when_the_clocks_change(self, run, now, drafting):
        # Session 12 is on Tuesday 30 March 2027, two days into summer time.
        reminders = session_reminders(run, now, drafting)
        assert due(reminders, "session_reminder:5d:s12") == dt.datetime(2027, 3, 25, 15, tzinfo=dt.UTC)
        assert due(reminders, "session_reminder:1d:s12") == dt.datetime(2027, 3, 29, 14, tzinfo=dt.UTC)

    @pytest.mark.parametrize(
        ("day", "starts", "the_day_before"),
        [
            ("2026-10-20", "2026-10-20T09:00", "2026-10-19T14:00"),
            ("2026-10-27", "2026-10-27T10:00", "2026-10-26T15:00"),
            ("2027-03-23", "2027-03-23T10:00", "2027-03-22T15:00"),
            # Easter Monday and Good Friday lie before it: the last working day is the Thursday, in winter time.
            ("2027-03-30", "2027-03-30T09:00", "2027-03-25T15:00"),
        ],
    )
    def test_scenario_10_local_times_hold_through_both_changes_of_the_clocks(
        self, run, drafting, day, starts, the_day_before
    ):
        remote = one(run, day, start=dt.time(10), end=dt.time(13))

        brief = next(each for each in by("session_reminder", remote, drafting) if ":1d:" in each.occasion)

        assert brief.useful_until.isoformat()[:16] == starts
        assert brief.due_at.isoformat()[:16] == the_day_before

    def test_a_reminder_is_useful_until_its_session_starts(self, run, now, drafting):
        useful = {each.occasion: each.useful_until for each in session_reminders(run, now, drafting)}
        assert useful["session_reminder:1d:s11"] == dt.datetime(2027, 3, 23, 13, 45, tzinfo=dt.UTC)
        assert useful["session_reminder:1d:s12"] == dt.datetime(2027, 3, 30, 12, 45, tzinfo=dt.UTC)

    @pytest.mark.parametrize(("seconds", "left"), [(-1, True), (0, False), (1, False)])
    def test_a_reminder_whose_time_has_come_is_left_out(self, run, drafting, seconds, left):
        now = dt.datetime(2027, 1, 7, 15, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
        occasions = {each.occasion for each in session_reminders(run, now, drafting)}
        assert ("session_reminder:5d:s1" in occasions) is left
        assert "session_reminder:1d:s1" in occasions

    def test_no_reminder_is_left_once_the_run_is_over(self, run, drafting):
        assert session_reminders(run, dt.datetime(2027, 4, 27, 16, tzinfo=dt.UTC), drafting) == []

    def test_the_one_nearest_to_the_session_is_a_brief_for_whoever_leads_it(self, run, drafting):
        words = {(each.occasion, each.template) for each in by("session_reminder", one(run, "2027-01-12"), drafting)}

        assert words == {
            ("session_reminder:5d:s1", "session_reminder_contact"),
            ("session_reminder:5d:s1", "session_reminder_facilitator"),
            ("session_reminder:1d:s1", "session_reminder_contact"),
            ("session_reminder:1d:s1", "session_brief_facilitator"),
        }


def _closed(first: str, days: int) -> frozenset[dt.date]:
    return frozenset(dt.date.fromisoformat(first) + dt.timedelta(each) for each in range(days))


def _due(session: SessionFacts, run, drafting, holidays=ENGLAND) -> list[str]:
    only = replace(run, sessions=(session,), facilitators=())
    return sorted(each.due_at.isoformat() for each in by("session_reminder", only, drafting, holidays))


class TestDaysOnWhichNobodyIsThere:
    def test_no_reminder_falls_into_a_closure_but_on_the_last_working_day_before_it(self, run, drafting):
        # Thursday 7 January 2027, after a closure from 21 December to 3 January: the fifth day before is the 2nd, and
        # the 19th and 20th of December are a weekend.
        after = replace(run.sessions[0], date=dt.date(2027, 1, 7), closed=_closed("2026-12-21", 14))

        assert _due(after, run, drafting) == ["2026-12-18T15:00:00+00:00", "2027-01-06T15:00:00+00:00"]

    def test_two_reminders_that_come_to_the_same_day_are_one_and_it_is_the_brief(self, run, drafting):
        after = replace(run.sessions[0], date=dt.date(2027, 1, 4), closed=_closed("2026-12-21", 14))

        assert _due(after, run, drafting) == ["2026-12-18T15:00:00+00:00"]
        only = replace(run, sessions=(after,), facilitators=("tom",))
        assert {each.template for each in by("session_reminder", only, drafting)} == {
            "session_reminder_contact",
            "session_brief_facilitator",
        }

    @pytest.mark.parametrize(
        ("day", "dates"),
        [
            # A Sunday's reminder of a Monday's session goes on Friday, and Friday's five days before are a Wednesday.
            ("2027-02-01", ["2027-01-27T15:00", "2027-01-29T15:00"]),
            # Five days before a Thursday are a Saturday, before a Friday a Sunday.
            ("2027-02-04", ["2027-01-29T15:00", "2027-02-03T15:00"]),
            ("2027-02-05", ["2027-01-29T15:00", "2027-02-04T15:00"]),
            # A session on a Saturday is reminded of on the Friday before it.
            ("2027-02-06", ["2027-02-01T15:00", "2027-02-05T15:00"]),
        ],
    )
    def test_a_weekends_reminder_goes_on_friday_never_later(self, run, drafting, day, dates):
        session = replace(run.sessions[0], date=dt.date.fromisoformat(day))

        assert [each[:16] for each in _due(session, run, drafting)] == dates

    @pytest.mark.parametrize(
        ("nation", "before"),
        # Wednesday 17 March is St Patrick's Day, which Northern Ireland keeps.
        [("northern-ireland", "2027-03-16T15:00"), ("england", "2027-03-17T15:00"), ("scotland", "2027-03-17T15:00")],
    )
    def test_the_bank_holidays_are_those_of_its_nation(self, run, drafting, nation, before):
        thursday = replace(run.sessions[0], date=dt.date(2027, 3, 18))

        assert _due(thursday, run, drafting, bank_holidays_in(nation))[-1][:16] == before

    def test_a_rule_at_another_hour_still_goes_at_three_before_a_weekend(self, run, drafting):
        morning = SESSION_REMINDER.edited(SESSION_REMINDER.offsets, dt.time(9, 30), True)

        found = times(reminders_of(one(run, "2027-02-01"), [morning], ENGLAND, drafting))

        assert {when for _rule, _who, when in found} == {"2027-01-27T09:30", "2027-01-29T15:00"}


class TestRegisters:
    def test_the_register_is_asked_for_that_evening_the_next_morning_and_by_us_after_three_days(self, run, drafting):
        asked = times(reminders_of(one(run, "2027-01-12"), _registers(), ENGLAND, drafting))

        assert asked == [
            ("register_due:0d", "facilitator", "2027-01-12T18:00"),
            ("register_nudge:1d", "facilitator", "2027-01-13T10:00"),
            ("register_late:3wd", "ops", "2027-01-15T10:00"),
        ]

    def test_over_a_weekend_the_asks_wait_for_the_next_working_day(self, run, drafting):
        # The Thursday before Easter: Good Friday is 26 March 2027, Easter Monday the 29th.
        asked = times(reminders_of(one(run, "2027-03-25"), _registers(), ENGLAND, drafting))

        assert asked == [
            ("register_due:0d", "facilitator", "2027-03-25T18:00"),
            ("register_nudge:1d", "facilitator", "2027-03-30T09:00"),
            ("register_late:3wd", "ops", "2027-04-01T09:00"),
        ]

    def test_whoever_led_on_a_saturday_is_asked_that_evening(self, run, drafting):
        asked = times(reminders_of(one(run, "2027-01-16"), _registers(), ENGLAND, drafting))

        assert asked[:2] == [
            ("register_due:0d", "facilitator", "2027-01-16T18:00"),
            ("register_nudge:1d", "facilitator", "2027-01-18T10:00"),
        ]

    def test_an_evenings_session_is_asked_about_once_it_is_over(self, run, drafting):
        evening = one(run, "2027-01-12", start=dt.time(17), end=dt.time(19))

        assert times(by("register_due", evening, drafting)) == [
            ("register_due:0d", "facilitator", "2027-01-12T19:00"),
        ]

    def test_a_register_that_is_in_is_not_asked_for(self, run, drafting):
        found = reminders_of(run, _registers(), ENGLAND, drafting, registers_in={"s1", "s2"})

        assert {each.facts["session"]["id"] for each in found} == {f"s{number}" for number in range(3, 17)}

    def test_asks_wait_for_quiet_hours_to_end_but_the_one_of_the_same_evening_does_not(self):
        assert RULES["register_due"].urgency is Urgency.REMINDER
        assert {RULES[name].urgency for name in ("register_nudge", "register_late", "feedback", "check_in")} == {
            Urgency.ORDINARY
        }


def _registers() -> list[ReminderRule]:
    return [RULES[name] for name in ("register_due", "register_nudge", "register_late")]


class TestTheEndOfARun:
    def test_feedback_is_asked_for_a_day_and_a_week_after_the_last_session(self, run, drafting):
        # Session 16 is on Tuesday 27 April 2027; 10:00 in summer time.
        found = by("feedback", run, drafting)

        assert times(found) == [
            ("feedback:1d", "enquirer", "2027-04-28T09:00"),
            ("feedback:7d", "enquirer", "2027-05-04T09:00"),
        ]
        assert [each.facts["again"] for each in found] == [False, True]
        assert {each.occasion.rpartition(":")[2] for each in found} == {"run-1"}

    def test_we_ask_how_things_are_six_weeks_and_three_months_after_it(self, run, drafting):
        assert times(by("check_in", run, drafting)) == [
            ("check_in:6w", "enquirer", "2027-06-08T09:00"),
            ("check_in:3m", "enquirer", "2027-07-27T09:00"),
        ]

    def test_on_a_weekend_or_a_bank_holiday_an_ask_waits_for_the_next_working_day(self, run, drafting):
        # Friday 30 April: the day after is a Saturday, and Monday 3 May is a bank holiday. A week after is a Friday.
        assert times(by("feedback", one(run, "2027-04-30"), drafting)) == [
            ("feedback:1d", "enquirer", "2027-05-04T09:00"),
            ("feedback:7d", "enquirer", "2027-05-07T09:00"),
        ]

    def test_the_last_session_is_the_latest_whatever_its_number(self, run, drafting):
        early = replace(run.sessions[15], date=dt.date(2027, 1, 5))
        moved = replace(run, sessions=(*run.sessions[:15], early))

        assert times(by("feedback", moved, drafting))[0][2] == "2027-04-21T09:00"

    def test_a_run_of_which_nothing_is_left_is_asked_about_by_nobody(self, run, drafting):
        assert reminders_of(replace(run, sessions=()), RULES.values(), ENGLAND, drafting) == []


class TestDelegateNames:
    def test_the_prison_is_asked_for_names_ten_working_days_before_staff_training(self, run, drafting):
        # From Tuesday 12 January 2027 back over New Year's Day: Monday 28 December is a bank holiday too.
        training = replace(run, slug=STAFF_TRAINING)

        assert times(by("delegate_names", training, drafting)) == [
            ("delegate_names:10wd", "enquirer", "2026-12-24T10:00"),
        ]

    @pytest.mark.parametrize("slug", ["many-faces-of-trauma", None])
    def test_nobody_is_asked_for_names_of_people_in_prison(self, run, drafting, slug):
        assert by("delegate_names", replace(run, slug=slug), drafting) == []

    def test_days_on_which_the_place_is_closed_do_not_count(self, run, drafting):
        closed = replace(run.sessions[0], closed=_closed("2026-12-21", 14))
        training = replace(run, slug=STAFF_TRAINING, sessions=(closed,))

        assert times(by("delegate_names", training, drafting)) == [
            ("delegate_names:10wd", "enquirer", "2026-12-15T10:00"),
        ]


class TestKitLists:
    def test_security_sees_the_kit_list_fifteen_working_days_before_the_first_session(self, run, drafting):
        # From Tuesday 12 January 2027 back over New Year's Day, and over 25 and 28 December.
        here = replace(run, mode="in_person")

        assert times(by("kit_list", here, drafting)) == [("kit_list:15wd", "enquirer", "2026-12-17T10:00")]

    @pytest.mark.parametrize("mode", ["remote", None])
    def test_nothing_is_brought_in_to_a_run_that_is_held_otherwise(self, run, drafting, mode):
        assert by("kit_list", replace(run, mode=mode), drafting) == []


class TestRollingConfirmations:
    """Sixteen Tuesdays, 12 January to 27 April 2027: four weeks on are 9 February, 9 March and 6 April."""

    def test_every_four_weeks_the_sessions_of_the_next_eight_are_told_until_the_last_one(self, run, drafting):
        found = by("rolling_confirmation", run, drafting)

        assert times(found) == [
            ("rolling_confirmation:4w", "enquirer", "2027-02-09T10:00"),
            ("rolling_confirmation:8w", "enquirer", "2027-03-09T10:00"),
            # In summer time.
            ("rolling_confirmation:12w", "enquirer", "2027-04-06T09:00"),
        ]
        assert [[each["number"] for each in one.facts["sessions"]] for one in found] == [
            [6, 7, 8, 9, 10, 11, 12, 13],
            [10, 11, 12, 13, 14, 15, 16],
            [14, 15, 16],
        ]
        assert [each.facts["again"] for each in found] == [False, True, True]
        assert {each.template for each in found} == {"rolling_confirmation_contact"}

    @pytest.mark.parametrize(("weeks", "count"), [(1, 0), (4, 0), (5, 0), (6, 1), (9, 1), (10, 2)])
    def test_none_comes_where_no_session_lies_ahead(self, run, drafting, weeks, count):
        short = replace(run, sessions=run.sessions[:weeks])

        assert len(by("rolling_confirmation", short, drafting)) == count

    def test_none_comes_where_the_next_session_is_further_than_eight_weeks(self, run, drafting):
        later = replace(run.sessions[1], date=dt.date(2027, 4, 7))
        sooner = replace(later, date=dt.date(2027, 4, 6))

        assert times(by("rolling_confirmation", replace(run, sessions=(run.sessions[0], later)), drafting)) == [
            ("rolling_confirmation:8w", "enquirer", "2027-03-09T10:00"),
            ("rolling_confirmation:12w", "enquirer", "2027-04-06T09:00"),
        ]
        assert len(by("rolling_confirmation", replace(run, sessions=(run.sessions[0], sooner)), drafting)) == 2

    def test_on_a_bank_holiday_it_comes_on_the_next_working_day_and_lists_what_is_after_that(self, run, drafting):
        # Mondays from 1 March 2027: four weeks on is Easter Monday, so that it comes on Tuesday 30 March.
        mondays = [
            replace(each, date=dt.date(2027, 3, 1) + dt.timedelta(weeks=week)) for week, each in enumerate(run.sessions)
        ]
        first, *_ = by("rolling_confirmation", replace(run, sessions=tuple(mondays)), drafting)

        assert first.due_at == dt.datetime(2027, 3, 30, 9, tzinfo=dt.UTC)
        assert first.facts["sessions"][0]["date"] == "2027-04-05"

    def test_none_falls_into_a_closure_in_the_middle_of_a_run(self, run, drafting):
        # Thursdays from 1 October 2026; closed from 21 December to 3 January: twelve weeks on is 24 December.
        dates = [dt.date(2026, 10, 1) + dt.timedelta(weeks=week) for week in (*range(12), 14, 15, 16, 17)]
        thursdays = tuple(
            replace(each, date=day, closed=_closed("2026-12-21", 14) if day.year == 2027 else frozenset())
            for each, day in zip(run.sessions, dates, strict=True)
        )
        found = by("rolling_confirmation", replace(run, sessions=thursdays), drafting)

        assert [when for _rule, _who, when in times(found)] == [
            "2026-10-29T10:00", "2026-11-26T10:00", "2027-01-04T10:00", "2027-01-21T10:00",
        ]  # fmt: skip
        assert found[2].facts["sessions"][0]["date"] == "2027-01-07"

    def test_a_late_one_is_of_use_for_four_days_and_never_once_a_session_it_lists_has_begun(self, run, drafting):
        twice = tuple(
            replace(
                run.sessions[0], id=f"t{number}", number=number, date=dt.date(2027, 1, 12) + dt.timedelta(2 * number)
            )
            for number in range(20)
        )

        [weekly, *_], [often] = (
            by("rolling_confirmation", each, drafting) for each in (run, replace(run, sessions=twice))
        )

        assert weekly.useful_until == weekly.due_at + dt.timedelta(days=4)
        assert often.useful_until == dt.datetime(2027, 2, 11, 13, 45, tzinfo=dt.UTC)

    def test_how_often_it_comes_can_be_said_in_any_unit(self, run, drafting):
        monthly = RULES["rolling_confirmation"].edited((Offset(1, "m"),), dt.time(9), True)

        assert times(reminders_of(run, [monthly], ENGLAND, drafting)) == [
            ("rolling_confirmation:1m", "enquirer", "2027-02-12T09:00"),
            ("rolling_confirmation:2m", "enquirer", "2027-03-12T09:00"),
            ("rolling_confirmation:3m", "enquirer", "2027-04-12T08:00"),
        ]

    @pytest.mark.parametrize("offsets", [("4w", "8w"), ("6d",), ("4wd",), ("0w",)])
    def test_one_offset_says_how_often_and_not_more_than_once_a_week(self, offsets):
        rule = RULES["rolling_confirmation"].edited(tuple(map(Offset.parse, offsets)), dt.time(10), True)

        assert rule.problems() == {
            "offsets": ["One offset says how often it comes. Give one of a week or more, such as 4w."]
        }

    def test_a_run_of_many_years_is_told_of_for_a_year_or_so(self, run, drafting):
        far = replace(run.sessions[1], date=dt.date(2999, 1, 1))
        weekly = [replace(run.sessions[0], date=dt.date(2027, 1, 12) + dt.timedelta(weeks=week)) for week in range(80)]

        assert by("rolling_confirmation", replace(run, sessions=(run.sessions[0], far)), drafting) == []
        assert len(by("rolling_confirmation", replace(run, sessions=(*weekly, far)), drafting)) == 14


class TestOffsets:
    @pytest.mark.parametrize(
        ("text", "words"),
        [("5d", "5 days"), ("1D", "1 day"), ("10wd", "10 working days"), (" 6w ", "6 weeks"), ("3m", "3 months")],
    )
    def test_an_offset_is_read_as_it_is_written(self, text, words):
        assert Offset.parse(text).words == words

    @pytest.mark.parametrize("text", ["", "5", "d", "-5d", "5 d", "5x", "1000d", "\u0665d", "5d1h"])
    def test_anything_else_is_refused_with_examples(self, text):
        with pytest.raises(ValueError, match=r"Write 5d \(days\), 10wd \(working days\)"):
            Offset.parse(text)

    @pytest.mark.parametrize(
        ("offset", "after", "before"),
        [("1m", "2027-02-28", "2026-12-31"), ("3m", "2027-04-30", "2026-10-31"), ("13m", "2028-02-29", "2025-12-31")],
    )
    def test_a_month_that_is_too_short_ends_with_its_last_day(self, offset, after, before):
        day = dt.date(2027, 1, 31)
        assert Offset.parse(offset).after(day, ()).isoformat() == after
        assert Offset.parse(offset).before(day, ()).isoformat() == before

    @pytest.mark.parametrize(
        ("offsets", "at", "field", "why"),
        [
            ((), "15:00", "offsets", "Give 1 to 6 offsets"),
            (("5d", "5d"), "15:00", "offsets", "twice"),
            (("36d",), "15:00", "offsets", "36 days is too far. Give 35 days or fewer."),
            (("2m",), "15:00", "offsets", "2 months is too far"),
            (("5d",), "07:59", "at", "07:59 is in quiet hours. Give a time from 08:00 to 18:00."),
            (("5d",), "18:01", "at", "quiet hours"),
        ],
    )
    def test_times_that_would_not_do_are_refused_with_the_rule_and_the_mend(self, offsets, at, field, why):
        rule = SESSION_REMINDER.edited(tuple(map(Offset.parse, offsets)), dt.time.fromisoformat(at), True)

        assert why in rule.problems()[field][0]

    @pytest.mark.parametrize("name", RULES)
    def test_the_rules_as_they_come_are_sound(self, name):
        assert RULES[name].problems() == {}
        assert RULES[name].is_on


@pytest.mark.parametrize(
    ("occasion", "offset", "said"),
    [
        ("session_reminder:5d:s1", "5 days", "session reminder: 5 days before session 1, Tue 12 Jan 2027"),
        ("register_due:0d:s1", "0 days", "register due: on the day of session 1, Tue 12 Jan 2027"),
        ("feedback:1d:r1", "1 day", "feedback: 1 day after the last session, Tue 12 Jan 2027"),
        ("enquiry_received:KT-7F3K-92", None, "enquiry received, version 1"),
    ],
)
def test_what_a_message_follows_from_is_said_in_words(drafting, now, occasion, offset, said):
    facts = {"session": {"number": 1, "date": "2027-01-12"}, "offset": offset}
    about = {"template": "session_reminder_contact", "subject_ref": "run:r1", "due_at": now, "facts": facts}
    assert follows_from(draft(drafting, recipient="ops", occasion=occasion, **about)) == said
