"""Gives the shared loops the service's methods, on instances that have their dependencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nameko.containers import WorkerContext


def bound_method(provider: Any) -> Callable[..., Any]:
    """Give the method that an entrypoint decorates, bound to an instance of the service with its dependencies."""
    container = provider.container
    service = container.service_cls()
    context = WorkerContext(container, service, provider)
    for dependency in container.dependencies:
        setattr(service, dependency.attr_name, dependency.get_dependency(context))
    method: Callable[..., Any] = getattr(service, provider.method_name)
    return method
