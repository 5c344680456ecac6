"""What the services declare: a change where something changes, and an answer kept with each."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import pytest
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

from ops.gateway.permissions import CHANGE, OPERATIONS
from shared.config import SERVICES
from shared.doors.rpc import Change


def _class_of(service: str) -> type:
    module = importlib.import_module(f"services.{service}.service")
    found: type = next(item for item in vars(module).values() if getattr(item, "name", None) == service)
    return found


def changes(service: str) -> dict[str, object]:
    """The methods of a service that are declared as changes."""
    return {
        name: method
        for name, method in inspect.getmembers(_class_of(service), inspect.isfunction)
        if any(isinstance(door, Change) for door in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ()))
    }


@pytest.mark.parametrize("service", SERVICES)
def test_what_operators_may_change_is_declared_as_a_change_and_nothing_else_is(service):
    allowed = {method for (owner, method), kind in OPERATIONS.items() if owner == service and kind == CHANGE}

    assert set(changes(service)) == allowed


@pytest.mark.parametrize("service", SERVICES)
def test_every_change_keeps_its_answer(service):
    """A change that ends without `work.answer(...)` has its effect again when it is asked for again."""
    found = _class_of(service)

    forgetful = [name for name, method in changes(service).items() if not _keeps_an_answer(method, found)]

    assert forgetful == []


def _keeps_an_answer(method: Any, service: type) -> bool:
    """Whether a method ends in `work.answer...`, itself or by a helper of its own module or class."""
    source = inspect.getsource(method)
    around = inspect.unwrap(method).__globals__
    called = (getattr(service, name, around.get(name)) for name in re.findall(r"\b(_\w+)\(", source))
    helpers = [inspect.getsource(each) for each in called if inspect.isfunction(each)]
    return any("work.answer" in text for text in (source, *helpers))
