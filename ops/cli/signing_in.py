"""`keytalk sign-in`, `sign-out` and `whoami`: an operator's own token, kept in their own settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from ops.cli import asking
from ops.cli.arguments import Json
from ops.cli.client import (
    LOOPBACK,
    CommandRefused,
    Gateway,
    connect,
    find_address,
    keep_token,
    kept_tokens,
    token_file,
)
from ops.cli.output import Column, note, say, show_details, show_json

SHOWN = (
    Column("name", "Name"),
    Column("full_name", "Full name"),
    Column("email", "Email"),
    Column("roles", "Roles"),
    Column("stands_for", "Stands for"),
    Column("second_factor", "Code at sign-in"),
)


def sign_in(
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Your name or email; asked for if left out.")] = None,
    token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="Keep this token, made in the console; - reads it from standard input."),
    ] = None,
    label: Annotated[str, typer.Option(help="What the new token is for, as your list of tokens shows it.")] = "",
    as_json: Json = False,
) -> None:
    """Sign in, so that commands of yours work as you.

    Asks for name, password and code, and keeps a token for 90 days in a file that only you can read. The token is for
    the gateway at KEYTALK_OPS_URL, and is shown to no other.
    """
    path, address = _file(), find_address(os.environ)
    if token is None:
        shown = _token_for_password(address, name, label)
    else:
        shown = (sys.stdin.readline() if token == "-" else token).strip()  # noqa: S105 - a dash is no secret
    found = Gateway(address, _plain(shown), found_in="what you gave").call("ops", "whoami")
    keep_token(path, address, shown)
    if as_json:
        show_json(found)
        return
    say(f"You are signed in to {address} as {found['name']}.")
    note(f"The token is kept in {path}. `keytalk sign-out` ends it.")
    if os.environ.get("KEYTALK_OPS_TOKEN"):
        note("KEYTALK_OPS_TOKEN is set, and goes before it: commands use that one until it is unset.")


def sign_out(as_json: Json = False) -> None:
    """Sign out: the token that `sign-in` kept ends, and is removed from this machine."""
    path, address = _file(), find_address(os.environ)
    token = kept_tokens(path).get(address)
    if token is None:
        raise CommandRefused(f"You are not signed in to {address}.")
    try:
        Gateway(address, _plain(token), found_in=str(path)).call("ops", "revoke_token", token=token)
    except CommandRefused as refused:
        keep_token(path, address, None)
        raise type(refused)(
            f"The token is removed from this machine, but Keytalk could not end it: {refused.sentence}"
        ) from refused
    keep_token(path, address, None)
    if as_json:
        show_json({"signed_out": address})
    else:
        say(f"You are signed out of {address}.")


def who_am_i(as_json: Json = False) -> None:
    """Show as whom your commands work, and what that account may do."""
    gateway = connect()
    found: dict[str, Any] = gateway.call("ops", "whoami")
    if as_json:
        show_json(found)
        return
    show_details(found, SHOWN)
    note(f"At {gateway.base_url}, by the token from {gateway.found_in}.")


def _token_for_password(address: str, name: str | None, label: str) -> str:
    if not asking.somebody_is_there():
        raise asking.NobodyToAsk("There is nobody here to ask for a password. Give a token instead: --token -")
    if urlsplit(address).scheme != "https" and urlsplit(address).hostname not in LOOPBACK:
        note(f"{address} is not behind TLS: others on the way could read your password.")
    given = {
        "name": name or typer.prompt("Name or email", err=True),
        "password": typer.prompt("Password", hide_input=True, err=True),
        "code": typer.prompt("Code, if you use an authenticator app", default="", show_default=False, err=True),
        "label": label or "command line",
    }
    return str(Gateway(address, "").sign_in(**given)["token"])


def _plain(token: str) -> str:
    if token and token.isascii() and token.isprintable():
        return token
    raise CommandRefused("That is no token: it is one line of letters, as the console showed it.")


def _file() -> Path:
    path = token_file(os.environ)
    if path is None:
        raise CommandRefused("There is no folder to keep a token in. Set HOME or XDG_CONFIG_HOME.")
    return path
