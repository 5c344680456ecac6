"""`keytalk contacts`: the people we are in touch with."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.asking import Reason
from ops.cli.client import Gateway, connect
from ops.cli.completing import completed_by
from ops.cli.output import Column, say, show, show_details, show_json
from ops.vocabulary import CHANNELS, CONTACT_STATES

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("id", "Id", copyable=True),
    Column("name", "Name"),
    Column("organisation", "Organisation"),
    Column("email", "Email", copyable=True),
    Column("phone", "Phone"),
    Column("status", "Status", copyable=True),
)
DETAILS = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("organisation", "Organisation"),
    Column("email", "Email"),
    Column("phone", "Phone"),
    Column("preferred_channel", "Prefers"),
    Column("status", "Status"),
    Column("status_since", "Since"),
    Column("successor", "Followed by"),
    Column("source", "Source"),
)
POSTS = (
    Column("id", "Post", copyable=True),
    Column("title", "Title"),
    Column("organisation", "At"),
    Column("since", "Since", copyable=True),
    Column("until", "Until", copyable=True),
)
ENQUIRIES = (
    Column("reference", "Reference", copyable=True),
    Column("stage", "Stage", copyable=True),
    Column("programme", "Programme"),
    Column("received_at", "Received", copyable=True),
)
HISTORY = (
    Column("at", "When", copyable=True),
    Column("actor", "Who"),
    Column("kind", "What", copyable=True),
    Column("was", "Was"),
    Column("now", "Now"),
)

ContactId = Annotated[str, typer.Argument(metavar="CONTACT", help="The id, as `keytalk contacts list` shows it.")]
PostId = Annotated[str, typer.Option("--post", help="The post's id, as `keytalk organisations show` lists it.")]
Email = Annotated[str | None, typer.Option(help="Their work email; leave it out for someone without one.")]
Phone = Annotated[str | None, typer.Option(help="Their phone number.")]
Organisation = Annotated[str | None, typer.Option(help="The id of the organisation they work at.")]
Role = Annotated[str | None, typer.Option(help="The post they hold there, by its title.")]
Channel = Annotated[
    str | None,
    typer.Option("--prefers", help="How to reach them: email, phone or post.", autocompletion=completed_by(CHANNELS)),
]


@app.command("list")
def list_contacts(
    search: Annotated[str | None, typer.Option(help="Part of a name, an email address or a phone number.")] = None,
    organisation: Organisation = None,
    status: Annotated[
        str | None, typer.Option(help="active, bounced, left or erased.", autocompletion=completed_by(CONTACT_STATES))
    ] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List people, the newest first."""
    wanted = {"search": search, "organisation": organisation, "status": status, "limit": limit}
    show(connect().call("enquiries", "list_contacts", **wanted), LISTED, as_json, empty="Nobody to show.", limit=limit)


@app.command("show")
def show_contact(contact: ContactId, as_json: Json = False) -> None:
    """Show one person: their posts, their enquiries, and every change of what is on record."""
    _show(connect(), contact, as_json)


@app.command("add")
def add_contact(
    name: Annotated[str, typer.Option(help="Their full name.")],
    email: Email = None,
    phone: Phone = None,
    organisation: Organisation = None,
    role: Role = None,
    prefers: Channel = None,
    as_json: Json = False,
) -> None:
    """Add someone. Whoever sends an enquiry is added by themselves."""
    gateway = connect()
    said = {"name": name, "email": email, "phone": phone, "organisation": organisation, "role": role}
    added = gateway.call("enquiries", "add_contact", **said, preferred_channel=prefers)
    _show(gateway, added["id"], as_json)


@app.command("change")
def change_contact(
    contact: ContactId,
    name: Annotated[str | None, typer.Option(help="Their name.")] = None,
    email: Email = None,
    phone: Phone = None,
    organisation: Organisation = None,
    role: Role = None,
    prefers: Channel = None,
    successor: Annotated[str | None, typer.Option(help="The id of whoever is written to in their place.")] = None,
    as_json: Json = False,
) -> None:
    """Change what is on record about someone; an empty value ('') clears it. What was stays in the history.

    Someone who bounced is written to again once they have another address.
    """
    gateway = connect()
    said = {"name": name, "email": email, "phone": phone, "organisation": organisation, "role": role}
    gateway.call("enquiries", "change_contact", contact=contact, **said, preferred_channel=prefers, successor=successor)
    _show(gateway, contact, as_json)


@app.command("left")
def mark_contact_left(
    contact: ContactId,
    reason: Annotated[str | None, typer.Option(help="How we know, in your own words.")] = None,
    successor: Annotated[str | None, typer.Option(help="The id of whoever follows them, where that is known.")] = None,
    as_json: Json = False,
) -> None:
    """Say that someone has left: nobody writes to them any more, and a task asks who holds their posts now."""
    gateway = connect()
    gateway.call("enquiries", "mark_contact_left", contact=contact, reason=reason, successor=successor)
    _show(gateway, contact, as_json)


@app.command("back")
def bring_contact_back(contact: ContactId, reason: Reason, as_json: Json = False) -> None:
    """Write again to someone who bounced or had left, at the address on record; the posts they held go on.

    An address that was mistyped is put right with `keytalk contacts change`: they are written to again by that.
    """
    gateway = connect()
    gateway.call("enquiries", "bring_contact_back", contact=contact, reason=reason)
    _show(gateway, contact, as_json)


@app.command("assign")
def assign_post(contact: ContactId, post: PostId, as_json: Json = False) -> None:
    """Say that someone holds a post from now on."""
    gateway = connect()
    gateway.call("enquiries", "assign_post", contact=contact, post=post)
    _show(gateway, contact, as_json)


@app.command("end-post")
def end_post(contact: ContactId, post: PostId, as_json: Json = False) -> None:
    """Say that someone holds a post no longer."""
    gateway = connect()
    gateway.call("enquiries", "end_post", contact=contact, post=post)
    _show(gateway, contact, as_json)


def _show(gateway: Gateway, contact: str, as_json: bool) -> None:
    person: dict[str, Any] = gateway.call("enquiries", "get_contact", contact=contact)
    if as_json:
        show_json(person)
        return
    show_details(person, DETAILS)
    for rows, columns in ((person["posts"], POSTS), (person["enquiries"], ENQUIRIES), (person["history"], HISTORY)):
        if rows:
            say("")
            show(rows, columns, as_json=False)
