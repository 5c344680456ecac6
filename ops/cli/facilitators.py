"""`keytalk facilitators`: the people who lead sessions, what they hold, and when they have time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, iso_date
from ops.cli.asking import DryRun, Yes, goes_on, tried
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.importing import CsvFile, TryOut, take_in
from ops.cli.output import Column, day_in_words, plain, say, show, show_details, show_json
from ops.cli.privacy import reason_of
from ops.telling import TELLS
from ops.vocabulary import FACILITATOR_STATES

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("id", "Id", copyable=True),
    Column("name", "Name"),
    Column("email", "Email", copyable=True),
    Column("state", "State"),
    Column("cleared_for", "Cleared for"),
)
DETAILS = (
    Column("name", "Name"),
    Column("id", "Id"),
    Column("email", "Email"),
    Column("state", "State"),
    Column("insured_until", "Insured until"),
    Column("base", "Sets out from"),
    Column("travel_limit_minutes", "Travels at most, minutes one way"),
    Column("max_sessions_a_week", "Sessions a week at most"),
    Column("max_groups_a_day", "Groups a day at most"),
    Column("vehicle", "Vehicle"),
    Column("week", "Works"),
    Column("escorted", "Escorts agreed"),
)
CLEARANCES = (
    Column("id", "Clearance", copyable=True),
    Column("establishment", "Establishment"),
    Column("state", "State"),
    Column("level", "Level"),
    Column("valid_from", "From", copyable=True),
    Column("valid_until", "Until", copyable=True),
    Column("keys_until", "Keys until"),
    Column("site_access", "On the gate's list"),
    Column("ctc", "CTC"),
)
ACCREDITATIONS = (
    Column("id", "Accreditation", copyable=True),
    Column("kind", "Kind"),
    Column("valid_from", "From", copyable=True),
    Column("valid_until", "Until", copyable=True),
)
LEAVE = (
    Column("id", "Leave", copyable=True),
    Column("first", "From", copyable=True),
    Column("last", "To", copyable=True),
)
AHEAD = (
    Column("date", "Date", copyable=True),
    Column("start", "Start"),
    Column("establishment", "Establishment"),
    Column("number", "Session"),
    Column("run_state", "Run is"),
    Column("enquiry", "Enquiry"),
    Column("run", "Run", copyable=True),
    Column("session", "Session's id", copyable=True),
)

Who = Annotated[str, typer.Argument(metavar="ID", help="As `keytalk facilitators list` shows it.")]


@app.command("add")
def add_facilitator(
    name: Annotated[str, typer.Option(help="Their full name, as on their identity document.")],
    email: Annotated[str, typer.Option(help="Where their letters and calendar files go.")],
    as_json: Json = False,
) -> None:
    """Add a facilitator."""
    added = connect().call("scheduling", "add_facilitator", name=name, email=email)
    if as_json:
        show_json(added)
        return
    say(f"{added['name']} is added, with the id {added['id']}.")
    say(
        "Next, say where they are cleared to work: keytalk clearances grant "
        f"--facilitator {added['id']} --establishment ID --from DATE --until DATE"
    )


@app.command("list")
def list_facilitators(
    state: Annotated[
        str | None,
        typer.Option(
            help="Only those who are onboarding, active, resting or left.",
            autocompletion=completed_by(FACILITATOR_STATES),
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List facilitators and the establishments they are cleared for."""
    people = connect().call("scheduling", "list_facilitators", **({"state": state} if state else {}))
    rows = people if as_json else [_with_clearances_in_words(person) for person in people]
    show(rows, LISTED, as_json, empty="No facilitators yet. Add one with: keytalk facilitators add")


@app.command("show")
def show_facilitator(who: Who, as_json: Json = False) -> None:
    """Show a facilitator: what they hold until when, their week, their leave and their sessions to come."""
    gateway = connect()
    person = gateway.call("scheduling", "get_facilitator", facilitator=who)
    ahead = gateway.call("scheduling", "list_sessions_ahead", facilitator=who)
    if as_json:
        show_json({**person, "sessions_ahead": ahead})
        return
    _print(person)
    _part("Sessions to come:", ahead, AHEAD)


@app.command("change")
def change_facilitator(
    who: Who,
    *,
    name: Annotated[str | None, typer.Option(help="Their full name, as on their identity document.")] = None,
    email: Annotated[str | None, typer.Option(help="Where their letters and calendar files go.")] = None,
    state: Annotated[
        str | None,
        typer.Option(help="onboarding, active, resting or left.", autocompletion=completed_by(FACILITATOR_STATES)),
    ] = None,
    insured_until: Annotated[
        str | None, typer.Option(parser=iso_date, metavar="DATE", help="The last day of their insurance.")
    ] = None,
    latitude: Annotated[
        float | None, typer.Option(help="Of where they set out from; kept to about a kilometre.")
    ] = None,
    longitude: Annotated[float | None, typer.Option(help="Given together with the latitude.")] = None,
    travel_limit: Annotated[int | None, typer.Option(metavar="MINUTES", help="The longest journey, one way.")] = None,
    sessions_a_week: Annotated[int | None, typer.Option(metavar="N", help="In prisons, at most.")] = None,
    groups_a_day: Annotated[int | None, typer.Option(metavar="N", help="At most.")] = None,
    vehicle: Annotated[str | None, typer.Option(help="The registration that gate memos say.")] = None,
    empty: Annotated[
        list[str] | None,
        typer.Option("--no", help="Take away: insured_until, base, travel_limit_minutes or vehicle. May be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is given of somebody's entry. Of someone who has left, it lists the sessions that need cover."""
    given = {
        "name": name,
        "email": email,
        "state": state,
        "insured_until": insured_until,
        "latitude": latitude,
        "longitude": longitude,
        "travel_limit_minutes": travel_limit,
        "max_sessions_a_week": sessions_a_week,
        "max_groups_a_day": groups_a_day,
        "vehicle": vehicle,
        "empty": empty,
    }
    wanted = {key: value for key, value in given.items() if value is not None}
    _answer(connect().call("scheduling", "change_facilitator", facilitator=who, **wanted), as_json)


@app.command("accredit")
def add_accreditation(
    who: Who,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="NADA, safeguarding, UKCP, BACP or a programme's slug.")],
    valid_from: Annotated[str, typer.Option("--from", parser=iso_date, metavar="DATE", help="Its first day.")],
    valid_until: Annotated[
        str | None, typer.Option("--until", parser=iso_date, metavar="DATE", help="Its last day, where it has one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record what somebody is qualified for; the same first day again takes the new last one."""
    until = {} if valid_until is None else {"valid_until": valid_until}
    arguments = {"facilitator": who, "kind": kind, "valid_from": valid_from, **until}
    _answer(connect().call("scheduling", "add_accreditation", **arguments), as_json)


@app.command("end-accreditation")
def end_accreditation(
    accreditation: Annotated[str, typer.Argument(metavar="ACCREDITATION", help="As `show` lists it.")],
    on: Annotated[str, typer.Option(parser=iso_date, metavar="DATE", help="Its last day.")],
    as_json: Json = False,
) -> None:
    """Have an accreditation end."""
    _answer(connect().call("scheduling", "end_accreditation", accreditation=accreditation, on=on), as_json)


@app.command("away")
def add_leave(
    who: Who,
    first: Annotated[str, typer.Option("--from", parser=iso_date, metavar="DATE", help="The first day.")],
    last: Annotated[str, typer.Option("--to", parser=iso_date, metavar="DATE", help="The last day.")],
    as_json: Json = False,
) -> None:
    """Note dates on which somebody is not to be asked. Why is nobody's business; sessions in them are listed."""
    _answer(connect().call("scheduling", "add_leave", facilitator=who, first=first, last=last), as_json)


@app.command("back")
def remove_leave(
    leave: Annotated[str, typer.Argument(metavar="LEAVE", help="As `show` lists it.")], as_json: Json = False
) -> None:
    """Take leave back."""
    _answer(connect().call("scheduling", "remove_leave", leave=leave), as_json)


@app.command("hours")
def set_working_hours(
    who: Who,
    week: Annotated[
        list[str] | None, typer.Argument(metavar="DAY=HH:MM-HH:MM", help="Like mon=09:00-17:00; none for any time.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Set when somebody works in a week, in place of what it was."""
    hours = [_stretch(each) for each in week or []]
    _answer(connect().call("scheduling", "set_working_hours", facilitator=who, hours=hours), as_json)


@app.command("erase")
def erase_facilitator(
    who: Who,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", parser=reason_of, metavar="TEXT", help="Why, without naming them; the audit keeps it."
        ),
    ],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Erase what is held on somebody who has left. The sessions they led stay, without a name."""
    gateway = connect()

    def look() -> dict[str, Any]:
        would = tried(gateway, "scheduling", "erase_facilitator", facilitator=who, reason=reason)()
        return {**gateway.call("scheduling", "get_facilitator", facilitator=who), TELLS: would[TELLS]}

    if not goes_on(look, _say_erased, "Erase them?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    erased = gateway.call("scheduling", "erase_facilitator", facilitator=who, reason=reason)
    if as_json:
        show_json(erased)
        return
    say("Erased. Their id stays on the sessions they led.")
    say("If they have an account to sign in with, disable that too: keytalk operators disable NAME.")


@app.command("import")
def import_facilitators(file: CsvFile, dry_run: TryOut = False, as_json: Json = False) -> None:
    """Take in facilitators from a CSV file; the same file a second time changes nothing.

    Columns: name, email; and as you have them: state, insured_until, latitude, longitude, travel_limit_minutes,
    max_sessions_a_week, max_groups_a_day, vehicle, accreditations (such as "NADA 2025-03-01 2028-02-29; safeguarding
    2026-01-10"). Dates are year-month-day. A blank cell leaves what is on file. See docs/importing.md.
    """
    take_in("import_facilitators", file, dry_run, as_json)


def _say_erased(person: dict[str, Any]) -> None:
    say(f"{person['name']}: name, address, papers, leave and hours are erased. This cannot be taken back.")


def _stretch(text: str) -> dict[str, str]:
    day, _equals, span = text.partition("=")
    start, _dash, end = span.partition("-")
    if not (day and start and end):
        raise typer.BadParameter(f"'{text}' is not a time of a weekday. Write it like mon=09:00-17:00.")
    return {"weekday": day.strip().lower(), "start": start.strip(), "end": end.strip()}


def _answer(person: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(person)
        return
    _print(person)
    if uncovered := person.get("needs_cover"):
        _part("These sessions need cover:", uncovered, AHEAD)


def _print(person: dict[str, Any]) -> None:
    base = [person.get("latitude"), person.get("longitude")]
    week = [f"{each['weekday']} {each['start']} to {each['end']}" for each in person.get("hours", [])]
    escorted = [f"{each['establishment']} on {day_in_words(each['date'])}" for each in person.get("escorts", [])]
    where = plain(base) if base[0] is not None else None
    show_details({**person, "base": where, "week": week or "at any time", "escorted": escorted}, DETAILS)
    _part("Clearances:", person.get("clearances", []), CLEARANCES)
    _part("Accreditations:", person.get("accreditations", []), ACCREDITATIONS)
    _part("Leave:", person.get("leave", []), LEAVE)


def _part(heading: str, rows: list[dict[str, Any]], columns: Sequence[Column]) -> None:
    if rows:
        say("")
        say(heading)
        show(rows, columns, as_json=False)


def _with_clearances_in_words(person: dict[str, Any]) -> dict[str, Any]:
    held = [
        f"{one['establishment']} ({one['level']}, {one['valid_from']} to {one['valid_until']})"
        for one in person.get("clearances", [])
    ]
    return {**person, "cleared_for": "\n".join(held)}
