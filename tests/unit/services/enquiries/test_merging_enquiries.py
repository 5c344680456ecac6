"""Merging and un-merging: no word is lost, either reference works, nobody is in anyone's way. On both databases."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from services.enquiries.domain.pipeline import Stage
from services.enquiries.handlers import leaving, matching, merging, pipeline, talking
from services.enquiries.handlers import tasks as work_tasks
from services.enquiries.tables import enquiries, matches
from shared.contracts.enquiries import StageChanged
from shared.errors import Refused
from tests.enquiry_store import (
    at,
    emptied,
    filed,
    know_establishment,
    new_database,
    post,
    row_of,
    rows,
    shown,
    stage_of,
    told,
)

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("merging"), request)
    yield database
    database.close()


@pytest.fixture(scope="module")
def sqlite_database(tmp_path_factory):
    database = new_database("sqlite", tmp_path_factory.mktemp("property"), None)
    yield database
    database.close()


@pytest.fixture
def store(database):
    return fresh(database)


def fresh(database):
    store = emptied(database, NOW)
    know_establishment(store, "RSI", "Risley (HMP)")
    return store


def nth(store, number, **changes):
    """Have the nth colleague of Risley ask, a day after the one before."""
    asked = {"contact_name": f"Person {number}", "contact_email": f"person{number}@risley.example"}
    return filed(at(store, NOW + timedelta(days=number)), **asked, message=f"Words of person {number}", **changes)


def merge(store, reference, into, reason="The same ask"):
    with store.work() as work:
        return merging.merge_enquiry(work, reference, into, reason=reason, actor="priya")


def unmerge(store, reference):
    with store.work() as work:
        merging.unmerge_enquiry(work, reference, reason=None, actor="priya")


def written_to(store, reference):
    return shown(store, reference)["contact"]["name"]


def test_the_older_shows_the_thread_and_the_newer_its_own_words(store):
    older, newer = nth(store, 1), nth(store, 2)
    merge(store, newer, older)

    thread, part = shown(store, older), shown(store, newer)
    assert [each["reference"] for each in thread["merged"]] == [newer]
    assert thread["merged"][0]["message"] == "Words of person 2"
    assert thread["merged"][0]["asked_by"]["email"] == "person2@risley.example"
    assert thread["message"] == "Words of person 1"
    assert thread["asked_by"]["email"] == "person1@risley.example"
    assert (part["merged_into"], part["thread"], part["standing"], part["stage"]) == (
        older,
        older,
        "merged",
        "duplicate",
    )
    assert part["message"] == "Words of person 2"
    assert part["next_stages"] == []
    assert "merged" in [step["kind"] for step in thread["merged"][0]["timeline"]]


def test_whoever_asked_last_is_written_to_until_it_is_taken_apart(store):
    older, newer = nth(store, 1), nth(store, 2)
    merge(store, newer, older)
    assert (written_to(store, older), written_to(store, newer)) == ("Person 2", "Person 2")

    unmerge(store, newer)

    assert (written_to(store, older), written_to(store, newer)) == ("Person 1", "Person 2")
    assert (row_of(store, newer).standing, stage_of(store, newer)) == ("filed", Stage.NEW)


def test_an_older_one_merged_into_a_newer_changes_nobody(store):
    older, newer = nth(store, 1), nth(store, 2)
    merge(store, older, newer)

    assert written_to(store, older) == "Person 2"
    assert row_of(store, newer).correspondent_id is None


def test_whoever_asked_last_and_has_left_is_not_written_to(store):
    older, newer = nth(store, 1), nth(store, 2)
    with store.work() as work:
        contact = row_of(store, newer).contact_id
        leaving.mark_contact_left(work, contact, reason=None, successor_id=None, actor="priya")
    merge(store, newer, older)

    assert written_to(store, older) == "Person 1"


def test_taken_apart_in_any_order_the_latest_that_is_left_is_written_to(store):
    first, second, third = (nth(store, number) for number in (1, 2, 3))
    merge(store, third, first)
    merge(store, second, first)
    assert written_to(store, first) == "Person 3"

    unmerge(store, third)
    assert written_to(store, first) == "Person 2"
    unmerge(store, second)
    assert written_to(store, first) == "Person 1"


def test_whom_an_operator_chose_stays(store):
    first, second, third = (nth(store, number) for number in (1, 2, 3))
    merge(store, second, first)
    with store.work() as work:
        matching.write_to(work, first, row_of(store, third).contact_id, actor="priya")
    unmerge(store, second)

    assert written_to(store, first) == "Person 3"


def test_merging_into_a_merged_one_goes_to_its_thread_and_taking_apart_keeps_what_lay_there(store):
    first, second, third = (nth(store, number) for number in (1, 2, 3))
    merge(store, second, first)
    assert merge(store, third, second) == first
    fourth = nth(store, 4)
    merge(store, first, fourth)

    with store.database.reading() as connection:
        assert {merging.root_of(connection, each) for each in (first, second, third, fourth)} == {fourth}
    assert [each["reference"] for each in shown(store, fourth)["merged"]] == [first, second, third]
    unmerge(store, first)
    assert [each["reference"] for each in shown(store, first)["merged"]] == [second, third]
    assert shown(store, fourth)["merged"] == []


def test_what_cannot_be_merged_is_refused_with_the_reason(store):
    first, second = nth(store, 1), nth(store, 2)
    with pytest.raises(Refused, match="one thread already"):
        merge(store, first, first)
    merge(store, second, first)
    with pytest.raises(Refused, match="one thread already"):
        merge(store, first, second)
    with pytest.raises(Refused, match="lies with"):
        merge(store, second, nth(store, 3))
    with pytest.raises(Refused, match="not merged"):
        unmerge(store, first)
    with pytest.raises(Refused, match="There is no enquiry"):
        merge(store, first, "KT-XXXX-XX")
    with pytest.raises(Refused, match="Un-merge them first"), store.work() as work:
        merging.not_duplicate(work, first, second, actor="priya")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"standing": "quarantined"}, "in quarantine"),
        ({"stage": "spam"}, "closed as spam"),
        ({"erased_at": NOW}, "were erased"),
        ({"stage": "won"}, "its run goes by it"),
    ],
)
def test_an_enquiry_in_such_a_state_is_not_merged(store, values, why):
    first, second = nth(store, 1), nth(store, 2)
    with store.work() as work:
        work.connection.execute(update(enquiries).where(enquiries.c.reference == second).values(values))

    with pytest.raises(Refused, match=why):
        merge(store, second, first)


def test_the_stage_changes_are_told_in_order_and_the_stage_comes_back(store):
    older, newer = nth(store, 1), nth(store, 2)
    with store.work() as work:
        pipeline.move_enquiry(work, newer, Stage.AVAILABILITY, actor="priya", reason=None)
    merge(store, newer, older)
    unmerge(store, newer)

    told_of = [(event.was, event.now) for event in told(store, StageChanged) if event.reference == newer]
    assert told_of == [("new", "availability"), ("availability", "duplicate"), ("duplicate", "availability")]
    assert row_of(store, newer).version == 4


def test_a_reply_to_either_reference_reaches_the_thread(store):
    older, newer = nth(store, 1), nth(store, 2)
    merge(store, newer, older)
    with store.work() as work:
        talking.add_note(work, newer, "They rang about the room.", actor="priya")

    assert shown(store, older)["timeline"][-1]["reason"] == "They rang about the room."


def test_what_was_to_be_done_goes_on_with_the_thread_and_comes_back(store):
    older, newer = nth(store, 1), nth(store, 2)
    with store.work() as work:
        work_tasks.add_task(
            work, key=None, kind="by_hand", title="Ask for the room", due_on=NOW.date(), reference=newer, actor="priya"
        )
    merge(store, newer, older)
    assert [task["kind"] for task in shown(store, older)["merged"][0]["tasks"]] == ["by_hand"]
    unmerge(store, newer)

    assert {task["kind"] for task in shown(store, newer)["tasks"]} == {"by_hand", "reply"}


def test_a_merge_settles_the_suggestion_and_taking_apart_opens_it_again(store):
    older, newer = nth(store, 1), nth(store, 2)
    merge(store, newer, older)
    assert [row.state for row in rows(store, matches) if row.kind == "duplicate"] == ["taken"]
    unmerge(store, newer)

    assert [row.state for row in rows(store, matches) if row.kind == "duplicate"] == ["suggested"]


def test_one_that_is_not_filed_yet_is_merged_with_its_contact(store):
    older = nth(store, 1)
    newer = post(at(store, NOW + timedelta(days=2)), contact_name="Sam Hub", contact_email="hub@risley.example")
    merge(store, newer, older)

    assert written_to(store, older) == "Sam Hub"


def test_of_two_merges_at_once_into_each_other_one_is_made(store):
    first, second = nth(store, 1), nth(store, 2)
    refused = []

    def try_it(one, other):
        try:
            merge(store, one, other)
        except Refused as refusal:
            refused.append(refusal)

    both = [threading.Thread(target=try_it, args=pair) for pair in ((first, second), (second, first))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(timeout=30)

    assert len(refused) == 1
    assert sorted([row_of(store, first).standing, row_of(store, second).standing]) == ["filed", "merged"]


def test_taken_out_from_below_the_whole_thread_is_written_to_as_if_it_had_never_been_in_it(store):
    first, second, third = (nth(store, number) for number in range(3))
    merge(store, third, second)
    merge(store, second, first)
    unmerge(store, third)

    assert shown(store, first)["contact"]["email"] == "person1@risley.example"


STEPS = st.lists(
    st.tuples(st.sampled_from(["merge", "unmerge", "not_duplicate"]), st.integers(0, 3), st.integers(0, 3)),
    max_size=12,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_whatever_is_merged_and_taken_apart_every_word_is_found_and_the_balance_comes_out(sqlite_database, steps):
    store = fresh(sqlite_database)
    references = [nth(store, number) for number in range(4)]
    for act, one, other in steps:
        with suppress(Refused), store.work() as work:
            if act == "merge":
                merging.merge_enquiry(work, references[one], references[other], reason="x", actor="priya")
            elif act == "unmerge":
                merging.unmerge_enquiry(work, references[one], reason=None, actor="priya")
            else:
                merging.not_duplicate(work, references[one], references[other], actor="priya")

    for number, reference in enumerate(references):
        whole = shown(store, reference)
        assert whole["message"] == f"Words of person {number}"
        assert whole["asked_by"]["email"] == f"person{number}@risley.example"
        thread = shown(store, whole["thread"])
        assert reference in {thread["reference"], *(each["reference"] for each in thread["merged"])}
        assert whole["contact"]["email"] == thread["contact"]["email"]
        # The latest of a thread is the one to write to.
        numbers = [
            references.index(each) for each in (thread["reference"], *(m["reference"] for m in thread["merged"]))
        ]
        assert thread["contact"]["email"] == f"person{max(numbers)}@risley.example"
    with store.database.reading() as connection:
        accounted = enquiries.c.standing.in_(["filed", "quarantined", "merged"])
        received = connection.scalar(select(func.count()).select_from(enquiries))
        assert connection.scalar(select(func.count()).select_from(enquiries).where(accounted)) == received == 4
