"""The finer points of the inbox: order, waiting, what is kept of an event, and a database that is away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from backbone_cast import moved
from sqlalchemy.engine import URL

from shared.errors import Refused
from shared.messaging.inbox import Inbox
from shared.persistence.database import Database
from shared.persistence.work import Store


def test_events_of_a_batch_are_handled_in_their_order(scheduling):
    scheduling.inbox().receive([moved("KT-2 won"), moved("KT-1 agreement"), moved("KT-1 won")])

    assert scheduling.done() == ["KT-2 won", "KT-1 agreement", "KT-1 won"]


def test_a_handled_event_leaves_no_envelope_behind(scheduling):
    scheduling.inbox().receive([moved("KT-1 won")])

    [row] = scheduling.received()
    assert (row.state, row.envelope, row.handled_at) == ("handled", None, scheduling.clock.at)


def test_an_event_is_tried_again_when_its_time_has_come_and_not_a_moment_before(scheduling):
    scheduling.in_trouble = {"KT-1"}
    inbox = scheduling.inbox()
    inbox.receive([moved("KT-1 won")])
    scheduling.in_trouble.clear()

    scheduling.clock.move(seconds=0.9)
    assert inbox.retry_due() == 0

    scheduling.clock.move(seconds=0.1)
    assert inbox.retry_due() == 1
    assert scheduling.done() == ["KT-1 won"]
    [row] = scheduling.received()
    assert (row.state, row.envelope) == ("handled", None)


def test_events_that_came_behind_a_failed_one_in_several_batches_run_in_their_order(scheduling):
    scheduling.in_trouble = {"KT-1"}
    inbox = scheduling.inbox()
    inbox.receive([moved("KT-1 suitability")])
    scheduling.in_trouble.clear()
    inbox.receive([moved("KT-1 next_steps"), moved("KT-1 agreement")])
    inbox.receive([moved("KT-1 won")])

    assert inbox.retry_due() == 0
    scheduling.clock.move(seconds=1)
    assert inbox.retry_due() == 4

    assert scheduling.done() == ["KT-1 suitability", "KT-1 next_steps", "KT-1 agreement", "KT-1 won"]


def test_an_event_behind_a_failed_one_of_its_own_batch_waits_untried(scheduling):
    scheduling.in_trouble = {"KT-1"}

    scheduling.inbox().receive([moved("KT-1 agreement"), moved("KT-1 won")])

    assert [(row.state, row.attempts) for row in scheduling.received()] == [("waiting", 1), ("waiting", 0)]


def test_a_repeat_of_a_waiting_event_changes_nothing(scheduling):
    scheduling.in_trouble = {"KT-1"}
    event, inbox = moved("KT-1 won"), scheduling.inbox()
    inbox.receive([event])

    inbox.receive([event])

    [row] = scheduling.received()
    assert (row.state, row.attempts) == ("waiting", 1)


def test_a_dead_event_holds_up_its_own_subject_and_no_other(scheduling):
    inbox = scheduling.inbox()
    inbox.receive([moved("KT-1 agreement", data={"reference": "KT-1"}), moved("KT-1 won")])

    scheduling.clock.move(days=30)
    assert inbox.retry_due() == 0
    inbox.receive([moved("KT-2 won")])

    assert scheduling.done() == ["KT-2 won"]
    assert scheduling.states() == [("KT-1", "dead"), ("KT-1", "waiting"), ("KT-2", "handled")]


def test_a_refusal_by_the_domain_waits_like_any_other_error(scheduling):
    def refuse(_work, _event):
        raise Refused("conflict", "Someone else changed this first.")

    scheduling.inbox(stage_changed=refuse).receive([moved("KT-1 won"), moved("KT-2 won")])

    assert scheduling.states() == [("KT-1", "waiting"), ("KT-2", "waiting")]


def test_news_made_by_a_handler_names_the_event_that_caused_it(scheduling):
    cause = moved("KT-1 won")

    scheduling.inbox().receive([cause])

    [news] = scheduling.news()
    assert (news.source, news.causation_id) == ("scheduling", str(cause.id))
    assert news.correlation_id == "the-first-call"


def test_a_databases_own_words_about_a_row_are_not_kept(scheduling):
    def clash(work, _event):
        row = scheduling.effects.insert().values(id=1, what="Alex Morgan")
        work.connection.execute(row)
        work.connection.execute(row)

    scheduling.inbox(stage_changed=clash).receive([moved("KT-1 won")])

    [row] = scheduling.received()
    assert row.error == "IntegrityError: IntegrityError"


def test_while_the_database_is_away_the_batch_is_given_back(scheduling, tmp_path):
    nowhere = Database(URL.create("sqlite", database=str(tmp_path)))
    store = Store(nowhere, scheduling.messaging, scheduling.clock, "scheduling")
    inbox = Inbox(store, {"stage_changed": scheduling.when_stage_changed})

    with pytest.raises(Refused) as refusal:
        inbox.receive([moved("KT-1 won")])

    assert refusal.value.code == "unavailable"
    nowhere.close()


def test_each_failure_sets_the_alarm_for_the_next_try(scheduling):
    scheduling.in_trouble = {"KT-1"}

    scheduling.inbox().receive([moved("KT-1 won")])

    assert scheduling.jobs() == [("retry_events", scheduling.clock.at + timedelta(seconds=1))]


def test_an_event_whose_handling_ends_the_process_is_dead_after_its_last_try(scheduling):
    def end_the_process(_work, _event):
        raise SystemExit

    scheduling.in_trouble = {"KT-1"}
    scheduling.inbox().receive([moved("KT-1 won")])
    inbox = scheduling.inbox(stage_changed=end_the_process)

    for _ in range(2):
        scheduling.clock.move(minutes=2)
        with pytest.raises(SystemExit):
            inbox.retry_due()
    scheduling.clock.move(minutes=2)
    inbox.retry_due()

    [row] = scheduling.received()
    assert row.state == "dead"
    assert "never came to an end" in row.error


def test_a_retry_that_was_broken_off_is_not_taken_up_at_once(scheduling):
    def end_the_process(_work, _event):
        raise SystemExit

    scheduling.in_trouble = {"KT-1"}
    scheduling.inbox().receive([moved("KT-1 won")])
    scheduling.clock.move(seconds=1)
    with pytest.raises(SystemExit):
        scheduling.inbox(stage_changed=end_the_process).retry_due()
    scheduling.in_trouble.clear()

    assert scheduling.inbox().retry_due() == 0
    scheduling.clock.move(minutes=1)
    assert scheduling.inbox().retry_due() == 1
    assert scheduling.done() == ["KT-1 won"]
    assert ("retry_events", scheduling.clock.at) in scheduling.jobs()


def test_a_batch_that_is_kept_is_tried_one_by_one_in_its_order_and_only_the_deadly_one_dies(scheduling):
    def end_the_process(work, event):
        scheduling.when_stage_changed(work, event)
        if event.reference == "KT-2":
            raise SystemExit

    batch = [moved("KT-1 won"), moved("KT-2 won"), moved("KT-3 agreement"), moved("KT-3 won")]
    inbox = scheduling.inbox(stage_changed=end_the_process)
    for _ in range(2):
        inbox.keep(batch)
    assert [kind for kind, _at in scheduling.jobs()] == ["retry_events"]

    for _ in range(3):
        with pytest.raises(SystemExit):
            inbox.retry_due()
        scheduling.clock.move(minutes=1)
    inbox.retry_due()

    assert scheduling.done() == ["KT-1 won", "KT-3 agreement", "KT-3 won"]
    assert scheduling.states() == [("KT-1", "handled"), ("KT-2", "dead"), ("KT-3", "handled"), ("KT-3", "handled")]


def test_a_database_that_goes_away_in_the_middle_leaves_nothing_of_the_batch(scheduling):
    def gone(work, event):
        scheduling.when_stage_changed(work, event)
        if event.reference == "KT-2":
            raise Refused("unavailable", "The database cannot be reached.")

    with pytest.raises(Refused):
        scheduling.inbox(stage_changed=gone).receive([moved("KT-1 won"), moved("KT-2 won")])

    assert (scheduling.done(), scheduling.news(), scheduling.states()) == ([], [], [])
