"""The headers of a call: which are sent, and which are believed. What is not listed here is dropped on arrival.

nameko makes any header part of a worker's context and passes it on to the next service, so a made-up one would travel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from shared.observability.context import causation_id, correlation_id, traceparent

_CALL_IDS = "nameko.call_id_stack"
_MOST_CALL_IDS = 20
_LONGEST_CALL_ID = 300

_id = re.compile(r"[\x21-\x7e]{1,200}")
_trace = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

_SENT = {"correlationid": correlation_id, "causationid": causation_id, "traceparent": traceparent}
"""Header and what it carries, named as in the envelope of an event."""


def headers_to_send(call_ids: list[str]) -> dict[str, Any]:
    """Give the headers of a call from the work in hand."""
    said = {header: value for header, variable in _SENT.items() if (value := variable.get()) is not None}
    return {_CALL_IDS: call_ids, **said}


def believed(headers: Mapping[Any, Any]) -> dict[str, Any]:
    """Give what a call's headers may say about its work, by the names that nameko and `about` know."""
    return {name: headers[header] for header, (name, is_right) in _BELIEVED.items() if is_right(headers.get(header))}


def _is_call_ids(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MOST_CALL_IDS
        and all(isinstance(item, str) and len(item) <= _LONGEST_CALL_ID for item in value)
    )


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _id.fullmatch(value) is not None


def _is_trace(value: Any) -> bool:
    return isinstance(value, str) and _trace.fullmatch(value) is not None


_BELIEVED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    _CALL_IDS: ("call_id_stack", _is_call_ids),
    "correlationid": (correlation_id.name, _is_id),
    "causationid": (causation_id.name, _is_id),
    "traceparent": (traceparent.name, _is_trace),
}
