"""What stands behind the doors of one service: its settings, its store, its place in the process."""

from __future__ import annotations

from functools import cached_property

from nameko.extensions import SharedExtension

from shared.config import Settings
from shared.persistence.database import Database
from shared.runtime.process import Process, process_of


class Backing(SharedExtension):
    """One a container; every extension of a service that needs its database asks here.

    nameko looks at every attribute of an extension before it has a container: each of these then raises
    `AttributeError`, which it takes for "not there".
    """

    @property
    def service(self) -> str:
        """The name of the service."""
        return str(self.container.service_name)

    @cached_property
    def process(self) -> Process:
        """The process this service runs in."""
        return process_of(self.container.config)

    @property
    def settings(self) -> Settings:
        """The settings of the process."""
        return self.process.settings

    @cached_property
    def database(self) -> Database:
        """The service's own database."""
        database = Database(self.settings.database_url_of(self.service), self.settings.pool_size)
        self.process.databases[f"{self.service} database"] = database.answers
        return database

    def stop(self) -> None:
        """Close the database's connections, if there ever were any."""
        if "database" in self.__dict__:
            self.database.close()
        super().stop()
