"""What the services declare: a change where something changes, and an answer kept with each."""

from __future__ import annotations

import importlib
import inspect

import pytest
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

from ops.gateway.permissions import CHANGE, OPERATIONS
from shared.config import SERVICES
from shared.doors.rpc import Change


def changes(service: str) -> dict[str, object]:
    """The methods of a service that are declared as changes."""
    module = importlib.import_module(f"services.{service}.service")
    found = next(item for item in vars(module).values() if getattr(item, "name", None) == service)
    return {
        name: method
        for name, method in inspect.getmembers(found, inspect.isfunction)
        if any(isinstance(door, Change) for door in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ()))
    }


@pytest.mark.parametrize("service", SERVICES)
def test_what_operators_may_change_is_declared_as_a_change_and_nothing_else_is(service):
    allowed = {method for (owner, method), kind in OPERATIONS.items() if owner == service and kind == CHANGE}

    assert set(changes(service)) == allowed


@pytest.mark.parametrize("service", SERVICES)
def test_every_change_keeps_its_answer(service):
    """A change that ends without `work.answer(...)` has its effect again when it is asked for again."""
    forgetful = [name for name, method in changes(service).items() if "work.answer(" not in inspect.getsource(method)]

    assert forgetful == []
