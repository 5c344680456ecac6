"""A quarter of a minute of everything at once, drawn from one seed; `make soak` does it for as long as wanted."""

from __future__ import annotations

import pytest

from tests.faults.soak import Soak

pytestmark = pytest.mark.slow


def test_a_quarter_of_a_minute_of_all_faults_under_load_breaks_no_promise(crowd):
    soak = Soak(crowd, seed=20, seconds=15, rate=10)

    verdict = soak.run()

    assert verdict.good, f"\n{verdict}"
