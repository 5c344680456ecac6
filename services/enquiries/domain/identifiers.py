"""The NHS number and the police's PNC number: told by their shape and by their own check characters.

Texts come in plain, as `words.plain` gives them. A telephone, an order number or a postcode is neither.
"""

from __future__ import annotations

import re

_DASHES = "\\-\u2010-\u2015\u2212"

# Ten digits, the last of them a check digit; most often written 3-3-4. Source: the NHS data dictionary's modulus 11.
# Scotland's CHI number has the same length and check, and begins with a date of birth, so it may begin with 0.
_TEN_DIGITS = re.compile(rf"[0-9](?:[ \t.(){_DASHES}]{{0,3}}[0-9]){{9}}")
_RUN = re.compile(rf"\+?[0-9](?:[ \t.(){_DASHES}]{{0,3}}[0-9])+")
_GROUP = re.compile("[0-9]+")
_FEW_GROUPS = 4

# A year, a serial number of up to seven digits and a check letter: 2003/0011985X, short 03/11985X. Source: HMPPS's
# public code, where the letter is the last two digits of the year and the whole serial, modulo 23, in this alphabet.
_PNC_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"
_SLASHES = "/\\\\\u2044\u2215"
_PNC = re.compile(
    rf"([0-9](?<![0-9A-Za-z{_SLASHES}].)(?:[0-9]{{3}}|[0-9]))( ?[{_SLASHES}] ?)([0-9]{{1,7}})([ {_DASHES}]?)([A-Za-z])"
    r"(?![0-9A-Za-z])"
)
_PNC_UNBROKEN = re.compile(r"([12](?<![0-9A-Za-z].)[0-9]{3})([0-9]{7})([A-Za-z])(?![0-9A-Za-z])")

_ORDERED = re.compile(
    r"\b(?:p\.?\s?o\.?|order|requisition|invoice|quotation|quote)"
    r"(?:\s+(?:no|number|num|ref|reference|is|was))*[\s.:#]*\Z",
    re.IGNORECASE,
)
_ORDER_REACH = 40


def nhs_number_in(plain: str) -> bool:
    """Say whether `plain` holds ten digits that are a valid NHS or CHI number, with gaps or without.

    >>> nhs_number_in("NHS 943 476 5919"), nhs_number_in("ring 01925 763871 or +44 161 496 0123")
    (True, False)
    """
    if not _TEN_DIGITS.search(plain):
        return False
    return any(_nhs_number_in_run(plain, run) for run in _RUN.finditer(plain))


def _nhs_number_in_run(plain: str, run: re.Match[str]) -> bool:
    written = run.group()
    if not _TEN_DIGITS.match(written.lstrip("+")):
        return False
    groups = list(_GROUP.finditer(written))
    digits = [group.group() for group in groups]
    for first in range(len(groups)):
        for count in (1, 3):
            lengths = tuple(len(each) for each in digits[first : first + count])
            number = "".join(digits[first : first + count])
            if lengths not in {(10,), (3, 3, 4)} or not _is_nhs_number(number):
                continue
            if not _reads_as_telephone(written, digits[:first]):
                return not _is_ordered(plain, run.start() + groups[first].start())
    number = "".join(digits)
    if len(number) != 10 or written[0] == "+" or not _is_evenly_grouped(written, digits):
        return False
    return _is_nhs_number(number) and not _is_ordered(plain, run.start())


def _is_evenly_grouped(written: str, digits: list[str]) -> bool:
    """Say whether a run of other groups reads as one number: few groups, or digit by digit, and one kind of gap."""
    if len(digits) > _FEW_GROUPS and len(digits) != 10:
        return False
    return len(set(_GROUP.split(written)[1:-1])) <= 1


def _is_nhs_number(digits: str) -> bool:
    begins_with_a_day = "01" <= digits[:2] <= "09" and "01" <= digits[2:4] <= "12"
    if digits[0] == "0" and not begins_with_a_day:  # a telephone of ten digits
        return False
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9]))
    return (11 - total % 11) % 11 == int(digits[9])


def _reads_as_telephone(written: str, before: list[str]) -> bool:
    """Say whether what stands before the ten digits is a country code or the 0 of "+44 (0)"."""
    dialled = "".join(before)
    if not dialled:
        return written[0] == "+"
    return before[-1] in {"0", "44", "0044"} or (written[0] == "+" and len(dialled) <= 4)


def _is_ordered(plain: str, start: int) -> bool:
    """Say whether the words just before name an order or an invoice, whose numbers may look like anything."""
    return _ORDERED.search(plain[max(0, start - _ORDER_REACH) : start]) is not None


def pnc_number_in(plain: str) -> bool:
    """Say whether `plain` holds a PNC number.

    One of full length is enough by its shape: mistyped by a letter it still points to a person. A shorter one, or one
    with gaps or without its slash, counts with the right letter only.

    >>> pnc_number_in("2001/1234567X"), pnc_number_in("03/11985X"), pnc_number_in("open 24/7, flat 12/34B")
    (True, True, False)
    """
    if any(_is_pnc_number(plain, found) for found in _PNC.finditer(plain)):
        return True
    return any(found[3].upper() == pnc_letter(found[1], found[2]) for found in _PNC_UNBROKEN.finditer(plain))


def _is_pnc_number(plain: str, found: re.Match[str]) -> bool:
    year, slash, serial, gap, letter = found.groups()
    of_full_length = len(serial) == 7 or (len(year) == 2 and len(serial) == 6)
    if of_full_length and slash.strip() == slash and not gap:
        return not _is_ordered(plain, found.start())
    if len(year) == 2 and len(serial) < 4:
        return False
    return (letter if gap else letter.upper()) == pnc_letter(year, serial)


def pnc_letter(year: str, serial: str) -> str:
    """Give the check letter of a PNC number, from its year (two or four digits) and its serial number.

    >>> pnc_letter("2003", "0011985")
    'X'
    """
    return _PNC_LETTERS[int(year[-2:] + serial.zfill(7)) % 23]
