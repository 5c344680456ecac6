"""The record of what has been published, and what may no longer change about it.

Events of an old shape wait in outboxes, queues, inboxes and dead letters, and services are not upgraded at the same
moment. So each must read what the other writes, both ways: a field may only be added, and only as one that may be null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared.contracts.base import Contract
from shared.contracts.shape import Shape, kind_of, may_be_null, shape_of

Record = Mapping[str, Mapping[str, Any]]
"""What is promised about each event, by its type."""

_FIXED = {
    "source": "its publisher",
    "subject": "its subject",
    "version": "its version",
}


def record_of(contracts: Iterable[Contract]) -> Record:
    """Give the record of these contracts."""
    return {
        contract.type: {
            "source": contract.source,
            "subject": contract.subject,
            "version": contract.version,
            "subscribers": list(contract.subscribers),
            "data": shape_of(contract),
        }
        for contract in contracts
    }


def broken_promises(published: Record, now: Record) -> tuple[str, ...]:
    """Say, a sentence each, what `now` changes that somebody who trusts what was `published` could not take."""
    return tuple(
        sentence
        for type_, was in published.items()
        for sentence in (_changes(type_, was, now[type_]) if type_ in now else (f"{type_}: this event was removed.",))
    )


def _changes(type_: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name, what in _FIXED.items():
        if was[name] != now[name]:
            yield f"{type_}: {what} was {was[name]} and is {now[name]}."
    for service in was["subscribers"]:
        if service not in now["subscribers"]:
            yield f"{type_}: {service} no longer receives it."
    yield from _differences(type_, was["data"], now["data"])


def _differences(at: str, was: Shape, now: Shape) -> Iterator[str]:
    if _own(was) != _own(now):
        yield f"{at}: its type was {_own(was)} and is {_own(now)}."
        return
    if may_be_null(was) and not may_be_null(now):
        yield f"{at}: it may no longer be null, and events in which it is null are under way."
    if may_be_null(now) and not may_be_null(was):
        yield f"{at}: it may now be null, and readers that are not upgraded yet would refuse it."
    if kind_of(was) == "array":
        yield from _differences(f"{at}[]", was["items"], now["items"])
    if kind_of(was) == "object":
        yield from _fields_that_differ(at, was["properties"], now["properties"])


def _fields_that_differ(at: str, was: Mapping[str, Shape], now: Mapping[str, Shape]) -> Iterator[str]:
    for name, shape in was.items():
        if name in now:
            yield from _differences(f"{at}.{name}", shape, now[name])
        else:
            yield f"{at}.{name}: this field was removed or renamed."
    for name, shape in now.items():
        if name not in was and not may_be_null(shape):
            yield f"{at}.{name}: this field is new and may not be null, and events without it are under way."


def _own(shape: Shape) -> str:
    """What a value itself must be: its type and format, without what is inside it."""
    return " ".join([kind_of(shape), *(shape[name] for name in ("format", "pattern") if name in shape)])
