"""Gives a service the settings of its process."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider

from shared.config import Settings
from shared.doors.backing import Backing


class SettingsProvider(DependencyProvider):
    """Injects the `Settings`."""

    backing = Backing()

    def get_dependency(self, worker_ctx: Any) -> Settings:
        """Give the settings to a worker."""
        return self.backing.settings
