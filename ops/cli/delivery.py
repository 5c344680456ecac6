"""`keytalk sessions delivered` and its kin: what became of sessions, and how many came. Counts only, never names."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, RunId
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.cover import SessionId
from ops.cli.output import Column, day_in_words, note, say, show, show_details, show_json
from ops.vocabulary import AUDIENCES, CAUSES, PARTIES

app = typer.Typer(no_args_is_help=True)
reports = typer.Typer(no_args_is_help=True)

OUTCOME = (
    Column("state", "Put down as"),
    Column("cause", "Cause"),
    Column("party", "On the side of"),
    Column("minutes", "Minutes held"),
    Column("chargeable", "Charged"),
    Column("recorded_by", "By"),
)
CAME = (
    Column("expected", "Expected"),
    Column("attended", "Came"),
    Column("late", "Of them late"),
    Column("left_early", "Of them left early"),
    Column("absent", "Did not come"),
    Column("seats", "Seats"),
    Column("corrected_at", "Corrected"),
)
REPORT = (
    Column("reference", "Enquiry"),
    Column("establishment", "Establishment"),
    Column("programme", "Programme"),
    Column("planned", "Sessions planned"),
    Column("delivered", "Delivered"),
    Column("part_delivered", "Delivered in part"),
    Column("to_come", "To come"),
)
REGISTERS = (
    Column("session", "Session", copyable=True),
    Column("date", "Date", copyable=True),
    Column("place", "Establishment"),
    Column("number", "Number"),
    Column("lacks", "What is lacking"),
)
LACKS = {"outcome": "what became of it", "attendance": "how many came"}
CANCELLED = (Column("cause", "Cancelled because"), Column("party", "On the side of"), Column("sessions", "Sessions"))
SMALL = "fewer than 5, or told by one that is"

Party = Annotated[
    str,
    typer.Option(
        help="On whose side that lay: prison, provider, commissioner or external.", autocompletion=completed_by(PARTIES)
    ),
]


@app.command("delivered")
def record_delivered(session: SessionId, as_json: Json = False) -> None:
    """Put down that a session was held, once it has begun. `keytalk sessions undo` takes it back, on the same day only.

    The id of a session is in `keytalk runs show RUN --ids`.
    """
    _print(connect().call("scheduling", "record_delivered", session=session), as_json)


@app.command("part-delivered")
def record_part_delivered(
    session: SessionId,
    cause: Annotated[
        str,
        typer.Option(
            help="Why only in part: a word from the list, like late_unlock.", autocompletion=completed_by(CAUSES)
        ),
    ],
    party: Party,
    minutes: Annotated[int, typer.Option(min=1, help="For how many minutes it was held.")],
    as_json: Json = False,
) -> None:
    """Put down that a session was held in part, once it has begun. It can be taken back on the same day only."""
    said = {"session": session, "cause": cause, "party": party, "minutes": minutes}
    _print(connect().call("scheduling", "record_part_delivered", **said), as_json)


@app.command("undo")
def undo_outcome(session: SessionId, as_json: Json = False) -> None:
    """Take back what was put down for a session today. Whoever led it is then asked for its register again."""
    _print(connect().call("scheduling", "undo_outcome", session=session), as_json)


@app.command("outcome")
def show_delivery(session: SessionId, as_json: Json = False) -> None:
    """Show what became of a session, and how many came."""
    _print(connect().call("scheduling", "get_delivery", session=session), as_json)


@app.command("registers")
def list_registers(
    facilitator: Annotated[str | None, typer.Option(metavar="ID", help="Only of sessions that they lead.")] = None,
    as_json: Json = False,
) -> None:
    """List the sessions that are over and of which something is still to be put down."""
    rows = connect().call("scheduling", "list_registers", facilitator=facilitator)
    told = [{**row, "place": row["establishment"]["name"], "lacks": LACKS[row["lacks"]]} for row in rows]
    show(rows if as_json else told, REGISTERS, as_json, empty="Nothing is to be put down.")


@app.command("attendance")
def submit_attendance(
    session: SessionId,
    *,
    expected: Annotated[int, typer.Option(min=0, help="How many were expected.")],
    attended: Annotated[int, typer.Option(min=0, help="How many came.")],
    late: Annotated[int, typer.Option(min=0, help="How many of those came late.")] = 0,
    left_early: Annotated[int, typer.Option(min=0, help="How many of those left early.")] = 0,
    absent: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP=NUMBER", help="How many did not come and why, like not_unlocked=2."),
    ] = None,
    seat: Annotated[
        list[str] | None,
        typer.Option(metavar="NUMBER=MARK", help="A chair by its number: attended, partly or absent. Never a name."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Put down how many came to a session, or correct that."""
    told = connect().call(
        "scheduling",
        "submit_attendance",
        session=session,
        expected=expected,
        attended=attended,
        late=late,
        left_early=left_early,
        absent={group: _whole(number) for group, number in map(_pair, absent or ())},
        seats=dict(map(_pair, seat)) if seat else None,
    )
    _print(told, as_json)


@reports.command("feedback")
def record_feedback(
    run: RunId,
    audience: Annotated[
        str,
        typer.Option(
            "--from", help="Who answered, like participants or prison_staff.", autocompletion=completed_by(AUDIENCES)
        ),
    ],
    answers: Annotated[int, typer.Option(min=0, help="How many people answered.")],
    score: Annotated[
        list[str],
        typer.Option(metavar="QUESTION=COUNTS", help="How many gave 1, 2, 3, 4 and 5, like felt_safe=0,0,1,4,5."),
    ],
    as_json: Json = False,
) -> None:
    """Put down how a run was for people: scores as counts, and no words."""
    scores = {question: _scores(counts) for question, counts in map(_pair, score)}
    said = {"run": run, "audience": audience, "answers": answers, "scores": scores}
    _print_report(connect().call("scheduling", "record_feedback", **said), as_json)


@reports.command("report")
def show_report(
    run: RunId,
    external: Annotated[bool, typer.Option("--external", help="For others to read: small counts are hidden.")] = False,
    as_json: Json = False,
) -> None:
    """Show what became of a run: sessions planned, held, cancelled and why, and how many came."""
    _print_report(connect().call("scheduling", "run_report", run=run, external=external), as_json)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise typer.BadParameter(f"'{text}' needs a name, an equals sign and a value, like not_unlocked=2.")
    return name.strip(), value.strip()


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise typer.BadParameter(f"'{text}' is not a count. Write it like not_unlocked=2.")
    return int(text)


def _scores(text: str) -> dict[str, int]:
    counts = text.split(",")
    if len(counts) != 5:
        raise typer.BadParameter(f"'{text}' needs five counts, for the scores 1 to 5, like 0,0,1,4,5.")
    return {str(score): _whole(count.strip()) for score, count in enumerate(counts, start=1)}


def _print(delivery: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(delivery)
        return
    state = delivery["state"].replace("_", " ")
    say(f"Session {delivery['number']} on {day_in_words(delivery['date'])} is {state}.")
    if delivery["outcome"]:
        show_details(delivery["outcome"], OUTCOME)
    if delivery["attendance"]:
        show_details(delivery["attendance"], CAME)
    elif delivery["outcome"]:
        note(f"To put down how many came: keytalk sessions attendance {delivery['session']}")


def _print_report(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(report)
        return
    show_details(report, REPORT)
    if report["cancelled"]:
        show(report["cancelled"], CANCELLED, as_json=False)
    came = report["attendance"]
    say(f"Counted at {came['sessions_counted']} sessions:")
    show_details(_hidden(came), CAME)
    for each in report["feedback"]:
        say(f"{each['audience'].replace('_', ' ')}: {_or_few(each['answers'])} answered.")
        show_details({"scores": _hidden(each["scores"])}, (Column("scores", "How many gave each score"),))


def _hidden(counts: Any) -> Any:
    """Say in words where a count is not shown."""
    if isinstance(counts, dict):
        return {name: _hidden(value) for name, value in counts.items()}
    return _or_few(counts)


def _or_few(count: Any) -> Any:
    return SMALL if count is None else count
