"""`keytalk organisations`: who we work with, and the posts there."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.output import Column, day_in_words, pounds, say, show, show_details, show_json
from ops.vocabulary import NATIONS, ORGANISATION_KINDS

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("id", "Id", copyable=True),
    Column("kind", "Kind", copyable=True),
    Column("name", "Name"),
    Column("nation", "Nation"),
    Column("active", "Active"),
)
DETAILS = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("kind", "Kind"),
    Column("nation", "Nation"),
    Column("establishment_id", "Establishment id"),
    Column("email_domain", "Email domain"),
    Column("active", "Active"),
)
POSTS = (
    Column("id", "Post", copyable=True),
    Column("title", "Title"),
    Column("held", "Held by"),
)
ASKED = (
    Column("reference", "Enquiry", copyable=True),
    Column("programme_name", "Programme"),
    Column("establishment", "Establishment"),
    Column("stage", "Stage"),
    Column("received_at", "Came in", copyable=True),
)
OFFERED = (
    Column("reference", "Enquiry", copyable=True),
    Column("version", "Version"),
    Column("state", "State"),
    Column("total", "Total"),
    Column("valid_until", "Open until", copyable=True),
)
AGREED = (
    Column("reference", "Enquiry", copyable=True),
    Column("state", "State"),
    Column("agreed_units", "Agreed"),
    Column("drawn_units", "Taken up"),
    Column("balance", "Left"),
    Column("unit", "Counted by"),
)
HELD = (
    Column("reference", "Enquiry", copyable=True),
    Column("about", "Session"),
    Column("state", "What became of it"),
)
PEOPLE = (
    Column("id", "Contact", copyable=True),
    Column("name", "Name"),
    Column("email", "Email", copyable=True),
    Column("status", "Status", copyable=True),
)

OrganisationId = Annotated[
    str, typer.Argument(metavar="ORGANISATION", help="The id, as `keytalk organisations list` shows it.")
]
Nation = Annotated[
    str | None, typer.Option(help="england, wales, scotland or northern-ireland.", autocompletion=completed_by(NATIONS))
]
Domain = Annotated[str | None, typer.Option("--email-domain", help="The domain that only its own people write from.")]


@app.command("list")
def list_organisations(
    search: Annotated[str | None, typer.Option(help="Part of a name or email domain.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="establishment, commissioner, provider, partner_agency or funder.",
            autocompletion=completed_by(ORGANISATION_KINDS),
        ),
    ] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List organisations by name. Every establishment of the register is one."""
    rows = connect().call("enquiries", "list_organisations", search=search, kind=kind, limit=limit)
    show(rows, LISTED, as_json, empty="No organisation to show.", limit=limit)


@app.command("show")
def show_organisation(organisation: OrganisationId, as_json: Json = False) -> None:
    """Show one organisation: its posts, who holds them, and its people."""
    _print(connect().call("enquiries", "get_organisation", organisation=organisation), as_json)


@app.command("add")
def add_organisation(
    kind: Annotated[
        str,
        typer.Option(
            help="commissioner, provider, partner_agency or funder.", autocompletion=completed_by(ORGANISATION_KINDS)
        ),
    ],
    name: Annotated[str, typer.Option(help="Its name.")],
    nation: Nation = None,
    email_domain: Domain = None,
    as_json: Json = False,
) -> None:
    """Add an organisation. Establishments come from the register by themselves."""
    added = connect().call(
        "enquiries", "add_organisation", kind=kind, name=name, nation=nation, email_domain=email_domain
    )
    _print(added, as_json)


@app.command("change")
def change_organisation(
    organisation: OrganisationId,
    name: Annotated[str | None, typer.Option(help="Its new name.")] = None,
    nation: Nation = None,
    email_domain: Domain = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether we still work with it.")] = None,
    as_json: Json = False,
) -> None:
    """Change an organisation; an empty value ('') clears it."""
    gateway = connect()
    changes = {"name": name, "nation": nation, "email_domain": email_domain, "active": active}
    gateway.call("enquiries", "change_organisation", organisation=organisation, **changes)
    _print(gateway.call("enquiries", "get_organisation", organisation=organisation), as_json)


@app.command("add-post")
def add_post(
    organisation: OrganisationId,
    title: Annotated[str, typer.Option(help="The post's title, such as 'Head of reducing reoffending'.")],
    as_json: Json = False,
) -> None:
    """Add a post to an organisation; one of that title is the same one."""
    added = connect().call("enquiries", "add_post", organisation=organisation, title=title)
    if as_json:
        show_json(added)
        return
    say(f"The post has the id {added['id']}.")
    say(f"To say who holds it: keytalk contacts assign CONTACT --post {added['id']}")


@app.command("commissioned")
def show_commissioned(organisation: OrganisationId, as_json: Json = False) -> None:
    """Show what an organisation asked for, was offered and has agreed to, and what was held of it, as it may see it."""
    found = connect().call("enquiries", "get_commissioned", organisation=organisation)
    if as_json:
        show_json(found)
        return
    for title, columns, rows in (
        ("Asked for", ASKED, found["enquiries"]),
        ("Offered", OFFERED, [{**each, "total": pounds(each["total_pence"])} for each in found["proposals"]]),
        ("Agreed", AGREED, found["agreements"]),
        ("Held, or not", HELD, found["sessions"]),
    ):
        say(f"\n{title}:")
        show(rows, columns, as_json=False, empty="Nothing yet.")


def _print(organisation: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(organisation)
        return
    show_details(organisation, DETAILS)
    if posts := organisation["posts"]:
        say("")
        show([{**post, "held": _holders(post)} for post in posts], POSTS, as_json=False)
    if people := organisation["contacts"]:
        say("")
        show(people, PEOPLE, as_json=False)


def _holders(post: dict[str, Any]) -> str:
    return (
        "\n".join(f"{one['name']}, since {day_in_words(one['since'][:10])}" for one in post["held_by"])
        or "nobody we know of"
    )
