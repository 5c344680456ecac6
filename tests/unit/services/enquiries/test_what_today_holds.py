"""What needs a person now: every group counted and shown, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from services.enquiries.doors.reports import ReportDoors
from services.enquiries.tables import canaries, data_requests, enquiries, proposals, tasks, timeline
from shared.clock import LONDON
from tests.enquiry_store import emptied, filed, know_establishment, new_database, post, row_of

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=LONDON)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("today"), request)
    yield database
    database.close()


class Desk(ReportDoors):
    """The doors at a time that a test sets, with canaries every hour."""

    def __init__(self, database):
        self.store = emptied(database, MONDAY)
        self.settings = SimpleNamespace(canary=True, canary_every=60)

    def at(self, moment):
        self.store = replace(self.store, clock=lambda: moment)
        return self.store

    def today(self, whose="priya"):
        return self.count_today(actor=whose)

    def change(self, reference, **values):
        with self.store.work() as work:
            work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(**values))

    def add(self, table, **row):
        with self.store.work() as work:
            work.connection.execute(table.insert(), {"id": work.new_id(), **row})


@pytest.fixture
def desk(database):
    return Desk(database)


def counts(group):
    return {name: each["count"] for name, each in group.items()}


def references(group):
    return [each["reference"] for each in group["first"]]


def test_first_replies_are_counted_by_how_they_stand_against_two_working_days(desk):
    know_establishment(desk.store, "RSI", "Risley (HMP)")
    first = filed(desk.at(MONDAY - timedelta(days=4)))  # Thursday: due on Monday
    second = filed(desk.at(MONDAY - timedelta(days=5)))  # Wednesday: due on Friday
    third = filed(desk.at(MONDAY - timedelta(hours=1)))

    desk.at(MONDAY)
    replies = desk.today()["first_replies"]

    assert [references(replies[state]) for state in ("late", "due_today", "in_time")] == [[second], [first], [third]]
    [late] = replies["late"]["first"]
    assert (late["title"], late["stage"], late["working_days"]) == ("Risley (HMP)", "new", 3)
    assert datetime.fromisoformat(late["due_at"]) == datetime(2026, 11, 20, 17, 0, tzinfo=LONDON)
    assert desk.today()["within_working_days"] == 2
    desk.at(MONDAY.replace(hour=17, minute=1))
    assert counts(desk.today()["first_replies"]) == {"in_time": 1, "due_today": 0, "late": 2}


def test_the_oldest_come_first_and_no_more_than_ten_are_shown_of_those_counted(desk):
    mine = [filed(desk.at(MONDAY + timedelta(minutes=number))) for number in range(13)]
    desk.at(MONDAY + timedelta(hours=1))

    group = desk.today()["first_replies"]["in_time"]

    assert group["count"] == len(mine)
    assert references(group) == mine[:10]


def test_no_first_reply_is_awaited_where_one_was_given_or_is_not_ours_to_give(desk):
    given = {
        "replied": {"first_reply_at": MONDAY},
        "waits": {"waiting_on": "prison"},
        "closed": {"stage": "withdrawn"},
        "erased": {"erased_at": MONDAY},
        "merged": {"standing": "merged", "stage": "duplicate"},
    }
    for values in given.values():
        desk.change(filed(desk.store), **values)

    assert counts(desk.today()["first_replies"]) == {"in_time": 0, "due_today": 0, "late": 0}


def test_what_was_taken_and_never_filed_is_not_overlooked(desk):
    taken = post(desk.store)

    assert references(desk.today()["not_filed"]) == [taken]
    assert counts(desk.today()["first_replies"]) == {"in_time": 0, "due_today": 0, "late": 0}


def test_tasks_are_those_due_today_those_overdue_and_those_of_whoever_asks(desk):
    mine = filed(desk.store)
    desk.change(mine, owner="priya")
    with desk.store.work() as work:
        work.connection.execute(tasks.delete())
    whole = {"kind": "by_hand", "created_at": MONDAY, "created_by": "sam"}
    today = MONDAY.date()
    for title, due_on, more in (
        ("late, by its enquiry", today - timedelta(days=1), {"reference": mine}),
        ("late, of another", today - timedelta(days=2), {"reference": mine, "owner": "sam"}),
        ("today, about nothing", today, {"owner": "priya"}),
        ("today, of nobody", today, {}),
        ("later", today + timedelta(days=1), {"owner": "priya"}),
        ("done", today, {"owner": "priya", "done_at": MONDAY}),
    ):
        desk.add(tasks, title=title, due_on=due_on, **whole, **more)

    shown = {name: [each["title"] for each in group["first"]] for name, group in desk.today()["tasks"].items()}

    assert shown["overdue"] == ["late, of another", "late, by its enquiry"]
    assert sorted(shown["due"]) == ["today, about nothing", "today, of nobody"]
    assert shown["mine"] == ["late, by its enquiry", "today, about nothing"]
    assert counts(desk.today(whose="sam")["tasks"]) == {"overdue": 2, "due": 2, "mine": 1}
    late = desk.today()["tasks"]["overdue"]["first"][1]
    assert (late["reference"], late["stage"], late["owner"]) == (mine, "new", "priya")


def test_suspects_that_nobody_has_looked_at_are_counted(desk):
    spam = post(desk.store, message="<a href='https://a.example'>cheap</a> https://b.example https://c.example pills")
    cleared = post(desk.store, message="<a href='https://a.example'>dear</a> https://b.example https://c.example pills")
    desk.change(cleared, stage="spam")

    group = desk.today()["quarantine"]

    assert (group["count"], references(group)) == (1, [spam])
    assert "contact_name" not in group["first"][0]


def test_proposals_are_shown_in_their_last_week_while_somebody_may_still_say_yes(desk):
    sent_at = MONDAY - timedelta(days=25)

    def offered(days, *, state="sent", stage="next_steps", won_at=None):
        reference = filed(desk.store)
        desk.change(reference, stage=stage)
        offer = {"version": 1, "state": state, "lines": "[]", "total_pence": 1, "cancellation_terms": "As agreed."}
        dates = {"valid_until": MONDAY.date() + timedelta(days=days), "created_at": sent_at, "sent_at": sent_at}
        desk.add(proposals, reference=reference, created_by="sam", **offer, **dates)
        if won_at:
            desk.add(timeline, reference=reference, at=won_at, actor="sam", kind="moved", was="agreement", now="won")
        return reference

    last_day, in_a_week = offered(0), offered(7)
    offered(8)
    offered(3, state="accepted")
    offered(3, stage="lapsed")
    offered(3, stage="won", won_at=MONDAY)
    a_change = offered(5, stage="won", won_at=sent_at - timedelta(days=1))

    group = desk.today()["proposals"]

    assert references(group) == [last_day, a_change, in_a_week]
    assert [each["valid_until"] for each in group["first"]] == ["2026-11-23", "2026-11-28", "2026-11-30"]


def test_a_prison_is_silent_by_the_working_days_where_it_lies(desk):
    know_establishment(desk.store, "BLI", "Barlinnie (HMP)", nation="scotland")
    english, scottish = filed(desk.store), filed(desk.store, establishment="BLI")
    for reference in (english, scottish):
        desk.change(reference, waiting_on="prison", waiting_since=datetime(2026, 11, 25, 12, tzinfo=UTC))

    # St Andrew's Day, Monday the 30th, is a working day in England alone.
    desk.at(datetime(2026, 12, 2, 9, 0, tzinfo=UTC))
    assert references(desk.today()["no_answer"]) == [english]
    desk.at(datetime(2026, 12, 3, 9, 0, tzinfo=UTC))
    group = desk.today()["no_answer"]

    assert sorted(references(group)) == sorted([english, scottish])
    assert {each["working_days"] for each in group["first"]} == {5, 6}
    assert {each["step"] for each in group["first"]} == {"first_nudge"}
    desk.change(english, waiting_on="funder")
    desk.change(scottish, stage="withdrawn")
    assert desk.today()["no_answer"] == {"count": 0, "first": []}


def test_open_requests_about_personal_data_are_shown_with_both_their_days_and_nobody_named(desk):
    row = {"person_hash": "0" * 64, "actor": "sam", "received_on": date(2026, 11, 2), "due_on": date(2026, 12, 2)}
    desk.add(data_requests, kind="export", state="open", **row)
    desk.add(data_requests, kind="erasure", state="closed", **row)

    group = desk.today()["data_requests"]

    assert group["count"] == 1
    [request] = group["first"]
    assert (request["title"], request["due_on"], request["internal_due_on"]) == ("export", "2026-12-02", "2026-11-30")
    assert "person_hash" not in request


def test_the_canary_is_told_of_as_it_is(desk):
    assert desk.today()["canary"]["sent_at"] is None
    desk.add(canaries, sent_at=MONDAY - timedelta(minutes=30), state="lost", why="no answer")
    assert desk.today()["canary"]["failing"] is True
    desk.add(canaries, sent_at=MONDAY - timedelta(minutes=20), state="arrived")
    assert (desk.today()["canary"]["failing"], desk.today()["canary"]["late"]) == (False, False)
    desk.at(MONDAY + timedelta(hours=3))
    assert desk.today()["canary"]["late"] is True
    desk.settings.canary = False
    assert desk.today()["canary"]["on"] is False


def test_nobody_is_named_in_what_today_holds(desk):
    filed(desk.store)
    post(desk.store, message="<a href='https://a.example'>cheap</a> https://b.example https://c.example pills")
    row = row_of(desk.store, references(desk.today()["first_replies"]["in_time"])[0])

    said = str(desk.today())

    for personal in (row.contact_name, row.contact_email, row.message):
        assert personal not in said
