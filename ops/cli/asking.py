"""Looking before leaping: what a command would do and whom it would tell is shown first, and then asked about.

Every command that leads to a message, or that cannot be undone, goes this way. `--dry-run` shows and ends; `--yes` goes
on without asking. Where nobody is there to be asked, a command without `--yes` does nothing and ends with 2.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from typing import Annotated, Any

import typer

from ops.cli.client import CommandRefused, Gateway, connect
from ops.cli.output import local_time, note, say, show_json
from ops.cli.whom import names_for, whom
from ops.telling import TELLS, Told, gathered, letter_name

CTRL_C = 130
"""What a shell gives a command that is stopped so."""
_CONTACT = "enquirer:"
MOST_LOOKED_UP = 5
"""Contacts who are named one by one: a change that tells more of them names them by their enquiries."""
SHORTEST_REASON, LONGEST_REASON = 3, 500

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would happen and who would be told, and change nothing.")
]


class NobodyToAsk(CommandRefused):
    """A command has to ask, and its input is no terminal."""

    exit_code = 2


def reason_of(text: str) -> str:
    """Read a reason of a few words and give it back without the spaces around it; else refuse it."""
    if SHORTEST_REASON <= len(reason := text.strip()) <= LONGEST_REASON:
        return reason
    raise typer.BadParameter(f"Give a reason of {SHORTEST_REASON} to {LONGEST_REASON} characters; it is kept.")


Reason = Annotated[
    str, typer.Option("--reason", parser=reason_of, metavar="TEXT", help="Why, in your own words; it is kept.")
]


def goes_on(
    look: Callable[[], Any], tell: Callable[[Any], None], question: str, *, yes: bool, dry_run: bool, as_json: bool
) -> bool:
    """Show what would happen and ask; give whether to go on.

    `look` finds out what would happen, changing nothing (`tried` has the service find out), and `tell` prints it for
    people; with `dry_run` and `as_json` it is printed as it came. With `yes` nothing is looked at or asked.
    Raises `NobodyToAsk` where nobody is there, and
    ends the command with 1 when the answer is no.
    """
    if yes and not dry_run:
        return True
    must_be_able_to_ask(yes=yes, dry_run=dry_run)
    found = look()
    show_first(found, tell, dry_run=dry_run, as_json=as_json)
    if dry_run:
        return False
    ask(question)
    return True


def tried(gateway: Gateway, service: str, method: str, **asked: Any) -> Callable[[], Any]:
    """Give what has a service try a change and undo it: it says what would come of it, and whom it would tell."""
    return partial(gateway.call, service, method, dry_run=True, **asked)


def must_be_able_to_ask(*, yes: bool, dry_run: bool) -> None:
    """Raise `NobodyToAsk` where a question would have to be asked and nobody is there to answer."""
    if not (yes or dry_run or somebody_is_there()):
        raise NobodyToAsk(
            "Nothing was changed: this asks first, and there is nobody here to ask. Give --yes to go on without "
            "asking, or --dry-run to see what would happen."
        )


def show_first(found: Any, tell: Callable[[Any], None], *, dry_run: bool, as_json: bool) -> None:
    """Show what would happen: as JSON where that is all that was asked for, else in words."""
    if as_json and dry_run:
        show_json(found)
    else:
        with aside(as_json):
            tell(found)
            if isinstance(found, dict) and TELLS in found:
                _say_who_is_told(connect(), found[TELLS])
    if dry_run:
        note("A dry run: nothing is changed, and nobody is told.")


def ask(question: str) -> None:
    """Return when the answer is yes; end the command with 1 otherwise, and with 130 where it is Ctrl-C."""
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort as stopped:
        note("")
        note("Nothing was changed.")
        raise typer.Exit(CTRL_C if isinstance(stopped.__context__, KeyboardInterrupt) else 1) from stopped
    if not agreed:
        note("Nothing was changed.")
        raise typer.Exit(1)


@contextmanager
def aside(as_json: bool) -> Iterator[None]:
    """Have what is printed go to stderr where stdout is kept for JSON."""
    if not as_json:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def told_by_mail(*who: str | None) -> None:
    """Say whom it tells; nobody where no names are given."""
    named = [each for each in who if each]
    say(f"Will be told by mail: {'; '.join(named)}." if named else "Nobody is told by mail.")


def _say_who_is_told(gateway: Gateway, tells: dict[str, Any] | None) -> None:
    """Say which messages a change would send and withdraw, as its dry run found."""
    if tells is None:
        say("Whom it would tell cannot be said just now. `keytalk health` says whether notifications answers.")
        return
    sent, withdrawn = gathered(tells["sends"]), gathered(tells["cancels"])
    called = _names(gateway, {each.recipient for each in (*sent, *withdrawn)})
    say("Will be told by mail:" if sent else "Nobody is told by mail.")
    for each in sent:
        say(f"     {called[each.recipient]}: {letter_name(each.template)}, {_when(each)}")
    if withdrawn:
        say("Will not be sent any more:")
    for each in withdrawn:
        say(f"     {called[each.recipient]}: {letter_name(each.template)}, {_when(each)} ({each.why.rstrip('.')})")


def _when(told: Told) -> str:
    at = local_time(told.first_due)
    return str(at) if told.count == 1 else f"{told.count} of them, the first {at}"


def _names(gateway: Gateway, recipients: set[str]) -> dict[str, str]:
    """Give whom recipients are by name: contacts with the address they are written to, where one may know it."""
    names = names_for(gateway, sorted(recipients))
    called = {each: whom(each, names) for each in recipients}
    contacts = sorted(each for each in recipients if each.startswith(_CONTACT))
    for each in contacts if len(contacts) <= MOST_LOOKED_UP else ():
        try:
            called[each] = contact_of(gateway.call("enquiries", "get_enquiry", reference=each.removeprefix(_CONTACT)))
        except CommandRefused:
            continue
    return called


def contact_of(enquiry: dict[str, Any]) -> str:
    """Say who is written to about an enquiry: a name and an address, or why nobody is."""
    contact = enquiry.get("contact") or {}
    name = contact.get("name") or f"the contact of {enquiry['reference']}"
    if not contact.get("email"):
        return f"{name} has no email address, so somebody has to tell them otherwise"
    return f"{name} <{contact['email']}>"


def somebody_is_there() -> bool:
    """Say whether a person at a terminal can be asked."""
    return sys.stdin.isatty()
