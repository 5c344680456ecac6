from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from bench import __main__ as bench
from bench.figures import intake, latency, startup
from bench.lab import Load
from bench.limits import pgbench
from bench.rows import Row

NOON = datetime(2027, 1, 12, 12, 0, tzinfo=UTC)


def side(*rates):
    return intake.side_of([Load(rate, 10.0, 20.0, 100) for rate in rates])


def test_intake_reports_the_median_round_and_compares_with_the_peer():
    rows = intake.rows_of(side(900, 1000, 100), side(850, 800, 990), side(5000, 5000, 5000))

    assert [row.name for row in rows] == list(intake.NAMES)
    assert (rows[0].ours, rows[0].peer, rows[0].limit) == (900, 850, 5000)
    assert rows[0].goal.met


def test_intake_below_the_peer_is_a_goal_not_met():
    assert not intake.rows_of(side(849), side(850), side(5000))[0].goal.met


def test_latency_leaves_the_warm_up_out_and_needs_every_event():
    events = [UUID(int=number) for number in range(3)]
    committed = {event: NOON + timedelta(seconds=number) for number, event in enumerate(events)}
    handled = {event: at + timedelta(milliseconds=5) for event, at in committed.items()}

    assert latency.latencies(committed, handled, warmup=1) == [5.0, 5.0]
    del handled[events[2]]
    with pytest.raises(KeyError):
        latency.latencies(committed, handled, warmup=1)


@pytest.mark.parametrize(("p99", "limit", "met"), [(50, 1, True), (51, 1, False), (90, 30, True), (91, 30, False)])
def test_latency_may_take_the_larger_of_50_ms_and_three_times_the_limit(p99, limit, met):
    assert latency.rows_of(5, 1, p99, limit)[1].goal.met is met


@pytest.mark.parametrize(("again", "met"), [(5.0, True), (5.1, False)])
def test_the_second_start_has_five_seconds(again, met):
    rows = startup.rows_of(8.0, again, 120.0, 130.0)

    assert [(row.name, row.goal.met) for row in rows if row.goal] == [("startup_again_s", met)]


def test_the_limit_is_read_from_the_report_and_the_logs_of_every_thread(tmp_path):
    (tmp_path / "log.1").write_text("0 1 4000 0 1700000000 1\n1 1 2000 0 1700000000 1\n")
    (tmp_path / "log.1.1").write_text("2 1 9500 0 1700000000 1\n")

    limit = pgbench.read("latency average = 5 ms\ntps = 5648.25 (without initial connection time)\n", tmp_path)

    assert (limit.rate, limit.p50_ms, limit.p99_ms) == (5648.25, 4.0, 9.5)


def test_a_report_without_a_rate_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="no rate"):
        pgbench.read("nothing", tmp_path)


def test_the_script_makes_one_transaction_of_two_inserts():
    words = pgbench.script().split()

    assert (words.count("INSERT"), words.count("BEGIN;"), words.count("COMMIT;")) == (2, 1, 1)
    assert "{envelope}" not in pgbench.script()


def test_a_part_that_fails_is_named_and_the_others_still_run(capsys):
    def fail(_):
        raise RuntimeError("the broker is away")

    broken = SimpleNamespace(NAMES=("broken",), run=fail)
    sound = SimpleNamespace(NAMES=("sound",), run=lambda _: [Row("sound", "s", 1.0)])

    rows, failed = bench.run_all([broken, sound], lab=None)

    assert [row.name for row in rows] == ["sound"]
    assert failed == ["broken"]
    assert "the broker is away" in capsys.readouterr().err
