import pytest

from bench.stats import Rounds, percentile


def test_the_percentile_is_the_nearest_rank_whatever_the_order():
    values = [float(number) for number in range(200, 0, -1)]

    assert percentile(values, 50) == 100
    assert percentile(values, 99) == 198
    assert percentile(values, 100) == 200
    assert percentile(values, 0) == 1


def test_the_percentile_of_one_value_is_that_value():
    assert percentile([7.5], 99) == 7.5


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 101), ([1.0], -1)])
def test_a_percentile_of_nothing_or_out_of_range_is_refused(values, percent):
    with pytest.raises(ValueError, match=r"percentile|between"):
        percentile(values, percent)


def test_the_median_of_rounds_is_not_moved_by_one_noisy_round():
    rounds = Rounds((900.0, 100.0, 880.0))

    assert rounds.median == 880
    assert (rounds.low, rounds.high) == (100, 900)
    assert str(rounds) == "880.0 (rounds from 100.0 to 900.0)"


def test_an_even_number_of_rounds_meets_in_the_middle():
    assert Rounds((1.0, 2.0, 4.0, 9.0)).median == 3


def test_no_rounds_are_no_figure():
    with pytest.raises(ValueError, match="at least one round"):
        Rounds(())
