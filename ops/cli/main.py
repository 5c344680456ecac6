"""The `keytalk` command: what an operator can do, gathered from one module a noun.

Exit codes: 0 done; 1 refused by a rule, or some lines refused; 2 the command was not understood, or it had to ask and
nobody was there (`--yes` goes on without asking); 3 Keytalk could not be asked (no answer, not permitted, not available
just now); 130 stopped with Ctrl-C; 141 whoever read what it prints has stopped reading.

Imports stay light on purpose: a noun's commands are loaded when one of them is asked for, so that `--help` answers at
once, and `keytalk up` patches the standard library before anything that opens a socket is loaded. Help is plain text,
which a screen reader takes better than boxes.

Shell completion knows commands, options and words that stand in the program, such as states and kinds. References and
ids it does not complete: that would ask the gateway, as somebody, at every press of a key.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import typer

from ops.cli import doctor, health, reports, serve, signing_in
from ops.cli.client import CommandRefused
from ops.cli.nouns import LAST, Noun, Nouns
from ops.cli.output import note

BROKEN_PIPE = 141
"""What a shell gives a command whose reader has gone away: 128 and the number of SIGPIPE."""


class Keytalk(Nouns):
    """All nouns, and the one place where a refusal becomes sentences on stderr and an exit code."""

    placed: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "Begin here": ("sign-in", "today", "whoami", "sign-out"),
        "Enquiries and people": ("board",),
    }
    panels: ClassVar[Mapping[str, tuple[Noun, ...]]] = {
        "Enquiries and people": (
            Noun(
                "enquiries",
                "Read enquiries, answer them and move them along.",
                ("searching", "enquiries", "talking", "merging", "ledger"),
            ),
            Noun("tasks", "What is to be done, by whom and by when.", ("tasks",)),
            Noun("proposals", "Offer a programme at a price, and see what became of it.", ("proposals",)),
            Noun("agreements", "What was agreed, who has signed, and what is left of it.", ("agreements",)),
            Noun("contacts", "The people we are in touch with, and the posts they hold.", ("people",)),
            Noun("organisations", "Who we work with, and the posts there.", ("organisations",)),
            Noun("quarantine", "What was held back as suspected spam.", ("quarantine",)),
            Noun("filters", "The filters that you keep for your lists of enquiries.", ("searching.filters",)),
            Noun(
                "reports",
                "How far enquiries come and how long it takes; what was delivered, by whom, and whom it reached.",
                ("reports", "session_reports"),
            ),
            Noun("privacy", "What is held on a person: give it, erase it, let go of it in time.", ("privacy",)),
        ),
        "Runs and sessions": (
            Noun(
                "runs",
                "Find, plan, confirm and change runs of sessions.",
                ("placing", "runs", "changing", "importing", "delivery.reports"),
            ),
            Noun("sessions", "Single sessions: who could lead one, and what became of it.", ("sessions", "delivery")),
            Noun("offers", "Ask facilitators to lead sessions, and take their answers.", ("cover.offers",)),
            Noun("calendar", "What is on when and where, what clashes, and what needs somebody now.", ("calendar",)),
            Noun("holds", "Keep time for a prison while it makes up its mind.", ("holds",)),
            Noun("memos", "Gate memos: who comes in when and with what, on paper, for the gate.", ("memos",)),
            Noun("kit", "What is brought in, and what prisons say to it.", ("kit",)),
        ),
        "Prisons, programmes and facilitators": (
            Noun(
                "establishments",
                "The prisons: their days, closures, rooms and what they ask for.",
                ("establishments", "opening", "rooms", "blocking"),
            ),
            Noun("programmes", "What can be put on, in versions.", ("programmes",)),
            Noun("facilitators", "The people who lead sessions.", ("facilitators",)),
            Noun("clearances", "Who may work in which establishment, and until when.", ("clearances",)),
            Noun("feeds", "Private calendar addresses for facilitators, establishments and ops.", ("feeds",)),
        ),
        "Messages": (
            Noun(
                "messages",
                "Who was told of what and who was not, what is due, and sending again.",
                ("messages", "proof", "simulating"),
            ),
            Noun("reminders", "When people are reminded, and of what.", ("reminders",)),
            Noun("templates", "The words of every message: read, edited, previewed, published.", ("templates",)),
            Noun("preferences", "How people wish to be written to.", ("preferences",)),
            Noun("answers", "What came back by mail: bounces, reports and replies.", ("answers",)),
            Noun("suppressions", "Addresses that turned mail down for good.", ("answers.suppressions",)),
            Noun("mail", "The mailbox on this machine.", ("mail",)),
        ),
        LAST: (
            Noun("dead", "Events that could not be handled or sent.", ("dead",)),
            Noun("operators", "Who works with Keytalk, and what they may do.", ("operators",)),
            Noun("tokens", "Your own tokens for the command line.", ("tokens",)),
            Noun("audit", "What was asked for, by whom and why.", ("audit",)),
            Noun("jobs", "Scheduled work: what there is, and running it on request.", ("jobs",)),
        ),
    }

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; a refusal ends it with its own exit code, a reader that has gone away quietly."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as misread:
            # What typer puts before its sentence on a word that is none of several.
            misread.message = misread.message.removeprefix("Value error, ")
            raise
        except CommandRefused as refusal:
            for line in refusal.lines():
                note(line)
            raise typer.Exit(refusal.exit_code) from refusal
        except BrokenPipeError as gone:
            # Python flushes stdout once more on its way out: there must be somewhere for that to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from gone


app = typer.Typer(
    cls=Keytalk,
    help=(
        "Keytalk: enquiries, sessions and messages for programmes in prisons.\n\n"
        "To begin with: `keytalk today` says what needs a person now, `keytalk enquiries list` what came in. Every "
        "command has --help, which says what it takes, and --json, which prints plain JSON for programs.\n\n"
        "What would tell people, or cannot be undone, first shows what it does and asks: --yes goes on without asking, "
        "--dry-run only shows."
    ),
    epilog=(
        "Ends with 0 when it is done, 1 when a rule says no, 2 when the command was not understood or nobody was there "
        "to be asked, 3 when Keytalk could not be asked."
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("up")(serve.up)
app.command("serve")(serve.serve)
app.command("migrate")(serve.migrate)
app.command("today")(reports.show_today)
app.command("board")(reports.show_board)
app.command("health")(health.show_health)
app.command("doctor")(doctor.doctor)
app.command("sign-in")(signing_in.sign_in)
app.command("sign-out")(signing_in.sign_out)
app.command("whoami")(signing_in.who_am_i)


def main() -> None:
    """Run the `keytalk` command and leave the process with its exit code."""
    app(prog_name="keytalk")
