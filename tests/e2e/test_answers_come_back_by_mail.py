"""A contact's mail comes back into the mailbox, a colleague writes instead: scenario 4 on real servers, IMAP included.

What another organisation's mail servers would do is done here: the test takes what Keytalk has sent, and puts into the
mailbox what they would send back to the envelope's sender or to the address for replies.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TypeVar

import pytest

from tests.examples import STORY_BEGINS, risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.servers.smtp import MailServer
from tests.unit.services.notifications.answer_samples import postfix, reply
from tests.waiting import eventually

T = TypeVar("T")

READ_WITHIN = 60
HANA, HUB = "hana.rees@risley.example", "hub@risley.example"
HEAD_ASKS = {
    "contact_name": "Hana Rees",
    "contact_role": "Head of reducing reoffending",
    "contact_email": HANA,
    "message": "We would like sixteen weeks from January, for men on the resettlement wing.",
}
HUB_ASKS = {
    "contact_name": "Ffion Môn",
    "contact_role": "Activities hub",
    "contact_email": HUB,
    "message": "Please could you put your programme on with us from January?",
}


def once_read(keytalk: Keytalk, look: Callable[[], T]) -> T:
    """Have the mailbox read, again and again, until what is looked for is seen."""

    def again() -> T:
        keytalk.cli("answers", "read")
        return look()

    return eventually(again, within=READ_WITHIN)


@pytest.fixture(scope="module")
def folder(mailbox_server) -> str:
    return mailbox_server.new_folder("Scenario 4")


@pytest.fixture(scope="module")
def keytalk(real_environment, folder):
    answers = {
        "KEYTALK_IMAP_URL": folder,
        "KEYTALK_BOUNCE_ADDRESS": "bounces@mail.example.org",
        "KEYTALK_REPLY_TAGS": "on",
        "KEYTALK_MAIL_FROM": "keytalk@mail.example.org",
        "KEYTALK_OPS_MAILBOX": "ops@mail.example.org",
    }
    with Keytalk(demo=True, env={**real_environment, **answers}, began_at=STORY_BEGINS) as running:
        # What is in a mailbox before it is first read counts only where it is new, by the server's own clock.
        once_read(running, lambda: running.cli("answers", "mailbox")["read_at"])
        yield running


@pytest.fixture(scope="module")
def post(_mail_server: MailServer) -> MailServer:
    """The server that Keytalk sends its mail to."""
    return _mail_server


@pytest.fixture(scope="module")
def arrive(mailbox_server):
    """Put mails into the mailbox."""

    def deliver(*mails: bytes) -> None:
        mailbox_server.deliver(*mails, folder="Scenario 4")

    return deliver


def show(keytalk: Keytalk, reference: str) -> dict:
    return keytalk.cli("enquiries", "show", reference)


def ask(keytalk: Keytalk, answers: dict) -> str:
    answer = keytalk.post(risley_enquiry(**answers))
    assert answer.status_code == 201, answer.text
    reference: str = answer.json()["reference"]
    eventually(lambda: (seen := show(keytalk, reference))["contact"]["id"] and seen["acknowledged_at"], within=60)
    return reference


def sent_to(server: MailServer, address: str, reference: str) -> tuple[str, EmailMessage]:
    """Give the last mail about an enquiry to an address, with the sender on its envelope."""

    def found() -> list[tuple[str, EmailMessage]]:
        return [
            (mail.sender, mail.message)
            for mail in server.mails
            if mail.recipients == (address,) and reference in mail.message["Subject"] + str(mail.message["Reply-To"])
        ]

    return eventually(found, within=60)[-1]


def bounce_of(sender: str, message: EmailMessage) -> bytes:
    """Give what the prison's mail server sends back for a mail to somebody whom it knows no longer."""
    address = parseaddr(message["To"])[1]
    original = f"Return-Path: <{sender}>\nFrom: {message['From']}\nTo: {address}\nMessage-ID: {message['Message-ID']}\n"
    said = f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"
    return postfix(to=sender, recipient=address, said=said, original=original)


def answer_to(message: EmailMessage, words: str, *, sender: str, at: dt.datetime) -> bytes:
    """Give what a person's mail program sends as an answer."""
    named = f"<{abs(hash((words, sender)))}@risley.example>"
    raw = reply(
        words,
        sender=sender,
        to=str(message["Reply-To"]),
        subject=f"RE: {message['Subject']}",
        answers=message["Message-ID"],
        message_id=named,
    )
    return raw.replace(b"Fri, 20 Nov 2026 11:00:00 +0000", format_datetime(at).encode())


@pytest.fixture(scope="module")
def older(keytalk) -> str:
    eventually(lambda: keytalk.cli("organisations", "list", "--search", "Risley"), within=60)
    return ask(keytalk, HEAD_ASKS)


@pytest.fixture(scope="module")
def bounced(keytalk, older, arrive, post) -> str:
    sender, message = sent_to(post, HANA, older)
    assert sender.startswith("bounces+")
    arrive(bounce_of(sender, message))
    once_read(keytalk, lambda: show(keytalk, older)["contact"]["status"] == "bounced")
    return str(message["Message-ID"])


@pytest.fixture(scope="module")
def newer(keytalk, bounced) -> str:
    return ask(keytalk, HUB_ASKS)


@pytest.fixture(scope="module")
def thread(keytalk, older, newer) -> list[str]:
    merged = keytalk.cli("enquiries", "merge", newer, "--into", older, "--reason", "The hub asks for the same group.")
    return merged["thread"]


def test_a_bounce_in_the_mailbox_settles_the_message_holds_the_address_back_and_asks_who_holds_the_post(
    keytalk, older, bounced
):
    [message] = [each for each in keytalk.cli("messages", "list") if each["message_id"] == bounced]
    [held_back] = keytalk.cli("suppressions", "list")
    titles = [task["title"] for task in keytalk.cli("tasks", "list") if task["reference"] == older]

    assert (message["state"], message["why"]) == ("bounced", "It came back with 5.1.1: there is no such mailbox.")
    assert (held_back["recipient"], held_back["message"]) == (f"enquirer:{older}", message["id"])
    assert "Who holds the post of Head of reducing reoffending at Risley (HMP) now?" in titles
    assert [each["outcome"] for each in keytalk.cli("answers", "list", "--kind", "report")] == ["bounced"]


def test_nothing_is_kept_of_the_address_by_notifications(keytalk, bounced):
    said = keytalk.cli("suppressions", "list"), keytalk.cli("answers", "list"), keytalk.cli("messages", "list")

    assert "risley.example" not in str(said)


def test_the_colleagues_ask_is_acknowledged_and_suggested_as_the_same(keytalk, older, newer, post):
    _sender, message = sent_to(post, HUB, newer)
    [match] = [each for each in keytalk.cli("enquiries", "matches", newer) if each["kind"] == "duplicate"]

    assert newer in str(message["Reply-To"])
    assert (match["id"], match["state"]) == (older, "suggested")


def test_an_answer_by_mail_to_either_reference_reaches_the_thread(keytalk, older, newer, thread, arrive, post):
    assert thread == [older, newer]
    _sender, ours = sent_to(post, HUB, newer)
    to_the_older = answer_to(ours, "Tuesdays suit us.", sender=f"Ffion Môn <{HUB}>", at=STORY_BEGINS)
    to_the_older = to_the_older.replace(newer.encode(), older.encode()).replace(
        str(ours["Message-ID"]).encode(), b"<lost@risley.example>"
    )
    arrive(answer_to(ours, "Or Thursdays would.", sender=f"Ffion Môn <{HUB}>", at=STORY_BEGINS), to_the_older)

    def answered() -> list[str]:
        return [step["reason"] for step in show(keytalk, older)["timeline"] if step["kind"] == "answered"]

    assert once_read(keytalk, lambda: len(answered()) == 2 and answered()) == [
        "Or Thursdays would.",
        "Tuesdays suit us.",
    ]
    assert show(keytalk, older)["waiting_on"] == "us"


def test_somebody_away_is_noted_and_sends_no_mail(keytalk, older, thread, arrive, post):
    keytalk.cli("enquiries", "reply", older, "--words", "Thank you, Ffion. Tuesdays it is.")
    sender, message = sent_to(post, HUB, older)
    sent = len(post.mails)
    away = answer_to(message, "I am on leave until Monday.", sender=f"Ffion Môn <{HUB}>", at=STORY_BEGINS)
    arrive(b"Return-Path: <>\r\nAuto-Submitted: auto-replied\r\nDelivered-To: " + sender.encode() + b"\r\n" + away)

    once_read(keytalk, lambda: keytalk.cli("answers", "list", "--kind", "automatic"))

    seen = show(keytalk, older)
    assert [step["reason"] for step in seen["timeline"] if step["kind"] == "noted"] == [
        "An automatic answer came by mail: I am on leave until Monday."
    ]
    assert seen["waiting_on"] == "prison"
    assert len(post.mails) == sent


def test_what_may_not_be_kept_is_to_be_read_in_the_mailbox(keytalk, older, thread, arrive, post):
    _sender, message = sent_to(post, HUB, older)
    arrive(answer_to(message, "It is for A1234BC.", sender=f"Ffion Môn <{HUB}>", at=STORY_BEGINS))

    once_read(keytalk, lambda: keytalk.cli("answers", "list", "--outcome", "not_filed"))

    def titles() -> list[str]:
        return [task["title"] for task in keytalk.cli("tasks", "list") if task["reference"] == older]

    wanted = "Read in the mailbox what the contact wrote: it could not be filed"
    eventually(lambda: wanted in titles(), within=60)
    assert "A1234BC" not in str(show(keytalk, older))


def test_a_forged_report_about_somebody_else_changes_nothing(keytalk, older, thread, arrive):
    forged = postfix(to="bounces@mail.example.org", recipient="governor@risley.example", original="Message-ID: <x@y>\n")
    arrive(forged.replace(b"<20261120100004.4F1C2A@", b"<20261120100009.forged@"))

    once_read(keytalk, lambda: keytalk.cli("answers", "list", "--outcome", "unmatched"))

    assert len(keytalk.cli("suppressions", "list")) == 1
    assert show(keytalk, older)["contact"]["status"] == "active"


def test_taken_apart_again_each_keeps_what_was_said_to_it(keytalk, older, newer, thread):
    keytalk.cli("enquiries", "unmerge", newer, "--reason", "It is for another group.")

    whole, part = show(keytalk, older), show(keytalk, newer)
    assert (whole["contact"]["name"], whole["contact"]["status"]) == ("Hana Rees", "bounced")
    assert (part["standing"], part["contact"]["name"]) == ("filed", "Ffion Môn")


def test_the_mailbox_is_as_it_was(mailbox_server, keytalk, thread):
    assert {flag for mail in mailbox_server.mails("Scenario 4") for flag in mail.flags} == set()


def test_lifted_with_a_reason_the_address_is_written_to_again(keytalk, bounced):
    [row] = keytalk.cli("suppressions", "list")

    keytalk.cli("suppressions", "lift", row["id"], "--reason", "The prison opened her mailbox again.")

    assert keytalk.cli("suppressions", "list") == []
    [lifted] = keytalk.cli("suppressions", "list", "--lifted")
    assert lifted["lifted_because"] == "The prison opened her mailbox again."
