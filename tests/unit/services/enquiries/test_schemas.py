"""The questions of an enquiry and the sentences about their answers."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from email_validator import EmailNotValidError, validate_email

from services.enquiries import schemas
from services.enquiries.schemas import QUESTIONS
from shared.errors import Refused

TODAY = date(2026, 11, 25)
LEAST = {
    "programme": "many-faces-of-trauma",
    "establishment": "RSI",
    "contact_name": "Jo Hargreaves",
    "contact_email": "jo.hargreaves@risley.example",
}
WHOLE = LEAST | {
    "contact_role": "Head of reducing reoffending",
    "contact_phone": "+44 (0)1925 763 871 ext. 12",
    "organisation": "HMP Risley",
    "group_size": 10,
    "preferred_start": "2027-01-12",
    "preferred_times": "Tuesdays, afternoons",
    "message": "We have a room.\nIt holds fourteen.",
}


def parse_enquiry(data: Any) -> dict[str, Any]:
    return schemas.parse_enquiry(data, TODAY)


def parse_form(form: dict[str, str]) -> dict[str, Any]:
    return schemas.parse_form(form, TODAY)


def refusal_of(changed: dict[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(Refused) as caught:
        parse_enquiry(LEAST | changed)
    assert caught.value.code == "invalid"
    return caught.value.fields


def test_whole_answers_come_back_typed() -> None:
    assert parse_enquiry(WHOLE) == WHOLE | {"preferred_start": date(2027, 1, 12)}
    assert set(WHOLE) == set(QUESTIONS)


@pytest.mark.parametrize("nothing", [None, "", "  ", "\u00a0\n"])
def test_null_and_blank_are_no_answer(nothing: str | None) -> None:
    optional = {name: nothing for name in QUESTIONS if name not in LEAST}

    assert parse_enquiry(LEAST | optional) == LEAST


@pytest.mark.parametrize("name", list(LEAST))
@pytest.mark.parametrize("nothing", [None, " "])
def test_each_missing_answer_has_one_sentence(name: str, nothing: str | None) -> None:
    without = {question: answer for question, answer in LEAST.items() if question != name}
    with pytest.raises(Refused) as caught:
        parse_enquiry(without)

    assert caught.value.fields == refusal_of({name: nothing})
    assert list(caught.value.fields) == [name]
    (sentence,) = caught.value.fields[name]
    assert sentence.endswith(".")


def test_all_mends_are_named_at_once() -> None:
    with pytest.raises(Refused) as caught:
        parse_enquiry({})

    assert set(caught.value.fields) == set(LEAST)


@pytest.mark.parametrize("data", [[], [LEAST], "text", 3, None])
def test_what_is_no_object_is_refused(data: Any) -> None:
    with pytest.raises(Refused) as caught:
        parse_enquiry(data)

    assert "one JSON object" in str(caught.value.fields)


def test_an_unknown_question_is_named() -> None:
    assert refusal_of({"nickname": "x"}) == {
        "nickname": ["This form has no question called 'nickname'. Please leave it out."]
    }


def test_many_unknown_questions_do_not_make_a_long_answer() -> None:
    assert len(refusal_of({f"q{number}": 1 for number in range(5000)})) == 20


@pytest.mark.parametrize("slug", ["karate", "Many-Faces-Of-Trauma", 7, ["many-faces-of-trauma"], {}])
def test_an_unknown_programme_is_answered_with_the_choices(slug: Any) -> None:
    (sentence,) = refusal_of({"programme": slug})["programme"]

    assert "many-faces-of-trauma" in sentence
    assert "unlocking-the-key-to-compassion" in sentence


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in ("group_size", "preferred_start")])
@pytest.mark.parametrize("value", [7, True, ["x"], {"x": 1}, 1.5])
def test_text_is_text(name: str, value: Any) -> None:
    assert list(refusal_of({name: value})) == [name]


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("establishment", 200),
        ("contact_name", 120),
        ("contact_role", 120),
        ("organisation", 200),
        ("preferred_times", 500),
        ("message", 10_000),
    ],
)
def test_text_may_be_as_long_as_its_limit_and_no_longer(name: str, most: int) -> None:
    assert parse_enquiry(LEAST | {name: " " + "é" * most})[name] == "é" * most
    assert f"{most:,}" in refusal_of({name: "é" * (most + 1)})[name][0]


@pytest.mark.parametrize(
    "name", ["establishment", "contact_name", "contact_role", "organisation", "preferred_times", "contact_email"]
)
@pytest.mark.parametrize("bad", ["\n", "\r\nBcc: x@example.org", "\x00", "\ud800", "\u2028x"])
def test_one_line_answers_have_no_line_breaks_and_no_controls(name: str, bad: str) -> None:
    assert "one line" in refusal_of({name: WHOLE[name] + bad})[name][0]


def test_a_message_has_lines_but_no_controls() -> None:
    assert parse_enquiry(LEAST | {"message": "one\r\ntwo\tthree\n"})["message"] == "one\r\ntwo\tthree"
    assert "cannot be read" in refusal_of({"message": "one\x00"})["message"][0]


@pytest.mark.parametrize("name", ["contact_name", "contact_role", "organisation"])
def test_a_header_is_no_name(name: str) -> None:
    assert "header" in refusal_of({name: "Bcc: evil@example.org"})[name][0]


@pytest.mark.parametrize(
    "name", ["establishment", "contact_name", "contact_role", "organisation", "preferred_times", "message"]
)
def test_a_prison_number_is_refused_politely_in_every_free_text(name: str) -> None:
    assert refusal_of({name: "this is for A1234BC"})[name] == [
        "Please take out the prison number. We never keep details of anyone in prison."
    ]


@pytest.mark.parametrize(
    "address",
    [
        "jo",
        "jo@risley",
        "jo@localhost",
        "@risley.example",
        "jo@",
        "jo@risley..example",
        "jo@-risley.example",
        "jo@risley.test",
        "jo@10.0.0.1",
        "jo@[10.0.0.1]",
        "jo jo@risley.example",
        "jo@risley.example, evil@risley.example",
        "ok@x.example;evil@y.example",
        "Jo <jo@risley.example>",
        '"jo jo"@risley.example',
        "jo.@risley.example",
        "jo..h@risley.example",
        "jö@risley.example",
        "x" * 65 + "@risley.example",
        "jo@" + "x" * 64 + ".example",
        "jo@" + "x." * 125 + "example",
    ],
)
def test_what_cannot_be_one_address_is_refused(address: str) -> None:
    assert "one full address" in refusal_of({"contact_email": address})["contact_email"][0]


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("jo.hargreaves@justice.gov.uk", "jo.hargreaves@justice.gov.uk"),
        (" Jo+keys@Risley.Example ", "Jo+keys@risley.example"),
        ("o'brien@risley.example", "o'brien@risley.example"),
        ("jo@bücher.example", "jo@xn--bcher-kva.example"),
    ],
)
def test_a_deliverable_address_is_kept_with_its_domain_in_ascii(address: str, kept: str) -> None:
    assert parse_enquiry(LEAST | {"contact_email": address})["contact_email"] == kept


@pytest.mark.parametrize("local", ["jo", "jo.h", "jo-h_1+x", "-", "+", "_jo", "1", "x" * 64, "x" * 65, "jo.", ".jo"])
@pytest.mark.parametrize(
    "domain", ["risley.example", "a.b.example", "risley", "x.test", "a" * 63 + ".example", "é.example"]
)
def test_the_quick_way_and_the_validator_agree(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    try:
        wanted: str | None = validate_email(
            address, check_deliverability=False, test_environment=False, allow_smtputf8=False, strict=True
        ).ascii_email
    except EmailNotValidError:
        wanted = None

    if wanted is None:
        refusal_of({"contact_email": address})
    else:
        assert parse_enquiry(LEAST | {"contact_email": address})["contact_email"] == wanted


def test_an_address_has_up_to_254_characters() -> None:
    domain = ".".join(["d" * 60] * 3) + ".example"
    longest = "j" * 60 + "@" + "e" * (254 - 61 - len(domain) - 1) + "." + domain
    assert len(longest) == 254

    assert parse_enquiry(LEAST | {"contact_email": longest})["contact_email"] == longest
    refusal_of({"contact_email": "j" + longest})


@pytest.mark.parametrize(
    "number", ["01925 763871", "+44 (0)1925-763871", "01925 763871 ext 12", "763871 x12", "ext. 12"]
)
def test_telephones_are_kept_as_written(number: str) -> None:
    assert parse_enquiry(LEAST | {"contact_phone": number})["contact_phone"] == number


@pytest.mark.parametrize(
    "number", ["call me", "ext", "---", "01925 A1234BC", "1" * 41, "01925\n763871", "٣٤٥", "01925/1"]
)
def test_what_is_no_telephone_is_refused(number: str) -> None:
    assert "ext" in refusal_of({"contact_phone": number})["contact_phone"][0]


@pytest.mark.parametrize("size", [0, 501, -1, True, False, "12", "many", 12.0, [12], 10**30])
def test_a_group_is_a_whole_number_from_1_to_500(size: Any) -> None:
    assert "from 1 to 500" in refusal_of({"group_size": size})["group_size"][0]


@pytest.mark.parametrize("size", [1, 500])
def test_the_smallest_and_largest_group_are_taken(size: int) -> None:
    assert parse_enquiry(LEAST | {"group_size": size})["group_size"] == size


@pytest.mark.parametrize(
    "day",
    [
        "12/01/2027",
        "2027-13-01",
        "2027-02-29",
        "20270112",
        "2027-W02-2",
        "2027-01-12T10:00",
        "2027-1-12",
        "1999-12-31",
        "2101-01-01",
        "January",
        20270112,
        "２０２７-01-12",
    ],
)
def test_what_is_no_such_date_is_refused(day: Any) -> None:
    assert "year-month-day" in refusal_of({"preferred_start": day})["preferred_start"][0]


@pytest.mark.parametrize("day", [date(2000, 1, 1), date(2100, 12, 31), date(2028, 2, 29)])
def test_a_real_date_is_taken(day: date) -> None:
    assert parse_enquiry(LEAST | {"preferred_start": day.isoformat()})["preferred_start"] == day


def test_a_form_gives_the_same_answers_as_json() -> None:
    form = {name: str(value) for name, value in WHOLE.items()} | {"form_token": "t", "website": ""}
    form["message"] = form["message"].replace("\n", "\r\n")

    assert parse_form(form) == parse_enquiry(WHOLE)


def test_empty_boxes_of_a_form_are_no_answers() -> None:
    assert parse_form(dict.fromkeys(QUESTIONS, "") | LEAST) == LEAST


@pytest.mark.parametrize("size", ["a dozen", "0", "501", "12.5", "-3", "1" * 5000, "٣", "1_0"])
def test_a_form_refuses_a_bad_number_with_the_same_sentence(size: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_form(LEAST | {"group_size": size})

    assert caught.value.fields == refusal_of({"group_size": 0})


def test_a_form_names_the_programmes_rather_than_their_slugs() -> None:
    with pytest.raises(Refused) as caught:
        parse_form(LEAST | {"programme": ""})

    assert caught.value.fields["programme"] == [
        "Choose the programme you are interested in: The Many Faces of Trauma or Unlocking the Key to Compassion."
    ]


def test_a_form_refuses_an_unknown_question_too() -> None:
    with pytest.raises(Refused) as caught:
        parse_form(LEAST | {"nickname": "x"})

    assert list(caught.value.fields) == ["nickname"]


@pytest.mark.parametrize(
    "name", ["establishment", "contact_name", "contact_role", "organisation", "preferred_times", "message"]
)
@pytest.mark.parametrize(
    ("detail", "named"),
    [
        ("943 476 5919", "Please take out the NHS number."),
        ("2001/1234567X", "Please take out the police (PNC) number."),
        ("12 March 1985", "Please take out the date from more than ten years ago."),
        ("A1234BC 12.3.85", "Please take out the prison number and the date from more than ten years ago."),
    ],
)
def test_nothing_that_points_to_someone_in_prison_is_taken(name: str, detail: str, named: str) -> None:
    (sentence,) = refusal_of({name: f"this is about {detail}"})[name]

    assert sentence.startswith(f"{named} We never keep details of anyone in prison.")
    assert detail not in sentence


def test_ten_years_are_counted_from_the_day_that_is_given() -> None:
    answers = LEAST | {"message": "We opened on 24 November 2016."}

    assert schemas.parse_enquiry(answers, date(2026, 11, 24)) == answers
    with pytest.raises(Refused):
        schemas.parse_enquiry(answers, date(2026, 11, 25))


@pytest.mark.parametrize("name", ["contact_name", "establishment"])
def test_a_name_that_shows_nothing_is_no_answer(name: str) -> None:
    assert "Tell us" in refusal_of({name: "\u200b\u2060"})[name][0]


@pytest.mark.parametrize("name", ["می\u200cخواهم", "👩🏽\u200d🏫 Jo", "Siân\u200b Jones"])
def test_zero_width_characters_that_writing_needs_are_kept(name: str) -> None:
    assert parse_enquiry(LEAST | {"contact_name": name})["contact_name"] == name


def words(text: Any, most: int = 20) -> str:
    return schemas.operators_words(text, "reason", most, TODAY)


def test_an_operators_words_come_back_clean() -> None:
    assert words(" They moved.\nAsk in May. ", 30) == "They moved.\nAsk in May."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x" * 21, "up to 20 characters"),
        ("bell \x07", "cannot be read"),
        ("about A1234BC", "prison number"),
        ("943 476 5919", "NHS number"),
        ("01/123456X", "PNC"),
        ("born 12/03/1985", "ten years"),
        (7, "as text"),
    ],
)
def test_an_operators_words_are_held_to_the_same_rule(text: Any, says: str) -> None:
    with pytest.raises(Refused) as caught:
        words(text)

    assert caught.value.code == "invalid"
    assert says in caught.value.fields["reason"][0]
    assert says in caught.value.detail
