"""How operators read and change the rules of reminders and look ahead, and what is refused, by name."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.engine import URL
from sqlalchemy.event import listens_for, remove

from services.notifications.doors.hearing import HearingDoors
from services.notifications.doors.reminders import ReminderDoors
from services.notifications.handlers import pipeline
from services.notifications.tables import messages, messaging, metadata, reminder_rules
from shared.contracts.base import contract_of, contracts
from shared.contracts.enquiries import ContactLeft, EnquiryReceived
from shared.contracts.scheduling import ExpiryNear, HoldChanged, RunChanged, RunConfirmed
from shared.errors import Refused
from shared.messaging.envelope import Envelope
from shared.persistence.database import Database
from shared.persistence.work import Store

DOMAIN = "mail.example.org"
MOVED = contract_of(RunChanged).sample
ANA = "0192f0c8-0000-7000-8000-0000000000aa"
ENDING = contract_of(ExpiryNear).sample | {
    "facilitator_id": ANA,
    "what": "clearance",
    "establishment_name": "Risley (HMP)",
    "valid_until": "2027-03-19",
    "days_left": 60,
    "accreditation": None,
}
ENDS = "expiry near: clearance for Risley (HMP) ends in 60 days, Fri 19 Mar 2027"


@pytest.fixture
def store(tmp_path, now):
    database = Database(URL.create("sqlite", database=str(tmp_path / "notifications.sqlite3")))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: now, "notifications")
    database.close()


@pytest.fixture
def doors(store) -> ReminderDoors:
    made = ReminderDoors()
    made.store, made.post_room = store, SimpleNamespace(mail_domain=DOMAIN)  # type: ignore[assignment]
    made.others = SimpleNamespace(call=lambda *_, **__: {"count": 0, "notices": []})  # type: ignore[assignment]
    return made


@pytest.fixture
def confirmed(store) -> None:
    contract = contract_of(RunConfirmed)
    with store.work() as work:
        work.cause = SimpleNamespace(sequence=1)  # type: ignore[assignment]
        pipeline.when_run_confirmed(work, contract.load(contract.sample), DOMAIN)


def refusal(call: Any, *args: Any, **named: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*args, **named)
    return caught.value


def stored(store: Store) -> tuple[int, int]:
    with store.database.reading() as connection:
        return tuple(connection.scalar(select(func.count()).select_from(each)) for each in (messages, reminder_rules))  # type: ignore[return-value]


def test_the_rules_are_listed_with_their_times_and_who_changed_them(doors, confirmed):
    found = doors.preview_reminder_rule("feedback", offsets=["2d"])
    doors.change_reminder_rule("feedback", "asked by Risley", basis=found["basis"], offsets=["2d"], actor="priya")

    listed = {each["name"]: each for each in doors.list_reminder_rules()}

    assert list(listed) == [
        *("session_reminder", "register_due", "register_nudge", "register_late", "feedback", "check_in"),
        *("delegate_names", "kit_list", "rolling_confirmation"),
    ]
    assert listed["session_reminder"] == {
        "name": "session_reminder",
        "about": "A session is near.",
        "anchor": "session_start",
        "before": True,
        "offsets": ["5d", "1d"],
        "at": "15:00",
        "audience": ["contact", "facilitator"],
        "recurs": False,
        "programmes": None,
        "mode": None,
        "is_on": True,
        "reason": None,
        "changed_at": None,
        "changed_by": None,
    }
    assert (listed["feedback"]["offsets"], listed["feedback"]["changed_by"]) == (["2d"], "priya")
    assert listed["delegate_names"]["programmes"] == ["unlocking-the-key-to-compassion"]


def test_a_preview_counts_what_goes_and_comes_and_shows_the_first_ones(doors, store, confirmed):
    before = stored(store)

    found = doors.preview_reminder_rule("session_reminder", offsets=["7d", "1d"])

    assert (found["goes"], found["comes"], found["runs"]) == (2, 2, 1)
    assert (found["was"]["offsets"], found["rule"]["offsets"]) == (["5d", "1d"], ["7d", "1d"])
    assert {each["due_at"] for each in found["first_to_go"]} == {"2027-01-07T15:00:00+00:00"}
    assert {each["due_at"] for each in found["first_to_come"]} == {"2027-01-05T15:00:00+00:00"}
    assert stored(store) == before


def test_what_is_left_out_stays_as_it_is(doors):
    rule = doors.preview_reminder_rule("session_reminder", is_on=False)["rule"]

    assert (rule["offsets"], rule["at"], rule["is_on"]) == (["5d", "1d"], "15:00", False)


@pytest.mark.parametrize(
    ("asked", "field", "why"),
    [
        ({"offsets": ["5"]}, "offsets", "'5' is no offset. Write 5d (days)"),
        ({"offsets": "5d"}, "offsets", "Give a list of offsets, such as 5d and 1d."),
        ({"offsets": [None]}, "offsets", "Give a list of offsets, such as 5d and 1d."),
        ({"offsets": ["5d" * 5000]}, "offsets", "Give a list of offsets, such as 5d and 1d."),
        ({"offsets": []}, "offsets", "To have none sent, switch the rule off."),
        ({"offsets": ["90d"]}, "offsets", "90 days is too far. Give 35 days or fewer."),
        ({"offsets": ["5000w"]}, "offsets", "'5000w' is no offset."),
        ({"at": "three"}, "at", "Write a time as hours and minutes, such as 15:00."),
        ({"at": "20:00"}, "at", "20:00 is in quiet hours. Give a time from 08:00 to 18:00."),
        ({"at": 15}, "at", "Write a time as hours and minutes, such as 15:00."),
        ({"is_on": "perhaps"}, "is_on", "Say yes or no: true or false."),
    ],
)
def test_times_that_would_not_do_are_refused_by_name_and_nothing_is_stored(doors, store, asked, field, why):
    before = stored(store)

    for refused in (
        refusal(doors.preview_reminder_rule, "session_reminder", **asked),
        refusal(doors.change_reminder_rule, "session_reminder", "asked for", basis="b", **asked),
    ):
        assert refused.code == "invalid"
        assert list(refused.fields) == [field]
        assert why in " ".join(refused.fields[field])
    assert stored(store) == before


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"reason": ""}, "reason"), ({"reason": None}, "reason"), ({"basis": None}, "basis"), ({"basis": ""}, "basis")],
)
def test_a_change_needs_a_reason_and_the_preview_it_was_decided_on(doors, store, asked, field):
    refused = refusal(doors.change_reminder_rule, "feedback", **{"reason": "asked for", "basis": "b", **asked})

    assert list(refused.fields) == [field]
    assert stored(store) == (0, 0)


def test_another_basis_is_a_conflict_and_nothing_is_changed(doors, store, confirmed):
    before = stored(store)

    refused = refusal(doors.change_reminder_rule, "feedback", "asked for", basis="another", is_on=False)

    assert refused.code == "conflict"
    assert stored(store) == before


def test_a_rule_that_is_none_is_refused(doors):
    assert refusal(doors.preview_reminder_rule, "lunch").code == "not_found"


@pytest.mark.parametrize("days", [0, -1, 401, "14", True, None, 1.5])
def test_so_many_days_cannot_be_looked_ahead(doors, days):
    refused = refusal(doors.simulate, days=days)

    assert refused.fields == {"days": ["days must be a whole number from 1 to 400."]}


def test_looking_ahead_gives_what_is_due_and_counts_the_rest(doors, confirmed):
    ahead = doors.simulate(days=60, limit=2)

    assert ahead["until"] == "2027-01-23T09:30:00+00:00"
    assert len(ahead["messages"]) == 2
    assert ahead["count"] > 2


def ending(day: str, **more: Any) -> dict[str, Any]:
    return {"due_at": f"{day}T15:00:00+00:00", "event": {**ENDING, **more}}


def test_what_ends_soon_is_among_what_is_due_as_scheduling_foresees_it(doors, confirmed):
    asked = []
    notices = [ending("2027-01-07"), ending("2027-01-18", what="insurance", establishment_name=None, days_left=1)]
    doors.others.call = lambda *call, **named: (asked.append((call, named)), {"count": 2, "notices": notices})[1]

    ahead = doors.simulate(days=60)

    ends = [each for each in ahead["messages"] if each["occasion"].startswith("expiry_near:")]
    assert ahead["count"] == len(ahead["messages"]) > len(ends)
    assert ahead["messages"] == sorted(ahead["messages"], key=lambda each: (each["due_at"], each["recipient"]))
    assert [(each["due_at"][:10], each["recipient"], each["template"], each["why"]) for each in ends] == [
        ("2027-01-07", f"facilitator:{ANA}", "expiry_near_facilitator", ENDS),
        ("2027-01-07", "ops", "expiry_near_ops", ENDS),
        *(
            ("2027-01-18", whom, template, "expiry near: insurance ends in 1 day, Fri 19 Mar 2027")
            for whom, template in ((f"facilitator:{ANA}", "expiry_near_facilitator"), ("ops", "expiry_near_ops"))
        ),
    ]
    assert ahead["missing"] == []
    assert asked[0] == (("scheduling", "preview_expiries"), {"days": 60, "limit": 200, "deadline": 5.0})


def test_more_that_ends_than_is_shown_is_counted(doors):
    doors.others.call = lambda *_, **__: {"count": 7, "notices": [ending("2027-01-07")]}

    ahead = doors.simulate(days=60, limit=1)

    assert (ahead["count"], len(ahead["messages"])) == (14, 1)


def test_where_scheduling_is_down_the_rest_is_shown_and_what_lacks_is_said(doors, confirmed):
    all_of_it = doors.simulate(days=60)["messages"]

    def down(*_: Any, **__: Any) -> None:
        raise Refused("unavailable", "The scheduling service is not running.", kind="service-down")

    doors.others.call = down
    ahead = doors.simulate(days=60)

    assert ahead["messages"] == all_of_it != []
    assert ahead["missing"] == [
        "Letters about what ends soon (clearances, keys, insurance, accreditations) are not shown here. "
        "The scheduling service is not running. Look again in a few minutes."
    ]


def test_a_change_of_a_run_is_simulated_from_its_event(doors, store, confirmed):
    before = stored(store)
    [session] = MOVED["sessions"]
    event = {**MOVED, "cancelled": [], "left_ids": [], "sessions": [{**session, "date": "2027-01-14", "revision": 2}]}

    told = doors.simulate_change(event)

    # The confirmation has not gone out yet: the dates as they would be take its place.
    assert {each["template"] for each in told["sends"]} >= {
        "run_confirmed_contact",
        "run_confirmed_facilitator",
        "session_reminder_contact",
        "session_brief_facilitator",
        "register_due_facilitator",
        "register_late_ops",
        "feedback_contact",
        "check_in_contact",
    }
    assert {each["due_at"] for each in told["cancels"] if each["rule"] == "session_reminder"} == {
        "2027-01-07T15:00:00+00:00",
        "2027-01-11T15:00:00+00:00",
    }
    assert stored(store) == before


@pytest.mark.parametrize(
    "event",
    [
        None,
        "event",
        [],
        {},
        {**MOVED, "sessions": [{**MOVED["sessions"][0], "zone": "Mars/Olympus"}]},
        {**MOVED, "sessions": [{**MOVED["sessions"][0], "zone": "../../etc/passwd"}]},
        {**MOVED, "sessions": "all"},
        {**MOVED, "run_id": "one"},
    ],
)
def test_what_is_no_event_is_refused(doors, event):
    assert list(refusal(doors.simulate_change, event).fields) == ["event"]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "9998-06-01"])
def test_a_date_at_the_end_of_the_calendar_is_looked_at_without_a_fault(doors, day):
    event = {**MOVED, "sessions": [{**MOVED["sessions"][0], "date": day}], "cancelled": []}

    told = doors.simulate_change(event)

    assert [each["rule"] for each in told["sends"] if each["rule"]] == []


HELD = contract_of(HoldChanged)


@pytest.fixture
def whole(store) -> Any:
    """Doors that hear as well."""

    class Doors(ReminderDoors, HearingDoors):
        pass

    made = Doors()
    made.store, made.post_room = store, SimpleNamespace(mail_domain=DOMAIN, alert_places=0)  # type: ignore[assignment]
    return made


def news_of(contract: Any, sequence: int = 1, **said: Any) -> dict[str, Any]:
    event = contract.load({**contract.sample, **said})
    return Envelope.of(
        event, id=uuid4(), source=contract.source, subject="s", sequence=sequence, time=datetime(2027, 1, 1, tzinfo=UTC)
    ).as_dict()


def test_news_say_who_would_be_sent_what_and_nothing_is_kept_of_it(whole, store):
    told = whole.simulate_news([news_of(contract_of(RunConfirmed))])

    templates = {each["template"] for each in told["sends"]}
    assert templates >= {"run_confirmed_contact", "run_confirmed_facilitator", "session_reminder_contact"}
    assert [each["due_at"] for each in told["sends"]] == sorted(each["due_at"] for each in told["sends"])
    assert (told["cancels"], stored(store)[0]) == ([], 0)


def test_news_say_what_is_sent_no_more(whole, store):
    with store.work() as work:
        work.cause = SimpleNamespace(sequence=1)
        whole.when_hold_changed(work, HELD.load({**HELD.sample, "state": "placed"}))
    before = stored(store)

    told = whole.simulate_news([news_of(HELD, 2, state="released")])

    assert [(each["template"], each["cancelled_because"]) for each in told["cancels"]] == [
        ("hold_placed_contact", "The dates are not held any more.")
    ]
    assert stored(store) == before
    with store.database.reading() as connection:
        assert set(connection.scalars(select(messages.c.state))) == {"scheduled"}


def test_what_one_piece_of_news_brings_and_the_next_takes_back_is_not_told(whole):
    told = whole.simulate_news([news_of(HELD, 1, state="placed"), news_of(HELD, 2, state="released")])

    assert "hold_placed_contact" not in {each["template"] for each in told["sends"]}
    assert told["cancels"] == []


def test_news_of_somebody_gone_say_what_is_held_back(whole, store):
    left, received = contract_of(ContactLeft), contract_of(EnquiryReceived)
    with store.work() as work:
        whole.when_enquiry_received(work, received.load(received.sample))

    told = whole.simulate_news([news_of(left, references=[received.sample["reference"]])])

    assert [each["template"] for each in told["cancels"]] == ["enquiry_received"]


def test_news_are_looked_at_without_reading_all_that_waits(whole, store):
    asked: list[str] = []

    @listens_for(Engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    try:
        whole.simulate_news([news_of(HELD, 1, state="placed"), news_of(contract_of(RunConfirmed))])
    finally:
        remove(Engine, "before_cursor_execute", note)

    reads = [each.partition("FROM messages")[2] for each in asked if each.startswith("SELECT")]
    named = ("messages.recipient =", "messages.subject_ref =", "messages.id")
    assert [each for each in reads if each and not any(name in each for name in named)] == []


def test_news_that_nobody_hears_send_nothing(whole):
    unheard = next(each for each in contracts() if "notifications" not in each.subscribers)

    assert whole.simulate_news([news_of(unheard)]) == {"sends": [], "cancels": []}
    assert whole.simulate_news([]) == {"sends": [], "cancels": []}


@pytest.mark.parametrize(
    "news",
    [
        None,
        "news",
        {},
        [None],
        [{}],
        [{**news_of(HELD), "type": "no_such_event"}],
        [{**news_of(HELD), "data": {}}],
        [{**news_of(contract_of(RunChanged)), "data": {**MOVED, "sessions": [{**MOVED["sessions"][0], "zone": "x"}]}}],
        [news_of(HELD)] * 501,
    ],
    ids=["nothing", "words", "object", "none", "empty", "unknown", "no data", "no zone", "too many"],
)
def test_what_is_no_news_is_refused(whole, news):
    assert list(refusal(whole.simulate_news, news).fields) == ["news"]
