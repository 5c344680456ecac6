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
    """Rank the days and people that a new run could have, the best of each first; or say what stands in its way."""
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
        _print_options(answer["options"])
        say(_how_to_plan(answer, establishment, programme, group_size))
    else:
        _print_why_not(answer["why_not"])


def _print_options(options: list[dict[str, Any]]) -> None:
    say("The best of each day and time comes first, then the next best. Points count against an option.")
    rows = [
        {**each, "number": number, "names": " and ".join(person["name"] for person in each["facilitators"])}
        for number, each in enumerate(options, start=1)
    ]
    show(rows, OPTIONS, False, empty="")
    for row in rows:
        costs = [each for each in row["trade_offs"] if each["points"] > 0]
        if costs:
            say(f"\n{row['number']}.")
        for each in costs:
            say(f"   - {each['why']} ({each['points']:g})")


def _how_to_plan(answer: dict[str, Any], establishment: str | None, programme: str | None, size: int | None) -> str:
    """Give the command that plans the first option: with what was said here, and what no enquiry could say."""
    best, wanted = answer["options"][0], answer["wanted"]
    reference = wanted["enquiry"]
    said = {
        "enquiry": reference or "REF",
        "start": best["start"],
        "weekday": best["weekday"],
        "window": best["window"],
        "establishment": establishment if reference else wanted["establishment"],
        "programme": programme if reference else wanted["programme"],
        "mode": "remote" if wanted["mode"] == "remote" else None,
        "group-size": size,
    }
    words = [f"--{name} {value}" for name, value in said.items() if value is not None]
    words += [f"--facilitator {person['id']}" for person in best["facilitators"]]
    when = f"Where {reference} has no confirmed run yet, plan" if reference else "For an enquiry, REF, to plan"
    return f"\n{when} the first:\nkeytalk runs plan {' '.join(words)}"


def _print_why_not(found: dict[str, Any]) -> None:
    say(found["in_words"])
    if found["levers"]:
        say("\nStarts that would work if one rule alone were out of the way:")
    for rule, count in found["levers"].items():
        say(f"   {rule}: {count}")
