"""`keytalk reports`, `keytalk board` and `keytalk today`: how the pipeline goes, and what needs a person now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, iso_date
from ops.cli.client import connect
from ops.cli.output import Column, note, say, show, show_csv, show_json

app = typer.Typer(no_args_is_help=True)

From = Annotated[str, typer.Option("--from", parser=iso_date, metavar="DATE", help="The first day, like 2027-01-01.")]
To = Annotated[str, typer.Option("--to", parser=iso_date, metavar="DATE", help="The last day; it counts too.")]
By = Annotated[Literal["month", "source", "all"], typer.Option("--by", help="What makes a row.")]
From_ = Annotated[Literal["source", "programme", "establishment"], typer.Option("--by", help="What makes a row.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")]

LOST = (
    Column("group", "Of"),
    Column("outcome", "Lost as", copyable=True),
    Column("came_to", "Had come to", copyable=True),
    Column("count", "How many", copyable=True),
)
ENQUIRY = (
    Column("reference", "Enquiry", copyable=True),
    Column("title", "Establishment"),
    Column("stage", "Stage", copyable=True),
    Column("owner", "Owner"),
)
WAITED = Column("working_days", "Working days", copyable=True)
TASK = (
    Column("due_on", "Due", copyable=True),
    Column("reference", "Enquiry", copyable=True),
    Column("title", "What"),
    Column("owner", "Whose"),
)
GROUPS: tuple[tuple[str, str, tuple[Column, ...]], ...] = (
    ("first_replies.late", "First replies that are late", (*ENQUIRY, WAITED)),
    ("first_replies.due_today", "First replies due today", (*ENQUIRY, WAITED)),
    ("first_replies.in_time", "First replies still in time", (*ENQUIRY, WAITED)),
    ("not_filed", "Taken and not filed: look at `keytalk dead list`", (*ENQUIRY, WAITED)),
    ("tasks.overdue", "Tasks overdue", TASK),
    ("tasks.due", "Tasks due today", TASK),
    ("tasks.mine", "Yours among these", TASK),
    ("no_answer", "No answer from the prison", (*ENQUIRY, WAITED, Column("step", "Step", copyable=True))),
    ("proposals", "Proposals that run out within a week", (*ENQUIRY, Column("valid_until", "Until", copyable=True))),
    ("quarantine", "Suspected spam to look at", (*ENQUIRY[:2], Column("received_at", "Received", copyable=True))),
    (
        "data_requests",
        "Requests about personal data",
        (
            Column("title", "What"),
            Column("internal_due_on", "Our day", copyable=True),
            Column("due_on", "By law", copyable=True),
        ),
    ),
)
"""What is told of today, in the order in which it presses."""

CARDS = (
    Column("reference", "Enquiry", copyable=True),
    Column("stage", "Stage", copyable=True),
    Column("establishment", "Establishment"),
    Column("owner", "Owner"),
    Column("waiting_on", "Waiting on"),
    Column("age_days", "Days", copyable=True),
    Column("next", "Next step"),
)


def show_today(as_json: Json = False) -> None:
    """Show what needs a person now: enquiries, tasks, proposals and requests, with the first ten of each."""
    found = connect().call("enquiries", "count_today")
    if as_json:
        show_json(found)
        return
    groups = [(words, _group(found, name), columns) for name, words, columns in GROUPS]
    for words, group, columns in groups:
        if group["count"]:
            say(f"{words}: {group['count']}")
            show(group["first"], columns, as_json=False)
    if not any(group["count"] for _, group, _ in groups):
        say("Nothing needs a person now.")
    _say_canary(found["canary"])


def show_board(
    stage: Annotated[str | None, typer.Option(help="Only this stage.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only those that this person looks after.")] = None,
    waiting_on: Annotated[str | None, typer.Option(help="Whose turn it is: us, prison or funder.")] = None,
    programme: Annotated[str | None, typer.Option(help="Only those for this programme.")] = None,
    establishment: Annotated[
        str | None, typer.Option(help="Only those for this establishment: its id or name.")
    ] = None,
    saved: Annotated[str | None, typer.Option("--filter", metavar="NAME", help="Use a filter that you keep.")] = None,
    per_stage: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="How many of each stage to show.")] = 5,
    after: Annotated[str | None, typer.Option(help="Go on in --stage after this cursor, as --json shows it.")] = None,
    as_json: Json = False,
) -> None:
    """Show the pipeline by stage: how many are in each, and the newest of them."""
    asked = {
        "stage": stage,
        "owner": owner,
        "waiting_on": waiting_on,
        "programme": programme,
        "establishment": establishment,
        "saved": saved,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    if after is not None:
        if stage is None:
            raise typer.BadParameter("--after goes on in one stage: name it with --stage.")
        cards = connect().call("enquiries", "list_cards", after=after, limit=per_stage, **given)
        show(_with_next(cards), CARDS, as_json, empty="There are no more.") if not as_json else show_json(cards)
        return
    board = connect().call("enquiries", "get_board", per_stage=per_stage, **given)
    if as_json:
        show_json(board)
        return
    for column in board["stages"]:
        say(f"{column['stage']}: {column['total']}")
    cards = [card for column in board["stages"] for card in column["cards"]]
    show(_with_next(cards), CARDS, as_json=False, empty="No enquiries to show.")


@app.command("funnel")
def show_funnel(first: From, last: To, by: By = "month", as_json: Json = False, as_csv: Csv = False) -> None:
    """Show how far the enquiries of a period came: received, screened, each stage, won and lost."""
    found = _ask("report_funnel", first, last, by)
    _print(found, as_json, as_csv)
    if not (as_json or as_csv):
        show(found["lost"], LOST, as_json=False, empty="None of them was lost.")


@app.command("times")
def show_times(first: From, last: To, by: By = "month", as_json: Json = False, as_csv: Csv = False) -> None:
    """Show how long they waited for a first reply, a proposal and an agreement: the median, and nine in ten."""
    _print(_ask("report_times", first, last, by), as_json, as_csv)


@app.command("sources")
def show_sources(first: From, last: To, by: From_ = "source", as_json: Json = False, as_csv: Csv = False) -> None:
    """Show where they came from, and what became of them."""
    _print(_ask("report_sources", first, last, by), as_json, as_csv)


def _ask(report: str, first: str, last: str, by: str) -> dict[str, Any]:
    until = date.fromisoformat(last) + timedelta(days=1)
    found: dict[str, Any] = connect().call("enquiries", report, start=first, until=until.isoformat(), by=by)
    return found


def _print(report: Mapping[str, Any], as_json: bool, as_csv: bool) -> None:
    if as_json:
        show_json(report)
        return
    rows: Sequence[Mapping[str, Any]] = report["rows"]
    columns = [Column(key, key.replace("_", " ").capitalize()) for key in report["columns"]]
    if as_csv:
        show_csv(rows, columns)
        return
    total = [report["total"]] if "total" in report and len(rows) > 1 else []
    show([*rows, *total], columns, as_json=False, empty="Nothing was received in this period.")
    note(f"About what was received from {report['start']} to before {report['until']}, as it stands now.")


def _group(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    group: Any = found
    for part in name.split("."):
        group = group[part]
    return dict(group)


def _say_canary(canary: Mapping[str, Any]) -> None:
    if canary["on"] and (canary["late"] or canary["failing"]):
        what = "did not come in" if canary["failing"] else "is late"
        say(f"Our last test enquiry {what}: the way in may be closed. See: keytalk enquiries canaries")


def _with_next(cards: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**card, "next": card["next_step"]["title"] if card["next_step"] else None} for card in cards]
