import pytest

from bench.limits.bare_publish import Confirmed
from bench.tally import Tally, rate, slices


def test_the_rate_begins_with_the_commit_that_ends_the_warm_up_and_ends_with_the_last():
    notes = [(10.0, 100), (12.0, 200), (12.5, 300), (13.0, 400)]

    assert rate(notes, warmup=150) == 200
    assert rate(notes, warmup=200) == 200


def test_without_a_warm_up_the_first_commit_only_starts_the_clock():
    assert rate([(10.0, 100), (11.0, 150)], warmup=0) == 50


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ([], "0 were committed, 100 were wanted"),
        ([(1.0, 99)], "99 were committed"),
        ([(1.0, 100)], "after the warm-up"),
    ],
)
def test_too_little_to_time_is_no_figure(notes, words):
    with pytest.raises(ValueError, match=words):
        rate(notes, warmup=100)


def test_each_stretch_has_its_own_rate_and_ends_with_the_commit_that_fills_it():
    notes = [(0.0, 10), (1.0, 110), (3.0, 210), (4.0, 300), (5.0, 400)]

    assert slices(notes, 2) == [pytest.approx(200 / 3), 95]


def test_stretches_need_a_commit_each():
    with pytest.raises(ValueError, match="too few to be cut into 3"):
        slices([(0.0, 100), (1.0, 300)], 3)


def test_a_tally_is_complete_when_all_were_added_and_leaves_its_warm_up_out():
    tally = Tally(100)
    tally.add(90)
    assert not tally.complete

    tally.add(10)

    assert tally.complete
    assert [count for _, count in tally.notes] == [90, 100]
    tally.notes = [(0.0, 10), (1.0, 15), (2.0, 100)]
    assert tally.summary() == {"count": 100, "rate": 85}


class Channel:
    def __init__(self):
        self.events = {"basic_ack": set(), "basic_nack": set()}

    def ack(self, tag, *, multiple):
        for told in self.events["basic_ack"]:
            told(tag, multiple)


def test_each_confirm_counts_once_whatever_order_they_come_in():
    channel, tally = Channel(), Tally(10)
    confirmed = Confirmed(channel, tally)

    channel.ack(3, multiple=False)
    channel.ack(2, multiple=True)
    assert confirmed.up_to == 3
    channel.ack(5, multiple=True)
    channel.ack(6, multiple=False)
    channel.ack(10, multiple=True)

    assert confirmed.up_to == 10
    assert tally.count == 10
