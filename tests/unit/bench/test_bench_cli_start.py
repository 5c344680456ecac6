import pytest

from bench.figures import cli_start


@pytest.mark.parametrize(("took", "met"), [([0.1, 0.49, 0.3], True), ([0.1, 0.5, 0.3], False)])
def test_the_slowest_way_to_start_counts_beside_a_bare_python(took, met):
    [row] = cli_start.rows_of(took, 0.02)

    assert (row.name, row.ours, row.limit) == ("cli_start", max(took), 0.02)
    assert row.goal.met is met


def test_a_start_that_ends_otherwise_is_no_figure():
    with pytest.raises(RuntimeError, match="ended with 3"):
        cli_start.once(["sh", "-c", "exit 3"], 0)
