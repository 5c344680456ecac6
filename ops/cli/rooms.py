"""`keytalk establishments`: rooms with their capacity, and how long it takes from one place to another."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json
from ops.cli.client import connect
from ops.cli.consequences import show_consequences
from ops.cli.establishments import DryRun, EstablishmentId
from ops.cli.output import Column, say, show, show_json

app = typer.Typer()

ROOMS = (
    Column("id", "Room", copyable=True),
    Column("name", "Name"),
    Column("capacity", "Holds"),
    Column("active", "In use"),
)
PLANNED = (
    Column("enquiry", "Enquiry", copyable=True),
    Column("state", "Run is", copyable=True),
    Column("number", "Session"),
    Column("date", "Date", copyable=True),
    Column("start", "Start", copyable=True),
)

RoomId = Annotated[str, typer.Argument(metavar="ROOM", help="The id, as `keytalk establishments rooms` shows it.")]
Place = "An establishment's id, or a facilitator's for where they start from."
Here = Annotated[str, typer.Argument(metavar="HERE", help=Place)]
There = Annotated[str, typer.Argument(metavar="THERE", help=Place)]


@app.command("rooms")
def list_rooms(establishment: EstablishmentId, as_json: Json = False) -> None:
    """List the rooms of an establishment."""
    rows = connect().call("scheduling", "list_rooms", establishment=establishment)
    show(rows, ROOMS, as_json, empty="No rooms yet. Add one with: keytalk establishments add-room")


@app.command("add-room")
def add_room(
    establishment: EstablishmentId,
    name: Annotated[str, typer.Option(help="What the room is called there.")],
    capacity: Annotated[int, typer.Option(help="How many people it holds, facilitators too.")],
    as_json: Json = False,
) -> None:
    """Add a room."""
    _print(connect().call("scheduling", "add_room", establishment=establishment, name=name, capacity=capacity), as_json)


@app.command("change-room")
def change_room(
    room: RoomId,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    capacity: Annotated[int | None, typer.Option(help="How many people it holds, facilitators too.")] = None,
    active: Annotated[bool | None, typer.Option("--in-use/--not-in-use", help="Whether it can be used.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change a room; sessions that are planned in it stay there."""
    given = {"name": name, "capacity": capacity, "active": active}
    changes = {field: value for field, value in given.items() if value is not None}
    _changed(connect().call("scheduling", "change_room", room=room, changes=changes, dry_run=dry_run), dry_run, as_json)


@app.command("retire-room")
def retire_room(room: RoomId, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take a room out of use, and show what is planned in it."""
    changed = connect().call("scheduling", "retire_room", room=room, dry_run=dry_run)
    _changed(changed, dry_run, as_json)
    if changed["sessions"] and not as_json:
        say("These are planned in it, and stay so until they are given another room:")
        show(changed["sessions"], PLANNED, as_json=False)


@app.command("travel")
def show_travel(here: Here, there: There, as_json: Json = False) -> None:
    """Say how long it takes from one place to another."""
    _print_travel(connect().call("scheduling", "get_travel", here=here, there=there), as_json)


@app.command("set-travel")
def set_travel(
    here: Here,
    there: There,
    minutes: Annotated[
        int | None, typer.Option(help="How long the way takes; without it, it is reckoned again.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Set how long it takes from one place to another, and back."""
    way = connect().call("scheduling", "set_travel_time", here=here, there=there, minutes=minutes)
    _print_travel(way, as_json)


def _changed(room: dict[str, Any], dry_run: bool, as_json: bool) -> None:
    _print(room, as_json)
    show_consequences(room["breaches"], dry_run, as_json)


def _print(room: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(room)
        return
    in_use = "" if room["active"] else " It is out of use."
    say(f"{room['name']} at {room['establishment']} holds {room['capacity']} people.{in_use} Its id is {room['id']}.")


def _print_travel(way: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(way)
    elif way["minutes"] is None:
        say("Nobody has said where one of them is. Give it a latitude and longitude, or set the minutes.")
    else:
        how = {"set": "set by hand", "reckoned": f"reckoned from {way['km']} km"}[way["known_by"]]
        say(f"{way['minutes']} minutes from {way['here']} to {way['there']}, {how}.")
