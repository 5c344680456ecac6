"""A service is killed at the worst moments, one after another: what it had begun is ended once by its successor."""

from __future__ import annotations

import pytest

from tests.faults.lab import Lab
from tests.faults.points import launcher
from tests.waiting import eventually

pytestmark = pytest.mark.slow

# The row of the fault list, the service that dies, where, and at the how manyth time that it comes by.
MOMENTS = [
    pytest.param("enquiries", "enquiry committed, not answered", 5, id="1-between-commit-and-reply"),
    pytest.param("enquiries", "committed, not published", 2, id="2-between-commit-and-publish"),
    pytest.param("enquiries", "published, not confirmed", 2, id="3-before-the-confirm", marks=pytest.mark.thorough),
    pytest.param("enquiries", "published, not marked", 2, id="3-between-publish-and-mark"),
    pytest.param(
        "enquiries", "marked, not committed", 2, id="3-before-the-mark-is-committed", marks=pytest.mark.thorough
    ),
    pytest.param(
        "scheduling", "handled, not committed", 4, id="4-scheduling-before-its-commit", marks=pytest.mark.thorough
    ),
    pytest.param("notifications", "received, not handled", 2, id="4-before-the-handler", marks=pytest.mark.thorough),
    pytest.param(
        "notifications", "message half entered", 5, id="4-in-the-middle-of-the-handler", marks=pytest.mark.thorough
    ),
    pytest.param("notifications", "handled, not committed", 4, id="4-between-handler-and-commit"),
    pytest.param("notifications", "committed, not acknowledged", 2, id="4-between-commit-and-ack"),
    pytest.param("notifications", "acknowledged", 2, id="4-after-the-ack", marks=pytest.mark.thorough),
    pytest.param("notifications", "mail claimed, not sent", 3, id="5-before-the-mail-goes-out"),
    pytest.param("notifications", "mail sent, not recorded", 3, id="5-between-the-mail-and-its-record"),
]


@pytest.mark.parametrize(("service", "point", "count"), MOMENTS)
def test_a_service_killed_at_this_point_loses_nothing_and_repeats_nothing(lab: Lab, service, point, count):
    (victim,) = lab.apart.of(service)
    lab.kill(victim)
    victim.start(launcher(point, count))
    load = lab.load()

    with load.flowing(rate=40, count=20):
        eventually(lambda: not victim.running, within=20)
        lab.heal()

    lab.judge(load)
    assert len(load.taken) == len(load.log)
