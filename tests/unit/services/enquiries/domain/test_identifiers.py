"""NHS and PNC numbers, seen in what people write, and not seen in what only looks a little like them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.enquiries.domain.identifiers import nhs_number_in, pnc_letter, pnc_number_in


def check_digit(nine: str) -> int:
    """Give the check digit of an NHS number, counted out another way; 10 where there is no such number."""
    return (11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11) % 11


nine_digits = st.from_regex(r"[1-9][0-9]{8}", fullmatch=True)


@st.composite
def nhs_numbers(draw: st.DrawFn) -> str:
    nine = draw(nine_digits)
    assume(check_digit(nine) < 10)
    return f"{nine}{check_digit(nine)}"


@st.composite
def gapped(draw: st.DrawFn) -> str:
    number = draw(nhs_numbers())
    gap = draw(st.sampled_from(["", " ", "-", ".", "  ", " - ", "\u2013", "\t"]))
    if draw(st.booleans()):
        return gap.join(number)  # digit by digit
    return gap.join((number[:3], number[3:6], number[6:]))


@given(
    gapped(), st.sampled_from(["", "NHS ", "his number is ", "(", "NHS no: "]), st.sampled_from(["", ".", ")", " ok"])
)
def test_a_valid_nhs_number_is_seen_with_any_gaps(number: str, before: str, after: str) -> None:
    assert nhs_number_in(f"{before}{number}{after}")


@given(nine_digits, st.integers(0, 9), st.sampled_from(["", " ", "-"]))
def test_ten_digits_with_another_check_digit_are_no_nhs_number(nine: str, last: int, gap: str) -> None:
    assume(last != check_digit(nine))

    assert not nhs_number_in(gap.join((nine[:3], nine[3:6], f"{nine[6:]}{last}")))


@pytest.mark.parametrize(
    "text",
    ["943 476 5919", "9434765919", "943-476-5919", "9434 765 919", "94347 65919", "ring +44 7700 900123, 943 476 5919"],
)
def test_the_usual_ways_to_write_an_nhs_number_are_seen(text: str) -> None:
    assert nhs_number_in(text)


def test_a_chi_number_that_begins_with_a_birthday_is_seen() -> None:
    nine = "010170123"
    assert nhs_number_in(f"CHI {nine}{check_digit(nine)}")


@given(nhs_numbers(), st.sampled_from(["+44 ", "+44", "+44 (0)", "0044 ", "+44 (0) ", "0", "(0)", "44 "]))
def test_the_same_digits_as_a_telephone_number_pass(number: str, code: str) -> None:
    assume(code != "0" or number[0] in "12378")

    assert not nhs_number_in(f"{code}{number}")
    assert not nhs_number_in(f"ring {code}{number[:3]} {number[3:6]} {number[6:]} please")


@given(st.from_regex(r"0(?:1[1-9]|2[03489]|3[03]|7[0-9]|8[04])[0-9]{8}", fullmatch=True), st.sampled_from([2, 3, 4, 5]))
def test_no_british_telephone_number_of_eleven_digits_is_an_nhs_number(number: str, area: int) -> None:
    written = f"{number[:area]} {number[area:]}"

    assert not nhs_number_in(number)
    assert not nhs_number_in(written)
    assert not nhs_number_in(f"({number[:area]}) {number[area:7]} {number[7:]}") or area == 4


@pytest.mark.parametrize(
    "text",
    [
        "01925 763871",
        "(0161) 496 0123",
        "0800 1111",
        "PO 9434765919",
        "our order number is 943 476 5919",
        "invoice no. 9434765919",
        "12, 14, 16 and 18 people",
        "12.01.2027 10.30",
        "9434765919123",
        "x9434765918",
        "£4,000 in 2026 and £16,250 in 2027",
        "",
    ],
)
def test_other_figures_are_no_nhs_number(text: str) -> None:
    assert not nhs_number_in(text)


years = st.integers(1950, 2029).map(str)
serials = st.integers(1, 9_999_999)


@given(years, serials, st.booleans(), st.booleans(), st.booleans())
def test_a_pnc_number_is_seen_long_or_short(year: str, serial: int, short: bool, lower: bool, padded: bool) -> None:
    letter = pnc_letter(year, str(serial))
    digits = f"{serial:07}" if padded else str(serial)
    assume(not short or len(digits) >= 4)
    text = f"{year[2:] if short else year}/{digits}{letter.lower() if lower else letter}"

    assert pnc_number_in(f"PNC {text}.")


@given(years, serials)
def test_a_pnc_number_is_seen_without_its_slash_or_with_gaps(year: str, serial: int) -> None:
    letter = pnc_letter(year, str(serial))

    assert pnc_number_in(f"{year}{serial:07}{letter}")
    assert pnc_number_in(f"{year} / {serial:07} {letter}")


@pytest.mark.parametrize("text", ["2001/1234567X", "01/123456X", "1998/0000001a", "2003/0011985X"])
def test_one_of_full_length_is_seen_whatever_its_letter(text: str) -> None:
    assert pnc_number_in(text)


@given(years, st.integers(1000, 99_999), st.sampled_from("ABCDEFGHJKLMNPQRTUVWXYZIOS"))
def test_a_short_one_with_another_letter_is_none(year: str, serial: int, letter: str) -> None:
    assume(letter != pnc_letter(year, str(serial)))

    assert not pnc_number_in(f"{year[2:]}/{serial}{letter}")


@pytest.mark.parametrize(
    "text",
    [
        "open 24/7 A room is free",
        "flat 12/34B",
        "2026/27",
        "10/12 a session",
        "KT-7F3K-92",
        "order 26/123456A",
        "1/2/3",
        "either/or",
        "2026/1234567",
        "20270112123",
        "WA3 6BP",
        "",
    ],
)
def test_other_figures_are_no_pnc_number(text: str) -> None:
    assert not pnc_number_in(text)


def test_the_letter_is_that_of_numbers_made_up_by_hmpps_for_its_own_tests() -> None:
    assert (pnc_letter("2003", "0011985"), pnc_letter("81", "154257")) == ("X", "C")
