"""`keytalk health`: how each service stands, told by the services themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import typer

from ops.cli.arguments import Json
from ops.cli.client import Gateway, GatewayOutOfReach, connect
from ops.cli.each_service import SERVICES, OfService, Service, services_of
from ops.cli.output import Column, note, say, show, show_json

ANSWERS, DOWN, BROKER_AWAY = "answers", "down", "broker away"
"""The states of a service: it answers, it does not, or nobody can ask it for want of a broker."""

LISTED = (
    Column("service", "Service", copyable=True),
    Column("state", "State", copyable=True),
    Column("database", "Database"),
    Column("outbox", "To go out"),
    Column("inbox", "Came in"),
    Column("jobs", "Jobs"),
    Column("queues", "On the broker"),
)

AGREES_WITHIN = 2.0
"""Seconds by which a clock may differ before it is told."""


def show_health(service: OfService = None, as_json: Json = False) -> None:
    """Say how each service stands.

    For each: its database, what waits to go out and came in, its jobs, and what lies on the broker. A service that is
    down is told apart from a broker that is away. Ends with 3 when not all could be asked: keytalk doctor finds why.
    """
    states = _ask(connect(), services_of(service))
    if as_json:
        show_json({"broker": _broker(states), "services": states})
    else:
        _print(states)
    if any(each["state"] != ANSWERS for each in states.values()):
        raise typer.Exit(GatewayOutOfReach.exit_code)


def _ask(gateway: Gateway, services: Sequence[Service]) -> dict[Service, dict[str, Any]]:
    """Ask the services side by side. Raises `GatewayOutOfReach` where the gateway itself cannot be asked."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - no other command needs it

    with ThreadPoolExecutor(len(SERVICES)) as pool:
        states = pool.map(lambda service: _ask_one(gateway, service), services)
        return dict(zip(services, states, strict=True))


def _ask_one(gateway: Gateway, service: Service) -> dict[str, Any]:
    try:
        health = gateway.call(service, "get_health")
    except GatewayOutOfReach as refusal:
        return {"state": _state_in(refusal, service), "words": refusal.sentence, "health": None}
    return {"state": ANSWERS, "words": "", "health": health}


def _state_in(refusal: GatewayOutOfReach, service: Service) -> str:
    """Tell from the gateway's words whether a service is down or the broker away; raise what is about neither."""
    if "broker" in refusal.sentence:
        return BROKER_AWAY
    if refusal.sentence.startswith(f"The {service} service"):
        return DOWN
    raise refusal


def _broker(states: Mapping[Service, Mapping[str, Any]]) -> str:
    """Say `away`, `ok`, or `none`, where everything runs in one process; `unknown` where nobody could say."""
    if any(each["state"] == BROKER_AWAY for each in states.values()):
        return "away"
    told = [each["health"]["broker"] for each in states.values() if each["health"]]
    if not told:
        return "unknown"
    if any(each is None for each in told):
        return "none"
    return "ok" if all(each["reachable"] for each in told) else "away"


def _print(states: Mapping[Service, Mapping[str, Any]]) -> None:
    show([_row(service, each) for service, each in states.items()], LISTED, as_json=False)
    for each in states.values():
        if each["health"]:
            _print_more(each["health"])
    _print_what_is_away(states)


def _row(service: Service, told: Mapping[str, Any]) -> dict[str, Any]:
    row = {"service": service, "state": told["state"]}
    health = told["health"]
    if not health:
        return row
    row |= {"database": _database(health["database"]), "queues": _queues(health["broker"])}
    backlog = health["backlog"]
    return row if backlog is None else row | _backlog(backlog)


def _database(told: Mapping[str, Any]) -> str:
    if not told["reachable"]:
        return "away"
    behind = "" if told["revision"] == told["newest"] else f", needs {told['newest']}"
    return f"{told['kind']} at {told['revision'] or 'no migration'}{behind}"


def _backlog(told: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    outbox, inbox, jobs = told["outbox"], told["inbox"], told["jobs"]
    oldest = f", oldest {outbox['oldest_seconds']:.0f} s" if outbox["waiting"] else ""
    late = f", by up to {jobs['most_late_seconds']:.0f} s" if jobs["overdue"] else ""
    return {
        "outbox": f"{outbox['waiting']}{oldest}" + _where_any(parked=outbox["parked"]),
        "inbox": _only_any(waiting=inbox["waiting"], retrying=inbox["retrying"], dead=inbox["dead"]),
        "jobs": f"{jobs['overdue']} late{late}" + _where_any(given_up=jobs["given_up"], missed=jobs["missed"]),
    }


def _queues(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "none needed"
    if not told["reachable"]:
        return "away"
    depths = {which: queue["ready"] for which, queue in told["queues"].items()}
    return ", ".join(f"{which} {'missing' if ready is None else ready}" for which, ready in depths.items())


def _only_any(**counts: int) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "all handled"


def _where_any(**counts: int) -> str:
    return "".join(f", {count} {name.replace('_', ' ')}" for name, count in counts.items() if count)


def _print_more(health: Mapping[str, Any]) -> None:
    canary = health.get("canary")
    if canary and canary["on"]:
        last = (
            f"the last was sent at {canary['sent_at']}: {canary['state']}" if canary["state"] else "none was sent yet"
        )
        say(f"Canary: {last}{', and the next is late' if canary['late'] else ''}.")
    ours = datetime.now(UTC)
    for whose, told in ((health["service"], health["now"]), ("the database server", health["database"]["now"])):
        apart = abs((datetime.fromisoformat(told) - ours).total_seconds()) if told else 0.0
        if apart > AGREES_WITHIN:
            note(f"The clock of {whose} and that of this machine are about {apart:.0f} seconds apart: keytalk doctor.")


def _print_what_is_away(states: Mapping[Service, Mapping[str, Any]]) -> None:
    if _broker(states) == "away":
        note("The broker is away, so services cannot be asked. Events wait, and nothing is lost: keytalk doctor.")
        return
    for each in states.values():
        if each["words"]:
            note(f"{each['words']} The broker and the gateway answer: start it, or look into its log.")
