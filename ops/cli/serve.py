"""`keytalk up`, `serve` and `migrate`: run Keytalk itself.

The launcher is imported inside each command and nowhere else, since it patches the standard library for
eventlet and must do so before anything that opens a socket is loaded.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ops.cli.completing import completed_by
from ops.vocabulary import SERVICES


def up(
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="Put a small demonstration set into an empty home.")
    ] = True,
) -> None:
    """Start every service in one process, on whatever the settings name."""
    from shared.runtime import launch  # noqa: PLC0415 - see the module

    launch.up(demo=demo)


def serve(
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE",
            help="enquiries, scheduling, notifications or ops.",
            autocompletion=completed_by(SERVICES),
        ),
    ],
) -> None:
    """Start one service in this process."""
    from shared.runtime import launch  # noqa: PLC0415 - see the module

    launch.serve(service)


def migrate(
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="[SERVICE]", help="One service; all of them when left out.", autocompletion=completed_by(SERVICES)
        ),
    ] = None,
) -> None:
    """Bring the databases to the shape this version needs."""
    from shared.runtime import launch  # noqa: PLC0415 - see the module

    launch.migrate_databases(service)
