"""Words are drafted, looked over, shown, published and taken back; what is not fit never goes live."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.engine import make_url

from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import Drafting, draft, enquirer
from services.notifications.domain.template_catalogue import CATALOGUE
from services.notifications.doors.templates import TemplateDoors
from services.notifications.handlers import templates as handlers
from services.notifications.queries.templates import live_words
from services.notifications.sending.rendering import Organisation, kept_words
from services.notifications.tables import message_row, messages, messaging, metadata, template_versions
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store, new_id

NOW = dt.datetime(2026, 12, 4, 10, 0, tzinfo=dt.UTC)
US = Organisation("Key & Compass", "ops@mail.example.org")
T = "session_reminder_contact"
TEXT, HTML = kept_words(T)
KIND = (
    TEXT.replace("This is a reminder", "A kind reminder"),
    HTML.replace("This is a reminder", "A kind reminder"),
)
HURTING = tuple(words.replace("A kind reminder", "Last chance") for words in KIND)


class Directory:
    """Knows the reader of each message, or says why not."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {"name": "Jo Brown", "arrive_by": "12:45", "report_minutes": 60}
        self.refusal: Refused | None = None
        self.asked: list[UUID] = []

    def look_up(self, message: Message) -> Any:
        self.asked.append(message.id)
        if self.refusal is not None:
            raise self.refusal
        return SimpleNamespace(address="jo@risley.example", facts=self.facts, papers=())


class Doors(TemplateDoors):
    """The doors, with a store and a directory of the test's own."""

    name = "notifications"

    def __init__(self, store: Store, directory: Directory) -> None:
        self.store = store
        self.post_room = SimpleNamespace(sender=SimpleNamespace(organisation=US, directory=directory))  # type: ignore[assignment]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: Any, tmp_path: Any) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'notifications.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database().replace("postgresql:", "postgresql+psycopg:")
    database = Database(make_url(url))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: NOW, "notifications")
    database.close()


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def doors(store: Store, directory: Directory) -> Doors:
    return Doors(store, directory)


def drafted(doors: Doors, words: tuple[str, ...] = KIND) -> int:
    return int(doors.draft_template(T, words[0], words[1], actor="priya")["version"])


def live(doors: Doors) -> Any:
    with doors.store.database.reading() as connection:
        return live_words(connection, T)


def entered(store: Store, template: str = T, **facts: Any) -> UUID:
    """Put a message into the ledger, with its facts as the ledger has them."""
    entry = CATALOGUE[template]
    asked = {*entry.asked_for(), "organisation"}
    known = {name: value for name, value in next(entry.samples()).items() if name not in asked}
    message = draft(
        Drafting(new_id, "mail.example.org"),
        recipient=enquirer("KT-7F3K-92"),
        occasion=f"session_reminder:{new_id()}",
        template=template,
        subject_ref="run:run-1",
        due_at=NOW,
        facts=known | facts,
    )
    with store.work() as work:
        work.connection.execute(insert(messages), message_row(message))
    return message.id


def refused(call: Any, *args: Any, **kwargs: Any) -> Refused:
    with pytest.raises(Refused) as refusal:
        call(*args, **kwargs)
    return refusal.value


def test_without_an_edit_the_words_are_those_that_come_with_keytalk(doors: Doors) -> None:
    assert live(doors) is None
    shown = doors.get_template(T)
    assert (shown["version"], shown["live"], shown["versions"], shown["text"]) == (0, 0, [], TEXT)
    assert {each["name"] for each in shown["placeholders"]} >= {"session", "enquiry", "of", "name"}


def test_a_draft_is_not_sent_until_it_is_published(doors: Doors) -> None:
    assert drafted(doors) == 1
    assert live(doors) is None

    told = doors.publish_template(T, reason="Kinder.", actor="priya")

    assert told["live"] == 1
    assert (live(doors).version, live(doors).text, live(doors).html) == (1, *KIND)
    [version] = told["versions"]
    assert (version["state"], version["made_by"], version["published_by"], version["reason"]) == (
        "live",
        "priya",
        "priya",
        "Kinder.",
    )


def test_the_list_names_what_is_sent_and_what_is_drafted(doors: Doors) -> None:
    drafted(doors)
    doors.publish_template(T, reason="Kinder.", actor="priya")
    drafted(doors, HURTING)
    rows = {row["template"]: row for row in doors.list_templates()}
    assert set(rows) == set(CATALOGUE)
    assert (rows[T]["live"], rows[T]["draft"]) == (1, 2)
    assert (rows["reply_written"]["live"], rows["reply_written"]["draft"]) == (0, None)


def test_the_same_words_twice_are_one_draft_and_others_are_another(doors: Doors) -> None:
    assert [drafted(doors), drafted(doors), drafted(doors, HURTING), drafted(doors)] == [1, 1, 2, 3]


def test_words_that_are_not_of_the_language_are_not_even_kept(doors: Doors) -> None:
    refusal = refused(doors.draft_template, T, "{% for x in range(9) %}{% endfor %}", HTML)
    assert refusal.code == "invalid"
    assert "nothing was kept" in refusal.detail
    assert any(sentence.startswith("Line 1: ") for sentence in refusal.fields["text"])
    assert doors.get_template(T)["versions"] == []


def test_words_with_an_error_cannot_go_live_and_what_was_live_stays(doors: Doors) -> None:
    drafted(doors)
    doors.publish_template(T, reason="Kinder.", actor="priya")
    drafted(doors, HURTING)

    refusal = refused(doors.publish_template, T, reason="Harder.")

    assert refusal.code == "refused"
    assert refusal.fields["text"] == ["'Last chance' hurts or presses. Say instead: by when, and why."]
    assert live(doors).version == 1


def test_words_that_do_not_come_out_with_a_real_message_cannot_go_live(doors: Doors) -> None:
    entered(doors.store, of=None)
    words = tuple(each.replace("of {{ of }}", "of {{ of | number_words }}") for each in KIND)
    version = drafted(doors, words)

    refusal = refused(doors.publish_template, T, reason="Numbers in words.")

    assert [sentence for sentence in refusal.fields["both"] if "a message of the last days" in sentence]
    assert not doors.lint_template(T, version=version)["fit"]
    assert live(doors) is None


def test_what_is_asked_for_as_a_message_goes_out_is_no_lack_of_the_ledgers(doors: Doors) -> None:
    entered(doors.store, "proposal_sent")
    assert doors.lint_template("proposal_sent") == {
        "template": "proposal_sent",
        "version": 0,
        "fit": True,
        "findings": [],
    }


def test_one_version_is_live_at_a_time_and_the_one_before_is_kept(doors: Doors) -> None:
    drafted(doors)
    doors.publish_template(T, reason="Kinder.")
    drafted(doors, (TEXT, HTML))
    told = doors.publish_template(T, reason="Plainer.")
    assert [(each["version"], each["state"]) for each in told["versions"]] == [(1, "retired"), (2, "live")]


def test_only_a_draft_is_published(doors: Doors) -> None:
    assert "has no draft" in refused(doors.publish_template, T, reason="Kinder.").detail
    drafted(doors)
    assert "version 7" in refused(doors.publish_template, T, reason="Kinder.", version=7).detail
    doors.publish_template(T, reason="Kinder.", version=1)
    assert "version 1" in refused(doors.publish_template, T, reason="Kinder.", version=1).detail


def test_a_draft_that_went_live_meanwhile_is_not_published_again(doors: Doors) -> None:
    drafted(doors)
    doors.publish_template(T, reason="Kinder.", actor="priya")
    with pytest.raises(Refused, match="version 1 of session_reminder_contact is no draft"), doors.store.work() as work:
        handlers.publish_template(work, T, 1, [], "Again.", "sam")
    assert doors.get_template(T)["versions"][0]["published_by"] == "priya"


def test_one_can_go_back_to_the_words_that_come_with_keytalk(doors: Doors) -> None:
    drafted(doors)
    doors.publish_template(T, reason="Kinder.")

    told = doors.revert_template(T, reason="Too kind.", actor="sam")

    assert (told["live"], told["version"], told["text"]) == (0, 0, TEXT)
    assert told["versions"][0]["reason"] == "Taken back by sam: Too kind."
    assert live(doors) is None
    assert "sent already" in refused(doors.revert_template, T, reason="Again.").detail


def test_one_can_go_back_to_an_earlier_version_which_is_then_the_newest(doors: Doors) -> None:
    for words in (KIND, (TEXT, HTML)):
        drafted(doors, words)
        doors.publish_template(T, reason="Better.")

    told = doors.revert_template(T, version=1, reason="It was better.")

    assert [(each["version"], each["state"]) for each in told["versions"]] == [
        (1, "retired"),
        (2, "retired"),
        (3, "live"),
    ]
    assert (live(doors).version, live(doors).text) == (3, KIND[0])
    drafted(doors, HURTING)
    assert "was never sent" in refused(doors.revert_template, T, version=4, reason="Why not.").detail
    assert refused(doors.revert_template, T, version=9, reason="Why not.").code == "not_found"


def test_an_earlier_version_that_is_no_longer_fit_stays_retired(doors: Doors) -> None:
    words = {"template": T, "state": "retired", "text": HURTING[0], "html": HURTING[1], "made_by": "priya"}
    with doors.store.work() as work:
        work.connection.execute(insert(template_versions), {**words, "id": new_id(), "version": 1, "made_at": NOW})
    assert refused(doors.revert_template, T, version=1, reason="As before.").code == "refused"
    with doors.store.database.reading() as connection:
        assert connection.scalars(select(template_versions.c.state)).all() == ["retired"]


def test_a_preview_has_the_facts_of_the_newest_message_and_of_its_reader(doors: Doors, directory: Directory) -> None:
    entered(doors.store, of=12)
    newest = entered(doors.store, of=24)
    version = drafted(doors)

    shown = doors.preview_template(T, version=version)

    assert shown["subject"] == "Session 1 of 24, Tuesday 12 January 2027"
    assert shown["text"].startswith("Hello Jo Brown,\n\nA kind reminder of session 1 of 24.")
    assert "A kind reminder" in shown["html"]
    assert (shown["message"], shown["note"]) == (str(newest), None)
    assert directory.asked == [newest]


def test_a_preview_can_be_of_one_message(doors: Doors) -> None:
    one = entered(doors.store, of=12)
    entered(doors.store, of=24)
    assert "of 12" in doors.preview_template(T, message=str(one))["subject"]
    assert refused(doors.preview_template, T, message=str(UUID(int=7))).code == "not_found"
    assert refused(doors.preview_template, "reply_written", message=str(one)).code == "not_found"


def test_a_preview_without_a_message_or_a_reader_says_what_is_made_up(doors: Doors, directory: Directory) -> None:
    assert doors.preview_template(T)["note"] == "There is no such message yet: these are made-up facts."
    entered(doors.store, of=24)
    directory.refusal = Refused("refused", "The contact has left.")
    shown = doors.preview_template(T)
    assert shown["note"] == "What is asked for as it goes out is made up here. The contact has left."
    assert shown["text"].startswith("Hello Sam O'Neil,")
    assert "of 24" in shown["subject"]


@pytest.mark.parametrize(("template", "has_page"), [(T, True), ("enquiry_received_ops", False)])
def test_a_preview_shows_where_its_reader_finds_the_way_to_choose_and_gives_no_link_away(
    doors: Doors, template: str, has_page: bool
) -> None:
    if has_page:
        entered(doors.store)
    shown = doors.preview_template(template)
    line = "Choose how we write to you:\nhttps://keytalk.example/messages/their-own-link\n"
    assert (line in shown["text"]) is has_page
    assert ("Choose how we write to you" in shown["html"]) is has_page


def test_a_preview_sends_nothing_and_changes_nothing(doors: Doors) -> None:
    entered(doors.store)
    doors.preview_template(T)
    with doors.store.database.reading() as connection:
        [row] = connection.execute(select(messages)).all()
    assert (row.state, row.attempts) == ("scheduled", 0)


def test_words_can_be_looked_over_before_they_are_kept(doors: Doors) -> None:
    assert doors.lint_template(T) == {"template": T, "version": 0, "fit": True, "findings": []}
    looked = doors.lint_template(T, text=HURTING[0], html=HURTING[1])
    assert (looked["fit"], looked["version"]) == (False, None)
    assert {finding["rule"] for finding in looked["findings"]} == {"banned word"}
    assert doors.lint_template(T, text="{{ x", html=HTML)["findings"][0]["rule"] == "language"


@pytest.mark.parametrize(
    ("method", "arguments", "field"),
    [
        ("get_template", {"template": "nonsense"}, "template"),
        ("get_template", {"template": None}, "template"),
        ("get_template", {"template": T, "version": 7}, "version"),
        ("get_template", {"template": T, "version": -1}, "version"),
        ("get_template", {"template": T, "version": "one"}, "version"),
        ("lint_template", {"template": T, "text": TEXT}, "html"),
        ("lint_template", {"template": T, "text": 7, "html": HTML}, "text"),
        ("preview_template", {"template": T, "message": "x"}, "message"),
        ("draft_template", {"template": "layout", "text": TEXT, "html": HTML}, "template"),
        ("draft_template", {"template": T, "text": "", "html": HTML}, "text"),
        ("draft_template", {"template": T, "text": TEXT, "html": "x" * 20_001}, "html"),
        ("publish_template", {"template": T, "reason": ""}, "reason"),
        ("publish_template", {"template": T, "reason": "x" * 201}, "reason"),
        ("publish_template", {"template": T, "reason": "Asked for by A1234BC."}, "reason"),
        ("publish_template", {"template": "nonsense", "reason": "Kinder."}, "template"),
        ("revert_template", {"template": T, "reason": None}, "reason"),
        ("revert_template", {"template": T, "version": None, "reason": "Kinder."}, "version"),
        ("revert_template", {"template": "nonsense", "reason": "Kinder."}, "template"),
    ],
)
def test_bad_input_is_named(doors: Doors, method: str, arguments: dict[str, Any], field: str) -> None:
    refusal = refused(getattr(doors, method), **arguments)
    assert list(refusal.fields) == [field]
    with doors.store.database.reading() as connection:
        assert connection.execute(select(template_versions)).all() == []
