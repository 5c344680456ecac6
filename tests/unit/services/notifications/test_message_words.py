from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.notifications.domain import calendar_occasions
from services.notifications.domain import pipeline_occasions as occasions
from services.notifications.domain.calendar_occasions import Change
from services.notifications.domain.facts import EnquiryFacts, RunFacts
from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import (
    Drafting,
    acknowledgement,
    ops_notice,
    run_confirmations,
    session_reminders,
)
from services.notifications.sending import rendering
from services.notifications.sending.rendering import (
    TEMPLATES,
    MessageNotRendered,
    Organisation,
    Rendered,
    date_words,
    minutes_earlier,
    moment_words,
    money,
    plain,
    render,
    time_words,
)

FILES = sorted(
    path for path in (Path(rendering.__file__).parents[1] / "templates").iterdir() if path.suffix in {".txt", ".html"}
)
ID = UUID(int=7)
ASKED_FOR = {
    "name": "Sam O'Neil",
    "programme": "The Many Faces of Trauma",
    "establishment": "Risley (HMP)",
    "owner": None,
    "waiting": 240,
    "words": "Thank you for writing.\n\nWould Tuesdays suit you?",
    "link": "https://keytalk.example/proposals/abc",
    "valid_until": "2026-12-24",
    "total": 400000,
    "sessions": [{"number": 2, "date": "2027-01-19", "start": "13:45", "end": "16:45"}],
    "answer_by": "2027-01-19T10:00:00+00:00",
    "facilitator_name": "Ana Reyes",
}
"""What is asked for when a message goes out."""
US = Organisation("Key & Compass", "hello@mail.example.org", "01632 960000")
BANNED = re.compile(
    r"\b(offenders?|inmates?|no-?shows?|fail\w*|chas(e|ed|ing)|urgent\w*|immediately|residents?)\b", re.IGNORECASE
)
VOID = {"meta", "br", "hr", "img", "link", "input"}


@pytest.fixture
def facts(enquiry: EnquiryFacts, run: RunFacts, now: dt.datetime, drafting: Drafting) -> dict[str, dict[str, Any]]:
    """The facts of one message of each template; session 3 for the reminders."""
    reminders = [each for each in session_reminders(run, now, drafting) if each.occasion.endswith("1d:s3")]
    messages: list[Message] = [
        acknowledgement(enquiry, now, drafting),
        ops_notice(enquiry, now, drafting),
        *run_confirmations(run, now, drafting),
        *reminders,
        *pipeline_messages(now, drafting),
        *calendar_messages(run, now, drafting),
    ]
    return {each.template: {**ASKED_FOR, **each.facts} for each in messages}


def pipeline_messages(now: dt.datetime, drafting: Drafting) -> list[Message]:
    """One message of each template that the pipeline and the upkeep of the intake call for."""
    reference = "KT-7F3K-92"
    steps, outcomes = ("first_nudge", "second_nudge", "proposal", "offer_call"), ("accepted", "declined")
    settled = [occasions.proposal_settled(reference, ID, 1, outcome, now, drafting) for outcome in outcomes]
    return [
        occasions.quarantine_digest(now, (), drafting),
        occasions.reply(reference, ID, now, drafting),
        occasions.first_reply_due(reference, "due", now, now, drafting),
        *(occasions.answer_awaited(reference, step, now, now, (), drafting) for step in steps),
        occasions.proposal_sent(reference, ID, dt.date(2026, 12, 24), now, drafting),
        *chain.from_iterable(settled),
        *occasions.agreement_signed(reference, ID, "session", 16, now, drafting),
        occasions.intake_alarm(ID, "canary", now, now, drafting),
    ]


def calendar_messages(run: RunFacts, now: dt.datetime, drafting: Drafting) -> list[Message]:
    """One message of each template that changes of the calendar call for."""
    about = {
        "run": "run-1",
        "enquiry": "KT-7F3K-92",
        "establishment": "Risley (HMP)",
        "programme": "The Many Faces of Trauma",
        "rank": 1,
        "first_date": "2027-01-19",
        "last_date": "2027-05-04",
        "expires_on": "2026-12-08",
        "due_on": "2027-01-04",
        "session_count": 1,
        "answer_by": "2027-01-19T10:00:00+00:00",
        "memo_version": 1,
        "facilitator": "ana",
    }
    expiry = {"what": "clearance", "accreditation": None, "establishment": "Risley (HMP)"}
    expiry |= {"valid_until": "2027-03-19", "days_left": 30, "sessions_after": 6}
    holds = [
        calendar_occasions.hold_letters("h", about | {"state": state}, 1, now, (), drafting)
        for state in ("placed", "promoted", "expired")
    ]
    offers = [
        calendar_occasions.offer_letter("o", "ana", about | {"kind": "cover", "offer": "o"}, 1, now, (), drafting),
        calendar_occasions.offer_settled("o", about | {"state": "accepted"}, 2, now, drafting),
        calendar_occasions.offer_withdrawn("o", "ana", about, 2, now, (), drafting),
    ]
    memos = [
        calendar_occasions.memo_letter("m", about | {"state": state, "memo": "m"}, now, (), drafting)
        for state in ("sent", "out_of_date")
    ]
    return [
        *calendar_occasions.change_letters(everything_changed(run), run, {}, now, (), drafting),
        *chain.from_iterable(holds),
        *offers,
        *calendar_occasions.expiry_letters("n", "ana", expiry, now, (), drafting),
        *(memo for memo in memos if memo is not None),
    ]


def everything_changed(run: RunFacts) -> Change:
    """A change in which Tom loses session 1, keeps 2 with another beside him, 3 moves, 4 is new, 5 is cancelled."""
    first, second, third, fourth, fifth, *rest = run.sessions
    changed = (
        replace(first, facilitators=("ana",)),
        replace(second, facilitators=("tom",)),
        replace(third, date=third.date + dt.timedelta(days=1)),
        replace(fourth, id="another"),
    )
    sessions = (*changed, *rest)
    return Change("change-1", "move", replace(run, sessions=sessions, version=2), changed, (fourth, fifth), ())


def words(facts: dict[str, dict[str, Any]], template: str, **more: Any) -> Rendered:
    return render(template, {**facts[template], **more}, US)


class Tags(HTMLParser):
    """Follows the tags of a page: each must close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_no_template_uses_a_word_that_blames_or_hurries(file: Path) -> None:
    assert BANNED.search(file.read_text()) is None


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_no_template_fetches_anything(file: Path) -> None:
    assert re.search(r"https?:|<img|<script|<link|url\(|src=", file.read_text(), re.IGNORECASE) is None


def test_every_template_has_its_words_both_ways() -> None:
    names = {path.stem for path in FILES} - {"layout", "parts"}
    assert names == set(TEMPLATES)
    assert {path.name for path in FILES} >= {f"{name}{suffix}" for name in TEMPLATES for suffix in (".txt", ".html")}


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_message_says_what_happens_next_and_ends_with_whom_to_ask(
    facts: dict[str, dict[str, Any]], template: str
) -> None:
    message = words(facts, template)
    ending = message.text[message.text.index("Questions, or something to change?") :]
    about = facts[template].get("reference") or facts[template].get("enquiry") or "This is about"
    for part in ("hello@mail.example.org", "01632 960000", about, "Key & Compass"):
        assert part in ending
    assert "What happens next" in message.text
    assert "What happens next" in message.html
    assert "mailto:hello@mail.example.org" in message.html
    assert "Phone:" not in render(template, facts[template], replace(US, phone=None)).text


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_subject_is_one_short_line_fit_for_a_shared_inbox(
    facts: dict[str, dict[str, Any]], template: str
) -> None:
    subject = words(facts, template).subject
    assert subject
    assert subject.isprintable()
    assert len(subject) <= 70
    assert not re.search("trauma|faces|compassion|prison|Risley|Sam", subject, re.IGNORECASE)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_text_is_easy_on_the_eye(facts: dict[str, dict[str, Any]], template: str) -> None:
    text = words(facts, template).text
    assert max(map(len, text.splitlines())) <= 78
    assert "\n\n\n" not in text
    assert text.startswith("Hello Sam O'Neil,\n\n")
    assert not re.search(r"[{}<>]|None|Undefined", text)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_page_is_whole_and_names_its_language(facts: dict[str, dict[str, Any]], template: str) -> None:
    tags = Tags()
    tags.feed(words(facts, template).html)
    assert tags.open == []
    assert ("html", {"lang": "en-GB"}) in tags.seen
    assert all("scope" in attributes for tag, attributes in tags.seen if tag == "th")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_message_to_someone_whose_name_is_not_known_still_greets(
    facts: dict[str, dict[str, Any]], template: str
) -> None:
    nameless = {key: value for key, value in facts[template].items() if key != "name"}
    assert render(template, nameless, US).text.startswith("Hello,\n\n")


def test_the_acknowledgement_repeats_what_was_asked_and_says_when_a_person_replies(
    facts: dict[str, dict[str, Any]],
) -> None:
    text = words(facts, "enquiry_received", group_size=12, preferred_start="2027-01-12").text
    for part in ("The Many Faces of Trauma", "Risley (HMP)", "about 12", "Tuesday 12 January 2027", "2 working days"):
        assert part in text
    assert "Size of the group" not in words(facts, "enquiry_received", group_size=None, preferred_start=None).text


def test_the_ops_notice_says_how_to_open_the_enquiry(facts: dict[str, dict[str, Any]]) -> None:
    assert "keytalk enquiries show KT-7F3K-92\n" in words(facts, "enquiry_received_ops").text


@pytest.mark.parametrize("template", ["run_confirmed_contact", "run_confirmed_facilitator"])
def test_a_confirmation_lists_every_session(facts: dict[str, dict[str, Any]], template: str) -> None:
    message = words(facts, template)
    assert " 1. Tuesday 12 January 2027, 1.45pm to 4.45pm\n" in message.text
    assert "16. Tuesday 27 April 2027, 1.45pm to 4.45pm\n" in message.text
    assert message.html.count("1.45pm to 4.45pm") == 16
    assert "The dates have changed" not in message.text
    assert "The dates have changed" in words(facts, template, version=2).text


def test_a_reminder_says_which_session_and_when(facts: dict[str, dict[str, Any]]) -> None:
    for template in ("session_reminder_contact", "session_reminder_facilitator"):
        message = words(facts, template)
        assert message.subject == "Session 3 of 16, Tuesday 26 January 2027"
        for part in ("session 3 of 16", "Tuesday 26 January 2027", "1.45pm to 4.45pm", "Risley (HMP)", "12.45pm"):
            assert part in message.text
            assert part in message.html


def test_a_facilitator_is_reminded_what_to_bring_and_what_to_leave(facts: dict[str, dict[str, Any]]) -> None:
    message = words(facts, "session_reminder_facilitator")
    for part in ("Photo ID", "locker", "60 minutes before"):
        assert part in message.text
        assert part in message.html


@pytest.mark.parametrize(
    "typed", ["www.win.example", "Click https://win.example", "WIN.EXAMPLE", "me@win.example", "x" * 200, " \r\n "]
)
def test_words_typed_by_a_stranger_cannot_become_a_link_in_our_mail(
    facts: dict[str, dict[str, Any]], typed: str
) -> None:
    message = words(facts, "enquiry_received", name=typed, establishment=typed)
    assert message.text.startswith("Hello,\n")
    assert "Where: as you told us" in message.text
    assert "win.example" not in (message.text + message.html).lower()


def test_words_typed_by_a_stranger_stay_words(facts: dict[str, dict[str, Any]]) -> None:
    message = words(facts, "enquiry_received", name="<b>Sam</b> {{ organisation }}\r\nSubject: hello")
    assert "Hello &lt;b&gt;Sam&lt;/b&gt; {{ organisation }} Subject: hello," in message.html
    assert "Hello <b>Sam</b> {{ organisation }} Subject: hello,\n" in message.text
    assert message.subject == "We have your enquiry, reference KT-7F3K-92"


def test_an_ordinary_name_is_kept() -> None:
    assert plain("  Siân \t ap  Dafydd-O'Neil ") == "Siân ap Dafydd-O'Neil"
    assert plain("H.M.P. Risley") == "H.M.P. Risley"


def test_a_fact_that_is_missing_is_named(facts: dict[str, dict[str, Any]]) -> None:
    lacking = {key: value for key, value in facts["session_reminder_contact"].items() if key != "of"}
    with pytest.raises(MessageNotRendered, match="session_reminder_contact: 'of' is undefined"):
        render("session_reminder_contact", lacking, US)


def test_a_fact_that_cannot_be_read_is_not_quoted(facts: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(MessageNotRendered) as refusal:
        words(facts, "enquiry_received", preferred_start="after Sam's leave")
    assert "Sam" not in str(refusal.value)


@pytest.mark.parametrize("template", ["layout", "../rendering", "nothing"])
def test_a_template_that_is_none_is_refused(template: str) -> None:
    with pytest.raises(MessageNotRendered, match="there is no template"):
        render(template, {}, US)


@pytest.mark.parametrize(
    ("time", "said"),
    [("13:45", "1.45pm"), ("09:00:00", "9am"), ("12:00", "midday"), ("12:30", "12.30pm"), ("00:00", "midnight")],
)
def test_a_time_is_written_as_it_is_said(time: str, said: str) -> None:
    assert time_words(time) == said


def test_a_date_is_written_as_it_is_said() -> None:
    assert date_words("2027-01-12") == "Tuesday 12 January 2027"
    assert date_words("2026-12-06") == "Sunday 6 December 2026"


def test_the_hour_before_is_found() -> None:
    assert minutes_earlier("13:45", 60) == "12:45"
    assert minutes_earlier("00:30", 60) == "23:30"


@pytest.mark.parametrize("template", ["run_changed_contact", "run_changed_facilitator"])
def test_a_change_says_what_happened_session_by_session_and_names_no_cause(
    facts: dict[str, dict[str, Any]], template: str
) -> None:
    message = words(facts, template)
    for line in (
        " 5. Tuesday 9 February 2027, 1.45pm to 4.45pm\n",
        " 3. Wednesday 27 January 2027, 1.45pm to 4.45pm\n    (was Tuesday 26 January 2027, 1.45pm to 4.45pm)\n",
        " 4. Tuesday 2 February 2027, 1.45pm to 4.45pm\n",
        " 2. Tuesday 19 January 2027, 1.45pm to 4.45pm\n",
    ):
        assert line in message.text
    assert "Tuesday 9 February 2027, 1.45pm to 4.45pm" in message.html
    assert ("No longer yours to lead" in message.text) == (template == "run_changed_facilitator")
    assert not re.search(r"lockdown|incident|staff|sick|because", message.text, re.IGNORECASE)


def test_a_hold_says_until_when_and_a_second_place_makes_no_promise(facts: dict[str, dict[str, Any]]) -> None:
    assert "until the end of Tuesday 8 December 2026" in words(facts, "hold_placed_contact").text
    waiting = words(facts, "hold_placed_contact", rank=2)
    assert "You are next" in waiting.text
    assert "until the end of" not in waiting.text


def test_an_offer_has_its_link_its_dates_and_until_when(facts: dict[str, dict[str, Any]]) -> None:
    message = words(facts, "offer_made_facilitator")
    for part in ("https://keytalk.example/proposals/abc", "Tuesday 19 January 2027, 10am"):
        assert part in message.text
        assert part in message.html
    assert " 2. Tuesday 19 January 2027, 1.45pm to 4.45pm\n" in message.text


@pytest.mark.parametrize(
    ("template", "more"),
    [
        ("first_reply_due_ops", {"step": "late", "owner": "priya"}),
        ("intake_alarm_ops", {"kind": "silence"}),
        ("intake_alarm_ops", {"kind": "ledger"}),
        ("proposal_settled_ops", {"outcome": "accepted"}),
        ("proposal_settled_ops", {"outcome": "expired"}),
        ("quarantine_digest_ops", {"waiting": 1}),
        ("agreement_signed", {"unit": "place", "agreed_units": 1}),
        ("run_changed_contact", {"kind": "reverse"}),
        ("run_changed_contact", {"moved": [], "cancelled": []}),
        ("run_changed_facilitator", {"kind": "reverse"}),
        ("run_changed_facilitator", {"cancelled": [], "lost": [], "moved": []}),
        ("hold_placed_contact", {"rank": 2}),
        ("hold_changed_ops", {"state": "ending", "owner": "priya"}),
        ("hold_changed_ops", {"state": "promoted"}),
        ("offer_made_facilitator", {"kind": "regular", "session_count": 3}),
        ("offer_settled_ops", {"state": "declined"}),
        ("offer_settled_ops", {"state": "lapsed"}),
        ("offer_settled_ops", {"state": "withdrawn"}),
        ("offer_withdrawn_facilitator", {"session_count": 12}),
        ("expiry_near_facilitator", {"what": "insurance", "establishment": None, "sessions_after": 0}),
        ("expiry_near_facilitator", {"what": "accreditation", "accreditation": "NADA", "sessions_after": 1}),
        ("expiry_near_facilitator", {"what": "keys", "sessions_after": 12}),
        ("expiry_near_ops", {"what": "keys", "sessions_after": 0}),
        ("gate_memo_sent_contact", {"takes_place_of_another": True}),
        ("gate_memo_out_of_date_ops", {"owner": "priya"}),
    ],
)
def test_every_turn_of_a_message_reads_well_both_ways(
    facts: dict[str, dict[str, Any]], template: str, more: dict[str, Any]
) -> None:
    message, usual = words(facts, template, **more), words(facts, template)
    assert message.text != usual.text
    assert max(map(len, message.text.splitlines())) <= 78
    assert len(message.subject) <= 70
    tags = Tags()
    tags.feed(message.html)
    assert tags.open == []


def test_a_long_reply_is_broken_between_words_and_an_address_in_it_stays_whole(
    facts: dict[str, dict[str, Any]],
) -> None:
    address = "https://example.org/" + "a-long-way/" * 8
    said = f"{'Thank you for writing. ' * 8}\r\n\r\n\r\nSee {address}\n"
    message = words(facts, "reply_written", words=said)
    lines = message.text.splitlines()
    assert address in lines
    assert all(len(line) <= 76 for line in lines if line != address)
    assert message.html.count("<p>Thank you for writing.") == 1


def test_a_reply_is_words_and_never_markup_or_a_template(facts: dict[str, dict[str, Any]]) -> None:
    message = words(facts, "reply_written", words="<b>{{ organisation }}</b>\nSubject: other")
    assert "<b>{{ organisation }}</b>\nSubject: other" in message.text
    assert "&lt;b&gt;{{ organisation }}&lt;/b&gt;<br>Subject: other" in message.html
    assert message.subject == "Your enquiry, reference KT-7F3K-92"


@pytest.mark.parametrize(("sum_", "said"), [(400000, "£4,000"), (25, "£0.25"), (123450, "£1,234.50"), ("£1", "£1")])
def test_a_sum_is_written_as_it_is_said(sum_: int | str, said: str) -> None:
    assert money(sum_) == said


def test_a_moment_is_written_as_it_is_said_in_london() -> None:
    assert moment_words("2026-07-03T22:30:00+00:00") == "Friday 3 July 2026, 11.30pm"
