"""The doors of the service are gathered in one class: what one of them is called by is not another's."""

from __future__ import annotations

from collections import Counter

from services.enquiries.service import EnquiriesService

SHARED = {"store", "settings", "caller", "_today", "more_health"}
"""What several doors ask of the service, or mean the same by; and what is there for one of them to add to."""


def test_no_two_doors_have_a_method_or_an_attribute_of_the_same_name():
    names = Counter(
        name
        for door in EnquiriesService.__mro__[:-1]
        for name in vars(door)
        if not name.startswith("__") and name not in SHARED
    )

    assert [name for name, count in names.items() if count > 1] == []
