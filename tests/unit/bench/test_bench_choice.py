from types import SimpleNamespace

import pytest

from bench.figures import FIGURES, choose

INTAKE = SimpleNamespace(NAMES=("intake_posts", "intake_p99_ms"))
STARTUP = SimpleNamespace(NAMES=("startup_again_s",))
BOTH = (INTAKE, STARTUP)


@pytest.mark.parametrize("only", [None, "", " , "])
def test_all_figures_run_when_none_is_named(only):
    assert choose(only, BOTH) == [INTAKE, STARTUP]


def test_one_row_names_the_figure_that_makes_it():
    assert choose("intake_p99_ms", BOTH) == [INTAKE]


def test_names_may_have_spaces_and_any_order_and_a_figure_runs_once():
    assert choose(" startup_again_s, intake_posts,intake_p99_ms ", BOTH) == [INTAKE, STARTUP]


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match=r"makes intake_post; there are intake_p99_ms, intake_posts, startup_again_s"):
        choose("intake_post", BOTH)


def test_no_two_figures_make_the_same_row_and_the_agreed_ones_are_there():
    names = [name for figure in FIGURES for name in figure.NAMES]

    assert len(names) == len(set(names))
    assert {
        "intake_posts",
        "relay_events",
        "consume_events",
        "event_latency_p50_100",
        "event_latency_p99_100",
        "event_latency_p99_500",
        "backlog_drain",
        "idle_cpu",
    } <= set(names)
