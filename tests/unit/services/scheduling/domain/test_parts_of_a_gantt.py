"""The rows of a Gantt divided into parts: by their number and by their runs, and none is lost."""

from __future__ import annotations

import pytest

from services.scheduling.domain.viewing import in_parts


@pytest.mark.parametrize(
    ("runs", "sizes"),
    [
        ([1] * 100, [40, 40, 20]),
        ([25] * 5, [2, 2, 1]),
        ([30, 30, 0, 0, 1], [4, 1]),
        ([500, 1, 500], [1, 1, 1]),
        ([0], [1]),
        ([], []),
    ],
)
def test_rows_are_parted_by_their_number_and_by_their_runs_and_none_is_lost(runs, sizes):
    parts = in_parts(enumerate(runs))

    assert [len(part) for part in parts] == sizes
    assert [row for part in parts for row in part] == list(range(len(runs)))
