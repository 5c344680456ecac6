"""How the consequences of a change are printed, and the way from them to a decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from ops.cli.asking import ask, must_be_able_to_ask, show_first
from ops.cli.client import CommandRefused
from ops.cli.completing import completed_by
from ops.cli.output import day_in_words, note, pounds, say
from ops.telling import TELLS
from ops.vocabulary import CHARGE_REASONS

Accept = Annotated[
    bool,
    typer.Option("--accept-breaches", help="Change it although rules no longer hold; kept with your name."),
]
Charged = Annotated[
    bool | None,
    typer.Option(
        "--charge/--no-charge", help="Charge, or do not, otherwise than the rule says; needs --charge-reason."
    ),
]
ChargeReason = Annotated[
    str | None,
    typer.Option(
        metavar="WORD",
        help="Why: agreed_with_them, goodwill, terms_of_the_agreement, told_earlier or told_later.",
        autocompletion=completed_by(CHARGE_REASONS),
    ),
]


def decide(
    found: dict[str, Any],
    would: Callable[[], dict[str, Any]],
    show: Callable[[dict[str, Any]], None],
    *,
    accept: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> bool:
    """Show what would follow and ask; give whether to go on. With `yes` nothing is asked, and a dry run only shows.

    `would` has the change tried as if broken rules were accepted, and says which messages it leads to. What follows is
    shown even where that is refused, such as for a clash that nobody may accept. A dry run ends as the change itself
    would: with 1 where rules are broken and nobody accepts it, and with the `CommandRefused` of `would`.
    """
    must_be_able_to_ask(yes=yes, dry_run=dry_run)
    refused: CommandRefused | None = None
    if dry_run or not (yes and as_json):
        shown = found
        try:
            shown = {**found, TELLS: would()[TELLS]}
        except CommandRefused as why:
            refused = why
        show_first(shown, show, dry_run=dry_run, as_json=as_json)
    diffs = found.get("runs", [found])
    if any(each["new_breaches"] for each in diffs) and not accept:
        note(
            "Rules would no longer hold, as shown (--dry-run shows it again). To change it all the same, in your name, "
        )
        note("give --accept-breaches as well. Nothing was changed.")
        raise typer.Exit(1)
    if refused is not None:
        raise refused
    if dry_run:
        return False
    if not yes:
        ask(_question(diffs))
    return True


def _question(diffs: list[dict[str, Any]]) -> str:
    if not diffs:
        return "Put the closure on file?"
    told = any(each["told"]["contact_of"] for each in diffs)
    return "Change it, and write to all who are named?" if told else "Change it? Nobody is written to about a draft."


def charging(charge: bool | None, charge_reason: str | None) -> dict[str, Any]:
    """Give what is said of charging, where anything is, as the scheduling service takes it."""
    decided = {"chargeable": charge, "charge_reason": charge_reason}
    return {name: value for name, value in decided.items() if value is not None}


def say_several(found: dict[str, Any], charge: bool | None = None, charge_reason: str | None = None) -> None:
    """Print the diffs of several runs that change as one; `charge` as in `say_diff`."""
    for each in found["runs"]:
        say(f"Run {each['run']}")
        say_diff(each, charge, charge_reason)
        say("")


def say_diff(diff: dict[str, Any], charge: bool | None = None, charge_reason: str | None = None) -> None:
    """Print what a change would do to one run; `charge` is what is decided on charging, None to go by the rule."""
    for part in (_dates, _people, _rules, _papers, _calendars, _cost):
        for line in part(diff):
            say(line)
    if charge is not None and diff["cancelled"]:
        say(_decision(diff, charge, charge_reason))
    before, after = diff["sessions_before"], diff["sessions_after"]
    last = f", the last on {day_in_words(diff['last_after'])}" if diff["last_after"] else ""
    say(f"Sessions: {after} (before: {before}){last}.")


def _dates(diff: dict[str, Any]) -> list[str]:
    lines = [
        f"{each['number']:>3}  {day_in_words(each['date'])}, {each['start']}: does not take place"
        for each in diff["cancelled"]
    ]
    lines += [
        f"{each['number']:>3}  {day_in_words(each['from_date'])}, {each['from_start']} -> "
        f"{day_in_words(each['to_date'])}, {each['to_start']}"
        for each in diff["moved"]
    ]
    return lines + [
        f"{each['number']:>3}  {day_in_words(each['date'])}, {each['start']}: new" for each in diff["added"]
    ]


def _people(diff: dict[str, Any]) -> list[str]:
    return [
        f"{each['number']:>3}  {day_in_words(each['date'])}: {_names(each['goes']) or 'nobody'} goes, "
        f"{_names(each['comes']) or 'nobody'} comes"
        for each in diff["people"]
    ]


def _rules(diff: dict[str, Any]) -> list[str]:
    lines = [f"  !  {each['rule']}, session {each['number']}: {each['why']}" for each in diff["new_breaches"]]
    lines += [f"  +  {each['rule']}, session {each['number']}: holds again" for each in diff["mended"]]
    return lines + [f"  ?  {each}" for each in diff["warnings"]]


def _papers(diff: dict[str, Any]) -> list[str]:
    papers = diff["papers"]
    lines = [f"Gate memo to send again ({each['state']} now): {each['id']}" for each in papers["memos"]]
    return [*lines, f"Kit to ask for again: {', '.join(papers['kit'])}"] if papers["kit"] else lines


def _calendars(diff: dict[str, Any]) -> list[str]:
    if not diff["told"]["contact_of"]:
        return ["This run does not stand yet: it is in nobody's calendar."]
    entries = diff["calendars"]
    counts = ", ".join(f"{len(entries[kind])} {kind}" for kind in ("updated", "cancelled", "new") if entries[kind])
    return [f"Calendar entries: {counts or 'none'}."]


def _cost(diff: dict[str, Any]) -> list[str]:
    if not diff["cancelled"]:
        return []
    pence = diff["charged_pence"]
    if pence is None:
        return ["Charged by the rule, at a price that depends on how many people there are."]
    return [f"Charged by the rule for what falls out: {pounds(pence)}."]


def _decision(diff: dict[str, Any], charge: bool, reason: str | None) -> str:
    """Say what is decided otherwise than the rule, which goes for every session that falls out."""
    why = f" ({reason.replace('_', ' ')})" if reason else ""
    if not charge:
        return f"Decided by you: nothing is charged{why}."
    prices = [each["pence"] for each in diff["cancelled"]]
    if None in prices:
        return f"Decided by you: all of it is charged, at a price that depends on how many people there are{why}."
    return f"Decided by you: all of it is charged, {pounds(sum(prices))}{why}."


def _names(people: list[dict[str, Any]]) -> str:
    return ", ".join(each["name"] for each in people)
