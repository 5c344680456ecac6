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
    agreements,
    answers,
    blocking,
    changing,
    clearances,
    cover,
    dead,
    delivery,
    enquiries,
    establishments,
    facilitators,
    feeds,
    holds,
    importing,
    jobs,
    kit,
    ledger,
    mail,
    memos,
    merging,
    messages,
    opening,
    organisations,
    people,
    placing,
    preferences,
    privacy,
    programmes,
    proof,
    proposals,
    quarantine,
    reminders,
    rooms,
    runs,
    searching,
    serve,
    sessions,
    simulating,
    talking,
    tasks,
    templates,
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
app.add_typer(proposals.app, name="proposals", help="Offer a programme at a price, and see what became of it.")
app.add_typer(agreements.app, name="agreements", help="What was agreed, who has signed, and what is left of it.")
enquiries.app.add_typer(searching.app)
enquiries.app.add_typer(talking.app)
enquiries.app.add_typer(merging.app)
app.add_typer(people.app, name="contacts", help="The people we are in touch with, and the posts they hold.")
app.add_typer(organisations.app, name="organisations", help="Who we work with, and the posts there.")
app.add_typer(tasks.app, name="tasks", help="What is to be done, by whom and by when.")
enquiries.app.command("ledger")(ledger.show_ledger)
enquiries.app.command("canaries")(ledger.show_canaries)
app.add_typer(quarantine.app, name="quarantine", help="What was held back as suspected spam.")
app.add_typer(searching.filters, name="filters", help="The filters that you keep for your lists of enquiries.")
runs.app.add_typer(placing.app)
runs.app.add_typer(importing.app)
runs.app.add_typer(delivery.reports)
runs.app.add_typer(changing.app)
app.add_typer(runs.app, name="runs", help="Plan, show and confirm runs of sessions.")
sessions.app.add_typer(delivery.app)
app.add_typer(sessions.app, name="sessions", help="Single sessions: who could lead one, and what became of it.")
app.add_typer(memos.app, name="memos", help="Who comes in when and with what, on paper, for the gate.")
app.add_typer(kit.app, name="kit", help="What is brought in, and what prisons say to it.")
app.add_typer(cover.offers, name="offers", help="Ask facilitators to lead sessions, and take their answers.")
app.add_typer(holds.app, name="holds", help="Keep time for a prison while it makes up its mind.")
app.add_typer(programmes.app, name="programmes", help="What can be put on, in versions.")
app.add_typer(facilitators.app, name="facilitators", help="The people who lead sessions.")
app.add_typer(clearances.app, name="clearances", help="Say who may work in which establishment.")
establishments.app.add_typer(opening.app)
establishments.app.add_typer(rooms.app)
establishments.app.add_typer(blocking.app)
app.add_typer(establishments.app, name="establishments", help="The prisons Keytalk knows.")
app.add_typer(feeds.app, name="feeds", help="Private calendar addresses for facilitators, establishments and ops.")
messages.app.add_typer(proof.app)
messages.app.add_typer(simulating.app)
app.add_typer(messages.app, name="messages", help="The ledger of messages.")
app.add_typer(reminders.app, name="reminders", help="When people are reminded, and of what.")
app.add_typer(preferences.app, name="preferences", help="How people wish to be written to.")
app.add_typer(templates.app, name="templates", help="The words of every message: read, edited, previewed, published.")
app.add_typer(answers.app, name="answers", help="What came back by mail: bounces, reports and replies.")
app.add_typer(answers.suppressions, name="suppressions", help="Addresses that turned mail down for good.")
app.add_typer(mail.app, name="mail", help="The mailbox on this machine.")
app.add_typer(privacy.app, name="privacy", help="What is held on a person: give it, erase it, let go of it in time.")
app.add_typer(jobs.app, name="jobs", help="Scheduled work: what there is, and running it on request.")
app.add_typer(dead.app, name="dead", help="Events that could not be handled or sent.")


def main() -> None:
    """Run the `keytalk` command and leave the process with its exit code."""
    app(prog_name="keytalk")
