"""What all tables of the service share: their metadata, with the event backbone's tables in it."""

from __future__ import annotations

from shared.messaging.tables import messaging_tables
from shared.persistence.types import new_metadata

metadata = new_metadata()
messaging = messaging_tables(metadata)
