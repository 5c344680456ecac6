"""What comes back by mail is told apart by its headers and parts, and nothing in it ends the reader."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.channels.verp import message_of
from services.notifications.domain.answers import Answer, Kind, read
from services.notifications.domain.bounces import Fate
from services.notifications.domain.mail_parts import MOST_PARTS, parse, parts_of
from tests.unit.services.notifications.answer_samples import (
    ADDRESS,
    AWAY,
    COMPLAINT,
    EXCHANGE,
    GMAIL,
    MESSAGE,
    MESSAGE_ID,
    OURS,
    QMAIL,
    RECEIPT,
    VERP,
    mail,
    postfix,
    reply,
)


def reading(raw: bytes) -> Answer:
    return read(raw, token_in=message_of, ours=OURS)


@pytest.mark.parametrize(
    ("raw", "status"),
    [(postfix(), "5.1.1"), (EXCHANGE, "5.1.10"), (GMAIL, "5.1.1"), (QMAIL, "5.1.1")],
    ids=["postfix", "exchange", "gmail", "qmail"],
)
def test_a_permanent_bounce_names_the_message_the_address_and_why(raw, status):
    answer = reading(raw)

    assert (answer.kind, answer.token) == (Kind.REPORT, MESSAGE)
    assert MESSAGE_ID in answer.ids
    [report] = answer.reports
    assert (report.fate, report.status, report.about_mailbox) == (Fate.FAILED, status, True)
    assert ADDRESS in report.addresses
    assert report.why == f"It came back with {status}: there is no such mailbox."


@pytest.mark.parametrize(
    ("status", "said", "about_mailbox"),
    [
        ("5.1.1", "550 5.1.1 User unknown", True),
        ("5.1.2", "550 5.1.2 Host unknown", True),
        ("5.2.1", "550 5.2.1 Mailbox disabled", True),
        ("5.0.0", "550 no such user here", True),
        ("5.2.2", "552 5.2.2 Mailbox full", False),
        ("5.3.4", "552 5.3.4 Message too big", False),
        ("5.7.1", "550 5.7.1 Message rejected as spam", False),
        ("5.0.0", "550 blocked by our policy", False),
        ("5.0.0", "554 transaction failed", False),
        ("4.4.7", "421 4.4.7 Delivery time expired", False),
    ],
)
def test_only_what_is_said_of_the_mailbox_is_about_the_address(status, said, about_mailbox):
    [report] = reading(postfix(status=status, said=said)).reports

    assert (report.fate, report.about_mailbox) == (Fate.FAILED, about_mailbox)
    assert "@" not in report.why


@pytest.mark.parametrize(
    ("action", "status", "fate"),
    [
        ("delayed", "4.4.1", Fate.DELAYED),
        ("delivered", "2.0.0", Fate.DELIVERED),
        ("relayed", "2.0.0", Fate.PASSED_ON),
        ("expanded", "2.0.0", Fate.PASSED_ON),
        ("failed (given up)", "5.1.1", Fate.FAILED),
        ("", "4.2.2", Fate.DELAYED),
    ],
)
def test_the_action_of_a_report_says_what_became_of_the_mail(action, status, fate):
    assert [each.fate for each in reading(postfix(action=action, status=status)).reports] == [fate]


def test_a_complaint_is_told_from_a_bounce_and_names_the_message():
    answer = reading(COMPLAINT)

    assert (answer.kind, answer.token) == (Kind.COMPLAINT, MESSAGE)
    assert [(each.fate, each.addresses) for each in answer.reports] == [(Fate.COMPLAINED, {ADDRESS})]


def test_a_readers_receipt_says_that_it_arrived():
    answer = reading(RECEIPT)

    assert (answer.kind, answer.ids, [each.fate for each in answer.reports]) == (
        Kind.REPORT,
        (MESSAGE_ID,),
        [Fate.DELIVERED],
    )


def test_somebody_away_is_an_automatic_answer_about_the_message():
    answer = reading(AWAY)

    assert (answer.kind, answer.token, answer.ids[0], answer.reference) == (
        Kind.AUTOMATIC,
        MESSAGE,
        MESSAGE_ID,
        "KT-7F3K-92",
    )
    assert answer.said.words.startswith("I am on leave until 30 November.")


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-generated\n",
        "Precedence: auto_reply\n",
        "X-Autoreply: yes\n",
        "X-Autorespond: yes\n",
        "Return-Path: <>\n",
    ],
)
def test_a_header_of_a_machine_makes_an_answer_automatic(headers):
    assert reading(reply(headers=headers)).kind is Kind.AUTOMATIC


@pytest.mark.parametrize("sender", ["no-reply@x.example", "DoNotReply@x.example", "postmaster@x.example", "nobody"])
def test_what_comes_from_nobody_who_could_be_answered_is_automatic(sender):
    assert reading(reply(sender=sender)).kind is Kind.AUTOMATIC


@pytest.mark.parametrize(
    ("subject", "headers", "kind"),
    [
        ("Automatic reply: Your enquiry KT-7F3K-92", "", Kind.REPLY),
        ("RE: Out of office next week? KT-7F3K-92", "", Kind.REPLY),
        ("Automatic reply: Your enquiry", "X-Auto-Response-Suppress: All\n", Kind.AUTOMATIC),
        ("Ateb awtomatig: KT-7F3K-92", "X-MS-Exchange-Inbox-Rules-Loop: x@risley.example\n", Kind.AUTOMATIC),
        ("RE: Your enquiry", "X-Auto-Response-Suppress: All\n", Kind.REPLY),
    ],
)
def test_a_subject_alone_makes_no_answer_automatic(subject, headers, kind):
    assert reading(reply(subject=subject, headers=headers)).kind is kind


@pytest.mark.parametrize("headers", ["List-Id: <news.example>\n", "Precedence: bulk\n", "List-Unsubscribe: <x>\n"])
def test_mail_for_many_is_no_answer_unless_it_answers_something(headers):
    to_nobody = {"to": "ops@mail.example.org", "subject": "News", "answers": ""}

    assert reading(reply(headers=headers, **to_nobody)).kind is Kind.CIRCULAR
    assert reading(reply(headers=headers)).kind is Kind.REPLY
    assert reading(reply(headers=headers, **{**to_nobody, "subject": "RE: KT-7F3K-92"})).kind is Kind.REPLY


def test_an_answer_that_a_list_sent_on_in_our_name_is_its_authors():
    raw = reply(sender='"Hana Rees via Ops" <ops@mail.example.org>', headers=f"X-Original-From: Hana <{ADDRESS}>\n")

    assert (reading(raw).kind, reading(raw).sender) == (Kind.REPLY, ADDRESS)


def test_what_we_sent_ourselves_is_no_answer():
    assert reading(reply(sender="Key & Compass <keytalk@mail.example.org>")).kind is Kind.OWN
    assert reading(reply(sender="OPS@mail.example.org")).kind is Kind.OWN


def test_a_person_who_quotes_a_bounce_is_not_taken_for_one():
    quoted = QMAIL.decode().replace("\r\n", "\n").partition("\n\n")[2]

    answer = reading(reply(quoted))

    assert (answer.kind, answer.reports) == (Kind.REPLY, ())


@pytest.mark.parametrize(
    ("calendar", "kind"), [("PARTSTAT=ACCEPTED", Kind.AUTOMATIC), ("PARTSTAT=DECLINED", Kind.REPLY)]
)
def test_an_accepted_invitation_is_good_to_know_and_a_declined_one_is_somebodys_word(calendar, kind):
    raw = mail(f"""\
From: Hana Rees <{ADDRESS}>
To: ops@mail.example.org
Subject: Session 3 KT-7F3K-92
Message-ID: <cal.1@risley.example>
Content-Type: multipart/alternative; boundary="c"

--c
Content-Type: text/plain


--c
Content-Type: text/calendar; method=REPLY; charset=utf-8

BEGIN:VCALENDAR
METHOD:REPLY
BEGIN:VEVENT
UID:session-3
ATTENDEE;{calendar}:mailto:{ADDRESS}
END:VEVENT
END:VCALENDAR
--c--
""")

    assert reading(raw).kind is kind


@pytest.mark.parametrize(
    ("to", "subject", "reference"),
    [
        ("Key & Compass KT-7F3K-92 <ops@mail.example.org>", "RE: hello", "KT-7F3K-92"),
        ("ops+kt-7f3k-92@mail.example.org", "RE: hello", "KT-7F3K-92"),
        ("ops@mail.example.org", "RE: Your enquiry kt 7f3k 92", "KT-7F3K-92"),
        ("ops+KT-7F3K-92@mail.example.org", "RE: KT-4444-44", "KT-7F3K-92"),
        ("ops@mail.example.org", "KT-7F3K-92 and KT-4444-44", None),
        ("ops@mail.example.org", "The ktabcdef of KT-0000-00", None),
    ],
)
def test_a_reference_is_read_from_the_address_or_else_from_the_subject(to, subject, reference):
    assert reading(reply(to=to, subject=subject)).reference == reference


def test_the_mail_that_is_answered_comes_before_those_it_followed():
    raw = reply(answers="", headers="In-Reply-To: <third@x>\nReferences: <first@x> <second@x>\n <third@x>\n")

    assert reading(raw).ids == ("<third@x>", "<third@x>", "<second@x>", "<first@x>")


def test_copies_of_one_mail_have_one_mark_and_others_have_their_own():
    one = reading(reply(message_id="<same@x>"))
    copy = reading(reply(message_id="<same@x>", headers="Delivered-To: somebody@else.example\n"))
    bare, again = reading(reply(message_id="")), reading(reply("Or Fridays.", message_id=""))

    assert one.mark == copy.mark
    assert len({one.mark, reading(reply(message_id="<other@x>")).mark, bare.mark, again.mark}) == 4


def nested(depth: int) -> bytes:
    opening = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return mail(f"From: a@b.example\nTo: {VERP}\nSubject: x\n{opening}Content-Type: text/plain\n\nhello\n")


HOSTILE = {
    "nothing": b"",
    "no headers": b"\r\n\r\nhello",
    "only zeros": b"\0" * 10_000,
    "every byte": bytes(range(256)) * 500,
    "nested without end": nested(3_000),
    "many parts": mail('From: a@b.example\nContent-Type: multipart/mixed; boundary="b"\n\n' + "--b\n\nx\n" * 20_000),
    "a charset that is none": reply().replace(b"charset=utf-8", b"charset=hex"),
    "a charset that does not exist": reply().replace(b"charset=utf-8", b'charset="x-klingon\xff"'),
    "bytes of another charset": reply("Siân says yes").replace("â".encode(), b"\xe2"),
    "broken base64": reply().replace(b"charset=utf-8", b"charset=utf-8\r\nContent-Transfer-Encoding: base64"),
    "a report of nothing": mail('From: x@y.example\nContent-Type: multipart/report; boundary="b"\n\n--b--\n'),
    "a report cut in half": postfix()[:1200],
    "headers without end": b"X: " + b"a" * 200_000,
    "an encoded word without end": b"Subject: =?utf-8?q?" + b"=C3" * 60_000,
    "brackets without end": reply(answers="<" * 50_000),
    "addresses without end": b"To: " + b"a@b.example, " * 20_000,
    "quotes without end": reply(">" * 200_000),
    "attributions without end": reply("On Monday wrote wrote wrote\n" * 8_000),
    "markup without end": reply("<div>" * 40_000).replace(b"text/plain", b"text/html"),
    "a bounce without end": QMAIL + b"<a@b.example>:\r\nSorry\r\n" * 10_000,
    "references without end": reply(subject="KT-7F3K-9 " * 15_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_mail_ends_the_reader(name):
    answer = reading(HOSTILE[name][: 256 * 1024])

    assert len(answer.mark) == 64
    assert len(answer.said.words) < 100_001


@given(st.binary(max_size=2_000), st.integers(0, 3_000))
@settings(max_examples=200, deadline=None)
def test_a_mail_with_any_bytes_in_its_middle_is_read(noise, at):
    for raw in (postfix(), reply(), EXCHANGE, COMPLAINT):
        assert reading(raw[:at] + noise + raw[at:]).mark


@pytest.mark.parametrize(
    "raw",
    [
        reply(subject="=?utf-8?b?abcde?="),
        reply(subject="=?utf-8?b?////?= =?x-none?q?x?="),
        reply(to="(" * 3_000),
        reply().replace(b"charset=utf-8", b"charset*0*=%FF%FE''x"),
    ],
    ids=["base64 that is none", "a charset that is none", "brackets without end", "a parameter that is none"],
)
def test_a_header_that_cannot_be_read_costs_no_more_than_itself(raw):
    answer = reading(raw)

    assert (answer.kind, answer.said.words) == (Kind.REPLY, "Thursdays suit us better.")


def test_of_many_parts_only_the_first_are_looked_at():
    assert len(list(parts_of(parse(HOSTILE["many parts"])))) == MOST_PARTS


def test_words_in_the_charset_that_they_name_are_read():
    raw = reply("Dŵr").replace("Dŵr".encode(), "Dŵr".encode("iso-8859-14"))

    assert reading(raw.replace(b"charset=utf-8", b"charset=ISO-8859-14")).said.words == "Dŵr"


def test_words_of_another_charset_are_read_as_they_were_written():
    assert reading(HOSTILE["bytes of another charset"]).said.words == "Siân says yes"


def test_a_reply_in_base64_is_read():
    words = base64.encodebytes("Dydd Iau, os gwelwch yn dda — diolch".encode()).decode()
    raw = mail(f"""\
From: {ADDRESS}
To: ops@mail.example.org
Subject: =?utf-8?q?Ateb_KT-7F3K-92?=
Message-ID: <b64@risley.example>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

{words}""")

    assert reading(raw).said.words == "Dydd Iau, os gwelwch yn dda — diolch"
    assert reading(raw).reference == "KT-7F3K-92"
