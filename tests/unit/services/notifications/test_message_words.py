from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from services.notifications.domain.template_catalogue import CATALOGUE, Audience
from services.notifications.sending.rendering import FOLDER, MessageNotRendered, Organisation, Rendered, render
from services.notifications.sending.wording import date_words, minutes_earlier, moment_words, money, plain, time_words

FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in {".txt", ".html"})
SHARED = [path for path in FILES if path.stem in {"layout", "parts"}]
TEMPLATES = tuple(CATALOGUE)
TO_US = tuple(name for name, entry in CATALOGUE.items() if entry.audience is Audience.OPS)
TO_OTHERS = tuple(name for name in TEMPLATES if name not in TO_US)
US = Organisation("Key & Compass", "hello@mail.example.org", "01632 960000")
BANNED = re.compile(
    r"\b(offenders?|inmates?|no-?shows?|fail\w*|chas(e|ed|ing)|urgent\w*|immediately|residents?)\b", re.IGNORECASE
)
VOID = {"meta", "br", "hr", "img", "link", "input"}


@pytest.fixture
def facts() -> dict[str, dict[str, Any]]:
    """The facts of a sample message of each template."""
    return {name: next(entry.samples()) for name, entry in CATALOGUE.items()}


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


@pytest.mark.parametrize("file", SHARED, ids=lambda path: path.name)
def test_no_shared_part_uses_a_word_that_blames_or_hurries(file: Path) -> None:
    assert BANNED.search(file.read_text()) is None


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_no_template_fetches_anything(file: Path) -> None:
    assert re.search(r"https?:|<img|<script|<link|url\(|src=", file.read_text(), re.IGNORECASE) is None


def test_every_template_has_its_words_both_ways() -> None:
    names = {path.stem for path in FILES} - {"layout", "parts"}
    assert names == set(TEMPLATES)
    assert {path.name for path in FILES} >= {f"{name}{suffix}" for name in TEMPLATES for suffix in (".txt", ".html")}


@pytest.mark.parametrize("template", TO_OTHERS)
def test_every_message_says_what_happens_next_and_ends_with_whom_to_ask(
    facts: dict[str, dict[str, Any]], template: str
) -> None:
    message = words(facts, template)
    ending = message.text[message.text.index("Questions, or something to change?") :]
    about = facts[template].get("reference") or facts[template].get("enquiry") or "out "
    for part in ("hello@mail.example.org", "01632 960000", about, "Key & Compass"):
        assert part in ending
    assert "What happens next" in message.text
    assert "What happens next" in message.html
    assert "mailto:hello@mail.example.org" in message.html
    assert "Phone:" not in render(template, facts[template], replace(US, phone=None)).text


@pytest.mark.parametrize("template", TO_US)
def test_a_message_to_ourselves_does_not_say_to_write_to_ourselves(
    facts: dict[str, dict[str, Any]], template: str
) -> None:
    message = words(facts, template)
    for written in (message.text, message.html):
        assert "What happens next" in written
        assert "Key &" in written
        assert "hello@mail.example.org" not in written
        assert "Questions, or" not in written


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
    first = date(2027, 1, 12)
    sessions = [
        {"number": number, "date": str(first + timedelta(weeks=number - 1)), "start": "13:45", "end": "16:45"}
        for number in range(1, 17)
    ]
    message = words(facts, template, sessions=sessions)
    assert " 1. Tuesday 12 January 2027, 1.45pm to 4.45pm\n" in message.text
    assert "16. Tuesday 27 April 2027, 1.45pm to 4.45pm\n" in message.text
    assert message.html.count("1.45pm to 4.45pm") == 16
    assert "your dates as they stand now" not in message.text
    assert "your dates as they stand now" in words(facts, template, version=2).text


def test_a_reminder_says_which_session_and_when(facts: dict[str, dict[str, Any]]) -> None:
    for template in ("session_reminder_contact", "session_reminder_facilitator"):
        session = {"number": 3, "date": "2027-01-26", "start": "13:45", "end": "16:45"}
        message = words(facts, template, session=session)
        assert message.subject == "Session 3 of 16, Tuesday 26 January 2027"
        for part in ("session 3 of 16", "Tuesday 26 January 2027", "1.45pm to 4.45pm", "Risley (HMP)", "12.45pm"):
            assert part in message.text
            assert part in message.html


def test_the_reminder_that_comes_after_another_has_a_subject_of_its_own(facts: dict[str, dict[str, Any]]) -> None:
    again = words(facts, "session_reminder_contact", again=True).subject
    assert again == "Session 1 of 16 is near: Tuesday 12 January 2027"


@pytest.mark.parametrize(
    "template", ["session_reminder_contact", "session_reminder_facilitator", "session_brief_facilitator"]
)
def test_nobody_is_sent_to_a_gate_for_a_session_that_is_held_remotely(
    facts: dict[str, dict[str, Any]], template: str
) -> None:
    remote, unknown = words(facts, template, mode="remote"), dict(facts[template])
    del unknown["mode"]  # of a reminder that was made before this was told
    for part in (remote.text, remote.html):
        assert "remotely" in part
        assert not re.search("gate|locker|60 minutes", part)
    assert "gate" in render(template, unknown, US).text


@pytest.mark.parametrize("has_memo", [True, False])
def test_the_brief_speaks_of_a_gate_memo_only_where_one_is_approved(
    facts: dict[str, dict[str, Any]], has_memo: bool
) -> None:
    message = words(facts, "session_brief_facilitator", has_memo=has_memo)
    for part in (message.text, message.html):
        plain = " ".join(part.split())
        assert ("named on the gate memo" in plain) is has_memo
        assert ("on the approved list" in plain) is has_memo
        assert ("please ring us before you set out" in plain) is not has_memo


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


@pytest.mark.parametrize("template", ["feedback_contact", "check_in_contact"])
def test_people_are_named_as_the_organisation_names_them(facts: dict[str, dict[str, Any]], template: str) -> None:
    message = render(template, facts[template], replace(US, people="prisoners"))
    for said in (" ".join(message.text.split()), " ".join(message.html.split())):
        assert "any of the prisoners" in said
        assert "people in prison" not in said


def test_an_ordinary_name_is_kept() -> None:
    assert plain("  Siân \t ap  Dafydd-O'Neil ") == "Siân ap Dafydd-O'Neil"
    assert plain("H.M.P. Risley") == "H.M.P. Risley"


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_not_known_need_not_be_given(facts: dict[str, dict[str, Any]], template: str) -> None:
    lacking = CATALOGUE[template].lacking()
    known = {name: value for name, value in facts[template].items() if name not in lacking}
    assert render(template, known, US) == render(template, {**known, **lacking}, US)


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


@pytest.mark.parametrize("template", ["run_changed_contact", "run_changed_facilitator"])
def test_a_session_that_takes_the_place_of_another_is_told_once_with_when_it_was(
    facts: dict[str, dict[str, Any]], template: str
) -> None:
    times = {"start": "13:45", "end": "16:45"}
    gone, other = {"number": 9, "date": "2027-03-09", **times}, {"number": 5, "date": "2027-02-09", **times}
    instead, later = {**gone, "date": "2027-03-16"}, {"number": 17, "date": "2027-05-11", **times}
    message = words(facts, template, cancelled=[other, gone], new=[instead, later], moved=[])
    told = " 9. Tuesday 16 March 2027, 1.45pm to 4.45pm\n    (was Tuesday 9 March 2027, 1.45pm to 4.45pm)\n"
    assert told in message.text
    for written in (message.text, message.html):
        assert [written.count(day) for day in ("9 March", "16 March", "9 February", "11 May")] == [1, 1, 1, 1]


def test_a_hold_says_until_when_and_a_second_place_makes_no_promise(facts: dict[str, dict[str, Any]]) -> None:
    assert "until the end of Tuesday 8 December 2026" in words(facts, "hold_placed_contact").text
    waiting = words(facts, "hold_placed_contact", rank=2)
    assert "You are next" in waiting.text
    assert "until the end of" not in waiting.text


def test_an_offer_has_its_link_its_dates_and_until_when(facts: dict[str, dict[str, Any]]) -> None:
    message = words(facts, "offer_made_facilitator")
    for part in ("https://keytalk.example/offers/", "Tuesday 12 January 2027, 10am"):
        assert part in message.text
        assert part in message.html
    assert " 1. Tuesday 12 January 2027, 1.45pm to 4.45pm\n" in message.text


@pytest.mark.parametrize(
    ("template", "turn"),
    [(name, turn) for name, entry in CATALOGUE.items() for turn, _ in enumerate(entry.samples())],
)
def test_every_turn_of_a_message_reads_well_both_ways(template: str, turn: int) -> None:
    entry = CATALOGUE[template]
    usual, *others = (render(template, each, US) for each in entry.samples())
    message = [usual, *others][turn]
    assert max(map(len, message.text.splitlines())) <= 78
    assert len(message.subject) <= 70
    assert turn == 0 or turn > len(entry.turns) or message != usual
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
