"""The cast of the gateway, for the tests of all that stands on it: accounts, the gateway itself and the console."""

from tests.unit.ops.gateway_cast import (
    _migrated,
    _quick_hashes,
    add,
    another,
    app,
    ask,
    audit,
    clock,
    gateway,
    services,
    settings,
    visitor,
)

__all__ = [
    "_migrated",
    "_quick_hashes",
    "add",
    "another",
    "app",
    "ask",
    "audit",
    "clock",
    "gateway",
    "services",
    "settings",
    "visitor",
]
