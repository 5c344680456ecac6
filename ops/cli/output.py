"""What a command prints: plain JSON for programs, tables and sentences for people."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

# Words typed into the public form end up on an operator's terminal: nothing in them may steer it. These are
# the control characters (except tab and line feed) and the marks that turn the direction of text.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
WIDER_THAN_ANY_TABLE = 10_000
NARROWEST = 16
"""How many characters a column that folds keeps on a narrow terminal."""


@dataclass(frozen=True)
class Column:
    """One thing to print: its key in the row, its heading, and whether people will want to copy it whole.

    One that `folds` gives way on a narrow terminal even within a long word, such as an address or an id.
    """

    key: str
    title: str
    copyable: bool = False
    folds: bool = False


def show(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    as_json: bool,
    *,
    empty: str = "There is nothing here yet.",
    limit: int | None = None,
) -> None:
    """Print rows: with `as_json` exactly as they came and nothing else, otherwise as a table.

    `empty` is what a person reads when there are no rows. When as many rows came as `limit` allows, a note on
    stderr says that there may be more.
    """
    if as_json:
        show_json(rows)
    elif not rows:
        say(empty)
    else:
        _show_table(rows, columns)
        if limit is not None and len(rows) >= limit:
            note(f"These are the first {len(rows)}; there may be more: ask for them with --limit.")


def show_json(value: Any) -> None:
    """Print a value to stdout as JSON, in ASCII so that any terminal and any pipe can carry it."""
    typer.echo(json.dumps(value, indent=2))


def show_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
    """Print rows to stdout as CSV for a spreadsheet, in which nothing that somebody typed becomes a formula."""
    from shared.csv_safe import safe_csv  # noqa: PLC0415 - nothing of `shared` is loaded before the launcher

    cells = ([plain(row.get(column.key)) for column in columns] for row in rows)
    typer.echo(safe_csv([column.title for column in columns], cells), nl=False)


def show_details(record: Mapping[str, Any], columns: Sequence[Column]) -> None:
    """Print one record as `Title: value` lines, leaving out what has no value."""
    for column in columns:
        if text := plain(record.get(column.key)):
            say(f"{column.title}: {text}")


def say(text: str) -> None:
    """Print a sentence to stdout."""
    typer.echo(clean(text))


def note(text: str) -> None:
    """Print a sentence to stderr, where it stays out of anything piped on."""
    typer.echo(clean(text), err=True)


def note_when_mail_goes_out() -> None:
    """Say why what people are told may not be in their mailboxes at once."""
    note("Mails go out in office hours (working days, 08:00 to 18:00), or at once where a session is near.")


def local_time(iso: str | None) -> str | None:
    """Write an instant as local time in London, short enough for a table; what is no instant is given as it came."""
    from shared.clock import LONDON  # noqa: PLC0415 - nothing of `shared` is loaded before the launcher

    if not iso:
        return iso
    try:
        at = datetime.fromisoformat(iso).astimezone(LONDON)
    except ValueError:
        return iso
    return f"{at:%a} {at.day:>2} {at:%b %H:%M}"


def clean(text: str) -> str:
    """Put a visible mark in place of every character that could steer a terminal."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def plain(value: Any) -> str:
    """Put any JSON value into words for one cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {plain(held)}" for key, held in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(held) for held in value)
    return clean(str(value))


def _show_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
    from rich.box import SIMPLE  # noqa: PLC0415 - only a command that prints a table pays for rich
    from rich.console import Console  # noqa: PLC0415
    from rich.measure import Measurement  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE, pad_edge=False)
    for column in columns:
        longest = max(len(plain(row.get(column.key))) for row in rows) if column.copyable else None
        table.add_column(column.title, no_wrap=column.copyable, min_width=longest, overflow="fold")
    for row in rows:
        # Text, not str: square brackets in what people wrote are theirs, not markup.
        table.add_row(*(Text(plain(row.get(column.key))) for column in columns))
    console = Console(highlight=False)
    if not on_a_terminal():
        console.width = WIDER_THAN_ANY_TABLE  # one row a line for whatever reads the pipe
    # Better that a narrow terminal breaks the line than that a reference is cut.
    unbound = console.options.update(max_width=WIDER_THAN_ANY_TABLE)
    _fold(table, columns, NARROWEST)
    console.width = max(console.width, Measurement.get(console, unbound, table).minimum)
    _fold(table, columns, None)
    console.print(table)


def _fold(table: Table, columns: Sequence[Column], width: int | None) -> None:
    for shown, column in zip(table.columns, columns, strict=True):
        if column.folds:
            shown.max_width = width


def on_a_terminal() -> bool:
    """Say whether a person reads what is printed, rather than a file or a program."""
    return sys.stdout.isatty()


def pounds(pence: int) -> str:
    """Write money for people."""
    whole, rest = divmod(abs(pence), 100)
    return f"{'-' if pence < 0 else ''}£{whole:,}.{rest:02}"
