"""What stands behind the doors of one service: its settings, its store, its place in the process."""

from __future__ import annotations

from nameko.extensions import SharedExtension

from shared.config import Settings
from shared.messaging.tables import MessagingTables
from shared.persistence.database import Database
from shared.persistence.work import Store
from shared.runtime.process import Process, process_of


class Backing(SharedExtension):
    """One a container; every extension of a service that needs its database asks here.

    What opens something is a method: nameko reads every attribute of an extension to find the ones within.
    """

    def __init__(self) -> None:
        super().__init__()
        self._database: Database | None = None

    @property
    def service(self) -> str:
        """The name of the service."""
        return str(self.container.service_name)

    @property
    def process(self) -> Process:
        """The process this service runs in."""
        return process_of(self.container.config)

    @property
    def settings(self) -> Settings:
        """The settings of the process."""
        return self.process.settings

    def database(self) -> Database:
        """Give the service's own database, opened the first time."""
        if self._database is None:
            self._database = Database(self.settings.database_url_of(self.service), self.settings.pool_size)
            self.process.databases[f"{self.service} database"] = self._database.answers
        return self._database

    def store(self) -> Store:
        """Give the service's store: where its units of work begin. Raises `TypeError` for a service without one."""
        return Store(self.database(), self._tables(), self.process.clock, self.service)

    def _tables(self) -> MessagingTables:
        for dependency in self.container.dependencies:
            tables: MessagingTables | None = getattr(dependency, "messaging", None)
            if tables is not None:
                return tables
        raise TypeError(f"{self.service} declares no StoreProvider, so it has no store")

    def stop(self) -> None:
        """Close the database's connections, if there ever were any."""
        if self._database is not None:
            self._database.close()
        super().stop()
