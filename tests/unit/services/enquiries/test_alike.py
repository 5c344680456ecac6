"""Remembering which words came in, to see one message that many senders send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.web.alike import LEAST_LETTERS, MOST_MESSAGES, MOST_SENDERS, WITHIN, Alike

NOW = datetime(2026, 12, 5, 2, 0, tzinfo=UTC)
SHOT = "We can put your organisation in front of thousands of new customers each day."


def answers(sender: str, message: str | None = SHOT) -> dict[str, str]:
    return {"contact_email": sender} | ({"message": message} if message else {})


def test_other_senders_of_the_same_words_are_counted() -> None:
    alike = Alike()

    assert [alike.others(answers(f"s{number}@x.example"), NOW) for number in range(4)] == [0, 1, 2, 3]


def test_a_sender_who_sends_again_is_no_other() -> None:
    alike = Alike()

    assert [alike.others(answers(each), NOW) for each in ("a@x.example", "A@X.example", "a@x.example")] == [0, 0, 0]


def test_case_figures_and_marks_do_not_make_other_words() -> None:
    alike = Alike()
    alike.others(answers("a@x.example", f"{SHOT} Offer 17!"), NOW)

    assert alike.others(answers("b@x.example", f"  {SHOT.upper()}\n\nOFFER 18 ..."), NOW) == 1
    assert alike.others(answers("c@x.example", f"{SHOT} Offers"), NOW) == 0


def test_after_an_hour_it_is_forgotten() -> None:
    alike = Alike()
    alike.others(answers("a@x.example"), NOW)

    assert alike.others(answers("b@x.example"), NOW + WITHIN - timedelta(seconds=1)) == 1
    assert alike.others(answers("c@x.example"), NOW + 2 * WITHIN) == 0


def test_short_messages_and_none_are_alike_by_chance() -> None:
    alike = Alike()

    for message in ("Please call me on Monday.", None, "x" * (LEAST_LETTERS - 1), "1" * 500):
        assert [alike.others(answers(f"{n}@x.example", message), NOW) for n in range(3)] == [0, 0, 0]


def test_its_memory_is_bounded_both_ways_and_holds_neither_words_nor_addresses() -> None:
    alike = Alike()
    words = "abcdefghij"
    for number in range(MOST_MESSAGES + 50):
        spelt = "".join(words[int(digit)] for digit in f"{number:05}")
        alike.others(answers("a@x.example", f"{SHOT} {spelt}"), NOW)
    for number in range(MOST_SENDERS * 3):
        alike.others(answers(f"s{number}@x.example"), NOW)

    assert len(alike._senders) == MOST_MESSAGES
    assert max(map(len, alike._senders.values())) == MOST_SENDERS
    assert alike.others(answers("new@x.example"), NOW) == MOST_SENDERS
    assert all(isinstance(key, bytes) for key in alike._senders)


@given(st.text(), st.text())
def test_any_words_of_anyone_can_be_remembered(message: str, sender: str) -> None:
    assert Alike().others(answers(sender, message), NOW) == 0
