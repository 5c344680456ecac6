"""`keytalk tokens`: your own tokens for the command line and for programs."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.cli.arguments import Json
from ops.cli.client import connect
from ops.cli.output import Column, note, say, show, show_json

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("id", "Token", copyable=True),
    Column("label", "For"),
    Column("created_at", "Made", folds=True),
    Column("expires_at", "Holds until", folds=True),
    Column("last_used_at", "Last used", folds=True),
    Column("revoked_at", "Revoked", folds=True),
)


@app.command("list")
def list_tokens(as_json: Json = False) -> None:
    """List your tokens, the newest first. The tokens themselves are shown by nobody: only a hash is kept."""
    show(connect().call("ops", "list_tokens"), LISTED, as_json, empty="You have no tokens.")


@app.command("make")
def make_token(
    label: Annotated[str, typer.Argument(metavar="FOR", help="What it is for, such as 'nightly report'.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="For how many days it holds.")] = 90,
    as_json: Json = False,
) -> None:
    """Make a token, and show it this once."""
    made = connect().call("ops", "make_token", label=label, days=days)
    if as_json:
        show_json(made)
        return
    say(made["token"])
    note(f"It holds until {made['expires_at']}, and is shown this once. Programs give it as KEYTALK_OPS_TOKEN.")


@app.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, as `keytalk tokens list` shows it.")],
    as_json: Json = False,
) -> None:
    """End a token of yours, at once."""
    ended = connect().call("ops", "revoke_token", token=token)
    if as_json:
        show_json(ended)
    else:
        say(f"The token {ended['id']} holds no longer.")
