"""Codes of an authenticator app: each once, and with clocks that differ a little."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from ops.accounts.second_factor import STEP, is_secret, new_secret, step_of_code

NOW = datetime(2027, 1, 12, 9, 0, 10, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
THIS_STEP = int(NOW.timestamp()) // STEP


def code_at(moment: datetime) -> str:
    return pyotp.TOTP(SECRET).at(moment)


@pytest.mark.parametrize("seconds", [-STEP, 0, STEP])
def test_a_code_of_now_and_of_its_neighbours_is_taken(seconds):
    assert step_of_code(SECRET, code_at(NOW + timedelta(seconds=seconds)), NOW, None) == THIS_STEP + seconds // STEP


@pytest.mark.parametrize("seconds", [-2 * STEP, 2 * STEP, 3600])
def test_a_code_of_another_time_is_not(seconds):
    assert step_of_code(SECRET, code_at(NOW + timedelta(seconds=seconds)), NOW, None) is None


@pytest.mark.parametrize("last", [THIS_STEP, THIS_STEP + 1])
def test_a_code_that_was_used_or_is_older_than_the_last_is_not_taken_again(last):
    assert step_of_code(SECRET, code_at(NOW), NOW, last) is None


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "٠٠٠٠٠٠", "\ud800"])
def test_what_is_no_code_is_not_taken(code):
    assert step_of_code(SECRET, code, NOW, None) is None


def test_spaces_in_a_code_do_no_harm():
    code = code_at(NOW)

    assert step_of_code(SECRET, f"{code[:3]} {code[3:]}", NOW, None) == THIS_STEP


def test_only_a_whole_secret_of_ours_is_a_secret():
    assert is_secret(new_secret())
    assert not any(map(is_secret, ["", "A", SECRET.lower(), SECRET + "A", "1" * 32]))
