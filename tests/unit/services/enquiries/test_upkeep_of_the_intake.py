"""The daily balance, the silences and the canaries, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.engine import make_url

from services.enquiries import queries
from services.enquiries.domain.timeline import Kind
from services.enquiries.handlers import filing, history, intake, upkeep
from services.enquiries.tables import canaries, enquiries, ledger_days, messaging, metadata
from shared.contracts.notifications import MessageAccepted
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store, UnitOfWork
from tests.examples import risley_enquiry

NOON = datetime(2026, 12, 4, 12, tzinfo=UTC)
CLOSING = datetime(2026, 12, 5, 1, tzinfo=UTC)
FRIDAY = date(2026, 12, 4)
ANSWERS = risley_enquiry(preferred_start=date(2027, 1, 12))
SPAM = risley_enquiry(preferred_start=None, message="https://a.example https://b.example <a href=x>")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path, clock):
    url = f"sqlite:///{tmp_path / 'enquiries.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database().replace("postgresql:", "postgresql+psycopg:")
    database = Database(make_url(url))
    metadata.create_all(database.engine)
    yield Store(database, messaging, clock, "enquiries")
    database.close()


def receive(store: Store, answers=ANSWERS, channel="form") -> str:
    return intake.receive_enquiry(store, answers, idempotency_key=None, channel=channel).reference


def file(store: Store, reference: str, **changes) -> None:
    """Do what is done after a post: file it and thank for it; or leave it at what `changes` say."""
    values = {"filed_at": store.clock(), "acknowledged_at": store.clock(), **changes}
    with store.work() as work:
        work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(values))


def close(store: Store, clock: Clock, at: datetime = CLOSING) -> list[str]:
    clock.now = at
    with store.work() as work:
        upkeep.close_days(work, ())
        return alarms(work)


def alarms(work: UnitOfWork) -> list[str]:
    return [f"{news.data['kind']} since {news.data['since']}" for news in work.news if news.type == "intake_alarm"]


def ledger(store: Store, day: date = FRIDAY) -> dict:
    with store.database.reading() as connection:
        return queries.list_ledger(connection, day, 1, store.clock())[0]


def test_a_day_is_drawn_up_and_kept_and_all_of_it_is_accounted_for(store, clock):
    for channel in ("form", "api", "phone"):
        file(store, receive(store, channel=channel))
    receive(store, SPAM)

    assert close(store, clock) == []

    with store.database.reading() as connection:
        [row] = connection.execute(select(ledger_days))
    assert (row.day, row.received, row.filed, row.quarantined, row.merged) == (FRIDAY, 4, 3, 1, 0)
    assert row.unaccounted == "[]"
    drawn = ledger(store)
    assert (drawn["comes_out"], drawn["by_hand"], drawn["closed_at"]) == (True, 1, CLOSING.isoformat())


def test_what_was_never_filed_is_named_and_the_alarm_is_raised_once(store, clock):
    reference = receive(store)

    assert close(store, clock) == [f"ledger since {datetime(2026, 12, 4, tzinfo=UTC).isoformat()}"]
    assert close(store, clock) == []

    [left] = ledger(store)["unaccounted"]
    assert left["reference"] == reference
    assert left["why"].startswith("it was never filed")


def test_a_real_filing_and_a_real_acknowledgement_are_what_the_balance_asks_for(store, clock):
    reference = receive(store)
    with store.work() as work:
        filing.when_enquiry_received(work, _received(work, reference))
        accepted = MessageAccepted(work.new_id(), "enquiry_received", reference, work.now)
        intake.when_message_accepted(work, accepted)

    assert close(store, clock) == []


def _received(work, reference: str):
    row = work.connection.execute(select(enquiries).where(enquiries.c.reference == reference)).one()
    return intake.filed_event(row._asdict(), reference, row.establishment_id, row.received_at)


def test_what_was_merged_into_nothing_is_named(store, clock):
    target, lost = receive(store), receive(store)
    file(store, target)
    file(store, lost, standing="merged", merged_into=target)
    assert ledger(store)["comes_out"]

    file(store, lost, standing="merged", merged_into="KT-0000-00")

    assert [each["reference"] for each in ledger(store)["unaccounted"]] == [lost]


def test_what_was_released_late_has_its_hour_from_then_on(store, clock):
    reference = receive(store, SPAM)
    clock.now = released_at = NOON + timedelta(hours=12)
    with store.work() as work:
        history.write(work, reference, Kind.RELEASED, actor="priya")
    file(store, reference, standing="filed", filed_at=None, acknowledged_at=None)

    clock.now = released_at + timedelta(minutes=59)
    assert ledger(store)["comes_out"]
    clock.now = released_at + timedelta(minutes=61)
    assert not ledger(store)["comes_out"]


def test_what_was_erased_still_counts_and_is_no_reproach(store, clock):
    file(store, receive(store), erased_at=NOON, acknowledged_at=None, contact_email=None)

    drawn = ledger(store)

    assert (drawn["received"], drawn["comes_out"]) == (1, True)


def test_days_that_nobody_closed_are_closed_later(store, clock):
    file(store, receive(store))
    close(store, clock)

    close(store, clock, CLOSING + timedelta(days=3))

    with store.database.reading() as connection:
        days = list(connection.scalars(select(ledger_days.c.day).order_by(ledger_days.c.day)))
    assert days == [date(2026, 12, 4), date(2026, 12, 5), date(2026, 12, 6), date(2026, 12, 7)]


def one_a_day(store: Store, clock: Clock) -> datetime:
    """Have an enquiry come on each of twelve working days, from Monday 9 to Tuesday 24 November; give the last."""
    for ahead in range(16):
        clock.now = datetime(2026, 11, 9, 10, tzinfo=UTC) + timedelta(days=ahead)
        if clock.now.weekday() < 5:
            file(store, receive(store))
    return clock.now


def test_an_unusual_silence_is_told_once_and_again_only_after_something_came(store, clock):
    last = one_a_day(store, clock)
    told = []
    for night in range(1, 7):
        told += close(store, clock, last.replace(hour=1) + timedelta(days=night))

    assert told == [f"silence since {last.isoformat()}"]

    clock.now = again = datetime(2026, 12, 1, 10, tzinfo=UTC)
    file(store, receive(store))
    told = []
    for night in range(1, 7):
        told += close(store, clock, again.replace(hour=1) + timedelta(days=night))

    assert told == [f"silence since {again.isoformat()}"]


def test_suspects_and_what_was_taken_by_hand_do_not_break_a_silence(store, clock):
    last = one_a_day(store, clock)
    clock.now = last + timedelta(days=1)
    receive(store, SPAM)
    file(store, receive(store, channel="phone"))

    told = []
    for night in range(2, 7):
        told += close(store, clock, last.replace(hour=1) + timedelta(days=night))

    assert told == [f"silence since {last.isoformat()}"]


def send(store: Store, failed=None, *, arrives: bool = True) -> tuple[str, list[str]]:
    """Send a canary, and give its state with the alarms it raised."""
    with store.work() as work:
        canary_id = upkeep.canary_sent(work)
    if arrives and failed is None:
        with store.work() as work:
            upkeep.canary_arrived(work, canary_id)
    with store.work() as work:
        state = upkeep.canary_answered(work, canary_id, failed)
        return state, alarms(work)


def listed(store: Store) -> list[dict]:
    with store.database.reading() as connection:
        return queries.list_canaries(connection, limit=10)


def test_the_alarm_is_raised_at_the_first_canary_that_fails_and_again_after_one_has_arrived(store, clock):
    states, told = [], []
    for failed in (
        None,
        ("refused", "it was answered 503"),
        ("lost", "no answer: ConnectionError"),
        None,
        ("lost", "x"),
    ):
        clock.now += timedelta(hours=1)
        state, raised = send(store, failed)
        states.append(state)
        told.append(len(raised))

    assert states == ["arrived", "refused", "lost", "arrived", "lost"]
    assert told == [0, 1, 0, 0, 1]
    assert [row["state"] for row in listed(store)] == states[::-1]
    assert listed(store)[3]["why"] == "it was answered 503"


def test_the_very_first_canary_that_fails_raises_the_alarm(store, clock):
    assert send(store, ("lost", "no answer")) == ("lost", [f"canary since {NOON.isoformat()}"])


def test_a_canary_that_somebody_else_answered_is_lost(store):
    state, raised = send(store, arrives=False)

    assert (state, len(raised)) == ("lost", 1)
    assert "did not come in here" in listed(store)[0]["why"]


def test_a_canary_that_arrives_twice_has_one_reference_and_is_no_enquiry(store):
    with store.work() as work:
        canary_id = upkeep.canary_sent(work)
    with store.work() as work:
        first, second = (upkeep.canary_arrived(work, canary_id) for _ in range(2))

    assert first.reference == second.reference
    assert ledger(store)["received"] == 0


def test_a_canary_that_was_not_sent_from_here_is_refused(store):
    with store.work() as work, pytest.raises(Refused, match="not sent from here"):
        upkeep.canary_arrived(work, work.new_id())


def test_canaries_are_kept_for_a_season(store, clock):
    send(store)
    clock.now += timedelta(days=91)
    send(store)

    with store.database.reading() as connection:
        assert len(connection.execute(select(canaries)).all()) == 1


def test_what_was_never_filed_is_found_after_an_hour_and_filed_once(store, clock):
    old = receive(store)
    receive(store, SPAM)
    clock.now += timedelta(hours=1, minutes=1)
    receive(store)

    with store.work() as work:
        assert filing.left_over(work, 10) == [old]
        filing.file_enquiry(work, old)
        assert filing.left_over(work, 10) == []
        found = queries.get_enquiry(work.connection, old)

    assert (found["contact"]["status"], found["first_reply_due_at"] is not None) == ("active", True)
