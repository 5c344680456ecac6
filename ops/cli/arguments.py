"""The arguments that several commands share, and the dates and times among them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer


def iso_date(text: str) -> str:
    """Read a date and give it back as `YYYY-MM-DD`; anything else is refused with an example."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is not a date. Write it like 2027-01-05.") from error


def iso_time(text: str) -> str:
    """Read a date and time, with or without an offset, and give it back in ISO form; else refuse it."""
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError as error:
        raise typer.BadParameter(
            f"'{text}' is not a date and time. Write it like 2027-01-04T15:00 (London time) or 2027-01-04T15:00+00:00."
        ) from error


Json = Annotated[bool, typer.Option("--json", help="Print plain JSON, for programs.")]
Limit = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many to show at most.")]
EnquiryReference = Annotated[str, typer.Argument(metavar="REF", help="The reference, like KT-7F3K-92.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as `keytalk runs list` shows it.")]
