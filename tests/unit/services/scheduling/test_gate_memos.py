"""Gate memos on both databases: made, sent, approved, and out of date when a name, a date or an item is another."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import update

from services.scheduling.handlers import kit, memos, people
from services.scheduling.handlers.hearing import when_person_erased
from services.scheduling.queries import papers, privacy
from services.scheduling.records import facts_about, load_establishment, load_programme, load_run
from services.scheduling.tables import clearances, establishments, gate_memos, messaging, runs
from shared.contracts.enquiries import PersonErased
from shared.contracts.scheduling import GateMemoChanged, TaskNeeded
from shared.errors import Refused
from tests.unit.services.scheduling.meeting import meeting
from tests.unit.services.scheduling.papers_cast import (
    ANA,
    LEE,
    NEEDLES,
    RUN,
    TOM,
    TUESDAYS,
    add_run,
    at,
    change_person,
    change_session,
    furnished,
    new_database,
    rows,
    session_id,
    told,
    told_with_sequence,
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("papers"), request)
    yield database
    database.close()


@pytest.fixture
def store(database):
    return furnished(database)


def made(store, **more):
    said = {"organisation": "Open Gate", "purpose": None, "host": None, "session_id": None, "actor": "priya"}
    with store.work() as work:
        return memos.make_memo(work, RUN, **{**said, **more})


def send(store, memo):
    with store.work() as work:
        memos.send_memo(work, memo)
    return memo


def sent(store, **more):
    return send(store, made(store, **more))


def approved(store, **more):
    memo = sent(store, **more)
    with store.work() as work:
        memos.approve_memo(work, memo, "SEC-14")
    return memo


def shown(store, memo):
    with store.database.reading() as connection:
        return papers.get_memo(connection, memo, store.clock().date())


def states(store):
    return [row.state for row in sorted(rows(store, gate_memos), key=lambda row: row.version)]


def covered(store):
    with store.database.reading() as connection:
        run = load_run(connection, RUN)
        establishment = load_establishment(connection, "RSI")
        facts = facts_about(connection, run, establishment, load_programme(connection, run.programme))
    return facts.memo_approved


def test_a_memo_says_who_comes_when_with_what_and_how_they_get_about(store):
    memo = shown(store, made(store, host="Activities hub"))

    assert (memo["state"], memo["version"], memo["organisation"]) == ("draft", 1, "Open Gate")
    assert (memo["purpose"], memo["host"]) == ("The Many Faces of Trauma (group programme)", "Activities hub")
    assert [visit["date"] for visit in memo["visits"]] == TUESDAYS
    times = {(visit["start"], visit["end"], visit["arrive_by"]) for visit in memo["visits"]}
    assert times == {("13:45", "16:45", "12:45")}
    assert [(each["name"], each["vehicle"], each["entry"]) for each in memo["people"]] == [
        ("Tom Okafor", None, "Escort needed"),
        ("Ana Reyes", "AB12 CDE", "Draws keys until 16 March 2027; an escort on other dates"),
    ]
    assert [(each["item"], each["quantity"]) for each in memo["equipment"]] == [
        ("personal workbooks", 12),
        ("sensory and grounding items", 12),
        ("acupuncture needles", 120),
    ]
    assert memo["amendment"] == []


def test_it_is_due_ten_working_days_before_with_christmas_left_out(store):
    # Back from Tuesday 12 January 2027: 11, 8, 7, 6, 5, 4 January; 31, 30, 29, 24 December (28 and 1 are holidays).
    assert shown(store, made(store))["due_on"] == "2026-12-24"


def test_the_lead_time_is_the_establishment_s_own(store):
    with store.work() as work:
        work.connection.execute(update(establishments).values(memo_lead_days=3))

    assert shown(store, made(store))["due_on"] == "2027-01-07"


def test_it_goes_from_draft_to_sent_to_approved_and_each_step_is_told_in_order(store):
    memo = approved(store)

    assert shown(store, memo)["approval"] == "SEC-14"
    heard = told_with_sequence(store, GateMemoChanged)
    assert [(event.state, sequence) for event, sequence in heard] == [("sent", 1), ("approved", 2)]
    first = heard[0][0]
    assert (first.memo_id, first.reference, first.version) == (memo, "KT-7F3K-92", 1)
    assert (first.first_date, first.due_on) == (dt.date(2027, 1, 12), dt.date(2026, 12, 24))
    assert covered(store) == {session_id(number) for number in range(1, 17)}


def test_nothing_that_is_told_names_anybody(store):
    approved(store, host="Alex Morgan")
    with store.work() as work:
        change_person(work, ANA, name="Ana Reyes Lind")
        memos.mark_out_of_date_of_person(work, ANA)

    with store.database.reading() as connection:
        said = " ".join(str(row) for row in connection.execute(messaging.outbox.select()))
    for name in ("Reyes", "Okafor", "Alex", "AB12"):
        assert name not in said


def test_a_memo_that_was_not_approved_is_a_task_to_ask_what_would_help(store):
    memo = sent(store)
    with store.work() as work:
        memos.refuse_memo(work, memo)

    [task] = told(store, TaskNeeded)
    assert (task.kind, task.reference, task.due_on) == ("memo_refused", "KT-7F3K-92", dt.date(2026, 12, 1))
    assert covered(store) == set()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda work: change_person(work, ANA, name="Ana Reyes Lind"), "with Ana Reyes Lind (vehicle AB12 CDE)."),
        (lambda work: change_person(work, ANA, vehicle="CY21 XYZ"), "with Ana Reyes (vehicle CY21 XYZ)."),
        (lambda work: change_session(work, 2, date=dt.date(2027, 1, 20)), "19 January 2027: nobody comes."),
        (lambda work: change_session(work, 2, start=dt.time(13, 50)), "it is 13:50 to 16:45, no longer 13:45 to 16:45"),
        (lambda work: change_session(work, 2, facilitator_ids=(TOM, LEE)), "19 January 2027: with Lee Marsh."),
        (lambda work: change_session(work, 2, state="cancelled"), "19 January 2027: nobody comes."),
    ],
    ids=["a name", "a vehicle", "a date", "a time", "a person", "a session that falls out"],
)
def test_another_name_vehicle_date_time_or_person_makes_it_out_of_date(store, change, said):
    memo = approved(store)
    with store.work() as work:
        change(work)
        found = memos.mark_out_of_date(work, load_run(work.connection, RUN))

    assert found == (memo,)
    assert states(store) == ["out_of_date"]
    assert said in " ".join(shown(store, memo)["amendment"])
    assert told(store, GateMemoChanged)[-1].state == "out_of_date"
    [task] = told(store, TaskNeeded)
    assert (task.kind, task.due_on, task.key) == (
        "memo_out_of_date",
        dt.date(2026, 12, 1),
        f"memo-out-of-date:{memo}",
    )


@pytest.mark.parametrize("instead", [None, "ear seeds"])
def test_another_item_makes_it_out_of_date(store, instead):
    memo = sent(store)
    with store.work() as work:
        found = kit.leave_out_kit(work, RUN, NEEDLES, instead=instead, actor="priya")

    assert found == (memo,)
    assert "No longer brought in: 120 acupuncture needles." in shown(store, memo)["amendment"]


@pytest.mark.parametrize(
    "change",
    [
        lambda work: change_person(work, ANA, email="ana@elsewhere.example"),
        lambda work: change_person(work, LEE, name="Lee Other"),
        lambda work: change_session(work, 2, revision=4),
        lambda work: change_session(work, 2, state="delivered"),
        lambda work: work.connection.execute(update(establishments).values(report_minutes=45)),
        lambda work: work.connection.execute(update(clearances).values(keys_until=None)),
    ],
    ids=["an address", "somebody else", "a revision", "a session held", "gate minutes", "keys"],
)
def test_an_unrelated_change_leaves_it_as_it_is(store, change):
    approved(store)
    with store.work() as work:
        change(work)
        found = memos.mark_out_of_date(work, load_run(work.connection, RUN))

    assert found == ()
    assert states(store) == ["approved"]
    assert told(store, TaskNeeded) == []
    assert len(covered(store)) == 16


def test_what_is_past_by_now_makes_no_memo_out_of_date(store):
    approved(store)
    later = at(store, "2027-01-20T09:00")
    with later.work() as work:
        found = memos.mark_out_of_date(work, change_session(work, 2, state="cancelled"))

    assert found == ()


def test_only_sessions_as_they_were_approved_count_as_approved(store):
    approved(store)
    with store.work() as work:
        change_session(work, 5, facilitator_ids=(TOM, LEE))

    assert covered(store) == {session_id(number) for number in range(1, 17) if number != 5}


def test_all_memos_of_somebody_who_has_another_name_are_out_of_date_and_no_others(store):
    with store.work() as work:
        add_run(work, UUID(int=901), "STI", "KT-2222-22", offset=100)
    mine = approved(store)
    with store.work() as work:
        change_person(work, LEE, name="Lee Other")
        assert memos.mark_out_of_date_of_person(work, LEE) == ()
        change_person(work, TOM, name="Thomas Okafor")
        assert memos.mark_out_of_date_of_person(work, TOM) == (mine,)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"name": "Ana Reyes Lind"}, "out_of_date"),
        ({"vehicle": None}, "out_of_date"),
        ({"max_groups_a_day": 1}, "approved"),
    ],
)
def test_another_name_or_vehicle_on_file_is_seen_at_once(store, changes, state):
    approved(store)
    with store.work() as work:
        people.change_facilitator(work, ANA, changes)

    assert states(store) == [state]


def test_a_name_that_is_changed_while_the_memo_is_being_sent_makes_it_out_of_date(store):
    memo = made(store)

    meeting(
        store,
        lambda work: memos.send_memo(work, memo),
        lambda work: people.change_facilitator(work, TOM, {"name": "Thomas Okafor"}),
    )

    assert states(store) == ["out_of_date"]
    assert [task.kind for task in told(store, TaskNeeded)] == ["memo_out_of_date"]


def test_out_of_date_twice_is_told_once(store):
    approved(store)
    with store.work() as work:
        run = change_session(work, 2, date=dt.date(2027, 1, 20))
        memos.mark_out_of_date(work, run)
        assert memos.mark_out_of_date(work, run) == ()

    assert len(told(store, TaskNeeded)) == 1


def test_the_next_version_takes_the_place_of_one_that_is_out_of_date_at_once(store):
    approved(store)
    with store.work() as work:
        memos.mark_out_of_date(work, change_session(work, 2, date=dt.date(2027, 1, 20)))
    second = approved(store)

    assert states(store) == ["replaced", "approved"]
    assert shown(store, second)["version"] == 2
    assert len(covered(store)) == 16


def test_what_the_gate_goes_by_stands_until_the_next_version_is_sent(store):
    approved(store)
    second = made(store, host="Activities hub")
    assert states(store) == ["approved", "draft"]
    third = made(store)
    assert states(store) == ["approved", "replaced", "draft"]

    with store.work() as work:
        memos.send_memo(work, third)

    assert states(store) == ["replaced", "replaced", "sent"]
    with pytest.raises(Refused, match="is replaced"), store.work() as work:
        memos.send_memo(work, second)


def test_a_memo_made_midway_is_about_what_is_to_come(store):
    memo = shown(at(store, "2027-04-14T09:00"), made(at(store, "2027-04-14T09:00")))

    assert [visit["date"] for visit in memo["visits"]] == ["2027-04-20", "2027-04-27"]
    # Back from Tuesday 20 April: 19 to 12 April are six, 9 to 6 April four more (Easter Monday was 29 March).
    assert memo["due_on"] == "2027-04-06"


def test_one_session_can_have_a_memo_of_its_own_beside_the_run_s(store):
    whole = approved(store)
    one = sent(store, session_id=session_id(3))

    assert shown(store, one)["version"] == 1
    assert [visit["number"] for visit in shown(store, one)["visits"]] == [3]
    with store.work() as work:
        found = memos.mark_out_of_date(work, change_session(work, 4, date=dt.date(2027, 2, 3)))
    assert found == (whole,)


def test_a_memo_that_no_longer_says_what_is_so_is_neither_sent_nor_approved(store):
    draft, before = made(store), load_state(store)
    with store.work() as work:
        change_person(work, ANA, name="Ana Reyes Lind")
    with pytest.raises(Refused, match="a name, a vehicle, a date"), store.work() as work:
        memos.send_memo(work, draft)

    assert load_state(store) == before


def refused_at(store, item, place="RSI"):
    with store.work() as work:
        kit.refuse_kit(work, place, item, actor="priya")


def test_no_memo_is_made_or_sent_with_an_item_that_the_prison_has_refused(store):
    draft = made(store)
    refused_at(store, NEEDLES)
    before = load_state(store)

    for act in (lambda: made(store), lambda: send(store, draft)):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "refused"
        assert "'acupuncture needles' may not be brought in at Risley (HMP)" in caught.value.detail
        assert f"leave it out: keytalk kit leave-out {RUN} 'acupuncture needles'" in caught.value.detail
        assert "--instead" in caught.value.detail
    assert load_state(store) == before


@pytest.mark.parametrize(("instead", "brought"), [(None, []), ("ear seeds", ["ear seeds"])])
def test_a_refused_item_that_is_left_out_or_replaced_is_in_no_memo_s_way(store, instead, brought):
    refused_at(store, NEEDLES)
    with store.work() as work:
        kit.leave_out_kit(work, RUN, NEEDLES, instead=instead, actor="priya")

    equipment = [each["item"] for each in shown(store, sent(store))["equipment"]]

    assert equipment == ["personal workbooks", "sensory and grounding items", *brought]


def test_what_comes_instead_and_is_refused_too_is_mended_by_the_name_of_what_it_replaces(store):
    with store.work() as work:
        kit.leave_out_kit(work, RUN, NEEDLES, instead="ear seeds", actor="priya")
    refused_at(store, "ear seeds")

    with pytest.raises(Refused, match=r"'ear seeds' may not be brought in .*leave-out .* 'acupuncture needles'"):
        made(store)


def test_items_only_asked_for_or_refused_elsewhere_are_listed_as_ever(store):
    refused_at(store, NEEDLES, "STI")
    with store.work() as work:
        kit.request_kit(work, "RSI", [NEEDLES], actor="priya")

    assert NEEDLES in [each["item"] for each in shown(store, sent(store))["equipment"]]


def test_the_next_version_keeps_host_and_purpose_where_they_are_not_given_anew(store):
    made(store, host="Activities hub", purpose="A group in the chapel")

    versions = [made(store), made(store, host="Gate lodge"), made(store, purpose="Taster day"), made(store)]

    assert [(each["host"], each["purpose"]) for each in (shown(store, memo) for memo in versions)] == [
        ("Activities hub", "A group in the chapel"),
        ("Gate lodge", "A group in the chapel"),
        ("Gate lodge", "Taster day"),
        ("Gate lodge", "Taster day"),
    ]
    of_one = shown(store, made(store, session_id=session_id(3)))
    assert (of_one["host"], of_one["purpose"]) == (None, "The Many Faces of Trauma (group programme)")


def load_state(store):
    return [(row.id, row.state, row.told) for row in rows(store, gate_memos)]


@pytest.mark.parametrize("act", [lambda work, memo: memos.approve_memo(work, memo, None), memos.refuse_memo])
def test_only_what_was_sent_is_answered_and_once(store, act):
    draft = made(store)
    with pytest.raises(Refused, match="is draft"), store.work() as work:
        act(work, draft)
    answered = approved(store)
    with pytest.raises(Refused, match="is approved"), store.work() as work:
        act(work, answered)


def test_a_memo_is_sent_once(store):
    memo = sent(store)
    with pytest.raises(Refused, match="is sent"), store.work() as work:
        memos.send_memo(work, memo)


@pytest.mark.parametrize(
    ("values", "why"),
    [({"mode": "remote"}, "remotely"), ({"state": "draft"}, "draft"), ({"state": "cancelled"}, "cancelled")],
)
def test_a_run_without_a_gate_or_that_does_not_stand_has_no_memo(store, values, why):
    with store.work() as work:
        work.connection.execute(update(runs).values(values))

    with pytest.raises(Refused, match=why):
        made(store)


def test_unknown_runs_sessions_and_memos_are_said_to_be_unknown(store):
    with pytest.raises(Refused, match="no such session") as caught:
        made(store, session_id=UUID(int=5))
    assert caught.value.fields["session"]
    for act in (memos.send_memo, memos.refuse_memo):
        with pytest.raises(Refused, match="no gate memo"), store.work() as work:
            act(work, UUID(int=5))
    with pytest.raises(Refused, match="no run"), store.work() as work:
        memos.make_memo(work, UUID(int=5), organisation="x", purpose=None, host=None, session_id=None, actor="priya")
    assert rows(store, gate_memos) == []


def test_a_run_that_is_over_has_nothing_to_announce(store):
    with pytest.raises(Refused, match="still to come"):
        made(at(store, "2027-05-01T09:00"))


def due(store, moment):
    with at(store, moment).work() as work:
        memos.find_due(work)
    return [task for task in told(store, TaskNeeded) if task.kind == "gate_memo_due"]


def test_a_memo_that_was_not_sent_is_asked_for_on_its_day_and_not_before(store):
    assert due(store, "2026-12-23T05:00") == []
    [task] = due(store, "2026-12-24T05:00")

    assert (task.reference, task.due_on) == ("KT-7F3K-92", dt.date(2026, 12, 24))
    assert due(store, "2026-12-29T05:00")[-1].key == task.key


def test_a_draft_does_not_do_and_a_sent_one_does(store):
    made(store)
    assert len(due(store, "2026-12-24T05:00")) == 1

    furnished(store.database)
    sent(store)
    assert due(store, "2026-12-24T05:00") == []


def test_a_memo_for_one_session_does_not_do_for_the_run(store):
    sent(store, session_id=session_id(1))

    assert [task.due_on for task in due(store, "2026-12-24T05:00")] == [dt.date(2026, 12, 24)]


def test_no_memo_is_asked_for_where_there_is_no_gate_or_nothing_to_come(store):
    assert due(store, "2027-05-01T05:00") == []
    with store.work() as work:
        work.connection.execute(update(runs).values(mode="remote"))
    assert due(store, "2026-12-24T05:00") == []


def test_a_host_is_forgotten_with_the_person_and_others_stay(store):
    with store.work() as work:
        add_run(work, UUID(int=901), "STI", "KT-2222-22", offset=100)
    memo = approved(store, host="Alex Morgan")
    with store.work() as work:
        when_person_erased(work, PersonErased(UUID(int=1), ("KT-2222-22",), ()))
    assert shown(store, memo)["host"] == "Alex Morgan"
    with store.database.reading() as connection:
        given = privacy.export_person(connection, ["KT-7F3K-92"], [])
    assert [(each["version"], each["host"]) for each in given["memos"]] == [(1, "Alex Morgan")]

    with store.work() as work:
        when_person_erased(work, PersonErased(UUID(int=1), ("KT-7F3K-92",), ()))

    assert "Alex" not in str(shown(store, memo))
    assert states(store) == ["approved"]


def test_memos_are_listed_by_when_they_are_due_and_found_by_their_run(store):
    first, now = approved(store), store.clock().date()
    second = made(store)
    with store.database.reading() as connection:
        listed = papers.list_memos(connection, now, run_id=None, state=None, limit=10)
        of_none = papers.list_memos(connection, now, run_id=UUID(int=5), state=None, limit=10)
        named = papers.find_memo(connection, RUN)
        with pytest.raises(Refused, match="none about a run"):
            papers.find_memo(connection, UUID(int=5))

    assert [each["memo"] for each in listed] == [str(first), str(second)]
    assert (of_none, named) == ([], second)


def test_a_clock_west_of_midnight_takes_london_s_day(store):
    # 23:30 UTC on 30 March is 31 March in London: the session of 30 March is past.
    late = replace(store, clock=lambda: dt.datetime(2027, 3, 30, 23, 30, tzinfo=dt.UTC))

    assert shown(late, made(late))["visits"][0]["date"] == "2027-04-06"
