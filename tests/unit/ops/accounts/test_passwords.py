"""Which passwords do, and how they are kept."""

from __future__ import annotations

import inspect
import re

import pytest
from argon2 import PasswordHasher, profiles

from ops.accounts import passwords
from ops.accounts.passwords import check_password, hash_password, is_outdated, is_password
from shared.errors import Refused


def test_a_password_is_known_again_and_another_is_not():
    kept = hash_password("green otter lamp river")

    assert is_password("green otter lamp river", kept)
    assert not is_password("green otter lamp rivers", kept)
    assert "otter" not in kept
    assert kept.startswith("$argon2id$")


def test_the_settings_are_those_of_rfc_9106():
    made = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)

    assert (made.time_cost, made.memory_cost, made.parallelism) == (3, 64 * 1024, 4)
    assert "profiles.RFC_9106_LOW_MEMORY" in inspect.getsource(passwords)


def test_nobody_has_the_password_that_is_checked_where_there_is_none():
    assert not is_password("nobody has this password", None)


def test_checking_the_password_of_nobody_takes_as_long_as_checking_a_wrong_one():
    [nobodys] = re.findall(r'"(\$argon2id\$v=[^"]+)"', inspect.getsource(passwords))

    assert not PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY).check_needs_rehash(nobodys)


@pytest.mark.parametrize("kept", ["", "no hash", "$argon2id$v=19$broken"])
def test_a_broken_hash_lets_nobody_in(kept):
    assert not is_password("anything", kept)


def test_letters_that_a_keyboard_writes_in_two_parts_are_the_same_letters():
    one_part, two_parts = "cwm y t\u0175r gwyn", "cwm y tw\u0302r gwyn"

    assert one_part != two_parts
    assert is_password(one_part, hash_password(two_parts))


def test_what_is_no_text_at_all_is_nobodys_password():
    assert not is_password("\ud800" * 20, hash_password("green otter lamp river"))


def test_a_hash_made_with_less_work_is_made_anew():
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))
    assert not is_outdated(hash_password("green otter lamp river"))


@pytest.mark.parametrize(
    "weak",
    [
        "short",
        "password1234",
        "qwertyuiop12",
        "aaaaaaaaaaaaaaaa",
        "priya1234567",
        "keytalkkeytalk",
        "x" * 129,
    ],
)
def test_a_password_that_would_be_guessed_is_refused_with_the_mend(weak):
    with pytest.raises(Refused, match="Please choose") as refused:
        check_password(weak, ("priya", "Priya Shah", "priya@example.org"))

    assert refused.value.fields.keys() == {"password"}


@pytest.mark.parametrize("known", ["keytalk keytalk 1", "mwansa llewelyn 7"])
def test_words_that_everybody_connects_with_its_owner_or_with_us_are_guessed(known):
    with pytest.raises(Refused, match="found by guessing"):
        check_password(known, ("mwansa", "Mwansa Llewelyn", "mwansa@example.org"))


@pytest.mark.parametrize(
    "good", ["green otter lamp river", "Ŵyn a'r 7 barcud tawel", "x7$Kq9!vLm2#pRtz", "w" * 3 + "9Tq!zR4&" * 15]
)
def test_any_long_and_unusual_password_does_whatever_it_is_made_of(good):
    check_password(good)
