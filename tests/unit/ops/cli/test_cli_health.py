"""`keytalk health`: what services tell of themselves, a service that is down, and a broker that is away."""

from __future__ import annotations

import json
from typing import Any

SERVICES = ("enquiries", "scheduling", "notifications")


def health(service: str, **changes: Any) -> dict[str, Any]:
    return {
        "service": service,
        "version": "0.1.0",
        "now": "2026-11-24T09:00:00+00:00",
        "database": {"reachable": True, "kind": "postgresql", "now": None, "revision": "0002", "newest": "0003"},
        "backlog": {
            "outbox": {"waiting": 4, "oldest_seconds": 72.4, "parked": 1},
            "inbox": {"waiting": 1, "retrying": 2, "dead": 3},
            "jobs": {"due": 0, "overdue": 2, "most_late_seconds": 90.0, "given_up": 1, "missed": 0},
        },
        "broker": {"reachable": True, "queues": {"inbox": {"name": "a", "ready": 7, "readers": 1}}},
        **changes,
    }


def test_each_service_has_a_line_with_all_that_waits(gateway, keytalk):
    for service in SERVICES:
        gateway.will_answer(f"{service}.get_health", health(service))

    done = keytalk("health")

    line = next(line for line in done.stdout.splitlines() if line.strip().startswith("scheduling"))
    for cell in (
        "answers",
        "postgresql at 0002, needs 0003",
        "4, oldest 72 s, 1 parked",
        "1 waiting, 2 retrying, 3 dead",
        "2 late, by up to 90 s, 1 given up",
        "inbox 7",
    ):
        assert cell in line
    assert done.exit_code == 0
    assert "The clock of scheduling" in done.stderr


def test_a_service_that_is_down_is_named_and_the_others_are_told_of(gateway, keytalk):
    gateway.will_answer("enquiries.get_health", health("enquiries"))
    gateway.will_answer("notifications.get_health", health("notifications", backlog=None))
    gateway.will_refuse("scheduling.get_health", 503, "The scheduling service is not running.")

    done = keytalk("health", "--json")

    told = json.loads(done.stdout)
    assert told["broker"] == "ok"
    assert {name: each["state"] for name, each in told["services"].items()} == {
        "enquiries": "answers",
        "scheduling": "down",
        "notifications": "answers",
    }
    assert done.exit_code == 3
    assert "The scheduling service is not running." in keytalk("health").stderr


def test_a_broker_that_is_away_is_told_from_services_that_are_down(gateway, keytalk):
    for service in SERVICES:
        gateway.will_refuse(f"{service}.get_health", 503, "The message broker cannot be reached.")

    done = keytalk("health")

    assert "The broker is away" in done.stderr
    assert "broker away" in done.stdout
    assert done.exit_code == 3


def test_a_token_that_is_not_known_is_told_as_by_any_command(gateway, keytalk):
    gateway.will_refuse("enquiries.get_health", 401, "Send the operator token.")

    done = keytalk("health", "--service", "enquiries")

    assert "Send the operator token." in done.stderr
    assert done.exit_code == 3


def test_canaries_are_told_of_where_there_are_any(gateway, keytalk):
    canary = {"on": True, "state": "arrived", "sent_at": "2026-11-24T08:00:00+00:00", "late": True}
    gateway.will_answer("enquiries.get_health", health("enquiries", canary=canary, broker=None))

    done = keytalk("health", "--service", "enquiries")

    assert "arrived, and the next is late" in done.stdout
    assert "none needed" in done.stdout
