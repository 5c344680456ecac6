"""The cast of the console's tests: the gateway's, with services that answer what a test says."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Refused
from tests.unit.ops.gateway_cast import Services


class Answering(Services):
    """Answers each method with what a test set for it, and raises what is a refusal; the rest is away."""

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        answer = super().call(service, method, **arguments)
        if method not in self.answers:
            raise Refused("unavailable", f"No test answers {method}.")
        return answer

    def changes(self, method: str) -> list[dict[str, Any]]:
        """Give what a method was called with, beside its dry runs."""
        return [given for _service, name, given in self.calls if name == method and not given.get("dry_run")]


@pytest.fixture
def services() -> Answering:
    return Answering()
