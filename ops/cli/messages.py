"""`keytalk messages`: every message Keytalk has sent, will send, or chose not to, and why."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit, iso_date
from ops.cli.asking import DryRun, Reason, Yes, goes_on, tried
from ops.cli.client import Gateway, connect
from ops.cli.completing import completed_by
from ops.cli.output import Column, local_time, note, say, show, show_details, show_json
from ops.cli.whom import facilitator_called, names_for, whom
from ops.vocabulary import MESSAGE_STATES, NOT_THROUGH

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("recipient", "Recipient"),
    Column("follows_from", "What"),
    Column("subject", "About", folds=True),
    Column("state", "State", copyable=True),
    Column("why", "Why"),
    Column("due_at", "Due", copyable=True),
    Column("accepted_at", "Accepted", copyable=True),
)
WITH_IDS = (*LISTED, Column("id", "Message", copyable=True))
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
_SETTLED_BY_HAND = tuple(
    replace(each, title="Noted by an operator") if each.key == "accepted_at" else each for each in SHOWN
)
"""How one is shown of which an operator, and no mail server, said that it arrived."""
RELATED = (
    Column("id", "Message", copyable=True),
    Column("template", "What"),
    Column("state", "State", copyable=True),
    Column("why", "Why"),
    Column("due_at", "Due", copyable=True),
    Column("accepted_at", "Accepted", copyable=True),
)
DIGEST = "digest"
BY_HAND = "told_by_hand"
"""What stands for a template where somebody was told by phone, on paper or face to face."""
MOMENTS = (*("due_at", "accepted_at", "next_attempt_at", "useful_until", "claimed_at", "answered_at", "goes_at"),)

MessageId = Annotated[
    str, typer.Argument(metavar="MESSAGE", help="The message's id, as `keytalk messages list --ids` shows it.")
]


@app.command("list")
def list_messages(
    state: Annotated[
        str | None,
        typer.Option(
            help="Only the messages in this state, such as due or failed.", autocompletion=completed_by(MESSAGE_STATES)
        ),
    ] = None,
    occasion: Annotated[str | None, typer.Option(help="Only the messages of this occasion.")] = None,
    template: Annotated[str | None, typer.Option(help="Only those of this template.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only those about this: a reference or the id of a run.")] = None,
    recipient: Annotated[
        str | None, typer.Option(help="Only those to: a reference, a facilitator's name, or ops.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", parser=iso_date, metavar="DATE", help="Only those due from this day on.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=400, metavar="N", help="Only N days of them, from today or from --from.")
    ] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Show the id of each message too, for other commands.")] = False,
    limit: Limit = 200,
    as_json: Json = False,
) -> None:
    """List messages, to whom, on what occasion and how each one stands; the last that were due come first."""
    gateway = connect()
    whom = None if recipient is None else _recipient_named(gateway, recipient)
    more = {"template": template, "subject": subject, "recipient": whom, "since": since, "days": days}
    given = {name: value for name, value in more.items() if value is not None}
    rows = gateway.call("notifications", "list_messages", limit=limit, state=state, occasion=occasion, **given)
    names = {} if as_json else names_for(gateway, [row["recipient"] for row in rows])
    told = rows if as_json else [_listed(row, names) for row in rows]
    show(told, WITH_IDS if ids else LISTED, as_json, empty="No messages to show.", limit=limit)


@app.command("show")
def show_message(message: MessageId, as_json: Json = False) -> None:
    """Show all that is known of a message: what became of it, and what was sent in its place."""
    gateway = connect()
    found = gateway.call("notifications", "get_message", message=message)
    if as_json:
        show_json(found)
        return
    show_details(
        {**_in_words(found), "recipient": _called(gateway, found)},
        _SETTLED_BY_HAND if found["state"] == "accepted" and found["why"] else SHOWN,
    )
    if found["digest"]:
        say("Told in the digest:")
        _show_related([found["digest"]])
    by_hand = [each for each in found["resends"] if each["template"] == BY_HAND]
    again = [each for each in found["resends"] if each["template"] != BY_HAND]
    for each in by_hand:
        say(f"In place of it: {each['why']} ({local_time(each['accepted_at'])})")
    for title, rows in (("In this digest:", found["tells"]), ("Sent again:", again if len(again) > 1 else [])):
        if rows:
            say(title)
            _show_related(rows)
    if found["may_be_sent_again"] and found["state"] == "bounced":
        note("Its address turned it down. To put that right first: keytalk contacts change, or keytalk contacts back")
    if found["may_be_sent_again"]:
        note(f"To send it again: keytalk messages resend {found['id']} --reason WORDS")
    if found["may_be_settled"]:
        note(f"Once you know whether it arrived: keytalk messages settle {found['id']} accepted|failed --reason WORDS")
    if found["template"] == DIGEST and found["state"] in NOT_THROUGH:
        note(f"To note that you told them all that is in it: keytalk messages told {found['recipient']} --by phone")


@app.command("resend")
def resend_message(
    message: MessageId, reason: Reason, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Send again what did not get through for certain. The recipient is told now; what arrived after all, twice."""
    gateway, asked = connect(), {"message": message, "reason": reason}
    look = tried(gateway, "notifications", "resend_message", **asked)
    if not goes_on(look, partial(_say_what_goes, gateway), "Send it again?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
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
    look = tried(gateway, "notifications", "settle_message", **asked)
    if not goes_on(look, partial(_say_settled, gateway), "Settle it?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    settled = gateway.call("notifications", "settle_message", **asked)
    if as_json:
        show_json(settled)
        return
    say(f"It is {settled['state']}.")
    if settled["may_be_sent_again"]:
        note(f"To send it again: keytalk messages resend {message} --reason WORDS")
    if settled["state"] == "failed":
        note("Its task stays open until they know. To close it then: keytalk tasks done TASK (keytalk tasks list)")


def _recipient_named(gateway: Gateway, text: str) -> str:
    """Give the recipient meant by a facilitator's name, or else what was typed: a reference, a code, or ops."""
    if ":" in text or text == "ops" or any(letter.isdigit() for letter in text):
        return text
    found = facilitator_called(gateway, text)
    return f"facilitator:{found['id']}" if found else text


def _listed(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    about = row["subject"].replace(":", " ")
    return {**_in_words(row), "recipient": whom(row["recipient"], names), "subject": about}


def _called(gateway: Gateway, message: dict[str, Any]) -> str:
    return whom(message["recipient"], names_for(gateway, [message["recipient"]]))


def _say_what_goes(gateway: Gateway, again: dict[str, Any]) -> None:
    at, about = local_time(again["goes_at"]), again["subject"].replace(":", " ")
    say(f"To {_called(gateway, again)}: {again['follows_from']}, about {about}. It would go out {at}.")


def _say_settled(gateway: Gateway, found: dict[str, Any]) -> None:
    say(f"The message to {_called(gateway, found)} ({found['follows_from']}) is then {found['state']}: {found['why']}")


def _show_related(rows: list[dict[str, Any]]) -> None:
    show([_in_words(row) for row in rows], RELATED, as_json=False)


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    why = row.get("why")
    if why and row.get("attempts") and row.get("next_attempt_at"):
        why = f"{why}; tried again {local_time(row['next_attempt_at'])}"
    return {**row, "why": why, **{name: local_time(row[name]) for name in MOMENTS if name in row}}
