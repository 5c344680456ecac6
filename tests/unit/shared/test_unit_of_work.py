"""One commit saves facts and their news, or neither."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import URL

from shared.contracts.enquiries import StageChanged
from shared.errors import Refused
from shared.observability.context import about
from shared.persistence.database import JOBS, OUTBOX, Database


def _store_and_tell(office, work):
    work.connection.execute(office.effects.insert().values(what="KT-1 won"))
    work.record(StageChanged("KT-1", "agreement", "won"), subject="KT-1", sequence=6)


def test_news_is_written_with_the_state_it_tells_of(enquiries):
    with enquiries.store.work() as work:
        _store_and_tell(enquiries, work)

    assert enquiries.done() == ["KT-1 won"]
    [news] = enquiries.news(published=False)
    assert (news.type, news.source, news.subject, news.sequence) == ("stage_changed", "enquiries", "KT-1", 6)
    assert (news.time, news.data["now"]) == (enquiries.clock.at, "won")


def test_work_that_raises_leaves_neither_state_nor_news(enquiries):
    def work_that_raises():
        with enquiries.store.work() as work:
            _store_and_tell(enquiries, work)
            raise LookupError

    with pytest.raises(LookupError):
        work_that_raises()

    assert (enquiries.done(), enquiries.news()) == ([], [])


def test_a_trial_leaves_nothing(enquiries):
    with enquiries.store.work(trial=True) as work:
        _store_and_tell(enquiries, work)
        within = work.connection.execute(enquiries.effects.select()).all()

    assert len(within) == 1
    assert (enquiries.done(), enquiries.news()) == ([], [])


def test_news_that_no_event_caused_begins_a_story_of_its_own(enquiries):
    with enquiries.store.work() as work:
        _store_and_tell(enquiries, work)

    [news] = enquiries.news()
    assert (news.correlation_id, news.causation_id) == (str(news.id), None)


def test_news_carries_on_the_story_of_the_request(enquiries):
    with about(correlation_id="request-7", traceparent="00-1-2-01"), enquiries.store.work() as work:
        _store_and_tell(enquiries, work)

    [news] = enquiries.news()
    assert (news.correlation_id, news.traceparent) == ("request-7", "00-1-2-01")


def test_several_pieces_of_news_lie_in_the_order_they_were_told(enquiries):
    enquiries.tell("KT-2 won", "KT-1 won", "KT-3 won")

    assert [news.subject for news in enquiries.news()] == ["KT-2", "KT-1", "KT-3"]


def test_a_commit_with_news_wakes_the_relay_and_a_rollback_or_one_without_does_not(enquiries):
    woken = []
    enquiries.database.when_told(OUTBOX, lambda: woken.append(enquiries.done()))

    with pytest.raises(LookupError), enquiries.store.work():
        raise LookupError
    with enquiries.store.work():
        pass
    assert woken == []

    enquiries.tell("KT-1 won")
    assert woken == [["KT-1 won"]]


def test_a_job_that_is_scheduled_twice_is_there_once_and_wakes_the_scheduler(enquiries):
    woken = []
    enquiries.database.when_told(JOBS, lambda: woken.append(True))

    for _ in range(2):
        with enquiries.store.work() as work:
            work.schedule("send", "KT-1", work.now)

    assert enquiries.jobs() == [("send", enquiries.clock.at)]
    assert woken == [True, True]


def test_a_database_that_cannot_be_opened_is_refused_in_plain_words(tmp_path):
    database = Database(URL.create("sqlite", database=str(tmp_path)))

    with pytest.raises(Refused, match="try again in a minute") as refusal, database.reading():
        pass

    assert (refusal.value.code, database.answers()) == ("unavailable", False)
    database.close()
