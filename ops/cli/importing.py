"""Taking in what was kept in spreadsheets: people, their clearances, and `keytalk runs import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json
from ops.cli.asking import Yes, goes_on, tried
from ops.cli.client import connect
from ops.cli.output import Column, note, say, show, show_json
from ops.cli.waiting import working

app = typer.Typer()

REFUSED = (
    Column("line", "Line", copyable=True),
    Column("id", "Id", copyable=True),
    Column("why", "Why"),
)
RUNS = (
    Column("enquiry", "Enquiry", copyable=True),
    Column("run", "Run", copyable=True),
    Column("state", "State"),
    Column("delivered", "Delivered"),
    Column("planned", "Planned"),
    Column("cancelled", "Cancelled"),
    Column("open_rules", "Sessions to look at, by rule"),
)

CsvFile = Annotated[
    Path,
    typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False, readable=True, help="A CSV file saved as UTF-8."),
]
TryOut = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


@app.command("import")
def import_runs(
    file: CsvFile,
    dry_run: TryOut = False,
    tell: Annotated[
        bool, typer.Option("--tell", help="Confirm the dates to those who take part, and remind them.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take in runs that are under way from a CSV file, one line a session; each run comes in whole or not at all.

    Columns: enquiry (its reference, or a key of your own for the run), prison_id, programme (its slug), facilitators
    (email addresses with semicolons between), number, date, start, end, state (delivered, planned or cancelled); and as
    you have them: mode, group_size. Dates are year-month-day, times hours:minutes. Nobody is told unless you ask for it
    with --tell. See docs/importing.md.
    """
    text = read_csv(file)
    gateway = connect()
    wanted = {"csv_text": text, **({"tell": True} if tell else {})}
    if tell and not dry_run:
        look = tried(gateway, "scheduling", "import_runs", **wanted)
        goes_on(look, _say_told, "Take them in and tell people?", yes=yes, dry_run=False, as_json=as_json)
    with working(f"Taking in {file.name}"):
        result = gateway.call("scheduling", "import_runs", dry_run=dry_run, **wanted)
    if as_json:
        show_json(result)
    else:
        _print(result, dry_run)
    _end(result)


def take_in(method: str, file: Path, dry_run: bool, as_json: bool) -> None:
    """Give a file to an importer, print what became of its rows, and end with 1 when any were refused."""
    gateway, text = connect(), read_csv(file)
    with working(f"Taking in {file.name}"):
        result = gateway.call("scheduling", method, csv_text=text, dry_run=dry_run)
    if as_json:
        show_json(result)
    else:
        _print(result, dry_run)
    _end(result)


def read_csv(file: Path) -> str:
    """Read a file that a spreadsheet saved as UTF-8."""
    try:
        # utf-8-sig: spreadsheets put a mark before the first heading.
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            f"{file} is not UTF-8 text (byte {error.start + 1}). Save it as 'CSV UTF-8' and give it again.",
            param_hint="FILE.csv",
        ) from error


def _print(result: dict[str, Any], dry_run: bool) -> None:
    counts = ", ".join(f"{result[kind]} {kind}" for kind in ("added", "changed", "unchanged"))
    refused = result["refused"]
    say(f"{'A dry run, nothing is stored. ' if dry_run else ''}{counts}, {len(refused)} refused.")
    if result.get("runs"):
        show(result["runs"], RUNS, as_json=False)
    if refused:
        show(refused, REFUSED, as_json=False)
        note("The refused lines can be put right in the file and the whole file given again.")


def _say_told(trial: dict[str, Any]) -> None:
    _print(trial, dry_run=True)


def _end(result: dict[str, Any]) -> None:
    if result["refused"]:
        raise typer.Exit(1)
