"""`keytalk preferences`: how people wish to be written to. They choose it themselves by the link in every mail."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.client import CommandRefused, Gateway, connect
from ops.cli.output import Column, local_time, note, say, show, show_json
from ops.cli.whom import facilitator_called, names_for, whom

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("who", "Person"),
    Column("channel", "By", copyable=True),
    Column("waiting", "What can wait"),
    Column("hours", "Quiet hours"),
    Column("changed_at", "Changed", copyable=True),
    Column("changed_by", "By whom"),
    Column("reason", "Why"),
)

WITH_IDS = (*LISTED, Column("person", "Id", copyable=True))

Waiting = Literal["each", "daily", "none"]
_WAITING: dict[Waiting, dict[str, bool]] = {
    "each": {"digest": False, "non_critical": True},
    "daily": {"digest": True, "non_critical": True},
    "none": {"non_critical": False},
}

Person = Annotated[
    str,
    typer.Argument(
        metavar="PERSON",
        help="contact:ID, a facilitator's name or facilitator:ID, or an enquiry's reference for its contact.",
    ),
]


@app.command("show")
def show_preferences(person: Person, as_json: Json = False) -> None:
    """Show how somebody wishes to be written to, and who wrote that down."""
    gateway = connect()
    who, name = _known(gateway, person)
    found = gateway.call("notifications", "get_preferences", person=who)
    if as_json:
        show_json(found)
        return
    _print(name, found)


@app.command("change")
def change_preferences(
    person: Person,
    *,
    channel: Annotated[Literal["email", "phone"] | None, typer.Option(help="How they are reached.")] = None,
    waiting: Annotated[
        Waiting | None,
        typer.Option(help="What can wait: each as it happens, daily in one email, or none, and no reminders either."),
    ] = None,
    quiet_from: Annotated[str | None, typer.Option(metavar="HH:MM", help="When their quiet hours begin.")] = None,
    quiet_until: Annotated[str | None, typer.Option(metavar="HH:MM", help="When their quiet hours end.")] = None,
    no_quiet_hours: Annotated[bool, typer.Option("--no-quiet-hours", help="They have no quiet hours.")] = False,
    reason: Annotated[str, typer.Option(help="Why you change it for them, such as: asked by phone. It is kept.")],
    as_json: Json = False,
) -> None:
    """Set how somebody is written to, as they asked; what you leave out stays. Nobody is told of it."""
    said: dict[str, Any] = {"channel": channel, "quiet_from": quiet_from, "quiet_until": quiet_until}
    said |= _WAITING[waiting] if waiting else {}
    said |= {"quiet": not no_quiet_hours} if no_quiet_hours or quiet_from or quiet_until else {}
    given = {key: value for key, value in said.items() if value is not None}
    if not given:
        raise typer.BadParameter("Say what changes: --channel, --waiting, --quiet-from and --quiet-until.")
    if no_quiet_hours and (quiet_from or quiet_until):
        raise typer.BadParameter("Give --no-quiet-hours or the hours, not both.")
    gateway = connect()
    who, name = _known(gateway, person)
    changed = gateway.call("notifications", "change_preferences", person=who, reason=reason, **given)
    if as_json:
        show_json(changed)
        return
    _print(name, changed)
    note("It counts for all that goes out from now on.")


@app.command("list")
def list_preferences(
    ids: Annotated[bool, typer.Option("--ids", help="Show the id of each person too, for other commands.")] = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List those who have said how they wish to be written to, the last change first."""
    gateway = connect()
    rows = gateway.call("notifications", "list_preferences", limit=limit)
    names = {} if as_json else names_for(gateway, [row["person"] for row in rows])
    told = rows if as_json else [{**_readable(row), "who": whom(row["person"], names)} for row in rows]
    show(
        told,
        WITH_IDS if ids else LISTED,
        as_json,
        empty="Nobody has chosen anything but what we begin with.",
        limit=limit,
    )


@app.command("link")
def give_link(person: Person, as_json: Json = False) -> None:
    """Print the address of somebody's own page, for whoever asks for it. Give it to them alone: it is their key."""
    gateway = connect()
    who, name = _known(gateway, person)
    page = gateway.call("notifications", "get_preferences", person=who)["page"]
    if as_json:
        show_json({"person": who, "page": page})
        return
    say(page)
    note(f"This is the page of {name} alone: whoever has the address can change what they chose.")


def _known(gateway: Gateway, text: str) -> tuple[str, str]:
    """Give somebody's id and name, asking the service that knows them."""
    kind, colon, key = text.strip().partition(":")
    if kind == "facilitator" and colon:
        person = gateway.call("scheduling", "get_facilitator", facilitator=key)
        return f"facilitator:{person['id']}", person["name"]
    if kind == "contact" and colon:
        person = gateway.call("enquiries", "get_contact", contact=key)
        return f"contact:{person['id']}", person["name"] or "somebody without a name"
    reference = key if kind == "enquirer" and colon else text.strip()
    if not colon and not any(letter.isdigit() for letter in reference):
        return _facilitator(gateway, reference)
    contact = gateway.call("enquiries", "get_enquiry", reference=reference)["contact"]
    name = contact["name"] or "somebody without a name"
    return (f"contact:{contact['id']}" if contact["id"] else f"enquirer:{reference}"), name


def _facilitator(gateway: Gateway, name: str) -> tuple[str, str]:
    found = facilitator_called(gateway, name)
    if found is None:
        raise CommandRefused(
            f"No facilitator, or more than one, is called {name}. For a contact give contact:ID, as `keytalk contacts "
            "list` shows it, or the reference of their enquiry."
        )
    return f"facilitator:{found['id']}", found["name"]


def _print(name: str, found: dict[str, Any]) -> None:
    row = _readable(found)
    say(f"{name} ({found['person']})")
    say(f"Reached by: {row['channel']}")
    say(f"What can wait: {row['waiting']}")
    say(f"Quiet hours: {row['hours']}")
    if found["changed_at"] is None:
        say("They have not chosen anything: this is what we begin with.")
        return
    why = f", because: {found['reason']}" if found["reason"] else ""
    say(f"Changed {row['changed_at']} by {found['changed_by']}{why}")


def _readable(found: dict[str, Any]) -> dict[str, Any]:
    waiting = "one email a day" if found["digest"] else "comes as it happens"
    hours = f"{found['quiet_from']} to {found['quiet_until']}, weekends and bank holidays"
    return {
        **found,
        "waiting": waiting if found["non_critical"] else "does not come, nor do reminders",
        "hours": hours if found["quiet"] else "none",
        "changed_at": local_time(found["changed_at"]),
    }
