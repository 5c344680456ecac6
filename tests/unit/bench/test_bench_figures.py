from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy.engine import make_url

from bench import __main__ as bench
from bench import stored
from bench.figures import backlog, consume, enquiry_latency, finding, idle, intake, latency, relay, startup
from bench.lab import Load
from bench.limits import pgbench
from bench.rows import Row
from shared.persistence.database import Database
from shared.persistence.migrations import migrate

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


def test_the_way_of_an_enquiry_leaves_the_warm_up_out_and_needs_every_event():
    events = [UUID(int=number) for number in range(3)]
    committed = {event: NOON + timedelta(seconds=number) for number, event in enumerate(events)}
    handled = {event: at + timedelta(milliseconds=5) for event, at in committed.items()}

    assert enquiry_latency.latencies(committed, handled, warmup=1) == [5.0, 5.0]
    del handled[events[2]]
    with pytest.raises(KeyError):
        enquiry_latency.latencies(committed, handled, warmup=1)


def test_latency_leaves_the_warm_up_out_and_needs_every_event():
    committed = {"a": 0, "b": 1_000_000_000, "c": 2_000_000_000}
    handled = {event: at + 5_000_000 for event, at in committed.items()}

    assert latency.latencies(committed, handled, warmup=1) == [5.0, 5.0]
    del handled["c"]
    with pytest.raises(KeyError):
        latency.latencies(committed, handled, warmup=1)


def latency_rows(p50, p99, limit):
    ours = {"event_latency_p50_100": p50, "event_latency_p99_100": p99, "event_latency_p99_500": p99}
    return latency.rows_of(ours, dict.fromkeys(ours, limit))


@pytest.mark.parametrize(("p99", "limit", "met"), [(50, 1, True), (51, 1, False), (90, 30, True), (91, 30, False)])
def test_latency_may_take_the_larger_of_50_ms_and_three_times_the_limit(p99, limit, met):
    assert [row.goal.met for row in latency_rows(5, p99, limit)] == [True, met, met]


@pytest.mark.parametrize(("p50", "met"), [(10, True), (10.1, False)])
def test_latency_has_ten_milliseconds_in_the_middle(p50, met):
    rows = latency_rows(p50, 20, 1)

    assert [row.name for row in rows] == list(latency.NAMES)
    assert rows[0].goal.met is met


def test_a_round_of_latency_has_a_name_for_each_rate():
    assert latency.named(500, 1.0, 2.0) == {"event_latency_p50_500": 1.0, "event_latency_p99_500": 2.0}


@pytest.mark.parametrize(
    ("ours", "peer", "limit", "met"),
    [(6000, 1000, 12000, True), (5999, 1000, 11000, False), (6000, 1000, 12001, False)],
)
def test_the_relay_must_beat_the_peer_six_times_and_reach_half_the_limit(ours, peer, limit, met):
    assert relay.rows_of(ours, peer, limit)[0].goal.met is met


def test_the_consumer_stands_beside_the_better_peer():
    (row,) = consume.rows_of(2000, {"nameko": 1001, "FastStream": 800})

    assert (row.ours, row.peer) == (2000, 1001)
    assert str(row.goal) == "2 times nameko: not met"


@pytest.mark.parametrize(
    ("ours", "words"), [(1600, "2 times FastStream: met"), (2400, "2 times FastStream, and 3 times: met")]
)
def test_the_consumers_goal_says_when_the_stretch_was_reached(ours, words):
    assert str(consume.rows_of(ours, {"nameko": 700, "FastStream": 800})[0].goal) == words


def test_a_backlog_is_steady_and_flat_or_the_rows_say_not():
    rows = backlog.rows_of(3000, [3000, 2100, 3100], [60.0, 66.0, 71.9])

    assert [row.name for row in rows] == list(backlog.NAMES)
    assert [row.ours for row in rows] == [3000, 2100, 3100, 60.0, 66.0, 71.9]
    assert [row.goal.met for row in rows if row.goal] == [True, True]


@pytest.mark.parametrize(
    ("slices", "memory_mb", "met"),
    [([3000, 2099, 3100], [60, 60, 60], [False, True]), ([1], [60, 60, 72], [True, False])],
)
def test_a_slow_stretch_or_growing_memory_is_a_goal_not_met(slices, memory_mb, met):
    assert [row.goal.met for row in backlog.rows_of(3000, slices, memory_mb) if row.goal] == met


@pytest.mark.parametrize(("service", "met"), [(0.99, True), (1.0, False)])
def test_an_idle_service_has_less_than_a_hundredth_of_a_core(service, met):
    rows = idle.rows_of(service, 2.0)

    assert [row.name for row in rows] == list(idle.NAMES)
    assert [row.goal.met for row in rows if row.goal] == [met]


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


def test_the_slowest_post_may_take_as_long_as_the_peers():
    def p99_met(ours, peer):
        sides = [intake.side_of([Load(900, 10.0, p99, 100)]) for p99 in (ours, peer, 1.0)]
        return intake.rows_of(*sides)[2].goal.met

    assert p99_met(20.0, 20.0)
    assert not p99_met(20.1, 20.0)


def test_finding_may_take_fifty_milliseconds_and_twice_what_it_takes_among_few():
    def met(many, few):
        return [
            row.goal.met
            for row in finding.rows_of(dict.fromkeys(finding.KINDS, many), dict.fromkeys(finding.KINDS, few))
            if row.goal
        ]

    assert met(49.9, 25.0) == [True] * 3
    assert met(50.0, 25.0) == met(20.0, 9.9) == [False] * 3
    assert [
        row.name for row in finding.rows_of(dict.fromkeys(finding.KINDS, 1), dict.fromkeys(finding.KINDS, 1))
    ] == list(finding.NAMES)


def test_every_way_to_find_is_understood_and_finds_on_a_small_shelf(postgres):
    url = postgres.new_database("shelf")
    address = make_url(url).set(drivername="postgresql+psycopg")
    migrate("enquiries", address)
    years = stored.fill(url, 300)
    shelf = finding.Shelf(Database(address, pool_size=2), years)

    took = finding.measure(shelf, asked=1)

    shelf.database.close()
    assert tuple(took) == (*finding.KINDS, finding.HARDEST)
    assert all(times for ways in took.values() for times in ways.values())
    assert len({years.reference(number) for number in range(300)}) == 300


def test_the_p95_is_over_all_ways_of_a_kind():
    took = {kind: {"one": [1.0] * 19, "other": [9.0]} for kind in (*finding.KINDS, finding.HARDEST)}

    assert finding.p95s(took) == dict.fromkeys(finding.KINDS, 1.0)
