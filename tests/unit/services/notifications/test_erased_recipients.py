"""What notifications drops when a person was erased: what waits, and the mail that is kept on this machine."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

from services.notifications.channels.maildir import MaildirChannel
from services.notifications.domain.messages import MessageState
from services.notifications.domain.occasions import OPS, acknowledgement, ops_notice, run_confirmations
from services.notifications.domain.preferences import Preferences
from services.notifications.domain.reminder_rules import SESSION_REMINDER
from services.notifications.domain.reminders import reminders_of
from services.notifications.handlers import erasing
from services.notifications.handlers.preferences import change
from services.notifications.handlers.resending import WHY_AGAIN
from services.notifications.handlers.suppressions import suppress
from services.notifications.tables import message_row, messages, messaging, metadata, preferences, suppressions
from shared.contracts.enquiries import PersonErased
from shared.contracts.scheduling import FacilitatorErased
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store

REQUEST = UUID(int=7)
KEYS = ("a key of sixteen or more",)


@pytest.fixture
def store(tmp_path, now):
    database = Database(URL.create("sqlite", database=str(tmp_path / "notifications.sqlite3")))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: now, "notifications")
    database.close()


@pytest.fixture
def maildir(tmp_path):
    return MaildirChannel(tmp_path / "mail")


def enter(store, *drafts):
    with store.database.writing() as connection:
        for draft in drafts:
            connection.execute(messages.insert().values(message_row(draft)))


def hear(store, *references):
    with store.work() as work:
        erasing.when_person_erased(work, PersonErased(REQUEST, references, ()))


def states(store):
    with store.database.reading() as connection:
        return {(row.recipient, row.state) for row in connection.execute(select(messages))}


def lie(maildir, mail, *sent):
    for message in sent:
        maildir.deliver(replace(mail, message_id=message.message_id))


def left(maildir):
    return {each["message_id"] for each in maildir.list_mail()}


def test_what_waits_for_an_erased_person_is_never_sent_and_others_hear_as_ever(store, run, now, drafting):
    enter(store, *run_confirmations(run, now, drafting), *reminders_of(run, [SESSION_REMINDER], (), drafting))

    hear(store, run.enquiry)
    hear(store, run.enquiry)

    assert states(store) == {
        (f"enquirer:{run.enquiry}", "suppressed"),
        ("facilitator:tom", "scheduled"),
        ("facilitator:ana", "scheduled"),
    }


def test_what_waits_for_whoever_followed_a_former_contact_goes_out(store, run, now, drafting):
    enter(store, *run_confirmations(run, now, drafting))

    with store.work() as work:
        erasing.when_person_erased(work, PersonErased(REQUEST, (run.enquiry,), (), nobody_left=()))

    assert (f"enquirer:{run.enquiry}", "scheduled") in states(store)


def test_the_mail_to_them_and_about_them_is_removed_and_no_other(store, maildir, mail, enquiry, run, now, drafting):
    other = replace(enquiry, reference="KT-QQQQ-22")
    theirs = [acknowledgement(enquiry, now, drafting), ops_notice(enquiry, now, drafting)]
    theirs += [each for each in run_confirmations(run, now, drafting) if each.recipient.startswith("enquirer")]
    others = [acknowledgement(other, now, drafting), ops_notice(other, now, drafting)]
    enter(store, *theirs, *others)
    lie(maildir, mail, *theirs, *others)

    assert erasing.remove_mail(store, maildir, [enquiry.reference]) == 3
    assert erasing.remove_mail(store, maildir, [enquiry.reference]) == 0

    assert left(maildir) == {each.message_id for each in others}


def test_a_mail_that_was_read_or_broken_off_is_removed_as_well(store, maildir, mail, enquiry, now, drafting):
    message = acknowledgement(enquiry, now, drafting)
    enter(store, message)
    lie(maildir, mail, message)
    [path] = (maildir.root / "new").iterdir()
    (maildir.root / "tmp" / f"{path.name}.abc").write_bytes(path.read_bytes())
    path.rename(maildir.root / "cur" / f"{path.name}:2,S")

    erasing.remove_mail(store, maildir, [enquiry.reference])

    assert [file for part in ("new", "cur", "tmp") for file in (maildir.root / part).iterdir()] == []


def test_a_message_that_is_on_its_way_is_looked_for_again(store, maildir, enquiry, now, drafting):
    message = acknowledgement(enquiry, now, drafting)
    enter(store, replace(message, state=MessageState.SENDING, claimed_at=now))

    erasing.remove_mail(store, maildir, [enquiry.reference])

    with store.database.reading() as connection:
        [job] = connection.execute(select(messaging.jobs)).all()
    assert (job.kind, job.subject, job.due_at) == (erasing.REMOVE_MAIL, enquiry.reference, now + erasing.LOOK_AGAIN)


def test_mail_goes_after_two_years_by_itself(store, maildir, mail, enquiry, now, drafting):
    old, new = acknowledgement(enquiry, now, drafting), ops_notice(enquiry, now, drafting)
    lie(maildir, mail, old, new)
    long_ago = (now - timedelta(days=731)).timestamp()
    for path in (maildir.root / "new").iterdir():
        came = long_ago if old.message_id.encode() in path.read_bytes() else now.timestamp()
        os.utime(path, (came, came))

    assert erasing.forget_old_mail(store, maildir) == 1
    assert left(maildir) == {new.message_id}


def test_an_export_gives_the_ledger_and_the_mail(store, maildir, mail, enquiry, now, drafting):
    message = acknowledgement(enquiry, now, drafting)
    enter(store, message, acknowledgement(replace(enquiry, reference="KT-QQQQ-22"), now, drafting))
    lie(maildir, mail, message)

    with store.database.reading() as connection:
        given = erasing.held_on(connection, maildir, [enquiry.reference])

    assert [row["recipient"] for row in given["messages"]] == [f"enquirer:{enquiry.reference}"]
    assert [each["headers"]["Message-ID"] for each in given["mails"]] == [message.message_id]


def test_an_export_says_that_an_address_of_theirs_turned_mail_down(store, maildir, enquiry, now, drafting):
    theirs = acknowledgement(enquiry, now, drafting)
    anothers = acknowledgement(replace(enquiry, reference="KT-QQQQ-22"), now, drafting)
    enter(store, theirs, anothers)
    with store.work() as work:
        for message, address in ((theirs, "sam@risley.example"), (anothers, "kim@styal.example")):
            suppress(work, address, "It came back with 5.1.1.", message.id, ["a-key"])

    with store.database.reading() as connection:
        [held_back] = erasing.held_on(connection, maildir, [enquiry.reference])["suppressions"]

    assert (held_back["message"], held_back["why"]) == (str(theirs.id), "It came back with 5.1.1.")


def test_what_operators_wrote_of_the_messages_to_them_goes_too(store, message):
    theirs = {"recipient": "enquirer:KT-7F3K-92", "subject_ref": "enquiry:KT-7F3K-92"}
    said = {"sent_again": {"by": "priya", "reason": "Sam said so on the phone."}, "reference": "KT-7F3K-92"}
    for number, more in enumerate(
        (
            {"state": MessageState.ACCEPTED, "why": "Sam has it. (priya)", **theirs},
            {"facts": said, "resend_of": REQUEST, "state": MessageState.ACCEPTED, **theirs},
            {"state": MessageState.ACCEPTED, "why": "Kim has it. (priya)"},
        )
    ):
        enter(store, replace(message, id=UUID(int=number), message_id=f"<{number}@x>", occasion=str(number), **more))

    hear(store, "KT-7F3K-92")

    with store.database.reading() as connection:
        rows = connection.execute(select(messages).order_by(messages.c.id)).all()
    assert [row.why for row in rows] == [None, None, "Kim has it. (priya)"]
    assert rows[1].facts == {"reference": "KT-7F3K-92"}


ANA, TOM, LEE = (f"facilitator:{UUID(int=number)}" for number in (0xA1, 0xA2, 0xA3))


def hear_of_facilitator(store, person):
    with store.work() as work:
        erasing.when_facilitator_erased(work, FacilitatorErased(UUID(person.partition(":")[2])))


def test_all_that_waits_for_or_of_an_erased_facilitator_is_held_back_at_once(store, message):
    of_ana = {"recipient": OPS, "subject_ref": ANA, "occasion": "expiry_near:1"}
    for number, more in enumerate(
        ({"recipient": ANA}, of_ana, {"recipient": TOM}, {"recipient": ANA, "state": MessageState.ACCEPTED})
    ):
        given = {"id": UUID(int=number), "message_id": f"<{number}@x>", "occasion": str(number), **more}
        enter(store, replace(message, **given))

    hear_of_facilitator(store, ANA)
    hear_of_facilitator(store, ANA)

    with store.database.reading() as connection:
        rows = connection.execute(select(messages).order_by(messages.c.id)).all()
    assert [row.state for row in rows] == ["suppressed", "suppressed", "scheduled", "accepted"]
    assert rows[0].why == "What was held on the facilitator was erased at their request."


def test_what_is_kept_of_an_erased_facilitator_goes_when_it_is_heard_and_nobody_elses(store, message):
    said = {WHY_AGAIN: {"by": "priya", "reason": "Ana said so on the phone."}}
    enter(
        store,
        replace(message, recipient=ANA, state=MessageState.ACCEPTED, why="Ana has it. (priya)"),
        replace(message, id=UUID(int=2), message_id="<2@x>", recipient=ANA, version=2, facts=said, resend_of=REQUEST),
        replace(message, id=UUID(int=3), message_id="<3@x>", recipient=TOM, state=MessageState.ACCEPTED, why="Rang."),
    )
    with store.work() as work:
        for person in (ANA, TOM):
            change(work, person, Preferences(digest=True), by="a test")
        suppress(work, "ana@facilitators.example", "gone", message.id, KEYS)
        suppress(work, "tom@facilitators.example", "gone", UUID(int=3), KEYS)
        kept = {"key": "k", "operation": "change_preferences", "digest": "d", "answer": f'{{"person": "{ANA}"}}'}
        work.connection.execute(messaging.answers.insert(), {**kept, "at": work.now})

    hear_of_facilitator(store, ANA)

    with store.database.reading() as connection:
        assert list(connection.scalars(select(preferences.c.person))) == [TOM]
        assert list(connection.scalars(select(suppressions.c.message))) == [UUID(int=3)]
        assert list(connection.scalars(select(messaging.answers.c.key))) == []
        rows = connection.execute(select(messages).order_by(messages.c.id)).all()
    assert sorted((row.recipient, row.why) for row in rows if row.state == "accepted") == [(ANA, None), (TOM, "Rang.")]
    assert [row.facts for row in rows if row.resend_of] == [{}]


def test_the_mail_to_an_erased_facilitator_is_removed_and_one_on_its_way_is_looked_for_again(
    store, maildir, mail, message, now
):
    theirs = replace(message, recipient=ANA, state=MessageState.SENDING, claimed_at=now)
    another = replace(message, id=UUID(int=2), message_id="<2@x>", recipient=TOM)
    enter(store, theirs, another)
    lie(maildir, mail, theirs, another)
    hear_of_facilitator(store, ANA)
    with store.database.reading() as connection:
        subjects = connection.scalars(select(messaging.jobs.c.subject).where(messaging.jobs.c.kind == "remove_mail"))
        assert list(subjects) == [ANA]

    assert erasing.remove_mail(store, maildir, [ANA]) == 1

    assert left(maildir) == {another.message_id}
    with store.database.reading() as connection:
        due = connection.scalars(select(messaging.jobs.c.due_at).where(messaging.jobs.c.subject == ANA))
        assert now + erasing.LOOK_AGAIN in list(due)


def test_what_is_noted_of_an_erased_facilitator_later_goes_in_the_night_after(store, message):
    emails = {ANA: f"{UUID(int=0xA1).hex}@erased.invalid", TOM: "tom@facilitators.example", LEE: "x@erased.invalid"}

    def call(_service, _operation, facilitator):
        return {"email": emails[f"facilitator:{facilitator}"]}

    enter(store, replace(message, recipient=LEE))
    with store.work() as work:
        for person in (ANA, TOM):
            change(work, person, Preferences(digest=True), by="a test")
        suppress(work, "lee@facilitators.example", "gone", message.id, KEYS)

    assert erasing.forget_erased_facilitators(store, call) == 2

    with store.database.reading() as connection:
        assert list(connection.scalars(select(preferences.c.person))) == [TOM]
        assert list(connection.scalars(select(suppressions.c.message))) == []
    assert erasing.forget_erased_facilitators(store, call) == 0


def test_while_nobody_can_say_who_was_erased_everything_stays(store):
    def call(*_, **__):
        raise Refused("unavailable", "scheduling does not answer.")

    with store.work() as work:
        change(work, ANA, Preferences(), by="a test")

    with pytest.raises(Refused):
        erasing.forget_erased_facilitators(store, call)
    with store.database.reading() as connection:
        assert list(connection.scalars(select(preferences.c.person))) == [ANA]
