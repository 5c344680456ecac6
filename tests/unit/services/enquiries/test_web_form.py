"""The form's pages over an intake made for the test: from one to the next, back, to the check, and sent."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape
from web_cast import LEAST, PARTNER, Intake, token_in
from werkzeug.test import TestResponse

from services.enquiries.schemas import QUESTIONS
from services.enquiries.web import create_app
from services.enquiries.web.boxes import DATE_BOXES, answers_in, date_boxes
from services.enquiries.web.steps import STEPS
from services.enquiries.web.tokens import Tokens
from services.enquiries.web.websites import way_back, with_reference
from shared.errors import Refused

URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
def client(intake: Intake) -> FlaskClient:
    return create_app(intake).test_client(use_cookies=False)


def carried_in(page: TestResponse) -> dict[str, str]:
    """Give what the page carries along unseen."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in found}


def heading_of(page: TestResponse) -> str:
    found = re.search(r"<title>(.*?) – ", page.text)
    assert found
    return found[1]


def test_every_question_is_asked_on_one_page() -> None:
    asked = [name for step in STEPS for name in step.questions]

    assert sorted(asked) == sorted(QUESTIONS)


def test_each_page_leads_to_the_next_and_carries_all_answers(client: FlaskClient, intake: Intake) -> None:
    typed = {
        "programme": {"programme": "many-faces-of-trauma"},
        "place": {"establishment": "HMP Risley", "establishment_written": ""},
        "you": {"contact_name": "Siân Llŷr", "contact_role": "", "organisation": ""},
        "contact": {"contact_email": "sian@risley.example", "contact_phone": ""},
        "group": {"group_size": "10"},
        "when": dict(zip(DATE_BOXES, ("12", "1", "2027"), strict=True)) | {"preferred_times": "Tuesdays"},
        "more": {"message": '"first"\r\n<second> line'},
    }
    page = client.get("/enquire")
    token = token_in(page)
    for step in STEPS:
        assert heading_of(page) == step.asks
        page = client.post("/enquire", data={**carried_in(page), **typed[step.slug], "go": "next"})
        assert page.status_code == 200

    assert heading_of(page) == "Check your answers"
    assert token_in(page) == token
    assert "12 January 2027" in page.text
    assert not intake.received
    answer = client.post("/enquire/send", data=carried_in(page))

    assert "KT-7F3K-92" in client.get(answer.headers["Location"]).text
    ((answers, key, channel),) = intake.received
    assert answers["message"] == '"first"\n<second> line'
    assert (answers["contact_name"], answers["group_size"]) == ("Siân Llŷr", 10)
    assert answers["preferred_start"].isoformat() == "2027-01-12"
    assert channel == "form"
    assert re.fullmatch(r"form-[\x21-\x7e]{1,190}", key or "")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_every_box_has_a_label_and_every_description_is_there(client: FlaskClient, step: Any) -> None:
    page = client.post("/enquire", data={"go": step.slug, "step": "check"})

    boxes = re.findall(r'<(?:input|textarea|select) (?!type="hidden")[^>]*?id="([^"]+)"', page.text)
    assert boxes
    for box in boxes:
        assert f'<label for="{box}">' in page.text
    for target in " ".join(re.findall(r'aria-describedby="([^"]+)"', page.text)).split():
        assert f'id="{target}"' in page.text
    assert not re.search(r"<script(?! src=)|style=|onclick", page.text)


@pytest.mark.parametrize(
    ("step", "typed", "named"),
    [
        ("programme", {}, "programme"),
        ("place", {"establishment": "not-listed", "establishment_written": " "}, "establishment"),
        ("you", {"contact_name": "Bcc: x"}, "contact_name"),
        ("contact", {"contact_email": '"><script>alert(1)</script>'}, "contact_email"),
        ("group", {"group_size": "a dozen"}, "group_size"),
        ("when", dict(zip(DATE_BOXES, ("31", "2", "2027"), strict=True)), "preferred_start"),
        ("more", {"message": "\nabout A1234BC </textarea><b>"}, "message"),
    ],
)
def test_a_page_to_mend_is_shown_again_with_its_answers(
    client: FlaskClient, intake: Intake, step: str, typed: dict[str, str], named: str
) -> None:
    page = client.post("/enquire", data={"step": step, "go": "next", **typed})

    assert page.status_code == 422
    assert "<title>Error: " in page.text
    (linked,) = re.findall(rf'<a href="#{named}">([^<]+)</a>', page.text)
    beside = re.search(rf'id="{named}-problem"><span class="quiet">Error: </span>([^<]+)</p>', page.text)
    assert beside
    assert beside[1] == linked
    assert f'id="{named}"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert "<script>" not in page.text
    assert "<b>" not in page.text
    for text in typed.values():
        assert escape(text.strip()) in page.text
    assert not intake.received


def test_back_and_change_ask_nothing_first_and_keep_what_was_typed(client: FlaskClient) -> None:
    back = client.post("/enquire", data=LEAST | {"step": "contact", "go": "you", "contact_email": "half"})
    assert (back.status_code, heading_of(back)) == (200, "About you")
    assert carried_in(back)["contact_email"] == "half"

    change = client.post("/enquire", data=LEAST | {"go": "contact", "checking": "1"})
    checked = client.post("/enquire", data=carried_in(change) | {"contact_email": "new@risley.example"})
    assert heading_of(checked) == "Check your answers"
    assert "new@risley.example" in checked.text


def test_the_check_leads_to_the_first_page_that_needs_a_change(client: FlaskClient) -> None:
    page = client.post("/enquire/send", data=LEAST | {"contact_name": "", "group_size": "x"})
    assert (page.status_code, heading_of(page)) == (422, "Error: About you")

    page = client.post("/enquire", data=carried_in(page) | {"contact_name": "Jo"})
    assert (page.status_code, heading_of(page)) == (422, "Error: How many people would take part?")

    page = client.post("/enquire", data=carried_in(page) | {"group_size": "8"})
    assert (page.status_code, heading_of(page)) == (200, "Check your answers")


def test_a_place_is_kept_whether_chosen_or_written(client: FlaskClient) -> None:
    def place(**typed: str) -> TestResponse:
        return client.post("/enquire", data={"step": "place", "go": "next", **typed})

    assert carried_in(place(establishment="HMP Risley", establishment_written=""))["establishment"] == "HMP Risley"
    assert carried_in(place(establishment="not-listed", establishment_written="Tŷ"))["establishment"] == "Tŷ"
    assert carried_in(place(establishment="", establishment_written="Tŷ"))["establishment"] == "Tŷ"
    both = place(establishment="HMP Risley", establishment_written="Tŷ Newydd")
    assert both.status_code == 422
    assert 'value="Tŷ Newydd"' in both.text
    assert re.search(r'value="HMP Risley"[^>]* selected', both.text)


@pytest.mark.parametrize("meant", ["RSI", "rsi", "hmp risley", "Risley Remand Centre"])
def test_a_link_may_choose_the_programme_and_the_place(client: FlaskClient, meant: str) -> None:
    asked = {"programme": "many-faces-of-trauma", "establishment": meant}

    first = client.get("/enquire", query_string=asked)
    place = client.post("/enquire", data=carried_in(first) | {"programme": "many-faces-of-trauma"})

    assert re.search(r'value="many-faces-of-trauma"[^>]* checked', first.text)
    assert re.search(r'value="HMP Risley"[^>]* selected', place.text)


def test_the_list_of_places_is_escaped_and_does_without_the_database(client: FlaskClient, intake: Intake) -> None:
    def place() -> TestResponse:
        return client.post("/enquire", data={"go": "place", "establishment": "Tŷ Newydd"})

    shown = place().text
    assert 'data-also="Risley Remand Centre"' in shown
    assert "Isle &#34;of&#34; &lt;Sheppey&gt;" in shown

    intake.trouble = RuntimeError("away")

    assert place().status_code == 200
    assert "<option" not in place().text
    assert re.search(r'<input id="establishment" name="establishment" value="Tŷ Newydd"', place().text)


def test_pressing_send_twice_is_one_enquiry_and_a_changed_answer_another(client: FlaskClient, intake: Intake) -> None:
    form = LEAST | {"form_token": token_in(client.get("/enquire"))}

    first, second = (client.post("/enquire/send", data=form) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(intake.received) == 1

    client.post("/enquire/send", data=form | {"establishment": "HMP Styal"})
    assert len(intake.received) == 2


@pytest.mark.parametrize("token", [None, "", "forged", "ImFiYyI.aaaa.bbbb"])
def test_a_form_without_our_token_is_taken_once_a_day(client: FlaskClient, intake: Intake, token: str | None) -> None:
    form = LEAST if token is None else LEAST | {"form_token": token}

    answers = [client.post("/enquire/send", data=form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    ((_, key, _),) = intake.received
    assert (key or "").startswith("form-2026-11-02-")
    assert intake.signs[0].seconds is None


def test_a_token_signed_with_the_older_key_still_counts(intake: Intake, client: FlaskClient) -> None:
    older = create_app(Intake(secret_keys=("old key",))).test_client()

    client.post("/enquire/send", data=LEAST | {"form_token": token_in(older.get("/enquire"))})

    assert intake.signs[0].seconds is not None


def test_the_hidden_box_and_the_time_taken_are_told_with_the_enquiry(client: FlaskClient, intake: Intake) -> None:
    page = client.post("/enquire", data={"step": "you", "go": "next", "contact_name": "x", "website": "http://spam"})
    assert 'name="website" value="http://spam"' in page.text

    sent = client.post("/enquire/send", data=LEAST | {"form_token": token_in(page), "website": "http://spam"})

    assert sent.status_code == 303
    (signs,) = intake.signs
    assert signs.honeypot
    assert signs.seconds is not None
    assert 0 <= signs.seconds < 3600


def test_a_token_knows_since_when_it_is_shown() -> None:
    later = Tokens(("key",), lambda: datetime.now(UTC) + timedelta(hours=2))

    seconds = later.seconds_since_shown(later.new_form())

    assert seconds is not None
    assert 7200 <= seconds < 7300
    assert later.seconds_since_shown("forged") is None


def test_an_unknown_question_is_told_and_not_lost_unseen(client: FlaskClient, intake: Intake) -> None:
    page = client.post("/enquire/from-website", data=LEAST | {"telephone": "01632 960 001"})

    assert (page.status_code, heading_of(page)) == (422, "Error: Check your answers")
    assert "no question called &#39;telephone&#39;" in page.text
    assert client.post("/enquire/send", data=carried_in(page)).status_code == 303
    assert len(intake.received) == 1


@pytest.mark.parametrize("name", [b"J%f6", b"J\xf6"])
def test_a_form_that_is_not_utf_8_is_shown_again(client: FlaskClient, intake: Intake, name: bytes) -> None:
    body = urlencode(LEAST).encode().replace(b"Jo+Hargreaves", name)

    page = client.post("/enquire/send", data=body, content_type=URLENCODED)

    assert page.status_code == 422
    assert 'href="#contact_name"' in page.text
    assert not intake.received


@pytest.mark.parametrize("name", ["Si%C3%A2n", "Siân"])
def test_a_form_may_write_utf_8_either_way(client: FlaskClient, intake: Intake, name: str) -> None:
    body = urlencode(LEAST).replace("Jo+Hargreaves", name).encode()

    client.post("/enquire/send", data=body, content_type=URLENCODED)

    assert intake.received[0][0]["contact_name"] == "Siân"


def test_a_long_message_in_any_script_fits(client: FlaskClient, intake: Intake) -> None:
    form = LEAST | {"message": "好" * 10_000}

    assert client.post("/enquire/send", data=form, content_type="multipart/form-data").status_code == 303
    assert intake.received[0][0]["message"] == form["message"]


def test_a_form_of_a_thousand_boxes_is_a_bad_request(client: FlaskClient) -> None:
    assert client.post("/enquire", data={f"q{number}": "" for number in range(1000)}).status_code == 400


def test_a_form_met_by_an_absent_database_is_kept_on_the_page(client: FlaskClient, intake: Intake) -> None:
    intake.trouble = Refused("unavailable", "We cannot save it just now. Please send it again in a minute.")

    page = client.post("/enquire/send", data=LEAST)

    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert "We cannot save it just now." in page.text
    assert carried_in(page)["contact_name"] == "Jo Hargreaves"


@pytest.mark.parametrize("signed", ["", "KT-7F3K-92", "IktULTdGM0stOTIi.forged"])
def test_the_thanks_repeat_only_what_we_signed(client: FlaskClient, signed: str) -> None:
    page = client.get("/enquire/thank-you", query_string={"r": signed})

    assert page.status_code == 404
    assert "KT-7F3K-92" not in page.text


def test_pages_are_kept_by_nobody_but_the_browser_that_asked(client: FlaskClient) -> None:
    for page in (client.get("/enquire"), client.post("/enquire", data={"step": "you", "contact_name": "Jo"})):
        assert page.headers["Cache-Control"] == "private, no-cache"
    assert client.post("/enquire/send", data=LEAST).headers["Cache-Control"] == "no-store"


# From another website


def test_a_form_on_a_listed_website_ends_where_it_began(client: FlaskClient, intake: Intake) -> None:
    intake.allowed_origins = (PARTNER,)

    answer = client.post(
        "/enquire/from-website",
        data=LEAST | {"return_to": f"{PARTNER}/thanks?from=ask"},
        headers={"Origin": PARTNER},
    )

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{PARTNER}/thanks?from=ask&reference=KT-7F3K-92"
    assert intake.received[0][2] == "website"


@pytest.mark.parametrize("origin", ["https://other.example", "null"])
def test_a_form_on_any_other_website_is_checked_here_first(client: FlaskClient, intake: Intake, origin: str) -> None:
    intake.allowed_origins = (PARTNER,)

    page = client.post("/enquire/from-website", data=LEAST, headers={"Origin": origin})

    assert (page.status_code, heading_of(page)) == (200, "Check your answers")
    assert not intake.received
    assert carried_in(page).items() >= LEAST.items()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://other.example/",
        "//other.example",
        "javascript:alert(1)",
        "https://partner.example.evil.example/",
        "https://partner.example@evil.example/",
        "https://evil.example\\@partner.example/",
        "http://partner.example/",
        "https://partner.example:444/",
        "https://partner.example/\r\nSet-Cookie: a=b",
        "https://partner.example/ x",
        "https://[partner.example/",
        "https://partner.example/" + "x" * 2000,
    ],
)
def test_the_way_back_is_only_to_a_listed_website(address: str) -> None:
    assert way_back(address, (PARTNER,)) is None


def test_a_reference_is_added_to_the_way_back() -> None:
    assert way_back(f"{PARTNER}/a?b=c#d", (PARTNER,)) == f"{PARTNER}/a?b=c#d"
    back = with_reference(f"{PARTNER}/a?b=c&b=&n=%C3%A2#d", "KT-1")

    assert parse_qs(urlsplit(back).query, keep_blank_values=True) == {"b": ["c", ""], "n": ["â"], "reference": ["KT-1"]}
    assert urlsplit(back).fragment == "d"


# The boxes of a date


@pytest.mark.parametrize(
    ("typed", "joined"),
    [
        (("12", "1", "2027"), "2027-01-12"),
        ((" 12 ", "01", "2027"), "2027-01-12"),
        (("", "1", "2027"), "2027-01-01"),
        (("", "", ""), ""),
        (("31", "2", "2027"), "2027-02-31"),
    ],
)
def test_three_boxes_make_a_date(typed: tuple[str, str, str], joined: str) -> None:
    assert answers_in(dict(zip(DATE_BOXES, typed, strict=True)))["preferred_start"] == joined


@given(st.dates(min_value=datetime(2000, 1, 1).date(), max_value=datetime(2100, 12, 31).date()))  # noqa: DTZ001
def test_a_date_goes_into_its_boxes_and_comes_back(day: Any) -> None:
    boxes = dict(zip(DATE_BOXES, date_boxes(day.isoformat()), strict=True))

    assert answers_in(boxes)["preferred_start"] == day.isoformat()


@given(st.tuples(*[st.text(alphabet="0123456789ab/ ", max_size=5)] * 3))
def test_whatever_is_typed_into_a_date_is_shown_again(typed: tuple[str, str, str]) -> None:
    joined = answers_in(dict(zip(DATE_BOXES, typed, strict=True)))["preferred_start"]
    shown = date_boxes(joined)

    for box, again in zip(typed, shown, strict=True):
        assert not box.strip() or again.lstrip("0") == box.strip().lstrip("0")
