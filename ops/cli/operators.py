"""`keytalk operators`: who works with Keytalk, and what they may do."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json
from ops.cli.asking import DryRun, Reason, Yes, goes_on
from ops.cli.client import connect
from ops.cli.output import Column, note, say, show, show_json
from ops.gateway.roles import Role

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("name", "Name", copyable=True),
    Column("full_name", "Full name"),
    Column("email", "Email", folds=True),
    Column("roles", "Roles"),
    Column("state", "State", copyable=True),
    Column("second_factor", "Code"),
    Column("last_seen_at", "Last here", folds=True),
)

OperatorName = Annotated[str, typer.Argument(metavar="NAME", help="Their name or email.")]
Roles = Annotated[list[Role], typer.Option("--role", help="A role; give it again for another.")]
StandsFor = Annotated[
    str | None,
    typer.Option(metavar="ID", help="For a facilitator or a commissioner: the id of the facilitator or organisation."),
]


@app.command("list")
def list_operators(as_json: Json = False) -> None:
    """List everybody who has an account, by name."""
    show(connect().call("ops", "list_operators"), LISTED, as_json, empty="Nobody has an account yet.")


@app.command("add")
def add_operator(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A short name in small letters, such as priya.")],
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="Their email.")],
    role: Roles,
    full_name: Annotated[str | None, typer.Option(help="Their name as people write it.")] = None,
    stands_for: StandsFor = None,
    as_json: Json = False,
) -> None:
    """Add somebody, and get the link by which they choose a password."""
    given = {"full_name": full_name, "stands_for": stands_for}
    invited = connect().call("ops", "add_operator", name=name, email=email, roles=role, **given)
    _tell_link(invited, as_json)


@app.command("change")
def change_operator(
    operator: OperatorName,
    role: Annotated[
        list[Role] | None, typer.Option("--role", help="A role they have from now on; give it again for another.")
    ] = None,
    full_name: Annotated[str | None, typer.Option(help="Their name as people write it.")] = None,
    stands_for: StandsFor = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; it is kept.")] = None,
    as_json: Json = False,
) -> None:
    """Change somebody's name or roles. Roles that are given take the place of those they have."""
    given = {"roles": role or None, "full_name": full_name, "stands_for": stands_for, "reason": reason}
    if not any(given[name] for name in ("roles", "full_name", "stands_for")):
        raise typer.BadParameter("say what changes: --role, --full-name or --stands-for.", param_hint="options")
    changed = connect().call("ops", "change_operator", operator=operator, **given)
    _tell(changed, as_json, f"{changed['name']} has now: {', '.join(changed['roles'])}.")


@app.command("invite")
def invite_operator(operator: OperatorName, as_json: Json = False) -> None:
    """Make a new link by which somebody chooses a password; earlier links end."""
    _tell_link(connect().call("ops", "invite_operator", operator=operator), as_json)


@app.command("disable")
def disable_operator(
    operator: OperatorName, reason: Reason, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Let somebody in no more: their sessions, tokens and links end at once. Their name stays in every history."""
    gateway = connect()
    look = partial(_one, gateway, operator)
    if not goes_on(look, _say_disable, "Disable it?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    changed = gateway.call("ops", "disable_operator", operator=operator, reason=reason)
    _tell(changed, as_json, f"{changed['name']} is disabled. To let them in again: keytalk operators enable")


@app.command("enable")
def enable_operator(operator: OperatorName, as_json: Json = False) -> None:
    """Let somebody in again, with the password they had; tokens have to be made anew."""
    changed = connect().call("ops", "enable_operator", operator=operator)
    _tell(changed, as_json, f"{changed['name']} may sign in again.")


@app.command("remove-second-factor")
def remove_second_factor(
    operator: OperatorName, reason: Reason, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Ask somebody for no code any more, such as after they lost their phone. They are signed out everywhere."""
    gateway = connect()
    look = partial(_one, gateway, operator)
    if not goes_on(look, _say_remove, "Take it off?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    changed = gateway.call("ops", "remove_second_factor", operator=operator, reason=reason)
    _tell(changed, as_json, f"{changed['name']} signs in without a code now.")


def _one(gateway: Any, operator: str) -> dict[str, Any]:
    wanted = operator.strip().lower()
    known: list[dict[str, Any]] = gateway.call("ops", "list_operators")
    found = [one for one in known if wanted in {one["name"], one["email"]}]
    return found[0] if found else {"name": operator, "state": "not an account", "second_factor": False}


def _say_disable(one: dict[str, Any]) -> None:
    say(f"{one['name']} ({one['state']}) is let in no more. Sessions, links and tokens end at once, tokens for good.")


def _say_remove(one: dict[str, Any]) -> None:
    asked = "is asked for a code now" if one["second_factor"] else "is not asked for a code as it is"
    say(f"{one['name']} {asked}. Their sessions and tokens end. Please make sure first that it is them who ask.")


def _tell_link(invited: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(invited)
        return
    say(f"Give {invited['full_name']} this link, by a way that only they read:\n\n  {invited['link']}\n")
    note(f"With it they choose a password. It holds for {invited['link_holds_days']} days, once.")


def _tell(changed: dict[str, Any], as_json: bool, words: str) -> None:
    if as_json:
        show_json(changed)
    else:
        say(words)
