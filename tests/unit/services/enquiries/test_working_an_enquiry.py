"""The pipeline at work on both databases: clocks, tasks, checklists and what people say, each in its transaction."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import URL, make_url

from services.enquiries.commitment_schemas import parse_proposal
from services.enquiries.domain.checklists import Answer
from services.enquiries.domain.pipeline import Side, Stage
from services.enquiries.domain.references import normalise_reference
from services.enquiries.doors.pipeline import PipelineDoors
from services.enquiries.doors.talking import TalkingDoors
from services.enquiries.handlers import clocks, filing, intake, pipeline, proposals, taking, talking, tasks
from services.enquiries.queries.talking import get_reply
from services.enquiries.queries.tasks import TasksWanted, checklist_of, list_tasks
from services.enquiries.tables import enquiries, establishments, messaging, metadata, strikes, timeline, timeline_words
from services.enquiries.tables import proposals as proposals_table
from services.enquiries.tables import tasks as tasks_table
from services.enquiries.taken_schemas import parse_taken
from shared.clock import fixed_clock, parse_moment
from shared.contracts.base import contract_for
from shared.contracts.enquiries import (
    AnswerAwaited,
    EnquiryReceived,
    FirstReplyDue,
    ProposalSettled,
    ReplyWritten,
    StageChanged,
)
from shared.errors import Refused
from shared.messaging.envelope import Envelope
from shared.persistence.database import Database
from shared.persistence.work import Store

TUESDAY = parse_moment("2026-11-24T09:30")
ANSWERS = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Alex Morgan",
    "contact_email": "alex.morgan@risley.example",
}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    if request.param == "sqlite":
        url = URL.create("sqlite", database=str(tmp_path_factory.mktemp("working") / "enquiries.sqlite3"))
    else:
        postgres = request.getfixturevalue("postgres")
        url = make_url(postgres.new_database("working")).set(drivername="postgresql+psycopg")
    database = Database(url, pool_size=8)
    metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def store(database):
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return Store(database, messaging, fixed_clock(TUESDAY), "enquiries")


def at(store: Store, moment: str | datetime) -> Store:
    return replace(store, clock=fixed_clock(parse_moment(moment) if isinstance(moment, str) else moment))


def file(store: Store, reference: str) -> None:
    with store.work() as work:
        row = work.connection.execute(select(enquiries).where(enquiries.c.reference == reference)).one()
        received = EnquiryReceived(
            reference, row.programme, row.establishment_id, row.group_size, None, None, None, row.received_at
        )
        filing.when_enquiry_received(work, received)


def posted(store: Store, **more: object) -> str:
    reference = intake.receive_enquiry(store, {**ANSWERS, **more}, idempotency_key=None, channel="api").reference
    file(store, reference)
    return reference


def row_of(store: Store, reference: str):
    with store.database.reading() as connection:
        return connection.execute(select(enquiries).where(enquiries.c.reference == reference)).one()


def told(store: Store, kind: type) -> list[object]:
    """Give what was said in events of a kind, in order."""
    with store.database.reading() as connection:
        raw = connection.scalars(select(messaging.outbox.c.envelope).order_by(messaging.outbox.c.seq)).all()
    news = [Envelope.from_json(each) for each in raw]
    events = [contract_for(each.type).load(each.data) for each in news]
    return [event for event in events if isinstance(event, kind)]


def steps(store: Store, reference: str) -> list[tuple[str, str]]:
    with store.database.reading() as connection:
        query = select(timeline.c.kind, timeline.c.actor).where(timeline.c.reference == reference)
        return [(row.kind, row.actor) for row in connection.execute(query.order_by(timeline.c.id))]


def open_tasks(store: Store, reference: str) -> list[str]:
    with store.database.reading() as connection:
        return [each["title"] for each in list_tasks(connection, TasksWanted(reference=reference), limit=100)]


def do(store: Store, act, *args, **kwargs):
    with store.work() as work:
        return act(work, *args, **kwargs)


def move(store: Store, reference: str, to: Stage, reason: str | None = None) -> list[str]:
    return do(store, pipeline.move_enquiry, reference, to, actor="priya", reason=reason)


def test_filing_sets_the_first_reply_clock_and_asks_for_the_reply(store):
    reference = posted(store)

    assert row_of(store, reference).first_reply_due_at == parse_moment("2026-11-26T17:00")
    assert open_tasks(store, reference) == ["Write the first reply"]


def test_the_bank_holidays_are_those_of_the_establishments_nation(store):
    with store.work() as work:
        for id_, nation in (("BWI", "wales"), ("PTH", "scotland"), ("MGY", "northern-ireland")):
            row = {"id": id_, "name": id_, "bare_name": id_, "nation": nation, "active": True, "version": 1}
            work.connection.execute(establishments.insert(), row)
    friday = at(store, "2026-11-27T17:30")
    march = at(store, "2027-03-15T10:00")

    due = {
        (place, when): row_of(store, posted(moment, establishment=place)).first_reply_due_at
        for place in ("BWI", "PTH", "MGY", "Somewhere")
        for when, moment in (("friday", friday), ("march", march))
    }

    assert (
        due["BWI", "friday"] == due["MGY", "friday"] == due["Somewhere", "friday"] == parse_moment("2026-12-01T17:00")
    )
    assert due["PTH", "friday"] == parse_moment("2026-12-02T17:00")
    assert due["BWI", "march"] == due["PTH", "march"] == parse_moment("2027-03-17T17:00")
    assert due["MGY", "march"] == parse_moment("2027-03-18T17:00")


def test_a_first_reply_that_nobody_writes_is_said_due_and_late_once_each(store):
    reference = posted(store)

    counts = [
        clocks.strike_due(at(store, moment))
        for moment in (
            "2026-11-26T08:59",
            "2026-11-26T09:00",
            "2026-11-26T09:00",
            "2026-11-27T09:00",
            "2026-12-30T09:00",
        )
    ]

    assert counts == [{}, {"due": 1}, {}, {"late": 1}, {}]
    due_at = parse_moment("2026-11-26T17:00")
    assert told(store, FirstReplyDue) == [
        FirstReplyDue(reference, "due", due_at),
        FirstReplyDue(reference, "late", due_at),
    ]


def test_a_reply_of_a_person_stops_the_clock_ends_its_task_and_is_sent(store):
    reference = posted(store)
    wednesday = at(store, "2026-11-25T11:00")

    entry_id = do(wednesday, talking.reply, reference, "Thank you, we can.", sent=False, actor="priya")

    row = row_of(store, reference)
    assert (row.first_reply_at, row.waiting_on) == (parse_moment("2026-11-25T11:00"), "prison")
    assert row.waiting_since == row.last_word_at == row.first_reply_at
    assert open_tasks(store, reference) == []
    assert told(store, ReplyWritten) == [ReplyWritten(reference, entry_id)]
    with store.database.reading() as connection:
        reply = get_reply(connection, entry_id)
    assert (reply["reference"], reply["words"], reply["actor"]) == (reference, "Thank you, we can.", "priya")
    assert reply["contact"]["email"] == "alex.morgan@risley.example"
    assert clocks.strike_due(at(store, "2026-11-30T09:00")) == {}


def test_a_reply_that_was_sent_from_a_mailbox_is_only_recorded(store):
    reference = posted(store)

    do(store, talking.reply, reference, "Written from my mailbox.", sent=True, actor="priya")

    assert told(store, ReplyWritten) == []
    assert row_of(store, reference).first_reply_at == TUESDAY


def test_a_call_that_is_answered_stops_the_clock_and_one_that_is_not_leaves_it(store):
    reference = posted(store)

    do(store, talking.log_call, reference, "Nobody there.", answered=False, waiting_on=None, actor="priya")
    assert row_of(store, reference).first_reply_at is None
    do(store, talking.log_call, reference, "We spoke.", answered=True, waiting_on=Side.PRISON, actor="priya")

    row = row_of(store, reference)
    assert (row.first_reply_at, row.waiting_on) == (TUESDAY, "prison")
    assert open_tasks(store, reference) == []


def test_silence_goes_from_two_nudges_to_a_call_to_a_lapse_and_each_is_said_once(store):
    reference = posted(store)
    do(store, talking.reply, reference, "Which dates suit you?", sent=True, actor="priya")

    december = ("12-01", "12-01", "12-02", "12-08", "12-15", "12-16")
    counts = [clocks.strike_due(at(store, f"2026-{day}T09:00")) for day in december]
    lapsed = clocks.strike_due(at(store, "2027-01-08T09:00"))
    after = clocks.strike_due(at(store, "2027-03-01T09:00"))

    assert counts == [{"first_nudge": 1}, {}, {}, {"second_nudge": 1}, {"offer_call": 1}, {}]
    assert (lapsed, after) == ({"lapse": 1}, {})
    assert [each.step for each in told(store, AnswerAwaited)] == ["first_nudge", "second_nudge", "offer_call"]
    assert {each.since for each in told(store, AnswerAwaited)} == {TUESDAY}
    assert told(store, StageChanged) == [StageChanged(reference, "new", "lapsed")]
    assert ("moved", "clock") in steps(store, reference)
    assert open_tasks(store, reference) == []
    with store.database.reading() as connection:
        words = connection.scalars(select(timeline_words.c.words)).all()
    assert clocks.LAPSED in words


def test_the_offer_of_a_call_is_a_task_too(store):
    reference = posted(store)
    do(store, talking.reply, reference, "Which dates suit you?", sent=True, actor="priya")

    clocks.strike_due(at(store, "2026-12-15T09:00"))

    assert open_tasks(store, reference) == ["Offer them a call: 15 working days without an answer"]


def test_an_answer_sets_the_clocks_anew_and_asks_for_a_reply_and_a_second_round_counts_from_it(store):
    reference = posted(store)
    do(store, talking.reply, reference, "Which dates suit you?", sent=True, actor="priya")
    clocks.strike_due(at(store, "2026-12-01T09:00"))

    do(at(store, "2026-12-02T14:00"), talking.log_answer, reference, "Tuesdays.", actor="priya")
    assert row_of(store, reference).waiting_on == "us"
    assert open_tasks(store, reference) == ["Reply to what they said"]
    assert clocks.strike_due(at(store, "2027-01-08T09:00")) == {}
    do(at(store, "2026-12-03T10:00"), talking.reply, reference, "Then the 12th.", sent=True, actor="priya")

    assert open_tasks(store, reference) == []
    assert clocks.strike_due(at(store, "2026-12-09T09:00")) == {}
    assert clocks.strike_due(at(store, "2026-12-10T09:00")) == {"first_nudge": 1}


def test_the_first_reply_clock_rests_while_we_wait_on_others(store):
    reference = posted(store)
    do(at(store, "2026-11-25T10:00"), pipeline.wait_on, reference, Side.PRISON, actor="priya", reason="They ask first.")

    assert clocks.strike_due(at(store, "2026-11-27T09:00")) == {}
    do(at(store, "2026-11-27T10:00"), pipeline.wait_on, reference, Side.US, actor="priya", reason=None)

    assert row_of(store, reference).first_reply_due_at == parse_moment("2026-11-30T17:00")
    assert clocks.strike_due(at(store, "2026-11-30T09:00")) == {"due": 1}


def test_a_funders_silence_makes_a_task_and_tells_the_enquirer_nothing(store):
    reference = posted(store)
    do(store, talking.reply, reference, "The funder decides.", sent=True, actor="priya")
    do(store, pipeline.wait_on, reference, Side.FUNDER, actor="priya", reason=None)

    said = [clocks.strike_due(at(store, f"{moment}T09:00")) for moment in ("2026-12-01", "2026-12-08", "2027-06-01")]

    assert said == [{}, {"ask_funder": 1}, {"ask_funder_again": 1}]
    assert told(store, AnswerAwaited) == []
    assert row_of(store, reference).stage == "new"


@pytest.mark.parametrize("why", ["quarantined", "merged", "closed", "erased", "won", "not_filed"])
def test_the_clocks_say_nothing_of_what_is_not_at_work(store, why):
    unanswered, silent = posted(store), posted(store)
    do(store, talking.reply, silent, "Which dates?", sent=True, actor="priya")
    changes = {
        "quarantined": {"standing": "quarantined"},
        "merged": {"standing": "merged"},
        "closed": {"stage": "declined"},
        "erased": {"erased_at": TUESDAY},
        "won": {"stage": "won"},
        "not_filed": {"filed_at": None},
    }
    with store.work() as work:
        both = enquiries.c.reference.in_([unanswered, silent])
        work.connection.execute(enquiries.update().where(both).values(changes[why]))

    assert clocks.strike_due(at(store, "2027-02-01T09:00")) == {}


def test_replicas_that_look_at_the_clocks_at_once_say_each_thing_once(store):
    references = [posted(store) for _ in range(5)]
    morning = at(store, "2026-11-26T09:00")
    counts: list[dict[str, int]] = []
    lookers = [threading.Thread(target=lambda: counts.append(clocks.strike_due(morning))) for _ in range(4)]
    for each in lookers:
        each.start()
    for each in lookers:
        each.join(60)

    assert sum(count.get("due", 0) for count in counts) == 5
    assert sorted(each.reference for each in told(store, FirstReplyDue)) == sorted(references)


def test_many_enquiries_are_gone_through_page_by_page(store, monkeypatch):
    monkeypatch.setattr(clocks, "_PAGE", 3)
    for _ in range(7):
        posted(store)

    assert clocks.strike_due(at(store, "2026-11-26T09:00")) == {"due": 7}


def test_a_stages_tasks_are_made_once_and_stay_when_it_moves_on(store):
    reference = posted(store)
    move(store, reference, Stage.AVAILABILITY)
    first = open_tasks(store, reference)
    move(store, reference, Stage.SUITABILITY)
    move(store, reference, Stage.AVAILABILITY)

    assert [title for title in open_tasks(store, reference) if title in first] == first
    assert len(set(open_tasks(store, reference))) == len(open_tasks(store, reference)) == 6


SEND_A_PROPOSAL = "Send a proposal"


def proposed(store: Store, reference: str, *, sent: bool) -> None:
    made = do(store, proposals.make_proposal, reference, parse_proposal({}, TUESDAY.date()), actor="priya")
    if sent:
        do(store, proposals.send_proposal, made, actor="priya")


@pytest.mark.parametrize(("sent", "asked"), [(True, []), (False, [SEND_A_PROPOSAL])])
def test_nobody_is_asked_to_send_a_proposal_that_was_sent_already(store, sent, asked):
    reference = posted(store)
    proposed(store, posted(store), sent=True)  # another enquiry's counts for nothing here
    proposed(store, reference, sent=sent)
    for stage in (Stage.AVAILABILITY, Stage.SUITABILITY, Stage.NEXT_STEPS):
        move(store, reference, stage)

    titles = open_tasks(store, reference)
    assert [each for each in titles if each == SEND_A_PROPOSAL] == asked
    assert "Ask which budget pays and who signs" in titles


def test_a_proposal_that_was_sent_is_chased_no_more_once_the_enquiry_is_won(store):
    reference = posted(store)
    proposed(store, reference, sent=True)
    for stage in (Stage.AVAILABILITY, Stage.SUITABILITY, Stage.NEXT_STEPS, Stage.AGREEMENT, Stage.WON):
        move(store, reference, stage)
    with store.database.reading() as connection:
        [proposal_id] = connection.scalars(select(proposals_table.c.id)).all()

    # Sent on 24 November for 30 days: the reminder is due on 14 December, its end on 25 December.
    proposals.remind_of_proposals(at(store, "2026-12-14T09:00"), [proposal_id])
    proposals.expire_proposals(at(store, "2026-12-25T09:00"), [proposal_id])

    assert told(store, AnswerAwaited) == []
    assert told(store, ProposalSettled) == []
    with store.database.reading() as connection:
        assert connection.scalars(select(proposals_table.c.state)).all() == ["expired"]


def test_tasks_are_due_some_working_days_after_the_stage_is_entered(store):
    reference = posted(store)
    move(at(store, "2026-12-23T12:00"), reference, Stage.AVAILABILITY)

    with store.database.reading() as connection:
        listed = list_tasks(connection, TasksWanted(reference=reference), limit=9)
    assert [(each["due_on"], each["title"][:12]) for each in listed] == [
        ("2026-11-26", "Write the fi"),
        ("2026-12-29", "Ask for a pr"),
        ("2026-12-30", "Offer dates "),
    ]


def test_closing_an_enquiry_ends_its_tasks_with_the_reason_and_leaves_those_made_by_hand(store):
    reference = posted(store)
    by_hand = {"key": None, "kind": "by_hand", "title": "Send the leaflet", "due_on": date(2026, 12, 1)}
    do(store, tasks.add_task, reference=reference, actor="priya", **by_hand)
    move(store, reference, Stage.DECLINED, reason="No room.")

    assert open_tasks(store, reference) == ["Send the leaflet"]
    with store.database.reading() as connection:
        done = list_tasks(connection, TasksWanted(reference=reference, done=True), limit=9)
    assert [each["outcome"] for each in done] == ["Closed with the enquiry, which is declined now."]


def test_an_enquiry_that_is_opened_again_is_our_turn_with_a_clock_that_begins_anew(store):
    reference = posted(store)
    move(store, reference, Stage.LAPSED, reason="Quiet.")
    move(at(store, "2026-12-10T12:00"), reference, Stage.NEW)

    row = row_of(store, reference)
    assert (row.waiting_on, row.first_reply_due_at) == ("us", parse_moment("2026-12-14T17:00"))
    assert open_tasks(store, reference) == ["Take it up again: it was closed and has been opened again"]
    assert clocks.strike_due(at(store, "2026-12-14T09:00")) == {"due": 1}


def test_moving_on_tells_what_is_open_and_keeps_how_many(store):
    reference = posted(store)
    assert move(store, reference, Stage.AVAILABILITY) == []
    for item, answer in (("room", Answer.YES), ("weeks", Answer.NO)):
        do(store, pipeline.answer_question, reference, item, answer, actor="priya", note=None)

    left_open = move(store, reference, Stage.SUITABILITY)

    assert [sentence.split(":")[0] for sentence in left_open] == ["Not answered yet", "Answered no"]
    with store.database.reading() as connection:
        abouts = connection.scalars(select(timeline.c.about).where(timeline.c.kind == "moved")).all()
    assert sorted(map(str, abouts)) == ["2 open", "None"]
    assert move(store, reference, Stage.AVAILABILITY) == []


def test_a_question_is_answered_anew_with_who_and_when_and_the_history_keeps_both(store):
    reference = posted(store)
    do(store, pipeline.answer_question, reference, "kit", Answer.NO, actor="priya", note="Security says no.")
    later = at(store, "2026-12-01T10:00")
    do(later, pipeline.answer_question, reference, "kit", Answer.NOT_NEEDED, actor="sam", note=None)

    with store.database.reading() as connection:
        [kit] = [each for each in checklist_of(connection, reference, ANSWERS["programme"]) if each["item"] == "kit"]
        query = select(timeline.c.was, timeline.c.now, timeline.c.actor).where(timeline.c.kind == "checked")
        history = [tuple(row) for row in connection.execute(query.order_by(timeline.c.id))]
    assert (kit["answer"], kit["note"], kit["actor"]) == ("not_needed", None, "sam")
    assert history == [(None, "no", "priya"), ("no", "not_needed", "sam")]


def test_a_question_of_another_programme_is_refused_with_those_there_are(store):
    reference = posted(store)

    with pytest.raises(Refused, match="window_fit, weeks, room"):
        do(store, pipeline.answer_question, reference, "shift_cover", Answer.YES, actor="priya", note=None)


@pytest.mark.parametrize(
    ("standing", "says"), [("quarantined", "kept aside as suspected spam"), ("merged", "was merged into KT-2222-22")]
)
def test_what_is_not_in_the_pipeline_does_not_move(store, standing, says):
    reference = posted(store)
    with store.work() as work:
        mine = enquiries.c.reference == reference
        work.connection.execute(enquiries.update().where(mine).values(standing=standing, merged_into="KT-2222-22"))

    for act in (
        lambda: move(store, reference, Stage.AVAILABILITY),
        lambda: do(store, pipeline.assign_enquiry, reference, owner="sam", actor="priya"),
        lambda: do(store, pipeline.wait_on, reference, Side.PRISON, actor="priya", reason=None),
    ):
        with pytest.raises(Refused, match=says):
            act()


def test_words_about_a_merged_enquiry_go_into_the_thread_it_lies_with(store):
    older, newer = posted(store), posted(store)
    with store.work() as work:
        mine = enquiries.c.reference == newer
        work.connection.execute(enquiries.update().where(mine).values(standing="merged", merged_into=older))

    do(store, talking.reply, newer, "Thank you both.", sent=True, actor="priya")
    do(store, talking.add_note, newer, "They know each other.", actor="priya")

    assert [kind for kind, _ in steps(store, older)][-2:] == ["task_done", "noted"]
    assert ("replied", "priya") in steps(store, older)
    assert row_of(store, newer).first_reply_at is None


def test_a_note_is_nobodys_word(store):
    reference = posted(store)
    do(store, talking.add_note, reference, "Ask about parking.", actor="priya")

    row = row_of(store, reference)
    assert (row.first_reply_at, row.last_word_at, row.waiting_on) == (None, None, "us")


def test_what_they_write_after_it_was_closed_is_not_overlooked(store):
    reference = posted(store)
    move(store, reference, Stage.LAPSED, reason="Quiet.")

    do(store, talking.log_answer, reference, "We are back.", actor="priya")

    assert open_tasks(store, reference) == ["They wrote after this was closed: reply, or open it again"]


def test_an_enquiry_goes_to_someone_and_so_do_its_tasks_that_nobody_has(store):
    reference = posted(store)
    do(store, pipeline.assign_enquiry, reference, owner="sam", actor="priya")
    do(store, pipeline.assign_enquiry, reference, owner="sam", actor="priya")

    with store.database.reading() as connection:
        sams = list_tasks(connection, TasksWanted(owner="sam"), limit=9)
        [task] = sams
    assert [kind for kind, _ in steps(store, reference)].count("assigned") == 1
    with store.work() as work:
        [task_id] = work.connection.scalars(select(tasks_table.c.id)).all()
        tasks.assign_task(work, task_id, owner="priya", actor="sam")
    with store.database.reading() as connection:
        assert list_tasks(connection, TasksWanted(owner="sam"), limit=9) == []
        assert [each["id"] for each in list_tasks(connection, TasksWanted(owner="priya"), limit=9)] == [task["id"]]


def test_a_task_is_done_once_and_can_be_opened_again(store):
    reference = posted(store)
    with store.database.reading() as connection:
        [task_id] = connection.scalars(select(tasks_table.c.id)).all()

    do(store, tasks.finish_task, task_id, outcome="Rang.", actor="priya")
    with pytest.raises(Refused, match="done already"):
        do(store, tasks.finish_task, task_id, outcome="Rang too.", actor="sam")
    do(store, tasks.reopen_task, task_id, reason="Wrong number.", actor="sam")
    with pytest.raises(Refused, match="nothing to reopen"):
        do(store, tasks.reopen_task, task_id, reason=None, actor="sam")

    assert open_tasks(store, reference) == ["Write the first reply"]
    assert [kind for kind, _ in steps(store, reference)] == ["task_added", "task_done", "task_reopened"]


def test_tasks_are_listed_by_their_day_and_those_due_by_a_day_alone(store):
    for day in (3, 1, 2):
        what = {"key": None, "kind": "by_hand", "title": f"On the {day}.", "due_on": date(2026, 12, day)}
        do(store, tasks.add_task, actor="priya", **what)

    with store.database.reading() as connection:
        titles = [each["title"] for each in list_tasks(connection, TasksWanted(), limit=9)]
        by_the_second = list_tasks(connection, TasksWanted(due_by=date(2026, 12, 2)), limit=9)
    assert titles == ["On the 1.", "On the 2.", "On the 3."]
    assert [each["title"] for each in by_the_second] == ["On the 1.", "On the 2."]


def test_two_operators_who_reply_at_once_are_both_kept_and_the_first_reply_is_one(store):
    reference = posted(store)
    failures: list[Exception] = []

    def write(words: str) -> None:
        try:
            do(store, talking.reply, reference, words, sent=False, actor="priya")
        except Exception as error:  # shown below
            failures.append(error)

    writers = [threading.Thread(target=write, args=(f"Reply {number}.",)) for number in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(60)

    assert failures == []
    assert len(told(store, ReplyWritten)) == 4
    assert [kind for kind, _ in steps(store, reference)].count("replied") == 4
    assert [kind for kind, _ in steps(store, reference)].count("task_done") == 1


@pytest.mark.parametrize(
    ("channel", "phone", "task"),
    [
        ("phone", "01925 763 871", "Thank them by phone, and say the reference and what happens next"),
        ("paper", None, "Thank them by post, and say the reference and what happens next"),
    ],
)
def test_who_has_no_email_address_is_taken_down_and_thanked_by_a_person(store, channel, phone, task):
    given = {key: value for key, value in ANSWERS.items() if key != "contact_email"} | {"contact_phone": phone}
    clean = parse_taken(given, channel, TUESDAY.date())
    receipt = do(store, taking.take_enquiry, clean, channel=channel, actor="priya")
    file(store, receipt.reference)

    row = row_of(store, receipt.reference)
    assert (row.channel, row.contact_email, row.standing) == (channel, None, "filed")
    assert normalise_reference(receipt.reference) == receipt.reference
    assert steps(store, receipt.reference)[0] == ("taken", "priya")
    assert task in open_tasks(store, receipt.reference)
    log = f"no email address that reaches.*keytalk enquiries log-call {receipt.reference}"
    with pytest.raises(Refused, match=log):
        do(store, talking.reply, receipt.reference, "Thank you.", sent=False, actor="priya")


def test_who_gave_an_email_address_by_phone_is_thanked_by_mail(store):
    clean = parse_taken(ANSWERS, "phone", TUESDAY.date())
    receipt = do(store, taking.take_enquiry, clean, channel="phone", actor="priya")
    file(store, receipt.reference)

    assert open_tasks(store, receipt.reference) == ["Write the first reply"]
    assert [each.reference for each in told(store, EnquiryReceived)] == [receipt.reference]


def test_an_enquiry_that_is_taken_is_never_held_as_spam_and_a_taken_reference_is_drawn_again(store, monkeypatch):
    first = posted(store)
    drawn = iter([first, first, "KT-7F3K-92"])
    monkeypatch.setattr(intake, "new_reference", lambda _choose: next(drawn))
    spammy = ANSWERS | {"message": "Buy http://a.example http://b.example http://c.example casino viagra crypto loans"}

    receipt = do(store, taking.take_enquiry, spammy, channel="phone", actor="priya")

    assert receipt.reference == "KT-7F3K-92"
    assert row_of(store, receipt.reference).standing == "filed"


def test_filing_twice_makes_nothing_twice(store):
    reference = posted(store)
    file(store, reference)

    with store.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(tasks_table)) == 1
        assert connection.scalar(select(func.count()).select_from(strikes)) == 0


@pytest.mark.parametrize("may", [True, False])
def test_another_time_is_played_only_where_nobody_is_deceived_by_it(store, may):
    reference = posted(store)
    doors = PipelineDoors()
    doors.store, doors.settings = store, SimpleNamespace(may_play_time=may)

    if not may:
        with pytest.raises(Refused, match="only where nothing real goes out"):
            doors.run_due_jobs("2026-11-26T09:00")
        return
    assert doors.run_due_jobs("2026-11-26T09:00")["said"] == {"due": 1}
    assert [each.reference for each in told(store, FirstReplyDue)] == [reference]
    with pytest.raises(Refused, match="Write a time such as"):
        doors.run_due_jobs("tomorrow")


def test_a_command_that_is_sent_twice_under_one_key_is_done_once(store):
    reference = posted(store)
    doors = TalkingDoors()
    doors.store, doors.name = store, "enquiries"

    first, second = (
        doors.reply_to_enquiry(reference, "Thank you.", idempotency_key="one", actor="priya") for _ in range(2)
    )

    assert first == second
    assert len(told(store, ReplyWritten)) == 1


@pytest.mark.parametrize("words", ["", "   \n", "About A1234BC.", 7])
def test_words_that_are_missing_or_point_to_someone_in_prison_are_refused(store, words):
    reference = posted(store)
    doors = TalkingDoors()
    doors.store = store

    for act in (doors.reply_to_enquiry, doors.log_call, doors.log_answer, doors.add_note):
        with pytest.raises(Refused) as refusal:
            act(reference, words)
        assert list(refusal.value.fields) == ["words"]
    assert [kind for kind, _ in steps(store, reference)] == ["task_added"]
