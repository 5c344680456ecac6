"""`keytalk establishments`: the prisons Keytalk knows, and what each asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.catching_up import wait_for_enquiries
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.consequences import show_consequences
from ops.cli.output import Column, local_time, note, plain, say, show, show_details, show_json
from ops.cli.waiting import working
from ops.vocabulary import LEVELS, NATIONS, UNDER_18_REASONS

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("id", "Id", copyable=True),
    Column("name", "Name"),
    Column("town", "Town"),
    Column("nation", "Nation"),
    Column("active", "Active"),
)
REFUSED = (
    Column("line", "Line", copyable=True),
    Column("id", "Id", copyable=True),
    Column("why", "Why"),
)

DETAILS = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("other_names", "Also called"),
    Column("town", "Town"),
    Column("nation", "Nation"),
    Column("active", "Active"),
    Column("required_level", "Clearance needed"),
    Column("ctc_required", "CTC needed"),
    Column("memo_lead_days", "Gate memo, working days before"),
    Column("kit_lead_days", "Kit list, working days before"),
    Column("report_minutes", "At the gate, minutes before"),
    Column("exit_minutes", "Way out, minutes"),
    Column("point", "Where (north, east)"),
    Column("under_18", "For people under 18"),
    Column("approval", "Approved for under-18 work"),
    Column("by_hand", "Set by hand"),
)

EstablishmentId = Annotated[
    str, typer.Argument(metavar="ESTABLISHMENT", help="The id, as `keytalk establishments list` shows it.")
]
Level = Annotated[
    str | None,
    typer.Option("--level", help="The clearance it asks for, such as standard.", autocompletion=completed_by(LEVELS)),
]
Ctc = Annotated[bool | None, typer.Option("--ctc/--no-ctc", help="Whether a counter-terrorist check is needed.")]
Active = Annotated[bool | None, typer.Option("--active/--inactive", help="Whether programmes can go there.")]
Under18 = Annotated[bool | None, typer.Option("--under-18/--adults", help="Whether people there are under 18.")]
MemoDays = Annotated[int | None, typer.Option(help="Working days before a session that the gate memo is due.")]
KitDays = Annotated[int | None, typer.Option(help="Working days before a session that the kit list is due.")]
ReportMinutes = Annotated[int | None, typer.Option(help="Minutes before a session that people are at the gate.")]
ExitMinutes = Annotated[int | None, typer.Option(help="Minutes that the way out takes.")]
Latitude = Annotated[float | None, typer.Option(help="Degrees north, such as 53.44; give the longitude too.")]
Longitude = Annotated[float | None, typer.Option(help="Degrees east, such as -2.53 (west is less than nothing).")]
CsvFile = Annotated[
    Path,
    typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False, readable=True, help="A CSV file saved as UTF-8."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


@app.command("list")
def list_establishments(
    search: Annotated[str | None, typer.Option(help="Part of a name or town.")] = None,
    limit: Limit = 50,
    nation: Annotated[
        str | None, typer.Option(help="Only those of one nation.", autocompletion=completed_by(NATIONS))
    ] = None,
    active: Active = None,
    as_json: Json = False,
) -> None:
    """List establishments."""
    which = _given(nation=nation, active=active)
    rows = connect().call("scheduling", "list_establishments", search=search, limit=limit, **which)
    show(rows, LISTED, as_json, empty="No establishment to show.", limit=limit)


@app.command("show")
def show_establishment(establishment: EstablishmentId, as_json: Json = False) -> None:
    """Show everything on file of an establishment but its calendar: see `windows`, `blackouts` and `rooms` for it."""
    _show(connect().call("scheduling", "get_establishment", establishment=establishment), as_json)


@app.command("add")
def add_establishment(
    establishment: Annotated[str, typer.Argument(metavar="ID", help="An id of up to 6 letters and digits.")],
    name: Annotated[str, typer.Option(help="Its name.")],
    nation: Annotated[
        str, typer.Option(help="england, wales, scotland or northern-ireland.", autocompletion=completed_by(NATIONS))
    ],
    town: Annotated[str, typer.Option(help="Its town.")],
    other_name: Annotated[
        list[str] | None, typer.Option(help="A Welsh, Gaelic or former name; give the option once for each.")
    ] = None,
    level: Level = None,
    ctc: Ctc = None,
    under_18: Under18 = None,
    memo_days: MemoDays = None,
    kit_days: KitDays = None,
    report_minutes: ReportMinutes = None,
    exit_minutes: ExitMinutes = None,
    latitude: Latitude = None,
    longitude: Longitude = None,
    as_json: Json = False,
) -> None:
    """Put an establishment on file that is in no register you import, in any of the four nations."""
    gateway = connect()
    added = gateway.call(
        "scheduling",
        "add_establishment",
        id=establishment,
        name=name,
        nation=nation,
        town=town,
        other_names=other_name or [],
        settings=_given(
            required_level=level,
            ctc_required=ctc,
            under_18=under_18,
            memo_lead_days=memo_days,
            kit_lead_days=kit_days,
            report_minutes=report_minutes,
            exit_minutes=exit_minutes,
            latitude=latitude,
            longitude=longitude,
        ),
    )
    wait_for_enquiries(gateway, {added["id"]: added["version"]})
    _show(added, as_json)
    if not as_json:
        note(f"To say when it takes sessions: keytalk establishments set-windows {added['id']} --help")


@app.command("change")
def change_establishment(
    establishment: EstablishmentId,
    name: Annotated[str | None, typer.Option(help="Its name.")] = None,
    town: Annotated[str | None, typer.Option(help="Its town.")] = None,
    active: Active = None,
    level: Level = None,
    ctc: Ctc = None,
    under_18: Under18 = None,
    memo_days: MemoDays = None,
    kit_days: KitDays = None,
    report_minutes: ReportMinutes = None,
    exit_minutes: ExitMinutes = None,
    latitude: Latitude = None,
    longitude: Longitude = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change what is given; a register that is imported later leaves it as it is then."""
    settings = _given(
        name=name,
        town=town,
        active=active,
        required_level=level,
        ctc_required=ctc,
        under_18=under_18,
        memo_lead_days=memo_days,
        kit_lead_days=kit_days,
        report_minutes=report_minutes,
        exit_minutes=exit_minutes,
        latitude=latitude,
        longitude=longitude,
    )
    if not settings:
        raise typer.BadParameter("say what is to be changed, such as --level enhanced_1.", param_hint="options")
    changed = connect().call(
        "scheduling", "change_establishment", establishment=establishment, settings=settings, dry_run=dry_run
    )
    _show(changed, as_json)
    show_consequences(changed["breaches"], dry_run, as_json)


@app.command("approve-under-18")
def approve_under_18(
    establishment: EstablishmentId,
    reason: Annotated[
        str,
        typer.Option(
            help="agreed_by_governor, agreed_by_youth_custody_service or staff_training_only.",
            autocompletion=completed_by(UNDER_18_REASONS),
        ),
    ],
    as_json: Json = False,
) -> None:
    """Let programmes go to a place for people under 18; your name is kept with it."""
    _show(connect().call("scheduling", "approve_under_18", establishment=establishment, reason=reason), as_json)


@app.command("withdraw-under-18")
def withdraw_under_18(establishment: EstablishmentId, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take that approval back. Runs that stand are not touched; what they lack then is shown."""
    changed = connect().call("scheduling", "withdraw_under_18_approval", establishment=establishment, dry_run=dry_run)
    _show(changed, as_json)
    show_consequences(changed["breaches"], dry_run, as_json)


@app.command("import")
def import_establishments(file: CsvFile, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take in establishments from a CSV file; the same file a second time changes nothing.

    Columns, as in the public register: prison_id, name, active (true or false), town, country (England, Wales, Scotland
    or Northern Ireland); and as you have them: name_cy, other_names (semicolons between), lat, lon, types.
    """
    text = _read(file)
    gateway = connect()
    with working(f"Taking in {file.name}"):
        result = gateway.call("scheduling", "import_establishments", csv_text=text, dry_run=dry_run)
    _print(result, dry_run, as_json)
    if not dry_run:
        wait_for_enquiries(gateway, result["versions"])
    _end(result)


@app.command("regimes")
def import_regimes(file: CsvFile, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take in the hours of each establishment's day from a CSV file.

    Columns: prison_id, day_of_week, am_start, am_finish, pm_start, pm_finish. Times are hours:minutes.
    """
    gateway, text = connect(), _read(file)
    with working(f"Taking in {file.name}"):
        result = gateway.call("scheduling", "import_regimes", csv_text=text, dry_run=dry_run)
    _print(result, dry_run, as_json)
    _end(result)


@app.command("import-blackouts")
def import_blackouts(file: CsvFile, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take in the dates on which establishments are closed from a CSV file: prison_id, first, last, why, yearly."""
    gateway, text = connect(), _read(file)
    with working(f"Taking in {file.name}"):
        result = gateway.call("scheduling", "import_blackouts", csv_text=text, dry_run=dry_run)
    _print(result, dry_run, as_json)
    _end(result)


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _show(establishment: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(establishment)
        return
    approval, point = establishment["under_18_approval"], (establishment["latitude"], establishment["longitude"])
    told = {
        **establishment,
        "point": None if None in point else point,
        "approval": approval and f"yes, by {approval['by']} at {local_time(approval['at'])}: {approval['why']}",
        "by_hand": [name.replace("_", " ") for name in establishment["set_by_hand"]],
    }
    show_details(told, DETAILS)
    for day, windows in establishment["windows"].items():
        say(f"{day.capitalize()}: {plain(windows)}")


def _read(file: Path) -> str:
    try:
        # utf-8-sig: spreadsheets put a mark before the first heading.
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            f"{file} is not UTF-8 text (byte {error.start + 1}). Save it as 'CSV UTF-8' and give it again.",
            param_hint="FILE.csv",
        ) from error


def _print(result: dict[str, Any], dry_run: bool, as_json: bool) -> None:
    if as_json:
        show_json(result)
        return
    counts = ", ".join(f"{result[kind]} {kind}" for kind in ("added", "changed", "unchanged"))
    refused = result["refused"]
    say(f"{'A dry run, nothing is stored. ' if dry_run else ''}{counts}, {len(refused)} refused.")
    if kept := result.get("kept"):
        show(kept, REFUSED, as_json=False)
    if refused:
        show(refused, REFUSED, as_json=False)
        note("The refused lines can be put right in the file and the whole file given again.")


def _end(result: dict[str, Any]) -> None:
    if result["refused"]:
        raise typer.Exit(1)
