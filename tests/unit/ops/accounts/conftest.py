"""The cast of the gateway's tests."""

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
