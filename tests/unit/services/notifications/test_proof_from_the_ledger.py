"""Proof read from the ledger, on both databases: one run whole, and the worklist of who was not told."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.engine import make_url

from services.notifications.domain.facts import EnquiryFacts, RunFacts
from services.notifications.domain.holding_back import unreachable
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import Drafting, acknowledgement, run_confirmations
from services.notifications.domain.pipeline_occasions import reply
from services.notifications.domain.reminder_rules import SESSION_REMINDER
from services.notifications.domain.reminders import reminders_of
from services.notifications.handlers.telling import note_told
from services.notifications.queries import proof as proof_queries
from services.notifications.queries.proof import list_not_told, session_proof
from services.notifications.tables import message_of, message_row, messages, messaging, metadata
from shared.clock import fixed_clock
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store, new_id

REF = "KT-7F3K-92"
S = MessageState
IN_MARCH = dt.datetime(2027, 3, 1, 9, 0, tzinfo=dt.UTC)  # sessions 8 to 11 are in the four weeks after it


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def tables(request, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('proof') / 'notifications.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database().replace("postgresql:", "postgresql+psycopg:")
    made = Database(make_url(url))
    metadata.create_all(made.engine)
    yield made
    made.close()


@pytest.fixture
def database(tables: Database) -> Database:
    with tables.writing() as connection:
        connection.execute(messages.delete())
        connection.execute(messaging.outbox.delete())
    return tables


def keep(database: Database, letters: Iterable[Message], state: MessageState | None = None) -> list[Message]:
    """Put messages into the ledger, in one state where that is said."""
    kept = [replace(each, state=state or each.state) for each in letters]
    with database.writing() as connection:
        connection.execute(messages.insert(), [message_row(each) for each in kept])
    return kept


def proof(database: Database, run: str, session: int | None = None) -> dict[str, Any]:
    with database.reading() as connection:
        return session_proof(connection, run, session)


def not_told(
    database: Database, now: dt.datetime = IN_MARCH, days: int = 28, limit: int = 200, *, waiting: bool = False
) -> list[dict[str, Any]]:
    with database.reading() as connection:
        return list_not_told(connection, now, days, limit, waiting=waiting)


@pytest.fixture
def letters(run: RunFacts, now: dt.datetime, drafting: Drafting) -> dict[str, Message]:
    """The confirmations of the run, by who they are to."""
    return {each.recipient.partition(":")[2]: each for each in run_confirmations(run, now, drafting)}


def test_a_session_has_everyone_with_every_message_and_what_became_of_it(database, run, now, drafting, letters):
    sent = replace(letters["tom"], state=S.ACCEPTED, claimed_at=now, accepted_at=now)
    keep(database, [replace(letters[REF], state=S.ACCEPTED), sent, letters["ana"].suppressed("Ring her.")])
    keep(database, reminders_of(run, [SESSION_REMINDER], frozenset(), drafting))

    found = proof(database, "run-1", 3)

    assert (found["run"], found["enquiry"], found["version"]) == ("run-1", REF, 1)
    [third] = found["sessions"]
    assert (third["id"], third["number"], third["takes_place"]) == ("s3", 3, True)
    assert {name: third[name] for name in ("date", "start", "end", "zone")} == {
        "date": "2027-01-26",
        "start": "13:45",
        "end": "16:45",
        "zone": "Europe/London",
    }
    people = {each["recipient"]: each for each in third["people"]}
    assert {who: each["verdict"] for who, each in people.items()} == {
        f"enquirer:{REF}": "told",
        "facilitator:tom": "told",
        "facilitator:ana": "not_told",
    }
    ana, tom = people["facilitator:ana"], people["facilitator:tom"]
    assert (ana["why"], ana["message"]) == ("The letter that says it was held back: Ring her.", str(letters["ana"].id))
    assert ana["can_do"] == ["resend", "ring"]
    assert (tom["why"], tom["message"], tom["can_do"]) == (None, None, [])
    assert [each["occasion"] for each in tom["messages"]] == [
        "run_confirmed:run-1",
        "session_reminder:5d:s3",
        "session_reminder:1d:s3",
    ]
    assert (tom["messages"][0]["state"], tom["messages"][0]["at"]) == ("accepted", now.isoformat())
    assert tom["messages"][0]["says"]["date"] == "2027-01-26"


def test_without_a_number_all_sessions_are_given(database, letters):
    keep(database, letters.values(), S.ACCEPTED)

    assert [each["number"] for each in proof(database, "run-1")["sessions"]] == list(range(1, 17))


def test_a_run_and_a_session_that_are_not_there_are_named(database, letters):
    with pytest.raises(Refused) as refused:
        proof(database, "run-1")
    assert (refused.value.code, list(refused.value.fields)) == ("not_found", ["run"])

    keep(database, letters.values(), S.ACCEPTED)
    with pytest.raises(Refused) as refused:
        proof(database, "run-1", 17)
    assert (refused.value.code, list(refused.value.fields)) == ("not_found", ["session"])


def test_where_everyone_was_told_the_worklist_is_empty(database, letters, run, now, drafting):
    keep(database, letters.values(), S.ACCEPTED)
    keep(database, reminders_of(run, [SESSION_REMINDER], frozenset(), drafting))

    assert not_told(database) == []


@pytest.mark.parametrize("seed", range(40))
def test_a_run_that_gets_no_closer_look_has_nobody_who_was_not_told(
    database, letters, run, now, drafting, seed, monkeypatch
):
    chance = random.Random(seed)  # noqa: S311 - which letters went where, no secret
    reminders = list(reminders_of(run, [SESSION_REMINDER], frozenset(), drafting))
    kept = [each for each in letters.values() if each is letters[REF] or chance.random() < 0.8]
    kept += chance.sample(reminders, chance.choice([0, 0, 20]))
    often = [S.ACCEPTED] * 60 + [S.DELIVERED] * 20
    states = [chance.choice([*often, S.UNKNOWN, S.FAILED, S.BOUNCED, S.SCHEDULED]) for _ in kept]
    people = [chance.choice(["contact:1"] * 30 + ["contact:2", None]) for _ in kept]
    went = [
        replace(each, state=state, person=person, claimed_at=now, accepted_at=now)
        for each, state, person in zip(kept, states, people, strict=True)
    ]
    keep(database, went)

    found = not_told(database, waiting=True)
    monkeypatch.setattr(proof_queries, "_plainly_told", lambda *_: set())

    assert found == not_told(database, waiting=True)


def test_a_run_whose_letters_all_arrived_gets_no_closer_look(database, letters, run, now, drafting, monkeypatch):
    keep(database, letters.values(), S.ACCEPTED)
    keep(database, reminders_of(run, [SESSION_REMINDER], frozenset(), drafting))
    looked_at = []
    monkeypatch.setattr(proof_queries, "prove", lambda *given: looked_at.append(given))

    assert not_told(database) == looked_at == []


def test_the_worklist_has_the_sessions_ahead_of_whoever_was_not_told_the_soonest_first(database, letters):
    keep(database, [letters[REF]], S.ACCEPTED)
    keep(database, [letters["tom"]], S.FAILED)
    keep(database, [letters["ana"]], S.UNKNOWN)

    rows = not_told(database)

    assert [(each["session"]["number"], each["recipient"][12:], each["verdict"]) for each in rows] == [
        (number, who, verdict)
        for number in (8, 9, 10, 11)
        for who, verdict in (("ana", "in_doubt"), ("tom", "not_told"))
    ]
    assert rows[0]["at"] == "2027-03-02T13:45:00+00:00"
    assert {each["message"] for each in rows} == {str(letters["tom"].id), str(letters["ana"].id)}
    assert {each["recipient"]: each["can_do"] for each in rows} == {
        "facilitator:ana": ["ring", "resend"],
        "facilitator:tom": ["resend", "ring"],
    }
    assert not_told(database, limit=1) == rows[:1]
    assert {each["session"]["number"] for each in not_told(database, days=8)} == {8}


def test_where_the_address_turned_it_down_that_is_to_be_put_right_first(database, letters):
    keep(database, [letters[REF]], S.ACCEPTED)
    keep(database, [letters["tom"]], S.BOUNCED)
    keep(database, [replace(letters["ana"], why=unreachable("bounced"))], S.SUPPRESSED)

    assert {tuple(each["can_do"]) for each in not_told(database)} == {("put the address right, then resend", "ring")}


def test_letters_that_wait_come_after_the_gaps_where_they_are_asked_for(database, letters):
    keep(database, [letters[REF]], S.ACCEPTED)
    keep(database, [letters["tom"]], S.FAILED)
    keep(database, [replace(letters["ana"], attempts=2, why="no server", retry_at=IN_MARCH)], S.SCHEDULED)

    assert {each["recipient"] for each in not_told(database)} == {"facilitator:tom"}
    rows = not_told(database, waiting=True)
    assert [each["recipient"][12:] for each in rows] == ["tom"] * 4 + ["ana"] * 4
    last = rows[-1]
    assert (last["verdict"], last["message"], last["why"]) == ("to_be_told", str(letters["ana"].id), "no server")
    assert (last["attempts"], last["next_attempt_at"], last["can_do"]) == (2, IN_MARCH.isoformat(), [])


def test_a_letter_to_an_enquirer_that_waits_is_given_where_it_is_asked_for(database, drafting):
    thanks = acknowledgement(EnquiryFacts(REF, "The Many Faces of Trauma", "RSI"), IN_MARCH, drafting)
    keep(database, [thanks], S.SCHEDULED)

    assert not_told(database) == []
    assert [(each["message"], each["session"]) for each in not_told(database, waiting=True)] == [(str(thanks.id), None)]


@pytest.mark.parametrize(("minute", "listed"), [(44, [9]), (45, [])])
def test_a_session_leaves_the_worklist_as_it_begins(database, letters, minute, listed):
    keep(database, [letters[REF], letters["ana"]], S.ACCEPTED)
    keep(database, [letters["tom"]], S.FAILED)

    rows = not_told(database, dt.datetime(2027, 3, 9, 13, minute, tzinfo=dt.UTC), days=1)

    assert [each["session"]["number"] for each in rows] == listed


def test_a_date_that_somebody_may_come_on_in_vain_counts_as_ahead(database, run, letters, now, drafting):
    keep(database, letters.values(), S.ACCEPTED)
    later = replace(run.sessions[8], date=dt.date(2027, 5, 4))
    moved = replace(run, version=2, sessions=(*run.sessions[:8], later, *run.sessions[9:]))
    said = {"moved": [later.to_plain()], "new": [], "regrouped": [], "cancelled": [], "lost": []}
    changes = [
        replace(
            letter,
            id=UUID(int=900 + number),
            occasion="run_changed:1",
            version=2,
            template=f"run_changed_{'contact' if who == REF else 'facilitator'}",
            message_id=f"<{number}@changed.example>",
            facts=moved.to_plain() | said,
            state=S.FAILED if who == "tom" else S.ACCEPTED,
            accepted_at=now + dt.timedelta(days=1),
        )
        for number, (who, letter) in enumerate(letters.items())
    ]
    keep(database, changes)

    [row] = not_told(database)

    assert (row["recipient"], row["session"]["date"], row["at"][:10]) == ("facilitator:tom", "2027-05-04", "2027-03-09")
    assert [each["date"] for each in row["may_believe"]] == ["2027-03-09"]


@pytest.mark.parametrize(
    ("state", "verdict"), [(S.FAILED, "not_told"), (S.BOUNCED, "not_told"), (S.UNKNOWN, "in_doubt")]
)
def test_an_enquirer_whose_thanks_or_reply_did_not_arrive_is_on_it(database, now, drafting, state, verdict):
    thanks = acknowledgement(EnquiryFacts(REF, "The Many Faces of Trauma", "RSI"), now, drafting)
    answer = reply("KT-2222-22", UUID(int=5), now - dt.timedelta(days=1), drafting)
    keep(database, [thanks, answer], state)

    rows = not_told(database, now + dt.timedelta(hours=1))

    assert [(each["enquiry"], each["template"], each["verdict"]) for each in rows] == [
        ("KT-2222-22", "reply_written", verdict),
        (REF, "enquiry_received", verdict),
    ]
    assert [each["session"] for each in rows] == [None, None]
    assert [each["message"] for each in rows] == [str(answer.id), str(thanks.id)]
    assert not_told(database, now + dt.timedelta(days=28)) == rows[1:]
    assert not_told(database, now + dt.timedelta(days=29)) == []


def test_an_enquirer_whose_letter_was_sent_again_and_arrived_is_not_on_it(database, now, drafting):
    thanks = acknowledgement(EnquiryFacts(REF, "The Many Faces of Trauma", "RSI"), now, drafting)
    keep(database, [thanks], S.FAILED)
    again = replace(thanks, id=UUID(int=900), version=2, message_id="<again@mail.example>", resend_of=thanks.id)

    [failed] = keep(database, [again], S.FAILED)
    [row] = not_told(database, now + dt.timedelta(hours=1))
    assert row["message"] == str(failed.id)

    third = replace(again, id=UUID(int=901), version=3, message_id="<third@mail.example>", resend_of=again.id)
    keep(database, [third], S.DELIVERED)
    assert not_told(database, now + dt.timedelta(hours=1)) == []


def test_an_enquirer_whose_digest_failed_was_not_told_what_it_took_along(database, now, drafting):
    answer = reply(REF, UUID(int=5), now, drafting)
    digest = replace(
        answer,
        id=UUID(int=900),
        recipient="contact:alex",
        template="digest",
        occasion="digest:1",
        subject_ref="contact:alex",
        facts={},
        message_id="<digest@mail.example>",
    )
    keep(database, [replace(answer, state=S.SUPERSEDED, told_in=digest.id)])
    keep(database, [digest.claim(now).refused("550 no.")])

    [row] = not_told(database, now + dt.timedelta(hours=1))
    assert (row["enquiry"], row["template"], row["message"]) == (REF, "reply_written", str(answer.id))

    again = replace(
        answer, id=UUID(int=901), occasion="again:1", message_id="<again@mail.example>", resend_of=answer.id
    )
    keep(database, [again], S.ACCEPTED)
    assert not_told(database, now + dt.timedelta(hours=1)) == []


def test_what_a_digest_told_was_told(database, letters, now):
    keep(database, [letters[REF], letters["ana"]], S.ACCEPTED)
    digest = replace(
        letters["tom"],
        id=UUID(int=900),
        template="digest",
        occasion="digest:1",
        subject_ref="digest",
        facts={},
        message_id="<digest@mail.example>",
    )
    keep(database, [replace(letters["tom"], state=S.SUPERSEDED, told_in=digest.id)])
    assert {each["recipient"] for each in not_told(database)} == {"facilitator:tom"}

    keep(database, [digest], S.ACCEPTED)

    assert not_told(database) == []
    [tom] = [each for each in proof(database, "run-1", 9)["sessions"][0]["people"] if "tom" in each["recipient"]]
    assert (tom["verdict"], tom["messages"][0]["told_in"]) == ("told", str(digest.id))


def told(
    database: Database, recipient: str, run: UUID | None = None, session: int | None = None, way: str = "phone"
) -> list[Message]:
    with Store(database, messaging, fixed_clock(IN_MARCH), "notifications").work() as work:
        return note_told(work, recipient, run, session, way, actor="priya", mail_domain="mail.example.org")


@pytest.fixture
def rung(database: Database, run: RunFacts, now: dt.datetime, drafting: Drafting) -> UUID:
    """The id of a run of which Tom's confirmation and Ana's did not get through."""
    run_id = UUID(int=7)
    letters = run_confirmations(replace(run, run=str(run_id)), now, drafting)
    keep(database, letters[:1], S.ACCEPTED)
    keep(database, letters[1:], S.FAILED)
    return run_id


def test_whoever_was_rung_was_told_and_the_proof_says_how(database, rung):
    told(database, "facilitator:tom", rung)

    assert {each["recipient"] for each in not_told(database)} == {"facilitator:ana"}
    [tom] = [each for each in proof(database, str(rung), 9)["sessions"][0]["people"] if "tom" in each["recipient"]]
    assert tom["verdict"] == "told"
    last = tom["messages"][-1]
    assert (last["template"], last["state"], last["why"]) == ("told_by_hand", "accepted", "Told by phone, priya says.")
    assert last["says"]["date"] == "2027-03-09"


@pytest.mark.parametrize(("session", "ends"), [(None, {"run_confirmed", "near 8", "near 9"}), (9, {"near 9"})])
def test_whoever_was_rung_of_a_run_or_of_a_session_is_nobodys_task_for_that(database, rung, session, ends):
    with database.reading() as connection:
        to_tom = connection.execute(select(messages).where(messages.c.recipient == "facilitator:tom")).one()
    letter = message_of(to_tom)
    lost = [
        replace(
            letter,
            id=new_id(),
            template="register_due_facilitator",
            occasion=f"near {n}",
            message_id=f"<{n}@x>",
            facts={"session": {"number": n, "date": "2027-03-09"}},
        )
        for n in (8, 9)
    ]
    keep(database, lost, S.MISSED)

    told(database, "facilitator:tom", rung, session)

    with database.reading() as connection:
        [told_of] = map(json.loads, connection.scalars(select(messaging.outbox.c.envelope)))
    assert told_of["type"] == "message_accepted"
    called = {str(each.id): each.occasion.partition(":")[0] for each in (letter, *lost)}
    assert {called[each] for each in told_of["data"]["instead_of"]} == ends


def test_whoever_was_rung_of_one_session_was_told_of_that_one(database, rung):
    told(database, "facilitator:tom", rung, 9)

    toms = [each for each in not_told(database) if each["recipient"] == "facilitator:tom"]
    assert [each["session"]["number"] for each in toms] == [8, 10, 11]


def test_an_enquirer_who_was_told_on_paper_is_off_the_list_and_nothing_is_sent(database, now, drafting):
    thanks = acknowledgement(EnquiryFacts(REF, "The Many Faces of Trauma", "RSI"), now, drafting)
    answer = reply(REF, UUID(int=5), now, drafting)
    to_another = reply("KT-2222-22", UUID(int=6), now, drafting)
    keep(database, [thanks, answer, to_another], S.FAILED)

    noted = told(database, f"enquirer:{REF}", way="paper")

    assert {each.resend_of for each in noted} == {thanks.id, answer.id}
    assert {each.state for each in noted} == {S.ACCEPTED}
    assert [each["enquiry"] for each in not_told(database, now + dt.timedelta(days=1))] == ["KT-2222-22"]
    with pytest.raises(Refused, match="nothing is to be noted") as refused:
        told(database, f"enquirer:{REF}")
    assert refused.value.code == "refused"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"way": "pigeon"}, "way"),
        ({"recipient": "facilitator:lee"}, "recipient"),
        ({"run": UUID(int=8)}, "run"),
        ({"session": 17}, "session"),
    ],
)
def test_what_cannot_be_noted_names_what_is_wrong(database, rung, changes, field):
    with pytest.raises(Refused) as refused:
        told(database, **{"recipient": "facilitator:tom", "run": rung, **changes})

    assert list(refused.value.fields) == [field]


def test_both_find_their_rows_by_an_index(database, letters, now, drafting):
    thanks = acknowledgement(EnquiryFacts(REF, "The Many Faces of Trauma", "RSI"), now, drafting)
    keep(database, [*letters.values(), thanks], S.FAILED)
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    with database.reading() as connection:
        event.listen(connection, "before_cursor_execute", note)
        session_proof(connection, "run-1", None)
        list_not_told(connection, IN_MARCH, 28, 200)
        event.remove(connection, "before_cursor_execute", note)
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plans = [
            str(connection.exec_driver_sql(f"{explain} {statement}", parameters).all())
            for statement, parameters in asked
            if "messages" in statement
        ]

    of_run, proven = "ix_messages_subject_ref", "ix_messages_proven"
    used = [of_run, proven, of_run, of_run, proven]
    assert len(plans) == len(used)
    assert all(index in plan for index, plan in zip(used, plans, strict=True)), plans
