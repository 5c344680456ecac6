"""Alembic's environment; see `shared.persistence.migrations`."""

from ops.tables import metadata
from shared.persistence.migrations import run_environment

run_environment(metadata)
