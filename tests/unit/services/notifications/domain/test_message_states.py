from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest

from services.notifications.domain.messages import (
    DatetimeIsNaive,
    Message,
    MessageCannotBecome,
    MessageNotDue,
    MessageState,
    stable_message_id,
)

S = MessageState
Now = dt.datetime

MOVES: dict[str, tuple[Callable[[Message, Now], Message], set[MessageState], MessageState]] = {
    "claim": (lambda message, now: message.claim(now), {S.SCHEDULED}, S.SENDING),
    "accepted": (lambda message, now: message.accepted(now), {S.SENDING, S.UNKNOWN}, S.ACCEPTED),
    "postponed": (lambda message, now: message.postponed(now, "it is night"), {S.SENDING}, S.SCHEDULED),
    "put_into": (lambda message, now: message.put_into(UUID(int=9), now, "a digest"), {S.SENDING}, S.SCHEDULED),
    "put_back": (lambda message, now: message.put_back(now), {S.SENDING}, S.SCHEDULED),
    "claim_for_digest": (lambda message, now: message.claim_for_digest(now), {S.SCHEDULED}, S.SENDING),
    "told": (lambda message, _: message.told("in a digest"), {S.SCHEDULED, S.SENDING}, S.SUPERSEDED),
    "delivered": (lambda message, now: message.delivered(now), {S.SENDING, S.UNKNOWN, S.ACCEPTED}, S.DELIVERED),
    "bounced": (
        lambda message, now: message.bounced(now, "no such mailbox"),
        {S.SENDING, S.UNKNOWN, S.ACCEPTED, S.DELIVERED},
        S.BOUNCED,
    ),
    "retry_later": (lambda message, now: message.retry_later(now, "lost"), {S.SENDING}, S.SCHEDULED),
    "refused": (lambda message, _: message.refused("no such mailbox"), {S.SENDING, S.UNKNOWN}, S.FAILED),
    "in_doubt": (lambda message, _: message.in_doubt("answer lost"), {S.SENDING}, S.UNKNOWN),
    "suppressed": (lambda message, _: message.suppressed("has left"), {S.SCHEDULED, S.SENDING}, S.SUPPRESSED),
    "missed": (lambda message, now: message.missed(now, "too late"), {S.SCHEDULED, S.SENDING}, S.MISSED),
    "superseded": (lambda message, _: message.superseded("moved"), {S.SCHEDULED}, S.SUPERSEDED),
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("state", list(S))
def test_a_move_is_made_from_its_own_states_and_refused_from_every_other(
    message: Message, now: Now, move: str, state: MessageState
) -> None:
    make, allowed, becomes = MOVES[move]
    start = replace(message, state=state)
    if state in allowed:
        assert make(start, now).state is becomes
        assert start.state is state
    else:
        with pytest.raises(MessageCannotBecome, match=f"is {state} and cannot become {becomes}"):
            make(start, now)


def test_a_claim_counts_the_attempt_and_notes_when(message: Message, now: Now) -> None:
    claimed = message.claim(now)
    assert (claimed.attempts, claimed.claimed_at) == (1, now)


def test_a_fault_in_our_own_house_is_tried_again_soon_and_then_as_seldom_as_any(message: Message, now: Now) -> None:
    waits = []
    for _ in range(12):
        message = message.claim(now).retry_later(now, "not running", soon=True)
        assert message.retry_at is not None
        waits.append((message.retry_at - now).total_seconds())
        now = message.retry_at
        if (message.retry_at - message.due_at).total_seconds() > 20 * 3600:
            break

    assert waits[:4] == [10, 20, 40, 80]
    assert waits == sorted(waits)


def test_a_message_is_not_claimed_before_its_time(message: Message, now: Now) -> None:
    early = now - dt.timedelta(seconds=1)
    assert not message.is_due(early)
    assert message.is_due(now)
    with pytest.raises(MessageNotDue):
        message.claim(early)


def test_a_message_waits_longer_after_each_attempt_and_ends_a_day_after_it_was_due(message: Message, now: Now) -> None:
    tried = []
    while message.state is S.SCHEDULED:
        tried.append(message.next_attempt_at)
        message = message.claim(message.next_attempt_at).retry_later(message.next_attempt_at, "the server was busy")
    waits = [(later - sooner) // dt.timedelta(minutes=1) for sooner, later in pairwise(tried)]
    assert waits == [1, 5, 15, 60, 120, 240, 480, 480]
    assert (message.state, message.why, message.due_at) == (S.FAILED, "the server was busy", now)


def test_a_message_first_tried_late_still_gets_its_short_retries(message: Message, now: Now) -> None:
    late = now + dt.timedelta(days=1, hours=12)
    states = []
    for _ in range(4):
        late = max(late, message.next_attempt_at)
        message = message.claim(late).retry_later(late, "the server was busy")
        states.append(message.state)
    assert states == [S.SCHEDULED, S.SCHEDULED, S.SCHEDULED, S.FAILED]


def test_an_accepted_message_says_when_and_carries_no_old_reason(message: Message, now: Now) -> None:
    message = message.claim(now).retry_later(now, "the server was busy")
    done = message.claim(message.next_attempt_at).accepted(message.next_attempt_at)
    assert (done.why, done.accepted_at, done.attempts) == (None, now + dt.timedelta(minutes=1), 2)


def test_a_reminder_is_past_use_once_the_session_starts(message: Message) -> None:
    assert message.useful_until is not None
    assert not message.is_past_use(message.useful_until - dt.timedelta(seconds=1))
    assert message.is_past_use(message.useful_until)
    assert not replace(message, useful_until=None).is_past_use(message.useful_until)


@pytest.mark.parametrize("name", ["due_at", "useful_until", "retry_at", "claimed_at", "accepted_at"])
def test_a_moment_without_its_zone_is_refused(message: Message, name: str) -> None:
    with pytest.raises(DatetimeIsNaive, match=name):
        replace(message, **{name: dt.datetime(2027, 1, 7, 15)})  # noqa: DTZ001


def test_a_state_read_back_as_a_word_is_the_state(message: Message) -> None:
    assert replace(message, state="accepted").state is S.ACCEPTED
    with pytest.raises(ValueError, match="lost"):
        replace(message, state="lost")


def test_the_same_key_has_the_same_message_id_and_any_other_key_another() -> None:
    key = ("enquirer:KT-7F3K-92", "run_confirmed:r1", 1, "mail.example.org")
    others = [
        ("enquirer:KT-7F3K-93", *key[1:]),
        (key[0], "run_confirmed:r2", *key[2:]),
        (*key[:2], 2, key[3]),
        # The parts must not run into one another.
        ("enquirer:KT-7F3K-92run_confirmed:", "r1", *key[2:]),
    ]
    ids = [stable_message_id(*each) for each in (key, *others)]
    assert ids[0] == stable_message_id(*key)
    assert len(set(ids)) == len(ids)


def test_a_message_id_shows_nothing_of_its_recipient() -> None:
    message_id = stable_message_id("enquirer:KT-7F3K-92", "enquiry_received:KT-7F3K-92", 1, "mail.example.org")
    assert message_id.endswith("@mail.example.org>")
    assert "7F3K" not in message_id


@pytest.mark.parametrize("domain", ["", "a b", "x>\r\nBcc: y", "a..b", "@mail.example.org"])
def test_a_domain_that_cannot_stand_in_a_header_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="not a mail domain"):
        stable_message_id("ops", "x", 1, domain)


def test_waiting_for_quiet_hours_to_end_is_no_attempt_and_no_delay(message: Message, now: Now) -> None:
    morning = now + dt.timedelta(days=3)
    waiting = message.claim(now).postponed(morning, "it is night")
    assert (waiting.attempts, waiting.next_attempt_at) == (0, morning)

    for _ in range(5):
        waiting = waiting.claim(waiting.next_attempt_at).retry_later(waiting.next_attempt_at, "the server was busy")
    assert waiting.state is S.SCHEDULED


def test_what_falls_out_of_a_digest_does_not_count_as_told_in_it(message: Message, now: Now) -> None:
    digest = UUID(int=9)
    waiting = message.claim(now).put_into(digest, now, "a digest")
    assert waiting.told_in == digest
    assert waiting.claim_for_digest(now).told("in a digest").told_in == digest

    on_its_way = waiting.claim_for_digest(now)
    for fallen_out in (
        waiting.superseded("moved"),
        waiting.claim(now),
        waiting.missed(now, "too late"),
        on_its_way.suppressed("has left"),
        on_its_way.refused("no words"),
        on_its_way.put_back(now),
    ):
        assert fallen_out.told_in is None


def test_a_wait_never_carries_a_message_past_the_time_in_which_it_helps(message: Message, now: Now) -> None:
    ends = now + dt.timedelta(hours=4)
    message = replace(message, useful_until=ends)
    tried = []
    while not message.is_past_use(message.next_attempt_at):
        tried.append(message.next_attempt_at)
        message = message.claim(message.next_attempt_at).retry_later(message.next_attempt_at, "the server was busy")

    assert message.next_attempt_at == ends
    assert ends - tried[-1] <= dt.timedelta(minutes=2)
    assert len(tried) <= 15
    assert tried == sorted(set(tried))
