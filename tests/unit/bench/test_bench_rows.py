import json

from bench.rows import Goal, Row, command_for, results, table, write_results

POSTS = Row(
    "intake_posts", "requests/s", 1234.5678, 900.0, 5600.0, command_for("intake_posts"), Goal("at least the peer", True)
)
STARTUP = Row("startup_again_s", "s", 2.5)


def test_the_table_shows_each_row_under_its_headings():
    heading, rule, posts, startup = table([POSTS, STARTUP]).splitlines()

    assert heading.split() == ["name", "unit", "ours", "peer", "limit", "ratio", "goal", "command"]
    assert set(rule) == {"-", " "}
    assert posts.split("  ")[0] == "intake_posts"
    assert "1,235   900  5,600  1.37 of peer" in posts
    assert "at least the peer: met" in posts
    assert posts.endswith("make bench ONLY=intake_posts")
    assert startup.split() == ["startup_again_s", "s", "2.50", "-", "-"]


def test_numbers_stand_below_each_other_at_the_right():
    heading, _, posts, startup = table([POSTS, STARTUP]).splitlines()

    end = heading.index("ours") + len("ours")
    assert posts[:end].endswith("1,235")
    assert startup[:end].endswith("2.50")


def test_a_goal_that_was_missed_is_said():
    assert str(Goal("up to 50 ms", False)) == "up to 50 ms: not met"


def test_the_ratio_is_to_the_peer_first_and_to_the_limit_where_no_peer_runs():
    assert POSTS.ratio == "1.37 of peer"
    assert Row("latency", "ms", 30.0, limit=10.0).ratio == "3.00 of limit"
    assert STARTUP.ratio == ""
    assert Row("unmeasured", "ms", None, peer=1.0).ratio == ""


def test_results_have_the_six_agreed_keys_and_null_where_nothing_applies():
    first, second = results([POSTS, STARTUP])

    assert first == {
        "name": "intake_posts",
        "unit": "requests/s",
        "ours": 1234.568,
        "peer": 900.0,
        "limit": 5600.0,
        "command": "make bench ONLY=intake_posts",
    }
    assert second["peer"] is None
    assert second["limit"] is None


def test_the_results_of_an_earlier_run_are_replaced(tmp_path):
    file = tmp_path / "results.json"

    write_results([POSTS], file)
    write_results([STARTUP], file)

    assert [row["name"] for row in json.loads(file.read_text())] == ["startup_again_s"]
