"""Where a request really comes from, when a proxy that we trust stands before us."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any


def client_address(environ: Mapping[str, Any], trusted: Iterable[str]) -> str:
    """Give the address of the client: the last one in `X-Forwarded-For` that is not one of our own proxies.

    `trusted` are networks such as `10.0.0.0/8`. What an untrusted peer writes in the header counts for nothing.
    """
    networks = [ipaddress.ip_network(each, strict=False) for each in trusted]
    address = str(environ.get("REMOTE_ADDR") or "")
    hops = [hop.strip() for hop in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",") if hop.strip()]
    while hops and _is_in(address, networks):
        address = hops.pop()
    return address


def place_of(address: str) -> str:
    """Give what counts as one place: an IPv4 address, or the /64 that one IPv6 subscriber has to choose from."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or found.packed[:8].hex())


def _is_in(address: str, networks: Iterable[Any]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
