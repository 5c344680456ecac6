"""The published language as a page for people: docs/events.md."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.contracts.base import Contract
from shared.contracts.shape import Shape, kind_of, may_be_null, shape_of
from shared.contracts.wire import ATTRIBUTES, sample_envelope
from shared.messaging.topology import events_exchange, inbox_queue

_INTRODUCTION = """\
# Events

What the services tell one another. `make contracts` writes this page from `shared/contracts`; tools can read the same
in [asyncapi.json](asyncapi.json) (AsyncAPI 3.0).

An event is published with the commit that makes it true, never without it, on its publisher's topic exchange with its
type as the routing key. Whoever must receive it does so at least once, in order among the events of its subject.

## The envelope

Every event travels as JSON in a CloudEvents 1.0 envelope:
"""

_CHANGING = """\
## Changing an event

Events of the old shape wait in outboxes, queues, inboxes and dead letters, and services are not upgraded at the same
moment. So `make check` holds each event to its record in `shared/contracts/published.json`:

- **Add** an event, a subscriber, or a field that may be null: change the dataclass, run `make contracts`, commit both.
  A new subscriber hears what is published from then on, not what came before.
- **Anything else**, such as another name or type for a field: publish a new type (`stage_changed_v2`, `version=2`)
  beside the old one until nobody needs the old.
- **Retire** an event: stop publishing it, and release that. When no outbox, queue, inbox or dead letter holds one any
  more, remove its dataclass, its handlers and, by hand, its entry in `published.json`. Its name is never used again.
- **Retire a subscriber**: remove its handler, its name in `to=` and, by hand, its name in `published.json`. When that
  is released, unbind the routing key from its queue: a binding outlives the code that declared it.

Readers leave aside fields, attributes and types that they do not know.
"""

_FORMATS = {"uuid": "UUID", "date": "date", "date-time": "date and time with offset"}


def events_page(contracts: Sequence[Contract]) -> str:
    """Write the page about these events."""
    sections = [
        _INTRODUCTION,
        _table(("attribute", "always there", "meaning"), _attribute_rows()),
        _json(sample_envelope(contracts[0])),
        *(part for contract in contracts for part in _about(contract)),
        _CHANGING,
    ]
    return "\n".join(sections)


def _about(contract: Contract) -> Iterator[str]:
    yield f"## {contract.type}\n"
    yield f"{inspect.getdoc(contract.cls)}\n"
    yield _table(
        ("", ""),
        [
            ("published by", f"`{contract.source}`, on the exchange `{events_exchange(contract.source).name}`"),
            ("received by", ", ".join(f"`{name}` (`{inbox_queue(name).name}`)" for name in contract.subscribers)),
            ("subject", f"`{contract.subject}`"),
            ("schema", f"`{contract.dataschema}`"),
        ],
    )
    yield _table(("field", "type", "may be null"), _field_rows("", shape_of(contract)))
    yield _json(contract.sample)


def _attribute_rows() -> list[tuple[str, ...]]:
    return [(f"`{item.name}`", "yes" if item.always else "no", item.meaning) for item in ATTRIBUTES]


def _field_rows(at: str, shape: Shape) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, field in shape["properties"].items():
        rows.append((f"`{at}{name}`", _words(field), "yes" if may_be_null(field) else "no"))
        inner, path = _inside(field, f"{at}{name}")
        if kind_of(inner) == "object":
            rows += _field_rows(f"{path}.", inner)
    return rows


def _inside(shape: Shape, path: str) -> tuple[Shape, str]:
    """Step through lists to what they hold."""
    while kind_of(shape) == "array":
        shape, path = shape["items"], f"{path}[]"
    return shape, path


def _words(shape: Shape) -> str:
    """Name a shape's type for people."""
    if kind_of(shape) == "array":
        return f"list of {_words(shape['items'])}"
    if "pattern" in shape:
        return "local time"
    return _FORMATS.get(shape.get("format", ""), {"string": "text"}.get(kind_of(shape), kind_of(shape)))


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _json(value: Mapping[str, Any]) -> str:
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```\n"
