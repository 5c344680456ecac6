"""`keytalk establishments block`: close a prison on some dates, and see to every session that this hits."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, iso_date
from ops.cli.asking import DryRun, Yes, tried
from ops.cli.changing import remedy_line
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.diffs import Accept, Charged, ChargeReason, charging, decide, say_several
from ops.cli.output import day_in_words, note, note_when_mail_goes_out, say, show_json
from ops.vocabulary import CAUSES, PARTIES

app = typer.Typer()

Remedy = Literal["cascade", "make-up", "drop"]


def one_remedy(text: str) -> tuple[str, str]:
    """Read `SESSION=REMEDY`; anything else is refused with an example."""
    session, sign, remedy = text.partition("=")
    if not sign or not session or not remedy:
        raise typer.BadParameter(f"'{text}' is not a session with its remedy. Write it like SESSION-ID=make-up.")
    return session.strip(), remedy.strip()


@app.command("block")
def block_establishment(
    establishment: Annotated[str, typer.Argument(metavar="ID", help="The establishment, like RSI.")],
    first: Annotated[str, typer.Argument(parser=iso_date, metavar="DATE", help="The first day, like 2027-03-09.")],
    reason: Annotated[
        str,
        typer.Option(
            metavar="WORD",
            help="Why, in a word: lockdown, prison_staff_training...",
            autocompletion=completed_by(CAUSES),
        ),
    ],
    *,
    until: Annotated[
        str | None, typer.Option(parser=iso_date, metavar="DATE", help="The last day, where it is not the first.")
    ] = None,
    party: Annotated[
        str, typer.Option(metavar="WORD", help="On whose side it lies.", autocompletion=completed_by(PARTIES))
    ] = "prison",
    remedy: Annotated[Remedy, typer.Option(help="What is done about every session that is hit.")] = "cascade",
    session: Annotated[
        list[str] | None, typer.Option("--for", metavar="SESSION=REMEDY", help="Another remedy for one session.")
    ] = None,
    charge: Charged = None,
    charge_reason: ChargeReason = None,
    accept_breaches: Accept = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Close an establishment on some dates: sessions that are hit are shown with what can be done, and move as one."""
    asked: dict[str, Any] = {"establishment": establishment, "first": first, "reason": reason, "party": party}
    asked |= {"last": until, "remedy": remedy, "remedies": dict(one_remedy(each) for each in session or ())}
    gateway = connect()
    found = gateway.call("scheduling", "preview_closure", **asked)
    doing = {**asked, "basis": found["basis"], **charging(charge, charge_reason)}
    would = tried(gateway, "scheduling", "close_establishment", **doing, accept_breaches=True)
    show_it = partial(_say, charge=charge, charge_reason=charge_reason)
    if not decide(found, would, show_it, accept=accept_breaches, yes=yes, dry_run=dry_run, as_json=as_json):
        return
    done = gateway.call("scheduling", "close_establishment", **doing, accept_breaches=accept_breaches)
    if as_json:
        show_json(done)
        return
    say(f"{done['establishment']} is closed on these dates.")
    if done["group"]:
        say(f"To take all of it back: keytalk runs reverse {done['group']}")
    if any(each["told"]["contact_of"] for each in found["runs"]):
        note_when_mail_goes_out()


def _say(found: dict[str, Any], charge: bool | None, charge_reason: str | None) -> None:
    if not found["sessions"]:
        note("No session is planned on these dates.")
        return
    for each in found["sessions"]:
        say(
            f"{day_in_words(each['date'])}, {each['start']}: session {each['number']} of {each['enquiry']} "
            f"({each['run_state']})"
        )
        say(f"     {each['session']}")
        for choice in each["remedies"]:
            say(f"     {remedy_line(choice)}")
    say("")
    say_several(found, charge, charge_reason)
