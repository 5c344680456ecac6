"""`keytalk establishments`: the prisons Keytalk knows, and their day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.catching_up import wait_for_enquiries
from ops.cli.client import connect
from ops.cli.output import Column, note, say, show, show_json

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

CsvFile = Annotated[
    Path,
    typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False, readable=True, help="A CSV file saved as UTF-8."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


@app.command("list")
def list_establishments(
    search: Annotated[str | None, typer.Option(help="Part of a name or town.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List establishments."""
    rows = connect().call("scheduling", "list_establishments", search=search, limit=limit)
    show(rows, LISTED, as_json, empty="No establishment to show.", limit=limit)


@app.command("import")
def import_establishments(file: CsvFile, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take in establishments from a CSV file; the same file a second time changes nothing."""
    text = _read(file)
    gateway = connect()
    result = gateway.call("scheduling", "import_establishments", csv_text=text, dry_run=dry_run)
    _print(result, dry_run, as_json)
    if not dry_run:
        wait_for_enquiries(gateway, result["versions"])
    _end(result)


@app.command("regimes")
def import_regimes(file: CsvFile, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take in the hours of each establishment's day from a CSV file."""
    text = _read(file)
    result = connect().call("scheduling", "import_regimes", csv_text=text, dry_run=dry_run)
    _print(result, dry_run, as_json)
    _end(result)


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
    if refused:
        show(refused, REFUSED, as_json=False)
        note("The refused lines can be put right in the file and the whole file given again.")


def _end(result: dict[str, Any]) -> None:
    if result["refused"]:
        raise typer.Exit(1)
