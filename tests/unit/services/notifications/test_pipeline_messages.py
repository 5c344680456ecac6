"""From an event to a mail, or to the reason why none went out, on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from services.notifications.channels.base import Mail, PermanentFailure, RecipientRefused, TemporaryFailure
from services.notifications.handlers import pipeline as handlers
from services.notifications.sending.delivery import Sender
from services.notifications.sending.directory import ServiceDirectory
from services.notifications.sending.rendering import Organisation
from services.notifications.tables import messages, messaging, metadata
from shared.contracts.enquiries import (
    AgreementSigned,
    AnswerAwaited,
    ContactLeft,
    EnquiryReceived,
    FirstReplyDue,
    IntakeAlarm,
    ProposalSent,
    ProposalSettled,
    ReplyWritten,
)
from shared.contracts.scheduling import PlannedSession, RunConfirmed
from shared.errors import Refused
from shared.observability import context
from shared.observability.context import about
from shared.persistence.database import Database
from shared.persistence.work import Store

NOW = dt.datetime(2026, 12, 4, 10, 0, tzinfo=dt.UTC)
REF, ID = "KT-7F3K-92", UUID(int=7)
DOMAIN = "mail.example.org"


class Enquiries:
    """The other services, as this one hears them; a test changes what they know."""

    def __init__(self) -> None:
        self.contact: dict[str, Any] = {"name": "Sam O'Neil", "email": "sam@risley.example", "status": "active"}
        self.enquiry: dict[str, Any] = {"standing": "filed", "waiting_on": "prison", "owner": None}
        self.waiting = 0
        self.asked: list[str] = []

    def call(self, _service: str, method: str, **arguments: Any) -> Any:
        self.asked.append(method)
        return getattr(self, method)(**arguments)

    def get_enquiry(self, reference: str) -> dict[str, Any]:
        asked = {
            "programme_name": "The Many Faces of Trauma",
            "establishment": "HMP Risley",
            "group_size": 10,
            "preferred_start": None,
        }
        return {"reference": reference, "contact": self.contact, **asked, **self.enquiry}

    def count_quarantine(self) -> dict[str, Any]:
        return {"waiting": self.waiting}

    def get_reply(self, entry_id: str) -> dict[str, Any]:
        assert entry_id == str(ID)
        return {
            "reference": REF,
            "words": "Thank you.\n\nTuesdays <are> free.",
            "actor": "priya",
            "contact": self.contact,
        }

    def get_proposal_letter(self, proposal_id: str) -> dict[str, Any]:
        assert proposal_id == str(ID)
        return {
            "reference": REF,
            "link": "https://keytalk.example/proposals/signed",
            "valid_until": "2027-01-04",
            "total": "£4,000",
            "programme": "The Many Faces of Trauma",
            "contact": self.contact,
        }


class Channel:
    """Keeps what it is given, or fails as a test says; notes what the work was about."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.about: list[str | None] = []
        self.fault: Exception | None = None

    def deliver(self, mail: Mail) -> None:
        self.about.append(context.correlation_id.get())
        if self.fault is not None:
            raise self.fault
        self.mails.append(mail)

    def settle(self, _message_id: str) -> bool | None:
        return None


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'notifications.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database().replace("postgresql:", "postgresql+psycopg:")
    database = Database(make_url(url))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: NOW, "notifications")
    database.close()


@pytest.fixture
def others() -> Enquiries:
    return Enquiries()


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.fixture
def sender(store, channel, others) -> Sender:
    return Sender(
        store=store,
        channel=channel,
        directory=ServiceDirectory(others.call, "ops@mail.example.org"),
        organisation=Organisation("Key & Compass", "ops@mail.example.org"),
        mail_from="keytalk@mail.example.org",
        lease=dt.timedelta(minutes=1),
    )


def hear(store: Store, handle: Callable[..., None], *event: Any) -> None:
    with store.work() as work:
        handle(work, *event, DOMAIN)


def hear_quarantined(store: Store) -> None:
    hear(store, handlers.when_enquiry_quarantined)


def hear_received(store: Store) -> None:
    event = EnquiryReceived(REF, "many-faces-of-trauma", "RSI", 10, None, None, None, NOW)
    hear(store, handlers.when_enquiry_received, event)


def ledger(store: Store) -> dict[tuple[str, str], tuple[str, str | None]]:
    with store.database.reading() as connection:
        return {(row.recipient, row.template): (row.state, row.why) for row in connection.execute(select(messages))}


def published(store: Store, type_: str) -> list[Any]:
    with store.database.reading() as connection:
        table = messaging.outbox
        return list(connection.scalars(select(table.c.envelope).where(table.c.type == type_)))


MONDAY = dt.datetime(2026, 12, 7, 8, 0, tzinfo=dt.UTC)


def test_many_suspects_are_one_message_with_their_number_as_it_is_then(store, sender, channel, others):
    for _ in range(240):
        hear_quarantined(store)
    assert sender.send_due(NOW) == {}

    others.waiting = 239
    sender.send_due(MONDAY)

    [mail] = channel.mails
    assert (mail.recipient, mail.subject) == ("ops@mail.example.org", "239 enquiries held back for a look")


def test_a_digest_with_nothing_to_tell_is_not_sent_and_says_why(store, sender, channel):
    hear_quarantined(store)

    sender.send_due(MONDAY)

    assert channel.mails == []
    [(state, why)] = ledger(store).values()
    assert (state, why) == ("suppressed", "Nobody waits in quarantine any more.")


def test_a_reply_carries_the_operators_words_and_stays_in_the_thread(store, sender, channel):
    hear_received(store)
    hear(store, handlers.when_reply_written, ReplyWritten(REF, ID))

    sender.send_due(NOW)

    thanks = next(mail for mail in channel.mails if mail.subject.startswith("We have your enquiry"))
    reply = next(mail for mail in channel.mails if "Tuesdays" in mail.text)
    assert (reply.recipient, reply.reply_to) == ("sam@risley.example", "ops@mail.example.org")
    assert REF in reply.subject
    assert "Thank you.\n\nTuesdays <are> free." in reply.text
    assert "<p>Tuesdays &lt;are&gt; free.</p>" in reply.html
    assert reply.references == (thanks.message_id,)
    assert (reply.auto_submitted, thanks.auto_submitted) == ("no", "auto-generated")


@pytest.mark.parametrize(
    ("handle", "event", "template"),
    [
        (handlers.when_reply_written, ReplyWritten(REF, ID), "reply_written"),
        (handlers.when_answer_awaited, AnswerAwaited(REF, "first_nudge", NOW), "answer_awaited_first_nudge"),
        (handlers.when_answer_awaited, AnswerAwaited(REF, "second_nudge", NOW), "answer_awaited_second_nudge"),
        (handlers.when_answer_awaited, AnswerAwaited(REF, "proposal", NOW), "proposal_reminder"),
        (handlers.when_proposal_sent, ProposalSent(REF, ID, 1, dt.date(2027, 1, 4)), "proposal_sent"),
        (handlers.when_proposal_settled, ProposalSettled(REF, ID, 1, "accepted"), "proposal_accepted"),
        (handlers.when_proposal_settled, ProposalSettled(REF, ID, 1, "declined"), "proposal_declined"),
        (handlers.when_proposal_settled, ProposalSettled(REF, ID, 1, "withdrawn"), "proposal_withdrawn"),
        (handlers.when_agreement_signed, AgreementSigned(REF, ID, "session", 16), "agreement_signed"),
    ],
)
class TestEveryLetterToTheEnquirer:
    recipient = f"enquirer:{REF}"

    def test_goes_out_once_however_often_the_event_is_heard(self, store, sender, channel, handle, event, template):
        hear(store, handle, event)
        hear(store, handle, event)

        sender.send_due(NOW)

        theirs = [mail for mail in channel.mails if mail.recipient == "sam@risley.example"]
        assert len(theirs) == 1
        assert REF in theirs[0].subject
        assert ledger(store)[self.recipient, template] == ("accepted", None)

    @pytest.mark.parametrize("status", ["left", "bounced", "erased"])
    def test_is_never_sent_to_somebody_who_is_gone(
        self, store, sender, channel, others, handle, event, template, status
    ):
        others.contact["status"] = status
        hear(store, handle, event)

        sender.send_due(NOW)

        state, why = ledger(store)[self.recipient, template]
        assert (state, bool(why)) == ("suppressed", True)
        assert "sam@risley.example" not in [mail.recipient for mail in channel.mails]

    def test_is_not_sent_to_somebody_without_an_address(self, store, sender, channel, others, handle, event, template):
        others.contact["email"] = None
        hear(store, handle, event)

        sender.send_due(NOW)

        state, why = ledger(store)[self.recipient, template]
        assert (state, why) == ("suppressed", "The contact gave no email address: tell them by phone or on paper.")

    def test_is_held_back_at_once_when_they_leave(self, store, sender, channel, handle, event, template):
        channel.fault = TemporaryFailure("not now")
        hear(store, handle, event)
        sender.send_due(NOW)
        assert ledger(store)[self.recipient, template][0] == "scheduled"

        with store.work() as work:
            handlers.when_contact_left(work, ContactLeft(ID, "left", ("KT-2222-22", REF)))

        state, why = ledger(store)[self.recipient, template]
        assert (state, why.startswith("The contact has left")) == ("suppressed", True)


@pytest.mark.parametrize(
    ("handle", "event", "subject"),
    [
        (handlers.when_first_reply_due, FirstReplyDue(REF, "due", NOW), f"A first answer is due: {REF}"),
        (handlers.when_first_reply_due, FirstReplyDue(REF, "late", NOW), f"Still waiting for a first answer: {REF}"),
        (handlers.when_answer_awaited, AnswerAwaited(REF, "offer_call", NOW), f"Time to offer a call: {REF}"),
        (handlers.when_proposal_settled, ProposalSettled(REF, ID, 1, "expired"), f"Proposal expired: {REF}"),
        (handlers.when_agreement_signed, AgreementSigned(REF, ID, "place", 12), f"Agreement signed: {REF}"),
        (handlers.when_intake_alarm, IntakeAlarm(ID, "canary", NOW), "The enquiry form may not be open"),
        (handlers.when_intake_alarm, IntakeAlarm(ID, "silence", NOW), "It is unusually quiet: no enquiry has come"),
        (
            handlers.when_intake_alarm,
            IntakeAlarm(ID, "ledger", NOW),
            "The daily balance of enquiries does not come out",
        ),
    ],
)
def test_the_ops_team_is_told_once(store, sender, channel, handle, event, subject):
    hear(store, handle, event)
    hear(store, handle, event)

    sender.send_due(NOW)

    ours = [mail.subject for mail in channel.mails if mail.recipient == "ops@mail.example.org"]
    assert ours == [subject]


def test_a_first_reply_that_came_in_time_needs_no_reminder(store, sender, channel, others):
    hear(store, handlers.when_first_reply_due, FirstReplyDue(REF, "due", NOW))
    others.enquiry["first_reply_at"] = NOW.isoformat()

    sender.send_due(NOW)

    assert channel.mails == []
    [(state, why)] = ledger(store).values()
    assert (state, why) == ("suppressed", "Somebody has answered the enquirer meanwhile.")


def test_who_has_the_enquiry_is_named_to_the_ops_team(store, sender, channel, others):
    others.enquiry["owner"] = "priya"
    hear(store, handlers.when_first_reply_due, FirstReplyDue(REF, "due", NOW))

    sender.send_due(NOW)

    assert "With:      priya\n" in channel.mails[0].text


def test_a_proposal_that_was_taken_back_before_they_heard_of_it_is_nothing_to_them(store, sender, channel):
    hear(store, handlers.when_proposal_sent, ProposalSent(REF, ID, 1, dt.date(2027, 1, 4)))

    hear(store, handlers.when_proposal_settled, ProposalSettled(REF, ID, 1, "withdrawn"))
    sender.send_due(NOW)

    assert [mail.recipient for mail in channel.mails] == ["ops@mail.example.org"]
    assert ledger(store)[f"enquirer:{REF}", "proposal_sent"] == ("superseded", "The proposal is settled.")


def test_whoever_had_a_proposal_is_told_that_it_was_taken_back(store, sender, channel):
    hear(store, handlers.when_proposal_sent, ProposalSent(REF, ID, 1, dt.date(2027, 1, 4)))
    sender.send_due(NOW)
    channel.mails.clear()

    hear(store, handlers.when_proposal_settled, ProposalSettled(REF, ID, 1, "withdrawn"))
    sender.send_due(NOW)

    theirs = next(mail for mail in channel.mails if mail.recipient == "sam@risley.example")
    assert theirs.subject == f"Our proposal is no longer open, reference {REF}"
    assert "What happens next" in theirs.text


@pytest.mark.parametrize("outcome", ["accepted", "declined", "withdrawn", "expired", "superseded"])
def test_nobody_is_reminded_of_a_proposal_that_was_settled_while_the_reminder_waited(store, sender, channel, outcome):
    hear(store, handlers.when_answer_awaited, AnswerAwaited(REF, "proposal", NOW))

    hear(store, handlers.when_proposal_settled, ProposalSettled(REF, ID, 1, outcome))
    sender.send_due(NOW)

    assert ledger(store)[f"enquirer:{REF}", "proposal_reminder"] == ("superseded", "The proposal is settled.")
    assert not any("still open" in mail.subject for mail in channel.mails)


def test_a_proposal_goes_out_with_its_link_its_sum_and_its_date(store, sender, channel):
    hear(store, handlers.when_proposal_sent, ProposalSent(REF, ID, 1, dt.date(2027, 1, 4)))

    sender.send_due(NOW)

    for part in ("https://keytalk.example/proposals/signed", "£4,000", "Monday 4 January 2027"):
        assert part in channel.mails[0].text
        assert part in channel.mails[0].html


def test_reminders_of_a_run_go_to_whoever_is_the_contact_on_the_day(store, sender, channel, others):
    session = PlannedSession(ID, 1, dt.date(2027, 1, 12), dt.time(13, 45), dt.time(16, 45), "Europe/London")
    event = RunConfirmed(ID, REF, "many-faces-of-trauma", "The Many Faces", "RSI", "Risley (HMP)", (), (session,))
    hear(store, handlers.when_run_confirmed, event)
    with store.work() as work:
        handlers.when_contact_left(work, ContactLeft(ID, "left", (REF,)))

    others.contact |= {"name": "Jo", "email": "jo@risley.example"}
    sender.send_due(dt.datetime(2027, 1, 7, 15, 0, tzinfo=dt.UTC))

    assert {mail.recipient for mail in channel.mails} == {"jo@risley.example"}


def test_somebody_who_left_nothing_behind_is_no_trouble(store):
    with store.work() as work:
        handlers.when_contact_left(work, ContactLeft(ID, "left"))

    assert ledger(store) == {}


@pytest.mark.parametrize(("known", "said"), [("Risley (HMP)", "Risley (HMP)"), (None, "HMP Risley")])
def test_thanks_name_the_place_as_the_register_does_where_it_is_known(store, sender, channel, others, known, said):
    others.enquiry["establishment_name"] = known
    hear_received(store)
    sender.send_due(NOW)

    [thanks] = [mail for mail in channel.mails if mail.recipient == "sam@risley.example"]
    assert f"Where: {said}\n" in thanks.text


def test_an_address_that_is_turned_down_for_good_is_told_once_with_the_outcome(store, sender, channel):
    channel.fault = RecipientRefused("the mail server answered 550 5.1.1 at RCPT")
    hear_received(store)

    sender.send_due(NOW)
    sender.send_due(NOW)

    [bounced] = published(store, "recipient_bounced")
    assert f'"about":"{REF}"' in bounced
    assert "sam@risley.example" not in bounced
    assert ledger(store)[f"enquirer:{REF}", "enquiry_received"][0] == "failed"


@pytest.mark.parametrize(
    "fault",
    [
        PermanentFailure("the mail server answered 552 at the content"),
        PermanentFailure("the mail server answered 554 5.7.1 at RCPT"),
        TemporaryFailure("the mail server answered 450 at RCPT"),
    ],
)
def test_no_other_fault_is_the_recipients(store, sender, channel, fault):
    channel.fault = fault
    hear_received(store)

    sender.send_due(NOW)

    assert published(store, "recipient_bounced") == []


def test_a_message_is_traced_to_what_it_follows_from(store, sender, channel):
    with about(correlation_id="the-post"):
        hear_received(store)
    hear(store, handlers.when_first_reply_due, FirstReplyDue(REF, "due", NOW))

    sender.send_due(NOW)

    assert sorted(map(str, channel.about)) == ["None", "the-post", "the-post"]
    traced = [envelope for envelope in published(store, "message_accepted") if '"correlationid":"the-post"' in envelope]
    assert len(traced) == 2
    assert context.correlation_id.get() is None


@pytest.mark.parametrize("given", ["x" * 300, 7])
def test_a_strangers_name_for_it_fits_the_column(store, given):
    with about(correlation_id=given):
        hear_received(store)

    with store.database.reading() as connection:
        kept = set(connection.scalars(select(messages.c.correlation_id)))
    assert kept == {str(given)[:100]}


def test_a_service_that_cannot_be_asked_costs_no_message(store, sender, channel, others):
    def away(**_: Any) -> Any:
        raise Refused("unavailable", "enquiries did not answer.")

    others.get_reply = away  # type: ignore[method-assign]
    hear(store, handlers.when_reply_written, ReplyWritten(REF, ID))

    sender.send_due(NOW)

    assert ledger(store)[f"enquirer:{REF}", "reply_written"] == ("scheduled", "enquiries did not answer.")
