"""Asking every service the same, for the nouns that each of them has: dead letters and jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import typer

from ops.cli.client import CommandRefused, Gateway, GatewayOutOfReach, connect
from ops.cli.output import Column, note, show

Service = Literal["enquiries", "scheduling", "notifications"]
SERVICES: tuple[Service, ...] = get_args(Service)

WHOSE = Column("service", "Service", copyable=True)
OfService = Annotated[Service | None, typer.Option("--service", help="Ask this service alone.")]


def list_of_each(
    service: Service | None,
    method: str,
    columns: Sequence[Column],
    as_json: bool,
    *,
    order: Callable[[Mapping[str, Any]], Any],
    limit: int,
    empty: str,
    next_step: str = "",
) -> None:
    """Print the rows of `method` of one service, or of all of them merged in the `order` that each lists its own in.

    `next_step` is told on stderr to a person who sees rows. Raises `GatewayOutOfReach`, with the others' rows printed,
    when a service could not be asked.
    """
    answers, refusals = ask_each(connect(), services_of(service), method, limit=limit)
    rows = [{"service": place, **row} for place, listed in answers.items() for row in listed]
    rows.sort(key=order)
    none = empty if not refusals else "The services that could be asked have none."
    show(rows[:limit], (WHOSE, *columns), as_json, empty=none, limit=limit)
    if rows and next_step and not as_json:
        note(next_step)
    if refusals:
        raise GatewayOutOfReach("Not every service could be asked, so there may be more:", in_words(refusals))


def ask_each(
    gateway: Gateway, services: Sequence[Service], method: str, **arguments: Any
) -> tuple[dict[Service, Any], dict[Service, CommandRefused]]:
    """Ask each service the same, and give the answers and the refusals by service.

    Raises the refusal itself when all refuse in the same words, as when the gateway or the broker is away.
    """
    answers: dict[Service, Any] = {}
    refusals: dict[Service, CommandRefused] = {}
    for service in services:
        try:
            answers[service] = gateway.call(service, method, **arguments)
        except CommandRefused as refusal:
            refusals[service] = refusal
    raise_what_all_say(list(refusals.values()), services)
    return answers, refusals


def in_words(refusals: Mapping[Service, CommandRefused]) -> dict[str, list[str]]:
    """Give the refusals' sentences by service, for a refusal that sums them up."""
    return {service: refusal.lines() for service, refusal in refusals.items()}


def services_of(service: Service | None) -> tuple[Service, ...]:
    """Give the one service that was named, or all."""
    return (service,) if service else SERVICES


def raise_what_all_say(refusals: list[CommandRefused], services: Sequence[Service]) -> None:
    """Raise a refusal that every service gave in the same words, as when the gateway is away."""
    if len(refusals) == len(services) and len({refusal.sentence for refusal in refusals}) == 1:
        raise refusals[0]
