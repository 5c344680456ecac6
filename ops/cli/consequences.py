"""What a change of an establishment makes of the runs that stand there."""

from __future__ import annotations

from typing import Any

from ops.cli.output import Column, note, say, show

BREACHES = (
    Column("enquiry", "Enquiry", copyable=True),
    Column("number", "Session"),
    Column("date", "Date", copyable=True),
    Column("rule", "Rule", copyable=True),
    Column("name", "What is not kept"),
    Column("run", "Run", copyable=True),
)


def show_consequences(breaches: list[dict[str, Any]], dry_run: bool, as_json: bool) -> None:
    """Print, for people, which sessions that stand break a rule by a change, or that none does."""
    if as_json:
        return
    if dry_run:
        say("A dry run, nothing is stored.")
    if not breaches:
        say("Every session that stands keeps the rules it kept before.")
        return
    would = "would break" if dry_run else "now break"
    say(f"{len(breaches)} {would} a rule that they kept before. They stay as they are until you move them.")
    rows = [{**each, "name": each["name"].replace("_", " ")} for each in breaches]
    show(rows, BREACHES, as_json=False)
    note(f"To see what would mend them: keytalk runs show {breaches[0]['run']}")
