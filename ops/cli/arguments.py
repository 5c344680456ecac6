"""The arguments that several commands share, and the dates and times among them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

AS_SHOWN = ("%a %d %b %Y", "%d %b %Y")
"""How dates are shown, so that one can be copied from a list into a command."""


def iso_date(text: str) -> str:
    """Read a date, also as lists show it, and give it back as `YYYY-MM-DD`; else refuse it with an example."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    if (shown := _as_shown(text, "")) is not None:
        return shown.date().isoformat()
    raise typer.BadParameter(f"'{text}' is not a date. Write it like 2027-01-05.")


def iso_time(text: str) -> str:
    """Read a date and time, with or without an offset or as lists show it, and give it in ISO form; else refuse it."""
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        pass
    if (shown := _as_shown(text, " %H:%M")) is not None:
        return shown.isoformat()
    raise typer.BadParameter(
        f"'{text}' is not a date and time. Write it like 2027-01-04T15:00 (London time) or 2027-01-04T15:00+00:00."
    )


def _as_shown(text: str, time: str) -> datetime | None:
    for form in AS_SHOWN:
        try:
            return datetime.strptime(" ".join(text.split()), form + time)  # noqa: DTZ007 - London time, as it is shown
        except ValueError:
            continue
    return None


Json = Annotated[bool, typer.Option("--json", help="Print plain JSON, for programs.")]
Limit = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many to show at most.")]
EnquiryReference = Annotated[str, typer.Argument(metavar="REF", help="The reference, like KT-7F3K-92.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as `keytalk runs list` shows it.")]
