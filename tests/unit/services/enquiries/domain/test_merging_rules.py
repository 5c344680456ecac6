"""Whom a thread is answered to, once something was taken out of it."""

from __future__ import annotations

import pytest

from services.enquiries.domain.merging import Link, answered_to, pair_of

BY_MERGE, BY_HAND = Link("second", "KT-2"), Link("chosen", None)


@pytest.mark.parametrize(
    ("links", "newest", "expected"),
    [
        ([], None, None),
        ([BY_MERGE], None, None),
        ([BY_MERGE], "third", "third"),
        ([BY_MERGE, BY_HAND], "third", "chosen"),
        ([BY_HAND, BY_MERGE], None, "chosen"),
        ([BY_HAND, BY_MERGE], "third", "third"),
    ],
)
def test_the_last_choice_stays_else_the_newest_else_the_choice_before(links, newest, expected):
    assert answered_to(links, newest) == expected


def test_a_pair_is_the_same_either_way():
    assert pair_of("KT-2", "KT-1") == pair_of("KT-1", "KT-2") == ("KT-1", "KT-2")
