"""How an event of the published language is written down: a frozen dataclass, its schema and its contract."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from marshmallow import EXCLUDE, Schema, fields

Event = Any
"""An instance of a dataclass marked with `published`."""

E = TypeVar("E")


class NotInTheLanguage(Exception):
    """A type that no contract describes."""


@dataclass(frozen=True)
class Contract:
    """What is promised about one event: who publishes it, who must receive it, what it is about, and its shape.

    `subject` is the field of the data that the envelope's subject repeats: order is kept among its events.
    """

    type: str
    source: str
    subject: str
    subscribers: tuple[str, ...]
    version: int
    cls: Callable[..., Any]
    schema: Schema
    sample: Mapping[str, Any]

    @property
    def dataschema(self) -> str:
        """The name of the shape, carried by the envelope."""
        return f"urn:keytalk:{self.source}:{self.type}:{self.version}"

    def dump(self, event: Event) -> dict[str, Any]:
        """Give the event's data as JSON-able values."""
        return typing.cast("dict[str, Any]", self.schema.dump(event))

    def load(self, data: Mapping[str, Any]) -> Event:
        """Read an event from its data: unknown fields are left aside. Raises marshmallow's `ValidationError`."""
        return _instance(typing.cast("Any", self.cls), self.schema.load(data))


_BY_TYPE: dict[str, Contract] = {}
_BY_CLASS: dict[type, Contract] = {}


def published(
    by: str, type_: str, subject: str, to: tuple[str, ...], sample: Mapping[str, Any], version: int = 1
) -> Callable[[type[E]], type[E]]:
    """Mark a frozen dataclass as an event that `by` publishes as `type_` and the services in `to` must get.

    Its docstring begins with what happened. `subject` names the field that says to whom or what. `version` belongs
    to the type for good: a breaking change is a new type.
    """

    def register(cls: type[E]) -> type[E]:
        contract = Contract(type_, by, subject, to, version, cls, _schema_of(cls)(unknown=EXCLUDE), sample)
        _BY_TYPE[type_] = contract
        _BY_CLASS[cls] = contract
        return cls

    return register


def contract_of(cls: type) -> Contract:
    """Give the contract of an event class. Raises `NotInTheLanguage`."""
    try:
        return _BY_CLASS[cls]
    except KeyError:
        raise NotInTheLanguage(cls.__name__) from None


def contract_for(type_: str) -> Contract:
    """Give the contract of a type on the wire. Raises `NotInTheLanguage`."""
    try:
        return _BY_TYPE[type_]
    except KeyError:
        raise NotInTheLanguage(type_) from None


def contracts() -> tuple[Contract, ...]:
    """Give every contract, by publisher and type."""
    return tuple(sorted(_BY_TYPE.values(), key=lambda contract: (contract.source, contract.type)))


_FIELDS: dict[type, type[fields.Field[Any]]] = {
    str: fields.String,
    int: fields.Integer,
    bool: fields.Boolean,
    UUID: fields.UUID,
    date: fields.Date,
    time: fields.Time,
    datetime: fields.AwareDateTime,
}


def _schema_of(cls: type) -> type[Schema]:
    """Derive the marshmallow schema of a dataclass, so that shape is written once."""
    hints = _hints_of(cls)
    return type(
        f"{cls.__name__}Schema",
        (Schema,),
        {item.name: _field_of(hints[item.name]) for item in dataclasses.fields(cls)},
    )


def _field_of(hint: Any) -> fields.Field[Any]:
    inner, optional = _without_none(hint)
    options: dict[str, Any] = {"allow_none": True, "load_default": None} if optional else {"required": True}
    if typing.get_origin(inner) is tuple:
        return fields.List(_field_of(typing.get_args(inner)[0]), **options)
    if dataclasses.is_dataclass(inner):
        return fields.Nested(_schema_of(typing.cast("type", inner))(unknown=EXCLUDE), **options)
    return _FIELDS[inner](**options)


def _without_none(hint: Any) -> tuple[Any, bool]:
    if isinstance(hint, types.UnionType):
        kept = [part for part in typing.get_args(hint) if part is not type(None)]
        return kept[0], True
    return hint, False


@cache
def _hints_of(cls: type) -> Mapping[str, Any]:
    """Give the types of a dataclass's fields; Python works them out anew at each asking."""
    return typing.get_type_hints(cls)


def _instance(cls: type, loaded: Mapping[str, Any]) -> Any:
    hints = _hints_of(cls)
    return cls(**{name: _value(hints[name], value) for name, value in loaded.items()})


def _value(hint: Any, value: Any) -> Any:
    inner, _ = _without_none(hint)
    if value is None:
        return None
    if typing.get_origin(inner) is tuple:
        return tuple(_value(typing.get_args(inner)[0], item) for item in value)
    if dataclasses.is_dataclass(inner):
        return _instance(typing.cast("type", inner), value)
    return value
