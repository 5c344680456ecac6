"""Telling spam from enquiries: nobody honest is kept aside, and nearly no mail-shot gets by."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.screening import LEAST_SECONDS, QUARANTINE_AT, Signs, screen
from services.enquiries.schemas import parse_enquiry
from tests.corpus import HONEST, SPAM, spam_wave

TODAY = date(2026, 11, 25)


def answers(message: str | None = None, **changed: Any) -> dict[str, Any]:
    found = {"contact_name": "Jo", "establishment": "HMP Risley", "contact_email": "jo@risley.example", **changed}
    return found if message is None else {**found, "message": message}


@pytest.mark.parametrize("asked", HONEST, ids=lambda asked: str(asked.get("message"))[:40])
def test_no_honest_enquiry_is_kept_aside(asked: dict[str, Any]) -> None:
    clean = parse_enquiry(asked, TODAY)

    verdict = screen(clean, Signs(seconds=60))

    assert not verdict.is_suspect, verdict


@pytest.mark.parametrize("asked", HONEST, ids=lambda asked: str(asked.get("message"))[:40])
def test_an_honest_enquiry_has_few_points_from_any_address(asked: dict[str, Any]) -> None:
    assert screen(asked).score <= 2
    assert not screen({**asked, "contact_email": "somebody@gmail.com"}).is_suspect


def test_nearly_all_spam_is_kept_aside() -> None:
    missed = [shot for shot in SPAM if not screen(parse_enquiry(shot, TODAY)).is_suspect]

    assert len(missed) <= len(SPAM) // 20, missed


def test_nearly_all_of_a_wave_is_kept_aside_though_no_two_are_alike() -> None:
    wave = list(spam_wave(240))
    missed = [shot for shot in wave if not screen(parse_enquiry(shot, TODAY)).is_suspect]

    assert len({str(shot) for shot in wave}) == 240
    assert len(missed) <= 12, missed


@pytest.mark.parametrize("shot", SPAM, ids=lambda shot: str(shot.get("message"))[:40])
def test_each_point_has_its_reason(shot: dict[str, Any]) -> None:
    verdict = screen(shot)

    assert verdict.score == 0 or verdict.reasons
    assert all(reason and "  " not in reason for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("signs", "score"),
    [
        (Signs(honeypot=True), 5),
        (Signs(seconds=LEAST_SECONDS - 0.1), 3),
        (Signs(seconds=LEAST_SECONDS), 0),
        (Signs(alike=1), 0),
        (Signs(alike=2), 5),
    ],
)
def test_how_it_was_sent_counts_however_well_it_reads(signs: Signs, score: int) -> None:
    assert screen(answers("We have a room."), signs).score == score
    official = answers("We have a room.", contact_email="jo@justice.gov.uk")
    assert screen(official, Signs(signs.honeypot, signs.seconds, signs.alike, known_place=True)).score == score


@pytest.mark.parametrize(
    ("message", "email", "score"),
    [
        ("our site: https://www.openhands.example/x", "jo@openhands.example", 0),
        ("our site: https://openhands.example", "jo@mail.openhands.example", 0),
        ("see https://www.gov.uk/prisons", "jo@gmail.com", 0),
        ("see https://www.merseyside.police.uk", "jo@gmail.com", 0),
        ("see https://gov.uk.evil.example/a", "jo@gmail.com", 2),
        ("see https://other.example", "jo@gmail.com", 2),
        ("see other.example/path", "jo@gmail.com", 2),
        ("see other.example", "jo@gmail.com", 0),
        ("a.b@x.example/y", "jo@gmail.com", 0),
        ("see https://bit.ly/abc", "jo@gmail.com", 5),
    ],
)
def test_links_count_unless_they_lead_home_or_to_a_public_body(message: str, email: str, score: int) -> None:
    assert screen(answers(message, contact_email=email)).score == score


def test_what_it_says_counts_for_less_from_a_public_body_or_about_a_place_we_know() -> None:
    shot = "SEO and backlinks, https://a.example"

    plain = screen(answers(shot))
    known = screen(answers(shot), Signs(known_place=True))
    official = screen(answers(shot, contact_email="jo@risley.police.uk"))

    assert plain.score > known.score > official.score
    assert "but it names a prison that we know" in known.reasons
    assert screen(answers("We have a room."), Signs(known_place=True)).reasons == ()


def test_words_hidden_behind_look_alikes_and_zero_width_characters_are_read() -> None:
    assert screen(answers("Best ｃａｓｉｎｏ, free\u200b spins")).is_suspect
    assert screen(answers("v\u200biagra, c\u200bialis")).is_suspect


@given(st.text(max_size=500), st.text(max_size=100), st.booleans())
def test_any_words_at_all_are_scored(message: str, name: str, honeypot: bool) -> None:
    verdict = screen(answers(message, contact_name=name), Signs(honeypot=honeypot))

    assert verdict.score >= (QUARANTINE_AT if honeypot else 0)
    assert bool(verdict.reasons) == (verdict.score > 0)
