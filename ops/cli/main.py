"""The `keytalk` command: what an operator can do, gathered from one module a noun.

Exit codes: 0 done; 1 refused by a rule, or some lines refused; 2 the command was not understood; 3 Keytalk
could not be asked (no answer, not permitted, not available just now).

Imports stay light on purpose: `--help` answers at once, and `keytalk up` patches the standard library before
anything that opens a socket is loaded. Help is plain text, which a screen reader takes better than boxes.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from ops.cli import (
    clearances,
    dead,
    enquiries,
    establishments,
    facilitators,
    jobs,
    mail,
    messages,
    runs,
    serve,
)
from ops.cli.client import CommandRefused
from ops.cli.output import note


class RefusalsInWords(TyperGroup):
    """The one place where a refusal becomes sentences on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; a refusal ends it with its own exit code."""
        try:
            return super().invoke(ctx)
        except CommandRefused as refusal:
            for line in refusal.lines():
                note(line)
            raise typer.Exit(refusal.exit_code) from refusal


app = typer.Typer(
    cls=RefusalsInWords,
    help="Keytalk: enquiries, sessions and messages for programmes in prisons.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("up")(serve.up)
app.command("serve")(serve.serve)
app.command("migrate")(serve.migrate)
app.add_typer(enquiries.app, name="enquiries", help="Read enquiries and move them along.")
app.add_typer(runs.app, name="runs", help="Plan, show and confirm runs of sessions.")
app.add_typer(facilitators.app, name="facilitators", help="The people who lead sessions.")
app.add_typer(clearances.app, name="clearances", help="Say who may work in which establishment.")
app.add_typer(establishments.app, name="establishments", help="The prisons Keytalk knows.")
app.add_typer(messages.app, name="messages", help="The ledger of messages.")
app.add_typer(mail.app, name="mail", help="The mailbox on this machine.")
app.add_typer(jobs.app, name="jobs", help="Scheduled work: what there is, and running it on request.")
app.add_typer(dead.app, name="dead", help="Events that could not be handled or sent.")


def main() -> None:
    """Run the `keytalk` command and leave the process with its exit code."""
    app(prog_name="keytalk")
