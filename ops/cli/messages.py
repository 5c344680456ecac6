"""`keytalk messages`: every message Keytalk has sent, will send, or chose not to, and why."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.client import connect
from ops.cli.output import Column, local_time, note, say, show, show_details, show_json

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("recipient", "Recipient", folds=True),
    Column("occasion", "Occasion", folds=True),
    Column("state", "State", copyable=True),
    Column("why", "Why"),
    Column("due_at", "Due", copyable=True),
    Column("accepted_at", "Accepted", copyable=True),
)
SHOWN = (
    Column("recipient", "To"),
    Column("person", "Who that was"),
    Column("template", "What"),
    Column("template_version", "Version of the words"),
    Column("subject", "About"),
    Column("occasion", "Occasion"),
    Column("urgency", "Urgency"),
    Column("state", "State"),
    Column("why", "Why"),
    Column("due_at", "Due"),
    Column("next_attempt_at", "Next attempt"),
    Column("useful_until", "Useful until"),
    Column("attempts", "Attempts"),
    Column("claimed_at", "Last attempt"),
    Column("accepted_at", "Taken by the mail server"),
    Column("answered_at", "Heard of it"),
    Column("message_id", "Message-ID"),
)
RELATED = (
    Column("id", "Message", copyable=True),
    Column("template", "What"),
    Column("state", "State", copyable=True),
    Column("why", "Why"),
    Column("due_at", "Due", copyable=True),
    Column("accepted_at", "Accepted", copyable=True),
)
MOMENTS = (*("due_at", "accepted_at", "next_attempt_at", "useful_until", "claimed_at", "answered_at", "goes_at"),)

MessageId = Annotated[str, typer.Argument(metavar="MESSAGE", help="The message's id: list them with --json to see it.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether to go on.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and do nothing.")]


@app.callback()
def messages() -> None:
    """Look at the ledger of messages, and see to what did not get through."""  # a callback keeps `list` a word


@app.command("list")
def list_messages(
    state: Annotated[str | None, typer.Option(help="Only the messages in this state, such as due or failed.")] = None,
    occasion: Annotated[str | None, typer.Option(help="Only the messages of this occasion.")] = None,
    template: Annotated[str | None, typer.Option(help="Only those of this template.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only those about this: run:ID, enquiry:REF...")] = None,
    recipient: Annotated[str | None, typer.Option(help="Only those to: enquirer:REF, facilitator:ID, ops.")] = None,
    limit: Limit = 200,
    as_json: Json = False,
) -> None:
    """List messages, to whom, on what occasion and how each one stands; --json has their ids as well."""
    more = {"template": template, "subject": subject, "recipient": recipient}
    given = {name: value for name, value in more.items() if value is not None}
    rows = connect().call("notifications", "list_messages", limit=limit, state=state, occasion=occasion, **given)
    told = rows if as_json else [_in_words(row) for row in rows]
    show(told, LISTED, as_json, empty="No messages to show.", limit=limit)


@app.command("show")
def show_message(message: MessageId, as_json: Json = False) -> None:
    """Show all that is known of a message: what became of it, and what was sent in its place."""
    found = connect().call("notifications", "get_message", message=message)
    if as_json:
        show_json(found)
        return
    show_details(_in_words(found), SHOWN)
    if found["digest"]:
        say("Told in the digest:")
        _show_related([found["digest"]])
    for title, rows in (("In this digest:", found["tells"]), ("Sent again:", found["resends"])):
        if rows:
            say(title)
            _show_related(rows)
    if found["may_be_sent_again"]:
        note(f"To send it again: keytalk messages resend {found['id']} --reason WORDS")
    if found["may_be_settled"]:
        note(f"Once you know whether it arrived: keytalk messages settle {found['id']} accepted|failed --reason WORDS")


@app.command("resend")
def resend_message(
    message: MessageId, reason: Reason, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Send again what did not get through for certain. The recipient is told now; what arrived after all, twice."""
    gateway, asked = connect(), {"message": message, "reason": reason}
    if dry_run or not (yes or as_json):
        found = gateway.call("notifications", "resend_message", dry_run=True, **asked)
        if as_json:
            show_json(found)
        else:
            say(_what_goes(found))
        if dry_run:
            note("A dry run: nothing is sent.")
            return
        typer.confirm("Send it again?", abort=True, err=True)
    again = gateway.call("notifications", "resend_message", **asked)
    if as_json:
        show_json(again)
        return
    say(f"It goes out again as {again['id']}.")
    note(f"To see what becomes of it: keytalk messages show {again['id']}")


@app.command("settle")
def settle_message(
    message: MessageId,
    state: Annotated[Literal["accepted", "failed"], typer.Argument(help="What became of it.")],
    reason: Reason,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Say what became of a message of which nobody could say whether it arrived. This cannot be undone."""
    gateway, asked = connect(), {"message": message, "state": state, "reason": reason}
    if dry_run or not (yes or as_json):
        found = gateway.call("notifications", "settle_message", dry_run=True, **asked)
        if as_json:
            show_json(found)
        else:
            say(f"The message to {found['recipient']} ({found['template']}) is then {found['state']}: {found['why']}")
        if dry_run:
            note("A dry run: nothing is changed.")
            return
        typer.confirm("Settle it?", abort=True, err=True)
    settled = gateway.call("notifications", "settle_message", **asked)
    if as_json:
        show_json(settled)
        return
    say(f"It is {settled['state']}.")
    if settled["may_be_sent_again"]:
        note(f"To send it again: keytalk messages resend {message} --reason WORDS")


def _what_goes(again: dict[str, Any]) -> str:
    words = _in_words(again)
    return (
        f"To {again['recipient']}: {again['template']}, about {again['subject']}. It would go out {words['goes_at']}."
    )


def _show_related(rows: list[dict[str, Any]]) -> None:
    show([_in_words(row) for row in rows], RELATED, as_json=False)


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, **{name: local_time(row[name]) for name in MOMENTS if name in row}}
