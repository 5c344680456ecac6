"""The pages on which somebody chooses how they are written to, and the address that stops what can wait."""

from __future__ import annotations

import re
from datetime import time

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

from services.notifications.domain.preferences import DEFAULT, Preferences, Way
from services.notifications.tables import messaging, metadata, preferences
from services.notifications.web.app import create_app
from services.notifications.web.preference_desk import CHANGES, PreferenceDesk
from services.notifications.web.preference_pages import PreferencePages
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store
from tests.unit.services.notifications.preference_cast import CONTACT, FACILITATOR, settings_at

AS_IT_IS = {"channel": "email", "waiting": "each", "quiet": "yes", "quiet_from": "18:00", "quiet_until": "08:00"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def desk(tmp_path, now):
    database = Database(URL.create("sqlite", database=str(tmp_path / "notifications.sqlite3")))
    metadata.create_all(database.engine)
    yield PreferenceDesk(Store(database, messaging, lambda: now, "notifications"), settings_at(tmp_path))
    database.close()


@pytest.fixture
def client(desk):
    return create_app("Open Gate <Trust>", (PreferencePages(desk).mount,)).test_client()


@pytest.fixture
def page(desk):
    return path_of(desk.links.page(FACILITATOR))


@pytest.fixture
def stop(desk):
    return path_of(desk.links.one_click(FACILITATOR))


def path_of(address):
    return address.removeprefix("https://keys.example")


def words_of(answer):
    return " ".join(answer.text.split())


def rows(desk):
    with desk._store.database.reading() as connection:
        return connection.execute(select(preferences)).all()


def fields_of(text):
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', text))


def test_the_form_shows_what_is_set(client, desk, page):
    desk.change(FACILITATOR, Preferences(Way.PHONE, digest=True, quiet_from=time(17, 15)), by="a test")
    answer = client.get(page)

    assert answer.status_code == 200
    checked = re.findall(r'name="(\w+)" value="(\w+)" checked', answer.text)
    assert checked == [("channel", "phone"), ("waiting", "daily"), ("quiet", "yes")]
    assert '<option value="17:15" selected>5.15pm</option>' in answer.text
    assert '<option value="08:00" selected>8am</option>' in answer.text


def test_whoever_has_not_chosen_finds_what_counts_for_them(client, page):
    checked = re.findall(r'value="(\w+)" checked', client.get(page).text)

    assert checked == ["email", "each", "yes"]


def test_it_says_what_comes_in_any_case_and_whom_to_ask(client, page):
    said = words_of(client.get(page))

    assert "answers to what you did" in said
    assert "news of a session that does not take place, or is moved, at short notice: within two working days" in said
    assert "reminders, how things stand, and questions of ours" in said
    assert "mailto:ops@opengate.example" in said
    assert "Open Gate &lt;Trust&gt;" in said


@pytest.mark.parametrize("which", ["page", "stop"])
def test_reading_changes_nothing_sets_no_cookie_and_is_kept_by_nobody(client, desk, which, request):
    for _again in range(2):
        answer = client.get(request.getfixturevalue(which))

    assert rows(desk) == []
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text


def test_every_question_has_its_words_and_every_field_a_label(client, page):
    text = client.get(page).text

    assert text.count("<fieldset") == text.count("<legend>") == 3
    for field in re.findall(r'<(?:input|select)[^>]* id="([^"]+)"', text):
        assert f'<label for="{field}">' in text
    for described in re.findall(r'aria-describedby="([^"]+)"', text):
        assert f'id="{described}"' in text


def test_what_is_chosen_is_kept_and_shown(client, desk, page, now):
    chosen = {"channel": "phone", "waiting": "daily", "quiet": "yes", "quiet_from": "20:00", "quiet_until": "09:30"}
    answer = client.post(page, data=chosen)
    shown = client.get(answer.headers["Location"])

    assert (answer.status_code, shown.status_code) == (303, 200)
    expected = Preferences(Way.PHONE, digest=True, quiet_from=time(20), quiet_until=time(9, 30))
    assert desk.preferences_of(FACILITATOR) == expected
    [row] = rows(desk)
    assert (row.person, row.changed_by, row.changed_at) == (FACILITATOR, "the reader, by their link", now)
    said = words_of(shown)
    assert "By phone: a person in the team rings you" in said
    assert "Comes together, in one email a day" in said
    assert "From 8pm until 9.30am" in said


def test_what_was_chosen_can_be_put_back_as_it_was(client, desk, page):
    before = Preferences(digest=True, quiet_from=time(17))
    desk.change(FACILITATOR, before, by="a test")
    shown = client.get(client.post(page, data={**AS_IT_IS, "waiting": "none", "quiet": "no"}).headers["Location"])
    undone = client.post(page, data=fields_of(shown.text))

    assert "Put it back as it was" in shown.text
    assert undone.status_code == 303
    assert desk.preferences_of(FACILITATOR) == before


def test_whoever_wants_nothing_that_can_wait_finds_it_later_as_it_was(client, desk, page):
    desk.change(FACILITATOR, Preferences(digest=True), by="a test")
    client.post(page, data={**AS_IT_IS, "waiting": "none"})

    assert desk.preferences_of(FACILITATOR) == Preferences(digest=True, non_critical=False)


def test_saving_the_same_again_writes_nothing_and_has_nothing_to_put_back(client, desk, page):
    shown = client.get(client.post(page, data=AS_IT_IS).headers["Location"])

    assert rows(desk) == []
    assert "Put it back" not in shown.text


def test_loading_the_saved_page_again_still_offers_to_put_it_back(client, page):
    address = client.post(page, data={**AS_IT_IS, "quiet": "no"}).headers["Location"]

    assert "Put it back as it was" in client.get(address).text
    assert "Put it back as it was" in client.get(address).text


@pytest.mark.parametrize("asked", ["", "?channel=pigeon", "?channel=email&waiting=each&quiet=yes&quiet_from=%00"])
def test_an_address_with_other_words_in_it_still_shows_what_counts(client, page, asked):
    answer = client.get(f"{page}/saved{asked}")

    assert answer.status_code == 200
    assert "Comes as it happens" in answer.text
    assert "Put it back" not in answer.text


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"quiet_until": "18:00"}, "quiet_until", "Choose two different times, or no quiet hours."),
        ({"channel": "pigeon"}, "channel", "Choose one of: email, phone."),
        ({"waiting": ""}, "waiting", "Choose one of these."),
        ({"quiet": "maybe"}, "quiet", "Choose one of these."),
        ({"quiet_from": "late"}, "quiet_from", "Write a time as hours and minutes, such as 18:00."),
    ],
)
def test_what_cannot_be_taken_is_named_beside_its_field_and_nothing_is_kept(client, desk, page, said, field, words):
    answer = client.post(page, data={**AS_IT_IS, **said})

    assert answer.status_code == 422
    assert answer.text.count(words) == 2
    assert f'<p class="mend" id="{field}-mend">' in answer.text
    assert "<title>Error: How we write to you" in answer.text
    [target] = re.findall(r'<li><a href="#([^"]+)">', answer.text)
    assert f'id="{target}"' in answer.text
    assert rows(desk) == []


def test_everything_that_has_to_be_mended_is_named_at_once(client, page):
    text = client.post(page, data={"channel": "pigeon", "quiet_from": "18:00", "quiet_until": "8"}).text

    named = re.findall(r'<p class="mend" id="(\w+)-mend">', text)
    assert named == ["channel", "waiting", "quiet", "quiet_until"]


def test_what_was_filled_in_stays_there_when_something_has_to_be_mended(client, page):
    text = client.post(page, data={**AS_IT_IS, "channel": "phone", "quiet_until": "18:00"}).text

    assert 'value="phone" checked' in text
    assert text.count('<option value="18:00" selected>') == 2


def test_nothing_at_all_is_refused_kindly(client, desk, page):
    assert client.post(page).status_code == 422
    assert rows(desk) == []


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}]
)
def test_a_post_from_another_website_changes_nothing(client, desk, page, headers):
    answer = client.post(page, data={**AS_IT_IS, "waiting": "none"}, headers=headers)

    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert rows(desk) == []


@pytest.mark.parametrize("way", [{"data": ONE_CLICK}, {"data": ONE_CLICK, "content_type": "multipart/form-data"}])
def test_one_click_stops_what_can_wait_without_asking(client, desk, stop, way):
    desk.change(FACILITATOR, Preferences(Way.PHONE, digest=True), by="a test")
    answers = [client.post(stop, headers={"Origin": "https://mail.example"}, **way) for _again in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert desk.preferences_of(FACILITATOR) == Preferences(Way.PHONE, digest=True, non_critical=False)
    [row] = rows(desk)
    assert row.changed_by == "the reader, by one click in their mail program"


def test_what_one_click_stopped_can_be_put_back(client, desk, page, stop):
    shown = client.post(stop, data=ONE_CLICK)
    client.post(page, data=fields_of(shown.text))

    assert "We no longer send you what can wait" in shown.text
    assert desk.preferences_of(FACILITATOR) == DEFAULT


def test_opening_the_one_click_address_shows_a_button_that_does_the_same(client, desk, stop):
    asked = client.get(stop)
    client.post(stop, data=fields_of(asked.text))

    assert f'<form action="{stop}" method="post">' in asked.text
    assert not desk.preferences_of(FACILITATOR).non_critical
    assert "<form" not in client.get(stop).text


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "no"}])
def test_a_post_that_does_not_say_one_click_changes_nothing(client, desk, stop, body):
    answer = client.post(stop, data=body)

    assert answer.status_code == 400
    assert "Yes, please stop" in answer.text
    assert rows(desk) == []


def test_one_persons_link_changes_nothing_of_anybody_else(client, desk, stop, page):
    client.post(stop, data=ONE_CLICK)
    client.post(page, data={**AS_IT_IS, "waiting": "none"})

    assert desk.preferences_of(CONTACT) == DEFAULT
    assert [row.person for row in rows(desk)] == [FACILITATOR]


@pytest.mark.parametrize(("method", "ending"), [("get", ""), ("post", ""), ("get", "/saved")])
def test_a_link_that_is_not_whole_is_said_to_be_so(client, page, method, ending):
    answer = getattr(client, method)(f"{page[:-3]}{ending}")

    assert answer.status_code == 404
    assert "This link is not complete" in answer.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_pages_token_opens_nothing_at_the_one_click_address(client, desk, method):
    answer = getattr(client, method)(f"/messages/stop/{desk.links.token(FACILITATOR)}", data=ONE_CLICK)

    assert answer.status_code == 404
    assert rows(desk) == []


def test_a_busy_store_asks_for_a_little_patience(client, desk, page, monkeypatch):
    def busy(*_args, **_named):
        raise Refused("unavailable", "Please try again in a moment.")

    monkeypatch.setattr(desk, "change", busy)
    answer = client.post(page, data={**AS_IT_IS, "quiet": "no"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Please try again in a moment." in answer.text


def test_whoever_changes_it_again_and_again_is_asked_to_wait_and_nobody_else_is(client, desk, page):
    for count in range(CHANGES.amount):
        assert client.post(page, data={**AS_IT_IS, "waiting": ("daily", "each")[count % 2]}).status_code == 303
    answer = client.post(page, data={**AS_IT_IS, "waiting": "none"})

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "please wait about a minute" in answer.text
    assert desk.preferences_of(FACILITATOR) == DEFAULT
    assert client.post(path_of(desk.links.page(CONTACT)), data={**AS_IT_IS, "waiting": "none"}).status_code == 303


def test_the_look_is_served_beside_the_pages(client, page):
    [address] = re.findall(r'<link rel="stylesheet" href="([^"]+)">', client.get(page).text)

    assert address == "/messages/static/style.css"
    with client.get(address) as look:
        assert look.status_code == 200
