"""`keytalk programmes`: what can be put on, in versions."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json
from ops.cli.asking import DryRun, Yes, goes_on
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.output import Column, note, pounds, say, show, show_details, show_json
from ops.vocabulary import MODES

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("slug", "Programme", copyable=True),
    Column("version", "Version"),
    Column("state", "State", copyable=True),
    Column("name", "Name"),
    Column("sessions", "Sessions"),
    Column("minutes", "Minutes"),
    Column("group", "Group"),
    Column("price", "Price", copyable=True),
    Column("runs", "Runs"),
)
DETAILS = (
    Column("name", "Programme"),
    Column("version", "Version"),
    Column("state", "State"),
    Column("sessions", "Sessions"),
    Column("minutes", "Minutes a session"),
    Column("cadence", "Cadence"),
    Column("group", "Group"),
    Column("min_facilitators", "Facilitators at least"),
    Column("minimum_dose", "Minimum dose"),
    Column("modes", "Modes"),
    Column("accreditations", "Each facilitator needs"),
    Column("one_needs", "One of them needs"),
    Column("price", "Price"),
    Column("runs", "Runs"),
)

_KIT = re.compile(r"(?P<item>[^=:]+?)\s*=\s*(?P<quantity>\d{1,5})(?P<marks>(?::[a-z]+)*)", re.ASCII)
_PRICE = re.compile(r"£?(?P<pounds>\d{1,7})(?:\.(?P<pence>\d\d))?", re.ASCII)
RISKS = {"ordinary", "restricted", "sharp"}
NONE = "none"

Slug = Annotated[str, typer.Argument(metavar="PROGRAMME", help="Its short name, like many-faces-of-trauma.")]
Version = Annotated[int | None, typer.Option("--version", min=1, help="Which version; the live one unless you say.")]


def kit_item(text: str) -> dict[str, Any]:
    """Read an item of kit such as `workbooks=12` or `needles=120:sharp:counted`; anything else is refused."""
    found = _KIT.fullmatch(text.strip())
    marks = found["marks"].split(":")[1:] if found else []
    if found is None or not set(marks) <= RISKS | {"counted"} or len(RISKS & set(marks)) > 1:
        raise typer.BadParameter(f"'{text}' is not an item of kit. Write it like needles=120:sharp:counted.")
    risk = next((mark for mark in marks if mark in RISKS), "ordinary")
    return {
        "item": found["item"].strip(),
        "quantity": int(found["quantity"]),
        "risk": risk,
        "counted": "counted" in marks,
    }


def pence(text: str) -> int:
    """Read a price in pounds; anything else is refused with an example."""
    found = _PRICE.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"'{text}' is not a price. Write it like 250 or 250.50.")
    return int(Decimal(f"{found['pounds']}.{found['pence'] or '00'}") * 100)


@app.command("list")
def list_programmes(
    every: Annotated[bool, typer.Option("--all", help="All versions: drafts and those retired as well.")] = False,
    as_json: Json = False,
) -> None:
    """List the programmes that can be put on."""
    rows = connect().call("scheduling", "list_programmes", every=every)
    show(rows if as_json else [_readable(row) for row in rows], LISTED, as_json, empty="No programmes to show.")


@app.command("show")
def show_programme(programme: Slug, version: Version = None, as_json: Json = False) -> None:
    """Show a programme with what it needs, and which versions there are."""
    _print(connect().call("scheduling", "get_programme", slug=programme, version=version), as_json)


@app.command("draft")
def draft_version(
    programme: Slug,
    *,
    sessions: Annotated[int | None, typer.Option(help="How many sessions.")] = None,
    minutes: Annotated[int | None, typer.Option(help="How long one session is.")] = None,
    min_group: Annotated[int | None, typer.Option(help="The smallest group.")] = None,
    max_group: Annotated[int | None, typer.Option(help="The largest group.")] = None,
    min_facilitators: Annotated[int | None, typer.Option(help="How many facilitators at least.")] = None,
    minimum_dose: Annotated[int | None, typer.Option(help="How many sessions make someone have had it.")] = None,
    price: Annotated[
        str | None, typer.Option(metavar="POUNDS", help="What one unit costs, like 250 or 250.50.")
    ] = None,
    price_unit: Annotated[Literal["session", "person"] | None, typer.Option(help="What the price is for.")] = None,
    mode: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODE",
            help="in_person or remote: how it can be held; once for each.",
            autocompletion=completed_by(MODES),
        ),
    ] = None,
    accreditation: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="What each facilitator needs; once for each, or none.")
    ] = None,
    one_needs: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="What one of them needs; once for each, or none.")
    ] = None,
    kit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ITEM=QUANTITY", help="The whole kit, once an item, like needles=120:sharp:counted; or none."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Draft the next version, from the live one, with what you say changed. A live version itself never changes."""
    said = {
        "sessions": sessions,
        "minutes": minutes,
        "min_group": min_group,
        "max_group": max_group,
        "min_facilitators": min_facilitators,
        "minimum_dose": minimum_dose,
        "price_pence": None if price is None else pence(price),
        "price_unit": price_unit,
        "modes": mode,
        "accreditations": _all_of(accreditation),
        "one_needs": _all_of(one_needs),
        "kit": [kit_item(each) for each in _all_of(kit) or ()] if kit else None,
    }
    changes = {name: value for name, value in said.items() if value is not None}
    drafted = connect().call("scheduling", "draft_programme_version", slug=programme, changes=changes)
    _print(drafted, as_json)
    if not as_json:
        note(f"New runs take it once it is published: keytalk programmes publish {programme}")


@app.command("publish")
def publish_version(programme: Slug, version: Version = None, as_json: Json = False) -> None:
    """Make the draft the live version. The one before is retired; runs that have it keep it."""
    _print(connect().call("scheduling", "publish_programme_version", slug=programme, version=version), as_json)


@app.command("retire")
def retire_programme(programme: Slug, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Plan no new runs with a programme. Runs that are planned keep it."""
    gateway = connect()
    look = partial(gateway.call, "scheduling", "get_programme", slug=programme, version=None)
    if goes_on(look, _say_retired, "Retire it?", yes=yes, dry_run=dry_run, as_json=as_json):
        _print(gateway.call("scheduling", "retire_programme", slug=programme), as_json)


def _say_retired(programme: dict[str, Any]) -> None:
    say(f"{programme['name']}, version {programme['version']}: no new run could be planned with it.")
    say(f"Runs that have it keep it (there are {programme['runs']}). It does not come back: another version has to be")
    say("drafted. Nobody is told by mail.")


def _all_of(words: list[str] | None) -> list[str] | None:
    """Give the words of an option that may be given often; `none` alone empties the list."""
    if not words:
        return None
    return [] if words == [NONE] else words


def _readable(programme: dict[str, Any]) -> dict[str, Any]:
    return {
        **programme,
        "group": f"{programme['min_group']} to {programme['max_group']}",
        "price": f"{pounds(programme['price_pence'])} a {programme['price_unit']}",
    }


def _print(programme: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(programme)
        return
    show_details(_readable(programme), DETAILS)
    for each in programme["kit"]:
        marks = [each["risk"]] if each["risk"] != "ordinary" else []
        marks += ["counted"] if each["counted"] else []
        say(f"Kit: {each['quantity']} {each['item']}" + (f" ({', '.join(marks)})" if marks else ""))
    if len(programme["versions"]) > 1:
        say("Versions: " + ", ".join(f"{each['version']} ({each['state']})" for each in programme["versions"]))
