"""Reminders as they come, move and go in the ledger: events and rules in, rows out, on both databases."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from services.notifications.domain.occasions import Drafting
from services.notifications.domain.reminder_rules import Offset
from services.notifications.handlers import calendar, pipeline, registers, reminders
from services.notifications.queries import reminders as queries
from services.notifications.queries import simulating
from services.notifications.tables import messages, messaging, metadata, places, reminder_rules
from shared.contracts.scheduling import PlannedSession, RunChanged, RunConfirmed, SessionRecorded
from shared.errors import Refused
from shared.persistence.work import Store, new_id

REF, RUN = "KT-7F3K-92", UUID(int=1)
TOM, ANA = UUID(int=0xA1), UUID(int=0xA2)
DOMAIN = "mail.example.org"
ABOUT = {
    "run_id": RUN,
    "reference": REF,
    "programme": "many-faces-of-trauma",
    "programme_name": "The Many Faces of Trauma",
    "establishment_id": "RSI",
    "establishment_name": "Risley (HMP)",
}
PLANNED_ON = dt.datetime(2026, 12, 4, 10, 0, tzinfo=dt.UTC)


def session(number: int, day: str, **more: Any) -> PlannedSession:
    return PlannedSession(
        **{
            "id": UUID(int=0x100 + number),
            "number": number,
            "date": dt.date.fromisoformat(day),
            "start": dt.time(13, 45),
            "end": dt.time(16, 45),
            "zone": "Europe/London",
            "revision": 0,
            "facilitator_ids": (TOM, ANA),
            **more,
        }
    )


ONE, TWO, THREE = session(1, "2027-01-12"), session(2, "2027-01-19"), session(3, "2027-01-26")
CONFIRMED = RunConfirmed(**ABOUT, facilitator_ids=(TOM, ANA), sessions=(ONE, TWO, THREE))


def changed(number: int, sessions: tuple[PlannedSession, ...], touched: tuple[PlannedSession, ...], **more: Any):
    about = {"kind": "move", "cause": None, "facilitator_ids": (TOM, ANA), "left_ids": (), "cancelled": ()}
    of_it = {"change_id": UUID(int=0xC0 + number), "sessions": sessions, "changed_ids": tuple(s.id for s in touched)}
    return RunChanged(**ABOUT, **{**about, **of_it, **more})


def recorded(session_: PlannedSession, state: str = "delivered", attended: int | None = 9) -> SessionRecorded:
    return SessionRecorded(
        session_id=session_.id,
        run_id=RUN,
        reference=REF,
        number=session_.number,
        date=session_.date,
        state=state,
        cause=None,
        party=None,
        remedy=None,
        chargeable=True,
        attended=attended,
    )


@pytest.fixture
def store(ledgers) -> Store:
    with ledgers.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return Store(ledgers, messaging, lambda: PLANNED_ON, "notifications")


def hear(store: Store, handle: Callable[..., None], event: Any, sequence: int = 1, now: dt.datetime = PLANNED_ON):
    with replace(store, clock=lambda: now).work() as work:
        work.cause = SimpleNamespace(sequence=sequence)  # type: ignore[assignment]
        handle(work, event, DOMAIN)


def confirmed(store: Store, event: RunConfirmed = CONFIRMED, now: dt.datetime = PLANNED_ON) -> None:
    hear(store, pipeline.when_run_confirmed, event, 1, now)


def rows(store: Store, **chosen: Any) -> list[Any]:
    with store.database.reading() as connection:
        found = connection.execute(select(messages).order_by(messages.c.due_at, messages.c.recipient)).all()
    return [row for row in found if all(getattr(row, name) == value for name, value in chosen.items())]


def waiting(store: Store, *rules: str) -> Counter[tuple[str, str, str]]:
    """The reminders that wait, by rule and offset, end of what they are about, and local-ish due time, with a count."""
    found = [row for row in rows(store, state="scheduled") if row.occasion.partition(":")[0] in rules]
    return Counter((row.occasion.rpartition(":")[0], row.occasion[-3:], row.due_at.isoformat()[5:16]) for row in found)


def set_state(store: Store, becomes: str, **chosen: Any) -> None:
    with store.database.writing() as connection:
        ids = [row.id for row in rows(store, **chosen)]
        connection.execute(update(messages).where(messages.c.id.in_(ids)).values(state=becomes))


ALL_OF_A_RUN = {
    # three sessions: the contact and two facilitators, five days and one day before
    "session_reminder": 3 * 2 * 3,
    "register_due": 3 * 2,
    "register_nudge": 3 * 2,
    "register_late": 3,
    "feedback": 2,
    "check_in": 2,
}


def kinds(store: Store) -> dict[str, int]:
    found = Counter(row.occasion.partition(":")[0] for row in rows(store, state="scheduled"))
    return {kind: count for kind, count in found.items() if kind in ALL_OF_A_RUN}


class TestARunIsConfirmed:
    def test_every_reminder_of_it_is_in_the_ledger_once_however_often_it_is_heard(self, store):
        confirmed(store)
        confirmed(store)

        assert kinds(store) == ALL_OF_A_RUN

    def test_a_late_booking_gets_none_whose_time_has_passed(self, store):
        # Friday 15 January 2027, 15:00: session 1 was on the 12th, and whatever asks for its register was due by 10:00.
        confirmed(store, now=dt.datetime(2027, 1, 15, 15, 0, tzinfo=dt.UTC))

        assert waiting(store, "session_reminder", "register_due", "register_late") == {
            ("session_reminder:1d", "102", "01-18T15:00"): 3,
            ("register_due:0d", "102", "01-19T18:00"): 2,
            ("session_reminder:5d", "103", "01-21T15:00"): 3,
            ("register_late:3wd", "102", "01-22T10:00"): 1,
            ("session_reminder:1d", "103", "01-25T15:00"): 3,
            ("register_due:0d", "103", "01-26T18:00"): 2,
            ("register_late:3wd", "103", "01-29T10:00"): 1,
        }

    def test_the_bank_holidays_are_those_of_its_place(self, store):
        # The day before Thursday 18 March 2027 is St Patrick's Day.
        with store.database.writing() as connection:
            connection.execute(places.insert(), {"id": "MGB", "nation": "northern-ireland"})
        thursday = session(1, "2027-03-18")
        confirmed(store, replace(CONFIRMED, establishment_id="MGB", sessions=(thursday,)))

        assert waiting(store, "session_reminder") == {
            ("session_reminder:5d", "101", "03-12T15:00"): 3,
            ("session_reminder:1d", "101", "03-16T15:00"): 3,
        }

    def test_a_prison_names_its_staff_for_their_training(self, store):
        confirmed(store, replace(CONFIRMED, programme="unlocking-the-key-to-compassion"))

        assert waiting(store, "delegate_names") == {("delegate_names:10wd", str(RUN)[-3:], "12-24T10:00"): 1}


class TestASessionIsMoved:
    def test_its_reminders_and_asks_follow_and_those_of_others_stay_as_they_are(self, store):
        confirmed(store)
        before = {row.id for row in rows(store) if row.occasion.endswith(("101", "103"))}
        moved = replace(TWO, date=dt.date(2027, 1, 21), revision=1)

        hear(store, calendar.when_run_changed, changed(1, (ONE, moved, THREE), (moved,)), 2)

        assert {
            key: count for key, count in waiting(store, "session_reminder", "register_due").items() if key[1] == "102"
        } == {
            # Five days before a Thursday are a Saturday.
            ("session_reminder:5d", "102", "01-15T15:00"): 3,
            ("session_reminder:1d", "102", "01-20T15:00"): 3,
            ("register_due:0d", "102", "01-21T18:00"): 2,
        }
        assert {row.id for row in rows(store) if row.occasion.endswith(("101", "103"))} == before
        gone = [row for row in rows(store, state="superseded") if not row.template.startswith("run_confirmed_")]
        assert {row.why for row in gone} == {"The session was moved, is led by somebody else, or does not take place."}
        assert len(gone) == 6 + 2 + 2 + 1

    def test_where_the_last_one_moves_what_is_asked_after_the_run_moves_too(self, store):
        confirmed(store)
        moved = replace(THREE, date=dt.date(2027, 2, 2), revision=1)

        hear(store, calendar.when_run_changed, changed(1, (ONE, TWO, moved), (moved,)), 2)

        assert {when for (_rule, _id, when) in waiting(store, "feedback")} == {"02-03T10:00", "02-09T10:00"}
        assert len(rows(store, state="superseded", template="feedback_contact")) == 2
        assert len(rows(store, state="superseded", template="check_in_contact")) == 2

    def test_where_the_first_one_moves_names_are_asked_for_by_its_new_date(self, store):
        training = {"programme": "unlocking-the-key-to-compassion"}
        confirmed(store, replace(CONFIRMED, **training))
        moved = replace(ONE, date=dt.date(2027, 1, 14), revision=1)

        event = replace(changed(1, (moved, TWO, THREE), (moved,)), **training)
        hear(store, calendar.when_run_changed, event, 2)

        assert {when for (_rule, _id, when) in waiting(store, "delegate_names")} == {"12-30T10:00"}

    def test_what_went_out_about_the_old_date_is_said_again_about_the_new_one(self, store):
        confirmed(store)
        set_state(store, "accepted", template="session_reminder_contact", state="scheduled")
        moved = replace(TWO, date=dt.date(2027, 1, 20), revision=1)

        hear(store, calendar.when_run_changed, changed(1, (ONE, moved, THREE), (moved,)), 2)

        fresh = rows(store, state="scheduled", template="session_reminder_contact")
        assert {row.facts["session"]["date"] for row in fresh} == {"2027-01-20"}
        assert {row.version for row in fresh} == {2}

    def test_a_change_heard_of_late_leaves_the_reminders_of_the_newer_one(self, store):
        confirmed(store)
        once, twice = replace(TWO, date=dt.date(2027, 1, 20)), replace(TWO, date=dt.date(2027, 1, 21))
        hear(store, calendar.when_run_changed, changed(2, (ONE, twice, THREE), (twice,)), 3)
        known = [(row.id, row.state) for row in rows(store) if row.occasion.startswith("session_reminder")]

        hear(store, calendar.when_run_changed, changed(1, (ONE, once, THREE), (once,)), 2)

        assert [(row.id, row.state) for row in rows(store) if row.occasion.startswith("session_reminder")] == known


class TestASessionIsCancelled:
    def test_nothing_of_it_is_left_to_be_sent(self, store):
        confirmed(store)
        event = changed(1, (ONE, THREE), (), kind="cancel", cancelled=(replace(TWO, revision=1),))

        hear(store, calendar.when_run_changed, event, 2)

        assert [row for row in rows(store, state="scheduled") if row.occasion.endswith("102")] == []
        # "Session 3 of 3" is still what it is called.
        assert kinds(store)["session_reminder"] == 2 * 2 * 3

    def test_with_the_whole_run_every_reminder_goes(self, store):
        confirmed(store)
        event = changed(1, (), (), kind="cancel", cancelled=(ONE, TWO, THREE))

        hear(store, calendar.when_run_changed, event, 2)

        assert kinds(store) == {}

    def test_where_that_is_taken_back_they_come_back(self, store):
        confirmed(store)
        out = changed(1, (ONE, THREE), (), kind="cancel", cancelled=(replace(TWO, revision=1),))
        back = replace(TWO, revision=2)

        hear(store, calendar.when_run_changed, out, 2)
        hear(store, calendar.when_run_changed, changed(2, (ONE, back, THREE), (back,), kind="reverse"), 3)

        assert kinds(store) == ALL_OF_A_RUN


class TestARegister:
    ASKS = ("register_due", "register_nudge", "register_late")

    def of_session_1(self, store: Store) -> int:
        return sum(count for (_rule, id_, _when), count in waiting(store, *self.ASKS).items() if id_ == "101")

    @pytest.mark.parametrize(
        ("event", "why"),
        [
            (recorded(ONE), "The register of this session is in."),
            (recorded(ONE, "part_delivered", 0), "The register of this session is in."),
            (recorded(ONE, "cancelled", None), "The session does not take place, so there is no register."),
        ],
    )
    def test_it_is_asked_for_no_more_once_it_is_in_or_there_is_none(self, store, event, why):
        confirmed(store)

        hear(store, registers.when_session_recorded, event)

        assert self.of_session_1(store) == 0
        gone = rows(store, state="superseded")
        assert len(gone) == 5
        assert {row.why for row in gone} == {why}
        assert kinds(store) == ALL_OF_A_RUN | {"register_due": 4, "register_nudge": 4, "register_late": 2}

    @pytest.mark.parametrize("state", ["delivered", "part_delivered"])
    def test_a_session_that_is_put_down_as_held_without_a_count_still_lacks_it(self, store, state):
        confirmed(store)

        hear(store, registers.when_session_recorded, recorded(ONE, state, None))

        assert self.of_session_1(store) == 5

    def test_it_is_asked_for_again_where_what_was_put_down_is_taken_back(self, store):
        confirmed(store)
        hear(store, registers.when_session_recorded, recorded(ONE), 1)

        hear(store, registers.when_session_recorded, recorded(ONE, "planned", None), 2)

        assert self.of_session_1(store) == 5
        assert len({(row.recipient, row.occasion, row.version) for row in rows(store)}) == len(rows(store))

    def test_an_older_word_of_it_heard_of_late_changes_nothing(self, store):
        confirmed(store)
        hear(store, registers.when_session_recorded, recorded(ONE), 2)

        hear(store, registers.when_session_recorded, recorded(ONE, "planned", None), 1)

        assert self.of_session_1(store) == 0

    def test_it_stays_in_when_the_run_is_changed_or_heard_of_only_then(self, store):
        hear(store, registers.when_session_recorded, recorded(ONE))
        confirmed(store)
        assert self.of_session_1(store) == 0
        moved = replace(TWO, date=dt.date(2027, 1, 21), revision=1)

        hear(store, calendar.when_run_changed, changed(1, (ONE, moved, THREE), (moved,)), 2)

        assert self.of_session_1(store) == 0
        assert kinds(store)["register_due"] == 4


def considered(store: Store, name: str, now: dt.datetime = PLANNED_ON, **times: Any) -> reminders.RuleChange:
    with store.database.reading() as connection:
        rule = queries.rule_named(connection, name)
        asked = rule.edited(**{"offsets": rule.offsets, "at": rule.at, "is_on": True, **times})
        return reminders.consider_rule(connection, name, asked, now, Drafting(new_id, DOMAIN))


def apply(store: Store, change: reminders.RuleChange, basis: str | None = None, now: dt.datetime = PLANNED_ON) -> None:
    with replace(store, clock=lambda: now).work() as work:
        sure = {"basis": change.basis if basis is None else basis, "reason": "asked for by prisons", "actor": "priya"}
        reminders.change_rule(work, change.now.name, change.now, mail_domain=DOMAIN, **sure)


SEVEN_AND_ONE = (Offset(7, "d"), Offset(1, "d"))


class TestARuleIsChanged:
    def test_a_preview_says_what_goes_and_what_comes_and_changes_nothing(self, store):
        confirmed(store)
        before = rows(store)

        change = considered(store, "session_reminder", offsets=SEVEN_AND_ONE)

        assert {each.occasion.rpartition(":")[0] for each in change.withdrawn} == {"session_reminder:5d"}
        assert {each.occasion.rpartition(":")[0] for each in change.made} == {"session_reminder:7d"}
        assert (len(change.withdrawn), len(change.made)) == (9, 9)
        assert change.made[0].due_at.isoformat() == "2027-01-05T15:00:00+00:00"
        assert rows(store) == before

    def test_it_is_applied_as_it_was_shown(self, store):
        confirmed(store)
        apply(store, considered(store, "session_reminder", offsets=SEVEN_AND_ONE))

        assert waiting(store, "session_reminder").keys() == {
            ("session_reminder:7d", "101", "01-05T15:00"),
            ("session_reminder:1d", "101", "01-11T15:00"),
            ("session_reminder:7d", "102", "01-12T15:00"),
            ("session_reminder:1d", "102", "01-18T15:00"),
            ("session_reminder:7d", "103", "01-19T15:00"),
            ("session_reminder:1d", "103", "01-25T15:00"),
        }
        assert {row.why for row in rows(store, state="superseded")} == {"The rule of this reminder was changed."}
        with store.database.reading() as connection:
            [listed] = [each for each in queries.list_rules(connection) if each["name"] == "session_reminder"]
        assert (listed["offsets"], listed["changed_by"], listed["reason"]) == (
            ["7d", "1d"],
            "priya",
            "asked for by prisons",
        )

    def test_it_goes_by_the_dates_as_the_last_change_of_the_run_left_them(self, store):
        confirmed(store)
        for number, day in ((1, 28), (2, 21)):
            moved = replace(TWO, date=dt.date(2027, 1, day), revision=number)
            event = changed(number, tuple(sorted((ONE, moved, THREE), key=lambda each: each.date)), (moved,))
            hear(store, calendar.when_run_changed, event, number + 1)

        change = considered(store, "session_reminder", offsets=SEVEN_AND_ONE)

        assert {(each.facts["session"]["date"], each.due_at.isoformat()[:10]) for each in change.made} == {
            ("2027-01-12", "2027-01-05"),
            ("2027-01-21", "2027-01-14"),
            ("2027-01-26", "2027-01-19"),
        }

    def test_another_hour_makes_the_same_reminders_anew_under_keys_of_their_own(self, store):
        confirmed(store)
        apply(store, considered(store, "session_reminder", at=dt.time(14)))
        apply(store, considered(store, "session_reminder", at=dt.time(15)))

        assert {when[-5:] for (_rule, _id, when) in waiting(store, "session_reminder")} == {"15:00"}
        assert kinds(store) == ALL_OF_A_RUN
        assert {row.version for row in rows(store, state="scheduled", template="session_reminder_contact")} == {3}

    def test_what_somebody_has_read_already_is_not_said_again(self, store):
        confirmed(store)
        afternoon = dt.datetime(2027, 1, 7, 15, 30, tzinfo=dt.UTC)
        first = {row.id for row in rows(store) if row.due_at == afternoon.replace(minute=0)}
        with store.database.writing() as connection:
            connection.execute(update(messages).where(messages.c.id.in_(first)).values(state="accepted"))

        change = considered(store, "session_reminder", now=afternoon, at=dt.time(16))

        assert all(each.due_at > afternoon + dt.timedelta(days=1) for each in change.made)

    def test_one_that_is_switched_off_sends_nothing_and_comes_back(self, store):
        confirmed(store)
        apply(store, considered(store, "feedback", is_on=False))
        assert waiting(store, "feedback") == {}
        moved = replace(TWO, date=dt.date(2027, 1, 21), revision=1)
        hear(store, calendar.when_run_changed, changed(1, (ONE, moved, THREE), (moved,)), 2)
        assert waiting(store, "feedback") == {}

        apply(store, considered(store, "feedback", is_on=True))

        assert kinds(store) == ALL_OF_A_RUN

    def test_a_stale_preview_is_refused_and_nothing_is_changed(self, store):
        confirmed(store)
        change = considered(store, "session_reminder", offsets=SEVEN_AND_ONE)
        moved = replace(TWO, date=dt.date(2027, 1, 21), revision=1)
        hear(store, calendar.when_run_changed, changed(1, (ONE, moved, THREE), (moved,)), 2)
        before = rows(store)

        with pytest.raises(Refused) as refusal:
            apply(store, change)

        assert refusal.value.code == "conflict"
        assert "Look at the preview again" in refusal.value.detail
        assert rows(store) == before
        with store.database.reading() as connection:
            assert connection.execute(select(reminder_rules)).all() == []

    def test_a_run_that_is_over_is_left_in_peace(self, store):
        confirmed(store)
        years_later = PLANNED_ON + dt.timedelta(days=900)
        set_state(store, "accepted", state="scheduled")

        change = considered(store, "check_in", now=years_later, offsets=(Offset(5, "w"),))

        assert (change.withdrawn, change.made) == ([], [])

    def test_a_rule_that_is_none_is_refused_with_the_names_there_are(self, store):
        with store.database.reading() as connection, pytest.raises(Refused, match="session_reminder, register_due"):
            queries.rule_named(connection, "lunch")


TUESDAYS = tuple(
    session(number, (dt.date(2027, 1, 5) + dt.timedelta(weeks=number)).isoformat()) for number in range(1, 15)
)
"""Fourteen Tuesdays, 12 January to 13 April 2027: four weeks on are 9 February, 9 March and 6 April."""
EVERY_FOUR_WEEKS = [("4w", "02-09T10:00"), ("8w", "03-09T10:00"), ("12w", "04-06T09:00")]


def rolling(store: Store, state: str = "scheduled") -> list[tuple[str, str]]:
    found = [row for row in rows(store, state=state) if row.template == "rolling_confirmation_contact"]
    return [(row.occasion.split(":")[1], row.due_at.isoformat()[5:16]) for row in found]


class TestARunIsToldOfWhileItGoesOn:
    def hears_of(self, store: Store, sessions: tuple[PlannedSession, ...], *touched: PlannedSession, **more: Any):
        hear(store, calendar.when_run_changed, changed(1, sessions, touched, **more), 2)

    @pytest.fixture(autouse=True)
    def many(self, store) -> None:
        confirmed(store, replace(CONFIRMED, sessions=TUESDAYS))

    def test_its_next_sessions_are_told_every_four_weeks(self, store):
        assert rolling(store) == EVERY_FOUR_WEEKS

    def test_where_one_moves_only_those_that_list_it_are_made_anew(self, store):
        # Session 8, on 2 March: only the first one lists it.
        moved = replace(TUESDAYS[7], date=dt.date(2027, 3, 3), revision=1)
        self.hears_of(store, (*TUESDAYS[:7], moved, *TUESDAYS[8:]), moved)

        assert rolling(store) == EVERY_FOUR_WEEKS
        assert rolling(store, "superseded") == EVERY_FOUR_WEEKS[:1]
        [first] = [row for row in rows(store, state="scheduled") if row.occasion.startswith("rolling_confirmation:4w:")]
        assert [each["date"] for each in first.facts["sessions"]][2] == "2027-03-03"

    def test_where_another_leads_one_they_stay_as_they_are(self, store):
        covered = replace(TUESDAYS[7], facilitator_ids=(TOM,), revision=1)
        self.hears_of(store, (*TUESDAYS[:7], covered, *TUESDAYS[8:]), covered)

        assert rolling(store, "superseded") == []

    def test_where_the_run_moves_they_move_with_its_first_session(self, store):
        later = tuple(replace(each, date=each.date + dt.timedelta(weeks=2), revision=1) for each in TUESDAYS)
        self.hears_of(store, later, *later)

        assert rolling(store) == [("4w", "02-23T10:00"), ("8w", "03-23T10:00"), ("12w", "04-20T09:00")]
        assert rolling(store, "superseded") == EVERY_FOUR_WEEKS

    def test_where_the_run_is_cancelled_none_is_left(self, store):
        self.hears_of(store, (), kind="cancel", cancelled=TUESDAYS)

        assert rolling(store) == []

    def test_how_often_is_changed_as_the_preview_shows(self, store):
        change = considered(store, "rolling_confirmation", offsets=(Offset(6, "w"),))
        apply(store, change)

        assert rolling(store) == [("6w", "02-23T10:00"), ("12w", "04-06T09:00")]
        assert (len(change.withdrawn), len(change.made)) == (2, 1)


class TestLookingAhead:
    def test_what_is_due_is_listed_with_why(self, store):
        confirmed(store)
        with store.database.reading() as connection:
            ahead = simulating.due_within(connection, dt.datetime(2027, 1, 6, 9, tzinfo=dt.UTC), 6, 100)

        assert ahead["count"] == len(ahead["messages"]) == 3 + 3 + 3
        assert ahead["messages"][0]["occasion"] == f"run_confirmed:{RUN}"
        assert next(each for each in ahead["messages"] if each["rule"]) == {
            "due_at": "2027-01-07T15:00:00+00:00",
            "recipient": ahead["messages"][3]["recipient"],
            "template": ahead["messages"][3]["template"],
            "occasion": f"session_reminder:5d:{ONE.id}",
            "run": str(RUN),
            "rule": "session_reminder",
            "anchor": {
                "kind": "session_start",
                "session": str(ONE.id),
                "number": 1,
                "date": "2027-01-12",
                "start": "13:45",
                "end": "16:45",
            },
            "why": "session reminder: 5 days before session 1, Tue 12 Jan 2027",
        }

    def test_what_is_out_or_was_withdrawn_is_not_due_any_more(self, store):
        confirmed(store)
        set_state(store, "accepted", template="run_confirmed_contact")
        set_state(store, "superseded", template="run_confirmed_facilitator")
        with store.database.reading() as connection:
            ahead = simulating.due_within(connection, PLANNED_ON, 1, 100)

        assert (ahead["count"], ahead["messages"]) == (0, [])

    def test_more_than_is_shown_is_counted(self, store):
        confirmed(store)
        with store.database.reading() as connection:
            ahead = simulating.due_within(connection, PLANNED_ON, 400, 5)

        assert (ahead["count"], len(ahead["messages"])) == (3 + sum(ALL_OF_A_RUN.values()), 5)

    def test_moving_a_session_is_simulated_as_it_would_be_and_changes_nothing(self, store):
        confirmed(store)
        set_state(store, "accepted", template="run_confirmed_contact")
        set_state(store, "accepted", template="run_confirmed_facilitator")
        before = rows(store)
        moved = replace(TWO, date=dt.date(2027, 1, 21), revision=1)
        event = changed(1, (ONE, moved, THREE), (moved,))
        with store.database.reading() as connection:
            told = simulating.change_simulated(connection, event, PLANNED_ON, Drafting(new_id, DOMAIN))
        assert rows(store) == before

        hear(store, calendar.when_run_changed, event, 2)

        was = {row.id for row in before}
        entered = [row for row in rows(store) if row.id not in was]
        assert {(each["recipient"], each["occasion"], each["due_at"]) for each in told["sends"]} == {
            (row.recipient, row.occasion, row.due_at.isoformat()) for row in entered
        }
        assert sorted((each["recipient"], each["occasion"]) for each in told["cancels"]) == sorted(
            (row.recipient, row.occasion) for row in rows(store, state="superseded")
        )
        assert {each["cancelled_because"] for each in told["cancels"]} == {
            "The session was moved, is led by somebody else, or does not take place.",
        }
        assert len(told["cancels"]) == 6 + 2 + 2 + 1

    def test_a_letter_that_still_waits_gives_way_in_the_simulation_too(self, store):
        confirmed(store)
        night = dt.datetime(2026, 12, 4, 22, 0, tzinfo=dt.UTC)
        set_state(store, "accepted", template="run_confirmed_contact")
        set_state(store, "accepted", template="run_confirmed_facilitator")
        moved = replace(TWO, date=dt.date(2027, 1, 21), revision=1)
        hear(store, calendar.when_run_changed, changed(1, (ONE, moved, THREE), (moved,)), 2, night)
        again = changed(2, (ONE, replace(TWO, revision=2), THREE), (replace(TWO, revision=2),), kind="reverse")

        with store.database.reading() as connection:
            told = simulating.change_simulated(connection, again, night, Drafting(new_id, DOMAIN))

        letters = [each for each in told["cancels"] if each["template"].startswith("run_changed")]
        assert {each["cancelled_because"] for each in letters} == {"The sessions are again as they were last told."}
        assert len(letters) == 3
        assert [each for each in told["sends"] if each["template"].startswith("run_changed")] == []


def test_a_reminder_whose_time_has_come_goes_out_whatever_held_it_up(store):
    confirmed(store)
    day_after = dt.datetime(2027, 1, 27, 10, 30, tzinfo=dt.UTC)
    # Its reader's quiet hours last until eleven: it is put back, and due then.
    [first] = [row for row in rows(store, template="feedback_contact") if row.due_at < day_after]
    with store.database.writing() as connection:
        connection.execute(
            update(messages).where(messages.c.id == first.id).values(due_at=day_after.replace(hour=11, minute=0))
        )

    elsewhere = replace(ONE, facilitator_ids=(TOM,), revision=1)
    hear(store, calendar.when_run_changed, changed(1, (elsewhere, TWO, THREE), (elsewhere,)), 2, day_after)

    [still] = [row for row in rows(store, template="feedback_contact") if row.id == first.id]
    assert still.state == "scheduled"
    assert len(rows(store, template="feedback_contact")) == 2


def test_what_a_digest_told_is_not_said_again(store):
    confirmed(store)
    with store.database.writing() as connection:
        told = messages.c.template == "session_reminder_contact"
        connection.execute(update(messages).where(told).values(state="superseded", told_in=new_id()))

    made = considered(store, "session_reminder", at=dt.time(14)).made

    assert {each.recipient for each in made} == {f"facilitator:{TOM}", f"facilitator:{ANA}"}
