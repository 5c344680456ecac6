"""What a command prints: plain JSON for programs, tables and sentences for people."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

# Words typed into the public form end up on an operator's terminal: nothing in them may steer it. These are
# the control characters (except tab and line feed) and the marks that turn the direction of text.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
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
        if text := in_words(record.get(column.key)):
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
    """Write an instant as local time in London with its weekday; what is no instant is given as it came."""
    from shared.clock import LONDON  # noqa: PLC0415 - nothing of `shared` is loaded before the launcher

    if not iso:
        return iso
    try:
        at = datetime.fromisoformat(iso).astimezone(LONDON)
    except ValueError:
        return iso
    return f"{at:%a} {at.day:>2} {at:%b %Y %H:%M}"


def day_in_words(iso: str) -> str:
    """Write a date, or that of a local time, with its weekday; what is no date is given as it came."""
    try:
        on = date.fromisoformat(iso[:10])
    except ValueError:
        return iso
    return f"{on:%a} {on.day:>2} {on:%b %Y}"


def clean(text: str) -> str:
    """Put a visible mark in place of every character that could steer a terminal."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def in_words(value: Any) -> str:
    """Put any JSON value into words for a person: moments as local time in London, dates with their weekday."""
    return plain(value, _told)


def plain(value: Any, said: Callable[[str], str] = clean) -> str:
    """Put any JSON value into words for one cell; `said` writes its texts."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {plain(held, said)}" for key, held in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(held, said) for held in value)
    return said(str(value))


def _told(text: str) -> str:
    if MOMENT.fullmatch(text):
        return local_time(text) or text
    if DAY.fullmatch(text):
        return day_in_words(text)
    return clean(text)


def _show_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
    from rich.box import SIMPLE  # noqa: PLC0415 - only a command that prints a table pays for rich
    from rich.console import Console  # noqa: PLC0415
    from rich.measure import Measurement  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE, pad_edge=False)
    for column in columns:
        held = [row.get(column.key) for row in rows]
        least = _narrowest(column, held)
        table.add_column(column.title, no_wrap=_is_whole(column, held), min_width=least, overflow="fold")
    for row in rows:
        # Text, not str: square brackets in what people wrote are theirs, not markup.
        table.add_row(*(Text(in_words(row.get(column.key))) for column in columns))
    console = Console(highlight=False)
    if not on_a_terminal():
        console.width = WIDER_THAN_ANY_TABLE  # one row a line for whatever reads the pipe
    # Better that a narrow terminal breaks the line than that a reference is cut.
    unbound = console.options.update(max_width=WIDER_THAN_ANY_TABLE)
    _fold(table, columns, NARROWEST)
    console.width = max(console.width, Measurement.get(console, unbound, table).minimum)
    _fold(table, columns, None)
    # By way of a text: where the reader has gone away, rich would end the program by itself, with a status of its own.
    with console.capture() as printed:
        console.print(table)
    typer.echo(printed.get(), nl=False)


def _is_whole(column: Column, held: Sequence[Any]) -> bool:
    """Say whether a column is never broken: one to copy from, but for times, which are read and not copied."""
    return column.copyable and not all(_is_a_time(value) for value in held)


def _is_a_time(value: Any) -> bool:
    return value is None or (isinstance(value, str) and bool(MOMENT.fullmatch(value) or DAY.fullmatch(value)))


def _narrowest(column: Column, held: Sequence[Any]) -> int:
    """Give how many characters a column keeps: other words than those to copy are broken only where they are long."""
    texts = [in_words(value) for value in held]
    if _is_whole(column, held):
        return max(len(text) for text in texts)
    if column.copyable:
        return len("Thu 24 Dec") if any(texts) else 0
    return min(NARROWEST, max(len(word) for text in (column.title, *texts) for word in text.split()))


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
