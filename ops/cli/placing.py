"""`keytalk runs find`: where a new run could go, best first, or what stands in its way."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, iso_date
from ops.cli.client import connect
from ops.cli.output import Column, say, show, show_json

app = typer.Typer()

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Window = Literal["am", "pm", "day"]
Day = Annotated[str | None, typer.Option(parser=iso_date, metavar="DATE", help="Like 2027-01-12.")]

OPTIONS = (
    Column("number", "No."),
    Column("weekday", "Day", copyable=True),
    Column("time", "Time", copyable=True),
    Column("first_session", "First", copyable=True),
    Column("last_session", "Last", copyable=True),
    Column("names", "Facilitators"),
    Column("points", "Points"),
)


@app.command("find")
def find_slots(
    *,
    enquiry: Annotated[str | None, typer.Option(metavar="REF", help="The enquiry that the run is for.")] = None,
    establishment: Annotated[str | None, typer.Option(metavar="ID", help="Where, if not as the enquiry says.")] = None,
    programme: Annotated[str | None, typer.Option(metavar="SLUG", help="What, if not as the enquiry says.")] = None,
    earliest: Day = None,
    latest: Day = None,
    weekday: Annotated[Weekday | None, typer.Option(case_sensitive=False, help="The day they would like best.")] = None,
    window: Annotated[Window | None, typer.Option(case_sensitive=False, help="The part of the day.")] = None,
    remote: Annotated[bool, typer.Option("--remote", help="It is held online.")] = False,
    group_size: Annotated[int | None, typer.Option(metavar="N", help="For how many people.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many options to show.")] = 10,
    as_json: Json = False,
) -> None:
    """Rank the days and people that a new run could have, the fewest points first; or say what stands in its way."""
    answer = connect().call(
        "scheduling",
        "find_slots",
        enquiry=enquiry,
        establishment=establishment,
        programme=programme,
        earliest=earliest,
        latest=latest,
        weekday=weekday,
        window=window,
        mode="remote" if remote else "in_person",
        group_size=group_size,
        limit=limit,
    )
    if as_json:
        show_json(answer)
    elif answer["options"]:
        _print_options(answer["options"], answer["wanted"])
    else:
        _print_why_not(answer["why_not"])


def _print_options(options: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    rows = [
        {**each, "number": number, "names": " and ".join(person["name"] for person in each["facilitators"])}
        for number, each in enumerate(options, start=1)
    ]
    show(rows, OPTIONS, False, empty="")
    for row in rows:
        if row["trade_offs"]:
            say(f"\n{row['number']}.")
        for trade_off in row["trade_offs"]:
            say(f"   - {trade_off['why']}")
    best = options[0]
    people = " ".join(f"--facilitator {person['id']}" for person in best["facilitators"])
    reference = wanted["enquiry"] or "REF"
    say(
        f"\nTo plan the first: keytalk runs plan --enquiry {reference} --start {best['start']} "
        f"--weekday {best['weekday']} --window {best['window']} {people}"
    )


def _print_why_not(found: dict[str, Any]) -> None:
    say(found["in_words"])
    if found["levers"]:
        say("\nStarts that would work if one rule alone were out of the way:")
    for rule, count in found["levers"].items():
        say(f"   {rule}: {count}")
