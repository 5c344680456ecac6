"""How many enquiries one address and one sender may post, and what they hear when it is too much."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.enquiries.web.limits import ENQUIRIES, OF_A_SENDER, PAGES, Limits
from shared.web.limits import BoundedMemory, TooMany

TRUSTED = ("10.0.0.0/8",)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def from_(address: str, forwarded: str | None = None) -> dict[str, str]:
    return {"REMOTE_ADDR": address} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})


def admitted(ask, *args) -> bool:
    try:
        ask(*args)
    except TooMany:
        return False
    return True


def seconds_told(limits: Limits, sender: str) -> int | None:
    try:
        limits.admit_sender(sender)
    except TooMany as refused:
        return refused.seconds
    return None


def test_more_enquiries_than_the_limit_are_asked_to_wait(clock: Clock) -> None:
    limits = Limits((), clock)

    taken = [admitted(limits.admit_enquiry, from_("192.0.2.7")) for _ in range(ENQUIRIES.amount + 1)]

    assert taken == [True] * ENQUIRIES.amount + [False]
    with pytest.raises(TooMany) as caught:
        limits.admit_enquiry(from_("192.0.2.7"))
    assert (caught.value.status, caught.value.seconds) == (429, 61)
    assert "Nothing is lost" in caught.value.detail


@given(st.lists(st.floats(0, 200), min_size=15, max_size=60))
def test_after_the_time_that_was_told_there_is_room_again_and_not_long_before(waits: list[float]) -> None:
    clock = Clock()
    limits = Limits((), clock)
    for wait in waits:
        clock.pass_(wait)
        told = seconds_told(limits, "jo@risley.example")
        if told is None:
            continue
        assert 1 <= told <= 2 * OF_A_SENDER.get_expiry()
        clock.pass_(told - 1.001)
        assert told == 1 or not admitted(limits.admit_sender, "jo@risley.example")
        clock.pass_(1.001)
        assert admitted(limits.admit_sender, "jo@risley.example")


def test_another_address_is_not_limited_and_pages_have_a_count_of_their_own(clock: Clock) -> None:
    limits = Limits((), clock)
    while admitted(limits.admit_enquiry, from_("192.0.2.7")):
        pass

    assert admitted(limits.admit_enquiry, from_("192.0.2.8"))
    assert [admitted(limits.admit_page, from_("192.0.2.7")) for _ in range(PAGES.amount + 1)][-2:] == [True, False]


def test_the_client_behind_a_trusted_proxy_is_counted_and_not_the_proxy(clock: Clock) -> None:
    limits = Limits(TRUSTED, clock)
    posts = [from_("10.1.1.1", f"203.0.113.{host % 250}") for host in range(ENQUIRIES.amount * 3)]

    assert all(admitted(limits.admit_enquiry, post) for post in posts)


def test_a_forwarded_address_from_an_untrusted_peer_counts_for_nothing(clock: Clock) -> None:
    limits = Limits(TRUSTED, clock)

    posts = [from_("192.0.2.7", f"203.0.113.{host}") for host in range(ENQUIRIES.amount + 1)]

    assert [admitted(limits.admit_enquiry, post) for post in posts][-1] is False


def test_a_network_of_ipv6_counts_as_one_and_its_neighbour_as_another(clock: Clock) -> None:
    limits = Limits((), clock)

    taken = [admitted(limits.admit_enquiry, from_(f"2001:db8:0:1::{n:x}")) for n in range(ENQUIRIES.amount + 1)]

    assert taken[-1] is False
    assert admitted(limits.admit_enquiry, from_("2001:db8:0:2::1"))


def test_an_ipv4_address_is_the_same_in_its_ipv6_writing(clock: Clock) -> None:
    limits = Limits((), clock)
    while admitted(limits.admit_enquiry, from_("192.0.2.7")):
        pass

    assert not admitted(limits.admit_enquiry, from_("::ffff:192.0.2.7"))
    assert admitted(limits.admit_enquiry, from_("::ffff:192.0.2.8"))


@pytest.mark.parametrize("address", ["", "unix:", "not an address", "fe80::1%eth0", "x" * 5000])
def test_an_address_that_is_none_is_counted_all_the_same(clock: Clock, address: str) -> None:
    limits = Limits((), clock)

    assert [admitted(limits.admit_enquiry, from_(address)) for _ in range(ENQUIRIES.amount + 1)][-1] is False


def test_a_sender_is_one_however_the_address_is_written_and_is_kept_as_a_digest(clock: Clock) -> None:
    limits = Limits((), clock)
    taken = [
        admitted(limits.admit_sender, address)
        for address in ["jo@risley.example", "JO@Risley.example"] * OF_A_SENDER.amount
    ]

    assert taken.count(True) == OF_A_SENDER.amount
    assert admitted(limits.admit_sender, "sam@risley.example")
    assert "risley" not in json.dumps([str(key) for key in limits._limiter.memory._windows])


def test_thousands_of_addresses_take_no_more_memory_than_the_bound(clock: Clock) -> None:
    limits = Limits((), clock, most_kept=100)

    for host in range(5000):
        limits.admit_enquiry(from_(f"10.{host // 250}.{host % 250}.1"))

    assert len(limits._limiter.memory) == 100


def test_an_address_that_keeps_posting_is_not_forgotten_among_thousands(clock: Clock) -> None:
    limits = Limits((), clock, most_kept=100)

    taken = []
    for host in range(ENQUIRIES.amount + 1):
        taken.append(admitted(limits.admit_enquiry, from_("192.0.2.7")))
        for other in range(50):
            limits.admit_enquiry(from_(f"10.{host}.{other}.1"))

    assert taken[-1] is False


@settings(max_examples=50)
@given(st.lists(st.floats(0, 30), max_size=120))
def test_in_no_minute_are_more_than_about_the_limit_let_in(waits: list[float]) -> None:
    clock, moments = Clock(), []
    memory = BoundedMemory(clock, 10)
    for wait in waits:
        clock.pass_(wait)
        if memory.acquire_sliding_window_entry("k", 5, 60):
            moments.append(clock().timestamp())

    # The window before is taken as evenly filled, so that two counters are enough: at most twice the limit.
    assert all(sum(0 <= late - early < 60 for late in moments) <= 10 for early in moments)
    for start in {moment - moment % 60 for moment in moments}:
        assert sum(start <= moment < start + 60 for moment in moments) <= 5


def test_a_memory_tells_what_it_counted(clock: Clock) -> None:
    memory = BoundedMemory(clock, 10)
    for _ in range(3):
        memory.acquire_sliding_window_entry("k", 5, 60)
    clock.pass_(90)

    assert memory.get_sliding_window("k", 60) == (3, 30.0, 0, 90.0)
    assert (memory.incr("k", 60), memory.get("k"), memory.check()) == (1, 1, True)
    memory.clear_sliding_window("k", 60)
    assert (memory.get("k"), memory.get_expiry("k"), memory.reset()) == (0, 0.0, 0)
